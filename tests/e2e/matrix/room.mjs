// Room/* (PROTOCOL 5.7, O9, O10, O15). Who else hears of it, and in which order on each topic, is checked in `good` and `others`.

import assert from 'node:assert/strict';
import { newId } from '../device.mjs';
import { fieldsOf, record } from '../records.mjs';
import { signedOut } from './cell.mjs';
import {
  admins, cast, denied, desc, getRoom, history, invalid, isMessage, isRoom, member, members, muc, newRoom, notFound, phoneIds,
  refuses, roomMessage, roomRequest, roomTopic, sayInRoom, ses, textsOf, unchanged, watch,
} from '../cast.mjs';

const anyRoom = ({ record: name }) => name === 'Room';
const textOf = (message) => textsOf(message.fields)[0];
const statuses = (list) => list.map((entry) => fieldsOf(entry).status);
const shown = (room) => [phoneIds(room.members), phoneIds(room.admins)];

// The members and admins of a room as Anna sees them.
async function lists(id) {
  const { anna } = await cast();
  return shown(await getRoom(anna, id));
}

// A system message of `from` in the room: PROTOCOL 5.7, M(type, text, from).
function isSystem(message, { id, type, text, from }) {
  const { fields } = message;
  assert.deepEqual([fieldsOf(fields.feed_id).name, fields.from, fields.to, fields.type, fields.status, textsOf(fields)],
    [id, from.phoneId, id, type, 'muc', [text]]);
  assert.equal(fieldsOf(fields.files[0]).id, `srv_${fields.id}`);
  assert.ok(fields.created > 1.7e12 && fields.id > 0);
}

// Refusals that leave the room, its history and everybody in it alone.
async function room(people, refusals) {
  const { anna, boris, tablet, cleo, dora, stranger } = await cast();
  const id = await newRoom(people);
  await unchanged([anna, boris, tablet, cleo, dora, stranger], async () => [await getRoom(anna, id), await history(anna, muc(id))], () => refusals(id));
}

// A change that a plain member, a stranger and connections without a phone may not make.
const adminsOnly = (status, more) => async (world) => {
  const { boris, cleo, stranger } = await cast();
  await room([boris, cleo], async (id) => {
    await signedOut(world, roomRequest(status, id, await more()));
    await refuses(boris, roomRequest(status, id, await more()), denied, 'a plain member');
    await refuses(stranger, roomRequest(status, id, await more()), denied, 'a stranger');
  });
};
const unknownRoom = (status, more = () => ({})) => async () => {
  const { anna } = await cast();
  await room([], async (id) => {
    await refuses(anna, roomRequest(status, `no ${id}`, await more()), notFound);
    await refuses(anna, roomRequest(status, [], await more()), notFound);
  });
};
// What no layout of a Room reads.
const malformed = async (status, id) => {
  const { anna } = await cast();
  await refuses(anna, roomRequest(status, 17), invalid, 'an id that is a number');
  await refuses(anna, roomRequest(status, id, { members: [desc('x')] }), invalid, 'members that are none');
  await refuses(anna, roomRequest(status, id, { description: Buffer.from([0xff]) }), invalid, 'text that is no UTF-8');
  await refuses(anna, record('Room', { id, status: `${status}d` }), invalid, 'a selector that is none');
};
const cleoOnly = async () => members((await cast()).cleo);
const doraOnly = async () => members((await cast()).dora);

