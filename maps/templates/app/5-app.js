/* State, address, controls. A new state is a new object; everything shown follows from it. */
const VIEWS = ["us", "world", "tiles"], LAWS = ["total", "own"], ACTIVITIES = ["word", "possess", "sell"];
const MODE_NAMES = ["law", "fresh", "next"].concat(data.chunks === null ? [] : "if");
const start_ = { view: data.view, substance: 0, law: "total", act: "word", mode: "law", place: "", day: data.today, said: false, at: "",
  bill: "", route: "", spot: "" };
let state = start_, stops = [];

/* Places in a route, at most. */
const ROUTE = 20;

const inWorld = (code) => data.both.includes(code);

function viewFor(code, wanted) {
  if (!code.startsWith("US-") || (wanted === "world" && inWorld(code))) return "world";
  return wanted === "tiles" && code.length === 5 ? "tiles" : "us";
}

const pick = (choices, text, otherwise) => choices.includes(text) ? text : otherwise;

function readAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1)), show = wanted.get("show");
  const substance = data.substances.findIndex((s) => s[0] === wanted.get("substance"));
  const day = ordinalOf(wanted.get("on") || ""), code = wanted.get("place") || "";
  const next = {
    view: pick(VIEWS, wanted.get("view"), data.view), substance: Math.max(0, substance),
    law: pick(LAWS, wanted.get("law") || show, "total"), act: pick(ACTIVITIES, wanted.get("act") || show, "word"),
    mode: pick(MODE_NAMES, wanted.get("mode"), "law"), place: "",
    day: day >= FIRST && day <= data.last ? day : data.today, said: wanted.get("said") === "1",
    bill: (wanted.get("bill") || "").slice(0, 120), spot: "",
    route: (wanted.get("route") || "").split(",", ROUTE).filter((c) => rowOf(c) !== undefined).join(),
    at: /^-?\d{1,4},-?\d{1,4},-?\d{1,2}\.\d\d$/.test(wanted.get("at") || "") ? wanted.get("at") : "",
  };
  if (rowOf(code) !== undefined || code in place) {
    next.place = code;
    next.view = viewFor(code, wanted.get("view"));
  }
  if (/^-?\d{1,4}(\.\d)?,-?\d{1,4}(\.\d)?$/.test(wanted.get("point") || "")) next.spot = wanted.get("point");
  return tidy(next);
}

/* What is supposed is supposed of the law as it is known now. */
function tidy(s) {
  if (s.mode === "if") s.said = false; else s.bill = "";
  return s;
}

function addressOf(s) {
  const words = new URLSearchParams();
  words.set("view", s.view);
  if (s.place) words.set("place", s.place);
  words.set("substance", data.substances[s.substance][0]);
  for (const [key, usual] of [["law", "total"], ["act", "word"], ["mode", "law"]]) if (s[key] !== usual) words.set(key, s[key]);
  if (s.day !== data.today) words.set("on", isoOf(s.day));
  if (s.said) words.set("said", "1");
  for (const [key, text] of [["bill", s.bill], ["route", s.route], ["point", s.spot], ["at", s.at]]) if (text) words.set(key, text);
  return "#" + words.toString().replace(/%2C/g, ",");
}

