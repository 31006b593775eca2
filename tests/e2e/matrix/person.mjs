// Person (PROTOCOL 3.4, 5.2): the own private data; never shown to others.

import assert from 'node:assert/strict';
import { atom } from '../bert.mjs';
import { fieldsOf, record } from '../records.mjs';
import { answered, heardDuring, malformed, none, refused, signedOut } from './cell.mjs';

const person = (status, device, more = {}) => record('Person', { id: device.phone, status, ...more });
const get = (device, id = device.phone) => answered(device, person('get', device, { id }), 'Person', 'get');
const set = (device, more) => answered(device, person('set', device, more), 'Person', 'set');
const textsOf = (messages) => messages.map(({ topic, text }) => `${topic} ${text}`);

// Every field that is written, with a value of its type.
const WHOLE = {
  names: 'Олена', surnames: 'К', username: 'olena', phonelist: ['380670000000', '380670000001'], alias: ['x'],
  avatar: 'http://avatar', localize: ['uk'], NotificationSettings: [record('Feature', { id: '1', key: 'SOUND', value: 'on', group: 'g' })],
  SoundSettings: [record('Feature', { id: '2', key: 'VOLUME', value: '7' })], ThemeID: 'dark', voxImplantID: 'v1',
  voxImplantLogin: 'v2', voxImplantPassword: 'v3', BlockUsers: ['380670000009_1'], isParticipants: [atom('yes')],
};
const asText = (fields) => record('Person', { ...fields });

// The fields as they were written.
function checkWhole(fields, device, status) {
  assert.deepEqual([fields.id, fields.balance, fields.status], [device.phone, 0, status]);
  const wanted = fieldsOf(asText(WHOLE));
  for (const name of Object.keys(WHOLE)) {
    const plain = (value) => JSON.stringify(value, (key, each) => (each?.type === 'Buffer' ? String(Buffer.from(each.data)) : each));
    assert.equal(plain(fields[name]), plain(wanted[name]), name);
  }
}

const notOwn = (status) => async (world) => {
  await signedOut(world, record('Person', { id: '380670000000', status }));
  const { a, b } = await world.friends();
  for (const id of [a.phone, a.phoneId, '380670000000', `${b.phone}_${a.rosterId}`]) {
    await refused(b, record('Person', { id, names: 'Mallory', status }), 'not_authorized', [a]);
  }
};

const unheard = (status) => async (world) => {
  const { a, a2, b } = await world.friends({ second: true });
  const [own, friend] = await heardDuring([a2, b], () => answered(a, person(status, a, { names: 'Olena' }), 'Person', status));
  assert.deepEqual([textsOf(own), textsOf(friend)], [[], []]);
};

export const cells = {
  'Person/get': {
    async good(world) {
      const device = await world.person();
      const empty = await get(device);
      assert.deepEqual([empty.id, empty.names, empty.phonelist, empty.balance, empty.status], [device.phone, [], [], 0, 'get']);
      await set(device, WHOLE);
      for (const id of [device.phone, `+${device.phone}`, device.phoneId]) checkWhole(await get(device, id), device, 'get');
    },
    not_authorized: notOwn('get'),
    not_found: none('every account has a Person; an id that does not exist is somebody else\'s (not_authorized)'),
    async invalid(world) {
      const device = await world.person();
      for (const term of malformed(person('get', device))) await refused(device, term, 'invalid_data');
    },
    async repeat(world) {
      const device = await world.person();
      assert.deepEqual(await get(device), await get(device));
    },
    others: unheard('get'),
  },
  'Person/set': {
    async good(world) {
      const device = await world.person();
      checkWhole(await set(device, { ...WHOLE, balance: 99 }), device, 'set');
      const kept = await set(device, { username: '', phonelist: [], names: 'Olena' });
      assert.deepEqual([kept.names, kept.username, kept.surnames, kept.phonelist.map(String)],
        ['Olena', '', 'К', WHOLE.phonelist], '[] leaves, <<>> clears (4.3)');
      assert.deepEqual((await set(device, { phonelist: ['380670000002'] })).phonelist.map(String), ['380670000002']);
    },
    not_authorized: notOwn('set'),
    not_found: none('every account has a Person; an id that does not exist is somebody else\'s (not_authorized)'),
    async invalid(world) {
      const device = await world.person();
      await set(device, WHOLE);
      for (const more of [{ names: 'x' }, { names: 'x'.repeat(33) }, { surnames: 'x'.repeat(33) }, { names: Buffer.from([0xff]) },
        { username: Buffer.from('a\0b') }, { phonelist: ['x', 5] }, { phonelist: 'x' }, { ThemeID: 5 }, { isParticipants: ['text'] },
        { NotificationSettings: [record('Feature', { id: '1', value: 'x'.repeat(4097) })] }]) {
        await refused(device, person('set', device, more), 'invalid_data');
      }
      for (const term of malformed(person('set', device))) await refused(device, term, 'invalid_data');
    },
    async repeat(world) {
      const device = await world.person();
      assert.deepEqual(await set(device, WHOLE), await set(device, WHOLE));
    },
    others: unheard('set'),
  },
};
