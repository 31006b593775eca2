// Member/patch (PROTOCOL 5.7, Q6, Q9).

import assert from 'node:assert/strict';
import { Tuple, atom } from '../bert.mjs';
import { fieldsOf, record } from '../records.mjs';
import { malformed, signedOut } from './cell.mjs';
import {
  cast, denied, getRoom, invalid, muc, newRoom, refuses, roomTopic, unchanged, watch,
} from '../cast.mjs';

const patch = (more) => record('Member', { status: 'patch', ...more });
const isMember = ({ record: name }) => name === 'Member';
const memberOf = async (viewer, id, device) => {
  const room = await getRoom(viewer, id);
  return [...room.members, ...room.admins].map(fieldsOf).find(({ phone_id: phoneId }) => phoneId === device.phoneId);
};

export const cells = {
  'Member/patch': {
    async good() {
      const { anna, boris, tablet } = await cast();
      const id = await newRoom([boris]);
      const heard = watch(anna, boris, tablet);
      await boris.send(patch({ feed_id: muc(id), names: 'Bertha', surnames: 'B', alias: 'bee', avatar: 'https://x/1', email: 'b@example.org', vox_id: 'v',
        settings: [record('Feature', { id: 'f', key: 'k', value: 'v', group: 'g' })] }));
      const [[told]] = await heard([anna, 'room Member/patch'], [boris, 'room Member/patch'], [tablet, 'room Member/patch']);
      const { fields } = told;
      assert.deepEqual([told.topic, fields.phone_id, fieldsOf(fields.feed_id).name, fields.container, fields.names, fields.surnames, fields.alias, fields.avatar,
        fields.email, fields.vox_id, fields.settings.length], [roomTopic(id), boris.phoneId, id, 'chain', 'Bertha', 'B', 'bee', 'https://x/1', 'b@example.org', 'v', 1]);
      const now = await memberOf(anna, id, boris);
      assert.deepEqual([now.id, now.alias, now.names, now.status], [fields.id, 'bee', 'Bertha', 'member']);
      // By the membership's id; `<<>>` clears, `[]` leaves as it is (4.3).
      await boris.send(patch({ id: fields.id, alias: '' }));
      const cleared = await anna.expect(roomTopic(id), (got) => isMember(got) && Array.isArray(got.fields.alias));
      assert.equal(cleared.fields.names, 'Bertha');
    },
    async not_authorized(world) {
      const { anna, boris, cleo, stranger } = await cast();
      const id = await newRoom([boris]);
      const { id: own } = await memberOf(anna, id, boris);
      await signedOut(world, patch({ feed_id: muc(id), alias: 'mine' }));
      await unchanged([anna, boris, cleo, stranger], () => getRoom(anna, id), async () => {
        await refuses(anna, patch({ id: own, alias: 'mine' }), denied, 'the membership of another, by an admin');
        await refuses(stranger, patch({ id: own, alias: 'mine' }), denied, 'and by a stranger');
        await refuses(cleo, patch({ feed_id: muc(id), alias: 'mine' }), denied, 'who is not in the room');
      });
    },
    async not_found() {
      const { anna, boris } = await cast();
      const id = await newRoom([boris]);
      await unchanged([anna, boris], () => getRoom(anna, id), async () => {
        await refuses(boris, patch({ feed_id: muc('no such room'), alias: 'bee' }), denied);
        await refuses(boris, patch({ id: 2 ** 52, alias: 'bee' }), denied);
      });
      // Without either it is the only room that one is in; Anna and Boris are in several.
      await newRoom([boris]);
      await refuses(boris, patch({ alias: 'bee' }), denied);
    },
    async invalid() {
      const { anna, boris } = await cast();
      const id = await newRoom([boris]);
      await unchanged([anna, boris], () => getRoom(anna, id), async () => {
        for (const more of [{ alias: 'x' }, { alias: 'x'.repeat(33) }, { names: 'x' }, { names: 'x'.repeat(33) }, { surnames: 'x'.repeat(33) }, { alias: Buffer.from([0xff, 0xfe]) },
          { settings: Array.from({ length: 101 }, () => record('Feature', { id: 'f' })) }, { settings: [record('Feature', { value: 'x'.repeat(4097) })] }, { status: 'admin' }, { avatar: 5 }]) {
          await refuses(boris, patch({ feed_id: muc(id), ...more }), invalid, Object.keys(more)[0]);
        }
        for (const term of malformed(patch({ feed_id: muc(id), alias: 'bee' }))) await refuses(boris, term, invalid);
      });
    },
    async repeat() {
      const { anna, boris, tablet } = await cast();
      const id = await newRoom([boris]);
      const heard = watch(anna, boris, tablet);
      for (let i = 0; i < 2; i += 1) await boris.send(patch({ feed_id: muc(id), alias: 'bee' }));
      const kinds = ['room Member/patch', 'room Member/patch'];
      const [[first, second]] = await heard([anna, ...kinds], [boris, ...kinds], [tablet, ...kinds]);
      assert.deepEqual([second.fields.id, second.fields.alias], [first.fields.id, 'bee']);
      assert.ok(second.fields.update >= first.fields.update);
    },
    async others() {
      const { anna, boris, tablet, cleo, stranger } = await cast();
      const id = await newRoom([boris, cleo]);
      // The layouts of the pages: 17 fields, without settings, and 19, with one more before the status (3.16).
      const [, ...fields] = patch({ feed_id: muc(id), alias: 'seventeen' }).items;
      const heard = watch(anna, boris, tablet, cleo, stranger);
      await boris.send(new Tuple([atom('Member'), ...fields.slice(0, 15), ...fields.slice(16)]));
      await boris.send(new Tuple([atom('Member'), ...patch({ feed_id: muc(id), alias: 'nineteen' }).items.slice(1, -1), [], atom('patch')]));
      const kinds = ['room Member/patch', 'room Member/patch'];
      const [[one, two]] = await heard([cleo, ...kinds], [boris, ...kinds], [tablet, ...kinds], [anna, ...kinds]);
      assert.deepEqual([one.fields.alias, two.fields.alias], ['seventeen', 'nineteen']);
      assert.equal(one.term.items.length, 19, 'always answered in the normative layout');
      assert.deepEqual((await memberOf(cleo, id, boris)).settings, [], 'what it set for itself is shown to itself');
    },
  },
};