const create = {
  async good() {
    const { anna, boris, tablet, cleo } = await cast();
    const id = `room ${newId()}`;
    const heard = watch(anna, boris, tablet, cleo);
    await anna.send(record('Room', {
      id, name: 'Kitchen', description: 'plans', type: 'group', status: 'create', ...members(boris, cleo),
      settings: [record('Feature', { id: 'f', key: 'LANGUAGE', value: 'en', group: 'g' })], data: [record('Desc', { id: 'd', payload: 'x' })],
    }));
    const [[reply, system]] = await heard([anna, 'reply Room/create', 'room Message/muc/join'],
      [boris, 'ses Room/create', 'room Message/muc/join'], [tablet, 'ses Room/create', 'room Message/muc/join'],
      [cleo, 'ses Room/create', 'room Message/muc/join']);
    const { fields } = reply;
    assert.deepEqual([fields.id, fields.name, fields.description, fields.type, fields.unread], [id, 'Kitchen', 'plans', 'group', 0]);
    assert.deepEqual(shown(fields), [[boris.phoneId, cleo.phoneId], [anna.phoneId]]);
    assert.deepEqual([statuses(fields.members), statuses(fields.admins)], [['member', 'member'], ['admin']]);
    assert.deepEqual([fields.settings.map((feature) => fieldsOf(feature).key), fields.data.map((part) => fieldsOf(part).id)], [['LANGUAGE'], ['d']]);
    assert.ok(fields.created > 1.7e12 && fields.update >= fields.created);
    assert.equal(fieldsOf(fields.last_msg).id, system.fields.id);
    isSystem(system, { id, type: 'join', text: `${anna.phoneId} created the group`, from: anna });
    assert.deepEqual(system.fields.prev, [], 'the first message of its feed');
    const { fields: invented } = await anna.ask(record('Room', { name: 'Alone', status: 'create' }), anyRoom);
    assert.match(invented.id, /^[0-9a-f]{16}$/);
    assert.deepEqual([invented.type, ...shown(invented)], ['group', [], [anna.phoneId]]);
  },
  not_authorized: (world) => signedOut(world, record('Room', { name: 'Kitchen', status: 'create' })),
  async not_found() {
    const { anna, boris, stranger } = await cast();
    const id = `room ${newId()}`;
    await unchanged([anna, boris, stranger], () => getRoom(anna, id), async () => {
      const make = (more) => record('Room', { id, name: 'Kitchen', status: 'create', ...more });
      await refuses(anna, make(members(boris, stranger)), denied, 'no friend');
      await refuses(anna, make({ members: [record('Member', { phone_id: '380670000000_999999999' })] }), denied, 'a roster that is not there');
      await refuses(anna, make({ admins: [record('Member', { phone_id: 'nobody' })] }), denied, 'no phone id');
    });
  },
  async invalid() {
    const { anna, boris } = await cast();
    const id = `room ${newId()}`;
    await unchanged([anna, boris], () => getRoom(anna, id), async () => {
      const make = (more) => record('Room', { id, name: 'Kitchen', status: 'create', ...members(boris), ...more });
      for (const more of [{ name: [] }, { name: '' }, { name: 'x'.repeat(33) }, { name: Buffer.from([0x41, 0]) }, { id: '' }, { id: 'a/b' },
        { id: 'a+' }, { id: '#' }, { id: 'tab\t' }, { id: boris.phoneId }, { id: 'x'.repeat(129) }, { description: 'x'.repeat(4097) },
        { tos: 'x'.repeat(4097) }, { settings: Array.from({ length: 101 }, () => record('Feature', { id: 'f' })) }, { type: 'club' }]) {
        await refuses(anna, make(more), invalid, Object.keys(more)[0]);
      }
    });
    const { fields } = await anna.ask(record('Room', { id: 'x'.repeat(128 - 12) + newId(), name: 'ї'.repeat(32), status: 'create' }), anyRoom);
    assert.equal(fields.name, 'ї'.repeat(32), 'as long as may be');
  },
  async repeat() {
    const { boris, cleo } = await cast();
    await room([boris], async (id) => {
      const { anna } = await cast();
      const again = (more) => record('Room', { id, name: 'Again', status: 'create', ...more });
      await refuses(anna, again(members(cleo)), invalid);
      await refuses(cleo, again({}), invalid, 'by another');
    });
  },
  async others() {
    const { anna, boris, tablet, cleo, stranger } = await cast();
    const id = `room ${newId()}`;
    const heard = watch(anna, boris, tablet, cleo, stranger);
    // Duplicates are merged, and admin wins; the creator is one, whether listed or not.
    await anna.send(record('Room', { id, name: 'Kitchen', status: 'create', members: [member(boris), member(boris), member(anna)], admins: [member(boris)] }));
    const [[created, system]] = await heard([boris, 'ses Room/create', 'room Message/muc/join'],
      [tablet, 'ses Room/create', 'room Message/muc/join'], [anna, 'reply Room/create', 'room Message/muc/join']);
    assert.deepEqual([created.topic, system.topic], [ses(boris), roomTopic(id)]);
    assert.deepEqual([created.fields.id, created.fields.name, created.fields.unread], [id, 'Kitchen', 0]);
    assert.deepEqual([shown(created.fields)[0], shown(created.fields)[1].sort()], [[], [anna.phoneId, boris.phoneId].sort()]);
    await sayInRoom(tablet, id, 'at once', [anna, boris, tablet]);
    await refuses(stranger, roomMessage(stranger, id, 'let me in'), denied);
  },
};

const get = {
  async good() {
    const { anna, boris, cleo } = await cast();
    const id = await newRoom([boris, cleo]);
    const last = await sayInRoom(anna, id, 'hello', [anna, boris, cleo]);
    const reply = await boris.ask(roomRequest('get', id), isRoom(id, 'get'));
    assert.equal(reply.topic, boris.topic);
    assert.deepEqual(shown(reply.fields), [[boris.phoneId, cleo.phoneId], [anna.phoneId]]);
    assert.deepEqual([reply.fields.unread, fieldsOf(reply.fields.last_msg).id], [1, last.id], 'as the receiver sees it');
    const [own] = reply.fields.members.map(fieldsOf);
    assert.deepEqual([fieldsOf(own.feed_id).name, own.container, own.presence, own.status], [id, 'chain', 'online', 'member']);
    assert.equal((await getRoom(anna, id)).unread, 0, 'own messages are read');
  },
  async not_authorized(world) {
    const { boris, dora, stranger } = await cast();
    const id = await newRoom([boris]);
    await signedOut(world, roomRequest('get', id));
    await refuses(stranger, roomRequest('get', id), denied);
    await refuses(dora, roomRequest('get', id), denied, 'a friend of the creator');
  },
  not_found: unknownRoom('get'),
  async invalid() {
    const { boris } = await cast();
    await room([boris], (id) => malformed('get', id));
  },
  async repeat() {
    const { anna, boris } = await cast();
    const id = await newRoom([boris]);
    assert.deepEqual(await getRoom(anna, id), await getRoom(anna, id));
  },
  async others() {
    const { anna, boris, tablet, cleo } = await cast();
    const id = await newRoom([boris, cleo]);
    await unchanged([anna, boris, tablet, cleo], () => history(anna, muc(id)), () => getRoom(boris, id));
  },
};

