/* More than one place and the law as it is: a point, a route, proposals. That code is a file of
   its own (ask-*.js), loaded when somebody asks. */
let more = null, wanted_ = null;
/* Row and substance -> the list of runs that stands in for the law, while something is supposed. */
let supposed = null;

const isSupposed = (row) => state.mode === "if" && supposed !== null && supposed.has(row * SUBSTANCES + state.substance);
const stirs = (f) => later[f.row] === 1 || (state.mode === "if" && more !== null && more.moving(f.code) > 0);
const recedes = (f) => (state.mode === "next" || state.mode === "if") && !stirs(f);

const app = {
  AGES, BOXES, CHUNKED: data.chunks, SUBSTANCES, WORDS, answerOf, byId, button, chainOf, choose, compute, conditionsOf, data,
  decidersOf, dictionary, drawnIn, el, find, flagsOf, groupOf, inside, isCounty, labelOf, layers, link, listOf, load, longDay,
  looks, nameOf, needCounties, needParts, parent, pick, placeAt, rowOf, rowShown, runAt, say, searchList, shadesOn, spanOf,
  substanceName, t, table, tn, update, value, word,
  get map() { return map; },
  get state() { return state; },
  get counties() { return counties || []; },
  get parts() { return parts || []; },
  get later() { return later; },
  suppose(lists) { supposed = lists; },
};

function needMore() {
  if (!wanted_) wanted_ = new Promise((resolve, reject) => {
    /* In the single file it is there already. */
    if (KratomAtlas.more || data.chunks === null) return resolve();
    const script = document.createElement("script");
    script.src = data.chunks + "ask/" + document.documentElement.lang + ".js";
    script.onload = resolve;
    script.onerror = () => { wanted_ = null; reject(new Error("ask")); };
    document.head.append(script);
  }).then(() => { more = more || KratomAtlas.more(app); return more; });
  return wanted_;
}

function moreFailed() { say(t("A part of this page could not be loaded.")); }

/* What the state needs of it before it is shown; nothing, most of the time. */
const needAsked = () => state.route || state.spot || state.mode === "if"
  ? needMore().then(() => more.need()).catch(moreFailed) : null;

/* For the panel: a box that is filled when the code is there. */
function asked(fill) {
  const box = el("div");
  needMore().then(() => more.need()).then(() => { if (box.isConnected) fill(more, box); }, moreFailed);
  return box;
}

function supposeShades() {
  const held_ = supposed;
  supposed = null;
  const law = shadesOn(state.day);
  supposed = held_;
  later = new Uint8Array(ROWS);
  for (let row = 0; row < ROWS; row++) later[row] = shades[row] === law[row] ? 0 : 1;
}

function listenMore() {
  on("check", "click", () => needMore().then(() => more.aim(), moreFailed));
  on("route-open", "click", () => needMore().then(() => more.openRoute(), moreFailed));
}
