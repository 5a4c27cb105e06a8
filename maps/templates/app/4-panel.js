/* Words: panel, legend, summary, table. All text of the data goes through textContent. */
function el(tag, text, className) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (className) e.className = className;
  return e;
}

function link(words, path) {
  const a = el("a");
  a.append(words);
  const away = /^(https?|mailto):/i.test(path);
  /* What is neither a page of ours nor on the web leads nowhere. */
  if (away) a.href = path;
  else if (/^(?!\/)[\w.~%\/-]*$/.test(path)) a.href = data.root + path;
  if (LANG !== "en" && !away) a.hreflang = "en";
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
  const told = [labelOf(styleOf(row))];
  if (span.since && state.mode === "law") told.push(t("since {day}", { day: span.since }));
  if (row !== rowOf(code)) told.push(t("as {place}; local law not searched", { place: nameOf(parent(code)) }));
  const words = t("{place}: {status}. {substance}, {day}.", {
    place: nameOf(code), status: told.join(COMMA), substance: substanceName(state.substance), day: longDay(state.day),
  });
  return state.mode === "if" ? words + " " + t("What if; not the law.") : words;
}

function showPlace() {
  const code = state.place, title = byId("panel-title"), body = byId("panel-body");
  body.textContent = "";
  document.documentElement.classList.toggle("chosen", Boolean(code));
  if (!code) {
    title.textContent = t("Choose a place");
    body.append(el("p", t("Click a place on the map, or find it by name, code or postal abbreviation.")));
    if (state.mode === "if") body.append(asked((ask, box) => ask.everyProposal(box)));
    return;
  }
  const row = rowOf(code);
  title.textContent = "";
  title.append(el("bdi", nameOf(code)), " ", el("bdi", code, "code"));
  body.append(el("p", whenWords(), "when"));
  if (state.said && state.day < table.first)
    body.append(el("p", t("This record began on {day}: nothing was said before.", { day: longDay(table.first) }), "note"));
  if (state.mode === "if") body.append(asked((ask, box) => ask.proposalsAt(box, code)));
  const every = everySubstance(code), near = asked((ask, box) => ask.layersAt(box, code));
  body.append(...(state.spot ? [near, every] : [every, near]));
  body.append(chosenSubstance(code, row));
  body.append(linksOf(code));
  byId("panel-close").hidden = false;
}

function whenWords() {
  const day = longDay(state.day);
  const what = state.mode === "if" ? t("What if, not the law, on {day}", { day }) : state.said ? t("What we said on {day}", { day }) : t("The law on {day}", { day });
  if (state.day > data.today) return t("{what}, as enacted so far.", { what });
  return state.day < data.today ? t("{what}.", { what }) : t("{what} (today's edition).", { what });
}

function conditionsOf(answer) {
  const age = value("min_age", answer), caps = value("seven_oh_cap", answer), told = [];
  if (Number(age)) told.push(t("minimum age {age}", { age }));
  if (caps) told.push(t("7-OH at most {amount}", { amount: caps.split(";").map(capWords).join(COMMA) }));
  return told;
}

/* `2 % of-alkaloids` as people say it. */
const capWords = (cap) => {
  const [amount, ...unit] = cap.split(" "), words = unit.join(" ");
  return number(amount) + " " + (data.units[words] || words.replace(/-/g, " "));
};

function everySubstance(code) {
  const made = el("table", undefined, "every"), rows = el("tbody");
  made.append(el("caption", t("Every substance")), rows);
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
      if (span.until) told.unshift(t("until {day}", { day: span.until }));
      if (span.since) told.unshift(t("since {day}", { day: span.since }));
      if (told.length) cell.append(el("small", told.join(SEMICOLON)));
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
  if (at < 0) { box.append(el("p", t("Nobody has looked into this place yet."))); return box; }
  const answer = list[at][2], total = looks[value("total_status", answer)], mine = answerOf(row, s), own = looks[mine < 0 ? UNKNOWN : value("own_status", mine)];
  box.append(el("p", total.meaning));
  if (isCounty(code) && own.id === UNKNOWN)
    box.append(el("p", t("Local law not searched: what is shown is the status of {place}.", { place: nameOf(parent(code)) }), "note"));
  const facts = el("dl");
  for (const [name, text] of [[t("Possession"), data.activities[value("possess_status", answer)].label],
    [t("Sale"), data.activities[value("sell_status", answer)].label], [t("Its own law"), own.label],
    [t("Evidence"), data.qualities[value("verification", answer)] || ""],
    [t("Last look"), lookedWords(row, s)]])
    if (text) facts.append(el("dt", name), el("dd", text));
  box.append(facts);
  if (own.at < total.at && own.id !== UNKNOWN)
    box.append(el("p", t("Wider law keeps its own law from applying."), "note"));
  if (flagsOf(shown).length) box.append(flagList(shown));
  box.append(coming(list, at), reasons(code, shown), past(list, at));
  return box;
}

/* What was said on an earlier day: the reasons at hand are those of today's edition. */
const isEarlierWord = () => state.said && state.day < data.today;

