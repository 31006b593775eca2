// History/* (PROTOCOL 5.6.4, 5.6.5, O23, O25, O28).

import assert from 'node:assert/strict';
import { isContact, newId } from '../device.mjs';
import { fieldsOf, record } from '../records.mjs';
import { malformed, signedOut } from './cell.mjs';
import {
  askHistory, ban, cast, couple, feedOf, history, invalid, isRoom, members, muc, newRoom, refuses, roomRequest,
  say, sayInRoom, ses, unchanged, watch,
} from '../cast.mjs';

const FAR = 1000000; // no message has an id that is larger by this
const get = (device, feed, more = {}) => record('History', { roster_id: device.phoneId, feed, size: -20, entity_id: 0, status: 'get', ...more });
const update = (device, feed, position, more = {}) => record('History', {
  roster_id: device.phoneId, feed, entity_id: position, status: 'update', ...more });

// Two friends and what they said: [one, other, ids].
async function talk(count) {
  const [one, other] = await couple();
  const ids = [];
  for (let n = 0; n < count; n += 1) ids.push((await say(n % 2 ? other : one, n % 2 ? one : other, `${n}`)).id);
  return [one, other, ids];
}

// What get and update refuse alike (History has one code for all of it).
const notMine = (make) => async (world) => {
  const { anna, boris, stranger, cleo } = await cast();
  const feed = feedOf(anna, boris);
  await say(anna, boris, 'between us');
  const id = await newRoom([boris]);
  await signedOut(world, make(anna, feed));
  await unchanged([anna, boris, stranger, cleo], () => history(anna, feed), async () => {
    await refuses(stranger, make(stranger, feed), invalid, 'a feed of others');
    await refuses(stranger, make(anna, feed), invalid, 'the roster of another');
    await refuses(anna, make(anna, feedOf(boris, cleo)), invalid, 'a feed without the roster');
    await refuses(cleo, make(cleo, muc(id)), invalid, 'a room of others');
    await refuses(anna, make(anna, feed, { roster_id: [] }), invalid, 'no roster');
  });
  await anna.send(roomRequest('remove', id, members(boris)));
  await boris.expect(ses(boris), isRoom(id, 'remove'));
  await refuses(boris, make(boris, muc(id)), invalid, 'a room that one has left');
};
const unknown = (make) => async () => {
  const { anna, boris, stranger } = await cast();
  const last = await say(anna, boris, 'the last one');
  const elsewhere = await say(stranger, stranger, 'a note');
  await unchanged([anna, boris], () => history(anna, feedOf(anna, boris)), async () => {
    await refuses(anna, make(anna, muc(`no ${newId()}`)), invalid, 'no such room');
    await refuses(anna, make(anna, feedOf(anna, { phoneId: '380670000000_999999999' })), invalid, 'no such person');
    await refuses(anna, make(anna, feedOf(anna, boris), { entity_id: last.id + FAR }), invalid, 'no such message');
    await refuses(anna, make(anna, feedOf(anna, boris), { entity_id: elsewhere.id }), invalid, 'a message of another feed');
  });
};
const bad = (make) => async () => {
  const { anna, boris } = await cast();
  const feed = feedOf(anna, boris);
  await unchanged([anna, boris], () => history(anna, feed), async () => {
    for (const more of [{ feed: [] }, { feed: record('Cursor') }, { feed: muc('a/b') }, { feed: record('p2p', { from: anna.phoneId, to: 'nobody' }) },
      { entity_id: -1 }, { entity_id: Buffer.from('1') }, { size: Buffer.from('1') }, { roster_id: 5 }, { status: 'updated' }, { status: 'lost' }]) {
      await refuses(anna, make(anna, feed, more), invalid, Object.keys(more)[0]);
    }
    for (const term of malformed(make(anna, feed))) await refuses(anna, term, invalid);
  });
};

