// Roster (PROTOCOL 3.6, 5.4, 5.9, O10).

import assert from 'node:assert/strict';
import { befriend, isContact, newId } from '../device.mjs';
import { error, fieldsOf, ok, p2pTopic, record, textMessage } from '../records.mjs';
import { answered, heardDuring, malformed, none, readable, refused, replyTo, signedOut } from './cell.mjs';

const UNKNOWN = 2 ** 52; // no roster has this id
const NOBODY = '380000000000_1';
const roster = (status, fields = {}) => record('Roster', { status, ...fields });
const contacts = (...phoneIds) => phoneIds.map((phoneId) => record('Contact', { phone_id: phoneId }));
const ask = (device, status, fields = {}) => answered(device, roster(status, { id: device.rosterId, ...fields }), 'Roster', status);
const isRoster = (status) => ({ record: name, fields }) => name === 'Roster' && fields.status === status;
const ses = (device) => `ses/${device.phone}`;
const textsOf = (messages) => messages.map(({ topic, text }) => `${topic} ${text}`);
const near = (time) => assert.ok(Math.abs(time - Date.now()) < 60000, `${time} is now`);
const usersOf = (fields) => fields.userlist.map((contact) => fieldsOf(contact));
const statesOf = (fields) => usersOf(fields).map(({ phone_id: id, status }) => [id, status]);

// A request that writes, answered on ses/: what it says there.
async function written(device, status, fields = {}) {
  const from = device.inbox.length;
  device.send(roster(status, { id: device.rosterId, ...fields })).catch(() => {});
  const message = await device.expect(null, ({ record: name, topic }) => name === 'io' ||
    (name === 'Roster' && topic === ses(device)), { from });
  assert.equal(message.record, 'Roster', message.text);
  assert.equal(message.fields.status, status);
  return message.fields;
}

// A room; all of `watchers`, the others' further devices, have heard of it, too.
async function room(admin, others, watchers = []) {
  const id = `room ${newId()}`;
  const members = others.map((each) => record('Member', { phone_id: each.phoneId, status: 'member' }));
  await answered(admin, record('Room', { id, name: 'Kitchen', members, status: 'create' }), 'Room', 'create');
  const heard = [admin, ...others, ...watchers];
  await Promise.all(heard.map((each) => each.expect(`room/${id}`, ({ record: name }) => name === 'Message')));
  return id;
}

// What is somebody else's, and signed-out connections.
const foreign = (status, code, fields = () => ({})) => async (world) => {
  await signedOut(world, roster(status));
  const { a, b } = await world.friends();
  await refused(b, roster(status, { id: a.rosterId, ...fields(a, b) }), code, [a]);
};
const unknown = (status, code, fields = () => ({})) => async (world) => {
  const device = await world.person();
  await refused(device, roster(status, { id: UNKNOWN, ...fields(device, await world.stranger()) }), code);
};

// Names, mails and nicks that no RPC takes; `nicks`: what is no nick, and one that somebody has.
async function badFields(device, status, fixed = {}) {
  for (const fields of [{ names: 'x' }, { names: 'x'.repeat(33) }, { surnames: 'x'.repeat(33) }, { names: Buffer.from([0xff, 0xfe]) },
    { surnames: Buffer.from('a\0b') }, { names: 5 }, { id: 'x' }]) {
    await refused(device, roster(status, { ...fixed, ...fields }), 'invalid_data');
  }
  for (const term of malformed(roster(status, { id: device.rosterId, ...fixed }))) await refused(device, term, 'invalid_data');
}
async function badNicks(world, device, status) {
  for (const nick of ['x', 'x'.repeat(33), 'no blanks', 'a/b', 'a@b', 'a#b']) {
    await refused(device, roster(status, { id: device.rosterId, nick }), 'invalid_nick');
  }
  const owner = await world.person(1);
  const nick = `Їжак_${newId()}`;
  await written(owner, 'nick', { nick });
  await refused(device, roster(status, { id: device.rosterId, nick: nick.toUpperCase() }), 'nick', [owner]);
}

const quiet = (request) => async (world) => {
  const { a, a2, b } = await world.friends({ second: true });
  const [own, friend] = await heardDuring([a2, b], () => request(a, b));
  assert.deepEqual([textsOf(own), textsOf(friend)], [[], []]);
};

