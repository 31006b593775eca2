// Voice and video calls (PROTOCOL O26): signals between two phones on two gateways, and the record that each call leaves.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { atom, decode, encode, tuple } from './bert.mjs';
import { query } from './cluster.mjs';
import { befriend, endAll, newId, newPhone, online } from './device.mjs';
import { format } from './erlang_text.mjs';
import { error, fieldsOf, p2p, p2pTopic, record } from './records.mjs';

after(endAll);

const sdp = (text) => Buffer.from(`v=0\r\no=- ${text}`);

// Anna with one device on gateway 1; Boris with two devices, one on each gateway.
async function friends() {
  const phone = newPhone();
  const [anna, boris] = await Promise.all([online(newPhone(), 0), online(phone, 1)]);
  const tablet = await online(phone, 0);
  await befriend(anna, boris, [tablet]);
  return { anna, boris, tablet };
}

const call = (from, to, id, status, payload = sdp(status), type = 'video') => record('Call',
  { id, feed: p2p(from.phoneId, to.phoneId), from: from.phoneId, type, payload, status });
const isCall = (id, status) => ({ record: name, fields }) => name === 'Call' && fields.id === id && fields.status === status;
const textOf = (term) => format(decode(encode(term)));
const isCdr = (id) => ({ record: name, fields }) => name === 'CDR' && fields.id === id;
const ses = (device) => `ses/${device.phone}`;
// What is relayed is what was sent.
async function relayed(sender, receivers, term) {
  await sender.send(term);
  const { id, status } = fieldsOf(decode(encode(term)));
  const copies = await Promise.all(receivers.map((device) => device.expect(ses(device), isCall(id, status))));
  for (const copy of copies) {
    assert.equal(copy.text, textOf(term));
    assert.equal(copy.qos, 1);
  }
}

test('a call is offered, rings, is answered on one device, and leaves its record with both sides', async () => {
  const { anna, boris, tablet } = await friends();
  const id = newId();
  await relayed(anna, [boris, tablet], call(anna, boris, id, 'offer'));
  await relayed(boris, [anna], call(boris, anna, id, 'ringing'));
  await relayed(anna, [boris, tablet], call(anna, boris, id, 'candidate', tuple(atom('ice'), 1, [])));
  await relayed(boris, [anna], call(boris, anna, id, 'answer'));
  const elsewhere = await tablet.expect(ses(tablet), isCall(id, 'cancel'));
  assert.equal(elsewhere.fields.payload, 'answered');
  const taken = await tablet.ask(call(boris, anna, id, 'answer'));
  assert.equal(taken.text, error('permission_denied'));
  await relayed(anna, [boris], call(anna, boris, id, 'hangup', []));
  const topic = p2pTopic(anna.phoneId, boris.phoneId);
  const [cdr] = await Promise.all([anna, boris, tablet].map((device) => device.expect(topic, isCdr(id))));
  assert.deepEqual([cdr.fields.from, cdr.fields.to, cdr.fields.type, cdr.fields.status],
    [anna.phoneId, boris.phoneId, 'video', 'ended']);
  assert.ok(cdr.fields.duration >= 0 && cdr.fields.started > 1.7e12);
  await boris.fence();
  assert.equal(boris.on(ses(boris), isCall(id, 'cancel')).length, 0, 'the device that answered is not cancelled');
  for (const device of [anna, boris]) {
    const list = await device.ask(record('CDR', { status: 'get' }));
    assert.deepEqual(list.term.items[1].map((entry) => fieldsOf(entry).id), [id]);
  }
});

