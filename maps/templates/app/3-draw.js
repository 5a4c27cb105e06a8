/* Drawing: one canvas, one path for each place, one for each net of borders. */
const COUNTY_ZOOM = 1;
const BOUNDS = { us: [-45, -10, 1005, 652], world: [14, 0, 1000, 440], tiles: [0, 0, 780, 560] };
const DEEPEST = { us: 5, world: 4, tiles: 2 };
/* Letters of places too small to hold them: boxes beside the coast and below the insets. */
const BOXES = {
  "US-VT": [965, 150], "US-NH": [965, 174], "US-MA": [965, 198], "US-RI": [965, 222],
  "US-CT": [965, 246], "US-NJ": [965, 270], "US-DE": [965, 294], "US-MD": [965, 318],
  "US-DC": [965, 342], "US-GU": [556, 640], "US-MP": [631, 640], "US-AS": [706, 640],
  "US-PR": [790, 640], "US-VI": [880, 640], "US-HI": [318, 600],
};
/* The states as tiles of one size: column and row. */
const TILES = ("AK0,0 ME11,0 VT10,1 NH11,1 WA1,2 ID2,2 MT3,2 ND4,2 MN5,2 IL6,2 WI7,2 MI8,2 NY9,2 RI10,2 MA11,2 " +
  "OR1,3 NV2,3 WY3,3 SD4,3 IA5,3 IN6,3 OH7,3 PA8,3 NJ9,3 CT10,3 CA1,4 UT2,4 CO3,4 NE4,4 MO5,4 KY6,4 " +
  "WV7,4 VA8,4 MD9,4 DE10,4 AZ2,5 NM3,5 KS4,5 AR5,5 TN6,5 NC7,5 SC8,5 DC9,5 OK4,6 LA5,6 MS6,6 AL7,6 " +
  "GA8,6 HI0,7 TX4,7 FL9,7 PR11,7 VI11,6 GU1,7 MP1,6 AS2,7").split(" ");
const TILE = 65;

let map, canvas, held = false, onPaper = null;
const layers = { us: null, world: null, tiles: null };
let counties = null, countyMesh = null, stateArcs = null, fineWorld = data.chunks === null;
const place = dictionary();

function addLayer(view, features, net, markers, disputed) {
  for (const p of data.points)
    if (p[1] === view) markers.push({ code: p[0], middle: [p[2], p[3]], town: true });
  layers[view] = { features, mesh: net, markers, disputed };
  for (const f of features.concat(markers)) f.row = rowOf(f.code);
  for (const f of features.concat(markers)) if (view !== "tiles") place[f.code] = f;
}

/* The same places, drawn more finely. */
function refine(view, features, net, disputed) {
  for (const f of features) {
    f.row = place[f.code].row;
    f.middle = place[f.code].middle;
    place[f.code] = f;
  }
  layers[view] = { features, mesh: net, markers: layers[view].markers, disputed };
  borders.key = "";
}

function tileLayer() {
  const net = new Path2D();
  const features = TILES.map((text) => {
    const [x, y] = text.slice(2).split(",").map((n) => n * TILE);
    const f = { code: "US-" + text.slice(0, 2), path: new Path2D(), tile: true };
    f.path.rect(x + 1.5, y + 1.5, TILE - 3, TILE - 3);
    net.addPath(f.path);
    f.box = f.main = [x, y, x + TILE, y + TILE];
    f.middle = [x + TILE / 2, y + TILE / 2];
    return f;
  });
  addLayer("tiles", features, net, []);
}

const disputedOf = (geometry) => geometry.disputed && mesh(readArcs(geometry.disputed, geometry.grid));

function needLayer(view) {
  if (layers[view]) return Promise.resolve();
  if (view === "tiles") { tileLayer(); return Promise.resolve(); }
  return load(view).then((geometry) => {
    if (layers[view]) return;
    const arcs = readArcs(geometry.arcs, geometry.grid);
    if (view === "us") stateArcs = arcs;
    addLayer(view, readPlaces(geometry.places, geometry.codes, geometry.labels, arcs), mesh(arcs),
      (geometry.points || []).map((p) => ({ code: p[0], middle: [p[1], p[2]] })), disputedOf(geometry));
  });
}