const patch = {
  async good() {
    const { anna, boris, tablet } = await cast();
    const id = await newRoom([boris], { description: 'old' });
    const heard = watch(anna, boris, tablet);
    await anna.send(roomRequest('patch', id, { name: 'Bath', tos: 'v2', description: Buffer.alloc(0), type: 'channel',
      settings: [record('Feature', { id: 'f', key: 'k' })], data: [record('Desc', { id: 'avatar', payload: 'x' })], members: [member(boris)] }));
    const kinds = ['room Room/patch', 'room Message/muc/patch'];
    const [[patched, system]] = await heard([anna, ...kinds], [boris, ...kinds], [tablet, ...kinds]);
    const { fields } = patched;
    assert.deepEqual([fields.id, fields.name, fields.tos, fields.description, fields.type, fields.members, fields.admins],
      [id, 'Bath', 'v2', [], 'channel', [], []]);
    assert.deepEqual([fields.settings.length, fieldsOf(fields.data[0]).id], [1, 'avatar'], 'data is there');
    assert.ok(fields.tos_update > 1.7e12 && fields.update >= fields.tos_update);
    isSystem(system, { id, type: 'patch', text: 'Group is renamed to "Bath"', from: anna });
    const now = await getRoom(boris, id);
    assert.deepEqual([now.name, now.tos, now.description, now.type], ['Bath', 'v2', [], 'channel']);
  },
  not_authorized: adminsOnly('patch', () => ({ name: 'Mine' })),
  not_found: unknownRoom('patch', () => ({ name: 'Bath' })),
  async invalid() {
    const { anna, boris } = await cast();
    await room([boris], async (id) => {
      await malformed('patch', id);
      for (const more of [{ name: '' }, { name: 'x'.repeat(33) }, { description: 'x'.repeat(4097) }, { tos: 'x'.repeat(4097) },
        { settings: [record('Feature', { id: 'f', value: 'x'.repeat(4097) })] }]) {
        await refuses(anna, roomRequest('patch', id, more), invalid, Object.keys(more)[0]);
      }
    });
  },
  async repeat() {
    const { anna, boris, tablet } = await cast();
    const id = await newRoom([boris]);
    const heard = watch(anna, boris, tablet);
    const request = roomRequest('patch', id, { name: 'Bath', tos: 'v2' });
    for (let i = 0; i < 2; i += 1) await anna.send(request);
    const kinds = ['room Room/patch', 'room Message/muc/patch', 'room Room/patch'];
    const [[first, , second]] = await heard([anna, ...kinds], [boris, ...kinds], [tablet, ...kinds]);
    assert.equal(second.fields.tos_update, first.fields.tos_update, 'the terms are the same');
    assert.ok(second.fields.update >= first.fields.update);
  },
  async others() {
    const { anna, boris, tablet, cleo, stranger } = await cast();
    const id = await newRoom([boris, cleo]);
    await cleo.disconnect();
    const heard = watch(anna, boris, tablet, stranger);
    await anna.send(roomRequest('patch', id, { description: 'new' })); // nothing is said of it
    await heard([anna, 'room Room/patch'], [boris, 'room Room/patch'], [tablet, 'room Room/patch']);
    const from = cleo.inbox.length;
    await cleo.connect(1);
    const { fields } = await cleo.expect(roomTopic(id), isRoom(id, 'patch'), { from });
    assert.equal(fields.description, 'new', 'it waits for who is away');
  },
};

