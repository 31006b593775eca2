// What clients publish straight to the topics that are theirs (PROTOCOL 1.4, O14): what is relayed, as it is, to whom, at which QoS; what
// is dropped; and that nothing of it is answered, stored or queued. Two gateways.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { Float, atom, encode, tuple } from './bert.mjs';
import { befriend, endAll, isContact, newId, newPhone, online, registering } from './device.mjs';
import { error, fieldsOf, p2p, p2pTopic, record, textMessage } from './records.mjs';

after(endAll);

const FIELDS = JSON.parse(fs.readFileSync(new URL('../contract/records.json', import.meta.url), 'utf8'));
const SIGNALS = ['Typing', 'Loc', 'Call', 'Message'];
const isMessage = (status) => ({ record: name, fields }) => name === 'Message' && fields.status === status;
const members = (...devices) => devices.map((device) => record('Member', { phone_id: device.phoneId }));

// a on gateway 1 with a tablet on gateway 2; their friend b on gateway 2; c, a friend of b only, on gateway 1; a stranger on gateway 2.
let a;
let tablet;
let b;
let c;
let stranger;
before(async () => {
  const phone = newPhone();
  [a, b, c, stranger] = await Promise.all([online(phone, 0), online(newPhone(), 1), online(newPhone(), 0), online(newPhone(), 1)]);
  tablet = await online(phone, 1);
  await befriend(a, b, [tablet]);
  await befriend(b, c);
});

async function room(admin, others, type = 'group') {
  const id = `room ${newId()}`;
  await admin.ask(record('Room', { id, name: 'Kitchen', type, members: members(...others), status: 'create' }), ({ record: name }) => name === 'Room');
  await Promise.all([admin, ...others].map((device) => device.expect(`room/${id}`, isMessage('muc'))));
  return id;
}

let pokes = 0;
// A term that comes after all that was acknowledged before it; every receiver has it when this is over.
async function poke(sender, topic, receivers, qos = 1) {
  pokes += 1;
  const term = tuple(atom('poke'), pokes, Buffer.from([0, 255]));
  await sender.send(term, { topic, qos });
  return Promise.all(receivers.map((device) => device.expect(topic, ({ payload }) => payload.equals(encode(term)))));
}

