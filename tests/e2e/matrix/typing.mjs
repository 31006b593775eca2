// Typing (PROTOCOL 5.6.7): relayed, never stored, never answered, not even refused.

import assert from 'node:assert/strict';
import { decode, encode } from '../bert.mjs';
import { format } from '../erlang_text.mjs';
import { p2pTopic, record } from '../records.mjs';
import { malformed, signedOut } from './cell.mjs';
import {
  ban, cast, couple, feedOf, history, invalid, isRoom, members, muc, newRoom, refuses, roomRequest, roomTopic, ses, unchanged, watch,
} from '../cast.mjs';

const typing = (author, room) => record('Typing', { author: author.phoneId, room: room.phoneId ?? room });
const textOf = (term) => format(decode(encode(term)));

// None of these terms reaches anybody or is answered.
async function vanish(devices, sent) {
  const { anna, boris } = await cast();
  await unchanged(devices, () => history(anna, feedOf(anna, boris)), async () => {
    for (const [device, term] of sent) await device.send(term);
  });
}

export const cells = {
  'Typing/': {
    async good() {
      const { anna, boris, tablet } = await cast();
      const heard = watch(anna, boris, tablet);
      await anna.send(typing(anna, boris));
      const [[told]] = await heard([boris, 'p2p Typing'], [tablet, 'p2p Typing'], [anna, 'p2p Typing']);
      assert.deepEqual([told.topic, told.text], [p2pTopic(anna.phoneId, boris.phoneId), textOf(typing(anna, boris))]);
      // The author may come as a list of bytes.
      await anna.send(record('Typing', { author: [...Buffer.from(anna.phoneId)], room: boris.phoneId }));
      const again = await boris.expect(told.topic, ({ record: name, taken }) => name === 'Typing' && !taken, { from: boris.inbox.indexOf(told) + 1 });
      assert.equal(again.text, told.text);
    },
    async not_authorized(world) {
      const { anna, boris, tablet, cleo, stranger } = await cast();
      await signedOut(world, typing(anna, boris));
      const id = await newRoom([boris]);
      await vanish([anna, boris, tablet, cleo, stranger], [[boris, typing(anna, boris)], [stranger, typing(stranger, anna)],
        [stranger, typing(anna, boris)], [cleo, typing(cleo, boris)], [cleo, typing(cleo, id)]]);
      const [one, other] = await couple();
      await ban(one, other);
      await vanish([one, other], [[one, typing(one, other)], [other, typing(other, one)]]);
    },
    async not_found() {
      const { anna, boris } = await cast();
      await vanish([anna, boris], [[anna, typing(anna, '380670000000_999999999')], [anna, typing(anna, 'no such room')], [anna, typing(anna, [])]]);
    },
    async invalid() {
      const { anna, boris } = await cast();
      for (const term of [...malformed(typing(anna, boris)), record('Typing', { author: 5, room: boris.phoneId })]) await refuses(anna, term, invalid);
    },
    async repeat() {
      const { anna, boris, tablet } = await cast();
      const heard = watch(anna, boris, tablet);
      for (let i = 0; i < 3; i += 1) await anna.send(typing(anna, boris));
      const kinds = ['p2p Typing', 'p2p Typing', 'p2p Typing'];
      await heard([boris, ...kinds], [tablet, ...kinds], [anna, ...kinds]);
    },
    async others() {
      const { anna, boris, tablet, cleo, stranger } = await cast();
      const id = await newRoom([boris, cleo]);
      await cleo.disconnect();
      const heard = watch(anna, boris, tablet, stranger);
      await boris.send(typing(boris, id));
      const [[told]] = await heard([anna, 'room Typing'], [boris, 'room Typing'], [tablet, 'room Typing']);
      assert.deepEqual([told.topic, told.text], [roomTopic(id), textOf(typing(boris, id))]);
      await cleo.connect(1);
      await cleo.fence();
      assert.equal(cleo.on(roomTopic(id), ({ record: name }) => name === 'Typing').length, 0, 'not queued for who is away');
      const silent = watch(cleo);
      await anna.send(roomRequest('remove', id, members(boris)));
      await boris.expect(ses(boris), isRoom(id, 'remove'));
      await boris.send(typing(boris, id));
      await silent([cleo, 'room Room/remove', 'room Message/muc/removed']);
      assert.equal((await history(anna, muc(id))).some(({ status }) => status === 'sent'), false);
    },
  },
};
