// Rooms: every RPC of 5.7 on two gateways; what is answered, what the others receive on ses/ and room/ and in which order, who is
// refused, and who may send and read.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { befriend, endAll, isProfile, newId, newPhone, online } from './device.mjs';
import { error, fieldsOf, record } from './records.mjs';

after(endAll);

const denied = error('permission_denied');
const invalid = error('invalid_data');
const notFound = error('not_found');
const roomTopic = (id) => `room/${id}`;
const ses = (device) => `ses/${device.phone}`;
const muc = (id) => record('muc', { name: id });
const isRoom = (id, status) => ({ record: name, fields }) => name === 'Room' && fields.id === id && fields.status === status;
const isSystem = (type) => ({ record: name, fields }) => name === 'Message' && fields.status === 'muc' && fields.type === type;
const isText = (text) => ({ record: name, fields }) => name === 'Message' && fields.status === 'sent' && textOf(fields) === text;
const textOf = (fields) => (fields.files.length > 0 ? fieldsOf(fields.files[0]).payload : '');
const phoneIds = (members) => members.map((member) => fieldsOf(member).phone_id);
const member = (device, status = []) => record('Member', { phone_id: device.phoneId, status });
const request = (status, id, more = {}) => record('Room', { id, status, ...more });
const members = (...devices) => ({ members: devices.map((device) => member(device, 'member')) });

// The reply to a request that is refused.
const refusal = async (device, term) => (await device.ask(term)).text;
const get = async (device, id, more = {}) => (await device.ask(request('get', id, more), isRoom(id, 'get'))).fields;

// People on both gateways, all friends of the first.
async function people(count) {
  const all = await Promise.all(Array.from({ length: count }, (_, index) => online(newPhone(), index % 2)));
  for (const other of all.slice(1)) await befriend(all[0], other);
  return all;
}

async function create(admin, others, more = {}) {
  const id = `room ${newId()}`;
  const { fields } = await admin.ask(record('Room', {
    id, name: 'Kitchen', status: 'create', ...members(...others), ...more,
  }), isRoom(id, 'create'));
  await Promise.all([admin, ...others].map((device) => device.expect(roomTopic(id), isSystem('join'))));
  return { id, fields };
}

const text = (device, id, words) => record('Message', {
  feed_id: muc(id), msg_id: newId(), from: device.phoneId, to: id, status: 'client',
  files: [record('Desc', { id: newId(), mime: 'text', payload: words })],
});

async function say(device, id, words, receivers) {
  await device.send(text(device, id, words));
  return Promise.all(receivers.map((receiver) => receiver.expect(roomTopic(id), isText(words))));
}

const history = (device, id) => device.ask(
  record('History', { roster_id: device.phoneId, feed: muc(id), size: -50, entity_id: 0, status: 'get' }),
  ({ record: name }) => name === 'History' || name === 'io');