function needCounties() {
  return Promise.all([load("us-counties"), needLayer("us")]).then(([geometry]) => {
    if (counties) return;
    const lines = readArcs(geometry.arcs, geometry.grid), codes = layers.us.features.map((f) => f.code);
    geometry.codes.forEach((code, i) => { countyNames[code] = geometry.names[i]; });
    /* A single file has the states' fine outlines from the beginning. */
    if (geometry.outlines) {
      stateArcs = readArcs(geometry.outlines, geometry.grid);
      refine("us", readPlaces(geometry.states, codes, null, stateArcs), mesh(stateArcs));
    }
    counties = readPlaces(geometry.places, geometry.codes, null, stateArcs.concat(lines));
    countyMesh = mesh(lines);
    stateArcs = null;
    for (const f of counties) {
      f.row = rowOf(f.code);
      f.stateRow = rowOf(parent(f.code));
      place[f.code] = f;
    }
    searchable = null;
    /* The panel may have been opened by an address, before the county had a name. */
    if (isCounty(state.place)) showPlace();
    document.documentElement.dataset.counties = counties.length;
    draw();
  });
}

function needFineWorld() {
  if (fineWorld) return needLayer("world");
  return Promise.all([load("world-fine"), needLayer("world")]).then(([geometry]) => {
    if (fineWorld) return;
    fineWorld = true;
    const arcs = readArcs(geometry.arcs, geometry.grid);
    refine("world", readPlaces(geometry.places, geometry.codes, null, arcs), mesh(arcs), disputedOf(geometry));
    document.documentElement.dataset.fine = "1";
    draw();
  });
}

/* States and provinces of federations, over their countries. */
let parts = null, partsMesh = null;
const isPart = (code) => data.parts.includes(code);

function needParts() {
  return Promise.all([load("parts"), needFineWorld()]).then(([geometry]) => {
    if (parts) return;
    const arcs = readArcs(geometry.arcs, geometry.grid);
    parts = readPlaces(geometry.places, geometry.codes, geometry.labels, arcs);
    partsMesh = mesh(arcs);
    for (const f of parts) {
      f.row = rowOf(f.code);
      place[f.code] = f;
    }
    borders.key = "";
    document.documentElement.dataset.parts = parts.length;
    draw();
  });
}

const partsShown = (zoom) => state.view === "world" && parts !== null && zoom >= COUNTY_ZOOM;

/* Within the outline of the country: their own coasts lie out at sea. */
function paintParts(ctx, v) {
  for (const f of parts) {
    const whole = place[parent(f.code)];
    if (!seen(f.box, v.box) || f.row === undefined || shades[f.row] === shades[whole.row]) continue;
    if (state.law === "own" && state.mode !== "fresh" && shades[f.row] === unknownAt) continue;
    ctx.save();
    ctx.clip(whole.path, "evenodd");
    paintFill(ctx, f, v);
    ctx.restore();
  }
}

const tilesOf = dictionary();
function fill(style, scale, ratio) {
  if (!style.lines) return style.colour;
  const key = style.id + ratio;
  if (!tilesOf[key]) {
    const tile = document.createElement("canvas"), ctx = tile.getContext("2d");
    tile.width = tile.height = Math.round(8 * ratio);
    ctx.scale(tile.width / 8, tile.height / 8);
    ctx.fillStyle = style.colour;
    ctx.fillRect(0, 0, 8, 8);
    ctx.strokeStyle = style.line;
    ctx.lineWidth = 1.6;
    ctx.stroke(new Path2D(style.lines));
    tilesOf[key] = { pattern: ctx.createPattern(tile, "repeat"), size: tile.width };
  }
  const zoom = 8 / tilesOf[key].size / scale;
  tilesOf[key].pattern.setTransform(new DOMMatrix().scale(zoom, zoom));
  return tilesOf[key].pattern;
}

const pixels = () => onPaper ? 3 : window.devicePixelRatio || 1;

