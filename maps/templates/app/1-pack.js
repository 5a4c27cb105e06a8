/* Reading: varints, lines, places, and chunks on demand. */
const data = JSON.parse(document.getElementById("atlas-data").textContent);
const byId = (id) => document.getElementById(id);
/* Without a prototype: words from the address must not find "constructor". */
const dictionary = () => Object.create(null);

/* One kind of digits in every language: those of the codes, citations and dates beside them. */
const LANG = document.documentElement.lang, LOCALE = LANG + "-u-ca-gregory-nu-latn";
const numbers = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 6 });
const plurals = new Intl.PluralRules(LOCALE), collator = new Intl.Collator(LOCALE);
const number = (n) => numbers.format(n);
/* What is put into a sentence keeps its own direction. */
const isolate = document.documentElement.dir === "rtl" ? (text) => "\u2068" + text + "\u2069" : String;
/* Words of the interface: by their English, with what varies in braces. The build puts the words
   of another language in their place; plural forms then come as one value for each of its kinds. */
const t = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => isolate(values[name]));
const tn = (count, one, many, values) =>
  t(many ? (count === 1 ? one : many) : one[plurals.select(count)] || one.other, { n: number(count), ...values });
const COMMA = t(", "), SEMICOLON = t("; ");

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
const VALUE = new Uint8Array(128);
for (let a = 0; a < 64; a++) VALUE[ALPHABET.charCodeAt(a)] = a;

function reader(text) {
  let at = 0;
  return () => {
    let result = 0, shift = 0, bits;
    do {
      bits = VALUE[text.charCodeAt(at++)];
      result |= (bits & 31) << shift;
      shift += 5;
    } while (bits & 32);
    return (result >>> 1) ^ -(result & 1);
  };
}

function readArcs(text, grid, into) {
  const next = reader(text), count = next();
  let x = 0, y = 0;
  for (let i = 0; i < count; i++) {
    const length = next(), arc = new Float32Array(length * 2);
    for (let j = 0; j < length; j++) {
      x += next(); y += next();
      arc[2 * j] = x / grid; arc[2 * j + 1] = y / grid;
    }
    into.push(arc);
  }
  return into;
}

/* A place with an outline: its path, its box, and the box of its largest part. */
function Feature(code, rings, arcs) {
  this.code = code;
  this.path = new Path2D();
  this.box = [Infinity, Infinity, -Infinity, -Infinity];
  let largest = 0;
  for (const ring of rings) {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    let first = true;
    for (const number of ring) {
      const arc = arcs[number < 0 ? ~number : number], n = arc.length / 2;
      for (let k = first ? 0 : 1; k < n; k++) {
        const p = number < 0 ? n - 1 - k : k, x = arc[2 * p], y = arc[2 * p + 1];
        if (first) { this.path.moveTo(x, y); first = false; } else this.path.lineTo(x, y);
        if (x < box[0]) box[0] = x;
        if (x > box[2]) box[2] = x;
        if (y < box[1]) box[1] = y;
        if (y > box[3]) box[3] = y;
      }
    }
    this.path.closePath();
    const size = (box[2] - box[0]) * (box[3] - box[1]);
    if (size >= largest) {
      largest = size;
      this.middle = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
      this.main = box;
    }
    this.box = [Math.min(this.box[0], box[0]), Math.min(this.box[1], box[1]),
      Math.max(this.box[2], box[2]), Math.max(this.box[3], box[3])];
  }
}

function readPlaces(geometry, arcs) {
  const next = reader(geometry.places);
  let last = 0;
  return geometry.codes.map((code, i) => {
    const rings = [];
    for (let polygons = next(); polygons > 0; polygons--)
      for (let count = next(); count > 0; count--) {
        const ring = [];
        for (let length = next(); length > 0; length--) { last += next(); ring.push(last & 1 ? ~(last >> 1) : last >> 1); }
        rings.push(ring);
      }
    const feature = new Feature(code, rings, arcs);
    if (geometry.labels) feature.middle = geometry.labels[i];
    return feature;
  });
}

function mesh(arcs, from) {
  const path = new Path2D();
  for (let i = from; i < arcs.length; i++) {
    path.moveTo(arcs[i][0], arcs[i][1]);
    for (let k = 2; k < arcs[i].length; k += 2) path.lineTo(arcs[i][k], arcs[i][k + 1]);
  }
  return path;
}

/* Chunks: inside this file, or a script beside it. No fetch(): browsers refuse it from file://. */
const chunks = dictionary();

function load(name) {
  if (!chunks[name]) {
    const chunk = chunks[name] = {};
    chunk.promise = new Promise((resolve, reject) => {
      chunk.resolve = resolve;
      const inside = byId("chunk-" + name);
      if (inside) return resolve(JSON.parse(inside.textContent));
      if (data.chunks === null) return reject(new Error(name));
      const script = document.createElement("script");
      script.src = data.chunks + name + ".js";
      script.onerror = () => { delete chunks[name]; reject(new Error(name)); };
      document.head.append(script);
    });
  }
  return chunks[name].promise;
}

function arrived(name, content) { chunks[name].resolve(content); }