// Room/add and Room/join with lists are the same but for the status (PROTOCOL 5.7).
const adding = (status) => ({
  async good() {
    const { anna, boris, tablet, cleo, dora } = await cast();
    const id = await newRoom([boris]);
    const before = await sayInRoom(anna, id, 'before', [anna, boris, tablet]);
    const heard = watch(anna, boris, tablet, cleo, dora);
    await anna.send(roomRequest(status, id, { members: [member(cleo)], admins: [member(dora)] }));
    const kinds = [`room Room/${status}`, 'room Message/muc/join'];
    const [[told, system], [full]] = await heard([anna, ...kinds], [cleo, `ses Room/${status}`, ...kinds],
      [boris, ...kinds], [tablet, ...kinds], [dora, `ses Room/${status}`, ...kinds]);
    assert.deepEqual(shown(told.fields), [[cleo.phoneId], [dora.phoneId]]);
    isSystem(system, { id, type: 'join', text: `${anna.phoneId} added ${cleo.phoneId}, ${dora.phoneId}`, from: anna });
    assert.deepEqual([full.fields.name, ...shown(full.fields).map((list) => list.sort())],
      ['Kitchen', [boris.phoneId, cleo.phoneId].sort(), [anna.phoneId, dora.phoneId].sort()], 'the whole room');
    assert.deepEqual((await lists(id)).map((list) => list.sort()), [[boris.phoneId, cleo.phoneId].sort(), [anna.phoneId, dora.phoneId].sort()]);
    assert.ok((await history(cleo, muc(id))).some((message) => message.id === before.id), 'what was said before is read');
  },
  not_authorized: adminsOnly(status, doraOnly),
  not_found: unknownRoom(status, doraOnly),
  async invalid() {
    const { anna, boris, cleo, dora, stranger } = await cast();
    await room([boris], async (id) => {
      await malformed(status, id);
      await refuses(anna, roomRequest(status, id), status === 'add' ? invalid : denied, 'nobody is listed; a group is not joined');
      await refuses(anna, roomRequest(status, id, { members: [member(cleo), record('Member', { phone_id: '380670000000_999999999' })] }), invalid, 'an unknown roster');
      await refuses(anna, roomRequest(status, id, { members: [record('Member', { phone_id: 'nobody' })] }), invalid, 'no phone id');
      await refuses(anna, roomRequest(status, id, { members: Array.from({ length: 1001 }, () => member(cleo)) }), invalid, 'too many at once');
      await refuses(anna, roomRequest(status, id, { members: [member(cleo), member(stranger)] }), denied, 'no friend');
      await refuses(anna, roomRequest(status, id, { members: [member(anna)] }), denied, 'the last admin stays one');
    });
    const id = await newRoom([boris, dora]);
    await anna.send(roomRequest('ban', id, members(dora)));
    await dora.expect(ses(dora), isRoom(id, 'ban'));
    await refuses(anna, roomRequest(status, id, members(dora)), denied, 'banned in the room');
  },
  async repeat() {
    const { anna, boris, tablet, cleo } = await cast();
    const id = await newRoom([boris, cleo]);
    const heard = watch(anna, boris, tablet, cleo);
    await anna.send(roomRequest(status, id, members(cleo)));
    const kinds = [`room Room/${status}`]; // no new members: the Room only
    const [[again]] = await heard([anna, ...kinds], [boris, ...kinds], [tablet, ...kinds], [cleo, ...kinds]);
    assert.deepEqual(shown(again.fields), [[cleo.phoneId], []]);
    await anna.send(roomRequest(status, id, admins(cleo))); // another role
    const told = await boris.expect(roomTopic(id), (message) => isRoom(id, status)(message) && message.fields.admins.length > 0);
    assert.deepEqual(shown(told.fields), [[], [cleo.phoneId]]);
    assert.deepEqual(await lists(id), [[boris.phoneId], [anna.phoneId, cleo.phoneId]]);
  },
  async others() {
    const { anna, boris, tablet, cleo, stranger } = await cast();
    const id = await newRoom([boris]);
    const heard = watch(anna, boris, tablet, cleo, stranger);
    // The shifted layout of older pages: slot 5 is [], slots 6 and 7 hold the lists (3.16).
    await anna.send(roomRequest(status, id, { admins: [member(cleo, 'member')], data: [] }));
    const kinds = [`room Room/${status}`, 'room Message/muc/join'];
    const [[full, told]] = await heard([cleo, `ses Room/${status}`, ...kinds], [anna, ...kinds], [boris, ...kinds], [tablet, ...kinds]);
    assert.deepEqual([full.topic, full.qos, told.topic], [ses(cleo), 2, roomTopic(id)]);
    assert.deepEqual(shown(told.fields), [[cleo.phoneId], []]);
    await sayInRoom(cleo, id, 'hello', [anna, boris, tablet, cleo]); // right after the Room (O10)
  },
});

const join = adding('join');
const selfJoin = {
  async good() {
    await join.good();
    const { anna, boris, tablet, stranger } = await cast();
    const id = await newRoom([boris], { type: 'channel' });
    const heard = watch(anna, boris, tablet, stranger);
    await stranger.send(roomRequest('join', id));
    const kinds = ['room Room/join', 'room Message/muc/join'];
    const [[told, system], [full]] = await heard([anna, ...kinds], [stranger, 'ses Room/join', ...kinds], [boris, ...kinds], [tablet, ...kinds]);
    assert.deepEqual(shown(told.fields), [[stranger.phoneId], []]);
    isSystem(system, { id, type: 'join', text: `${stranger.phoneId} joined the group`, from: stranger });
    assert.deepEqual(shown(full.fields).map((list) => list.sort()), [[boris.phoneId, stranger.phoneId].sort(), [anna.phoneId]]);
  },
  async not_authorized(world) {
    await join.not_authorized(world);
    const { anna, boris, cleo, stranger } = await cast();
    await room([boris], (id) => refuses(stranger, roomRequest('join', id), denied, 'a group'));
    const id = await newRoom([boris, cleo], { type: 'channel' });
    await anna.send(roomRequest('ban', id, members(cleo)));
    await cleo.expect(ses(cleo), isRoom(id, 'ban'));
    await refuses(cleo, roomRequest('join', id), denied, 'banned');
    assert.deepEqual((await lists(id))[0], [boris.phoneId]);
  },
  async repeat() {
    await join.repeat();
    const { anna, boris, tablet, stranger } = await cast();
    const id = await newRoom([boris], { type: 'channel' });
    await stranger.send(roomRequest('join', id));
    await Promise.all([anna, boris, tablet, stranger].map((device) => device.expect(roomTopic(id), isMessage('muc'))));
    const heard = watch(anna, boris, tablet, stranger);
    await stranger.send(roomRequest('join', id));
    await heard([anna, 'room Room/join'], [boris, 'room Room/join'], [tablet, 'room Room/join'], [stranger, 'room Room/join']);
    assert.deepEqual((await lists(id))[0], [boris.phoneId, stranger.phoneId]);
  },
};

