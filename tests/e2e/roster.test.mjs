// Rosters of a phone: made, written, read by what changed, filled and emptied, removed (PROTOCOL 5.4).

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { float } from './bert.mjs';
import { befriend, endAll, isContact, newId, newPhone, online, register } from './device.mjs';
import { error, fieldsOf, ok, p2pTopic, record, textMessage } from './records.mjs';

after(endAll);

const isRoster = (status, id) => ({ record: name, fields }) => name === 'Roster' && fields.status === status &&
  (id === undefined || fields.id === id);
const roster = (status, fields = {}) => record('Roster', { status, ...fields });
const contacts = (...phoneIds) => phoneIds.map((phoneId) => record('Contact', { phone_id: phoneId }));

// The Roster that answers a get or an update.
async function read(device, status, fields = {}) {
  return (await device.ask(roster(status, fields), isRoster(status))).fields;
}
const users = (fields) => fields.userlist.map((contact) => fieldsOf(contact));
const refusal = async (device, status, fields) => (await device.ask(roster(status, fields))).text;

test('a second roster is made, told to all own devices, and used by the next request', async () => {
  const a = await online(newPhone(), 0);
  const other = await register(a.phone, 1);
  await other.connect(1);
  const made = (await a.ask(roster('create', { id: 5, names: 'At work', surnames: 'W', email: 'w@example.org', avatar: 'http://a' }),
    isRoster('create'))).fields;
  assert.deepEqual([made.names, made.surnames, made.email, made.avatar, made.phone, made.nick, made.userlist, made.roomlist],
    ['At work', 'W', 'w@example.org', 'http://a', a.phone, [], [], []]);
  assert.ok(made.id !== a.rosterId && made.id !== 5);
  await other.expect(`ses/${a.phone}`, isRoster('create', made.id));
  assert.equal((await read(a, 'get', { id: made.id })).names, 'At work');
  const b = await online(newPhone(), 1);
  const work = `${a.phone}_${made.id}`;
  await a.send(record('Friend', { phone_id: work, friend_id: b.phoneId, status: 'request' }));
  await b.expect(`ses/${b.phone}`, isContact(work, 'authorization'));
  const list = await a.ask(roster('list'), ({ record: name }) => name === 'io');
  assert.deepEqual(list.term.items[1].map((each) => fieldsOf(each).id), [a.rosterId, made.id]);
});

test('a phone has five rosters', async () => {
  const a = await online();
  for (let n = 2; n <= 5; n += 1) await a.ask(roster('create', { names: `Roster ${n}` }), isRoster('create'));
  assert.equal(await refusal(a, 'create', { names: 'Roster 6' }), error('permission_denied'));
  assert.equal(await refusal(a, 'create', { names: 'x' }), error('invalid_data'));
});

test('update writes what is not empty and answers with what changed since', async () => {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  await befriend(a, b);
  const whole = await read(a, 'update', { names: 'Anna', email: '', phone: a.phone });
  assert.deepEqual([whole.names, whole.email, users(whole).map((user) => user.phone_id)], ['Anna', [], [b.phoneId]]);
  await a.expect(`ses/${a.phone}`, ({ record: name, fields }) => name === 'Roster' && fields.status === 'patch' &&
    fields.names === 'Anna');
  const since = Math.max(whole.update, ...users(whole).map((user) => user.update));
  assert.deepEqual(users(await read(a, 'update', { update: since })), []);
  await b.send(roster('patch', { names: 'Bohdan' }));
  await b.expect(`ses/${b.phone}`, isRoster('patch'));
  assert.deepEqual(users(await read(a, 'update', { update: since })).map((user) => user.names), ['Bohdan']);
  assert.equal(await refusal(a, 'update', { id: b.rosterId }), error('roster_not_found'));
  assert.equal(await refusal(a, 'update', { id: b.rosterId, phone: b.phone }), error('not_authorized'));
  assert.equal(await refusal(a, 'update', { nick: 'no blanks' }), error('invalid_nick'));
});

