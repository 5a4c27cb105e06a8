/* The law on a day: what the table says of a place, a substance and a day. */
const table = data.table, SUBSTANCES = data.substances.length, WORDS = table.words;
const UNKNOWN = "unknown";
const nextOfList = reader(table.lists);

/* Each list of runs: [first day, number in `days`, number of the answer]. */
const lists = [];
for (let left = table.count; left > 0; left--) lists.push(readList());

function readList() {
  const runs = [];
  let day = 0;
  for (let n = nextOfList(); n > 0; n--) {
    day += nextOfList();
    runs.push([table.days[day][0], day, nextOfList()]);
  }
  return runs;
}

const ROWS = table.likes.length;
const histories = decode(table.histories);

const listedAt = dictionary();
table.codes.forEach((code, i) => { listedAt[code] = i; });
const countyNames = dictionary();

const isCounty = (code) => /^US-[A-Z]{2}-\d{5}$/.test(code);
const parent = (code) => code.split("-").slice(0, -1).join("-");

/* The row of a place's answers, or undefined. A county that is not listed answers as its state says. */
function rowOf(code) {
  const at = listedAt[code];
  if (at !== undefined) return table.rows[at];
  const shared = isCounty(code) ? table.shared[parent(code)] : undefined;
  return shared && shared[0];
}

function chainOf(code) {
  const at = listedAt[code], shared = isCounty(code) ? table.shared[parent(code)] : undefined;
  const chain = at !== undefined ? table.chain[at] : shared ? shared[1] : -1;
  return chain < 0 || !table.chains[chain] ? [] : table.chains[chain].split(" ");
}

function nameOf(code) {
  const at = listedAt[code];
  const name = at !== undefined ? table.names[at] : countyNames[code] || code;
  return code.split("-").length > 2 ? name + ", " + code.slice(3, 5) : name;
}

/* What was said on a day of recorded time: the lists that were others then. */
let sayings = { day: -1, of: new Map() };
function listOf(row, substance) {
  const at = row * SUBSTANCES + substance;
  if (state.mode === "if" && supposed !== null && supposed.has(at)) return supposed.get(at);
  if (state.said) {
    if (state.day < table.first) return [];
    if (sayings.day !== state.day) {
      sayings = { day: state.day, of: new Map() };
      /* From the latest back: the last one that is still ahead of the day holds. */
      for (const [until, changed] of table.said)
        if (until > state.day) for (const [r, s, list] of changed) sayings.of.set(r * SUBSTANCES + s, list);
    }
    if (sayings.of.has(at)) return lists[sayings.of.get(at)];
  }
  return histories[at] < 0 ? [] : lists[histories[at]];
}

/* The position of the run that holds on a day, or -1. */
function runAt(list, day) {
  let found = -1;
  while (found + 1 < list.length && list[found + 1][0] <= day) found++;
  return found;
}

const value = (column, answer) => WORDS[column][table.answers[column][answer]];
const looks = dictionary();
for (const set of ["statuses", "ages"]) data[set].forEach((style, i) => { style.at = i; looks[style.id] = style; });

function answerOf(row, substance, day) {
  if (row === undefined) return -1;
  const list = listOf(row, substance), at = runAt(list, day === undefined ? state.day : day);
  return at < 0 ? -1 : list[at][2];
}

const columnOf = () => state.act === "word" ? state.law + "_status"
  : state.law === "own" ? "own_" + state.act : state.act + "_status";

/* The column of the table that is drawn, as numbers of looks: computed once for each answer. */
function lookTable() {
  const column = columnOf();
  return table.answers[column].map((word) => {
    const id = WORDS[column][word];
    return looks[state.act === "word" ? id : data.activities[id].look].at;
  });
}

/* For each row: the number of its look on the chosen day. */
let shades = new Uint8Array(ROWS), later = new Uint8Array(ROWS);
const unknownAt = looks[UNKNOWN].at;

function shadesOn(day) {
  const out = new Uint8Array(ROWS), of = lookTable();
  for (let row = 0; row < ROWS; row++) {
    const answer = answerOf(row, state.substance, day);
    out[row] = answer < 0 ? unknownAt : of[answer];
  }
  return out;
}

