/* A route: places one after the other, and where the answer changes. */
const MOST = 20;
/* Open while there is a route, until the reader says otherwise. */
let opened = null, adding = false;
const routeOf = () => app.state.route ? app.state.route.split(",") : [];

function openRoute(open = byId("route").hidden) {
  opened = open;
  showRoute();
  if (open) byId("route-search").focus();
  else byId("route-open").focus();
}

function buildRoute() {
  const box = byId("route"), form = el("form"), search = el("input"), label = el("label", t("Add a place")), click = el("input");
  const title = el("h2", t("Route")), each = el("label", t("A click on the map adds a place"));
  title.id = "route-title";
  search.id = "route-search";
  Object.assign(search, { type: "search", maxLength: 400, placeholder: t("Name or code") });
  search.setAttribute("list", "route-places");
  label.htmlFor = search.id;
  click.id = "route-click"; click.type = "checkbox"; each.htmlFor = click.id;
  const options = el("datalist"), add = el("button", t("Add"));
  options.id = "route-places";
  add.type = "submit";
  form.autocomplete = "off";
  form.append(label, search, options, add);
  const line = el("p", undefined, "row"), list = el("ol");
  line.append(click, each);
  list.id = "route-list";
  const chosen = button("", () => addPlace(app.state.place)), clear = button(t("Remove all"), () => setRoute([], t("The route is empty.")));
  chosen.id = "route-chosen"; clear.id = "route-clear";
  box.append(title, button(t("Close"), () => openRoute(false), t("Close the route")),
    el("p", t("Only the places named are checked, not what lies between them: counties and towns on the way may have law of their own."), "note"),
    form, chosen, line, Object.assign(el("p"), { id: "route-sum" }), list, clear);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = search.value;
    app.needCounties().catch(() => {}).then(() => {
      const code = app.find(text);
      if (code) { search.value = ""; addPlace(code); }
      else say(t("No place found for “{text}”.", { text: text.slice(0, 80) }));
    });
  });
  search.addEventListener("focus", () => { app.needCounties().catch(() => {}); });
  search.addEventListener("input", () => {
    const asked = search.value.trim().toLowerCase();
    options.textContent = "";
    if (asked.length < 2) return;
    for (const p of app.searchList().filter((one) => one.label.toLowerCase().includes(asked)).slice(0, 30))
      options.append(Object.assign(el("option"), { value: p.label }));
  });
  click.addEventListener("change", () => { adding = click.checked; });
}

function setRoute(codes, told) {
  return update({ route: codes.join(",") }, { quiet: true }).then(() => say(told));
}

function addPlace(code) {
  const codes = routeOf();
  if (!code || rowOf(code) === undefined) { say(t("Choose a place first.")); return; }
  if (codes.length >= MOST) { say(t("A route has at most {n} places.", { n: MOST })); return; }
  if (codes[codes.length - 1] === code) { say(t("{place} is the last place of the route already.", { place: nameOf(code) })); return; }
  const before = codes.length ? answerAt(codes[codes.length - 1]) : null, now = answerAt(code);
  setRoute(codes.concat(code), [
    t("{place}, place {n} of the route: {status}.", { place: nameOf(code), n: codes.length + 1, status: now.label }),
    before ? changeWords(before, now) || t("No change.") : "", now.unknown ? UNKNOWN_WORDS() : ""].join(" "));
}

const UNKNOWN_WORDS = () => t("Not known is not the same as legal.");

/* The answer at a place: for the chosen activity, and possession, which is what a traveller does. */
function answerAt(code) {
  const found = allOf(code, app.state.substance), at = found.answer;
  const carry = data.activities[at < 0 ? "unknown" : value("possess_status", at)].label;
  return { ...found, carry, unknown: at < 0 || found.style.id === "unknown" };
}

function changeWords(before, now) {
  if (before.label !== now.label) return t("Changes here: {before} → {now}.", { before: before.label, now: now.label });
  if (before.carry !== now.carry) return t("Possession changes here: {before} → {now}.", { before: before.carry, now: now.carry });
  return "";
}

/* After a move the focus stays with what was pressed, or goes to what is next to it. */
function again(codes, told, at, names) {
  setRoute(codes, told).then(() => {
    const item = byId("route-list").children[Math.min(at, codes.length - 1)];
    const next = item && names.map((name) => item.querySelector("." + name)).find((b) => b && !b.disabled);
    (next || byId("route-search")).focus();
  });
}

function swap(at, by) {
  const codes = routeOf(), [code] = codes.splice(at, 1);
  codes.splice(at + by, 0, code);
  again(codes, t("{place} is now place {n}.", { place: nameOf(code), n: at + by + 1 }), at + by, by < 0 ? ["up", "down"] : ["down", "up"]);
}

