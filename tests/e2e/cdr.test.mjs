// Call records (PROTOCOL 5.8, O27): stored, published to the feed, read back by their owner.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decode, encode } from './bert.mjs';
import { query } from './cluster.mjs';
import { befriend, endAll, newId, online } from './device.mjs';
import { format } from './erlang_text.mjs';
import { error, fieldsOf, p2p, p2pTopic, record } from './records.mjs';

after(endAll);

async function friends() {
  const [anna, boris] = await Promise.all([online(undefined, 0), online(undefined, 1)]);
  await befriend(anna, boris);
  return { anna, boris, topic: p2pTopic(anna.phoneId, boris.phoneId) };
}

const cdr = (from, to, more = {}) => record('CDR', {
  feed: p2p(from.phoneId, to.phoneId), from: from.phoneId, to: to.phoneId, type: 'audio', started: 1500000000000, duration: 61,
  info: [record('Feature', { id: 'f', key: 'codec', value: 'opus', group: 'CALL' })], status: 'ended', ...more,
});
const textOf = (term) => format(decode(encode(term)));
const isCdr = (id) => ({ record: name, fields }) => name === 'CDR' && (id === undefined || fields.id === id);
const okId = (answer) => /^\{io,\{ok,<<"([A-Za-z0-9_-]+)">>\},<<>>\}$/.exec(answer.text)?.[1];
const list = async (device) => (await device.ask(record('CDR', { status: 'get' }))).term.items[1].map(fieldsOf);

test('a record is stored, published to both sides and read back by its owner', async () => {
  const { anna, boris, topic } = await friends();
  const id = newId();
  const sent = cdr(anna, boris, { id });
  assert.equal(okId(await anna.ask(sent)), id);
  for (const device of [anna, boris]) {
    const { text, qos } = await device.expect(topic, isCdr(id));
    assert.equal(text, textOf(sent));
    assert.equal(qos, 2);
  }
  const invented = okId(await anna.ask(cdr(anna, boris, { status: 'missed', duration: 0 })));
  assert.match(invented, /^cdr_\d+$/);
  await boris.expect(topic, isCdr(invented));
  assert.deepEqual((await list(anna)).map((entry) => entry.id), [invented, id]);
  assert.equal(format((await anna.ask(record('CDR', { status: 'get' }))).term.items[1][1]), textOf(sent));
  assert.deepEqual(await list(boris), []);
});

test('the same id is answered again and published once', async () => {
  const { anna, boris, topic } = await friends();
  const id = newId();
  for (let i = 0; i < 3; i += 1) assert.equal(okId(await anna.ask(cdr(anna, boris, { id }))), id);
  const last = newId();
  await anna.ask(cdr(anna, boris, { id: last }));
  await boris.expect(topic, isCdr(last));
  assert.equal(boris.on(topic, isCdr(id)).length, 1);
  assert.deepEqual((await list(anna)).map((entry) => entry.id), [last, id]);
});

test('a record waits for a device that is away', async () => {
  const { anna, boris, topic } = await friends();
  await boris.disconnect();
  const id = newId();
  await anna.ask(cdr(anna, boris, { id }));
  await boris.connect(0);
  await boris.expect(topic, isCdr(id));
});

test('wrong records are refused and leave nothing', async () => {
  const { anna, boris, topic } = await friends();
  const stranger = await online();
  const invalid = error('invalid_data');
  for (const [device, term, answer] of [
    [anna, cdr(anna, boris, { from: boris.phoneId }), error('not_authorized')],
    [stranger, cdr(anna, boris), error('not_authorized')],
    [anna, cdr(anna, stranger), invalid],
    [anna, cdr(anna, boris, { feed: p2p(boris.phoneId, stranger.phoneId) }), invalid],
    [anna, cdr(anna, boris, { feed: record('muc', { name: 'room' }), to: 'room' }), invalid],
    [anna, cdr(anna, boris, { id: 'no spaces' }), invalid],
    [anna, cdr(anna, boris, { id: 'x'.repeat(65) }), invalid],
    [anna, cdr(anna, boris, { type: 'smell' }), invalid],
    [anna, cdr(anna, boris, { type: [] }), invalid],
    [anna, cdr(anna, boris, { status: 'begun' }), invalid],
    [anna, cdr(anna, boris, { duration: -1 }), invalid],
  ]) {
    assert.equal((await device.ask(term)).text, answer, String(answer));
  }
  assert.deepEqual(await list(anna), []);
  assert.deepEqual(await list(stranger), []);
  await boris.fence();
  assert.equal(boris.on(topic, isCdr()).length, 0);
  assert.equal(await query(`select count(*) from media.cdr where feed = 'p2p/${[anna, boris].map((d) => d.rosterId).sort((a, b) => a - b).join('/')}'`), '0');
});