/* What is enacted and not yet in force: the look after the next change by law of each row. */
function nextShades(now) {
  const out = now.slice(), of = lookTable();
  later = new Uint8Array(ROWS);
  for (let row = 0; row < ROWS; row++) {
    const list = listOf(row, state.substance);
    for (let i = runAt(list, state.day) + 1; i < list.length; i++)
      if (table.days[list[i][1]][2] && of[list[i][2]] !== now[row]) {
        out[row] = of[list[i][2]]; later[row] = 1;
        break;
      }
  }
  return out;
}

const AGES = [30, 90, 180, 365, Infinity];
function ageShades() {
  const out = new Uint8Array(ROWS);
  for (let row = 0; row < ROWS; row++) {
    const looked = table.looked[row * SUBSTANCES + state.substance];
    out[row] = looked ? AGES.findIndex((limit) => data.today - looked <= limit) : AGES.length;
  }
  return out;
}

function compute() {
  later = new Uint8Array(ROWS);
  if (state.mode === "fresh") shades = ageShades();
  else {
    shades = shadesOn(state.day);
    if (state.mode === "next") shades = nextShades(shades);
    if (state.mode === "if") supposeShades();
  }
}

const styles = () => state.mode === "fresh" ? data.ages : data.statuses;
const styleOf = (row) => row === undefined ? styles()[state.mode === "fresh" ? AGES.length : unknownAt]
  : styles()[shades[row]];

/* In words: an activity has words of its own for the looks that it shares with the statuses. */
function labelOf(style) {
  if (state.mode === "fresh" || state.act === "word") return style.label;
  const word = Object.keys(data.activities).find((w) => data.activities[w].look === style.id);
  return word && data.activities[word].label;
}

/* Whose answer is shown: an unsearched county is as its state, local law not searched (codebook). */
function rowShown(code, substance) {
  const row = rowOf(code);
  if (!isCounty(code) || state.law === "own" || state.mode === "fresh") return row;
  const answer = answerOf(row, substance === undefined ? state.substance : substance);
  return answer >= 0 && value("total_status", answer) !== UNKNOWN ? row : rowOf(parent(code));
}

function flagsOf(row) {
  const answer = answerOf(row, state.substance);
  const flags = answer < 0 ? "" : value("flags", answer);
  return flags ? flags.split(";") : [];
}

/* ---- days ---- */

const isoOf = (day) => new Date((day - 719163) * 864e5).toISOString().slice(0, 10);
const ordinalOf = (iso) => {
  const time = /^\d{4}-\d\d-\d\d$/.test(iso) ? Date.parse(iso + "T00:00:00Z") : NaN;
  return Number.isNaN(time) ? NaN : time / 864e5 + 719163;
};
const FIRST = ordinalOf("2012-01-01");
/* Made when first asked for: that is slow, and the first drawing has no dates. */
const formats = dictionary();

/* `2026`, `2026-08` or `2026-08-01`, as precise as it is; what is no day stays as it is written. */
function dateWords(iso) {
  if (iso.length === 4 || Number.isNaN(Date.parse(iso))) return iso;
  formats[iso.length] ||= new Intl.DateTimeFormat(LOCALE, {
    ...(iso.length === 7 ? { year: "numeric", month: "long" } : { dateStyle: "long" }), timeZone: "UTC",
  });
  return formats[iso.length].format(new Date(iso));
}
const longDay = (day) => dateWords(isoOf(day));

/* A day as precise as its source. */
function dayWords(at) {
  const [day, precision] = table.days[at];
  return dateWords(isoOf(day).slice(0, precision));
}

const spell = (answer) => ["total_status", "possess_status", "sell_status"]
  .map((column) => table.answers[column][answer]).join();
const isLegal = (run) => table.days[run[1]][2] === 1;

/* Since when, until when: of the same word, possession and sale; only where that is a day of law. */
function spanOf(list, at) {
  const here = spell(list[at][2]);
  let first = at, after = at + 1;
  while (first > 0 && spell(list[first - 1][2]) === here) first--;
  while (after < list.length && spell(list[after][2]) === here) after++;
  return {
    since: isLegal(list[first]) ? dayWords(list[first][1]) : "",
    until: after < list.length && isLegal(list[after]) ? dayWords(list[after][1]) : "",
  };
}

/* The days on which the law of some rows moves, from 2012 on. */
function changeDays(rows) {
  const days = new Set();
  for (const row of rows) {
    const list = row === undefined ? [] : listOf(row, state.substance);
    for (let i = 1; i < list.length; i++)
      if (isLegal(list[i]) && list[i][0] > FIRST) days.add(list[i][0]);
  }
  return [...days].sort((p, q) => p - q);
}
