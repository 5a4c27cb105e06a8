/* Every layer of law at a point or a place. KM: kilometres of one unit of the map, by state; `us`
   and `world` for the rest. */
const { byId, button, data, dictionary, el, link, load, looks, nameOf, rowOf, say, t, table, tn, update, value, word } = app;
const COMMA = t(", "), SEMICOLON = t("; ");
const columnOf = () => app.state.act === "word" ? "status" : app.state.act;
const isUS = (code) => code.startsWith("US-");

/* Words of the record stay as they were written, in pages of other languages too. */
function asWritten(text) {
  const e = el("bdi", text);
  e.lang = "en";
  return e;
}

/* What a place's own law says of a substance: a look, and the word for it. */
function ownOf(code, s) {
  const answer = app.answerOf(rowOf(code), s);
  if (columnOf() === "status") {
    const style = looks[answer < 0 ? "unknown" : value("own_status", answer)];
    return [style, style.label];
  }
  const activity = data.activities[answer < 0 ? "unknown" : value("own_" + columnOf(), answer)];
  return [looks[activity.look], activity.label];
}

/* What applies there, all levels together. */
function allOf(code, s) {
  const row = app.rowShown(code, s), answer = app.answerOf(row, s);
  if (columnOf() === "status") {
    const style = looks[answer < 0 ? "unknown" : value("total_status", answer)];
    return { row, answer, style, label: style.label };
  }
  const activity = data.activities[answer < 0 ? "unknown" : value(columnOf() + "_status", answer)];
  return { row, answer, style: looks[activity.look], label: activity.label };
}

/* "Leaf, mitragynine: Regulated; 7-OH: Banned". */
function everyOf(code) {
  const of = dictionary();
  for (let s = 0; s < app.SUBSTANCES; s++) {
    const label = ownOf(code, s)[1];
    (of[label] = of[label] || []).push(app.substanceName(s));
  }
  return Object.keys(of).map((label) => t("{substances}: {status}", { substances: of[label].join(COMMA), status: label })).join(SEMICOLON);
}

function layersAt(box, code) {
  const s = app.state.substance, total = allOf(code, s), list = el("ol", undefined, "layers");
  box.append(el("h3", app.state.spot ? t("Law at this point") : t("Every layer of law here")));
  if (app.state.mode === "if") box.append(el("p", t("What if; not the law."), "note"));
  for (const one of app.chainOf(code).concat(code)) {
    const item = el("li"), [style, label] = ownOf(one, s);
    item.append(one === code ? el("strong", nameOf(one)) : button(nameOf(one), () => app.choose(one, true)), " ", word(style, label),
      el("small", everyOf(one)));
    if (style.id === "unknown") item.append(el("small", t("Its own law was not searched or is not known. That is not the same as lawful.")));
    list.append(item);
  }
  const sum = el("p");
  sum.append(t("Together, for {substance}:", { substance: app.substanceName(s) }), " ", word(total.style, total.label));
  box.append(list, sum, decidedBy(code, total.row));
  if (app.isCounty(code)) box.append(placesIn(code));
  if (code === "US") box.append(el("p", t("Its states, counties and towns are on the map of the United States."), "note"));
  if (app.state.spot)
    box.append(el("p", t("A point is only as exact as this map’s outlines, about a kilometre, and as your pointing. Near a border, check which side you are on."), "note"));
}

/* The rules that decide, once the sources are there. */
function decidedBy(code, row) {
  const line = el("p"), near = app.chainOf(code).concat(code);
  const groups = [...new Set(near.map(app.groupOf))].filter((group) => data.groups.includes(group));
  Promise.all(groups.map((group) => load("law/" + group))).then((found) => {
    const ids = app.decidersOf(found, row), told = [];
    for (const chunk of found) for (const one of near) for (const rule of chunk.rules[one] || [])
      if (ids.includes(rule.id)) told.push(rule.cite + " (" + nameOf(one) + ")");
    if (told.length) line.append(t("What decides:"), " ", asWritten(told.join(SEMICOLON)));
  }, () => {});
  return line;
}

const kmAt = (code) => KM[isUS(code) ? code.slice(0, 5) : "world"] || KM.us;
const spotAt = () => app.state.spot.split(",").map(Number);