const get = {
  async good(world) {
    const { a, b } = await world.friends();
    const nick = `anna_${newId()}`;
    await written(a, 'patch', { names: 'Anna', surnames: 'K', email: 'anna@example.org', nick, avatar: 'http://a' });
    await a.send(textMessage(a.phoneId, b.phoneId, newId(), 'Hello'));
    const sent = await a.expect(p2pTopic(a.phoneId, b.phoneId));
    const kitchen = await room(a, [b]);
    const fields = await ask(a, 'get');
    const { userlist, roomlist, update, ...rest } = fields;
    assert.deepEqual(rest, { id: a.rosterId, names: 'Anna', surnames: 'K', email: 'anna@example.org', nick, favorite: [], tags: [],
      phone: a.phone, avatar: 'http://a', status: 'get' });
    near(update);
    const [contact] = userlist.map(fieldsOf);
    assert.deepEqual([contact.phone_id, contact.status, contact.presence, contact.unread, fieldsOf(contact.last_msg).id],
      [b.phoneId, 'friend', 'online', 0, sent.fields.id]);
    const [seen] = roomlist.map(fieldsOf);
    const idsOf = (members) => members.map((member) => fieldsOf(member).phone_id);
    assert.deepEqual([seen.id, seen.name, idsOf(seen.members), idsOf(seen.admins)], [kitchen, 'Kitchen', [b.phoneId], [a.phoneId]]);
    assert.deepEqual({ ...(await ask(a, 'get', { id: [] })), update }, { ...fields, update }, 'id=[] is the first own one');
  },
  not_authorized: foreign('get', 'roster_not_found'),
  not_found: unknown('get', 'roster_not_found'),
  async invalid(world) {
    await badFields(await world.person(), 'get');
  },
  async repeat(world) {
    const device = await world.person();
    assert.deepEqual(await ask(device, 'get'), await ask(device, 'get'));
  },
  others: quiet((device) => ask(device, 'get')),
};

const update = {
  async good(world) {
    const { a, b } = await world.friends();
    const whole = await ask(a, 'update', { names: 'Anna', surnames: '', email: [], phone: a.phone, update: 0 });
    assert.deepEqual([whole.names, whole.surnames, whole.status, statesOf(whole)], ['Anna', [], 'update', [[b.phoneId, 'friend']]]);
    const since = Math.max(whole.update, ...usersOf(whole).map((user) => user.update));
    assert.deepEqual(usersOf(await ask(a, 'update', { update: since })), [], 'nothing has changed since');
    await written(b, 'patch', { names: 'Bohdan' });
    const changed = await ask(a, 'update', { update: since });
    assert.deepEqual(usersOf(changed).map((user) => user.names), ['Bohdan']);
    const kitchen = await room(b, [a]);
    assert.deepEqual((await ask(a, 'update', { update: since })).roomlist.map((each) => fieldsOf(each).id), [kitchen]);
  },
  async not_authorized(world) {
    await foreign('update', 'roster_not_found', () => ({ names: 'Mallory' }))(world);
    const { a, b } = await world.friends();
    await refused(b, roster('update', { id: a.rosterId, names: 'Mallory', phone: a.phone }), 'not_authorized', [a]);
    await refused(b, roster('update', { id: b.rosterId, names: 'Mallory', phone: a.phone }), 'not_authorized', [a]);
  },
  not_found: unknown('update', 'roster_not_found', () => ({ names: 'Anna' })),
  async invalid(world) {
    const device = await world.person();
    await badFields(device, 'update');
    await badNicks(world, device, 'update');
  },
  async repeat(world) {
    const device = await world.person();
    const first = await ask(device, 'update', { names: 'Anna' });
    assert.deepEqual(await ask(device, 'update', { names: 'Anna' }), first);
  },
  // As patch if something changed; nothing if not.
  async others(world) {
    const { a, a2, b } = await world.friends({ second: true });
    const [own, friend] = await heardDuring([a2, b], async () => {
      await ask(a, 'update', { names: 'Anna' });
      await a2.expect(ses(a), isRoster('patch'));
      await b.expect(`ac/${a.phoneId}`, ({ fields }) => fields.names === 'Anna');
    });
    assert.deepEqual([own.map(({ topic, fields }) => [topic, fields.status, fields.names]), textsOf(friend)],
      [[[ses(a), 'patch', 'Anna']], []]);
    const [again] = await heardDuring([a2], () => ask(a, 'update', { names: 'Anna' }));
    assert.deepEqual(textsOf(again), []);
  },
};

