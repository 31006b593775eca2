// The people of the cells about messages, rooms and media, made once a process, and what each of them hears. A cell makes its own
// rooms, ids and messages; who loses a friend in it is made for it alone.

import assert from 'node:assert/strict';
import { atom, tuple } from './bert.mjs';
import { eventually } from './cluster.mjs';
import { befriend, isContact, newId, newPhone, online } from './device.mjs';
import { error, fieldsOf, p2p, p2pTopic, record, textMessage } from './records.mjs';

export const invalid = error('invalid_data');
export const denied = error('permission_denied');
export const notFound = error('not_found');
export const notAuthorized = error('not_authorized');

// Anna on gateway 1 is a friend of Boris and Cleo on gateway 2 and of Dora on gateway 1; `tablet` is a second device of Boris on gateway
// 1. The stranger on gateway 2 knows nobody.
async function gather() {
  const phone = newPhone();
  const [anna, boris, cleo, dora, stranger] = await Promise.all([0, 1, 1, 0, 1].map((index, place) => online(
    place === 1 ? phone : newPhone(), index)));
  const tablet = await online(phone, 0);
  tablets.push(tablet);
  await befriend(anna, boris, [tablet]);
  for (const other of [cleo, dora]) await befriend(anna, other);
  return { anna, boris, tablet, cleo, dora, stranger };
}

let gathered;
export const cast = () => { gathered ??= gather(); return gathered; };

// What happened before has reached every device of the cast: each gets what concerns its owner in one order, and a note to himself
// comes after it. Before a cell, so that it does not hear what the one before it did.
export async function caughtUp() {
  if (!gathered) return;
  const { anna, boris, cleo, dora, stranger } = await gathered;
  await Promise.all([anna, boris, cleo, dora, stranger].map((author) => say(author, author, newId())));
}

// Two friends of nobody else, on two gateways.
export async function couple() {
  const [one, other] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  await befriend(one, other);
  return [one, other];
}

const isFenced = ({ text }) => text.startsWith("{io,<<>>,{'Token',");
const isPresence = ({ record: name, fields }) => name === 'Contact' && Array.isArray(fields.status);

// What was on its way to the device before has arrived when this is over, as far as its gateway knew of it.
const settle = (device) => device.ask(tuple(atom('init'), ''), isFenced);

// `room Room/add`: the family of the topic, the record and its selector; `reply` is the own client topic.
function kindOf(device, message) {
  const family = message.topic === device.topic ? 'reply' : message.topic.split('/')[0];
  const { status, type } = message.fields;
  const selector = typeof status === 'string' ? `/${status}` : '';
  return `${family} ${message.record}${selector}${status === 'muc' ? `/${type}` : ''}`;
}

// PROTOCOL 1.2, O25, O26: messages of the server are of QoS 2, these of less.
function qosOf(message) {
  if (message.record === 'Typing') return 0;
  return message.record === 'Call' || (message.record === 'History' && message.fields.status === 'updated') ? 1 : 2;
}

const byTopic = (kinds) => {
  const families = {};
  for (const kind of kinds) (families[kind.split(' ')[0]] ??= []).push(kind);
  return families;
};

// Listens from now on: heard([device, 'room Room/add', …], …) waits until each has heard that, and fails if one of `devices` has heard
// anything else, more, less, or on one topic in another order. Answers that were asked for do not count, nor does presence.
// The messages, one array a device in the order given.
export function watch(...devices) {
  const marks = new Map(devices.map((device) => [device, device.inbox.length]));
  const since = (device) => device.inbox.slice(marks.get(device)).filter((message) => !isPresence(message) &&
    !(message.topic === device.topic && message.taken));
  return async function heard(...expected) {
    const kinds = new Map(expected.map(([device, ...list]) => [device, list]));
    for (const device of kinds.keys()) assert.ok(marks.has(device), 'a device that is not watched');
    await eventually('everything expected', () => devices.every((device) => since(device).length >= (kinds.get(device) ?? []).length))
      .catch(() => {}); // the comparison says what is missing
    await Promise.all(devices.map(settle));
    for (const device of devices) {
      const messages = since(device);
      assert.deepEqual(byTopic(messages.map((message) => kindOf(device, message))), byTopic(kinds.get(device) ?? []), device.clientId);
      for (const message of messages) assert.deepEqual([message.qos, message.retain], [qosOf(message), false], message.text);
    }
    return expected.map(([device, ...list]) => {
      const left = since(device);
      return list.map((kind) => left.splice(left.findIndex((message) => kindOf(device, message) === kind), 1)[0]);
    });
  };
}