const remove = {
  async good() {
    const { anna, boris, tablet, cleo, dora } = await cast();
    const id = await newRoom([boris, cleo]);
    await anna.send(roomRequest('add', id, admins(dora)));
    await Promise.all([anna, boris, tablet, cleo, dora].map((device) => device.expect(roomTopic(id), isRoom(id, 'add'))));
    await Promise.all([anna, boris, tablet, cleo, dora].map((device) => device.expect(roomTopic(id), isMessage('muc'))));
    const heard = watch(anna, boris, tablet, cleo, dora);
    await anna.send(roomRequest('remove', id, { members: [member(cleo)], admins: [member(dora)] }));
    const kinds = ['room Room/remove', 'room Message/muc/removed'];
    const [[told, system]] = await heard([anna, ...kinds], [boris, ...kinds], [tablet, ...kinds], [cleo, ...kinds, 'ses Room/remove'],
      [dora, ...kinds, 'ses Room/remove']);
    assert.deepEqual([phoneIds(told.fields.members).sort(), statuses(told.fields.members), told.fields.admins],
      [[cleo.phoneId, dora.phoneId].sort(), ['removed', 'removed'], []]);
    isSystem(system, { id, type: 'removed', text: `${anna.phoneId} removed ${textOf(system).split(' removed ')[1]}`, from: anna });
    assert.deepEqual(textOf(system).split(' removed ')[1].split(', ').sort(), [cleo.phoneId, dora.phoneId].sort());
    assert.deepEqual(await lists(id), [[boris.phoneId], [anna.phoneId]]);
  },
  not_authorized: adminsOnly('remove', cleoOnly),
  not_found: unknownRoom('remove', cleoOnly),
  async invalid() {
    const { anna, boris, dora } = await cast();
    await room([boris], async (id) => {
      await malformed('remove', id);
      await refuses(anna, roomRequest('remove', id), invalid, 'nobody is listed');
      await refuses(anna, roomRequest('remove', id, members(dora)), invalid, 'who is not in the room');
      await refuses(anna, roomRequest('remove', id, { members: [record('Member', { phone_id: 'nobody' })] }), invalid);
      await refuses(anna, roomRequest('remove', id, admins(anna)), denied, 'the last admin');
    });
  },
  async repeat() {
    const { anna, boris, cleo } = await cast();
    const id = await newRoom([boris, cleo]);
    await anna.send(roomRequest('remove', id, members(cleo)));
    for (const device of [boris, cleo]) await device.expect(roomTopic(id), (message) => isMessage('muc')(message) && message.fields.type === 'removed');
    await cleo.expect(ses(cleo), isRoom(id, 'remove'));
    await unchanged([boris, cleo], () => getRoom(anna, id), () => refuses(anna, roomRequest('remove', id, members(cleo)), invalid));
  },
  async others() {
    const { anna, boris, tablet, cleo } = await cast();
    const id = await newRoom([boris, cleo]);
    await anna.send(roomRequest('remove', id, members(boris)));
    for (const device of [boris, tablet]) {
      const { fields } = await device.expect(ses(boris), isRoom(id, 'remove'));
      assert.deepEqual([phoneIds(fields.members), statuses(fields.members)], [[boris.phoneId], ['removed']]);
    }
    await cleo.expect(roomTopic(id), (message) => isMessage('muc')(message) && message.fields.type === 'removed');
    const heard = watch(boris, tablet, cleo);
    await sayInRoom(anna, id, 'among ourselves', [anna]);
    await heard([cleo, 'room Message/sent']);
    await refuses(boris, roomMessage(boris, id, 'and me?'), denied);
    assert.equal(await history(boris, muc(id)), invalid);
    assert.deepEqual(await boris.subscribe([roomTopic(id)]), [128]);
  },
};

