// Search (PROTOCOL 3.12, 5.8, O17): the selectors of people behave alike; `room` finds rooms. More of it: search.test.mjs.

import assert from 'node:assert/strict';
import { atom } from '../bert.mjs';
import { newId, newPhone } from '../device.mjs';
import { error, fieldsOf, record } from '../records.mjs';
import { answered, heardDuring, malformed, none, refused, replyTo, signedOut } from './cell.mjs';

const UNKNOWN = 2 ** 52;
const searchFor = (device, status, more = {}) => record('Search', {
  id: device.rosterId, ref: 'the ref', field: 'phone', type: '==', value: device.phone, status, ...more,
});
const textsOf = (messages) => messages.map(({ topic, text }) => `${topic} ${text}`);

// The Roster of {io,{ok,Ref},Roster}, checked but for what was found.
async function found(device, status, more = {}) {
  const reply = await device.ask(searchFor(device, status, more));
  assert.ok(reply.text.startsWith('{io,{ok,<<"the ref">>},'), reply.text);
  const { userlist, roomlist, ...rest } = fieldsOf(reply.term.items[2]);
  assert.deepEqual(rest, { id: device.rosterId, names: [], surnames: [], email: [], nick: [], favorite: [], tags: [], phone: [],
    avatar: [], update: 0, status });
  return { people: userlist.map(fieldsOf), rooms: roomlist.map(fieldsOf) };
}

async function patch(device, fields) {
  device.send(record('Roster', { ...fields, status: 'patch' }));
  const { update } = (await device.expect(`ses/${device.phone}`, ({ record: name }) => name === 'Roster')).fields;
  return update;
}

const access = (status) => ({
  async not_authorized(world) {
    await signedOut(world, record('Search', { id: 1, ref: 'r', field: 'phone', type: '==', value: '380670000001', status }));
    const { a, b } = await world.friends();
    await refused(b, searchFor(b, status, { id: a.rosterId }), 'not_authorized', [a]);
    await refused(b, searchFor(b, status, { id: a.rosterId, field: 'nonsense' }), 'not_authorized', [a]);
  },
});

// Finding nobody is no error; an own roster that does not exist is.
const people = (status) => ({
  async good(world) {
    const { a, b } = await world.friends();
    const stranger = await world.person(1);
    const nick = `Петро_${newId()}`;
    const update = await patch(stranger, { names: 'Petro', surnames: 'M', nick, email: 'p@example.org', avatar: 'http://p' });
    const asStranger = { phone_id: stranger.phoneId, avatar: 'http://p', names: 'Petro', surnames: 'M', nick, email: [], vox_id: [],
      reader: 0, unread: 0, last_msg: [], update, settings: [], presence: [], status: [] };
    for (const more of [{ value: `+${stranger.phone}` }, { value: [stranger.phone, a.phone, newPhone()] },
      { field: 'nick', value: nick.toUpperCase() }, { field: 'nick', value: [nick] }]) {
      assert.deepEqual((await found(a, status, more)).people, [asStranger], 'and never the own roster');
    }
    await patch(b, { email: 'b@example.org' });
    const [friend] = (await found(a, status, { id: [], value: b.phone })).people;
    assert.deepEqual([friend.phone_id, friend.email, friend.presence, friend.status], [b.phoneId, 'b@example.org', 'online', 'friend']);
  },
  ...access(status),
  async not_found(world) {
    const device = await world.person();
    assert.deepEqual(await found(device, status, { value: newPhone() }), { people: [], rooms: [] });
    assert.deepEqual(await found(device, status, { field: 'nick', value: `nobody_${newId()}` }), { people: [], rooms: [] });
    await refused(device, searchFor(device, status, { id: UNKNOWN }), 'roster_not_found');
    await refused(device, searchFor(device, status, { id: UNKNOWN, type: '!=' }), 'roster_not_found');
  },
  async invalid(world) {
    const device = await world.person();
    for (const more of [{ field: 'link' }, { field: 'id' }, { field: 'Phone' }, { field: [] }, { type: '!=' }, { type: [] }, { type: '=' },
      { type: 'like' }, { field: 'nick', type: 'like' }, { field: 'email', type: 'like' }, { field: 'names', type: 'like', value: 'Pe' },
      { value: 5 }, { value: atom('phone') }, { value: ['x', 5] }, { value: new Array(1001).fill('380670001234') }, { ref: 5 }]) {
      await refused(device, searchFor(device, status, more), 'invalid_data');
    }
    for (const term of malformed(searchFor(device, status))) await refused(device, term, 'invalid_data');
  },
  async repeat(world) {
    const [device, other] = [await world.person(), await world.person(1)];
    const first = await found(device, status, { value: other.phone });
    for (let n = 2; n <= 60; n += 1) assert.deepEqual(await found(device, status, { value: other.phone }), first);
    assert.equal(await replyTo(device, searchFor(device, status)), error('too_many'), 'the 61st of a day');
  },
  // Nobody is told who looks for whom.
  async others(world) {
    const { a, a2, b } = await world.friends({ second: true });
    const stranger = await world.person(1);
    const heard = await heardDuring([a, a2, b, stranger], () => found(a, status, { value: [b.phone, stranger.phone] }));
    assert.deepEqual(heard.map((messages) => messages.length), [1, 0, 0, 0], textsOf(heard.flat()).join('\n'));
  },
});