const Canvas = L.Renderer.extend({
  options: { padding: 0.2 },
  _initContainer() {
    this._container = document.createElement("canvas");
    this._container.setAttribute("aria-hidden", "true");
  },
  _destroyContainer() { this._container.remove(); },
  _updatePaths() {},
  _updateTransform(center, zoom) {
    /* At rest on whole pixels: Leaflet's own offset is fractional and blurs every line. */
    if (zoom === this._zoom && this._bounds) L.DomUtil.setPosition(this._container, this._bounds.min);
    else L.Renderer.prototype._updateTransform.call(this, center, zoom);
  },
  _update() {
    if (this._map._animatingZoom && this._bounds) return;
    L.Renderer.prototype._update.call(this);
    const size = this._bounds.getSize(), ratio = pixels(), element = this._container;
    L.DomUtil.setPosition(element, this._bounds.min);
    element.width = Math.round(size.x * ratio);
    element.height = Math.round(size.y * ratio);
    element.style.width = size.x + "px";
    element.style.height = size.y + "px";
    this.paint();
  },
  paint() {
    if (held || !this._bounds || !layers[state.view]) return;
    const ratio = pixels(), zoom = this._map.getZoom();
    const scale = this._map.getZoomScale(zoom, 0), size = this._bounds.getSize();
    const origin = this._map.getPixelOrigin().add(this._bounds.min);
    paintAll(this._container.getContext("2d"), {
      ratio, scale, zoom, x: -origin.x, y: -origin.y,
      box: [origin.x / scale, origin.y / scale, (origin.x + size.x) / scale, (origin.y + size.y) / scale],
    });
  },
});

const seen = (box, frame) =>
  box[2] >= frame[0] && box[0] <= frame[2] && box[3] >= frame[1] && box[1] <= frame[3];

function paintAll(ctx, v) {
  const layer = layers[state.view], unit = 1 / v.scale;
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.clearRect(0, 0, ctx.canvas.width, ctx.canvas.height);
  ctx.setTransform(v.ratio * v.scale, 0, 0, v.ratio * v.scale, v.ratio * v.x, v.ratio * v.y);
  ctx.lineJoin = "round";
  for (const f of layer.features) if (seen(f.box, v.box)) paintFill(ctx, f, v);
  const close = state.view === "us" && v.zoom >= COUNTY_ZOOM && counties !== null;
  if (close) paintCounties(ctx, v);
  if (partsShown(v.zoom)) paintParts(ctx, v);
  paintBorders(ctx, layer, v, close);
  paintChosen(ctx, unit);
  ctx.setTransform(v.ratio, 0, 0, v.ratio, v.ratio * v.x, v.ratio * v.y);
  for (const m of layer.markers)
    if (markerShown(m) && !underLabel(m, v)) paintDot(ctx, m, v, m.town ? townSize(v) : 3.2);
  if (state.view === "world") paintWorldMarks(ctx, v);
  else paintLetters(ctx, v);
  if (more) more.paint(ctx, v);
}

/* Borders stay as they are while only the law changes: when a map is drawn again in the same place,
   they are kept on a sheet of their own. */
let borders = { key: "", sheet: null, kept: false };
function paintBorders(ctx, layer, v, close) {
  const { width, height } = ctx.canvas, key = [state.view, close, v.scale, v.x, v.y, width, height].join();
  if (borders.key !== key) {
    borders = { key, sheet: borders.sheet, kept: false };
    ctx.lineJoin = "bevel";
    strokeBorders(ctx, layer, 1 / v.scale, close);
    return;
  }
  if (!borders.kept) {
    const sheet = borders.sheet || document.createElement("canvas"), on_ = sheet.getContext("2d");
    sheet.width = width; sheet.height = height;
    on_.setTransform(ctx.getTransform());
    on_.lineJoin = "bevel";
    strokeBorders(on_, layer, 1 / v.scale, close);
    borders = { key, sheet, kept: true };
  }
  ctx.save();
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.drawImage(borders.sheet, 0, 0);
  ctx.restore();
}

/* Dark and light together: a border is seen on pale fills and on dark ones. */
function strokeBorders(ctx, layer, unit, close) {
  if (close) {
    ctx.strokeStyle = "rgba(255,255,255,.28)"; ctx.lineWidth = 1.5 * unit;
    ctx.stroke(countyMesh);
    ctx.strokeStyle = "rgba(40,40,40,.5)"; ctx.lineWidth = 0.7 * unit;
    ctx.stroke(countyMesh);
  }
  if (partsShown(map.getZoom())) strokeParts(ctx, unit);
  const wide = state.view === "world" ? 0.4 : close ? 1.7 : 0.95;
  ctx.strokeStyle = "rgba(35,35,35,.8)"; ctx.lineWidth = (wide * 1.5 + 0.5) * unit;
  ctx.stroke(layer.mesh);
  ctx.strokeStyle = "rgba(255,255,255,.9)"; ctx.lineWidth = wide * unit;
  if (state.view !== "tiles") ctx.stroke(layer.mesh);
  if (layer.disputed) strokeDisputed(ctx, layer.disputed, unit);
}