const leave = {
  async good() {
    const { anna, boris, tablet, cleo } = await cast();
    const id = await newRoom([boris, cleo]);
    const heard = watch(anna, boris, tablet, cleo);
    await boris.send(roomRequest('leave', id));
    const kinds = ['room Room/leave', 'room Message/muc/leave'];
    const [[told, system]] = await heard([anna, ...kinds], [cleo, ...kinds], [boris, ...kinds, 'ses Room/leave'], [tablet, ...kinds, 'ses Room/leave']);
    assert.deepEqual([phoneIds(told.fields.members), told.fields.admins], [[boris.phoneId], []]);
    isSystem(system, { id, type: 'leave', text: `${boris.phoneId} left the group`, from: boris });
    assert.deepEqual(await lists(id), [[cleo.phoneId], [anna.phoneId]]);
    // With lists an admin removes them.
    await anna.send(roomRequest('leave', id, members(cleo)));
    const removed = await cleo.expect(roomTopic(id), (message) => isMessage('muc')(message) && message.fields.type === 'removed');
    isSystem(removed, { id, type: 'removed', text: `${anna.phoneId} removed ${cleo.phoneId}`, from: anna });
    assert.deepEqual(await lists(id), [[], [anna.phoneId]]);
    await anna.send(roomRequest('leave', id)); // nobody remains: the room is gone
    await anna.expect(ses(anna), isRoom(id, 'leave'));
    assert.equal(await getRoom(anna, id), notFound);
  },
  async not_authorized(world) {
    const { anna, boris, cleo, stranger } = await cast();
    await room([boris, cleo], async (id) => {
      await signedOut(world, roomRequest('leave', id));
      await refuses(stranger, roomRequest('leave', id), denied);
      await refuses(boris, roomRequest('leave', id, members(cleo)), denied, 'a member removes nobody');
      await refuses(anna, roomRequest('leave', id), denied, 'the last admin while others remain');
    });
  },
  not_found: unknownRoom('leave'),
  async invalid() {
    const { anna, boris, dora } = await cast();
    await room([boris], async (id) => {
      await malformed('leave', id);
      await refuses(anna, roomRequest('leave', id, members(dora)), invalid, 'who is not in the room');
    });
  },
  async repeat() {
    const { anna, boris } = await cast();
    const id = await newRoom([boris]);
    await boris.send(roomRequest('leave', id));
    for (const device of [anna, boris]) await device.expect(roomTopic(id), (message) => isMessage('muc')(message) && message.fields.type === 'leave');
    await boris.expect(ses(boris), isRoom(id, 'leave'));
    await unchanged([anna, boris], () => getRoom(anna, id), () => refuses(boris, roomRequest('leave', id), denied));
  },
  async others() {
    const { anna, boris, tablet, cleo } = await cast();
    const id = await newRoom([boris, cleo]);
    await boris.send(roomRequest('leave', id));
    for (const device of [boris, tablet]) {
      const { fields } = await device.expect(ses(boris), isRoom(id, 'leave'));
      assert.deepEqual(phoneIds(fields.members), [boris.phoneId]);
    }
    await cleo.expect(roomTopic(id), (message) => isMessage('muc')(message) && message.fields.type === 'leave');
    const heard = watch(boris, tablet, cleo);
    await sayInRoom(anna, id, 'still there?', [anna]);
    await heard([cleo, 'room Message/sent']);
  },
};

const ban = {
  async good() {
    const { anna, boris, tablet, cleo } = await cast();
    const id = await newRoom([boris, cleo], { type: 'channel' });
    const heard = watch(anna, boris, tablet, cleo);
    await anna.send(roomRequest('ban', id, members(cleo)));
    const kinds = ['room Room/ban', 'room Message/muc/removed'];
    const [[told, system]] = await heard([anna, ...kinds], [boris, ...kinds], [tablet, ...kinds], [cleo, ...kinds, 'ses Room/ban']);
    assert.deepEqual(phoneIds(told.fields.members), [cleo.phoneId]);
    isSystem(system, { id, type: 'removed', text: `${anna.phoneId} removed ${cleo.phoneId}`, from: anna });
    assert.deepEqual(await lists(id), [[boris.phoneId], [anna.phoneId]]);
    await refuses(cleo, roomRequest('join', id), denied, 'barred from join');
    await refuses(anna, roomRequest('add', id, members(cleo)), denied, 'and from add');
  },
  not_authorized: adminsOnly('ban', cleoOnly),
  not_found: unknownRoom('ban', cleoOnly),
  async invalid() {
    const { anna, boris } = await cast();
    await room([boris], async (id) => {
      await malformed('ban', id);
      await refuses(anna, roomRequest('ban', id), invalid, 'nobody is listed');
      await refuses(anna, roomRequest('ban', id, { members: [record('Member', { phone_id: '380670000000_999999999' })] }), invalid);
      await refuses(anna, roomRequest('ban', id, members(anna)), denied, 'an admin');
    });
  },
  async repeat() {
    const { anna, boris, tablet, cleo } = await cast();
    const id = await newRoom([boris, cleo]);
    await anna.send(roomRequest('ban', id, members(cleo)));
    await Promise.all([anna, boris, tablet].map((device) => device.expect(roomTopic(id), (message) => isMessage('muc')(message) && message.fields.type === 'removed')));
    await cleo.expect(ses(cleo), isRoom(id, 'ban'));
    const heard = watch(anna, boris, tablet, cleo);
    await anna.send(roomRequest('ban', id, members(cleo)));
    await heard([anna, 'room Room/ban'], [boris, 'room Room/ban'], [tablet, 'room Room/ban']);
    assert.deepEqual(await lists(id), [[boris.phoneId], [anna.phoneId]]);
  },
  async others() {
    const { anna, boris, tablet, cleo, dora } = await cast();
    const id = await newRoom([boris]);
    const heard = watch(anna, boris, tablet, cleo, dora);
    await anna.send(roomRequest('ban', id, members(boris, dora))); // Dora is not in it: barred all the same
    const kinds = ['room Room/ban', 'room Message/muc/removed'];
    const [[told, , own]] = await heard([boris, ...kinds, 'ses Room/ban'], [anna, ...kinds], [tablet, ...kinds, 'ses Room/ban']);
    assert.deepEqual(phoneIds(told.fields.members).sort(), [boris.phoneId, dora.phoneId].sort());
    assert.deepEqual([own.topic, phoneIds(own.fields.members)], [ses(boris), [boris.phoneId]]);
    await refuses(anna, roomRequest('add', id, members(dora)), denied);
    assert.deepEqual(await boris.subscribe([roomTopic(id)]), [128]);
  },
};