function stop(code, at, codes, before) {
  const item = el("li"), now = answerAt(code), head = el("p"), told = [], moves = el("p", undefined, "row");
  head.append(button(nameOf(code), () => app.choose(code, true)), " ", word(now.style, now.label));
  item.append(head);
  const change = before && changeWords(before, now);
  if (change) { item.className = "changes"; item.append(el("p", change, "change")); }
  if (columnOf() === "status") told.push(t("Possession: {status}", { status: now.carry }));
  if (now.answer >= 0) told.push(...app.conditionsOf(now.answer));
  if (now.row !== undefined && app.flagsOf(now.row).includes("local-rules")) told.push(data.flags["local-rules"][1]);
  if (app.isCounty(code) && ownOf(code, app.state.substance)[0].id === "unknown")
    told.push(t("as {place}; local law not searched", { place: nameOf(app.parent(code)) }));
  if (told.length) item.append(el("small", told.join(SEMICOLON)));
  if (now.unknown) item.append(el("p", UNKNOWN_WORDS(), "note"));
  const name = nameOf(code);
  for (const [kind, text, label, off, act] of [
    ["up", "↑", t("Move {place} up", { place: name }), at === 0, () => swap(at, -1)],
    ["down", "↓", t("Move {place} down", { place: name }), at === codes.length - 1, () => swap(at, 1)],
    ["out", "×", t("Remove {place}", { place: name }), false, () => again(codes.filter((_, i) => i !== at), t("{place} removed.", { place: name }), at, ["out"])],
  ]) {
    const b = button(text, act, label);
    b.className = kind;
    b.disabled = off;
    moves.append(b);
  }
  item.append(moves);
  return item;
}

function showRoute() {
  const box = byId("route"), codes = routeOf(), open = opened === null ? codes.length > 0 : opened;
  box.hidden = !open;
  byId("route-open").setAttribute("aria-expanded", String(open));
  if (!open) return;
  if (!box.firstChild) buildRoute();
  const chosen = byId("route-chosen"), place = app.state.place, list = byId("route-list"), focus = document.activeElement;
  chosen.hidden = !place;
  chosen.textContent = place ? t("Add {place}", { place: nameOf(place) }) : "";
  byId("route-clear").hidden = !codes.length;
  const kept = list.contains(focus) ? [[...list.children].indexOf(focus.closest("li")), focus.className] : null;
  list.textContent = "";
  let before = null, changes = 0, unknown = 0;
  codes.forEach((code, at) => {
    const now = answerAt(code);
    if (before && changeWords(before, now)) changes++;
    if (now.unknown) unknown++;
    list.append(stop(code, at, codes, before));
    before = now;
  });
  const item = kept && list.children[kept[0]];
  if (item) item.querySelector(kept[1] ? "." + kept[1] : "button").focus();
  byId("route-sum").textContent = codes.length < 2 ? t("Add at least two places to see where the answer changes.") : [
    (app.state.mode === "if" ? t("What if; not the law.") + " " : "") +
    t("{substance}, {day}, all law that applies:", { substance: app.substanceName(app.state.substance), day: app.longDay(app.state.day) }),
    changes ? tn(changes, "the answer changes at {n} place.", "the answer changes at {n} places.") : t("the answer is the same at every place."),
    unknown ? tn(unknown, "At {n} place it is not known.", "At {n} places it is not known.") + " " + UNKNOWN_WORDS() : ""].join(" ");
}

/* Where a place lies on the map that is shown, or undefined. */
function spotOf(code) {
  const view = app.state.view, layer = app.layers[view];
  if (!layer) return undefined;
  const finer = view === "us" ? app.counties : view === "world" ? app.parts : [];
  const f = layer.features.concat(layer.markers).find((one) => one.code === code) || finer.find((one) => one.code === code);
  return f && f.middle;
}

/* Straight lines from place to place: an order, not a road. */
function paintRoute(ctx, v) {
  const spots = routeOf().map(spotOf);
  ctx.setLineDash([6, 5]);
  for (const [colour, width] of [["rgba(255,255,255,.9)", 4], ["#111", 1.6]]) {
    ctx.strokeStyle = colour; ctx.lineWidth = width;
    ctx.beginPath();
    spots.forEach((spot, i) => {
      const last = spots[i - 1];
      if (spot && last) { ctx.moveTo(last[0] * v.scale, last[1] * v.scale); ctx.lineTo(spot[0] * v.scale, spot[1] * v.scale); }
    });
    ctx.stroke();
  }
  ctx.setLineDash([]);
  ctx.font = "700 11px system-ui, sans-serif"; ctx.textAlign = "center"; ctx.textBaseline = "middle";
  spots.forEach((spot, i) => {
    if (!spot) return;
    const x = spot[0] * v.scale, y = spot[1] * v.scale;
    ctx.fillStyle = "#fff"; ctx.beginPath(); ctx.arc(x, y, 10, 0, 7); ctx.fill();
    ctx.fillStyle = "#111"; ctx.beginPath(); ctx.arc(x, y, 8.5, 0, 7); ctx.fill();
    ctx.fillStyle = "#fff"; ctx.fillText(String(i + 1), x, y + 0.5);
  });
}