test('contacts are added to the phone book and deleted from it, friends revoked', async () => {
  const [a, b, c] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1), online()]);
  const add = (...ids) => refusal(a, 'add', { id: a.rosterId, userlist: contacts(...ids) });
  const del = (...ids) => refusal(a, 'del', { id: a.rosterId, userlist: contacts(...ids) });
  assert.equal(await add(b.phoneId, '380000000000_1'), ok('added'));
  assert.equal(await add(b.phoneId), `{io,{ok2,already_present,[<<"${b.phoneId}">>]},<<>>}`);
  assert.equal(await add('380000000000_1'), error('contacts_not_found'));
  assert.equal(await refusal(a, 'add', { id: b.rosterId, userlist: contacts(c.phoneId) }), error('roster_not_found'));
  assert.deepEqual(users(await read(a, 'get')).map(({ phone_id: id, status }) => [id, status]), [[b.phoneId, 'internal']]);
  await befriend(a, c);
  assert.equal(await del(c.phoneId, b.phoneId, '380000000000_1'),
    `{io,{ok2,removed,[<<"${c.phoneId}">>,<<"${b.phoneId}">>]},<<>>}`);
  await c.expect(`ses/${c.phone}`, isContact(a.phoneId, 'revoke'));
  await a.expect(`ses/${a.phone}`, isContact(c.phoneId, 'revoke'));
  assert.equal(await del(b.phoneId), error('contacts_not_found'));
  assert.equal(await refusal(a, 'del', { id: b.rosterId, userlist: contacts(c.phoneId) }), error('roster_not_found'));
  assert.deepEqual(users(await read(a, 'get')), []);
});

test('a removed roster is revoked for its friends and gone for its owner', async () => {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  const made = (await a.ask(roster('create', { names: 'At work' }), isRoster('create'))).fields;
  const work = Object.assign(Object.create(a), { phoneId: `${a.phone}_${made.id}` });
  await befriend(work, b);
  assert.equal(await refusal(a, 'remove', { id: b.rosterId }), error('roster_not_found'));
  assert.equal(await refusal(a, 'remove', { id: made.id }), ok('removed'));
  await b.expect(`ses/${b.phone}`, isContact(work.phoneId, 'revoke'));
  await a.expect(`ses/${a.phone}`, isRoster('remove', made.id));
  assert.equal(await refusal(a, 'get', { id: made.id }), error('roster_not_found'));
  assert.equal(await refusal(a, 'remove', { id: made.id }), error('roster_not_found'));
  assert.deepEqual(users(await read(b, 'get')), []);
  assert.equal((await read(a, 'get')).id, a.rosterId, 'the first one stays');
});

test('two rosters of one phone are friends like others, and go together', async () => {
  const a = await online(newPhone(), 0);
  const { id } = (await a.ask(roster('create', { names: 'At work' }), isRoster('create'))).fields;
  const work = { phoneId: `${a.phone}_${id}` };
  const told = (status, ...people) => Promise.all(people.map((each) => a.expect(`ses/${a.phone}`, isContact(each.phoneId, status))));
  const friend = (from, to, status) => record('Friend', { phone_id: from.phoneId, friend_id: to.phoneId, status });
  await a.send(friend(a, work, 'request'));
  await Promise.all([told('request', work), told('authorization', a)]);
  assert.equal((await a.ask(friend(work, a, 'confirm'))).text, '{io,{ok,added},{ok,added}}');
  await told('friend', a, work);
  const topic = p2pTopic(a.phoneId, work.phoneId);
  await a.send(textMessage(a.phoneId, work.phoneId, newId(), 'a note'));
  await a.expect(topic);
  await a.fence();
  assert.equal(a.on(topic).length, 1, 'one phone hears it once');
  a.send(record('Profile', { status: 'remove' })).catch(() => {});
  await a.expect(a.topic, ({ record: name, fields }) => name === 'Profile' && fields.status === 'remove');
});

test('a phone asks a hundred times a day to be friends, then too_many (O17)', async () => {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  const request = (id) => a.ask(record('Friend', { phone_id: a.phoneId, friend_id: id, status: 'request' }));
  for (let n = 0; n < 100; n += 1) assert.equal((await request('380000000000_1')).text, error('roster_not_found'));
  assert.equal((await request(b.phoneId)).text, error('too_many'));
  await b.fence();
  assert.deepEqual(b.on(`ses/${b.phone}`), []);
  await b.send(record('Friend', { phone_id: b.phoneId, friend_id: a.phoneId, status: 'request' }));
  await a.expect(`ses/${a.phone}`, isContact(b.phoneId, 'authorization'));
});

test('a position goes to the own devices, three numbers or none', async () => {
  const a = await online(newPhone(), 0);
  const other = await register(a.phone, 1);
  await other.connect(1);
  await other.fence();
  await a.send(record('Loc', { x: float(50.45), y: 30, z: 0 }));
  for (const device of [a, other]) {
    const { text } = await device.expect(`ses/${a.phone}`, ({ record: name }) => name === 'Loc');
    assert.match(text, /^\{'Loc',50\.45.*,30,0\}$/);
  }
  assert.equal((await a.ask(record('Loc', { x: newId(), y: 1, z: 1 }))).text, error('invalid_data'));
  assert.equal((await a.ask(record('Loc', { x: 1, y: 1, z: [] }))).text, error('invalid_data'));
});