const patch = {
  async good(world) {
    const device = await world.person();
    const nick = `Anna.K-${newId()}`;
    const fields = await written(device, 'patch', { names: 'Анна', surnames: 'К', email: 'anna@example.org', nick, avatar: 'http://a',
      phone: '380999999999', update: 5, userlist: contacts(NOBODY), tags: [record('Tag', { name: 'x' })] });
    const { update: time, ...rest } = fields;
    assert.deepEqual(rest, { id: device.rosterId, names: 'Анна', surnames: 'К', email: 'anna@example.org', nick, userlist: [],
      roomlist: [], favorite: [], tags: [], phone: device.phone, avatar: 'http://a', status: 'patch' });
    near(time);
    const kept = await written(device, 'patch', { email: '', nick: '', surnames: [] });
    assert.deepEqual([kept.names, kept.surnames, kept.email, kept.nick], ['Анна', 'К', [], []], '[] leaves, <<>> clears (4.3)');
    assert.ok(kept.update >= time);
    await device.send(record('Roster', { names: 'Alias', status: 'set' }));
    await device.expect(ses(device), ({ fields: { names } }) => names === 'Alias');
    assert.equal((await ask(device, 'get')).names, 'Alias', 'set is an alias of patch');
  },
  not_authorized: foreign('patch', 'not_found', () => ({ names: 'Mallory' })),
  not_found: unknown('patch', 'not_found', () => ({ names: 'Anna' })),
  async invalid(world) {
    const device = await world.person();
    await badFields(device, 'patch');
    await badNicks(world, device, 'patch');
  },
  async repeat(world) {
    const device = await world.person();
    const nick = `anna_${newId()}`;
    const first = await written(device, 'patch', { names: 'Anna', nick });
    const again = await written(device, 'patch', { names: 'Anna', nick });
    assert.deepEqual({ ...again, update: 0 }, { ...first, update: 0 }, 'the own nick is not taken');
  },
  // All own devices on ses/; the public Contact on ac/ to friends and on muc/ to co-members who are no friends.
  async others(world) {
    const { a, a2, b } = await world.friends({ second: true });
    const [c, stranger] = [await world.person(0), await world.stranger()];
    await befriend(b, c);
    await room(b, [a, c], [a2]);
    const names = `Anna ${newId()}`;
    const [own, friend, coMember, nobody] = await heardDuring([a2, b, c, stranger], async () => {
      await written(a, 'patch', { names, email: 'secret@example.org' });
      await a2.expect(ses(a), isRoster('patch'));
      for (const [device, topic] of [[b, `ac/${a.phoneId}`], [c, `muc/${a.phoneId}`]]) {
        const shown = await device.expect(topic, ({ fields }) => fields.names === names);
        const { update: time, ...rest } = shown.fields;
        assert.deepEqual(rest, { phone_id: a.phoneId, avatar: [], names, surnames: [], nick: [], email: [], vox_id: [], reader: 0,
          unread: 0, last_msg: [], settings: [], presence: 'online', status: [] });
        assert.deepEqual([shown.qos, time > 0], [0, true]);
      }
    });
    assert.equal(own.length, 1);
    assert.deepEqual([friend, coMember, nobody].map(textsOf), [[], [], []]);
    assert.deepEqual(stranger.inbox.filter(({ text }) => text.includes(names)), []);
    assert.deepEqual(c.inbox.filter(({ topic, text }) => topic.startsWith('ac/') && text.includes(names)), [], 'no friend of it');
  },
};

const nickCells = {
  async good(world) {
    const device = await world.person();
    const nick = `Їжак.1_${newId()}`;
    const fields = await written(device, 'nick', { nick, names: 'Not written' });
    assert.deepEqual([fields.nick, fields.names, fields.id, fields.phone, fields.userlist, fields.status],
      [nick, [], device.rosterId, device.phone, [], 'nick']);
    assert.deepEqual((await written(device, 'nick', { nick: '' })).nick, [], '<<>> clears it');
    const other = await world.person(1);
    assert.equal((await written(other, 'nick', { nick })).nick, nick, 'and it is free');
  },
  not_authorized: foreign('nick', 'not_found', () => ({ nick: `mallory_${newId()}` })),
  not_found: unknown('nick', 'not_found', () => ({ nick: `anna_${newId()}` })),
  async invalid(world) {
    const device = await world.person();
    await badNicks(world, device, 'nick');
    for (const term of malformed(roster('nick', { nick: 'anna' }))) await refused(device, term, 'invalid_data');
  },
  async repeat(world) {
    const device = await world.person();
    const nick = `anna_${newId()}`;
    for (const spelt of [nick, nick, nick.toUpperCase()]) assert.equal((await written(device, 'nick', { nick: spelt })).nick, spelt);
  },
  // ac/ only: who shares a room but is no friend is not told.
  async others(world) {
    const { a, a2, b } = await world.friends({ second: true });
    const c = await world.person(0);
    await befriend(b, c);
    await room(b, [a, c], [a2]);
    const nick = `anna_${newId()}`;
    const [own, friend, coMember] = await heardDuring([a2, b, c], async () => {
      await written(a, 'nick', { nick });
      await a2.expect(ses(a), isRoster('nick'));
      await b.expect(`ac/${a.phoneId}`, ({ fields }) => fields.nick === nick);
    });
    assert.deepEqual([own.length, textsOf(friend), textsOf(coMember)], [1, [], []]);
    assert.deepEqual(c.inbox.filter(({ text }) => text.includes(nick)), []);
  },
};

