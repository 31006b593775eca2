// Who may publish and subscribe where, and which topics a session has (PROTOCOL 1.4, 1.5, O9, O10, O14, O20).

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { atom, encode, tuple } from './bert.mjs';
import { befriend, endAll, isContact, isProfile, newId, newPhone, online, register } from './device.mjs';
import { ok, p2p, p2pTopic, record, textMessage } from './records.mjs';

after(endAll);

const REFUSED = 128;
const muc = (id) => record('muc', { name: id });
const term = () => tuple(atom('ping'), newId());
const textOf = ({ items: [, id] }) => `{ping,<<"${id}">>}`;

// a and b are friends, c is of neither, all in different places; a and b share a room with d, who is a friend of a only.
async function scene() {
  const [a, b, c, d] = await Promise.all([0, 1, 1, 0].map((index) => online(newPhone(), index)));
  await befriend(a, b);
  await befriend(a, d);
  const room = `room ${newId()}`;
  const members = [b, d].map((each) => record('Member', { phone_id: each.phoneId, status: 'member' }));
  await a.send(record('Room', { id: room, name: 'Kitchen', members, status: 'create' }));
  await Promise.all([a, b, d].map((each) => each.expect(`room/${room}`)));
  return { a, b, c, d, room };
}

// Publishes straight to a topic; it reaches these, as it was and at its QoS, and not the others.
async function reaches(sender, topic, receivers, others, qos = 1) {
  const told = term();
  await sender.send(told, { topic, qos });
  for (const receiver of receivers) {
    const message = await receiver.expect(topic, ({ text }) => text === textOf(told));
    assert.deepEqual([message.qos, message.retain], [qos, false]);
  }
  await Promise.all([sender, ...others].map((each) => each.fence()));
  for (const other of others) assert.deepEqual(other.inbox.filter(({ text }) => text === textOf(told)), [], topic);
}

test('direct publishes reach who holds the topic, and vanish where they may not', async () => {
  const { a, b, c, d, room } = await scene();
  await reaches(a, `ses/${a.phone}`, [a], [b, c, d]);
  await reaches(b, `ses/${a.phone}`, [a], [b, c, d], 2);
  await reaches(a, `ac/${a.phoneId}`, [b, d], [a, c]);
  await reaches(b, p2pTopic(a.phoneId, b.phoneId), [a, b], [c, d], 0);
  await reaches(a, p2pTopic(a.phoneId, a.phoneId), [a], [b, c, d]);
  await reaches(d, `room/${room}`, [a, b, d], [c]);
  const refused = [[c, `ses/${a.phone}`], [c, `ac/${a.phoneId}`], [c, p2pTopic(a.phoneId, b.phoneId)], [c, p2pTopic(a.phoneId, c.phoneId)],
    [c, `room/${room}`], [b, `ac/${a.phoneId}`], [b, p2pTopic(b.phoneId, d.phoneId)], [a, `muc/${a.phoneId}`], [a, `muc/${b.phoneId}`],
    [a, a.topic], [a, b.topic], [a, 'version/4'], [a, 'room/nowhere'], [a, 'some/other/topic'],
    [a, p2pTopic(a.phoneId, b.phoneId).split('/').map((level, n, all) => (n === 0 ? level : all[3 - n])).join('/')]];
  for (const [sender, topic] of refused) await reaches(sender, topic, [], [a, b, c, d]);
});

