// init (PROTOCOL 1.7): the only request of every connection.

import assert from 'node:assert/strict';
import { atom, tuple } from '../bert.mjs';
import { Device, newId } from '../device.mjs';
import { malformed, none } from './cell.mjs';
import { cast, invalid, refuses, watch } from '../cast.mjs';

const init = (token) => tuple(atom('init'), token);

// The token of `{io,<<>>,{'Token',_}}`, which is on the client topic.
async function tokenFor(device, token = '') {
  const reply = await device.ask(init(token));
  assert.equal(reply.topic, device.topic);
  assert.match(reply.text, /^\{io,<<>>,\{'Token',<<"[^"]+">>\}\}$/);
  return String(reply.term.items[2].items[1]);
}

export const cells = {
  'init/': {
    async good(world) {
      const { anna, boris, tablet } = await cast();
      for (const device of [anna, boris, tablet]) {
        for (const given of ['', [], 'anything']) assert.equal(await tokenFor(device, given), device.token, 'its current token');
      }
      for (const device of [await world.registering(), await world.anonymous()]) {
        const token = await tokenFor(device, []);
        assert.match(token, /^[!-~]{22,255}$/);
        await assert.rejects(new Device(`emqttd_${newId()}`, { token }).connect(0), ({ code }) => code === 4, 'good for nothing but INIT');
      }
    },
    not_authorized: none('a connection of any state may send init (4.1 step 4)'),
    async not_found(world) {
      const dead = 'f'.repeat(64);
      const device = await world.anonymous();
      const token = await tokenFor(device, dead);
      assert.notEqual(token, dead, 'a token that is not known is replaced');
      assert.notEqual(await tokenFor(device, (await cast()).anna.token), (await cast()).anna.token, 'so is that of a session');
    },
    async invalid(world) {
      const { anna } = await cast();
      for (const device of [anna, await world.registering(), await world.anonymous()]) {
        for (const term of [...malformed(init('')), init(17), tuple(atom('init'))]) {
          await refuses(device, term, invalid);
        }
      }
    },
    async repeat(world) {
      for (const device of [await world.registering(), await world.anonymous()]) {
        const token = await tokenFor(device);
        assert.equal(await tokenFor(device, token), token, 'the same while it lives');
        assert.notEqual(await tokenFor(device), token);
      }
    },
    async others() {
      const { anna, boris, tablet } = await cast();
      const heard = watch(anna, tablet);
      await tokenFor(boris);
      await heard();
    },
  },
};
