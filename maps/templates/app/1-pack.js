/* Reading: varints, lines, places, and chunks on demand. */
const data = JSON.parse(document.getElementById("atlas-data").textContent);
const byId = (id) => document.getElementById(id);
/* Without a prototype: words from the address must not find "constructor". */
const dictionary = () => Object.create(null);

/* One kind of digits in every language: those of the codes, citations and dates beside them. */
const LANG = document.documentElement.lang, LOCALE = LANG + "-u-ca-gregory-nu-latn";
/* Made when first asked for: each is slow to make, and the first drawing needs none. */
const once = (make) => { let made; return () => made ||= make(); };
const numbers = once(() => new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 6 }));
const plurals = once(() => new Intl.PluralRules(LOCALE)), collator = once(() => new Intl.Collator(LOCALE));
const number = (n) => numbers().format(n);
/* What is put into a sentence keeps its own direction. */
const isolate = document.documentElement.dir === "rtl" ? (text) => "\u2068" + text + "\u2069" : String;
/* Words of the interface: by their English, with what varies in braces. The build puts the words
   of another language in their place; plural forms then come as one value for each of its kinds. */
const t = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => isolate(values[name]));
const tn = (count, one, many, values) =>
  t(many ? (count === 1 ? one : many) : one[plurals().select(count)] || one.other, { n: number(count), ...values });
const COMMA = t(", "), SEMICOLON = t("; ");

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
const VALUE = new Uint8Array(128);
for (let a = 0; a < 64; a++) VALUE[ALPHABET.charCodeAt(a)] = a;

/* In one loop over the whole text: it is compiled while it runs. */
function decode(text) {
  const numbers = new Int32Array(text.length);
  let count = 0, result = 0, shift = 0;
  for (let at = 0; at < text.length; at++) {
    const bits = VALUE[text.charCodeAt(at)];
    result |= (bits & 31) << shift;
    if (bits & 32) shift += 5;
    else {
      numbers[count++] = (result >>> 1) ^ -(result & 1);
      result = shift = 0;
    }
  }
  return numbers.subarray(0, count);
}

function reader(text) {
  const numbers = decode(text);
  let at = 0;
  return () => numbers[at++];
}

function readArcs(text, grid) {
  const numbers = decode(text), arcs = [];
  let at = 1, x = 0, y = 0;
  for (let left = numbers[0]; left > 0; left--) {
    const arc = new Float32Array(numbers[at++] * 2);
    for (let j = 0; j < arc.length; j += 2) {
      x += numbers[at++]; y += numbers[at++];
      arc[j] = x / grid; arc[j + 1] = y / grid;
    }
    arcs.push(arc);
  }
  return arcs;
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

/* `codes` and `labels` may be those of another chunk, which tells the same places less finely. */
function readPlaces(places, codes, labels, arcs) {
  const next = reader(places);
  let last = 0;
  return codes.map((code, i) => {
    const rings = [];
    for (let polygons = next(); polygons > 0; polygons--)
      for (let count = next(); count > 0; count--) {
        const ring = [];
        for (let length = next(); length > 0; length--) { last += next(); ring.push(last & 1 ? ~(last >> 1) : last >> 1); }
        rings.push(ring);
      }
    const feature = new Feature(code, rings, arcs);
    if (labels) feature.middle = labels[i];
    return feature;
  });
}

function mesh(arcs) {
  const path = new Path2D();
  for (const arc of arcs) {
    path.moveTo(arc[0], arc[1]);
    for (let k = 2; k < arc.length; k += 2) path.lineTo(arc[k], arc[k + 1]);
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
