/* Words: panel, legend, summary, table. All text of the data goes through textContent. */
function el(tag, text, className) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (className) e.className = className;
  return e;
}

function link(words, path) {
  const a = el("a", words);
  a.href = /^(https?|mailto):/.test(path) ? path : data.root + path;
  if (data.embed) { a.target = "_blank"; a.rel = "noopener"; }
  return a;
}

let said = "";
function say(text) {
  /* The same words twice are read again only if they are not the same text. */
  byId("live").textContent = said = text === said ? text + " " : text;
}

function swatch(style) {
  return document.querySelector('#legend li[data-status="' + style.id + '"] svg').cloneNode(true);
}

function word(style, text) {
  const line = el("span", undefined, "word");
  line.append(swatch(style), el("span", text));
  return line;
}

function button(text, act, label) {
  const b = el("button", text);
  b.type = "button";
  if (label) b.setAttribute("aria-label", label);
  b.addEventListener("click", act);
  return b;
}

const substanceName = (s) => data.substances[s][1];

function sentence(code) {
  const row = rowShown(code), list = row === undefined ? [] : listOf(row, state.substance);
  const at = runAt(list, state.day), span = at < 0 ? {} : spanOf(list, at);
  return nameOf(code) + ": " + labelOf(styleOf(row)) + (span.since && state.mode === "law" ? ", since " + span.since : "") +
    (row === rowOf(code) ? "" : ", as " + nameOf(parent(code)) + "; local law not searched") +
    ". " + substanceName(state.substance) + ", " + longDay(state.day) + "." +
    (state.mode === "if" ? " " + t("What if; not the law.") : "");
}

function showPlace() {
  const code = state.place, title = byId("panel-title"), body = byId("panel-body");
  body.textContent = "";
  document.documentElement.classList.toggle("chosen", Boolean(code));
  if (!code) {
    title.textContent = "Choose a place";
    body.append(el("p", "Click a place on the map, or find it by name, code or postal abbreviation."));
    if (state.mode === "if") body.append(asked((ask, box) => ask.everyProposal(box)));
    return;
  }
  const row = rowOf(code);
  title.textContent = nameOf(code) + " ";
  title.append(el("span", code, "code"));
  body.append(el("p", (state.mode === "if" ? t("What if; not the law.") + " " : state.said ? "What we said on " : "The law on ") + longDay(state.day) +
    (state.day > data.today ? ", as enacted so far." : state.day < data.today ? "." : " (today's edition)."), "when"));
  if (state.said && state.day < table.first)
    body.append(el("p", "This record began on " + longDay(table.first) + ": nothing was said before.", "note"));
  if (state.mode === "if") body.append(asked((ask, box) => ask.proposalsAt(box, code)));
  const every = everySubstance(code), near = asked((ask, box) => ask.layersAt(box, code));
  body.append(...(state.spot ? [near, every] : [every, near]));
  body.append(chosenSubstance(code, row));
  body.append(linksOf(code));
  byId("panel-close").hidden = false;
}

function conditionsOf(answer) {
  const age = value("min_age", answer), caps = value("seven_oh_cap", answer), told = [];
  if (Number(age)) told.push("minimum age " + age);
  if (caps) told.push("7-OH at most " + caps.split(";").map(capWords).join(", "));
  return told;
}

/* `2 % of-alkaloids` as people say it. */
const capWords = (cap) => cap.replace(/-/g, " ");

function everySubstance(code) {
  const made = el("table", undefined, "every"), rows = el("tbody");
  made.append(el("caption", "Every substance"), rows);
  for (let s = 0; s < SUBSTANCES; s++) {
    const row = rowShown(code, s), list = row === undefined ? [] : listOf(row, s), at = runAt(list, state.day);
    const line = el("tr"), head = el("th"), cell = el("td");
    head.scope = "row";
    const pick = button(substanceName(s), () => update({ substance: s }));
    pick.setAttribute("aria-pressed", String(s === state.substance));
    head.append(pick);
    const status = at < 0 ? UNKNOWN : value("total_status", list[at][2]);
    cell.append(word(looks[status], looks[status].label));
    if (at >= 0) {
      const span = spanOf(list, at), told = conditionsOf(list[at][2]);
      if (span.until) told.unshift("until " + span.until);
      if (span.since) told.unshift("since " + span.since);
      if (told.length) cell.append(el("small", told.join("; ")));
    }
    line.append(head, cell);
    rows.append(line);
  }
  return made;
}