const unban = {
  async good() {
    const { anna, boris, tablet, cleo } = await cast();
    const id = await newRoom([boris, cleo]);
    await anna.send(roomRequest('ban', id, members(cleo)));
    await Promise.all([anna, boris, tablet].map((device) => device.expect(roomTopic(id), (message) => isMessage('muc')(message) && message.fields.type === 'removed')));
    await cleo.expect(ses(cleo), isRoom(id, 'ban'));
    const heard = watch(anna, boris, tablet, cleo);
    await anna.send(roomRequest('unban', id, members(cleo)));
    const [[told]] = await heard([anna, 'room Room/unban'], [boris, 'room Room/unban'], [tablet, 'room Room/unban']);
    assert.deepEqual(phoneIds(told.fields.members), [cleo.phoneId]);
    assert.deepEqual(await lists(id), [[boris.phoneId], [anna.phoneId]], 'nobody is added by it');
    await anna.send(roomRequest('add', id, members(cleo)));
    await cleo.expect(ses(cleo), isRoom(id, 'add'));
  },
  not_authorized: adminsOnly('unban', cleoOnly),
  not_found: unknownRoom('unban', cleoOnly),
  async invalid() {
    const { anna, boris } = await cast();
    await room([boris], async (id) => {
      await malformed('unban', id);
      await refuses(anna, roomRequest('unban', id), invalid, 'nobody is listed');
      await refuses(anna, roomRequest('unban', id, { members: [record('Member', { phone_id: 'nobody' })] }), invalid);
    });
  },
  async repeat() {
    const { anna, boris, tablet, cleo } = await cast();
    const id = await newRoom([boris]);
    const heard = watch(anna, boris, tablet, cleo);
    for (let i = 0; i < 2; i += 1) await anna.send(roomRequest('unban', id, members(cleo)));
    const kinds = ['room Room/unban', 'room Room/unban'];
    await heard([anna, ...kinds], [boris, ...kinds], [tablet, ...kinds]);
    assert.deepEqual(await lists(id), [[boris.phoneId], [anna.phoneId]]);
  },
  async others() {
    const { anna, boris, tablet, cleo } = await cast();
    const id = await newRoom([boris]);
    const heard = watch(anna, boris, tablet, cleo);
    await anna.send(roomRequest('unban', id, { ...members(cleo), name: 'not written' }));
    const [[told]] = await heard([boris, 'room Room/unban'], [anna, 'room Room/unban'], [tablet, 'room Room/unban']);
    assert.equal(told.topic, roomTopic(id));
    assert.equal((await getRoom(boris, id)).name, 'Kitchen');
  },
};

const ownSettings = async (device, id) => {
  const { members: plain, admins: heads } = await getRoom(device, id);
  const own = [...plain, ...heads].map(fieldsOf).find(({ phone_id: phoneId }) => phoneId === device.phoneId);
  return own.settings.map(fieldsOf).map(({ id: name, key, value, group }) => [name, key, value, group]);
};
const muteFeature = (id) => [[`${id}_MUTE`, 'MUTE', 'true', 'ROOM_SETTINGS']];