const create = {
  async good(world) {
    const device = await world.person();
    const made = await ask(device, 'create', { id: device.rosterId, names: 'At work', surnames: 'W', email: 'w@example.org',
      avatar: 'http://a', nick: `work_${newId()}`, phone: '380999999999', userlist: contacts(NOBODY) });
    const { id, update: time, ...rest } = made;
    assert.deepEqual(rest, { names: 'At work', surnames: 'W', email: 'w@example.org', nick: [], userlist: [], roomlist: [], favorite: [],
      tags: [], phone: device.phone, avatar: 'http://a', status: 'create' });
    assert.ok(Number.isSafeInteger(id) && id !== device.rosterId);
    near(time);
    assert.equal((await ask(device, 'get', { id })).names, 'At work');
  },
  not_authorized: (world) => signedOut(world, roster('create', { names: 'Anna' })),
  not_found: none('it names nothing: the id of a request is ignored'),
  async invalid(world) {
    await badFields(await world.person(), 'create');
  },
  async repeat(world) {
    const device = await world.person();
    const ids = [device.rosterId];
    for (let n = 2; n <= 5; n += 1) ids.push((await ask(device, 'create', { names: 'Again' })).id);
    assert.equal(new Set(ids).size, 5, 'another roster each time');
    await refused(device, roster('create', { names: 'Sixth' }), 'permission_denied');
  },
  // The other own devices are told (ours, O10); nobody else.
  async others(world) {
    const { a, a2, b } = await world.friends({ second: true });
    const [own, friend] = await heardDuring([a2, b], async () => {
      await ask(a, 'create', { names: 'At work' });
      await a2.expect(ses(a), isRoster('create'));
    });
    assert.deepEqual([own.length, textsOf(friend)], [1, []]);
  },
};

const listOf = async (device) => {
  const { term, text } = await device.ask(roster('list'));
  const [, rows, nothing] = term.items;
  assert.ok(Array.isArray(rows) && nothing.length === 0, text);
  return rows.map(fieldsOf);
};

const list = {
  async good(world) {
    const { a } = await world.friends();
    await written(a, 'patch', { names: 'Anna', email: 'anna@example.org' });
    const { id } = await ask(a, 'create', { names: 'At work' });
    const rows = await listOf(a);
    assert.deepEqual(rows.map((row) => [row.id, row.names, row.phone, row.status]), [[a.rosterId, 'Anna', a.phone, []],
      [id, 'At work', a.phone, []]]);
    for (const row of rows) assert.deepEqual([row.userlist, row.roomlist, row.favorite, row.tags], [[], [], [], []]);
    assert.equal(rows[0].email, 'anna@example.org');
  },
  not_authorized: (world) => signedOut(world, roster('list')),
  not_found: none('profile_not_found: a connection has a profile as long as it lives'),
  async invalid(world) {
    const device = await world.person();
    for (const term of malformed(roster('list'))) await refused(device, term, 'invalid_data');
  },
  async repeat(world) {
    const device = await world.person();
    assert.deepEqual(await listOf(device), await listOf(device));
  },
  others: quiet((device) => listOf(device)),
};

const reply = (device, status, fields) => replyTo(device, roster(status, { id: device.rosterId, ...fields }));