function strokeParts(ctx, unit) {
  const whole = new Path2D();
  for (const code of new Set(parts.map((f) => parent(f.code)))) whole.addPath(place[code].path);
  ctx.save();
  ctx.clip(whole, "evenodd");
  ctx.strokeStyle = "rgba(255,255,255,.4)"; ctx.lineWidth = 2.2 * unit;
  ctx.stroke(partsMesh);
  ctx.strokeStyle = "rgba(40,40,40,.6)"; ctx.lineWidth = unit;
  ctx.stroke(partsMesh);
  ctx.restore();
}

/* Dashes over what was a border like any other. */
function strokeDisputed(ctx, path, unit) {
  ctx.strokeStyle = "#fff"; ctx.lineWidth = 2.2 * unit;
  ctx.stroke(path);
  ctx.setLineDash([3 * unit, 2.4 * unit]);
  ctx.strokeStyle = "#222"; ctx.lineWidth = 1.3 * unit;
  ctx.stroke(path);
  ctx.setLineDash([]);
}

function paintFill(ctx, f, v) {
  ctx.fillStyle = fill(styleOf(f.row), v.scale, v.ratio);
  ctx.fill(f.path, "evenodd");
  /* What if: what would stay as it is recedes. */
  if (recedes(f)) {
    ctx.fillStyle = "rgba(240,240,236,.72)";
    ctx.fill(f.path, "evenodd");
  }
}

function paintCounties(ctx, v) {
  for (const f of counties) {
    if (!seen(f.box, v.box) || shades[f.row] === shades[f.stateRow]) continue;
    /* Not searched: as its state. */
    if (state.mode !== "fresh" && shades[f.row] === unknownAt) continue;
    paintFill(ctx, f, v);
  }
}

function paintChosen(ctx, unit) {
  const f = state.view === "tiles" ? layers.tiles.features.find((t) => t.code === state.place)
    : place[state.place];
  if (!f || !f.path || (state.view === "world") === (f.code.startsWith("US-") && !inWorld(f.code))) return;
  if (isPart(f.code)) {
    const whole = place[parent(f.code)];
    strokeWithin(ctx, f, whole, unit);
    strokeWithin(ctx, whole, f, unit);
  } else strokeChosen(ctx, f, unit);
}

function strokeWithin(ctx, f, frame, unit) {
  ctx.save();
  ctx.clip(frame.path, "evenodd");
  strokeChosen(ctx, f, unit);
  ctx.restore();
}

function strokeChosen(ctx, f, unit) {
  ctx.strokeStyle = "#fff"; ctx.lineWidth = 5 * unit; ctx.stroke(f.path);
  ctx.strokeStyle = "#000"; ctx.lineWidth = 2.4 * unit; ctx.stroke(f.path);
}

const boxesShown = (v) => state.view === "us" && v.scale >= 0.72 && v.zoom < 1.5;

function symbolOf(f) {
  const style = styleOf(f.row), answer = answerOf(f.row, state.substance);
  if (state.mode === "fresh") return style.symbol;
  const age = style.id === "age-restricted" && answer >= 0 && value("min_age", answer);
  /* Where no rule was found there is no text that could have been seen. */
  const marks = flagsOf(f.row).filter((flag) => flag !== "reported-only" || style.id !== "no-specific-law")
    .map((flag) => data.marks[flag] || "").join("");
  return (age ? age + "+" : style.symbol) + (state.mode === "next" || state.mode === "if" ? (later[f.row] ? "»" : "") + (more ? more.mark(f.code) : "") : marks);
}

function paintLetters(ctx, v) {
  ctx.textAlign = "center"; ctx.textBaseline = "middle"; ctx.lineJoin = "round";
  for (const f of layers[state.view].features) {
    const box = BOXES[f.code], x = f.middle[0] * v.scale, y = f.middle[1] * v.scale;
    const wide = (f.main[2] - f.main[0]) * v.scale, high = (f.main[3] - f.main[1]) * v.scale;
    if (box && boxesShown(v)) paintBox(ctx, f, box[0] * v.scale, box[1] * v.scale, x, y);
    else if (labelled(f, v.scale)) paintLabel(ctx, f, x, y);
    else if (!f.tile && small(f, v.scale)) paintDot(ctx, f, v, 3);
    else if (wide > 18 && high > 14) paintSymbol(ctx, f, x, y);
  }
}

function inks(style) {
  return style.text === "#000000" ? "rgba(0,0,0,.92)" : style.text;
}

