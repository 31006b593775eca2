// Presence and changed names on ac/, also after a gateway was killed; never across a ban (PROTOCOL 5.9, O28).

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { killHard, up } from './cluster.mjs';
import { befriend, endAll, isContact, newPhone, online, register } from './device.mjs';
import { fieldsOf, record } from './records.mjs';

after(endAll);

const shows = (phoneId, presence) => ({ record: name, fields }) => name === 'Contact' && fields.phone_id === phoneId &&
  fields.presence === presence && fields.status.length === 0;
const ac = (device) => `ac/${device.phoneId}`;

async function friends(a, b) {
  const [one, other] = await Promise.all([online(newPhone(), a), online(newPhone(), b)]);
  await befriend(one, other);
  return [one, other];
}

test('the first connection of a phone and the end of its last one are told to friends', async () => {
  const [a, b] = await friends(0, 1);
  const second = await register(b.phone, 0);
  await second.connect(0);
  await b.disconnect();
  await second.fence();
  await second.disconnect();
  const gone = await a.expect(ac(b), shows(b.phoneId, 'offline'), { timeoutMs: 15000 });
  assert.equal(gone.qos, 0);
  assert.equal(a.on(ac(b), shows(b.phoneId, 'offline')).length, 1, 'not while another device was there');
  await b.connect(1);
  const back = await a.expect(ac(b), shows(b.phoneId, 'online'), { from: a.inbox.indexOf(gone) });
  assert.deepEqual([back.fields.email, back.fields.reader, back.fields.unread, back.fields.settings], [[], 0, 0, []]);
  const [{ presence }] = (await a.ask(record('Roster', { status: 'get' }), ({ record: name }) => name === 'Roster'))
    .fields.userlist.map(fieldsOf);
  assert.equal(presence, 'online');
});

test('a short break is not told', async () => {
  const [a, b] = await friends(0, 1);
  await b.disconnect();
  await b.connect(0);
  await b.send(record('Roster', { status: 'patch', names: 'Bohdan' }));
  const told = await a.expect(ac(b), ({ fields }) => fields.names === 'Bohdan');
  assert.equal(told.fields.presence, 'online');
  assert.deepEqual(a.on(ac(b), shows(b.phoneId, 'offline')), []);
});

test('names, nick and avatar are told to friends, the last of several at once', async () => {
  const [a, b] = await friends(0, 1);
  for (const names of ['One', 'Two', 'Three']) await b.send(record('Roster', { status: 'patch', names, avatar: `http://${names}` }));
  const told = await a.expect(ac(b), ({ fields }) => fields.names === 'Three');
  assert.equal(told.fields.avatar, 'http://Three');
  const nick = `bohdan_${b.rosterId}`;
  await b.send(record('Roster', { status: 'nick', nick }));
  await a.expect(ac(b), ({ fields }) => fields.nick === nick);
});

test('a removed roster is told on ac/', async () => {
  const [a, b] = await friends(0, 1);
  await b.send(record('Roster', { id: b.rosterId, status: 'remove' }));
  await a.expect(ac(b), ({ record: name, fields }) => name === 'Contact' && fields.status === 'remove');
  await a.expect(`ses/${a.phone}`, isContact(b.phoneId, 'revoke'));
});

test('nothing is told across a ban', async () => {
  const [a, b] = await friends(0, 1);
  const witness = await online(newPhone(), 0);
  await befriend(witness, b);
  await a.ask(record('Friend', { phone_id: a.phoneId, friend_id: b.phoneId, status: 'ban' }));
  await b.send(record('Roster', { status: 'patch', names: 'Banned' }));
  await witness.expect(ac(b), ({ fields }) => fields.names === 'Banned');
  await a.fence();
  assert.deepEqual(a.on(ac(b), ({ fields }) => fields.names === 'Banned'), []);
});

test('who shares a room is told on muc/, a friend in it on both, nobody across a ban', async () => {
  const [a, b] = await friends(0, 1);
  const [c, banned] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  for (const each of [c, banned]) await befriend(b, each);
  await a.send(record('Friend', { phone_id: a.phoneId, friend_id: banned.phoneId, status: 'request' }));
  await banned.expect(`ses/${banned.phone}`, isContact(a.phoneId, 'authorization'));
  await banned.ask(record('Friend', { phone_id: banned.phoneId, friend_id: a.phoneId, status: 'ban' }));
  const id = `room ${a.phoneId.replace('_', ' ')}`;
  const members = [a, c, banned].map((each) => record('Member', { phone_id: each.phoneId, status: 'member' }));
  await b.send(record('Room', { id, name: 'Kitchen', members, status: 'create' }));
  await Promise.all([a, b, c, banned].map((each) => each.expect(`room/${id}`)));
  await a.disconnect();
  await c.expect(`muc/${a.phoneId}`, shows(a.phoneId, 'offline'), { timeoutMs: 15000 });
  await Promise.all(['ac', 'muc'].map((family) => b.expect(`${family}/${a.phoneId}`, shows(a.phoneId, 'offline'))));
  const marks = [b, c].map((each) => each.inbox.length);
  await a.connect(1);
  await c.expect(`muc/${a.phoneId}`, shows(a.phoneId, 'online'), { from: marks[1] });
  await Promise.all(['ac', 'muc'].map((family) => b.expect(`${family}/${a.phoneId}`, shows(a.phoneId, 'online'), { from: marks[0] })));
  await Promise.all([b, c, banned].map((each) => each.fence()));
  const about = (each, person) => each.inbox.filter(({ topic }) => [`ac/${person.phoneId}`, `muc/${person.phoneId}`].includes(topic));
  assert.deepEqual(about(banned, a), []);
  assert.deepEqual(about(a, banned), []);
  assert.deepEqual(c.inbox.filter(({ topic }) => topic === `ac/${a.phoneId}`), [], 'no friend of theirs');
});

test('after a gateway was killed its people go offline within 15 s, and come back', async () => {
  const [a, b] = await friends(0, 1);
  try {
    killHard('gateway-2');
    await b.closed;
    await a.expect(ac(b), shows(b.phoneId, 'offline'), { timeoutMs: 15000 });
  } finally {
    await up();
  }
  const from = a.inbox.length;
  await b.connect(1);
  await a.expect(ac(b), shows(b.phoneId, 'online'), { from });
});