const add = {
  async good(world) {
    const [a, b, c] = [await world.person(0), await world.person(1), await world.person(1)];
    assert.equal(await reply(a, 'add', { userlist: contacts(b.phoneId, NOBODY) }), ok('added'));
    const [listed] = usersOf(await ask(a, 'get'));
    assert.deepEqual([listed.phone_id, listed.status, listed.presence, listed.email], [b.phoneId, 'internal', [], []]);
    assert.equal(await reply(a, 'add', { id: [], userlist: contacts(b.phoneId, c.phoneId) }), ok('added'));
    assert.deepEqual(statesOf(await ask(a, 'get')).sort(), [[b.phoneId, 'internal'], [c.phoneId, 'internal']].sort());
    await refused(a, textMessage(a.phoneId, b.phoneId, newId(), 'Hello'), 'permission_denied', [b]);
  },
  not_authorized: foreign('add', 'roster_not_found', (a, b) => ({ userlist: contacts(b.phoneId) })),
  async not_found(world) {
    await unknown('add', 'roster_not_found', (a, b) => ({ userlist: contacts(b.phoneId) }))(world);
    const device = await world.person();
    const b = await world.stranger();
    await refused(device, roster('add', { userlist: contacts(NOBODY, `${NOBODY.slice(0, -2)}_${b.rosterId}`, 'nonsense') }),
      'contacts_not_found');
    await refused(device, roster('add', { userlist: [] }), 'contacts_not_found');
  },
  async invalid(world) {
    const device = await world.person();
    for (const userlist of [['x'], [record('Tag', {})], 'x', contacts(...new Array(1001).fill(NOBODY))]) {
      await refused(device, roster('add', { userlist }), 'invalid_data');
    }
    for (const term of malformed(roster('add', { userlist: contacts(NOBODY) }))) await refused(device, term, 'invalid_data');
  },
  async repeat(world) {
    const { a, b } = await world.friends();
    const c = await world.stranger();
    await reply(a, 'add', { userlist: contacts(c.phoneId) });
    const before = await readable(a);
    assert.equal(await reply(a, 'add', { userlist: contacts(c.phoneId, b.phoneId, NOBODY) }),
      `{io,{ok2,already_present,[<<"${c.phoneId}">>,<<"${b.phoneId}">>]},<<>>}`);
    assert.equal(await readable(a), before, 'a friend stays a friend');
  },
  async others(world) {
    const [a, b] = [await world.person(0), await world.person(1)];
    const [heard] = await heardDuring([b], () => reply(a, 'add', { userlist: contacts(b.phoneId) }));
    assert.deepEqual([textsOf(heard), statesOf(await ask(b, 'get'))], [[], []], 'the other side is not told');
  },
};

const del = {
  async good(world) {
    const { a, b } = await world.friends();
    const [listed, asked] = [await world.person(1), await world.person(0)];
    await reply(a, 'add', { userlist: contacts(listed.phoneId) });
    await a.send(record('Friend', { phone_id: a.phoneId, friend_id: asked.phoneId, status: 'request' }));
    assert.equal(await reply(a, 'del', { userlist: contacts(asked.phoneId, NOBODY, listed.phoneId, b.phoneId) }),
      `{io,{ok2,removed,[<<"${asked.phoneId}">>,<<"${listed.phoneId}">>,<<"${b.phoneId}">>]},<<>>}`);
    assert.deepEqual(statesOf(await ask(a, 'get')), []);
    await refused(a, textMessage(a.phoneId, b.phoneId, newId(), 'Hello'), 'permission_denied', [b]);
  },
  not_authorized: foreign('del', 'roster_not_found', (a, b) => ({ userlist: contacts(b.phoneId) })),
  async not_found(world) {
    await unknown('del', 'roster_not_found', (a, b) => ({ userlist: contacts(b.phoneId) }))(world);
    const [device, stranger] = [await world.person(), await world.stranger()];
    for (const userlist of [contacts(stranger.phoneId), contacts(NOBODY), []]) {
      await refused(device, roster('del', { userlist }), 'contacts_not_found', [stranger]);
    }
  },
  async invalid(world) {
    const { a, b } = await world.friends();
    for (const userlist of [['x'], 'x', contacts(...new Array(1001).fill(b.phoneId))]) {
      await refused(a, roster('del', { userlist }), 'invalid_data', [b]);
    }
    for (const term of malformed(roster('del', { userlist: contacts(b.phoneId) }))) await refused(a, term, 'invalid_data', [b]);
  },
  async repeat(world) {
    const { a, b } = await world.friends();
    await reply(a, 'del', { userlist: contacts(b.phoneId) });
    await b.expect(ses(b), isContact(a.phoneId, 'revoke'));
    await a.expect(ses(a), isContact(b.phoneId, 'revoke'));
    await refused(a, roster('del', { userlist: contacts(b.phoneId) }), 'contacts_not_found', [b]);
  },
  async others(world) {
    const { a, a2, b } = await world.friends({ second: true });
    const listed = await world.stranger();
    await reply(a, 'add', { userlist: contacts(listed.phoneId) });
    const [own, friend, nobody] = await heardDuring([a2, b, listed], async () => {
      await reply(a, 'del', { userlist: contacts(b.phoneId, listed.phoneId) });
      await a2.expect(ses(a), isContact(b.phoneId, 'revoke'));
      await b.expect(ses(b), isContact(a.phoneId, 'revoke'));
    });
    assert.deepEqual([own.length, friend.length, textsOf(nobody)], [1, 1, []]);
    assert.deepEqual(statesOf(await ask(b, 'get')), []);
  },
};