// act() changes nothing: look() shows the same before and after, and none of the devices hears anything.
export async function unchanged(devices, look, act) {
  const before = await look();
  const heard = watch(...devices);
  await act();
  await heard();
  assert.deepEqual(await look(), before);
}

// The term is refused to the device with this answer.
export async function refuses(device, term, answer, why) {
  const reply = await device.ask(term, () => true);
  assert.equal(reply.text, answer, why ?? reply.text);
}

export const muc = (id) => record('muc', { name: id });
export const roomTopic = (id) => `room/${id}`;
export const ses = (device) => `ses/${device.phone}`;
export const desc = (text, more = {}) => record('Desc', { id: newId(), mime: 'text', payload: text, ...more });
export const textsOf = (fields) => fields.files.map((file) => fieldsOf(file).payload);

export const isMessage = (status, id) => ({ record: name, fields }) => name === 'Message' && fields.status === status &&
  (id === undefined || fields.id === id);
export const isRoom = (id, status) => ({ record: name, fields }) => name === 'Room' && fields.id === id && fields.status === status;

export const roomMessage = (from, id, text) => record('Message', {
  feed_id: muc(id), msg_id: newId(), from: from.phoneId, to: id, status: 'client', files: [desc(text)],
});

// One bans the other, and both know it.
export async function ban(one, other) {
  const reply = await one.ask(record('Friend', { phone_id: one.phoneId, friend_id: other.phoneId, status: 'ban' }));
  assert.equal(reply.text, '{io,{ok,added},{ok,added}}');
  await Promise.all([one.expect(ses(one), isContact(other.phoneId, 'banned')), other.expect(ses(other), isContact(one.phoneId, 'banned'))]);
}

// The devices of these people, second ones too.
const tablets = [];
const devicesOf = (...people) => [...new Set([...people, ...tablets.filter(({ phone }) => people.some((one) => one.phone === phone))])];

// A message from one to another, seen by `receivers`; as stored.
export async function say(from, to, text, receivers = devicesOf(from, to)) {
  const marks = receivers.map((device) => device.inbox.length);
  await from.send(textMessage(from.phoneId, to.phoneId, newId(), text));
  const copies = await Promise.all(receivers.map((device, place) => device.expect(p2pTopic(from.phoneId, to.phoneId),
    (message) => isMessage('sent')(message) && textsOf(message.fields)[0] === text, { from: marks[place] })));
  return copies[0].fields;
}

export async function sayInRoom(from, id, text, receivers = [from]) {
  const marks = receivers.map((device) => device.inbox.length);
  await from.send(roomMessage(from, id, text));
  const copies = await Promise.all(receivers.map((device, place) => device.expect(roomTopic(id),
    (message) => isMessage('sent')(message) && textsOf(message.fields)[0] === text, { from: marks[place] })));
  return copies[0].fields;
}

export const feedOf = (one, other) => p2p(one.phoneId, other.phoneId);

const isPage = ({ record: name }) => name === 'History' || name === 'io';
export const askHistory = (device, feed, more = {}) => device.ask(
  record('History', { roster_id: device.phoneId, feed, size: -20, entity_id: 0, status: 'get', ...more }), isPage);

// The newest messages of a feed as the device reads them; an answer that is no page as its text.
export async function history(device, feed, more = {}) {
  const page = await askHistory(device, feed, more);
  return page.record === 'History' ? page.fields.data.map(fieldsOf) : page.text;
}

// The same as text, to be compared: links are made anew for each reader and time.
export const stored = async (device, feed) => (await askHistory(device, feed)).text.replaceAll(/\?[^">]*/g, '');

export const roomRequest = (status, id, more = {}) => record('Room', { id, status, ...more });
export const member = (device, status = []) => record('Member', { phone_id: device.phoneId, status });
export const members = (...devices) => ({ members: devices.map((device) => member(device)) });
export const admins = (...devices) => ({ admins: devices.map((device) => member(device)) });
export const phoneIds = (list) => list.map((entry) => fieldsOf(entry).phone_id);

export async function getRoom(device, id, more = {}) {
  const answer = await device.ask(roomRequest('get', id, more), ({ record: name }) => name === 'Room' || name === 'io');
  return answer.record === 'Room' ? answer.fields : answer.text;
}

// A room of Anna's with these people in it, all of whom have heard of it. Its id.
export async function newRoom(people, more = {}) {
  const { anna, boris, tablet } = await cast();
  const id = `room ${newId()}`;
  await anna.ask(record('Room', { id, name: 'Kitchen', status: 'create', ...members(...people), ...more }), isRoom(id, 'create'));
  const devices = people.includes(boris) ? [anna, ...people, tablet] : [anna, ...people];
  await Promise.all(devices.map((device) => device.expect(roomTopic(id), isMessage('muc'))));
  return id;
}