test('busy, refusal and a caller who gives up are told apart', async () => {
  const { anna, boris, tablet } = await friends();
  const topic = p2pTopic(anna.phoneId, boris.phoneId);
  for (const [who, status, end] of [[boris, 'busy', 'busy'], [boris, 'hangup', 'declined'], [anna, 'cancel', 'missed']]) {
    const id = newId();
    await relayed(anna, [boris, tablet], call(anna, boris, id, 'offer', sdp('1'), 'audio'));
    await relayed(who, who === anna ? [boris, tablet] : [anna], call(who, who === anna ? boris : anna, id, status, [], 'audio'));
    const cdr = await anna.expect(topic, isCdr(id));
    assert.deepEqual([cdr.fields.status, cdr.fields.duration, cdr.fields.type], [end, 0, 'audio']);
    if (who === boris) {
      const other = await tablet.expect(ses(tablet), isCall(id, 'cancel'));
      assert.equal(other.fields.payload, status === 'busy' ? 'busy' : 'declined');
    }
  }
});

test('what nobody answers is missed on both sides', async () => {
  const { anna, boris } = await friends();
  const id = newId();
  await relayed(anna, [boris], call(anna, boris, id, 'offer'));
  // A minute passes.
  await query(`update media.call set deadline_ms = deadline_ms - 60000 where id = '${id}'`);
  for (const device of [anna, boris]) {
    const missed = await device.expect(ses(device), isCall(id, 'cancel'));
    assert.deepEqual([missed.fields.payload, missed.fields.from], ['missed', anna.phoneId]);
  }
  const cdr = await boris.expect(p2pTopic(anna.phoneId, boris.phoneId), isCdr(id));
  assert.equal(cdr.fields.status, 'missed');
  assert.equal((await boris.ask(call(boris, anna, id, 'answer'))).text, error('invalid_data'));
});

test('signals that may not be sent change nothing and reach nobody', async () => {
  const { anna, boris } = await friends();
  const stranger = await online();
  const id = newId();
  const invalid = error('invalid_data');
  const denied = error('permission_denied');
  const foreign = record('Call', { id, feed: p2p(anna.phoneId, boris.phoneId), from: boris.phoneId, type: 'audio', payload: [], status: 'offer' });
  for (const [device, term, answer] of [
    [stranger, call(stranger, anna, id, 'offer'), denied],
    [stranger, call(anna, boris, id, 'offer'), denied],
    [anna, foreign, denied],
    [anna, call(anna, anna, id, 'offer'), denied],
    [boris, call(boris, anna, id, 'answer'), invalid],
    [anna, call(anna, boris, 'no spaces', 'offer'), invalid],
    [anna, call(anna, boris, id, 'offer', [], []), invalid],
    [anna, call(anna, boris, id, 'turned'), invalid],
    [anna, record('Call', { id, feed: record('muc', { name: 'room' }), from: anna.phoneId, type: 'audio', payload: [], status: 'offer' }), invalid],
    [anna, record('Call', { id, from: anna.phoneId, type: 'audio', payload: [], status: 'offer' }), invalid],
  ]) {
    assert.equal((await device.ask(term)).text, answer, String(answer));
  }
  await Promise.all([anna.fence(), boris.fence()]);
  for (const device of [anna, boris]) assert.equal(device.on(ses(device), isCall(id, 'offer')).length, 0);
  assert.equal(await query(`select count(*) from media.call where id = '${id}'`), '0');
});

test('a signal is not kept for a device that is away, the record is', async () => {
  const { anna, boris, tablet } = await friends();
  await tablet.disconnect();
  const id = newId();
  await relayed(anna, [boris], call(anna, boris, id, 'offer'));
  await relayed(anna, [boris], call(anna, boris, id, 'cancel'));
  const before = tablet.inbox.length;
  await tablet.connect(0);
  await tablet.expect(p2pTopic(anna.phoneId, boris.phoneId), isCdr(id), { from: before });
  await tablet.fence();
  assert.deepEqual(tablet.inbox.slice(before).filter(({ record: name }) => name === 'Call'), []);
});

test('without a TURN server there are no credentials for one', async () => {
  const anna = await online();
  const answer = await anna.ask(record('Call', { status: 'turn' }));
  assert.equal(answer.text, error('not_found'));
});