// Nothing of this reaches anybody: what comes after it on the topic comes first.
async function dropped(sender, topic, payloads, receivers, from = sender) {
  const everyone = [a, tablet, b, c, stranger];
  const marks = everyone.map((device) => device.inbox.length);
  for (const payload of payloads) await sender.send(payload, { topic });
  await poke(from, topic, receivers);
  await Promise.all(everyone.map((device) => device.fence()));
  everyone.forEach((device, place) => {
    const news = device.inbox.slice(marks[place]).filter(({ record: name, topic: on }) => name !== 'Profile' && name !== 'poke' && !/^(ac|muc)\//.test(on));
    assert.deepEqual(news.map(({ topic: on, text }) => `${on} ${text}`), [], device.clientId);
  });
}

test('any term that is no record of the protocol is relayed as it is, at its QoS, to both sides', async () => {
  const topic = p2pTopic(a.phoneId, b.phoneId);
  for (const term of [tuple(atom('poke')), tuple(atom('message'), 1), tuple(), atom('ping'), 5, -7n, [1, 2, 3], new Map([[atom('k'), 1]]), tuple(Buffer.from('text')), new Float(1.5), tuple(Buffer.from('Message'), 1)]) {
    await a.send(term, { topic });
    for (const device of [b, a, tablet]) {
      const got = await device.expect(topic, ({ payload }) => payload.equals(encode(term)));
      assert.deepEqual([got.qos, got.retain], [1, false]);
    }
  }
  for (const qos of [0, 1, 2]) {
    for (const got of await poke(a, topic, [b, tablet], qos)) assert.equal(got.qos, qos);
  }
  const odd = Buffer.concat([Buffer.from([131, 98, 0, 0, 0, 5]), Buffer.from('tail')]); // not the canonical form of 5, and bytes after it
  await a.send(odd, { topic });
  for (const device of [a, tablet, b]) await device.expect(topic, ({ payload }) => payload.equals(odd));
});

test('a record of the protocol is dropped, whatever it holds', async () => {
  const topic = p2pTopic(a.phoneId, b.phoneId);
  const records = Object.keys(FIELDS).filter((name) => !SIGNALS.includes(name)).map((name) => record(name));
  const shaped = ['Presence', 'Ack', 'Link', 'act', 'Job', 'group', 'io', 'Contact', 'Room', 'Auth'].map((name) => tuple(atom(name), Buffer.from('x'), atom('online')));
  const forged = [
    record('Contact', { phone_id: a.phoneId, status: 'friend' }), record('Room', { id: 'x', status: 'delete' }), tuple(atom('io'), tuple(atom('ok'), atom('added')), Buffer.alloc(0)),
    tuple(atom('Ack'), atom('Message'), Buffer.from('x')), record('History', { roster_id: a.phoneId, feed: p2p(a.phoneId, b.phoneId), entity_id: 5, status: 'updated' }),
    ...['sent', 'edit', 'upload', 'complete', 'link', 'muc', 'deleted'].map((status) => record('Message', { id: 1, from: a.phoneId, to: b.phoneId, files: [record('Desc', { payload: 'x' })], status })),
  ];
  await dropped(a, topic, [...records, ...shaped, ...forged], [b]);
});

test('Typing, Loc and Call are relayed with the own author only', async () => {
  const topic = p2pTopic(a.phoneId, b.phoneId);
  const call = (from) => record('Call', { id: newId(), feed: p2p(a.phoneId, b.phoneId), from: from.phoneId, type: 'audio', payload: [], status: 'offer' });
  for (const term of [record('Typing', { author: a.phoneId, room: b.phoneId }), tuple(atom('Loc'), 1, new Float(2.5), 3), call(a)]) {
    await a.send(term, { topic, qos: 0 });
    for (const device of [a, tablet, b]) {
      const got = await device.expect(topic, ({ payload }) => payload.equals(encode(term)));
      assert.equal(got.qos, 0);
    }
  }
  await dropped(a, topic, [record('Typing', { author: b.phoneId, room: a.phoneId }), record('Typing', { author: [], room: b.phoneId }), record('Typing'),
    tuple(atom('Typing'), a.phoneId), call(b), record('Call', { status: 'offer' }), tuple(atom('Loc'), 1, 2)], [b]);
});

test('what is no term is dropped, and the connection stays', async () => {
  const topic = p2pTopic(a.phoneId, b.phoneId);
  await dropped(a, topic, [Buffer.alloc(0), Buffer.from('hello'), Buffer.from([131]), Buffer.from([131, 104, 3, 97, 1]), Buffer.from([131, 255]), Buffer.from([130, 97, 1])], [b]);
});

test('a Message is handled as a request, wherever it is published', async () => {
  const topic = p2pTopic(a.phoneId, b.phoneId);
  const mine = textMessage(a.phoneId, b.phoneId, newId(), 'straight');
  await a.send(mine, { topic });
  for (const device of [a, tablet, b]) {
    const { fields, qos } = await device.expect(topic, (message) => isMessage('sent')(message) && fieldsOf(message.fields.files[0]).payload === 'straight');
    assert.ok(fields.id > 0 && qos === 2);
  }
  assert.equal(b.on(topic, ({ payload }) => payload.equals(encode(mine))).length, 0, 'not relayed as it is');
  const refused = await (async () => {
    const reply = a.expect(a.topic, ({ record: name }) => name === 'io', { from: a.inbox.length });
    await a.send(textMessage(b.phoneId, a.phoneId, newId(), 'forged'), { topic });
    return reply;
  })();
  assert.equal(refused.text, error('permission_denied'));
  const id = await room(a, [b]);
  const inRoom = record('Message', { msg_id: newId(), to: id, files: [record('Desc', { payload: 'in the room' })], status: 'client' });
  await b.send(inRoom, { topic: `room/${id}` });
  for (const device of [a, tablet, b]) await device.expect(`room/${id}`, isMessage('sent'));
});

test('ses/ takes terms of its owner and of friends', async () => {
  await poke(a, `ses/${a.phone}`, [a, tablet]);
  await poke(b, `ses/${a.phone}`, [a, tablet]);
  await dropped(stranger, `ses/${a.phone}`, [tuple(atom('prod'), 1)], [a, tablet], a);
  await dropped(c, `ses/${a.phone}`, [tuple(atom('prod'), 1)], [a], a);
  const { device: form } = await registering(0);
  await form.send(tuple(atom('prod'), 1), { topic: `ses/${a.phone}` });
  await poke(a, `ses/${a.phone}`, [a]);
  assert.equal(a.inbox.filter(({ record: name }) => name === 'prod').length, 0);
});

test('ac/ takes terms of its owner and gives them to friends', async () => {
  await poke(b, `ac/${b.phoneId}`, [a, tablet, c]);
  assert.equal(stranger.inbox.filter(({ record: name }) => name === 'poke').length, 0);
  for (const sender of [a, c, stranger]) await sender.send(tuple(atom('prod'), 2), { topic: `ac/${b.phoneId}` });
  await poke(b, `ac/${b.phoneId}`, [a, tablet, c]);
  for (const device of [a, tablet, b, c, stranger]) assert.equal(device.inbox.filter(({ text }) => text === '{prod,2}').length, 0);
});

test('p2p/ takes terms of its two sides, in sorted order, while they are friends', async () => {
  const [from, to] = [a.phoneId, b.phoneId].sort();
  await poke(a, `p2p/${a.phoneId}/${a.phoneId}`, [a, tablet]);
  const all = [a, tablet, b, c, stranger];
  for (const [sender, topic] of [[a, `p2p/${to}/${from}`], [c, `p2p/${from}/${to}`], [stranger, `p2p/${from}/${to}`], [a, p2pTopic(b.phoneId, c.phoneId)],
    [a, p2pTopic(a.phoneId, stranger.phoneId)], [a, p2pTopic(a.phoneId, c.phoneId)], [a, `p2p/${from}`], [a, `p2p/${from}/${to}/x`], [a, 'p2p/x/y'],
    [a, `muc/${a.phoneId}`], [a, `actions/1/api/${b.clientId}`], [a, `actions/1/api/${a.clientId}`], [a, 'version/4'], [a, 'nowhere'], [a, 'room/nowhere']]) {
    await sender.send(tuple(atom('prod'), 3), { topic });
  }
  await poke(a, p2pTopic(from, to), [b, a, tablet]);
  await Promise.all(all.map((device) => device.fence()));
  for (const device of all) assert.equal(device.inbox.filter(({ text }) => text === '{prod,3}').length, 0, device.clientId);
  const [one, other] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  await befriend(one, other);
  const topic = p2pTopic(one.phoneId, other.phoneId);
  await poke(one, topic, [other]);
  await one.ask(record('Friend', { phone_id: one.phoneId, friend_id: other.phoneId, status: 'ban' }));
  await other.expect(`ses/${other.phone}`, isContact(one.phoneId, 'banned'));
  for (const sender of [one, other]) await sender.send(tuple(atom('prod'), 4), { topic });
  await other.send(tuple(atom('prod'), 4), { topic: `ses/${one.phone}` });
  await poke(one, `ses/${one.phone}`, [one]);
  await other.fence();
  for (const device of [one, other]) assert.equal(device.inbox.filter(({ text }) => text === '{prod,4}').length, 0);
});

test('room/ takes terms of members who may write', async () => {
  const id = await room(a, [b]);
  const topic = `room/${id}`;
  await poke(b, topic, [a, b, tablet]);
  await c.send(tuple(atom('prod'), 5), { topic });
  await a.send(record('Room', { id, members: members(b), status: 'mute' }));
  await b.expect(`ses/${b.phone}`, ({ record: name, fields }) => name === 'Room' && fields.status === 'mute');
  await b.send(tuple(atom('prod'), 5), { topic });
  const channel = await room(a, [b], 'channel');
  await b.send(tuple(atom('prod'), 5), { topic: `room/${channel}` });
  await poke(a, `room/${channel}`, [b]);
  await poke(a, topic, [b]);
  await c.fence();
  for (const device of [a, tablet, b, c]) assert.equal(device.inbox.filter(({ text }) => text === '{prod,5}').length, 0);
});

test('nothing of it waits for who is away', async () => {
  const topic = p2pTopic(a.phoneId, b.phoneId);
  await b.fence();
  await b.disconnect();
  await poke(a, topic, [tablet], 2);
  await poke(a, `ses/${b.phone}`, [], 1);
  const from = b.inbox.length;
  await b.connect(1);
  await b.fence();
  assert.deepEqual(b.inbox.slice(from).filter(({ record: name }) => name === 'poke'), []);
});

test('SUBSCRIBE is granted for what a client holds, and for nothing else', async () => {
  const id = await room(b, [a, c]);
  const [from, to] = [a.phoneId, b.phoneId].sort();
  const granted = [`ses/${a.phone}`, `ac/${b.phoneId}`, `p2p/${from}/${to}`, `p2p/${a.phoneId}/${a.phoneId}`, `room/${id}`, `muc/${b.phoneId}`, `muc/${c.phoneId}`, a.topic];
  const denied = [`ses/${b.phone}`, `ses/${a.phoneId}`, `ac/${a.phoneId}`, `ac/${c.phoneId}`, `p2p/${to}/${from}`, `p2p/${b.phoneId}/${b.phoneId}`, p2pTopic(a.phoneId, c.phoneId),
    p2pTopic(b.phoneId, c.phoneId), 'room/nowhere', `room/${id}/`, `muc/${stranger.phoneId}`, b.topic, tablet.topic, `actions/1/web/${a.clientId}`, 'events/1//api/anon//', 'version/4', 'room/+',
    `p2p/${from}/+`, `ses/${a.phone}/#`, '#', '+/+', '$SYS/#', `$share/g/ses/${a.phone}`];
  assert.deepEqual(await a.subscribe([...granted, ...denied], 1), [...granted.map(() => 1), ...denied.map(() => 128)]);
  const { device: form } = await registering(0);
  assert.deepEqual(await form.subscribe([form.topic, `ses/${a.phone}`, `room/${id}`, `p2p/${from}/${to}`], 1), [1, 128, 128, 128]);
});