test('a created room is answered in full, shown to the others, and can be written to at once', async () => {
  const [a, b, c] = await people(3);
  const b2 = await online(b.phone, 0);
  const id = `room ${newId()}`;
  const reply = a.ask(record('Room', {
    id, name: 'Kitchen', description: 'plans', status: 'create', type: 'group', ...members(b, c), admins: [member(a, 'admin')],
    settings: [record('Feature', { id: 'f', key: 'LANGUAGE', value: 'en', group: 'g' })], data: [record('Desc', { id: 'd' })],
  }), isRoom(id, 'create'));
  for (const device of [b, b2, c]) {
    const { fields } = await device.expect(ses(device), isRoom(id, 'create'));
    assert.deepEqual(phoneIds(fields.members).sort(), [b.phoneId, c.phoneId].sort());
    assert.deepEqual(phoneIds(fields.admins), [a.phoneId]);
    assert.equal(fields.name, 'Kitchen');
    assert.equal(fields.type, 'group');
  }
  await say(b2, id, 'first', [a, b, b2, c]);
  for (const device of [a, b, b2, c]) {
    const { fields } = await device.expect(roomTopic(id), isSystem('join'));
    assert.equal(textOf(fields), `${a.phoneId} created the group`);
    assert.equal(fields.from, a.phoneId);
    assert.equal(fields.to, id);
    assert.equal(fieldsOf(fields.files[0]).id, `srv_${fields.id}`);
  }
  const { fields } = await reply;
  assert.deepEqual([fields.description, fields.settings.length, fields.data.length], ['plans', 1, 1]);
  const last = fieldsOf(fields.last_msg);
  assert.ok(last.type === 'join' || textOf(last) === 'first', 'the newest when the reply was made');
  assert.equal(a.on(ses(a), isRoom(id, 'create')).length, 0, 'the creator has the reply');
  const shown = await get(c, id);
  assert.equal(textOf(fieldsOf(shown.last_msg)), 'first');
  assert.equal(shown.unread, 1, 'system messages are not counted');
  const page = await history(c, id);
  assert.deepEqual(page.fields.data.map((message) => fieldsOf(message).status), ['sent', 'muc']);
});

test('creating is refused with a bad name or id, a used id, and people who are no friends', async () => {
  const [a, b] = await people(2);
  const stranger = await online(newPhone(), 1);
  const { id } = await create(a, [b]);
  const make = (more) => refusal(a, record('Room', { id: [], name: 'Kitchen', status: 'create', ...more }));
  assert.equal(await make({ name: [] }), invalid);
  assert.equal(await make({ name: 'x'.repeat(33) }), invalid);
  assert.equal(await make({ id }), invalid);
  assert.equal(await make({ id: 'a/b' }), invalid);
  assert.equal(await make({ id: a.phoneId }), invalid);
  assert.equal(await make(members(b, stranger)), denied);
  assert.equal(await make({ members: [record('Member', { phone_id: '380670000000_999999999' })] }), denied);
  const { fields } = await a.ask(record('Room', { name: 'Alone', status: 'create' }), ({ record: name }) => name === 'Room');
  assert.match(fields.id, /^[0-9a-f]{16}$/);
  assert.equal(fields.type, 'group');
});

test('an added member hears of it first on ses/, may send at once, and reads what was before', async () => {
  const [a, b, c] = await people(3);
  const { id } = await create(a, [b]);
  await say(a, id, 'before', [a, b]);
  a.send(request('add', id, { ...members(c) }));
  const { fields } = await c.expect(ses(c), isRoom(id, 'add'));
  assert.deepEqual(phoneIds(fields.members).sort(), [b.phoneId, c.phoneId].sort());
  await say(c, id, 'hello', [a, b, c]);
  for (const device of [a, b, c]) {
    const told = await device.expect(roomTopic(id), isRoom(id, 'add'));
    assert.deepEqual(phoneIds(told.fields.members), [c.phoneId]);
    const system = await device.expect(roomTopic(id), isSystem('join'));
    assert.equal(textOf(system.fields), `${a.phoneId} added ${c.phoneId}`);
    assert.ok(device.inbox.indexOf(told) < device.inbox.indexOf(system));
  }
  assert.equal(c.on(roomTopic(id), isText('before')).length, 0);
  assert.ok((await history(c, id)).fields.data.some((message) => textOf(fieldsOf(message)) === 'before'));
  await a.send(request('add', id, { admins: [member(c)] })); // a listed member changes role
  for (const device of [a, b, c]) {
    const told = await device.expect(roomTopic(id), isRoom(id, 'add'));
    assert.deepEqual([phoneIds(told.fields.members), phoneIds(told.fields.admins)], [[], [c.phoneId]]);
  }
  assert.equal(await refusal(c, request('add', id, members(await online()))), denied, 'an admin adds friends only');
});

