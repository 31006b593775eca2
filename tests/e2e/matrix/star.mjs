// Star (PROTOCOL 3.12, 5.8).

import assert from 'node:assert/strict';
import { newId } from '../device.mjs';
import { fieldsOf, p2pTopic, record, textMessage } from '../records.mjs';
import { answered, heardDuring, malformed, refused, signedOut } from './cell.mjs';

const star = (device, status, id, tags = [], fields = {}) => record('Star', {
  roster_id: device.phoneId, message: record('Message', { id }), tags, status, ...fields,
});
const textsOf = (messages) => messages.map(({ topic, text }) => `${topic} ${text}`);
const onSes = async (device, term, name) => {
  const from = device.inbox.length;
  device.send(term).catch(() => {});
  const message = await device.expect(null, (each) => each.record === 'io' ||
    (each.record === name && each.topic === `ses/${device.phone}`), { from });
  assert.equal(message.record, name, message.text);
  return message.fields;
};
const written = (device, status, id, tags) => onSes(device, star(device, status, id, tags), 'Star');
const tagOf = async (device, name) => (await onSes(device, record('Tag', { roster_id: device.phoneId, name, status: 'create' }), 'Tag')).id;
const starsOf = async (device) => (await answered(device, record('Roster', { id: device.rosterId, status: 'get' }), 'Roster', 'get'))
  .favorite.map(fieldsOf).map(({ message, tags }) => [fieldsOf(message).id, tags]);

// Two friends and a message of b to a.
async function withMessage(world, options) {
  const { a, a2, b } = await world.friends(options);
  await b.send(textMessage(b.phoneId, a.phoneId, newId(), 'remember this'));
  const all = [a, b, ...(a2 ? [a2] : [])];
  const [sent] = await Promise.all(all.map((each) => each.expect(p2pTopic(a.phoneId, b.phoneId))));
  return { a, a2, b, id: sent.fields.id, sent: sent.fields };
}

const notOwn = (status) => async (world) => {
  await signedOut(world, record('Star', { roster_id: '380670000001_1', message: record('Message', { id: 1 }), status }));
  const { a, b, id } = await withMessage(world);
  await written(a, 'add', id);
  for (const rosterId of [a.phoneId, '380000000000_1', 'nonsense']) {
    await refused(b, star(b, status, id, [], { roster_id: rosterId }), 'not_authorized', [a]);
  }
};
const onOwnDevices = (status) => async (world) => {
  const { a, a2, b, id } = await withMessage(world, { second: true });
  if (status === 'remove') {
    await written(a, 'add', id);
    await a2.expect(`ses/${a.phone}`, ({ record: name }) => name === 'Star');
  }
  const [own, second, friend] = await heardDuring([a, a2, b], async () => {
    await written(a, status, id);
    await a2.expect(`ses/${a.phone}`, ({ record: name, fields }) => name === 'Star' && fields.status === status);
  });
  assert.equal(own.length, 1);
  assert.deepEqual(textsOf(own), textsOf(second));
  assert.deepEqual(textsOf(friend), []);
};

export const cells = {
  'Star/add': {
    async good(world) {
      const { a, b, id, sent } = await withMessage(world);
      const [work, home] = [await tagOf(a, 'work'), await tagOf(a, 'home')];
      const added = await written(a, 'add', id, [work, home]);
      assert.deepEqual([added.roster_id, added.tags, added.status], [a.phoneId, [work, home], 'add']);
      const shown = fieldsOf(added.message);
      assert.deepEqual([shown.id, shown.from, shown.to, shown.created, shown.msg_id, shown.status],
        [id, b.phoneId, a.phoneId, sent.created, sent.msg_id, 'sent']);
      assert.equal(fieldsOf(shown.files[0]).payload, 'remember this', 'the whole message');
      assert.deepEqual(await starsOf(a), [[id, [work, home]]]);
      const own = await onSes(b, star(b, 'add', id, [], { roster_id: [] }), 'Star');
      assert.equal(own.roster_id, b.phoneId, 'everybody has their own');
    },
    not_authorized: notOwn('add'),
    async not_found(world) {
      const { a, id } = await withMessage(world);
      const stranger = await world.person(1);
      for (const [device, unknown] of [[a, 2 ** 50], [stranger, id]]) {
        await refused(device, star(device, 'add', unknown), 'invalid_data');
      }
    },
    async invalid(world) {
      const { a, b, id } = await withMessage(world);
      const foreign = await tagOf(b, 'theirs');
      for (const tags of [[2 ** 50], [foreign], ['x']]) await refused(a, star(a, 'add', id, tags), 'invalid_data');
      for (const message of [[], 'x', record('Tag', {}), record('Message', {})]) {
        await refused(a, star(a, 'add', id, [], { message }), 'invalid_data');
      }
      for (const term of malformed(star(a, 'add', id))) await refused(a, term, 'invalid_data');
    },
    async repeat(world) {
      const { a, id } = await withMessage(world);
      const work = await tagOf(a, 'work');
      await written(a, 'add', id);
      assert.deepEqual((await written(a, 'add', id, [work])).tags, [work], 'updates tags');
      assert.deepEqual(await starsOf(a), [[id, [work]]], 'one star per message');
    },
    others: onOwnDevices('add'),
  },
  'Star/remove': {
    async good(world) {
      const { a, id } = await withMessage(world);
      await written(a, 'add', id);
      const removed = await written(a, 'remove', id);
      assert.deepEqual([removed.roster_id, fieldsOf(removed.message).id, removed.status], [a.phoneId, id, 'remove']);
      assert.deepEqual(await starsOf(a), []);
    },
    not_authorized: notOwn('remove'),
    async not_found(world) {
      const { a, b, id } = await withMessage(world);
      await written(a, 'add', id);
      await refused(b, star(b, 'remove', id), 'not_found', [a]);
      await refused(a, star(a, 'remove', 2 ** 50), 'not_found');
    },
    async invalid(world) {
      const { a, id } = await withMessage(world);
      await written(a, 'add', id);
      await refused(a, star(a, 'remove', id, [], { message: 'x' }), 'invalid_data');
      for (const term of malformed(star(a, 'remove', id))) await refused(a, term, 'invalid_data');
    },
    async repeat(world) {
      const { a, id } = await withMessage(world);
      await written(a, 'add', id);
      await written(a, 'remove', id);
      await refused(a, star(a, 'remove', id), 'not_found');
    },
    others: onOwnDevices('remove'),
  },
};
