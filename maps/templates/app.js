"use strict";
/* Draws the places on one canvas and links them to the panel, the legend and the address.
   Every text that comes from the data goes through textContent: nothing is parsed as HTML. */
var KratomAtlas = (function () {
  var data = JSON.parse(document.getElementById("atlas-data").textContent);
  var ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
  /* Without a prototype: words from the address must not find "constructor". */
  function dictionary() { return Object.create(null); }

  var VALUE = dictionary();
  for (var a = 0; a < 64; a++) VALUE[ALPHABET.charCodeAt(a)] = a;

  var byId = function (id) { return document.getElementById(id); };
  var UNKNOWN = "unknown";
  var COUNTY_ZOOM = 1;
  var SHOWS = ["total", "own", "possess", "sell"];
  var BOUNDS = { us: [-45, -10, 1005, 652], world: [14, 0, 1000, 440] };
  var DEEPEST = { us: 5, world: 4 };
  /* Letters of places too small to hold them: boxes beside the coast and below the insets. */
  var BOXES = {
    "US-VT": [965, 150], "US-NH": [965, 174], "US-MA": [965, 198], "US-RI": [965, 222],
    "US-CT": [965, 246], "US-NJ": [965, 270], "US-DE": [965, 294], "US-MD": [965, 318],
    "US-DC": [965, 342], "US-GU": [556, 640], "US-MP": [631, 640], "US-AS": [706, 640],
    "US-PR": [790, 640], "US-VI": [880, 640], "US-HI": [318, 600]
  };

  var style = dictionary();
  data.statuses.forEach(function (s) { style[s.id] = s; });

  /* ---- reading ---- */

  function reader(text) {
    var at = 0;
    return function () {
      var result = 0, shift = 0, bits;
      do {
        bits = VALUE[text.charCodeAt(at++)];
        result |= (bits & 31) << shift;
        shift += 5;
      } while (bits & 32);
      return (result >>> 1) ^ -(result & 1);
    };
  }

  function readArcs(text, grid, into) {
    var next = reader(text), count = next(), x = 0, y = 0;
    for (var i = 0; i < count; i++) {
      var length = next(), arc = new Float64Array(length * 2);
      for (var j = 0; j < length; j++) {
        x += next(); y += next();
        arc[2 * j] = x / grid; arc[2 * j + 1] = y / grid;
      }
      into.push(arc);
    }
    return into;
  }

  function Feature(code, name, rings, arcs) {
    this.code = code; this.name = name;
    var path = this.path = new Path2D();
    var west = Infinity, north = Infinity, east = -Infinity, south = -Infinity, largest = 0;
    var self = this;
    rings.forEach(function (ring) {
      var first = true, box = [Infinity, Infinity, -Infinity, -Infinity];
      ring.forEach(function (number) {
        var arc = arcs[number < 0 ? ~number : number], n = arc.length / 2;
        for (var k = first ? 0 : 1; k < n; k++) {
          var p = number < 0 ? n - 1 - k : k, x = arc[2 * p], y = arc[2 * p + 1];
          if (first) { path.moveTo(x, y); first = false; } else path.lineTo(x, y);
          if (x < box[0]) box[0] = x;
          if (x > box[2]) box[2] = x;
          if (y < box[1]) box[1] = y;
          if (y > box[3]) box[3] = y;
        }
      });
      path.closePath();
      var size = (box[2] - box[0]) * (box[3] - box[1]);
      if (size >= largest) {
        largest = size;
        self.middle = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
        self.main = box;
      }
      west = Math.min(west, box[0]); north = Math.min(north, box[1]);
      east = Math.max(east, box[2]); south = Math.max(south, box[3]);
    });
    this.box = [west, north, east, south];
  }

  function readPlaces(geometry, arcs) {
    var next = reader(geometry.places), last = 0;
    return geometry.codes.map(function (code, i) {
      var rings = [];
      for (var polygons = next(); polygons > 0; polygons--)
        for (var count = next(); count > 0; count--) {
          var ring = [];
          for (var length = next(); length > 0; length--) ring.push(last += next());
          rings.push(ring);
        }
      var feature = new Feature(code, names[code] || geometry.names[i], rings, arcs);
      if (geometry.labels) feature.middle = geometry.labels[i];
      return feature;
    });
  }

  function mesh(arcs, from) {
    var path = new Path2D();
    for (var i = from; i < arcs.length; i++) {
      path.moveTo(arcs[i][0], arcs[i][1]);
      for (var k = 2; k < arcs[i].length; k += 2) path.lineTo(arcs[i][k], arcs[i][k + 1]);
    }
    return path;
  }

  var table = data.table, row = dictionary(), names = dictionary();
  table.codes.forEach(function (code, i) { row[code] = i; names[code] = table.names[i]; });

  var usArcs = readArcs(data.states.arcs, data.states.grid, []);
  var worldArcs = readArcs(data.world.arcs, data.world.grid, []);
  var layers = {
    us: { features: readPlaces(data.states, usArcs), mesh: mesh(usArcs, 0), markers: [] },
    world: { features: readPlaces(data.world, worldArcs), mesh: mesh(worldArcs, 0), markers: [] }
  };
  data.world.points.forEach(function (p) {
    layers.world.markers.push({ code: p[0], name: names[p[0]] || p[1], middle: [p[2], p[3]] });
  });
  data.points.forEach(function (p) {
    layers[p[2]].markers.push({
      code: p[0], name: names[p[0]] || p[1], middle: [p[3], p[4]], town: true
    });
  });
  var counties = null, countyMesh = null, countiesAsked = false;

  var place = dictionary();  /* code -> feature or marker; the United States are one country of the world */
  ["world", "us"].forEach(function (view) {
    layers[view].features.concat(layers[view].markers).forEach(function (f) { place[f.code] = f; });
  });

  /* ---- answers ---- */

  function parent(code) {
    var parts = code.split("-");
    return parts.length > 1 ? parts.slice(0, parts.length > 2 ? 2 : 1).join("-") : "";
  }

  function isCounty(code) { return /^US-[A-Z]{2}-\d{5}$/.test(code); }

  function answer(code, substance) {
    var at = row[code];
    if (at === undefined) return null;
    var record = table.sets[table.set[at]][substance === undefined ? state.substance : substance];
    if (record < 0) return null;
    var out = {};
    Object.keys(table.records).forEach(function (column) {
      out[column] = table.words[column][table.records[column][record]];
    });
    return out;
  }

  /* The look of a place under the chosen colouring: a status id. A county without a row of its
     own is drawn as its state, because nothing else is known that binds there; but the state's
     law is not its own law. */
  function statusOf(code, substance, show) {
    var found = answer(code, substance);
    show = show || state.show;
    if (!found) {
      if (isCounty(code) && show !== "own") return statusOf(parent(code), substance, show);
      return UNKNOWN;
    }
    var word = found[show + "_status"];
    if (show === "possess" || show === "sell") return data.activities[word].look;
    return word;
  }

  function wordOf(code) {
    var found = answer(code);
    if (state.show === "possess" || state.show === "sell") {
      var word = found ? found[state.show + "_status"] : UNKNOWN;
      if (!found && isCounty(code)) return wordOf(parent(code));
      return data.activities[word].label;
    }
    return style[statusOf(code)].label;
  }

  function flagsOf(code) {
    var found = answer(code);
    return found && found.flags ? found.flags.split(";").filter(Boolean) : [];
  }

  /* ---- state and address ---- */

  var state = { view: data.view, substance: 0, show: "total", place: "" };
  var map, canvas;

  function viewOf(code, wanted) {
    if (code.slice(0, 3) !== "US-" || (wanted === "world" && layerHas("world", code)))
      return "world";
    return layerHas("us", code) || isCounty(code) || parent(code) !== "US" ? "us" : "world";
  }

  function layerHas(view, code) {
    return layers[view].features.concat(layers[view].markers).some(function (f) {
      return f.code === code;
    });
  }

  function readAddress() {
    var wanted = new URLSearchParams(location.hash.slice(1));
    var substance = data.substances.map(function (s) { return s[0]; })
      .indexOf(wanted.get("substance"));
    var code = wanted.get("place") || "";
    state.substance = substance < 0 ? 0 : substance;
    state.show = SHOWS.indexOf(wanted.get("show")) < 0 ? "total" : wanted.get("show");
    state.view = ["us", "world"].indexOf(wanted.get("view")) < 0 ? data.view : wanted.get("view");
    state.place = "";
    if (isCounty(code)) loadCounties();
    if (code in place || code in row || isCounty(code)) {
      state.place = code;
      state.view = viewOf(code, wanted.get("view"));
    }
  }

  function writeAddress() {
    var words = new URLSearchParams();
    words.set("view", state.view);
    if (state.place) words.set("place", state.place);
    words.set("substance", data.substances[state.substance][0]);
    if (state.show !== "total") words.set("show", state.show);
    history.replaceState(null, "", "#" + words);
  }

  /* ---- counties, on demand ---- */

  function loadCounties() {
    if (countiesAsked) return;
    countiesAsked = true;
    /* A script element and not fetch(): browsers do not fetch from file://. */
    var script = document.createElement("script");
    script.src = data.counties;
    script.onerror = function () {
      countiesAsked = false;
      say("County boundaries could not be loaded.");
    };
    document.head.appendChild(script);
  }

  function addCounties(geometry) {
    var arcs = usArcs.slice(), first = arcs.length;
    readArcs(geometry.arcs, geometry.grid, arcs);
    counties = readPlaces(geometry, arcs);
    countyMesh = mesh(arcs, first);
    counties.forEach(function (f) {
      if (!(f.code in names)) f.name += ", " + parent(f.code).slice(3);
      place[f.code] = f;
    });
    searchable = null;
    document.documentElement.setAttribute("data-counties", String(counties.length));
    if (isCounty(state.place)) { showPlace(); lookAt(state.place); }
    fillLegend();
    draw();
  }

  /* ---- drawing ---- */

  var tiles = dictionary();
  function fill(id, scale, ratio) {
    var s = style[id];
    if (!s.lines) return s.colour;
    var key = id + ratio;
    if (!tiles[key]) {
      var tile = document.createElement("canvas"), ctx = tile.getContext("2d");
      tile.width = tile.height = Math.round(8 * ratio);
      ctx.scale(tile.width / 8, tile.height / 8);
      ctx.fillStyle = s.colour;
      ctx.fillRect(0, 0, 8, 8);
      ctx.strokeStyle = s.line;
      ctx.lineWidth = 1.6;
      ctx.stroke(new Path2D(s.lines));
      tiles[key] = { pattern: ctx.createPattern(tile, "repeat"), size: tile.width };
    }
    var zoom = 8 / tiles[key].size / scale;
    tiles[key].pattern.setTransform(new DOMMatrix().scale(zoom, zoom));
    return tiles[key].pattern;
  }

  var Canvas = L.Renderer.extend({
    options: { padding: 0.2 },
    _initContainer: function () {
      this._container = document.createElement("canvas");
      this._container.setAttribute("aria-hidden", "true");
    },
    _destroyContainer: function () { this._container.remove(); },
    _updatePaths: function () {},
    _updateTransform: function (center, zoom) {
      /* At rest on whole pixels: Leaflet's own offset is fractional and blurs every line. */
      if (zoom === this._zoom && this._bounds) L.DomUtil.setPosition(this._container, this._bounds.min);
      else L.Renderer.prototype._updateTransform.call(this, center, zoom);
    },
    _update: function () {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      var size = this._bounds.getSize(), ratio = window.devicePixelRatio || 1;
      var element = this._container;
      L.DomUtil.setPosition(element, this._bounds.min);
      element.width = Math.round(size.x * ratio);
      element.height = Math.round(size.y * ratio);
      element.style.width = size.x + "px";
      element.style.height = size.y + "px";
      this.paint();
    },
    paint: function () {
      if (!this._bounds) return;
      var ratio = window.devicePixelRatio || 1, scale = this._map.getZoomScale(this._map.getZoom(), 0);
      var origin = this._map.getPixelOrigin().add(this._bounds.min), size = this._bounds.getSize();
      paintAll(this._container.getContext("2d"), {
        ratio: ratio, scale: scale, x: -origin.x, y: -origin.y, zoom: this._map.getZoom(),
        box: [origin.x / scale, origin.y / scale,
          (origin.x + size.x) / scale, (origin.y + size.y) / scale]
      });
    }
  });

  function seen(box, frame) {
    return box[2] >= frame[0] && box[0] <= frame[2] && box[3] >= frame[1] && box[1] <= frame[3];
  }

  function paintAll(ctx, v) {
    var layer = layers[state.view], unit = 1 / v.scale;
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, ctx.canvas.width, ctx.canvas.height);
    ctx.setTransform(v.ratio * v.scale, 0, 0, v.ratio * v.scale, v.ratio * v.x, v.ratio * v.y);
    ctx.lineJoin = "round";
    layer.features.forEach(function (f) {
      if (seen(f.box, v.box)) paintFill(ctx, f, statusOf(f.code), v);
    });
    if (state.view === "us" && counties && v.zoom >= COUNTY_ZOOM) paintCounties(ctx, v, unit);
    var wide = state.view === "us" ? (v.zoom >= COUNTY_ZOOM ? 1.7 : 0.95) : 0.4;
    ctx.strokeStyle = "rgba(35,35,35,.8)"; ctx.lineWidth = (wide * 1.5 + 0.5) * unit;
    ctx.stroke(layer.mesh);
    ctx.strokeStyle = "rgba(255,255,255,.9)"; ctx.lineWidth = wide * unit;
    ctx.stroke(layer.mesh);
    paintChosen(ctx, v, unit);
    ctx.setTransform(v.ratio, 0, 0, v.ratio, v.ratio * v.x, v.ratio * v.y);
    if (state.view === "us") paintLetters(ctx, v);
    else paintWorldMarks(ctx, v);
    paintMarkers(ctx, v);
  }

  function paintFill(ctx, f, id, v) {
    ctx.fillStyle = fill(id, v.scale * v.ratio, v.ratio);
    ctx.fill(f.path, "evenodd");
  }

  function paintCounties(ctx, v, unit) {
    counties.forEach(function (f) {
      if (!seen(f.box, v.box)) return;
      var id = statusOf(f.code);
      if (state.show === "own" && id === UNKNOWN) return;
      if (id !== statusOf(parent(f.code))) paintFill(ctx, f, id, v);
    });
    /* Light under dark, so that the line is seen on pale and on dark fills. */
    ctx.strokeStyle = "rgba(255,255,255,.28)"; ctx.lineWidth = 1.5 * unit;
    ctx.stroke(countyMesh);
    ctx.strokeStyle = "rgba(40,40,40,.5)"; ctx.lineWidth = 0.7 * unit;
    ctx.stroke(countyMesh);
  }

  function paintChosen(ctx, v, unit) {
    var f = place[state.place];
    if (!f || !f.path || (state.view === "us") !== (f.code.slice(0, 3) === "US-")) return;
    ctx.strokeStyle = "#fff"; ctx.lineWidth = 5 * unit; ctx.stroke(f.path);
    ctx.strokeStyle = "#000"; ctx.lineWidth = 2.4 * unit; ctx.stroke(f.path);
  }

  function boxesShown(v) { return v.scale >= 0.72 && v.zoom < 1.5; }

  function symbol(code) {
    var id = statusOf(code), found = answer(code), text = style[id].symbol;
    var age = found && id === "age-restricted" ? /^\d{1,2}$/.exec(found.min_age) : null;
    if (age) text = age[0] + "+";
    return text + flagsOf(code).map(function (f) { return data.marks[f] || ""; }).join("");
  }

  function paintLetters(ctx, v) {
    ctx.textAlign = "center"; ctx.textBaseline = "middle"; ctx.lineJoin = "round";
    layers.us.features.forEach(function (f) {
      var box = BOXES[f.code], x = f.middle[0] * v.scale, y = f.middle[1] * v.scale;
      var wide = (f.main[2] - f.main[0]) * v.scale, high = (f.main[3] - f.main[1]) * v.scale;
      if (box && boxesShown(v)) paintBox(ctx, f, box[0] * v.scale, box[1] * v.scale, x, y);
      else if (wide > 40 && high > 30 && v.scale >= 0.5) paintLabel(ctx, f.code, x, y);
      else if (small(f, v.scale)) paintDot(ctx, f, v, 3);
      else if (wide > 18 && high > 14) paintSymbol(ctx, f.code, x, y);
    });
  }

  function paintLabel(ctx, code, x, y) {
    var s = style[statusOf(code)];
    ctx.lineWidth = 3.5; ctx.strokeStyle = s.colour; ctx.fillStyle = s.text;
    [[code.slice(3), "600 11px ", -6], [symbol(code), "700 11px ", 6]].forEach(function (line) {
      ctx.font = line[1] + "system-ui, sans-serif";
      ctx.strokeText(line[0], x, y + line[2]);
      ctx.fillText(line[0], x, y + line[2]);
    });
  }

  function paintSymbol(ctx, code, x, y) {
    var s = style[statusOf(code)];
    ctx.font = "700 9px system-ui, sans-serif";
    ctx.lineWidth = 2.5; ctx.strokeStyle = s.colour; ctx.fillStyle = s.text;
    ctx.strokeText(s.symbol, x, y); ctx.fillText(s.symbol, x, y);
  }

  function paintBox(ctx, f, x, y, px, py) {
    var s = style[statusOf(f.code)], w = 52, h = 17;
    if (x > px + w) {
      ctx.strokeStyle = "rgba(110,110,110,.9)"; ctx.lineWidth = 1;
      ctx.beginPath(); ctx.moveTo(px, py); ctx.lineTo(x - w / 2, y); ctx.stroke();
    }
    ctx.fillStyle = s.colour; ctx.strokeStyle = state.place === f.code ? "#000" : "rgba(35,35,35,.8)";
    ctx.lineWidth = state.place === f.code ? 2.5 : 1;
    ctx.fillRect(x - w / 2, y - h / 2, w, h); ctx.strokeRect(x - w / 2, y - h / 2, w, h);
    ctx.font = "600 11px system-ui, sans-serif"; ctx.fillStyle = s.text;
    ctx.fillText(f.code.slice(3) + " " + symbol(f.code), x, y + 0.5);
  }

  function small(f, scale) {
    return !f.path || Math.max(f.box[2] - f.box[0], f.box[3] - f.box[1]) * scale < 6 ||
      Math.max(f.main[2] - f.main[0], f.main[3] - f.main[1]) * scale < 3;
  }

  function paintWorldMarks(ctx, v) {
    layers.world.features.forEach(function (f) {
      if (small(f, v.scale)) paintDot(ctx, f, v, 3.2);
    });
    ctx.textAlign = "center"; ctx.textBaseline = "middle"; ctx.font = "700 11px system-ui, sans-serif";
    layers.world.features.forEach(function (f) {
      var size = Math.min(f.main[2] - f.main[0], f.main[3] - f.main[1]) * v.scale;
      if (size < 30) return;
      var s = style[statusOf(f.code)], x = f.middle[0] * v.scale, y = f.middle[1] * v.scale;
      if (s.id === UNKNOWN) return;
      ctx.lineWidth = 3.5; ctx.strokeStyle = s.colour; ctx.fillStyle = s.text;
      ctx.strokeText(symbol(f.code), x, y); ctx.fillText(symbol(f.code), x, y);
    });
  }

  /* A town is drawn only where its law differs from what its state already shows. */
  function markerShown(m) {
    if (!m.town) return true;
    var id = statusOf(m.code);
    return m.code in row && id !== UNKNOWN && id !== statusOf(parent(m.code));
  }

  function paintMarkers(ctx, v) {
    layers[state.view].markers.forEach(function (m) {
      if (markerShown(m)) paintDot(ctx, m, v, m.town ? (v.zoom < 1 ? 3.6 : 5.5) : 3.2);
    });
  }

  function paintDot(ctx, f, v, radius) {
    var x = f.middle[0] * v.scale, y = f.middle[1] * v.scale, chosen = f.code === state.place;
    [["rgba(255,255,255,.95)", radius + (chosen ? 4 : 1.8)], ["#222", radius + (chosen ? 2.4 : 0.9)],
      [style[statusOf(f.code)].colour, radius]].forEach(function (ring) {
      ctx.fillStyle = ring[0];
      ctx.beginPath(); ctx.arc(x, y, ring[1], 0, 7); ctx.fill();
    });
  }

  function draw() { if (canvas) canvas.paint(); }

  /* ---- pointing ---- */

  var probe = document.createElement("canvas").getContext("2d");

  function near(f, at, scale, reach) {
    return Math.hypot(f.middle[0] - at[0], f.middle[1] - at[1]) * scale <= reach;
  }

  function inside(f, at) {
    return at[0] >= f.box[0] && at[0] <= f.box[2] && at[1] >= f.box[1] && at[1] <= f.box[3] &&
      probe.isPointInPath(f.path, at[0], at[1], "evenodd");
  }

  function placeAt(latlng) {
    var at = [latlng.lng, -latlng.lat], zoom = map.getZoom(), scale = map.getZoomScale(zoom, 0);
    var layer = layers[state.view];
    var hit = layer.markers.find(function (m) { return markerShown(m) && near(m, at, scale, 8); });
    if (!hit && state.view === "us" && boxesShown({ scale: scale, zoom: zoom }))
      hit = layer.features.find(function (f) {
        var box = BOXES[f.code];
        return box && Math.abs(box[0] - at[0]) * scale <= 26 && Math.abs(box[1] - at[1]) * scale <= 11;
      });
    if (!hit)
      hit = layer.features.find(function (f) { return small(f, scale) && near(f, at, scale, 7); });
    if (!hit && state.view === "us" && counties && zoom >= COUNTY_ZOOM)
      hit = counties.find(function (f) { return inside(f, at); });
    return hit || layer.features.find(function (f) { return inside(f, at); });
  }

  function lookAt(code) {
    var f = place[code];
    if (!f) return;
    if (!f.path) { map.setView([-f.middle[1], f.middle[0]], 2.5, { animate: false }); return; }
    var b = f.main && state.view === "world" ? f.main : f.box;
    map.fitBounds([[-b[3], b[0]], [-b[1], b[2]]], {
      animate: false, padding: [40, 40], maxZoom: isCounty(code) ? 3.5 : 2.5
    });
  }

  var fittedZoom = null;
  function fitView() {
    var b = BOUNDS[state.view], bounds = [[-b[3], b[0]], [-b[1], b[2]]];
    map.setMinZoom(-5); map.setMaxZoom(DEEPEST[state.view]);
    map.setMaxBounds(null);
    /* On a narrow screen the zoom buttons lie in a band above the map. */
    map.fitBounds(bounds, {
      animate: false, paddingTopLeft: [4, map.getSize().x < 500 ? 34 : 4], paddingBottomRight: [4, 4]
    });
    fittedZoom = map.getZoom();
    map.setMinZoom(Math.floor((map.getZoom() - 0.5) * 4) / 4);
    map.setMaxBounds(L.latLngBounds(bounds).pad(0.35));
  }

  /* ---- panel, legend, words ---- */

  function el(tag, text, className) {
    var e = document.createElement(tag);
    if (text !== undefined) e.textContent = text;
    if (className) e.className = className;
    return e;
  }

  function say(text) { byId("live").textContent = text; }

  function swatch(id) {
    return document.querySelector('#legend li[data-status="' + id + '"] svg').cloneNode(true);
  }

  function nameOf(code) { return names[code] || (place[code] ? place[code].name : code); }

  function showPlace() {
    var code = state.place, title = byId("panel-title"), body = byId("panel-body");
    body.textContent = "";
    if (!code) {
      title.textContent = "Choose a place";
      body.append(el("p", "Click a place on the map, or find it by name."));
      return;
    }
    title.textContent = nameOf(code) + " ";
    title.append(el("span", code, "code"));
    var found = answer(code), from = found || !isCounty(code) ? code : parent(code);
    var id = statusOf(from, state.substance, "total"), word = el("p", undefined, "word");
    word.append(swatch(id), el("span", style[id].label));
    body.append(word, el("p", style[id].meaning));
    if (!found) body.append(el("p", missing(code)));
    if (answer(from)) body.append(facts(answer(from)));
    if (flagsOf(from).length) body.append(flagList(from));
    if (found && found.summary) body.append(el("p", found.summary, "summary"));
    body.append(others(from));
    var at = row[from];
    if (at !== undefined && table.urls[at]) {
      var link = el("a", from === code ? "Full page" : "Full page: " + nameOf(from));
      link.href = table.urls[at];
      body.append(link);
    }
  }

  function missing(code) {
    if (isCounty(code))
      return "Local law not searched: what is shown is the status of " + nameOf(parent(code)) + ".";
    return "Nobody has looked into this place yet.";
  }

  function facts(found) {
    var list = el("dl");
    [["Substance", data.substances[state.substance][1]],
      ["What applies", style[found.total_status].label],
      ["Its own law", style[found.own_status].label],
      ["Possession", data.activities[found.possess_status].label],
      ["Sale", data.activities[found.sell_status].label],
      ["Since", found.since], ["Minimum age", found.min_age]].forEach(function (pair) {
      if (pair[1]) list.append(el("dt", pair[0]), el("dd", pair[1]));
    });
    return list;
  }

  function flagList(code) {
    var list = el("ul", undefined, "flags");
    flagsOf(code).forEach(function (id) {
      var flag = data.flags[id], item = el("li");
      item.append(el("strong", flag[0]), ": " + flag[1]);
      list.append(item);
    });
    return list;
  }

  function others(code) {
    var box = el("details"), list = el("ul", undefined, "others");
    box.append(el("summary", "Other substances"), list);
    data.substances.forEach(function (s, i) {
      if (i !== state.substance)
        list.append(el("li", s[1] + ": " + style[statusOf(code, i, "total")].label));
    });
    return box;
  }

  function drawnIn(view) {
    return layers[view].features.concat(layers[view].markers.filter(function (m) { return !m.town; }));
  }

  function fillLegend() {
    var count = dictionary();
    drawnIn(state.view).forEach(function (f) {
      var id = statusOf(f.code);
      count[id] = (count[id] || 0) + 1;
    });
    document.querySelectorAll("#legend li").forEach(function (item) {
      var id = item.dataset.status, label = legendLabel(id);
      item.hidden = label === undefined;
      item.querySelector("span").textContent = label;
      item.querySelector("b").textContent = String(count[id] || 0);
    });
    byId("legend-title").textContent = data.substances[state.substance][1] + ", " +
      (state.view === "us" ? "states and territories" : "countries and territories");
    byId("legend-local").textContent = state.view === "us" ? localLine() : "";
  }

  /* For one activity the same looks mean that activity's words. */
  function legendLabel(id) {
    if (state.show === "total" || state.show === "own") return style[id].label;
    var word = Object.keys(data.activities).find(function (w) { return data.activities[w].look === id; });
    return word && data.activities[word].label;
  }

  function localLine() {
    var differ = table.codes.filter(function (code) {
      return code.slice(0, 3) === "US-" && code.split("-").length === 3 && answer(code) &&
        statusOf(code) !== UNKNOWN && statusOf(code) !== statusOf(parent(code));
    }).length;
    return differ === 1 ? "1 county or town differs from its state. Zoom in to see it."
      : differ + " counties and towns differ from their state. Zoom in to see them.";
  }

  /* ---- choosing ---- */

  function sync() {
    document.querySelectorAll("#controls input[type=radio]").forEach(function (input) {
      var value = { substance: data.substances[state.substance][0], view: state.view, show: state.show };
      input.checked = input.value === value[input.name];
    });
    writeAddress();
    fillLegend();
    showPlace();
    draw();
  }

  function choose(code, move) {
    var view = code ? viewOf(code, state.view) : state.view, changed = view !== state.view;
    state.place = code;
    state.view = view;
    if (isCounty(code) && !counties) loadCounties();
    if (changed) fitView();
    sync();
    if (code && (move || changed)) lookAt(code);
    if (code) say(nameOf(code) + ": " + wordOf(code));
  }

  function step(by) {
    var list = drawnIn(state.view).slice().sort(function (p, q) { return p.name < q.name ? -1 : 1; });
    var at = list.findIndex(function (f) { return f.code === state.place; });
    var next = list[(at + by + list.length + (at < 0 && by < 0 ? 1 : 0)) % list.length];
    choose(next.code, false);
    var spot = [-next.middle[1], next.middle[0]];
    if (!map.getBounds().contains(spot)) map.panTo(spot, { animate: false });
  }

  function reset() {
    state.place = "";
    fitView();
    sync();
    say("Map reset.");
  }

  var searchable = null;
  function searchList() {
    if (searchable) return searchable;
    var codes = Object.keys(Object.assign(dictionary(), place, row));
    searchable = codes.map(function (code) {
      return { code: code, name: nameOf(code), label: nameOf(code) + " (" + code + ")" };
    });
    searchable.sort(function (p, q) { return p.code.length - q.code.length || (p.name < q.name ? -1 : 1); });
    return searchable;
  }

  function find(text) {
    var wanted = text.trim().toLowerCase(), list = searchList();
    if (!wanted) return null;
    var tests = [
      function (p) { return p.code.toLowerCase() === wanted; },
      function (p) { return p.label.toLowerCase() === wanted || p.name.toLowerCase() === wanted; },
      function (p) { return p.name.toLowerCase().indexOf(wanted) === 0; },
      function (p) { return p.label.toLowerCase().indexOf(wanted) >= 0; }
    ];
    /* "al" is Alabama before it is Albania only where the map shows states. */
    if (state.view === "us" && list.some(function (p) { return p.code === "US-" + wanted.toUpperCase(); }))
      return "US-" + wanted.toUpperCase();
    for (var i = 0; i < tests.length; i++) {
      var hit = list.find(tests[i]);
      if (hit) return hit.code;
    }
    return null;
  }

  function suggest() {
    var wanted = byId("search").value.trim().toLowerCase(), options = byId("places");
    options.textContent = "";
    if (wanted.length < 2) return;
    searchList().filter(function (p) { return p.label.toLowerCase().indexOf(wanted) >= 0; })
      .slice(0, 30).forEach(function (p) {
        var option = el("option");
        option.value = p.label;
        options.append(option);
      });
  }

  function search(event) {
    event.preventDefault();
    var text = byId("search").value, code = find(text);
    if (!code) { say("No place found for “" + text + "”."); byId("hover").hidden = false;
      byId("hover").textContent = "No place found for “" + text + "”."; return; }
    choose(code, true);
  }

  /* ---- listening ---- */

  function listen() {
    byId("controls").addEventListener("submit", search);
    byId("search").addEventListener("focus", loadCounties);
    byId("search").addEventListener("input", suggest);
    byId("controls").addEventListener("change", function (event) {
      var input = event.target;
      if (input.name === "substance")
        state.substance = data.substances.findIndex(function (s) { return s[0] === input.value; });
      if (input.name === "show") state.show = input.value;
      if (input.name === "view") { state.view = input.value; state.place = ""; fitView(); }
      if (input.type === "radio") {
        sync();
        say(state.place ? nameOf(state.place) + ": " + wordOf(state.place) : byId("legend-title").textContent);
      }
    });
    map.on("click", function (event) {
      var hit = placeAt(event.latlng);
      choose(hit ? hit.code : "", false);
    });
    map.on("mousemove", function (event) {
      var hit = placeAt(event.latlng);
      byId("hover").hidden = !hit;
      if (hit) byId("hover").textContent = hit.name + ": " + wordOf(hit.code);
    });
    map.on("mouseout", function () { byId("hover").hidden = true; });
    map.on("zoomend", function () {
      if (state.view === "us" && map.getZoom() >= COUNTY_ZOOM) loadCounties();
    });
    map.getContainer().addEventListener("keydown", key);
    window.addEventListener("hashchange", function () { readAddress(); fitView(); sync(); lookAt(state.place); });
    new ResizeObserver(function () {
      map.invalidateSize({ animate: false });
      if (!state.place && map.getZoom() === fittedZoom) fitView();
    }).observe(byId("stage"));
  }

  function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    var name = event.key.toLowerCase();
    if (name === "n") step(1);
    else if (name === "p") step(-1);
    else if (name === "escape") reset();
    else if (name === "enter" && state.place) { lookAt(state.place); byId("panel").focus(); }
    else return;
    event.preventDefault();
  }

  function start(foliumMap) {
    map = foliumMap;
    document.documentElement.classList.add("js");
    var box = map.getContainer();
    box.setAttribute("role", "application");
    box.setAttribute("aria-label", "Map of the law");
    box.setAttribute("aria-describedby", "keys");
    if (window.innerWidth <= 800) byId("legend").open = false;
    readAddress();
    fitView();
    canvas = new Canvas();
    canvas.addTo(map);
    listen();
    sync();
    if (state.place) lookAt(state.place);
    if (map.getZoom() >= COUNTY_ZOOM && state.view === "us") loadCounties();
    document.documentElement.setAttribute("data-ready", "1");
  }

  return { start: start, counties: addCounties };
})();