test('what is published straight is relayed at once, never stored or retained, and nothing is answered', async () => {
  const { a, b, c } = await scene();
  const topic = p2pTopic(a.phoneId, b.phoneId);
  await b.disconnect();
  const from = a.inbox.length;
  await new Promise((resolve, reject) => {
    a.client.publish(topic, encode(term()), { qos: 1, retain: true }, (failure) => (failure ? reject(failure) : resolve()));
  });
  await a.expect(topic, ({ text }) => text.startsWith('{ping'));
  await a.fence();
  assert.ok(a.inbox.slice(from).every(({ record: name }) => name !== 'io'));
  await b.connect(1);
  assert.deepEqual(await b.subscribe([topic]), [2]);
  await b.fence();
  assert.deepEqual(b.on(topic), []);
  // What is no term, and records that only the server says, are dropped.
  for (const payload of [Buffer.from('text'), Buffer.from([131]), record('Contact', { phone_id: c.phoneId, status: 'friend' }),
    record('Profile', { status: 'get' }), record('Message', { id: 5, from: a.phoneId, status: 'sent' }),
    record('Typing', { author: c.phoneId, room: a.phoneId }), record('Friend', { phone_id: a.phoneId, friend_id: b.phoneId, status: 'ban' })]) {
    await a.send(payload, { topic });
  }
  const typing = record('Typing', { author: a.phoneId, room: b.phoneId });
  await a.send(typing, { topic });
  await b.expect(topic, ({ record: name }) => name === 'Typing');
  assert.deepEqual(b.on(topic).map(({ record: name }) => name), ['Typing']);
  // A message so published is a request.
  await a.send(textMessage(a.phoneId, b.phoneId, newId(), 'straight'), { topic });
  assert.equal((await b.expect(topic, ({ record: name }) => name === 'Message')).fields.status, 'sent');
});

test('a client may subscribe to what it holds, and to nothing else', async () => {
  const { a, b, c, d, room } = await scene();
  const grants = async (device, topics) => assert.deepEqual(await device.subscribe(Object.keys(topics)), Object.values(topics));
  await grants(a, { [a.topic]: 2, [b.topic]: REFUSED, [`ses/${a.phone}`]: 2, [`ses/${b.phone}`]: REFUSED, [`ac/${b.phoneId}`]: 2,
    [`ac/${c.phoneId}`]: REFUSED, [p2pTopic(a.phoneId, b.phoneId)]: 2, [p2pTopic(b.phoneId, d.phoneId)]: REFUSED,
    [p2pTopic(a.phoneId, a.phoneId)]: 2, [`room/${room}`]: 2, 'room/none': REFUSED, [`muc/${b.phoneId}`]: 2, [`muc/${c.phoneId}`]: REFUSED,
    'version/4': REFUSED, '#': REFUSED, '+/+': REFUSED, [`ses/+`]: REFUSED, [`room/#`]: REFUSED, '$SYS/#': REFUSED,
    'events/1//api/anon//': REFUSED });
  await grants(b, { [`muc/${d.phoneId}`]: 2, [`ac/${d.phoneId}`]: REFUSED, [`ac/${a.phoneId}`]: 2 });
  await grants(c, { [`room/${room}`]: REFUSED, [`ac/${a.phoneId}`]: REFUSED, [`muc/${a.phoneId}`]: REFUSED });
});

test('a subscription sets the QoS of what comes, and cannot be taken away (O20)', async () => {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  await befriend(a, b);
  const topic = p2pTopic(a.phoneId, b.phoneId);
  const qosOf = async (words) => {
    await a.send(textMessage(a.phoneId, b.phoneId, newId(), words));
    return (await b.expect(topic, ({ text }) => text.includes(words))).qos;
  };
  assert.equal(await qosOf('first'), 2);
  assert.deepEqual(await b.subscribe([topic], 1), [1]);
  assert.equal(await qosOf('second'), 1);
  assert.deepEqual(await b.subscribe([topic], 0), [0]);
  assert.equal(await qosOf('third'), 0);
  await new Promise((resolve, reject) => { b.client.unsubscribe(topic, (failure) => (failure ? reject(failure) : resolve())); });
  assert.equal(await qosOf('fourth'), 2);
});

