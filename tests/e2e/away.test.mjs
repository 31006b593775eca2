// What waits for a device that is away, and what does not; and that a right is there as soon as it is told (PROTOCOL O9, O10).

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { atom, tuple } from './bert.mjs';
import { ban, feedOf, getRoom, isMessage, isRoom, member, muc, roomMessage, roomRequest, roomTopic, say, sayInRoom, ses } from './cast.mjs';
import { befriend, endAll, isContact, newId, newPhone, online } from './device.mjs';
import { fieldsOf, p2pTopic, record, textMessage } from './records.mjs';

after(endAll);

const TRANSIENT = ['Typing', 'Loc', 'Call', 'poke'];
// What a device heard on a topic, as texts; transient things left out.
const told = (device, topic, from = 0) => device.inbox.slice(from).filter((got) => got.topic === topic && !TRANSIENT.includes(got.record) &&
  !(got.record === 'History' && got.fields.status === 'updated')).map(({ text }) => text);

test('all that a phone was told on ses/ comes in its order, once, on the other gateway, and nothing that was transient', async () => {
  const phone = newPhone();
  const [a, b] = await Promise.all([online(newPhone(), 0), online(phone, 1)]);
  const here = await online(phone, 0);
  await befriend(a, b, [here]);
  await Promise.all([b.fence(), here.fence()]);
  await b.disconnect();
  const [mark, back] = [here.inbox.length, b.inbox.length];
  const id = `room ${newId()}`;
  await a.ask(record('Room', { id, name: 'Kitchen', status: 'create', members: [member(b)] }), ({ record: name }) => name === 'Room');
  await here.expect(roomTopic(id), isMessage('muc'));
  await here.send(record('Tag', { roster_id: b.phoneId, name: 'red', color: 'red', status: 'create' }));
  await here.send(record('Friend', { phone_id: b.phoneId, friend_id: a.phoneId, status: 'mute' }));
  await here.send(tuple(atom('Loc'), 1, 2, 3));
  await a.send(tuple(atom('poke'), 1), { topic: ses(b) });
  await a.send(record('Call', { id: newId(), feed: feedOf(a, b), from: a.phoneId, type: 'audio', payload: [], status: 'offer' }));
  await say(a, b, 'hello', [a, here]);
  await here.send(record('History', { roster_id: b.phoneId, feed: feedOf(a, b), entity_id: 0, status: 'update' }));
  await here.send(record('Roster', { id: b.rosterId, names: 'Boris', status: 'patch' }));
  await here.send(roomRequest('mute', id));
  await a.send(roomRequest('remove', id, { members: [member(b)] }));
  await here.expect(ses(b), isRoom(id, 'remove'));
  await here.send(record('Friend', { phone_id: b.phoneId, friend_id: a.phoneId, status: 'revoke' }));
  await here.expect(ses(b), isContact(a.phoneId, 'revoke'));
  await here.fence();
  await b.connect(0);
  await b.expect(ses(b), isContact(a.phoneId, 'revoke'), { from: back });
  await b.fence();
  assert.deepEqual(told(b, ses(b), back), told(here, ses(b), mark));
  assert.ok(told(b, ses(b), back).length >= 8);
  assert.deepEqual(b.inbox.slice(back).filter(({ record: name }) => TRANSIENT.includes(name)), []);
  assert.deepEqual(told(b, p2pTopic(a.phoneId, b.phoneId), back), [], 'the feeds that are lost are not replayed');
  assert.deepEqual(told(b, roomTopic(id), back), []);
});

test('a new session starts at the tops of its feeds, one that gained a feed where the phone gained it', async () => {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  await befriend(a, b);
  const topic = p2pTopic(a.phoneId, b.phoneId);
  await say(a, b, 'old');
  const id = `room ${newId()}`;
  await a.ask(record('Room', { id, name: 'Kitchen', status: 'create' }), ({ record: name }) => name === 'Room');
  await sayInRoom(a, id, 'before');
  const fresh = await online(b.phone, 0);
  await fresh.fence();
  assert.deepEqual(told(fresh, topic), []);
  await fresh.disconnect();
  await a.send(roomRequest('add', id, { members: [member(b)] }));
  await b.expect(ses(b), isRoom(id, 'add'));
  await sayInRoom(a, id, 'after', [a, b]);
  await say(a, b, 'new');
  const from = fresh.inbox.length;
  await fresh.connect(1);
  await fresh.fence();
  const texts = (of) => fresh.inbox.slice(from).filter((got) => got.topic === of && isMessage('sent')(got)).map(({ fields }) => fieldsOf(fields.files[0]).payload);
  assert.deepEqual([texts(topic), texts(roomTopic(id))], [['new'], ['after']]);
  await fresh.disconnect();
  const again = fresh.inbox.length;
  await fresh.connect(0, { clean: true });
  await fresh.fence();
  assert.deepEqual([told(fresh, topic, again), told(fresh, roomTopic(id), again)], [[], []]);
});

test('whoever is told of a right may use it at once, on every gateway', async () => {
  const a = await online(newPhone(), 0);
  const id = `room ${newId()}`;
  await a.ask(record('Room', { id, name: 'Kitchen', status: 'create' }), ({ record: name }) => name === 'Room');
  for (let n = 0; n < 8; n += 1) {
    const b = await online(newPhone(), n % 2);
    const b2 = await online(b.phone, (n + 1) % 2);
    await a.send(record('Friend', { phone_id: a.phoneId, friend_id: b.phoneId, status: 'request' }));
    await b.expect(ses(b), isContact(a.phoneId, 'authorization'));
    b.send(record('Friend', { phone_id: b.phoneId, friend_id: a.phoneId, status: 'confirm' }));
    await b2.expect(ses(b), isContact(a.phoneId, 'friend'));
    const topic = p2pTopic(a.phoneId, b.phoneId);
    await b2.send(textMessage(b.phoneId, a.phoneId, newId(), 'at once'));
    await b2.send(tuple(atom('poke'), n), { topic });
    await Promise.all([a, b, b2].map((device) => device.expect(topic, isMessage('sent'))));
    await Promise.all([a, b, b2].map((device) => device.expect(topic, ({ text }) => text === `{poke,${n}}`)));
    assert.deepEqual(await b2.subscribe([topic, `ac/${a.phoneId}`], 2), [2, 2]);
    a.send(roomRequest('add', id, { members: [member(b)] }));
    await b2.expect(ses(b), isRoom(id, 'add'));
    await b2.send(roomMessage(b, id, `${n} at once`));
    const mine = (got) => isMessage('sent')(got) && fieldsOf(got.fields.files[0]).payload === `${n} at once`;
    await Promise.all([a, b, b2].map((device) => device.expect(roomTopic(id), mine)));
    assert.equal((await getRoom(b2, id)).id, id);
    // And a loss is one as soon as it is told.
    if (n % 2) await ban(a, b);
    else {
      a.send(record('Friend', { phone_id: a.phoneId, friend_id: b.phoneId, status: 'revoke' }));
      await b.expect(ses(b), isContact(a.phoneId, 'revoke'));
    }
    assert.equal((await b2.ask(textMessage(b.phoneId, a.phoneId, newId(), 'too late'))).text, '{io,{error,permission_denied},<<>>}');
    assert.deepEqual(await b2.subscribe([topic, `ac/${a.phoneId}`], 2), [128, 128]);
  }
});