function lookedWords(row, s) {
  const looked = table.looked[row * SUBSTANCES + s];
  if (isEarlierWord()) return looked <= state.day ? longDay(looked) : "";
  return looked ? tn(data.today - looked, "{day} ({n} day before this edition)", "{day} ({n} days before this edition)",
    { day: longDay(looked) }) : t("never");
}

/* As the map draws it, whatever the direction of the words beside it. */
function markOf(id) {
  const mark = el("bdi", data.marks[id]);
  mark.dir = "ltr";
  return mark;
}

function flagList(row) {
  const list = el("ul", undefined, "flags");
  for (const id of flagsOf(row)) {
    const flag = data.flags[id], item = el("li");
    const head = el("strong");
    if (data.marks[id]) head.append(markOf(id), " ");
    head.append(flag[0]);
    item.append(head, ": " + flag[1]);
    list.append(item);
  }
  return list;
}

function runWords(run) {
  const answer = run[2], told = conditionsOf(answer);
  return looks[value("total_status", answer)].label + (told.length ? " (" + told.join(SEMICOLON) + ")" : "");
}

function jump(run) {
  return button(dayWords(run[1]), () => update({ day: Math.max(FIRST, Math.min(run[0], data.last)) }),
    t("Go to {day}", { day: dayWords(run[1]) }));
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
  box.append(el("h4", t("What is coming")), items);
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
  box.append(el("summary", t("What it was before")), items);
  return box;
}

/* ---- reasons, from the chunks of the place and of what binds it ---- */

function groupOf(code) {
  const parts = code.split("-");
  return parts[0] === "X" ? code : parts.slice(0, parts[0] === "US" ? 2 : 1).join("-");
}

function reasons(code, row) {
  const box = el("div", undefined, "reasons"), near = chainOf(code).concat(code), asked = state;
  box.append(el("h4", t("Why")));
  const wait = el("p", t("Loading the sources …"));
  box.append(wait);
  const groups = [...new Set(near.map(groupOf))].filter((group) => data.groups.includes(group));
  Promise.all([...groups.map((group) => load("law/" + group)), needTerms()]).then((found) => {
    if (state !== asked) return;
    found.pop();
    wait.remove();
    if (isEarlierWord()) box.append(el("p", t("As recorded by then, in the words of today’s edition. What was withdrawn since is on the place’s page."), "note"));
    const decides = decidersOf(found, row);
    for (const one of near) box.append(layerOf(one, found, decides, one === code));
    if (data.links && found.some((chunk) => chunk.rules[code])) box.append(imagesOf("p", code));
    document.documentElement.dataset.reasons = code;
  }, () => { wait.textContent = data.chunks === null
    ? t("The sources of this place are on its page.") : t("The sources could not be loaded."); });
  return box;
}

/* The chunks are the same for every language; the words of the interface in them are turned here. */
let terms = dictionary();
const needTerms = () => data.terms ? load(data.terms).then((found) => { terms = Object.assign(dictionary(), found); })
  : Promise.resolve();

/* A text of the record: words of the interface in the page's language, all else as it was written. */
function recorded(text, lang = "en") {
  if (LANG === "en" || terms[text]) return terms[text] || text;
  const as = el("bdi", text);
  as.lang = lang;
  return as;
}

/* A name or number as its source writes it, in whatever language that is. */
const cited = (text) => recorded(text, "");

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
  const name = el("bdi");
  name.append(own || !data.links ? nameOf(code) : link(nameOf(code), "j/" + code + "/index.html"));
  head.append(name, ": " + status.label);
  box.append(head);
  const inChunk = found.find((chunk) => chunk.rules[code]), looks_ = found.find((chunk) => chunk.looks[code]);
  const rules = (inChunk ? inChunk.rules[code] : []).filter((rule) => rule.of.includes(state.substance) &&
    (rule.in || []).some(([from, to]) => from <= state.day && state.day < to) &&
    (!state.said || (rule.said || 0) <= state.day));
  for (const rule of rules) box.append(ruleBox(rule, !isEarlierWord() && decides.includes(rule.id)));
  const look = looks_ && looks_.looks[code].find((one) => !isEarlierWord() || one.on <= isoOf(state.day));
  if (!rules.length && look) {
    const line = el("p", t("Searched {day}:", { day: dateWords(look.on) }) + " ", "look");
    line.append(look.url ? link(recorded(look.where), look.url) : recorded(look.where), " – ", recorded(look.result), ".");
    box.append(line);
  }
  return box;
}

