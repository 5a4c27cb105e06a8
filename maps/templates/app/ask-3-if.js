/* What if proposals were law: their list, and the answers that the build's resolver gave for them. */
let bills = null, byBill = dictionary(), stand = dictionary(), movesAt = dictionary();
const NOT_LAW = () => t("This is not the law: proposed is not enacted.");

function readBills(chunk) {
  if (bills) return;
  const numbers = chunk.answers.map((words) => {
    words.forEach((text, i) => {
      const column = chunk.columns[i], known = app.WORDS[column];
      if (!known.includes(text)) known.push(text);
      table.answers[column].push(known.indexOf(text));
    });
    return table.answers[chunk.columns[0]].length - 1;
  });
  for (const [key, lists] of Object.entries(chunk.lists)) {
    stand[key] = new Map(lists.map(([row, s, runs]) => [row * app.SUBSTANCES + s, runs.map(([day, precision, legal, answer]) =>
      [day, table.days.push([day, precision, legal]) - 1, numbers[answer]])]));
  }
  bills = chunk.bills;
  for (const bill of bills) {
    byBill[bill.id] = bill;
    movesAt[bill.place] = (movesAt[bill.place] || 0) + 1;
  }
  fillSelect();
}

const titleOf = (bill) => bill.name === bill.title ? bill.title : bill.name + ": " + bill.title;
const recorded = (bill) => Boolean(bill.does);

function byPlace(list) {
  const groups = dictionary();
  for (const bill of list) (groups[bill.place] = groups[bill.place] || []).push(bill);
  return Object.entries(groups).sort(([p], [q]) => (nameOf(p) < nameOf(q) ? -1 : 1));
}

function fillSelect() {
  const select = byId("bill"), all = el("option", t("All pending ({n})", { n: bills.length }));
  all.value = "";
  select.append(all);
  for (const [place, list] of byPlace(bills)) {
    const group = el("optgroup");
    group.label = nameOf(place);
    for (const bill of list) {
      const text = titleOf(bill), option = el("option", (recorded(bill) ? "» " : "") + (text.length > 70 ? text.slice(0, 69) + "…" : text));
      option.value = bill.id;
      group.append(option);
    }
    select.append(group);
  }
}

/* How many proposals of those that are shown move there. */
function moving(code) {
  const bill = byBill[app.state.bill];
  return bill ? Number(bill.place === code) : movesAt[code] || 0;
}

const mark = (code) => app.state.mode === "if" && moving(code) ? "▸" + moving(code) : "";

function prepareIf() {
  if (app.state.mode !== "if" || !bills) { app.suppose(null); return; }
  if (app.state.bill && !byBill[app.state.bill]) app.state.bill = "";
  app.suppose(stand[app.state.bill] || new Map());
}

function billWords() {
  const bill = byBill[app.state.bill];
  return bill ? t("What if {bill} of {place} were law; this is not the law", { bill: bill.name, place: nameOf(bill.place) })
    : t("What if all that is proposed were law; this is not the law");
}

function syncIf() {
  const shown = app.state.mode === "if";
  byId("bills").hidden = byId("not-law").hidden = !shown;
  if (!shown) return;
  byId("not-law").textContent = NOT_LAW();
  byId("bill").value = app.state.bill;
  const drawn = app.drawnIn(app.state.view), other = drawn.filter((f) => app.later[f.row] === 1).length;
  const chosen = app.state.bill ? [byBill[app.state.bill]] : bills || [], silent = chosen.filter((bill) => bill && !recorded(bill)).length;
  byId("moved").textContent = [
    tn(other, "{n} place of this map would be otherwise (»).", "{n} places of this map would be otherwise (»)."),
    silent ? tn(silent, "{n} proposal moves (▸) of which the record does not say what it would do: it changes nothing here.",
      "{n} proposals move (▸) of which the record does not say what they would do: they change nothing here.") : "",
    t("From {day} on, as if enacted that day; where several meet, the strictest.", { day: app.longDay(data.today) })].join(" ");
  byId("legend-local").textContent = t("» the answer would be another; ▸2 two proposals move here.");
}

