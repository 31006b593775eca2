// Read receipts (PROTOCOL O25) and the QoS that a client asks its subscriptions to have (O20), which they travel by as well.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { couple, feedOf, getRoom, isMessage, member, muc, roomMessage, roomTopic, say, sayInRoom, ses } from './cast.mjs';
import { endAll, befriend, newId, newPhone, online } from './device.mjs';
import { fieldsOf, p2pTopic, record, textMessage } from './records.mjs';

after(endAll);

const update = (device, feed, position) => device.send(record('History', { roster_id: device.phoneId, feed, entity_id: position, status: 'update' }));
const isReceipt = ({ record: name, fields }) => name === 'History' && fields.status === 'updated';
const receiptsOf = (device, from = 0) => device.inbox.slice(from).filter(isReceipt).map(({ fields }) => [fields.roster_id, fields.entity_id]);

test('a receipt is told to every device of the author, at most one a second, the latest last', async () => {
  const [author, reader] = await couple();
  const tablet = await online(author.phone, 1);
  const feed = feedOf(author, reader);
  const ids = [];
  for (let n = 0; n < 12; n += 1) ids.push((await say(author, reader, `${n}`)).id);
  const began = Date.now();
  for (const id of ids) await update(reader, feed, id);
  for (const device of [author, tablet]) {
    const last = await device.expect(ses(author), (got) => isReceipt(got) && got.fields.entity_id === ids.at(-1));
    assert.deepEqual([last.qos, last.text], [1, `{'History',<<"${reader.phoneId}">>,{p2p,<<"${fieldsOf(feed).from}">>,<<"${fieldsOf(feed).to}">>},0,${ids.at(-1)},[],updated}`]);
    const told = receiptsOf(device).map(([, id]) => id);
    assert.ok(told.length <= 2 + (Date.now() - began) / 1000, `${told.length} receipts`);
    assert.deepEqual(told, [...told].sort((x, y) => x - y), 'never back');
  }
  await reader.fence();
  assert.deepEqual(receiptsOf(reader), [], 'the reader has the Contact');
});

test('an author who comes back is told the latest mark again, once', async () => {
  const [author, reader] = await couple();
  const feed = feedOf(author, reader);
  const ids = [];
  for (let n = 0; n < 3; n += 1) ids.push((await say(author, reader, `${n}`)).id);
  await author.fence();
  await author.disconnect();
  await update(reader, feed, ids[0]);
  await update(reader, feed, ids[2]);
  for (const index of [1, 0]) {
    const from = author.inbox.length;
    await author.connect(index);
    if (index === 1) await author.expect(ses(author), isReceipt, { from });
    await author.fence();
    const told = receiptsOf(author, from);
    assert.deepEqual(told, index === 1 ? [[reader.phoneId, ids[2]]] : told.slice(0, 1));
    await author.disconnect();
  }
});

test('in a room only the authors of what was newly read are told', async () => {
  const [a, b, c, d] = await Promise.all([0, 1, 0, 1].map((index) => online(newPhone(), index)));
  for (const other of [b, c, d]) await befriend(a, other);
  const id = `room ${newId()}`;
  await a.ask(record('Room', { id, name: 'Kitchen', status: 'create', members: [b, c, d].map((device) => member(device)) }), ({ record: name }) => name === 'Room');
  await Promise.all([a, b, c, d].map((device) => device.expect(roomTopic(id), isMessage('muc'))));
  const first = await sayInRoom(a, id, '1', [a, b, c, d]);
  const second = await sayInRoom(b, id, '2', [a, b, c, d]);
  const third = await sayInRoom(d, id, '3', [a, b, c, d]);
  await update(d, muc(id), first.id);
  await a.expect(ses(a), (got) => isReceipt(got) && got.fields.entity_id === first.id);
  await update(d, muc(id), third.id); // the last one is its own
  await b.expect(ses(b), (got) => isReceipt(got) && got.fields.entity_id === third.id);
  await update(d, muc(id), second.id); // never back
  await Promise.all([a, b, c, d].map((device) => device.fence()));
  assert.deepEqual([receiptsOf(a).length, receiptsOf(b).length, receiptsOf(c).length, receiptsOf(d).length], [1, 1, 0, 0]);
});

test('SUBSCRIBE sets the QoS of a topic that is held, UNSUBSCRIBE returns it to 2, and neither takes it away', async () => {
  const [a, b] = await couple();
  const topic = p2pTopic(a.phoneId, b.phoneId);
  const id = `room ${newId()}`;
  await a.ask(record('Room', { id, name: 'Kitchen', status: 'create', members: [member(b)] }), ({ record: name }) => name === 'Room');
  await b.expect(roomTopic(id), isMessage('muc'));
  const qosOf = async () => {
    const [chat, room] = [newId(), newId()];
    await a.send(textMessage(a.phoneId, b.phoneId, newId(), chat));
    await a.send(roomMessage(a, id, room));
    const text = (words) => ({ record: name, fields }) => name === 'Message' && fields.status === 'sent' && fieldsOf(fields.files[0]).payload === words;
    const got = await Promise.all([b.expect(topic, text(chat)), b.expect(roomTopic(id), text(room))]);
    return got.map(({ qos }) => qos);
  };
  assert.deepEqual(await qosOf(), [2, 2]);
  for (const qos of [0, 1, 2, 1]) {
    assert.deepEqual(await b.subscribe([topic, roomTopic(id)], qos), [qos, qos]);
    assert.deepEqual(await qosOf(), [qos, qos]);
  }
  await b.disconnect();
  await b.connect(0);
  assert.deepEqual(await qosOf(), [1, 1], 'for the session, on whichever gateway');
  await b.client.unsubscribeAsync(topic);
  assert.deepEqual(await qosOf(), [2, 1]);
  await b.client.unsubscribeAsync([roomTopic(id), ses(b), b.topic]);
  assert.deepEqual(await qosOf(), [2, 2]);
  assert.equal((await getRoom(b, id)).id, id, 'answers still come');
  assert.deepEqual(await b.subscribe([b.topic], 0), [0]);
  assert.equal((await b.ask(record('Friend', { status: 'nonsense' }))).qos, 0);
  await b.disconnect();
  await b.connect(1, { clean: true });
  assert.equal((await b.ask(record('Friend', { status: 'nonsense' }))).qos, 2, 'a new session has not asked');
});

test('a transient message is not raised to the QoS of its topic', async () => {
  const [a, b] = await couple();
  const topic = p2pTopic(a.phoneId, b.phoneId);
  await b.subscribe([topic], 2);
  await a.send(record('Typing', { author: a.phoneId, room: b.phoneId }), { qos: 2 });
  assert.equal((await b.expect(topic, ({ record: name }) => name === 'Typing')).qos, 0);
});
