/* What the page calls. */
document.addEventListener("keydown", (event) => { if (aiming && event.key === "Escape") { aim(false); byId("check").focus(); } });

return {
  aim, openRoute: () => openRoute(), layersAt, proposalsAt, everyProposal, billWords, moving, mark,
  need() {
    const needs = [checkSpot()];
    if (routeOf().some(app.isCounty)) needs.push(app.needCounties().catch(() => {}));
    if (app.state.mode === "if") needs.push(load("if").then(readBills));
    return Promise.all(needs);
  },
  prepare: prepareIf,
  sync() { showRoute(); syncIf(); },
  paint(ctx, v) { paintMoves(ctx, v); if (routeOf().length) paintRoute(ctx, v); paintSpot(ctx, v); },
  click(latlng) {
    if (aiming) { drop(latlng); return true; }
    if (!adding || byId("route").hidden) return false;
    const hit = app.placeAt(latlng);
    if (hit) addPlace(hit.code);
    return true;
  },
  key(name) {
    if (!aiming || (name !== "enter" && name !== "escape")) return false;
    if (name === "enter") drop(app.map.getCenter());
    else { aim(false); byId("check").focus(); }
    return true;
  },
};