test('the topics of a roster that is new, of a friend that is new, and of one that is gone', async () => {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  const a2 = await register(a.phone, 1);
  await a2.connect(1);
  const { fields: made } = await a.ask(record('Roster', { names: 'At work', status: 'create' }), ({ record: name }) => name === 'Roster');
  const work = Object.assign(Object.create(a), { phoneId: `${a.phone}_${made.id}`, rosterId: made.id });
  const own = p2pTopic(work.phoneId, work.phoneId);
  await a2.expect(`ses/${a.phone}`, ({ record: name }) => name === 'Roster');
  for (const device of [a, a2]) {
    const text = newId();
    await device.send(record('Message', { feed_id: p2p(work.phoneId, work.phoneId), msg_id: text, from: work.phoneId, status: 'client',
      files: [record('Desc', { payload: text })] }));
    await Promise.all([a, a2].map((each) => each.expect(own, (message) => message.text.includes(text))));
  }
  await befriend(work, b, [a2]);
  const feed = p2pTopic(work.phoneId, b.phoneId);
  await b.send(textMessage(b.phoneId, work.phoneId, newId(), 'to work'));
  await Promise.all([a, a2].map((each) => each.expect(feed)));
  assert.deepEqual(await b.subscribe([feed, `ac/${work.phoneId}`, `ac/${a.phoneId}`]), [2, 2, REFUSED]);
  assert.equal((await a.ask(record('Roster', { id: made.id, status: 'remove' }))).text, ok('removed'));
  await b.expect(`ses/${b.phone}`, isContact(work.phoneId, 'revoke'));
  for (const each of [a, a2, b]) {
    await each.fence();
    assert.deepEqual(await each.subscribe([feed]), [REFUSED]);
  }
  assert.deepEqual(await b.subscribe([own]), [REFUSED]);
});

test('what a phone lost while it was away is told on ses/, and not replayed (O9)', async () => {
  const { a, b, d, room } = await scene();
  await b.disconnect();
  const topic = p2pTopic(a.phoneId, b.phoneId);
  await a.send(textMessage(a.phoneId, b.phoneId, newId(), 'before it ended'));
  await a.send(record('Message', { feed_id: muc(room), msg_id: newId(), from: a.phoneId, to: room, status: 'client',
    files: [record('Desc', { payload: 'in the room' })] }));
  await d.expect(`room/${room}`, ({ text }) => text.includes('in the room'));
  await a.ask(record('Friend', { phone_id: a.phoneId, friend_id: b.phoneId, status: 'ban' }));
  await a.send(record('Room', { id: room, members: [record('Member', { phone_id: b.phoneId })], status: 'remove' }));
  await d.expect(`room/${room}`, ({ record: name, fields }) => name === 'Room' && fields.status === 'remove');
  const from = b.inbox.length;
  await b.connect(0);
  await b.expect(b.topic, isProfile('init'), { from });
  await b.expect(`ses/${b.phone}`, ({ record: name, fields }) => name === 'Room' && fields.status === 'remove');
  await b.fence();
  const told = b.inbox.slice(from).filter(({ topic: on }) => !/^(actions|ac|muc)\//.test(on)).map(({ topic: on, fields }) => [on, fields.status]);
  assert.deepEqual(told, [[`ses/${b.phone}`, 'banned'], [`ses/${b.phone}`, 'remove']]);
  assert.deepEqual(await b.subscribe([topic, `room/${room}`, `muc/${a.phoneId}`, `ac/${a.phoneId}`]), new Array(4).fill(REFUSED));
});

test('what is told on ses/ waits for a device that is away, in order (O10)', async () => {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  const second = await register(b.phone, 1);
  await second.connect(1);
  await second.fence();
  await second.disconnect();
  await befriend(a, b);
  await b.send(record('Roster', { names: 'Bohdan', status: 'patch' }));
  await b.send(record('Tag', { roster_id: b.phoneId, name: 'work', status: 'create' }));
  await b.send(record('Loc', { x: 1, y: 2, z: 3 }));
  await b.expect(`ses/${b.phone}`, ({ record: name }) => name === 'Loc');
  await a.send(textMessage(a.phoneId, b.phoneId, newId(), 'last'));
  const from = second.inbox.length;
  await second.connect(0);
  await second.expect(p2pTopic(a.phoneId, b.phoneId));
  assert.deepEqual(second.inbox.slice(from).filter(({ topic }) => !/^(actions|ac)\//.test(topic)).map(({ record: name, fields }) => [name,
    fields.status]), [['Contact', 'authorization'], ['Contact', 'friend'], ['Roster', 'patch'], ['Tag', 'create'], ['Message', 'sent']]);
});
