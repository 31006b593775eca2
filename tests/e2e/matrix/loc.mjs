// Loc (PROTOCOL 3.12, 5.8, O10): a position to the own devices, three numbers or none.

import assert from 'node:assert/strict';
import { float } from '../bert.mjs';
import { isProfile } from '../device.mjs';
import { record } from '../records.mjs';
import { heardDuring, malformed, none, refused, signedOut } from './cell.mjs';

const loc = (x, y, z) => record('Loc', { x, y, z });
const isLoc = ({ record: name }) => name === 'Loc';
const textsOf = (messages) => messages.map(({ topic, text }) => `${topic} ${text}`);

async function relayed(device, term, receivers = [device]) {
  const from = receivers.map((each) => each.inbox.length);
  device.send(term).catch(() => {});
  return Promise.all(receivers.map((each, index) => each.expect(`ses/${device.phone}`, isLoc, { from: from[index] })));
}

export const cells = {
  'Loc/': {
    async good(world) {
      const device = await world.person();
      for (const term of [loc(float(50.45), float(-30.5), float(0)), loc(50, -30, 0), loc(float(50.45), 30, 179)]) {
        const [own] = await heardDuring([device], () => relayed(device, term));
        assert.deepEqual(own.map(({ topic, term: told }) => [topic, told]), [[`ses/${device.phone}`, term]], 'the same, and no reply');
      }
    },
    not_authorized: (world) => signedOut(world, loc(1, 2, 3)),
    not_found: none('it names nothing: a position belongs to whoever sends it'),
    async invalid(world) {
      const device = await world.person();
      for (const term of [loc('50.45', 30, 0), loc(50, 30, []), loc([], [], []), loc(50, [1], 0)]) {
        await refused(device, term, 'invalid_data');
      }
      for (const term of malformed(loc(1, 2, 3))) await refused(device, term, 'invalid_data');
    },
    async repeat(world) {
      const device = await world.person();
      for (let again = 0; again < 2; again += 1) await relayed(device, loc(1, 2, 3));
    },
    // The other gateway's device at once; a device that is away never; no friend.
    async others(world) {
      const { a, a2, b } = await world.friends({ second: true });
      const away = await world.another(a, 1);
      await away.disconnect();
      const [own, friend] = await heardDuring([a2, b], () => relayed(a, loc(1, 2, 3), [a, a2]));
      assert.deepEqual([own.length, textsOf(friend)], [1, []]);
      await away.connect(1);
      await away.expect(away.topic, isProfile('init'));
      await away.fence();
      assert.deepEqual(away.inbox.filter(isLoc), [], 'nothing is kept');
    },
  },
};
