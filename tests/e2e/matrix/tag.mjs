// Tag (PROTOCOL 3.12, 5.8).

import assert from 'node:assert/strict';
import { newId } from '../device.mjs';
import { fieldsOf, record } from '../records.mjs';
import { answered, heardDuring, malformed, none, refused, signedOut } from './cell.mjs';

const tag = (device, status, fields = {}) => record('Tag', { roster_id: device.phoneId, status, ...fields });
const textsOf = (messages) => messages.map(({ topic, text }) => `${topic} ${text}`);

// Sends a request that is answered on ses/: the Tag.
async function written(device, status, fields = {}) {
  const from = device.inbox.length;
  device.send(tag(device, status, fields)).catch(() => {});
  const message = await device.expect(null, ({ topic, record: name }) => name === 'io' ||
    (name === 'Tag' && topic === `ses/${device.phone}`), { from });
  assert.equal(message.record, 'Tag', message.text);
  assert.equal(message.fields.status, status);
  return message.fields;
}
async function tagsOf(device) {
  const { tags } = await answered(device, record('Roster', { id: device.rosterId, status: 'get' }), 'Roster', 'get');
  return tags.map(fieldsOf).map(({ id, name, color }) => ({ id, name, color }));
}

const notOwn = (status, fields = () => ({ name: 'x' })) => async (world) => {
  await signedOut(world, record('Tag', { roster_id: '380670000001_1', name: 'x', status }));
  const { a, b } = await world.friends();
  const made = await written(a, 'create', { name: 'work' });
  for (const id of [a.phoneId, '380000000000_1', `${b.phone}_${a.rosterId}`, 'nonsense']) {
    await refused(b, tag(b, status, { roster_id: id, ...fields(made) }), 'not_authorized', [a]);
  }
};
const unknown = (status) => async (world) => {
  const { a, b } = await world.friends();
  const made = await written(a, 'create', { name: 'work' });
  for (const fields of [{ id: made.id }, { id: made.id, roster_id: [] }, { id: 2 ** 50 }, { name: 'work' }]) {
    await refused(b, tag(b, status, { name: 'mine', ...fields }), 'not_found', [a]);
  }
};
// All own devices are told the same, nobody else anything.
const onOwnDevices = (status, prepare) => async (world) => {
  const { a, a2, b } = await world.friends({ second: true });
  const fields = await prepare(a);
  await Promise.all([a, a2].map((each) => each.fence()));
  const [own, second, friend] = await heardDuring([a, a2, b], async () => {
    await written(a, status, fields);
    await a2.expect(`ses/${a.phone}`, ({ record: name, fields: { status: told } }) => name === 'Tag' && told === status);
  });
  assert.equal(own.length, 1);
  assert.deepEqual(textsOf(own), textsOf(second));
  assert.deepEqual(textsOf(friend), []);
};
const madeBy = (device, name = 'work') => written(device, 'create', { name, color: 'red' });

export const cells = {
  'Tag/create': {
    async good(world) {
      const device = await world.person();
      const made = await written(device, 'create', { name: 'Робота', color: '#FF8800' });
      assert.deepEqual({ ...made, id: 0 }, { id: 0, roster_id: device.phoneId, name: 'Робота', color: '#FF8800', status: 'create' });
      assert.ok(Number.isSafeInteger(made.id) && made.id > 0);
      const bare = await written(device, 'create', { name: 'bare', roster_id: [] });
      assert.deepEqual([bare.color, bare.roster_id], [[], device.phoneId]);
      assert.deepEqual(await tagsOf(device), [{ id: made.id, name: 'Робота', color: '#FF8800' }, { id: bare.id, name: 'bare', color: [] }]);
    },
    not_authorized: notOwn('create'),
    not_found: none('it names nothing but the own roster (not_authorized)'),
    async invalid(world) {
      const device = await world.person();
      for (const name of ['', [], Buffer.from([0xff]), Buffer.from('a\0b'), 5]) {
        await refused(device, tag(device, 'create', { name }), 'invalid_data');
      }
      for (const term of malformed(tag(device, 'create', { name: 'x' }))) await refused(device, term, 'invalid_data');
      for (let n = 0; n < 200; n += 1) await device.send(tag(device, 'create', { name: `tag ${n}` }));
      await refused(device, tag(device, 'create', { name: 'one too many' }), 'permission_denied');
      assert.equal((await written(device, 'create', { name: 'tag 7' })).name, 'tag 7', 'one that is there is no new one');
    },
    async repeat(world) {
      const device = await world.person();
      const made = await madeBy(device);
      assert.deepEqual(await written(device, 'create', { name: 'work', color: 'blue' }), made, 'the existing one is published again');
      assert.equal((await tagsOf(device)).length, 1);
    },
    others: onOwnDevices('create', () => ({ name: newId() })),
  },
  'Tag/edit': {
    async good(world) {
      const device = await world.person();
      const made = await madeBy(device);
      const edited = await written(device, 'edit', { id: made.id, name: 'Office', color: 'blue' });
      assert.deepEqual(edited, { ...made, name: 'Office', color: 'blue', status: 'edit' });
      const named = await written(device, 'edit', { name: 'Office', color: 'green' });
      assert.deepEqual([named.id, named.color], [made.id, 'green'], 'by its name');
      const kept = await written(device, 'edit', { id: made.id, roster_id: [], name: [], color: '' });
      assert.deepEqual([kept.name, kept.color], ['Office', []], '[] leaves, <<>> clears (4.3)');
      assert.equal((await tagsOf(device)).length, 1);
    },
    not_authorized: notOwn('edit', ({ id }) => ({ id, name: 'mine' })),
    not_found: unknown('edit'),
    async invalid(world) {
      const device = await world.person();
      const made = await madeBy(device);
      await madeBy(device, 'other');
      for (const name of ['', 'other', Buffer.from([0xff])]) {
        await refused(device, tag(device, 'edit', { id: made.id, name }), 'invalid_data');
      }
      for (const term of malformed(tag(device, 'edit', { id: made.id, name: 'x' }))) await refused(device, term, 'invalid_data');
    },
    async repeat(world) {
      const device = await world.person();
      const { id } = await madeBy(device);
      assert.deepEqual(await written(device, 'edit', { id, name: 'Office' }), await written(device, 'edit', { id, name: 'Office' }));
    },
    others: onOwnDevices('edit', async (device) => ({ id: (await madeBy(device)).id, name: 'Office' })),
  },
  'Tag/remove': {
    async good(world) {
      const device = await world.person();
      const [made, other] = [await madeBy(device), await madeBy(device, 'other')];
      assert.deepEqual(await written(device, 'remove', { id: made.id, roster_id: [] }), { ...made, status: 'remove' });
      assert.deepEqual((await tagsOf(device)).map(({ id }) => id), [other.id]);
    },
    not_authorized: notOwn('remove', ({ id }) => ({ id })),
    not_found: unknown('remove'),
    async invalid(world) {
      const device = await world.person();
      const { id } = await madeBy(device);
      for (const term of [...malformed(tag(device, 'remove', { id })), tag(device, 'remove', { id: 'x' })]) {
        await refused(device, term, 'invalid_data');
      }
    },
    async repeat(world) {
      const device = await world.person();
      const { id } = await madeBy(device);
      await written(device, 'remove', { id });
      await refused(device, tag(device, 'remove', { id }), 'not_found');
    },
    others: onOwnDevices('remove', async (device) => ({ id: (await madeBy(device)).id })),
  },
};
