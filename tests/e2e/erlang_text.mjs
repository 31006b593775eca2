// A term as Erlang writes it, in the style of the golden vectors.

import { Atom, Float, ImproperList, Tuple, compare } from './bert.mjs';

const RESERVED = new Set(('after and andalso band begin bnot bor bsl bsr bxor case catch cond div end fun if let maybe not of or ' +
  'orelse receive rem try when xor').split(' '));

export function format(term) {
  if (typeof term === 'number' || typeof term === 'bigint') return String(term);
  if (typeof term === 'string') return format(Buffer.from(term, 'utf8'));
  if (term instanceof Atom) return formatAtom(term.name);
  if (term instanceof Float) return formatFloat(term.value);
  if (term instanceof Tuple) return `{${term.items.map(format).join(',')}}`;
  if (Array.isArray(term)) return `[${term.map(format).join(',')}]`;
  if (term instanceof ImproperList) return `[${term.items.map(format).join(',')}|${format(term.tail)}]`;
  if (term instanceof Map) {
    const pairs = [...term].sort(([a], [b]) => compare(a, b));
    return `#{${pairs.map(([key, value]) => `${format(key)} => ${format(value)}`).join(',')}}`;
  }
  return formatBinary(Buffer.from(term));
}

function formatAtom(name) {
  if (/^[a-zß-öø-ÿ][a-zA-Z0-9_@À-ÖØ-öø-ÿ]*$/.test(name) && !RESERVED.has(name)) return name;
  return `'${name.replace(/[\\']/g, '\\$&')}'`;
}

function formatBinary(bytes) {
  if (bytes.length === 0) return '<<>>';
  const text = bytes.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(bytes) && !/[\p{C}\u2028\u2029]/u.test(text);
  if (!isText) return `<<${[...bytes].join(',')}>>`;
  const quoted = `"${text.replace(/[\\"]/g, '\\$&')}"`;
  return text.length === bytes.length ? `<<${quoted}>>` : `<<${quoted}/utf8>>`;
}

function formatFloat(value) {
  const [mantissa, exponent] = value.toExponential().split('e');
  const scientific = `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}e${Number(exponent)}`;
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  if (Math.abs(Number(exponent)) > 21) return scientific;
  const plain = Number.isInteger(value) ? `${BigInt(value)}.0` : plainDecimal(value);
  return plain.length <= scientific.length ? plain : scientific;
}

function plainDecimal(value) {
  const text = String(value);
  if (!text.includes('e')) return text;
  const [mantissa, exponent] = text.split('e');
  return value.toFixed(Math.min(100, mantissa.replace(/^-?\d\.?/, '').length - Number(exponent)));
}