function chosenSubstance(code, row) {
  const box = el("div", undefined, "chosen-substance"), s = state.substance;
  const shown = rowShown(code), list = shown === undefined ? [] : listOf(shown, s), at = runAt(list, state.day);
  box.append(el("h3", substanceName(s)));
  if (at < 0) { box.append(el("p", "Nobody has looked into this place yet.")); return box; }
  const answer = list[at][2], total = looks[value("total_status", answer)], mine = answerOf(row, s), own = looks[mine < 0 ? UNKNOWN : value("own_status", mine)];
  box.append(el("p", total.meaning));
  if (isCounty(code) && own.id === UNKNOWN)
    box.append(el("p", "Local law not searched: what is shown is the status of " + nameOf(parent(code)) + ".", "note"));
  const facts = el("dl");
  for (const [name, text] of [["Possession", data.activities[value("possess_status", answer)].label],
    ["Sale", data.activities[value("sell_status", answer)].label], ["Its own law", own.label],
    ["Evidence", data.qualities[value("verification", answer)] || ""],
    ["Last look", lookedWords(row, s)]])
    if (text) facts.append(el("dt", name), el("dd", text));
  box.append(facts);
  if (own.at < total.at && own.id !== UNKNOWN)
    box.append(el("p", "Wider law keeps its own law from applying.", "note"));
  if (flagsOf(shown).length) box.append(flagList(shown));
  box.append(coming(list, at), reasons(code, shown), past(list, at));
  return box;
}

function lookedWords(row, s) {
  const looked = table.looked[row * SUBSTANCES + s];
  return looked ? longDay(looked) + " (" + (data.today - looked) + " days before this edition)" : "never";
}

function flagList(row) {
  const list = el("ul", undefined, "flags");
  for (const id of flagsOf(row)) {
    const flag = data.flags[id], item = el("li");
    item.append(el("strong", (data.marks[id] ? data.marks[id] + " " : "") + flag[0]), ": " + flag[1]);
    list.append(item);
  }
  return list;
}

function runWords(run) {
  const answer = run[2], told = conditionsOf(answer);
  return looks[value("total_status", answer)].label + (told.length ? " (" + told.join("; ") + ")" : "");
}

function jump(run) {
  return button(dayWords(run[1]), () => update({ day: Math.max(FIRST, Math.min(run[0], data.last)) }),
    "Go to " + dayWords(run[1]));
}

function coming(list, at) {
  const box = el("div"), ahead = list.slice(at + 1).filter(isLegal);
  if (!ahead.length) return box;
  const items = el("ul", undefined, "coming");
  for (const run of ahead) {
    const item = el("li");
    item.append(jump(run), " " + runWords(run));
    items.append(item);
  }
  box.append(el("h4", "What is coming"), items);
  return box;
}

function past(list, at) {
  const box = el("details"), items = el("ul", undefined, "coming");
  const moved = list.slice(0, at + 1).filter((run, i) => i && isLegal(run));
  if (!moved.length) return el("div");
  for (const run of moved.reverse()) {
    const item = el("li");
    item.append(jump(run), " " + runWords(run));
    items.append(item);
  }
  box.append(el("summary", "What it was before"), items);
  return box;
}

/* ---- reasons, from the chunks of the place and of what binds it ---- */

function groupOf(code) {
  const parts = code.split("-");
  return parts[0] === "X" ? code : parts.slice(0, parts[0] === "US" ? 2 : 1).join("-");
}

function reasons(code, row) {
  const box = el("div", undefined, "reasons"), near = chainOf(code).concat(code), asked = state;
  box.append(el("h4", "Why"));
  const wait = el("p", "Loading the sources …");
  box.append(wait);
  const groups = [...new Set(near.map(groupOf))].filter((group) => data.groups.includes(group));
  Promise.all(groups.map((group) => load("law/" + group))).then((found) => {
    if (state !== asked) return;
    wait.remove();
    const decides = decidersOf(found, row);
    for (const one of near) box.append(layerOf(one, found, decides, one === code));
    if (data.links && found.some((chunk) => chunk.rules[code])) box.append(imagesOf("p", code));
    document.documentElement.dataset.reasons = code;
  }, () => { wait.textContent = data.chunks === null
    ? "The sources of this place are on its page." : "The sources could not be loaded."; });
  return box;
}