const remove = {
  async good(world) {
    const { a, b } = await world.friends();
    const { id } = await ask(a, 'create', { names: 'At work' });
    assert.equal(await reply(a, 'remove', { id }), ok('removed'));
    assert.deepEqual((await listOf(a)).map((row) => row.id), [a.rosterId]);
    assert.equal(await reply(a, 'get', { id }), error('roster_not_found'));
    assert.deepEqual(statesOf(await ask(a, 'get')), [[b.phoneId, 'friend']], 'the other one is not touched');
  },
  not_authorized: foreign('remove', 'roster_not_found'),
  not_found: unknown('remove', 'roster_not_found'),
  async invalid(world) {
    const device = await world.person();
    for (const term of [...malformed(roster('remove', { id: device.rosterId })), roster('remove', { id: 'x' })]) {
      await refused(device, term, 'invalid_data');
    }
  },
  async repeat(world) {
    const device = await world.person();
    const { id } = await ask(device, 'create', { names: 'At work' });
    await device.expect(ses(device), isRoster('create'));
    assert.equal(await reply(device, 'remove', { id }), ok('removed'));
    await device.expect(ses(device), isRoster('remove'));
    await refused(device, roster('remove', { id }), 'roster_not_found');
    assert.equal(await reply(device, 'remove'), ok('removed'), 'the last one');
    await device.expect(ses(device), isRoster('remove'));
    await refused(device, roster('remove', { id: device.rosterId }), 'roster_not_found');
    assert.deepEqual(await listOf(device), [], 'the profile is there, without a roster');
  },
  // Contact remove on ac/ and muc/ before the topics go; friends are revoked; rooms are left.
  async others(world) {
    const { a, b } = await world.friends();
    const c = await world.person(0);
    await befriend(b, c);
    const kitchen = await room(b, [a, c]);
    const isRemoved = ({ record: name, fields }) => name === 'Contact' && fields.phone_id === a.phoneId && fields.status === 'remove';
    const isLeave = ({ record: name, fields }) => name === 'Room' && fields.status === 'leave';
    const [friend, coMember] = await heardDuring([b, c], async () => {
      assert.equal(await reply(a, 'remove'), ok('removed'));
      for (const [device, topic] of [[b, `ac/${a.phoneId}`], [c, `muc/${a.phoneId}`]]) {
        const shown = await device.expect(topic, isRemoved);
        const { update: time, ...rest } = shown.fields;
        near(time);
        assert.deepEqual(rest, { phone_id: a.phoneId, avatar: [], names: [], surnames: [], nick: [], email: [], vox_id: [], reader: 0,
          unread: 0, last_msg: [], settings: [], presence: [], status: 'remove' });
      }
      await b.expect(ses(b), isContact(a.phoneId, 'revoke'));
      await Promise.all([b, c].map((each) => each.expect(`room/${kitchen}`, isLeave)));
      await Promise.all([b, c].map((each) => each.expect(`room/${kitchen}`, ({ fields }) => fields.type === 'leave')));
    });
    assert.deepEqual(friend.map(({ topic }) => topic).sort(), [ses(b), `room/${kitchen}`, `room/${kitchen}`].sort());
    assert.deepEqual(coMember.map(({ topic }) => topic), [`room/${kitchen}`, `room/${kitchen}`]);
    assert.deepEqual(statesOf(await ask(b, 'get')), [[c.phoneId, 'friend']]);
  },
};

export const cells = {
  'Roster/get': get, 'Roster/update': update, 'Roster/patch': patch, 'Roster/nick': nickCells, 'Roster/create': create,
  'Roster/list': list, 'Roster/add': add, 'Roster/del': del, 'Roster/remove': remove,
};
