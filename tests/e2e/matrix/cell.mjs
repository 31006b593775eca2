// What the cells of the matrix share. A cell is what one RPC does in one column:
//
//   good            the reply, and what is stored, as PROTOCOL.md says
//   not_authorized  a connection in another state, somebody else's object: the code, and nothing changed
//   not_found       what is named does not exist
//   invalid         malformed and out of bounds
//   repeat          the same request again
//   others          what the other side gets on the other gateway: topic, fields, order; and who gets nothing
//
// A cell is an async function (world) that asserts, or none('why this RPC cannot have it').

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { Atom, Tuple } from '../bert.mjs';
import { Device, befriend, newId, newPhone, online, register, registering } from '../device.mjs';
import { error, record } from '../records.mjs';

export const COLUMNS = ['good', 'not_authorized', 'not_found', 'invalid', 'repeat', 'others'];

// The routes of the cluster: {name: 'Auth/reg', record: 'Auth', selector: 'reg'}, in the order of the golden table.
export const ROUTES = fs.readFileSync(new URL('../../contract/routes.golden', import.meta.url), 'utf8').trim().split('\n')
  .map((line) => line.split(' ')[0]).map((name) => {
    const [, ofRecord, selector] = /^(\w+)\/(\w*)$/.exec(name);
    return { name, record: ofRecord, selector };
  });

export class None {
  constructor(why) { this.why = why; }
}
export const none = (why) => new None(why);

// The people of one run. Those of `stranger`, `registering` and `anonymous` are shared by its cells: who asks for them may not
// change them. Everybody else is made anew.
export class World {
  #shared = new Map();

  #once(name, make) {
    if (!this.#shared.has(name)) this.#shared.set(name, make());
    return this.#shared.get(name);
  }

  // A person on gateway `index`, a friend of nobody.
  person(index = 0) { return online(newPhone(), index); }

  // Another device of this device's phone, on gateway `index`.
  async another(device, index = 1) {
    const second = await register(device.phone, index);
    await second.connect(index);
    await second.fence();
    return second;
  }

  // Two friends, a on the first gateway and b on the second; with {second: true} also a2, a's device on the second gateway.
  async friends({ second = false } = {}) {
    const [a, b] = await Promise.all([this.person(0), this.person(1)]);
    const a2 = second ? await this.another(a) : undefined;
    await befriend(a, b, second ? [a2] : []);
    return { a, a2, b };
  }

  // Somebody on the second gateway who knows nobody here.
  stranger() { return this.#once('stranger', () => this.person(1)); }

  // Connections that are not signed in.
  registering() { return this.#once('registering', async () => (await registering(0)).device); }
  anonymous() {
    return this.#once('anonymous', async () => {
      const device = new Device(`emqttd_${newId()}`);
      await device.connect(1, { clean: true });
      return device;
    });
  }
}

export const replyTo = async (device, term) => (await device.ask(term)).text;

// The answer to a request: the record with this status on the client topic, or the refusal, which fails.
export async function answered(device, term, name, status) {
  const message = await device.ask(term, (each) => each.record === 'io' ||
    (each.record === name && (status === undefined || (each.fields.status ?? each.fields.type) === status)));
  assert.equal(message.record, name, message.text);
  return message.fields;
}

// Neither a registering nor an anonymous connection may send this (PROTOCOL 4.1 step 4).
export async function signedOut(world, term, code = 'not_authorized') {
  for (const device of [await world.registering(), await world.anonymous()]) {
    assert.equal(await replyTo(device, term), error(code), device.clientId);
  }
}

// A request that is none: too many fields, and a text where the selector's atom belongs (PROTOCOL 3.16, 2.5).
export function malformed(term) {
  const { items } = term;
  const atomAt = items.findLastIndex((item, index) => index > 0 && item instanceof Atom && item.name !== 'chain');
  const twisted = [new Tuple([...items, ...new Array(30).fill([])])];
  if (atomAt > 0) twisted.push(new Tuple(items.map((item, index) => (index === atomAt ? item.name : item))));
  return twisted;
}

const isPresence = ({ topic }) => /^(ac|muc)\//.test(topic);

// Does something and resolves to what each device heard meanwhile, in order, as received messages. Presence, which comes at its
// own pace, is left out. What an action causes must have been awaited by the action.
export async function heardDuring(devices, action) {
  const marks = devices.map((device) => device.inbox.length);
  await action();
  const fences = await Promise.all(devices.map((device) => device.ask(record('Profile', { status: 'get' }),
    ({ record: name, fields }) => name === 'Profile' && fields.status === 'get')));
  return devices.map((device, index) => device.inbox.slice(marks[index])
    .filter((message) => message !== fences[index] && !isPresence(message)));
}

// What a person can read of what is theirs: profile, rosters, contacts, rooms, tags, stars, last messages, person, devices. Who is
// online is left out.
export async function readable(device) {
  const profile = await device.ask(record('Profile', { status: 'get' }), ({ record: name }) => name === 'Profile');
  const person = await device.ask(record('Person', { id: device.phone, status: 'get' }), ({ record: name }) => name === 'Person');
  const from = device.inbox.length;
  device.send(record('Auth', { type: 'list' })).catch(() => {});
  await device.fence();
  const sessions = device.inbox.slice(from).filter(({ record: name }) => name === 'Auth').map(({ fields }) => fields.client_id);
  return [profile.text, person.text, ...sessions].join('\n').replaceAll(/\b(online|offline)\b/g, 'presence');
}

// The request is refused with this code, and nothing else happens: neither the requester nor the witnesses hear anything more, and
// what they can read stays.
export async function refused(device, term, code, witnesses = []) {
  const devices = [device, ...witnesses];
  const before = await Promise.all(devices.map(readable));
  const heard = await heardDuring(devices, async () => assert.equal(await replyTo(device, term), error(code)));
  assert.deepEqual(heard[0].map(({ topic, text }) => `${topic} ${text}`), [`${device.topic} ${error(code)}`]);
  for (const messages of heard.slice(1)) assert.deepEqual(messages.map(({ topic, text }) => `${topic} ${text}`), []);
  assert.deepEqual(await Promise.all(devices.map(readable)), before);
}