function decidersOf(found, row) {
  if (isSupposed(row)) return [];
  for (const chunk of found) {
    const lists = chunk.decides[table.likes[row]];
    if (!lists) continue;
    let ids = [];
    for (const [start, rules] of lists[state.substance]) if (start <= state.day) ids = rules;
    return ids;
  }
  return [];
}

function layerOf(code, found, decides, own) {
  const box = el("section", undefined, "layer"), row = rowOf(code);
  const answer = answerOf(row, state.substance);
  const status = looks[answer < 0 ? UNKNOWN : value("own_status", answer)];
  const head = el("h5");
  head.append(own || !data.links ? nameOf(code) : link(nameOf(code), "j/" + code + "/index.html"), ": " + status.label);
  box.append(head);
  const inChunk = found.find((chunk) => chunk.rules[code]), looks_ = found.find((chunk) => chunk.looks[code]);
  const rules = (inChunk ? inChunk.rules[code] : []).filter((rule) => rule.of.includes(state.substance) &&
    (rule.in || []).some(([from, to]) => from <= state.day && state.day < to));
  for (const rule of rules) box.append(ruleBox(rule, decides.includes(rule.id)));
  if (!rules.length && looks_) {
    const look = looks_.looks[code][0], line = el("p", "Searched " + look.on + ": ", "look");
    line.append(look.url ? link(look.where, look.url) : look.where, " – " + look.result + ".");
    box.append(line);
  }
  return box;
}

function ruleBox(rule, decides) {
  const box = el("div", undefined, decides ? "rule decides" : "rule");
  const cite = el("p");
  if (decides) cite.append(el("strong", "Decides: "));
  cite.append(rule.text + ".");
  box.append(cite);
  if (rule.conditions) box.append(el("p", rule.conditions.map((c) => c[0] + ": " + c[1]).join("; ")));
  if (rule.quote) box.append(el("blockquote", rule.quote));
  const source = el("p", undefined, "source");
  source.append(rule.url ? link(rule.cite, rule.url) : rule.cite, " (" + rule.act + ")" + (rule.where ? ", " + rule.where : "") + ". " +
    rule.quality + "; read " + rule.seen + ". " + rule.time + ". ");
  if (data.links && rule.page) source.append(link("Permanent page", rule.page));
  box.append(source);
  if (rule.note) box.append(el("p", "Our note: " + rule.note, "source"));
  if (rule.contested) box.append(el("p", "Contested: " + rule.contested));
  return box;
}

function linksOf(code) {
  const line = el("p", undefined, "links");
  if (data.links && (listedAt[code] !== undefined || isCounty(code)))
    line.append(link("Full page", "j/" + code + "/index.html"), " ", link("Feed", "feeds/" + code + ".atom"), " ",
      link("Calendar", "calendar/" + code + ".ics"));
  return line;
}

/* Made at build, of the edition's own day. */
function imagesOf(tag, name) {
  const line = el(tag, t("Image to share:") + " ", "links");
  for (const kind of ["PNG", "SVG"]) line.append(link(kind, "share/" + name + "." + kind.toLowerCase()), " ");
  return line;
}

function fillImages() {
  const name = (state.view === "world" ? "world-" : "us-") + data.substances[state.substance][0];
  const drawn = data.links && data.images.includes(name) && state.day === data.today && !state.said &&
    state.mode === "law" && state.law === "total" && state.act === "word";
  byId("images").replaceChildren(...(drawn ? [imagesOf("span", name)] : []));
}

/* ---- legend, summary, table ---- */

const drawnIn = (view) => layers[view] === null ? [] : layers[view].features.concat(layers[view].markers.filter((m) => !m.town));

function counts() {
  const count = dictionary();
  for (const f of drawnIn(state.view)) {
    const id = styleOf(f.row).id;
    count[id] = (count[id] || 0) + 1;
  }
  return count;
}

const UNITS = { us: "states and territories", tiles: "states and territories", world: "countries and territories" };

function fillLegend(count) {
  for (const item of document.querySelectorAll("#legend li")) {
    const style = looks[item.dataset.status], label = styles().includes(style) ? labelOf(style) : undefined;
    item.hidden = label === undefined;
    item.querySelector("span").textContent = label || "";
    item.querySelector("b").textContent = String(count[style.id] || 0);
  }
  byId("legend-title").textContent = substanceName(state.substance) + ", " + UNITS[state.view];
  byId("legend-local").textContent = state.view === "world" || state.mode === "fresh" ? "" : localLine();
}