function paintLabel(ctx, f, x, y) {
  const style = styleOf(f.row);
  ctx.lineWidth = 3.5; ctx.strokeStyle = style.colour; ctx.fillStyle = inks(style);
  for (const [text, font, lower] of [[f.code.slice(3), "600 11px ", -6], [symbolOf(f), "700 11px ", 6]]) {
    ctx.font = font + "system-ui, sans-serif";
    ctx.strokeText(text, x, y + lower);
    ctx.fillText(text, x, y + lower);
  }
}

function paintSymbol(ctx, f, x, y) {
  const style = styleOf(f.row);
  ctx.font = "700 9px system-ui, sans-serif";
  ctx.lineWidth = 2.5; ctx.strokeStyle = style.colour; ctx.fillStyle = inks(style);
  ctx.strokeText(style.symbol, x, y); ctx.fillText(style.symbol, x, y);
}

function paintBox(ctx, f, x, y, px, py) {
  const style = styleOf(f.row), w = 56, h = 17;
  if (x > px + w) {
    ctx.strokeStyle = "rgba(110,110,110,.9)"; ctx.lineWidth = 1;
    ctx.beginPath(); ctx.moveTo(px, py); ctx.lineTo(x - w / 2, y); ctx.stroke();
  }
  const chosen = state.place === f.code;
  ctx.fillStyle = style.colour; ctx.strokeStyle = chosen ? "#000" : "rgba(35,35,35,.8)";
  ctx.lineWidth = chosen ? 2.5 : 1;
  ctx.fillRect(x - w / 2, y - h / 2, w, h); ctx.strokeRect(x - w / 2, y - h / 2, w, h);
  ctx.font = "600 11px system-ui, sans-serif"; ctx.fillStyle = style.text;
  ctx.fillText(f.code.slice(3) + " " + symbolOf(f), x, y + 0.5, w - 4);
}

function small(f, scale) {
  return !f.path || Math.max(f.box[2] - f.box[0], f.box[3] - f.box[1]) * scale < 6 ||
    Math.max(f.main[2] - f.main[0], f.main[3] - f.main[1]) * scale < 3;
}

function paintWorldMarks(ctx, v) {
  const features = layers.world.features;
  for (const f of features) if (small(f, v.scale)) paintDot(ctx, f, v, 3.2);
  ctx.textAlign = "center"; ctx.textBaseline = "middle"; ctx.font = "700 11px system-ui, sans-serif";
  for (const f of features) {
    const size = Math.min(f.main[2] - f.main[0], f.main[3] - f.main[1]) * v.scale, style = styleOf(f.row);
    if (size < 30 || style.id === UNKNOWN || style.id === "never") continue;
    const x = f.middle[0] * v.scale, y = f.middle[1] * v.scale;
    ctx.lineWidth = 3.5; ctx.strokeStyle = style.colour; ctx.fillStyle = inks(style);
    ctx.strokeText(symbolOf(f), x, y); ctx.fillText(symbolOf(f), x, y);
  }
}

/* A town is drawn only where its law differs from what its state already shows. */
function markerShown(m) {
  if (!m.town) return true;
  if (state.mode === "fresh" || m.row === undefined) return false;
  if (state.mode === "next" || state.mode === "if") return stirs(m);
  return shades[m.row] !== unknownAt && shades[m.row] !== shades[rowOf(parent(m.code))];
}

const townSize = (v) => v.scale < 0.6 ? 1.5 : v.zoom < 0.5 ? 2.4 : v.zoom < 1 ? 3.4 : 5.5;

const labelled = (f, scale) => (f.main[2] - f.main[0]) * scale > 40 && (f.main[3] - f.main[1]) * scale > 30 &&
  (f.tile || scale >= 0.5);

/* Far out, the label of a state says by itself that there are stricter local rules. */
function underLabel(m, { scale, zoom }) {
  const f = m.town && zoom < 0.5 && m.code !== state.place && place[parent(m.code)];
  return f && f.path && state.view === "us" && labelled(f, scale) &&
    Math.abs(f.middle[0] - m.middle[0]) * scale < 17 && Math.abs(f.middle[1] - m.middle[1]) * scale < 15;
}

function paintDot(ctx, f, v, radius) {
  const x = f.middle[0] * v.scale, y = f.middle[1] * v.scale, chosen = f.code === state.place;
  const ring = Math.min(1.8, radius * 0.7);
  for (const [colour, size] of [["rgba(255,255,255,.95)", radius + (chosen ? 4 : ring)],
    ["#222", radius + (chosen ? 2.4 : ring / 2)], [styleOf(f.row).colour, radius]]) {
    ctx.fillStyle = colour;
    ctx.beginPath(); ctx.arc(x, y, size, 0, 7); ctx.fill();
  }
}

