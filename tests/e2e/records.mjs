// CHAT records by name: fields in the order of tests/contract/records.json, defaults as in the golden vectors.

import fs from 'node:fs';
import { Atom, Tuple, atom, decode } from './bert.mjs';
import { format } from './erlang_text.mjs';

const CONTRACT = new URL('../contract/', import.meta.url);
const FIELDS = JSON.parse(fs.readFileSync(new URL('records.json', CONTRACT), 'utf8'));
const DEFAULTS = new Map(fs.readFileSync(new URL('vectors/records.jsonl', CONTRACT), 'utf8').trim().split('\n')
  .map((line) => JSON.parse(line)).filter(({ name }) => name.startsWith('default.'))
  .map(({ name, hex }) => [name.slice('default.'.length).replace(/\/.*/, ''), decode(Buffer.from(hex, 'hex')).items]));

// record('Friend', {phone_id: …, friend_id: …, status: 'request'}): a string is a binary, except in a field that holds
// an atom (the ones named below), where it is the atom.
const ATOM_FIELDS = new Set(['status', 'type', 'os', 'presence', 'container']);

export function record(name, given = {}) {
  const fields = FIELDS[name];
  if (!fields) throw new TypeError(`no record ${name}`);
  const unknown = Object.keys(given).filter((field) => !fields.includes(field));
  if (unknown.length > 0) throw new TypeError(`${name} has no field ${unknown}`);
  const defaults = DEFAULTS.get(name);
  const values = fields.map((field, index) => {
    const value = given[field];
    if (value === undefined) return defaults ? defaults[index + 1] : [];
    return typeof value === 'string' && ATOM_FIELDS.has(field) ? atom(value) : value;
  });
  return new Tuple([atom(name), ...values]);
}

// The record name of a term, or '' if it is none.
export function nameOf(term) {
  return term instanceof Tuple && term.items[0] instanceof Atom ? term.items[0].name : '';
}

// The fields of a record as an object; binaries that are text and atoms become strings, the rest stays.
export function fieldsOf(term) {
  const names = FIELDS[nameOf(term)] ?? [];
  return Object.fromEntries(names.map((field, index) => [field, readable(term.items[index + 1])]));
}

function readable(value) {
  if (value instanceof Atom) return value.name;
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  return value;
}

export const ok = (code) => format(new Tuple([atom('io'), new Tuple([atom('ok'), atom(code)]), Buffer.alloc(0)]));
export const error = (code) => `{io,{error,${code}},<<>>}`;

export function p2p(one, other) {
  const [smaller, larger] = [one, other].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return record('p2p', { from: smaller, to: larger });
}

export function p2pTopic(one, other) {
  const { from, to } = fieldsOf(p2p(one, other));
  return `p2p/${from}/${to}`;
}

// Every message of a feed as History pages show it: the texts, newest first; each page has at most `size` of them.
export async function walkHistory(device, feed, size) {
  const [seen, pages] = [new Map(), []];
  for (let from = 0, page; ; from = page.size) {
    const reply = await device.ask(record('History', { roster_id: device.phoneId, feed, size, entity_id: from, status: 'get' }),
      ({ record: name }) => name === 'History' || name === 'io');
    if (reply.record !== 'History') throw new Error(reply.text);
    page = reply.fields;
    pages.push(page.data.length);
    for (const message of page.data.map(fieldsOf)) seen.set(message.id, message.files.map((file) => fieldsOf(file).payload)[0]);
    if (page.data.length === 0 || page.size === from) return { texts: [...seen.values()], pages, ids: [...seen.keys()] };
  }
}

export function textMessage(from, to, messageId, text) {
  return record('Message', {
    feed_id: p2p(from, to), msg_id: messageId, from, to, status: 'client',
    files: [record('Desc', { id: `${messageId}_d`, mime: 'text', payload: text })],
  });
}