function localLine() {
  let differ = 0;
  table.codes.forEach((code, i) => {
    if (!code.startsWith("US-") || code.split("-").length !== 3) return;
    const own = shades[table.rows[i]];
    if (own !== unknownAt && own !== shades[rowOf(parent(code))]) differ++;
  });
  return differ === 1 ? "1 county or town differs from its state. Zoom in to see it."
    : differ + " counties and towns differ from their state. Zoom in to see them.";
}

const MODES = {
  fresh: "Age of the last look", next: "What if all that is enacted were in force",
  if: t("What if all that is proposed were law; this is not the law"),
};
const ACTS = { word: "", possess: ": possession", sell: ": sale" };

function viewWords() {
  if (state.mode === "if" && state.bill && more) return more.billWords();
  if (MODES[state.mode]) return MODES[state.mode];
  return (state.law === "own" ? "Own law only" : "All law that applies") + ACTS[state.act];
}

function fillSummary(count) {
  fillImages();
  const parts = styles().filter((style) => count[style.id]).map((style) => labelOf(style) + " " + count[style.id]);
  byId("summary").textContent = viewWords() + ", " + substanceName(state.substance) + ", " +
    (state.said ? "as we said it on " : "") + longDay(state.day) + ". " +
    drawnIn(state.view).length + " " + UNITS[state.view] + ": " + parts.join(", ") + ".";
  const moved = state.mode === "fresh" || state.mode === "if" ? [] : movedToday();
  byId("moved").textContent = moved.length === 0 ? ""
    : "Changed on this day: " + moved.slice(0, 6).join("; ") + (moved.length > 6 ? "; and " + (moved.length - 6) + " more" : "") + ".";
}

/* Places whose own law makes them another colour than on the day before. */
function movedToday() {
  const before = shadesOn(state.day - 1), now = state.mode === "next" ? shadesOn(state.day) : shades, told = [];
  const over = new Set();
  table.codes.forEach((code, i) => {
    const row = table.rows[i];
    if (before[row] === now[row]) return;
    over.add(code);
    if (chainOf(code).some((wider) => over.has(wider))) return;
    const at = listOf(row, state.substance)[runAt(listOf(row, state.substance), state.day)];
    const vague = at && table.days[at[1]][1] < 10 ? " (in " + dayWords(at[1]) + ")" : "";
    told.push(nameOf(code) + ", " + labelOf(styles()[before[row]]) + " → " + labelOf(styles()[now[row]]) + vague);
  });
  return told;
}

let sorting = [0, 1];
function fillTable() {
  if (!byId("rows").open) return;
  const body = byId("rows-body");
  const wanted = byId("rows-filter").value.trim().toLowerCase();
  const rows = drawnIn(state.view).map((f) => {
    const list = f.row === undefined ? [] : listOf(f.row, state.substance), at = runAt(list, state.day);
    const answer = at < 0 ? -1 : list[at][2], span = at < 0 ? {} : spanOf(list, at);
    const said = (column) => answer < 0 ? "" : data.activities[value(column, answer)].label;
    return { code: f.code, style: styleOf(f.row), cells: [nameOf(f.code), labelOf(styleOf(f.row)), said("possess_status"),
      said("sell_status"), span.since || "", flagsOf(f.row).map((id) => data.flags[id][0]).join(", ")] };
  }).filter((r) => !wanted || r.cells.join(" ").toLowerCase().includes(wanted));
  rows.sort((p, q) => sorting[1] * (p.cells[sorting[0]] < q.cells[sorting[0]] ? -1
    : p.cells[sorting[0]] > q.cells[sorting[0]] ? 1 : p.cells[0] < q.cells[0] ? -1 : 1));
  body.textContent = "";
  for (const r of rows) {
    const line = el("tr"), head = el("th");
    head.scope = "row";
    head.append(button(r.cells[0], () => choose(r.code, true)));
    line.append(head);
    r.cells.slice(1).forEach((text, i) => {
      const cell = el("td");
      cell.append(i === 0 ? word(r.style, text) : text);
      line.append(cell);
    });
    body.append(line);
  }
}