test('in the shifted layout each entry says its own role', async () => {
  const [a, b, c] = await people(3);
  const { id } = await create(a, []);
  await a.send(request('add', id, { admins: [member(b, 'member'), member(c, 'admin')] }));
  await c.expect(roomTopic(id), isRoom(id, 'add'));
  const room = await get(b, id);
  assert.deepEqual([phoneIds(room.members), phoneIds(room.admins)], [[b.phoneId], [a.phoneId, c.phoneId]]);
  await a.send(request('remove', id, { admins: [member(b), member(c)] }));
  await b.expect(ses(b), isRoom(id, 'remove'));
  await a.send(request('add', id, { admins: [member(b, 'member')], data: [member(c, 'admin')] })); // slots 6 and 7
  await c.expect(ses(c), isRoom(id, 'add'));
  const again = await get(a, id);
  assert.deepEqual([phoneIds(again.members), phoneIds(again.admins)], [[b.phoneId], [a.phoneId, c.phoneId]]);
});

test('a channel is joined by anybody, written by admins, and closed to those who are banned', async () => {
  const [a, b] = await people(2);
  const stranger = await online(newPhone(), 1);
  const { id } = await create(a, [b], { type: 'channel' });
  await stranger.send(request('join', id));
  const { fields } = await stranger.expect(ses(stranger), isRoom(id, 'join'));
  assert.deepEqual(phoneIds(fields.admins), [a.phoneId]);
  const system = await b.expect(roomTopic(id), isSystem('join'));
  assert.equal(textOf(system.fields), `${stranger.phoneId} joined the group`);
  await say(a, id, 'news', [a, b, stranger]);
  assert.equal(await refusal(b, text(b, id, 'no')), denied);
  await a.send(request('ban', id, members(stranger)));
  for (const device of [a, b, stranger]) await device.expect(roomTopic(id), isRoom(id, 'ban'));
  await stranger.expect(ses(stranger), isRoom(id, 'ban'));
  assert.equal(await refusal(stranger, request('join', id)), denied);
  assert.equal(await refusal(a, request('add', id, members(stranger))), denied);
  await a.send(request('ban', id, members(stranger))); // again
  await b.expect(roomTopic(id), isRoom(id, 'ban'));
  await a.send(request('unban', id, members(stranger)));
  const unban = await b.expect(roomTopic(id), isRoom(id, 'unban'));
  assert.deepEqual(phoneIds(unban.fields.members), [stranger.phoneId]);
  await stranger.send(request('join', id));
  await stranger.expect(ses(stranger), isRoom(id, 'join'));
  assert.equal(await refusal(a, request('ban', id)), invalid);
  assert.equal(await refusal(a, request('ban', id, members(a))), denied);
  const { id: group } = await create(a, [b]);
  assert.equal(await refusal(stranger, request('join', group)), denied);
});

test('who is removed hears it, then hears nothing more, and may neither write nor read', async () => {
  const [a, b, c] = await people(3);
  const { id } = await create(a, [b, c]);
  await a.send(request('remove', id, members(b)));
  for (const device of [a, b, c]) {
    const told = await device.expect(roomTopic(id), isRoom(id, 'remove'));
    assert.deepEqual(told.fields.members.map((entry) => fieldsOf(entry).status), ['removed']);
    const system = await device.expect(roomTopic(id), isSystem('removed'));
    assert.equal(textOf(system.fields), `${a.phoneId} removed ${b.phoneId}`);
  }
  await b.expect(ses(b), isRoom(id, 'remove'));
  await say(a, id, 'secret', [a, c]);
  await b.fence();
  assert.equal(b.on(roomTopic(id), isText('secret')).length, 0);
  assert.equal(await refusal(b, text(b, id, 'let me in')), denied);
  assert.equal((await history(b, id)).text, invalid);
  assert.equal(await refusal(b, request('get', id)), denied);
  assert.deepEqual(await b.subscribe([roomTopic(id)]), [128]);
  assert.equal(await refusal(a, request('remove', id, members(b))), invalid);
  assert.equal(await refusal(a, request('remove', id, members(a))), denied, 'the last admin');
});

