// Erlang terms and their External Term Format, as far as CHAT uses it. Written for the tests alone and from the format's
// description, so that it is a second opinion on libs/bert and not a copy of it.
//
//   atom                Atom            tuple               Tuple
//   binary              Buffer          list                Array (nil is []), ImproperList
//   integer             number, or BigInt outside the safe range
//   float               Float           map                 Map
//
// As input also: string -> binary of its UTF-8.

import zlib from 'node:zlib';

export class Atom {
  constructor(name) { this.name = name; }
}
export class Tuple {
  constructor(items) { this.items = items; }
}
export class ImproperList {
  constructor(items, tail) { this.items = items; this.tail = tail; }
}
export class Float {
  constructor(value) { this.value = value; }
}
export class MalformedTerm extends Error {}

const atoms = new Map();
export function atom(name) {
  if (!atoms.has(name)) atoms.set(name, new Atom(name));
  return atoms.get(name);
}
export const tuple = (...items) => new Tuple(items);
export const float = (value) => new Float(value);

// ---- encoding: what term_to_binary(T, [{minor_version, 1}]) of OTP up to 25 writes

export function encode(term) {
  const parts = [Buffer.from([131])];
  write(term, parts);
  return Buffer.concat(parts);
}

function header(tag, size, value) {
  const bytes = Buffer.alloc(1 + size);
  bytes[0] = tag;
  if (size > 0) bytes.writeUIntBE(value, 1, size);
  return bytes;
}

function write(term, parts) {
  if (typeof term === 'number' || typeof term === 'bigint') return writeInteger(term, parts);
  if (typeof term === 'string') return write(Buffer.from(term, 'utf8'), parts);
  if (term instanceof Atom) return writeAtom(term.name, parts);
  if (term instanceof Uint8Array) return void parts.push(header(109, 4, term.length), term);
  if (term instanceof Tuple) {
    const small = term.items.length <= 255;
    parts.push(header(small ? 104 : 105, small ? 1 : 4, term.items.length));
    return term.items.forEach((item) => write(item, parts));
  }
  if (Array.isArray(term)) return writeList(term, parts);
  if (term instanceof ImproperList) {
    parts.push(header(108, 4, term.items.length));
    term.items.forEach((item) => write(item, parts));
    return write(term.tail, parts);
  }
  if (term instanceof Float) {
    const bytes = header(70, 0);
    const value = Buffer.alloc(8);
    value.writeDoubleBE(term.value);
    return void parts.push(bytes, value);
  }
  if (term instanceof Map) {
    parts.push(header(116, 4, term.size));
    for (const [key, value] of [...term].sort(([a], [b]) => compare(a, b))) {
      write(key, parts);
      write(value, parts);
    }
    return undefined;
  }
  throw new TypeError(`no term: ${term}`);
}

function writeInteger(term, parts) {
  if (typeof term === 'number' && !Number.isSafeInteger(term)) throw new TypeError(`no integer: ${term}`);
  const value = BigInt(term);
  if (value >= 0n && value <= 255n) return void parts.push(header(97, 1, Number(value)));
  if (value >= -(2n ** 31n) && value < 2n ** 31n) {
    const bytes = header(98, 4, 0);
    bytes.writeInt32BE(Number(value), 1);
    return void parts.push(bytes);
  }
  let hex = (value < 0n ? -value : value).toString(16);
  if (hex.length % 2) hex = `0${hex}`;
  const magnitude = Buffer.from(hex, 'hex').reverse();
  const small = magnitude.length <= 255;
  parts.push(header(small ? 110 : 111, small ? 1 : 4, magnitude.length), Buffer.from([value < 0n ? 1 : 0]), magnitude);
}

function writeAtom(name, parts) {
  const latin = [...name].every((character) => character.codePointAt(0) <= 0xff);
  const bytes = Buffer.from(name, latin ? 'latin1' : 'utf8');
  if (latin) parts.push(header(100, 2, bytes.length), bytes);
  else parts.push(bytes.length > 255 ? header(118, 2, bytes.length) : header(119, 1, bytes.length), bytes);
}

function writeList(items, parts) {
  if (items.length === 0) return void parts.push(header(106, 0));
  const isByte = (item) => typeof item === 'number' && Number.isInteger(item) && item >= 0 && item <= 255;
  if (items.length <= 65535 && items.every(isByte)) {
    return void parts.push(header(107, 2, items.length), Buffer.from(items));
  }
  parts.push(header(108, 4, items.length));
  items.forEach((item) => write(item, parts));
  parts.push(header(106, 0));
}

// The order of terms: number < atom < tuple < map < nil < list < binary.
function rank(term) {
  if (typeof term === 'number' || typeof term === 'bigint' || term instanceof Float) return 0;
  if (term instanceof Atom) return 1;
  if (term instanceof Tuple) return 2;
  if (term instanceof Map) return 3;
  if (Array.isArray(term) && term.length === 0) return 4;
  if (Array.isArray(term) || term instanceof ImproperList) return 5;
  return 6;
}