function ruleBox(rule, decides) {
  const box = el("div", undefined, decides ? "rule decides" : "rule");
  const cite = el("p");
  if (decides) cite.append(el("strong", t("Decides:")), " ");
  cite.append(recorded(rule.text), ".");
  box.append(cite);
  if (rule.conditions) {
    const line = el("p");
    rule.conditions.forEach(([name, text], i) => line.append(i ? SEMICOLON : "", recorded(name), ": ", recorded(text)));
    box.append(line);
  }
  if (rule.quote) {
    const quote = el("blockquote", rule.quote);
    quote.lang = "";
    quote.dir = "auto";
    box.append(quote);
  }
  const source = el("p", undefined, "source");
  source.append(rule.url ? link(cited(rule.cite), rule.url) : cited(rule.cite), " (", cited(rule.act), ")");
  if (rule.where) source.append(COMMA, cited(rule.where));
  source.append(". ", recorded(rule.quality), SEMICOLON, t("read {day}", { day: dateWords(rule.seen) }), ". ", timeWords(rule), ". ");
  if (data.links && rule.page) source.append(link(t("Permanent page"), rule.page));
  box.append(source);
  for (const [name, text] of [[t("Our note:"), rule.note], [t("Contested:"), rule.contested]]) {
    if (!text) continue;
    const line = el("p", name + " ", "source");
    line.append(recorded(text));
    box.append(line);
  }
  return box;
}

/* From when until when a rule applies, as its source says it. */
function timeWords(rule) {
  const day = dateWords(rule.from || rule.attested);
  const begins = rule.from ? t("In force from {day}", { day })
    : rule.attested.length === 10 ? t("First day not known; a source says it was in force on {day}", { day })
      : t("First day not known; a source says it was in force in {day}", { day });
  return rule.to ? begins + COMMA + t("no longer from {day}", { day: dateWords(rule.to) }) : begins;
}

function linksOf(code) {
  const line = el("p", undefined, "links");
  if (data.links && (listedAt[code] !== undefined || isCounty(code)))
    line.append(link(t("Full page"), "j/" + code + "/index.html"), " ", link(t("Feed"), "feeds/" + code + ".atom"), " ",
      link(t("Calendar"), "calendar/" + code + ".ics"));
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

const placesWords = (n) => state.view === "world" ? tn(n, "{n} country or territory", "{n} countries and territories")
  : tn(n, "{n} state or territory", "{n} states and territories");

function fillLegend(count) {
  for (const item of document.querySelectorAll("#legend li")) {
    const style = looks[item.dataset.status], label = styles().includes(style) ? labelOf(style) : undefined;
    item.hidden = label === undefined;
    item.querySelector("span").textContent = label || "";
    item.querySelector("b").textContent = number(count[style.id] || 0);
  }
  const substance = substanceName(state.substance);
  byId("legend-title").textContent = state.view === "world" ? t("{substance}, countries and territories", { substance })
    : t("{substance}, states and territories", { substance });
  byId("legend-local").textContent = state.view === "world" || state.mode === "fresh" ? "" : localLine();
}

function localLine() {
  let differ = 0;
  table.codes.forEach((code, i) => {
    if (!code.startsWith("US-") || code.split("-").length !== 3) return;
    const own = shades[table.rows[i]];
    if (own !== unknownAt && own !== shades[rowOf(parent(code))]) differ++;
  });
  return tn(differ, "{n} county or town differs from its state. Zoom in to see it.",
    "{n} counties and towns differ from their state. Zoom in to see them.");
}

const MODES = {
  fresh: t("Age of the last look"), next: t("What if all that is enacted were in force"),
  if: t("What if all that is proposed were law; this is not the law"),
};

function viewWords() {
  if (state.mode === "if" && state.bill && more) return more.billWords();
  if (MODES[state.mode]) return MODES[state.mode];
  const law = state.law === "own" ? t("Own law only") : t("All law that applies");
  if (state.act === "word") return law;
  return state.act === "sell" ? t("{law}: sale", { law }) : t("{law}: possession", { law });
}

function fillSummary(count) {
  fillImages();
  const parts = styles().filter((style) => count[style.id]).map((style) => labelOf(style) + " " + number(count[style.id]));
  const what = { view: viewWords(), substance: substanceName(state.substance), day: longDay(state.day) };
  byId("summary").textContent = (state.said ? t("{view}, {substance}, as we said it on {day}.", what)
    : t("{view}, {substance}, {day}.", what)) + " " + placesWords(drawnIn(state.view).length) + ": " + parts.join(COMMA) + ".";
  const moved = state.mode === "fresh" || state.mode === "if" ? [] : movedToday();
  let places = moved.slice(0, 6).join(SEMICOLON);
  if (moved.length > 6) places = tn(moved.length - 6, "{places}; and {n} more", "{places}; and {n} more", { places });
  byId("moved").textContent = moved.length === 0 ? "" : t("Changed on this day: {places}.", { places });
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
    const what = { place: nameOf(code), before: labelOf(styles()[before[row]]), after: labelOf(styles()[now[row]]) };
    told.push(at && table.days[at[1]][1] < 10 ? t("{place}, {before} → {after} (in {month})", { ...what, month: dayWords(at[1]) })
      : t("{place}, {before} → {after}", what));
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
      said("sell_status"), span.since || "", flagsOf(f.row).map((id) => data.flags[id][0]).join(COMMA)] };
  }).filter((r) => !wanted || r.cells.join(" ").toLowerCase().includes(wanted));
  rows.sort((p, q) => sorting[1] * (collator().compare(p.cells[sorting[0]], q.cells[sorting[0]])
    || collator().compare(p.cells[0], q.cells[0])));
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