test('a member leaves; the last admin stays until he is alone, and the id is never used again', async () => {
  const [a, b] = await people(2);
  const { id } = await create(a, [b]);
  assert.equal(await refusal(a, request('leave', id)), denied);
  await b.send(request('leave', id));
  for (const device of [a, b]) {
    const told = await device.expect(roomTopic(id), isRoom(id, 'leave'));
    assert.deepEqual(phoneIds(told.fields.members), [b.phoneId]);
    const { fields } = await device.expect(roomTopic(id), isSystem('leave'));
    assert.deepEqual([textOf(fields), fields.from], [`${b.phoneId} left the group`, b.phoneId]);
  }
  await b.expect(ses(b), isRoom(id, 'leave'));
  assert.equal(await refusal(b, request('leave', id)), denied);
  await a.send(request('leave', id));
  await a.expect(ses(a), isRoom(id, 'leave'));
  assert.equal(await refusal(a, request('get', id)), notFound);
  assert.equal(await refusal(a, record('Room', { id, name: 'Again', status: 'create' })), invalid);
});

test('one mutes oneself quietly; an admin silences members', async () => {
  const [a, b, c] = await people(3);
  const { id } = await create(a, [b, c]);
  await b.send(request('mute', id));
  await b.expect(ses(b), isRoom(id, 'mute'));
  const ownSettings = async () => (await get(b, id)).members.map(fieldsOf)
    .find(({ phone_id: phoneId }) => phoneId === b.phoneId).settings.map((feature) => fieldsOf(feature).key);
  assert.deepEqual(await ownSettings(), ['MUTE']);
  await say(b, id, 'still here', [a, b, c]);
  await b.send(request('unmute', id));
  await b.expect(ses(b), isRoom(id, 'unmute'));
  assert.deepEqual(await ownSettings(), []);
  await a.send(request('mute', id, members(b)));
  for (const device of [a, b]) {
    const { fields } = await device.expect(ses(device), isRoom(id, 'mute'));
    assert.deepEqual(phoneIds(fields.members), [b.phoneId]);
  }
  assert.equal(await refusal(b, text(b, id, 'hush')), denied);
  await c.fence();
  assert.equal(c.on(ses(c), isRoom(id, 'mute')).length, 0);
  await a.send(request('unmute', id, members(b)));
  await b.expect(ses(b), isRoom(id, 'unmute'));
  await say(b, id, 'a voice again', [a, b, c]);
  assert.equal(await refusal(a, request('mute', id, members(b, await online()))), invalid);
  assert.equal(await refusal(c, request('mute', id, members(b))), denied);
});

test('a patch is seen by all, a rename is said', async () => {
  const [a, b] = await people(2);
  const { id } = await create(a, [b], { description: 'old' });
  await a.send(request('patch', id, { name: 'Bath', tos: 'v2', description: Buffer.alloc(0) }));
  for (const device of [a, b]) {
    const { fields } = await device.expect(roomTopic(id), isRoom(id, 'patch'));
    assert.deepEqual([fields.name, fields.tos, fields.members, fields.admins], ['Bath', 'v2', [], []]);
    assert.deepEqual(fields.description, []);
    assert.ok(fields.tos_update > 0 && fields.update >= fields.created);
    const system = await device.expect(roomTopic(id), isSystem('patch'));
    assert.equal(textOf(system.fields), 'Group is renamed to "Bath"');
  }
  assert.equal((await get(b, id)).name, 'Bath');
  assert.equal(await refusal(a, request('patch', id, { name: 'x'.repeat(33) })), invalid);
  assert.equal(await refusal(b, request('patch', id, { name: 'Mine' })), denied);
});