function compareAll(a, b) {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const order = compare(a[i], b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

export function compare(a, b) {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  switch (rank(a)) {
    case 0: {
      const [x, y] = [a, b].map((n) => (n instanceof Float ? n.value : n));
      if (x < y || x > y) return x < y ? -1 : 1;
      return (a instanceof Float ? 1 : 0) - (b instanceof Float ? 1 : 0);
    }
    case 1: return Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
    case 2: return a.items.length - b.items.length || compareAll(a.items, b.items);
    case 3: {
      const [x, y] = [a, b].map((map) => [...map].sort(([p], [q]) => compare(p, q)));
      return x.length - y.length || compareAll(x.map(([key]) => key), y.map(([key]) => key)) ||
        compareAll(x.map(([, value]) => value), y.map(([, value]) => value));
    }
    case 5: {
      const [x, y] = [a, b].map((list) => (Array.isArray(list) ? list : [...list.items, list.tail]));
      return compareAll(x, y);
    }
    case 6: return Buffer.compare(Buffer.from(a), Buffer.from(b));
    default: return 0;
  }
}

// ---- decoding: every form that PROTOCOL 2.1 accepts

export function decode(bytes) {
  const reader = new Reader(Buffer.from(bytes));
  if (reader.uint(1) !== 131) throw new MalformedTerm('the first byte is not 131');
  if (reader.peek() !== 80) return reader.term();
  reader.uint(1);
  const size = reader.uint(4);
  if (size > 64 * 1024 * 1024) throw new MalformedTerm('inflates to too much');
  let inflated;
  try {
    inflated = zlib.inflateSync(reader.rest(), { maxOutputLength: size + 1 });
  } catch (error) {
    throw new MalformedTerm(`zlib: ${error.message}`);
  }
  if (inflated.length !== size) throw new MalformedTerm('the inflated size is not the declared one');
  const inner = new Reader(inflated);
  const term = inner.term();
  if (inner.rest().length > 0) throw new MalformedTerm('more than one term inside');
  return term;
}

class Reader {
  constructor(bytes) { this.bytes = bytes; this.at = 0; this.depth = 0; }

  take(count) {
    if (this.at + count > this.bytes.length) throw new MalformedTerm('cut short');
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  peek() { return this.bytes[this.at]; }
  rest() { return this.bytes.subarray(this.at); }
  uint(size) { return this.take(size).readUIntBE(0, size); }

  terms(count) {
    if (count > this.bytes.length - this.at) throw new MalformedTerm('more elements declared than bytes left');
    return Array.from({ length: count }, () => this.term());
  }

  term() {
    this.depth += 1;
    if (this.depth > 1000) throw new MalformedTerm('too deep');
    const value = this.tagged(this.uint(1));
    this.depth -= 1;
    return value;
  }

  tagged(tag) {
    switch (tag) {
      case 70: return finite(this.take(8).readDoubleBE(0));
      case 97: return this.uint(1);
      case 98: return this.take(4).readInt32BE(0);
      case 99: return oldFloat(this.take(31));
      case 100: return latinAtom(this.take(this.uint(2)));
      case 104: return new Tuple(this.terms(this.uint(1)));
      case 105: return new Tuple(this.terms(this.uint(4)));
      case 106: return [];
      case 107: return [...this.take(this.uint(2))];
      case 108: return this.list(this.uint(4));
      case 109: return Buffer.from(this.take(this.uint(4)));
      case 110: return this.big(this.uint(1));
      case 111: return this.big(this.uint(4));
      case 115: return latinAtom(this.take(this.uint(1)));
      case 116: return this.map(this.uint(4));
      case 118: return utf8Atom(this.take(this.uint(2)));
      case 119: return utf8Atom(this.take(this.uint(1)));
      default: throw new MalformedTerm(`tag ${tag}`);
    }
  }

  list(count) {
    const items = this.terms(count);
    const tail = this.term();
    if (Array.isArray(tail)) return items.concat(tail);
    if (items.length === 0) return tail;
    return tail instanceof ImproperList ? new ImproperList(items.concat(tail.items), tail.tail)
      : new ImproperList(items, tail);
  }

  big(length) {
    const negative = this.uint(1) !== 0;
    const hex = Buffer.from(this.take(length)).reverse().toString('hex');
    const magnitude = BigInt(hex === '' ? 0 : `0x${hex}`);
    const value = negative ? -magnitude : magnitude;
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  }

  map(pairs) {
    if (pairs * 2 > this.bytes.length - this.at) throw new MalformedTerm('more pairs declared than bytes left');
    const map = new Map();
    const seen = new Set();
    for (let i = 0; i < pairs; i += 1) {
      const key = this.term();
      const text = encode(key).toString('latin1');
      if (seen.has(text)) throw new MalformedTerm('a key twice');
      seen.add(text);
      map.set(key, this.term());
    }
    return map;
  }
}

function finite(value) {
  if (!Number.isFinite(value)) throw new MalformedTerm('no finite number');
  return new Float(value);
}

function oldFloat(bytes) {
  const text = bytes.toString('latin1').replace(/\0+$/, '').trim();
  if (!/^[+-]?\d+(\.\d*)?(e[+-]?\d+)?$/i.test(text)) throw new MalformedTerm(`no float: ${text}`);
  return finite(Number(text));
}

function latinAtom(bytes) {
  if (bytes.length > 255) throw new MalformedTerm('atom too long');
  return atom(bytes.toString('latin1'));
}

function utf8Atom(bytes) {
  let name;
  try {
    name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new MalformedTerm('atom is not UTF-8');
  }
  if ([...name].length > 255) throw new MalformedTerm('atom too long');
  return atom(name);
}