function draw() { if (canvas) canvas.paint(); }

/* ---- pointing ---- */

const probe = document.createElement("canvas").getContext("2d");
const near = (f, at, scale, reach) => Math.hypot(f.middle[0] - at[0], f.middle[1] - at[1]) * scale <= reach;
const inside = (f, at) => at[0] >= f.box[0] && at[0] <= f.box[2] && at[1] >= f.box[1] && at[1] <= f.box[3] &&
  probe.isPointInPath(f.path, at[0], at[1], "evenodd") &&
  (!isPart(f.code) || inside(place[parent(f.code)], at));

function placeAt(latlng) {
  const layer = layers[state.view], at = [latlng.lng, -latlng.lat];
  if (!layer) return undefined;
  const zoom = map.getZoom(), scale = map.getZoomScale(zoom, 0);
  return layer.markers.find((m) => markerShown(m) && !underLabel(m, { scale, zoom }) && near(m, at, scale, 8)) ||
    (boxesShown({ scale, zoom }) && layer.features.find((f) => {
      const box = BOXES[f.code];
      return box && Math.abs(box[0] - at[0]) * scale <= 28 && Math.abs(box[1] - at[1]) * scale <= 11;
    })) ||
    layer.features.find((f) => !f.tile && small(f, scale) && near(f, at, scale, 7)) ||
    (state.view === "us" && counties && zoom >= COUNTY_ZOOM && counties.find((f) => inside(f, at))) ||
    (partsShown(zoom) && parts.find((f) => f.row !== undefined && inside(f, at))) ||
    layer.features.find((f) => inside(f, at));
}

function lookAt(code) {
  const f = state.view === "tiles" ? null : place[code];
  if (!f) return;
  if (!f.path) { map.setView([-f.middle[1], f.middle[0]], 2.5, { animate: false }); return; }
  const b = f.main && state.view === "world" ? f.main : f.box;
  map.fitBounds([[-b[3], b[0]], [-b[1], b[2]]], {
    animate: false, padding: [40, 40], maxZoom: isCounty(code) ? 3.5 : 2.5,
  });
}

let fitted = "";
const whereNow = () => {
  const c = map.getCenter();
  return [c.lng.toFixed(0), c.lat.toFixed(0), map.getZoom().toFixed(2)].join(",");
};

function fitView() {
  const b = BOUNDS[state.view], bounds = [[-b[3], b[0]], [-b[1], b[2]]];
  map.setMinZoom(-5); map.setMaxZoom(DEEPEST[state.view]);
  map.setMaxBounds(null);
  /* On a narrow screen the zoom buttons lie in a band above the map. */
  map.fitBounds(bounds, {
    animate: false, paddingTopLeft: [4, map.getSize().x < 500 ? 62 : 4], paddingBottomRight: [4, 4],
  });
  fitted = whereNow();
  map.setMinZoom(Math.floor((map.getZoom() - 0.5) * 4) / 4);
  map.setMaxBounds(L.latLngBounds(bounds).pad(0.35));
}

/* ---- paper ---- */

/* Of one size whatever the screen, sharp, and with the legend. */
const PAPER = { width: "870px", height: "525px" };

function toPaper() {
  if (!canvas || onPaper) return;
  const legend = byId("legend"), before = map.getSize();
  onPaper = { centre: map.getCenter(), zoom: map.getZoom(), whole: whereNow() === fitted, open: legend.open };
  Object.assign(byId("stage").style, PAPER);
  legend.open = true;
  map.invalidateSize({ animate: false });
  const size = map.getSize(), wider = Math.log2(Math.min(size.x / before.x, size.y / before.y));
  if (onPaper.whole) fitView();
  else {
    map.setMinZoom(-5);
    map.setView(onPaper.centre, onPaper.zoom + wider, { animate: false });
  }
}

function fromPaper() {
  if (!onPaper) return;
  const { centre, zoom, whole, open } = onPaper;
  onPaper = null;
  Object.assign(byId("stage").style, { width: "", height: "" });
  byId("legend").open = open;
  map.invalidateSize({ animate: false });
  fitView();
  if (!whole) map.setView(centre, zoom, { animate: false });
}

addEventListener("beforeprint", toPaper);
addEventListener("afterprint", fromPaper);