test('Member/patch writes the own membership, and all members see it', async () => {
  const [a, b] = await people(2);
  const { id } = await create(a, [b]);
  await b.send(record('Member', { feed_id: muc(id), names: 'Bertha', alias: 'bee', status: 'patch' }));
  let own;
  for (const device of [a, b]) {
    own = (await device.expect(roomTopic(id), ({ record: name }) => name === 'Member')).fields;
    assert.deepEqual([own.phone_id, own.names, own.alias, own.status, own.container], [b.phoneId, 'Bertha', 'bee', 'patch', 'chain']);
  }
  assert.equal(fieldsOf((await get(a, id)).members[0]).alias, 'bee');
  await b.send(record('Member', { id: own.id, alias: Buffer.alloc(0), status: 'patch' }));
  assert.deepEqual((await a.expect(roomTopic(id), ({ record: name }) => name === 'Member')).fields.alias, []);
  assert.equal(await refusal(a, record('Member', { id: own.id, alias: 'mine', status: 'patch' })), denied);
  assert.equal(await refusal(b, record('Member', { feed_id: muc('no such room'), alias: 'mine', status: 'patch' })), denied);
  assert.equal(await refusal(b, record('Member', { feed_id: muc(id), alias: 'x', status: 'patch' })), invalid);
});

test('a deleted room is gone for all', async () => {
  const [a, b] = await people(2);
  const { id } = await create(a, [b]);
  assert.equal(await refusal(b, request('delete', id)), denied);
  await a.send(request('delete', id));
  for (const device of [a, b]) {
    await device.expect(roomTopic(id), isRoom(id, 'delete'));
    await device.expect(ses(device), isRoom(id, 'delete'));
  }
  assert.equal(await refusal(a, text(a, id, 'anybody?')), denied);
  assert.equal(await refusal(a, request('delete', id)), notFound);
  assert.equal((await history(a, id)).text, invalid);
});

test('a stranger and a member are refused what is not theirs, and nothing changes', async () => {
  const [a, b] = await people(2);
  const stranger = await online(newPhone(), 1);
  const { id } = await create(a, [b]);
  const before = await get(a, id);
  const all = ['get', 'patch', 'add', 'join', 'remove', 'leave', 'ban', 'unban', 'mute', 'unmute', 'delete'];
  for (const status of all) {
    const lists = status === 'join' ? {} : members(b);
    assert.equal(await refusal(stranger, request(status, id, lists)), denied, status);
    assert.equal(await refusal(stranger, request(status, `no ${id}`, lists)), notFound, status);
  }
  for (const status of ['patch', 'add', 'join', 'remove', 'leave', 'ban', 'unban', 'mute', 'unmute', 'delete']) {
    assert.equal(await refusal(b, request(status, id, members(b))), denied, status);
  }
  assert.equal(await refusal(stranger, text(stranger, id, 'hi')), denied);
  assert.equal((await history(stranger, id)).text, invalid);
  assert.deepEqual(await stranger.subscribe([roomTopic(id)]), [128]);
  assert.deepEqual(await get(a, id), before);
});

test('a device that was away gets what the room said, but nothing of a room it has lost', async () => {
  const [a, b] = await people(2);
  const { id } = await create(a, []);
  await b.disconnect();
  await a.send(request('add', id, members(b)));
  await a.expect(roomTopic(id), isSystem('join'));
  await say(a, id, 'while you were away', [a]);
  await b.connect(0);
  await b.expect(ses(b), isRoom(id, 'add'));
  await b.expect(roomTopic(id), isText('while you were away'));
  await b.expect(roomTopic(id), isSystem('join'));
  await b.disconnect();
  await say(a, id, 'not for you', [a]);
  await a.send(request('remove', id, members(b)));
  await a.expect(roomTopic(id), isRoom(id, 'remove'));
  const from = b.inbox.length;
  await b.connect(1);
  await b.expect(b.topic, isProfile('init'), { from });
  await b.expect(ses(b), isRoom(id, 'remove'), { from });
  await b.fence();
  assert.equal(b.on(roomTopic(id), isText('not for you')).length, 0);
});