const page = {
  async good() {
    const [one, other, ids] = await talk(7);
    const feed = feedOf(one, other);
    const ask = async (size, from) => {
      const reply = await askHistory(other, feed, { size, entity_id: from });
      assert.deepEqual([reply.topic, reply.fields.roster_id, reply.fields.status, fieldsOf(reply.fields.feed)], [other.topic, other.phoneId, 'get', fieldsOf(feed)]);
      assert.equal(reply.fields.entity_id, Array.isArray(from) ? 0 : from);
      return [reply.fields.size, reply.fields.data.map((message) => fieldsOf(message).id)];
    };
    const back = [...ids].reverse();
    assert.deepEqual(await ask(-3, 0), [ids[4], back.slice(0, 3)], 'the newest end, newest first');
    assert.deepEqual(await ask(-3, ids[4]), [ids[2], back.slice(2, 5)], 'the starting message is included');
    assert.deepEqual(await ask(3, 0), [ids[2], ids.slice(0, 3)], 'the oldest end, oldest first');
    assert.deepEqual(await ask(3, ids[2]), [ids[4], ids.slice(2, 5)]);
    assert.deepEqual(await ask(5, ids[6]), [ids[6], [ids[6]]], 'the end: NewPos is E');
    for (const size of [0, []]) assert.deepEqual(await ask(size, []), [ids[0], back], 'as -50');
    for (const size of [-1001, 2000000000]) assert.equal((await ask(size, 0))[1].length, 7);
    const turned = fieldsOf(feed);
    assert.deepEqual((await history(one, record('p2p', { from: turned.to, to: turned.from }))).map(({ id }) => id), back, 'a feed in the wrong order');
    const shown = await history(one, feed);
    assert.deepEqual(shown.map(({ prev, next }) => [prev, next]), back.map((id, place) => [back[place + 1] ?? [], back[place - 1] ?? []]));
    const { boris } = await cast();
    const id = await newRoom([boris]);
    assert.deepEqual((await history(boris, muc(id))).map(({ status }) => status), ['muc']);
  },
  not_authorized: notMine(get),
  not_found: unknown(get),
  invalid: bad(get),
  async repeat() {
    const [one, other] = await talk(3);
    const [first, again] = [await askHistory(one, feedOf(one, other)), await askHistory(one, feedOf(one, other))];
    assert.equal(again.text, first.text);
  },
  async others() {
    const [one, other, ids] = await talk(2);
    const heard = watch(one, other);
    await history(one, feedOf(one, other));
    await heard();
    // A ban takes nothing away from what was said (O28).
    await ban(one, other);
    for (const device of [one, other]) {
      assert.deepEqual((await history(device, feedOf(one, other))).map(({ id }) => id), [...ids].reverse());
    }
  },
};

const isReceipt = ({ record: name, fields }) => name === 'History' && fields.status === 'updated';

const mark = {
  async good() {
    const [one, other] = await couple();
    const feed = feedOf(one, other);
    const messages = [];
    for (const text of ['1', '2', '3']) messages.push(await say(one, other, text));
    const heard = watch(one, other);
    await other.send(update(other, feed, messages[0].id));
    const [[contact], [receipt]] = await heard([other, 'ses Contact/last_msg'], [one, 'ses History/updated']);
    assert.deepEqual([contact.fields.phone_id, contact.fields.reader, contact.fields.unread, fieldsOf(contact.fields.last_msg).id],
      [one.phoneId, messages[0].id, 2, messages[2].id]);
    assert.deepEqual([receipt.fields.roster_id, fieldsOf(receipt.fields.feed), receipt.fields.size, receipt.fields.entity_id, receipt.fields.data],
      [other.phoneId, fieldsOf(feed), 0, messages[0].id, []]);
    const all = watch(one, other);
    await other.send(update(other, feed, [])); // to the newest
    const [[newest], [told]] = await all([other, 'ses Contact/last_msg'], [one, 'ses History/updated']);
    assert.deepEqual([newest.fields.reader, newest.fields.unread, told.fields.entity_id], [messages[2].id, 0, messages[2].id]);
  },
  not_authorized: notMine((device, feed, more) => update(device, feed, 0, more)),
  not_found: unknown((device, feed, more) => update(device, feed, 0, more)),
  invalid: bad((device, feed, more) => update(device, feed, 0, more)),
  async repeat() {
    const [one, other] = await couple();
    const feed = feedOf(one, other);
    const [first, second] = [await say(one, other, '1'), await say(one, other, '2')];
    await other.send(update(other, feed, second.id));
    const before = await other.expect(ses(other), isContact(one.phoneId, 'last_msg'));
    await one.expect(ses(one), isReceipt);
    const heard = watch(one, other);
    await other.send(update(other, feed, second.id));
    await other.send(update(other, feed, first.id)); // never back
    const [[again, back]] = await heard([other, 'ses Contact/last_msg', 'ses Contact/last_msg']);
    for (const { fields } of [again, back]) assert.deepEqual([fields.reader, fields.unread], [before.fields.reader, 0]);
  },
  async others() {
    const { anna, boris, tablet, cleo } = await cast();
    const id = await newRoom([boris, cleo]);
    const first = await sayInRoom(anna, id, '1', [anna, boris, tablet, cleo]);
    await sayInRoom(cleo, id, '2', [anna, boris, tablet, cleo]);
    const last = await sayInRoom(anna, id, '3', [anna, boris, tablet, cleo]);
    const heard = watch(anna, boris, tablet, cleo);
    await boris.send(update(boris, muc(id), first.id));
    const [[told], , [receipt]] = await heard([tablet, 'ses Room/last_msg'], [boris, 'ses Room/last_msg'], [anna, 'ses History/updated']);
    assert.deepEqual([told.fields.id, told.fields.unread, fieldsOf(told.fields.last_msg).id, told.fields.members], [id, 2, last.id, []]);
    assert.deepEqual([receipt.fields.roster_id, fieldsOf(receipt.fields.feed).name, receipt.fields.entity_id], [boris.phoneId, id, first.id]);
    const all = watch(anna, boris, tablet, cleo);
    await boris.send(update(boris, muc(id), last.id));
    await all([tablet, 'ses Room/last_msg'], [boris, 'ses Room/last_msg'], [anna, 'ses History/updated'], [cleo, 'ses History/updated']);
  },
};

export const cells = { 'History/get': page, 'History/update': mark };