/* Towns and tribal places are points without outlines: those of the county, and near the point. */
const FAR = 40;
function placesIn(county) {
  const box = el("div"), spot = app.state.spot ? spotAt() : null, found = [];
  for (const [code, , x, y] of data.points) {
    const chain = app.chainOf(code), km = spot ? Math.hypot(x - spot[0], y - spot[1]) * kmAt(county) : 0;
    const tribal = !chain.some(app.isCounty);
    if (tribal ? spot && km <= FAR : chain.includes(county) && km <= FAR) found.push({ code, km });
  }
  if (!found.length) {
    box.append(el("p", spot ? t("No city or tribal place with law of its own is recorded within {km} km. Others were not searched.", { km: FAR })
      : t("No city or tribal place with law of its own is recorded in this county. Others were not searched.")));
    return box;
  }
  const list = el("ul", undefined, "near");
  box.append(el("p", spot
    ? t("Near the point, these have law of their own. Their boundaries are not in this map: check whether you are inside.")
    : t("In this county, these have law of their own:")), list);
  for (const { code, km } of found.sort((p, q) => p.km - q.km || (nameOf(p.code) < nameOf(q.code) ? -1 : 1)).slice(0, 40)) {
    const item = el("li"), total = allOf(code, app.state.substance);
    item.append(button(nameOf(code), () => app.choose(code, true)), " ", word(total.style, total.label));
    if (spot) item.append(" " + (km < 1 ? t("less than 1 km from the point") : t("about {km} km from the point", { km: Math.round(km) })));
    list.append(item);
  }
  return box;
}

/* ---- dropping a point ---- */

let aiming = false;

function aim(on = !aiming) {
  aiming = on;
  byId("check").setAttribute("aria-pressed", String(on));
  document.documentElement.classList.toggle("aiming", on);
  if (!on) return;
  const start = () => {
    app.map.getContainer().focus();
    say(t("Click or tap where the point is. By keyboard: move the map with the arrow keys until the cross in its middle is there, and press Enter. Escape leaves it."));
  };
  if (app.state.view === "tiles") update({ view: "us", place: "" }, { quiet: true }).then(start);
  else start();
}

/* The smallest place whose outline holds the point, or "". */
function locate(x, y) {
  const at = [x, y], us = app.state.view !== "world", hit = (list) => list.find((f) => f.path && !f.tile && app.inside(f, at));
  const finer = us ? app.needCounties() : data.parts.length ? app.needParts() : Promise.resolve();
  return finer.catch(() => say(t("Finer outlines could not be loaded; the answer is that of the wider place."))).then(() => {
    const found = us ? hit(app.counties) : hit(app.parts.filter((f) => f.row !== undefined));
    const whole = found || hit(app.layers[us ? "us" : "world"].features) || app.placeAt({ lng: x, lat: -y });
    return whole ? whole.code : "";
  });
}

function drop(latlng) {
  aim(false);
  const x = Math.round(latlng.lng * 10) / 10, y = Math.round(-latlng.lat * 10) / 10;
  const km = 3 / app.map.getZoomScale(app.map.getZoom(), 0);
  return locate(x, y).then((code) => {
    if (!code) { say(t("No place of this map lies at that point.")); return undefined; }
    return update({ place: code, spot: x + "," + y }, { quiet: true }).then(() => {
      const s = app.state.substance, status = allOf(code, s).label;
      const layers = app.chainOf(code).concat(code)
        .map((one) => t("{place}: {status}", { place: nameOf(one), status: ownOf(one, s)[1] })).join(SEMICOLON);
      say(t("Point in {place}. Together: {status}. {layers}.", { place: nameOf(code), status, layers }) + " " + t("Placed to about {km} km at this zoom.", { km: Math.max(1, Math.round(km * kmAt(code))) }));
    });
  });
}

/* An address may name a point and another place: then the point is not shown. */
function checkSpot() {
  const { spot, place } = app.state;
  if (!spot || spot === checked) return Promise.resolve();
  return locate(...spotAt()).then((code) => {
    checked = spot;
    if (code !== place && app.state.spot === spot) app.state.spot = "";
  });
}
let checked = "";

function paintSpot(ctx, v) {
  if (!app.state.spot) return;
  const [x, y] = spotAt().map((n) => n * v.scale);
  for (const [colour, width] of [["#fff", 5], ["#000", 2]]) {
    ctx.strokeStyle = colour; ctx.lineWidth = width;
    ctx.beginPath();
    ctx.arc(x, y, 8, 0, 7);
    ctx.moveTo(x - 13, y); ctx.lineTo(x + 13, y);
    ctx.moveTo(x, y - 13); ctx.lineTo(x, y + 13);
    ctx.stroke();
  }
}