// Room/mute and Room/unmute: of oneself, and of others by an admin.
const muting = (status) => ({
  async good() {
    const { anna, boris, tablet, cleo } = await cast();
    const id = await newRoom([boris, cleo]);
    const muted = status === 'mute';
    if (!muted) {
      await boris.send(roomRequest('mute', id));
      for (const device of [boris, tablet]) await device.expect(ses(boris), isRoom(id, 'mute'));
    }
    const heard = watch(anna, boris, tablet, cleo);
    await boris.send(roomRequest(status, id));
    const [[own]] = await heard([boris, `ses Room/${status}`], [tablet, `ses Room/${status}`]);
    assert.deepEqual([own.fields.id, own.fields.members, own.fields.admins], [id, [], []]);
    assert.deepEqual(await ownSettings(boris, id), muted ? muteFeature(id) : []);
    assert.deepEqual(await ownSettings(cleo, id), []);
    await sayInRoom(boris, id, 'I go on', [anna, boris, tablet, cleo]);
  },
  async not_authorized(world) {
    const { boris, cleo, stranger } = await cast();
    await room([boris, cleo], async (id) => {
      await signedOut(world, roomRequest(status, id));
      await refuses(stranger, roomRequest(status, id), denied);
      await refuses(boris, roomRequest(status, id, members(cleo)), denied, 'a member silences nobody');
      await refuses(boris, roomRequest(status, id, members(boris)), denied, 'not even himself so');
    });
  },
  not_found: unknownRoom(status),
  async invalid() {
    const { anna, boris, dora } = await cast();
    await room([boris], async (id) => {
      await malformed(status, id);
      await refuses(anna, roomRequest(status, id, members(boris, dora)), invalid, 'one is not in the room');
    });
    const id = await newRoom([boris]);
    await refuses(anna, roomRequest(status, id, members(boris, dora)), invalid);
    await sayInRoom(boris, id, 'nobody was silenced');
  },
  async repeat() {
    const { anna, boris, tablet } = await cast();
    const id = await newRoom([boris]);
    const heard = watch(anna, boris, tablet);
    for (let i = 0; i < 2; i += 1) await boris.send(roomRequest(status, id));
    await heard([boris, `ses Room/${status}`, `ses Room/${status}`], [tablet, `ses Room/${status}`, `ses Room/${status}`]);
    assert.deepEqual(await ownSettings(boris, id), status === 'mute' ? muteFeature(id) : []);
  },
  async others() {
    const { anna, boris, tablet, cleo } = await cast();
    const id = await newRoom([boris, cleo]);
    if (status === 'unmute') {
      await anna.send(roomRequest('mute', id, members(boris)));
      for (const device of [anna, boris, tablet]) await device.expect(ses(device), isRoom(id, 'mute'));
    }
    const heard = watch(anna, boris, tablet, cleo);
    await anna.send(roomRequest(status, id, members(boris)));
    const kind = `ses Room/${status}`;
    const [[told]] = await heard([boris, kind], [tablet, kind], [anna, kind]);
    assert.deepEqual(phoneIds(told.fields.members), [boris.phoneId]);
    if (status === 'mute') await refuses(boris, roomMessage(boris, id, 'mph'), denied);
    else await sayInRoom(tablet, id, 'a voice again', [anna, boris, tablet, cleo]);
    await sayInRoom(cleo, id, 'and I', [anna, boris]);
  },
});

const remaining = {
  async good() {
    const { anna, boris, tablet, cleo } = await cast();
    const id = await newRoom([boris, cleo]);
    const heard = watch(anna, boris, tablet, cleo);
    await anna.send(roomRequest('delete', id));
    const kinds = ['room Room/delete', 'ses Room/delete'];
    const [[told]] = await heard([anna, ...kinds], [boris, ...kinds], [tablet, ...kinds], [cleo, ...kinds]);
    assert.equal(told.fields.id, id);
    await refuses(anna, roomMessage(anna, id, 'anybody?'), denied, 'the feed is closed');
    assert.equal(await history(anna, muc(id)), invalid);
    await refuses(anna, record('Room', { id, name: 'Again', status: 'create' }), invalid, 'an id is used once (O15)');
  },
  not_authorized: adminsOnly('delete', () => ({})),
  not_found: unknownRoom('delete'),
  async invalid() {
    const { boris } = await cast();
    await room([boris], (id) => malformed('delete', id));
  },
  async repeat() {
    const { anna, boris } = await cast();
    const id = await newRoom([boris]);
    await anna.send(roomRequest('delete', id));
    await boris.expect(ses(boris), isRoom(id, 'delete'));
    await anna.expect(ses(anna), isRoom(id, 'delete'));
    await unchanged([anna, boris], () => getRoom(anna, id), () => refuses(anna, roomRequest('delete', id), notFound));
  },
  async others() {
    const { anna, boris, cleo } = await cast();
    const id = await newRoom([boris, cleo]);
    await cleo.disconnect();
    await anna.send(roomRequest('delete', id));
    await boris.expect(roomTopic(id), isRoom(id, 'delete'));
    const from = cleo.inbox.length;
    await cleo.connect(1);
    await cleo.expect(ses(cleo), isRoom(id, 'delete'), { from });
    for (const device of [boris, cleo]) {
      assert.deepEqual(await device.subscribe([roomTopic(id)]), [128]);
      assert.equal(await getRoom(device, id), notFound);
    }
  },
};

export const cells = {
  'Room/create': create,
  'Room/get': get,
  'Room/patch': patch,
  'Room/add': adding('add'),
  'Room/join': { ...join, ...selfJoin },
  'Room/remove': remove,
  'Room/leave': leave,
  'Room/ban': ban,
  'Room/unban': unban,
  'Room/mute': muting('mute'),
  'Room/unmute': muting('unmute'),
  'Room/delete': remaining,
};