const permalink = () => location.href.replace(/#.*/, "") + addressOf(state);

/* Small steps of time and of the map replace the address; a new question can be gone back from. */
let writing = 0;
function update(changes, { move = false, quiet = false, often = false } = {}) {
  const before = state;
  state = tidy({ ...state, ...changes });
  if (state.place !== before.place && !("spot" in changes)) state.spot = "";
  const other = ["view", "substance", "place", "law", "act", "mode", "said", "bill", "route", "spot"].some((key) => state[key] !== before[key]);
  if (state.view !== before.view || (state.place !== before.place && !("at" in changes))) state.at = "";
  clearTimeout(writing);
  const write = () => history[other ? "pushState" : "replaceState"](null, "", addressOf(state));
  /* Browsers refuse a page that changes its address too often. */
  if (often) writing = setTimeout(write, 200); else write();
  return show(before, move).then(() => { if (!quiet) tell(before); });
}

function show(before, move) {
  if (isCounty(state.place)) needCounties().then(() => { if (move || !before) lookAt(state.place); }, countiesFailed);
  if (isPart(state.place)) needParts().then(() => { if (move || !before) lookAt(state.place); draw(); }, partsFailed);
  const asked = state, extra = needAsked(), drawn = needLayer(state.view);
  return (extra ? Promise.all([drawn, extra]) : drawn).then(() => {
    if (asked !== state) return;
    /* All moves first, then one drawing. */
    held = true;
    if (!before || before.view !== state.view) fitView();
    if (state.at && (!before || before.view !== state.view || before.at !== state.at)) {
      const [x, y, z] = state.at.split(",").map(Number);
      map.setView([y, x], z, { animate: false });
    } else if (state.place && (move || !before || before.view !== state.view)) lookAt(state.place);
    held = false;
    if (more) more.prepare();
    compute();
    draw();
    return before ? words() : painted().then(words);
  }, () => say(t("The map could not be loaded.")));
}

function countiesFailed() { say(t("County boundaries could not be loaded.")); }

function partsFailed() { say(t("The borders of states and provinces could not be loaded.")); }

/* What a closer look needs. */
function needCloser() {
  if (map.getZoom() < COUNTY_ZOOM) return;
  if (state.view === "us") needCounties().catch(countiesFailed);
  if (state.view === "world") needParts().catch(partsFailed);
}

function tell(before) {
  if (state.place) say(sentence(state.place));
  else if (state.day !== before.day && state.view === before.view)
    say(longDay(state.day) + ". " + (byId("moved").textContent || t("No change of this map on this day.")));
  else say(byId("summary").textContent);
}

/* The first drawing is not kept waiting by the words. */
function painted() {
  document.documentElement.dataset.drawn = "1";
  return document.hidden ? Promise.resolve()
    : new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
}

function words() {
  for (const input of document.querySelectorAll("#controls input[type=radio], #controls select")) {
    const value_ = input.name === "substance" ? data.substances[state.substance][0] : state[input.name];
    if (input.type === "radio") input.checked = input.value === value_;
    else input.value = value_;
  }
  const count = counts();
  fillLegend(count);
  fillSummary(count);
  fillTable();
  showPlace();
  showTime();
  if (more) more.sync();
  sharedAddress();
}

/* The link, and this view in the other languages. */
function sharedAddress() {
  byId("link").value = permalink();
  byId("snippet").value = snippet();
  for (const other of document.querySelectorAll("#languages a")) other.hash = addressOf(state);
}

function snippet() {
  const page = data.embed ? location.href.replace(/#.*/, "") : new URL("embed/index.html", location.href).href;
  return '<iframe src="' + page + addressOf(state) + '" title="Kratom Atlas" width="100%" height="520"' +
    ' loading="lazy" referrerpolicy="no-referrer" sandbox="allow-scripts allow-same-origin allow-popups"></iframe>';
}

/* ---- time ---- */

/* The same for every day of a substance, but where what was said differs from day to day. */
let stopsOf = -1;
function needStops() {
  if (!state.said && stopsOf === state.substance) return;
  stops = [...new Set([FIRST, ...changeDays(allRows()), data.today])].sort((p, q) => p - q);
  stopsOf = state.said ? -1 : state.substance;
}

function showTime() {
  needStops();
  const slider = byId("slider");
  let at = 0;
  while (at + 1 < stops.length && stops[at + 1] <= state.day) at++;
  slider.max = stops.length - 1;
  slider.value = at;
  slider.setAttribute("aria-valuetext", state.day > data.today
    ? t("{day}, as enacted so far", { day: longDay(state.day) }) : longDay(state.day));
  byId("day").value = isoOf(state.day);
  byId("today").hidden = state.day === data.today;
  byId("said").checked = state.said;
  byId("said").disabled = state.mode === "if";
  byId("tense").textContent = state.day > data.today ? t("ahead, as enacted so far")
    : state.day < data.today ? t("past") : t("this edition");
}

let everyRow = null;
const allRows = () => everyRow || (everyRow = [...new Set(table.rows)]);

/* Of the chosen place, if there is one; else of the whole map. */
function neighbour(by) {
  const row = state.place ? rowOf(state.place) : undefined;
  const days = row === undefined ? stops : [...changeDays([row]), data.today].sort((p, q) => p - q);
  return by < 0 ? days.filter((day) => day < state.day).pop() : days.find((day) => day > state.day);
}

function toDay(day, often) {
  if (day === undefined) { say(t("There is no such change.")); return; }
  update({ day: Math.max(FIRST, Math.min(day, data.last)) }, { often });
}

let playing = 0;
function stop() {
  clearInterval(playing);
  playing = 0;
  byId("play").textContent = t("Play");
}

function play() {
  if (playing) { stop(); return; }
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) { toDay(stops.find((day) => day > state.day)); return; }
  byId("play").textContent = t("Pause");
  if (state.day >= stops[stops.length - 1]) update({ day: FIRST }, { quiet: true });
  playing = setInterval(() => {
    const next = stops.find((day) => day > state.day);
    if (next === undefined) { stop(); say(t("Played to {day}.", { day: longDay(state.day) })); }
    else update({ day: next }, { quiet: true, often: true });
  }, 600);
}

/* ---- choosing ---- */

function choose(code, move) {
  const view = code ? viewFor(code, state.view) : state.view;
  update({ place: code, view }, { move });
}

function step(by) {
  const list = drawnIn(state.view).slice().sort((p, q) => collator().compare(nameOf(p.code), nameOf(q.code)));
  const at = list.findIndex((f) => f.code === state.place);
  const next = list[(at + by + list.length + (at < 0 && by < 0 ? 1 : 0)) % list.length];
  choose(next.code, false);
  const spot = [-next.middle[1], next.middle[0]];
  if (!map.getBounds().contains(spot)) map.panTo(spot, { animate: false });
}

function reset() {
  update({ place: "", at: "" }, { quiet: true }).then(() => { fitView(); say(t("Map reset.")); });
}

let searchable = null;
function searchList() {
  if (searchable) return searchable;
  const codes = Object.keys(Object.assign(dictionary(), listedAt, countyNames));
  searchable = codes.map((code) => {
    const name = nameOf(code), label = name + " (" + code + ")";
    return { code, name: plain(name), also: plain(ownNames[code] || ""), label, text: plain(label) };
  });
  searchable.sort((p, q) => p.code.length - q.code.length || collator().compare(p.name, q.name));
  return searchable;
}

/* Without accents: what people type, and what keyboards have. */
const plain = (text) => text.trim().toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");

/* The names that the record itself uses, where the page has others. */
let ownNames = dictionary();
const needNames = () => data.names ? load(data.names).then((found) => {
  ownNames = Object.assign(dictionary(), found);
  searchable = null;
}) : Promise.resolve();
const needSearch = () => Promise.all([needNames(), needCounties()]).catch(countiesFailed);

function find(text) {
  const wanted = plain(text), list = searchList();
  if (!wanted) return null;
  /* "al" is Alabama before it is Albania only where the map shows states. */
  const state_ = "US-" + wanted.toUpperCase();
  if (state.view !== "world" && listedAt[state_] !== undefined) return state_;
  for (const test of [(p) => p.code.toLowerCase() === wanted,
    (p) => p.text === wanted || p.name === wanted || p.also === wanted,
    (p) => p.name.startsWith(wanted) || p.also.startsWith(wanted), (p) => p.text.includes(wanted) || p.also.includes(wanted)]) {
    const hit = list.find(test);
    if (hit) return hit.code;
  }
  return listedAt[state_] !== undefined ? state_ : null;
}

function suggest() {
  const wanted = plain(byId("search").value), options = byId("places");
  options.textContent = "";
  if (wanted.length < 2) return;
  for (const p of searchList().filter((one) => one.text.includes(wanted) || one.also.includes(wanted)).slice(0, 30)) {
    const option = el("option");
    option.value = p.label;
    options.append(option);
  }
}

function search(event) {
  event.preventDefault();
  const text = byId("search").value;
  needSearch().then(() => {
    const code = find(text);
    byId("hover").hidden = Boolean(code);
    if (code) { choose(code, true); return; }
    byId("hover").textContent = t("No place found for “{text}”.", { text: text.slice(0, 80) });
    say(byId("hover").textContent);
  });
}

/* ---- sharing ---- */

function copy(field, copied, how) {
  const done = () => say(copied), select = () => {
    byId("share").open = true;
    byId(field).focus();
    byId(field).select();
    say(how);
  };
  if (navigator.clipboard) navigator.clipboard.writeText(byId(field).value).then(done, select);
  else select();
}

/* ---- listening ---- */

const on = (id, event, act) => byId(id).addEventListener(event, act);

function listen() {
  on("controls", "submit", search);
  on("search", "focus", needSearch);
  on("search", "input", suggest);
  on("controls", "change", (event) => {
    const { name, value: text } = event.target;
    if (name === "substance") update({ substance: data.substances.findIndex((s) => s[0] === text) });
    else if (name === "view") update({ view: text, place: "" });
    else if (name in start_) update({ [name]: text });
  });
  on("slider", "input", () => { stop(); toDay(stops[byId("slider").value], true); });
  on("day", "change", () => { const day = ordinalOf(byId("day").value); if (day) toDay(day); });
  on("before", "click", () => toDay(neighbour(-1)));
  on("after", "click", () => toDay(neighbour(1)));
  on("yesterday", "click", () => toDay(state.day - 1));
  on("tomorrow", "click", () => toDay(state.day + 1));
  on("today", "click", () => { byId("slider").focus(); toDay(data.today); });
  on("play", "click", play);
  on("said", "change", () => update({ said: byId("said").checked }));
  on("copy", "click", () => copy("link", t("Link copied."), t("Press Control and C to copy the link.")));
  on("copy-snippet", "click", () => copy("snippet", t("Snippet copied."), t("Press Control and C to copy the snippet.")));
  on("panel-close", "click", () => { choose("", false); map.getContainer().focus(); });
  on("rows", "toggle", fillTable);
  on("rows-filter", "input", fillTable);
  document.querySelectorAll("#rows thead button").forEach((head, i) => head.addEventListener("click", () => {
    sorting = [i, sorting[0] === i ? -sorting[1] : 1];
    document.querySelectorAll("#rows thead th").forEach((cell, j) =>
      cell.setAttribute("aria-sort", j !== i ? "none" : sorting[1] > 0 ? "ascending" : "descending"));
    fillTable();
  }));
  map.on("click", (event) => {
    if (more && more.click(event.latlng)) return;
    const hit = placeAt(event.latlng);
    choose(hit ? hit.code : "", false);
  });
  listenMore();
  map.on("mousemove", (event) => {
    const hit = placeAt(event.latlng);
    byId("hover").hidden = !hit;
    if (hit) byId("hover").textContent = t("{place}: {status}", { place: nameOf(hit.code), status: labelOf(styleOf(rowShown(hit.code))) });
  });
  map.on("mouseout", () => { byId("hover").hidden = true; });
  map.on("zoomend", needCloser);
  map.on("moveend", remember);
  map.getContainer().addEventListener("keydown", key);
  window.addEventListener("popstate", () => {
    const before = state;
    state = readAddress();
    show(state.view === before.view ? before : null, state.place !== before.place).then(() => {
      if (!state.place && !state.at && before.at) fitView();
    });
  });
  new ResizeObserver(() => {
    const box = map.getContainer(), size = map.getSize();
    if (box.clientWidth === size.x && box.clientHeight === size.y) return;
    const whole = whereNow() === fitted;
    map.invalidateSize({ animate: false });
    if (whole && layers[state.view]) fitView();
  }).observe(byId("stage"));
}

/* Where the reader has moved the map to is part of the address. */
let moving = 0;
function remember() {
  clearTimeout(moving);
  moving = setTimeout(() => {
    const at = whereNow() === fitted ? "" : whereNow();
    if (at === state.at || (state.place && !state.at && !moved)) return;
    state = { ...state, at };
    history.replaceState(null, "", addressOf(state));
    sharedAddress();
  }, 200);
}
let moved = false;

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target !== map.getContainer()) return;
  const name = event.key.toLowerCase();
  if (more && more.key(name)) { event.preventDefault(); return; }
  if (name === "n") step(1);
  else if (name === "p") step(-1);
  else if (name === "escape") reset();
  else if (name === "enter" && state.place) { lookAt(state.place); byId("panel").focus(); }
  else return;
  event.preventDefault();
}

function start(foliumMap) {
  map = foliumMap;
  const box = map.getContainer();
  box.setAttribute("role", "application");
  box.setAttribute("aria-label", t("Map of the law"));
  box.setAttribute("aria-describedby", "keys");
  /* The earth is not mirrored. */
  box.dir = "ltr";
  for (const [name, text] of [["in", t("Zoom in")], ["out", t("Zoom out")]]) {
    const zoom = box.querySelector(".leaflet-control-zoom-" + name);
    zoom.title = text;
    zoom.setAttribute("aria-label", text);
  }
  for (const event of ["mousedown", "wheel", "touchstart", "keydown"])
    box.addEventListener(event, () => { moved = true; }, { passive: true });
  if (window.innerWidth <= 800) byId("legend").open = false;
  byId("day").min = isoOf(FIRST);
  byId("day").max = isoOf(data.last);
  state = readAddress();
  map.setView([-300, 500], 0, { animate: false });
  canvas = new Canvas();
  canvas.addTo(map);
  listen();
  show(null, true).then(() => {
    needCloser();
    document.documentElement.dataset.ready = "1";
  });
}