async function channel(owner, name) {
  const id = `channel ${newId()}`;
  await answered(owner, record('Room', { id, name, type: 'channel', status: 'create' }), 'Room', 'create');
  return id;
}

const room = {
  async good(world) {
    const [owner, device] = [await world.person(0), await world.person(1)];
    const name = `News ${newId()}`;
    const id = await channel(owner, name);
    for (const more of [{ field: 'id', value: id }, { field: 'names', value: name.toUpperCase() },
      { field: 'names', type: 'like', value: name.slice(0, 12) }]) {
      const { people: rosters, rooms } = await found(device, 'room', more);
      assert.deepEqual([rosters, rooms.map((each) => [each.id, each.name, each.type])], [[], [[id, name, 'channel']]]);
    }
  },
  ...access('room'),
  async not_found(world) {
    const [owner, device] = [await world.person(0), await world.person(1)];
    const group = `group ${newId()}`;
    await answered(owner, record('Room', { id: group, name: `Group ${group.slice(6)}`, status: 'create' }), 'Room', 'create');
    for (const more of [{ field: 'id', value: newId() }, { field: 'names', value: `Group ${group.slice(6)}` }]) {
      assert.deepEqual(await found(device, 'room', more), { people: [], rooms: [] }, 'names find channels only');
    }
    await refused(device, searchFor(device, 'room', { id: UNKNOWN, field: 'id', value: group }), 'roster_not_found');
  },
  async invalid(world) {
    const device = await world.person();
    for (const more of [{ field: 'phone' }, { field: 'nick' }, { field: [] }, { field: 'id', type: 'like', value: 'abcdef' },
      { field: 'id', type: '!=' }, { field: 'names', type: 'like', value: 'ab' }, { field: 'id', value: 5 }]) {
      await refused(device, searchFor(device, 'room', more), 'invalid_data');
    }
    for (const term of malformed(searchFor(device, 'room', { field: 'id' }))) await refused(device, term, 'invalid_data');
  },
  async repeat(world) {
    const [owner, device] = [await world.person(0), await world.person(1)];
    const value = await channel(owner, 'Weather');
    assert.deepEqual(await found(device, 'room', { field: 'id', value }), await found(device, 'room', { field: 'id', value }));
  },
  async others(world) {
    const [owner, device] = [await world.person(0), await world.person(1)];
    const value = await channel(owner, 'Weather');
    await owner.expect(`room/${value}`);
    const heard = await heardDuring([device, owner], () => found(device, 'room', { field: 'id', value }));
    assert.deepEqual(heard.map((messages) => messages.length), [1, 0]);
  },
};

export const cells = {
  ...Object.fromEntries(['contact', 'profile', 'roster', 'member'].map((status) => [`Search/${status}`, people(status)])),
  'Search/room': room,
};
