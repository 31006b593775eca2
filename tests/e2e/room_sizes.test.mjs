// Rooms above room.full_list_limit (PROTOCOL O21; 3 on this cluster) and room.group_limit (6).

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { counters } from './cluster.mjs';
import { befriend, endAll, newId, online } from './device.mjs';
import { error, fieldsOf, record } from './records.mjs';

after(endAll);

const isRoom = (id, status) => ({ record: name, fields }) => name === 'Room' && fields.id === id && fields.status === status;
const isSystem = ({ record: name, fields }) => name === 'Message' && fields.status === 'muc';
const phoneIds = (members) => members.map((member) => fieldsOf(member).phone_id);
const listed = (...devices) => devices.map((device) => record('Member', { phone_id: device.phoneId }));
const request = (status, id, more = {}) => record('Room', { id, status, ...more });

async function people(count) {
  const all = await Promise.all(Array.from({ length: count }, () => online()));
  for (const other of all.slice(1)) await befriend(all[0], other);
  return all;
}

async function create(admin, others, more = {}) {
  const id = `room ${newId()}`;
  const reply = await admin.ask(record('Room', { id, name: 'Hall', status: 'create', members: listed(...others), ...more }),
    ({ record: name }) => name === 'Room' || name === 'io');
  return { id, reply };
}

test('a large room shows its receiver and its admins, and is read in pages', async () => {
  const [a, b, c, d] = await people(4);
  const { id, reply } = await create(a, [b, c]);
  assert.deepEqual(phoneIds(reply.fields.members), [b.phoneId, c.phoneId], 'three are listed');
  await a.send(request('add', id, { members: listed(d) }));
  const added = (await d.expect(`ses/${d.phone}`, isRoom(id, 'add'))).fields;
  assert.deepEqual([phoneIds(added.members), phoneIds(added.admins)], [[d.phoneId], [a.phoneId]]);
  const told = (await b.expect(`room/${id}`, isRoom(id, 'add'))).fields;
  assert.deepEqual([told.members, told.admins], [[], []]);
  const system = await b.expect(`room/${id}`, (message) => isSystem(message) && message.text.includes('added'));
  assert.ok(system.text.includes(`${a.phoneId} added ${d.phoneId}`));
  const get = async (device, more = {}) => (await device.ask(request('get', id, more), isRoom(id, 'get'))).fields;
  const own = await get(c);
  assert.deepEqual([phoneIds(own.members), phoneIds(own.admins)], [[c.phoneId], [a.phoneId]]);
  assert.equal(fieldsOf(own.members[0]).presence, 'online');
  const admin = await get(a);
  assert.deepEqual([phoneIds(admin.members), phoneIds(admin.admins)], [[], [a.phoneId]]);
  const page = await get(c, { members: [record('Member', { id: fieldsOf(own.admins[0]).id })] });
  assert.deepEqual(phoneIds(page.members), [b.phoneId, c.phoneId, d.phoneId]);
  const next = await get(c, { members: [record('Member', { id: fieldsOf(page.members[1]).id })] });
  assert.deepEqual(phoneIds(next.members), [d.phoneId]);
  const last = await get(c, { members: [record('Member', { id: fieldsOf(page.members[2]).id })] });
  assert.deepEqual(last.members, []);
  await a.send(request('remove', id, { members: listed(d) }));
  assert.deepEqual((await b.expect(`room/${id}`, isRoom(id, 'remove'))).fields.members, []);
  assert.deepEqual(phoneIds((await d.expect(`ses/${d.phone}`, isRoom(id, 'remove'))).fields.members), [d.phoneId]);
});

test('a group has a size, and a channel another one', async () => {
  const all = await people(7);
  const [a, ...others] = all;
  const before = (await counters()).get('room-1 chat_room_limited_total{limit="group_limit"}') ?? 0;
  assert.equal((await create(a, others)).reply.text, error('permission_denied'));
  const { id } = await create(a, others.slice(0, 5));
  assert.equal((await a.ask(request('add', id, { members: listed(others[5]) }))).text, error('permission_denied'));
  assert.equal((await counters()).get('room-1 chat_room_limited_total{limit="group_limit"}'), before + 2);
  const channel = await create(a, others, { type: 'channel' });
  assert.equal(channel.reply.fields.status, 'create');
  assert.equal((await a.ask(request('patch', channel.id, { type: 'group' }))).text, error('permission_denied'));
});