/* States bear their mark beside their letters; counties and towns have none. */
function paintMoves(ctx, v) {
  if (app.state.mode !== "if" || app.state.view !== "us") return;
  ctx.font = "700 11px system-ui, sans-serif"; ctx.textAlign = "center"; ctx.textBaseline = "middle"; ctx.lineWidth = 3.5;
  for (const code of Object.keys(movesAt)) {
    const spot = code.split("-").length > 2 && moving(code) && spotOf(code);
    if (!spot) continue;
    ctx.strokeStyle = "#fff"; ctx.fillStyle = "#111";
    ctx.strokeText(mark(code), spot[0] * v.scale, spot[1] * v.scale);
    ctx.fillText(mark(code), spot[0] * v.scale, spot[1] * v.scale);
  }
}

/* ---- words of the panel ---- */

function billBox(bill) {
  const item = el("li"), head = el("p"), name = bill.url ? link("", bill.url) : el("strong"), facts = el("small");
  name.append(asWritten(titleOf(bill)));
  head.append(name);
  facts.append(asWritten([bill.kind, bill.session, bill.stage].filter(Boolean).join("; ")));
  if (bill.day) facts.append(SEMICOLON, t("last day recorded: {day}", { day: bill.day }));
  item.append(head, facts);
  for (const one of bill.does || []) {
    const does = el("p"), where = el("small"), conditions = (one.conditions || []).map((c) => c[0] + ": " + c[1]);
    does.append(t("Would do:"), " ", asWritten(one.text));
    where.append(asWritten([...conditions, one.cite, one.where, one.quality].filter(Boolean).join("; ")));
    item.append(does);
    if (one.quote) item.append(el("blockquote", one.quote));
    item.append(where);
  }
  if (!bill.does) item.append(el("p", t("It moves here; what it would do is not recorded as rules, so it changes nothing on this map.")));
  if (bill.note) {
    const note = el("small");
    note.append(t("Our note:"), " ", asWritten(bill.note));
    item.append(note);
  }
  const alone = app.state.bill === bill.id;
  item.append(button(alone ? t("Show all proposals") : t("Show this alone"), () => update({ bill: alone ? "" : bill.id }),
    alone ? undefined : t("Show {bill} alone", { bill: bill.name })));
  return item;
}

function listBox(list) {
  const box = el("ul", undefined, "bills");
  for (const bill of list) box.append(billBox(bill));
  return box;
}

function warn(box) {
  box.append(el("p", NOT_LAW() + " " + t("Whether a session ended since the day recorded was not looked up."), "note"));
}

function proposalsAt(box, code) {
  const chain = app.chainOf(code), chosen = app.state.bill ? [byBill[app.state.bill]].filter(Boolean) : bills || [];
  warn(box);
  for (const [title, test] of [
    [t("Proposals here"), (bill) => bill.place === code],
    [t("Proposals inside it"), (bill) => bill.place.startsWith(code + "-") && code !== "US"],
    [t("Proposals of what binds it"), (bill) => chain.includes(bill.place)],
  ]) {
    const list = chosen.filter(test);
    if (!list.length) continue;
    const part = el("details");
    part.open = title === t("Proposals here");
    part.append(el("summary", title + " (" + list.length + ")"), listBox(list));
    box.append(part);
  }
  if (box.children.length === 1) box.append(el("p", t("No proposal is recorded that would bind here.")));
}

function everyProposal(box) {
  warn(box);
  const chosen = app.state.bill ? [byBill[app.state.bill]].filter(Boolean) : bills || [];
  for (const [place, list] of byPlace(chosen)) {
    const part = el("details");
    part.open = Boolean(app.state.bill);
    part.append(el("summary", nameOf(place) + " (" + list.length + ")"), listBox(list));
    box.append(part);
  }
}
