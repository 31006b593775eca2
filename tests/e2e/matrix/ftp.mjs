// ftp over MQTT (PROTOCOL 1.8, O16); n2o.test.mjs has the same over the N2O socket.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { Tuple } from '../bert.mjs';
import { record } from '../records.mjs';
import { malformed, signedOut } from './cell.mjs';
import { cast, invalid, refuses, watch } from '../cast.mjs';

const ftp = (device, id, size, more) => record('ftp', {
  id, sid: device.token, filename: '../photos/cat.jpg', meta: device.clientId, size, offset: 0, block: 1, data: Buffer.alloc(0), ...more,
  status: Buffer.from(more.status),
});
const isAck = ({ record: name }) => name === 'ftpack' || name === 'io';
const step = async (device, id, size, more) => {
  const answer = await device.ask(ftp(device, id, size, more), isAck);
  assert.deepEqual([answer.topic, answer.record], [device.topic, 'ftpack'], answer.text);
  return answer.fields;
};
const open = (device, id, size, more = {}) => step(device, id, size, { status: 'init', ...more });
const send = (device, id, size, offset, data, more = {}) => step(device, id, size, { status: 'send', offset, block: data.length, data, ...more });
const isRefused = (ack, stored) => assert.deepEqual([ack.status, ack.block, ack.offset, ack.sid, ack.data], ['send', 0, stored, '', '']);
const file = (device, id) => fetch(`${process.env.CHAT_MEDIA.split(' ')[0]}/file/${id}`, { headers: { authorization: `Bearer ${device.token}` } });
const newFile = (size = 100) => [crypto.randomUUID(), crypto.randomBytes(size)];

export const cells = {
  'ftp/': {
    async good() {
      const { anna } = await cast();
      const [id, bytes] = newFile(1000);
      const opened = await open(anna, id, bytes.length);
      assert.deepEqual([opened.id, opened.sid, opened.filename, opened.meta, opened.size, opened.offset, opened.block, opened.data, opened.status],
        [id, anna.token, 'cat.jpg', anna.clientId, bytes.length, 0, 262144, '', 'init'], 'the base name only');
      const first = await send(anna, id, bytes.length, 0, bytes.subarray(0, 400));
      assert.deepEqual([first.offset, first.block, first.sid, first.status], [400, 262144, anna.token, 'send']);
      const last = await send(anna, id, bytes.length, 400, bytes.subarray(400));
      assert.deepEqual([last.offset, last.block, last.sid, last.data, last.status], [1000, 0, '', '', 'send']);
      const got = await file(anna, id);
      assert.equal(got.status, 200);
      assert.ok(bytes.equals(Buffer.from(await got.arrayBuffer())));
      const cancelled = await open(anna, crypto.randomUUID(), 10, { block: 0 });
      assert.deepEqual([cancelled.status, cancelled.block], ['init', 0]);
      // Ten fields are answered with ten.
      const [, ...fields] = ftp(anna, crypto.randomUUID(), 10, { status: 'init' }).items;
      const ten = await anna.ask(new Tuple([ftp(anna, id, 10, { status: 'init' }).items[0], ...fields.slice(0, 9), ['x']]), isAck);
      assert.equal(ten.term.items.length, 11);
    },
    async not_authorized(world) {
      const { anna, boris } = await cast();
      const [id, bytes] = newFile();
      await signedOut(world, ftp(anna, id, bytes.length, { status: 'init' }));
      for (const sid of [boris.token, '', 'f'.repeat(64)]) {
        isRefused(await open(anna, id, bytes.length, { sid }), 0);
        isRefused(await send(anna, id, bytes.length, 0, bytes, { sid }), 0);
      }
      assert.equal((await file(anna, id)).status, 404);
    },
    async not_found() {
      const { anna, boris } = await cast();
      const [id, bytes] = newFile();
      isRefused(await send(anna, id, bytes.length, 0, bytes), 0);
      await open(boris, id, bytes.length);
      isRefused(await send(anna, id, bytes.length, 0, bytes), 0); // the upload of another phone
      assert.equal((await file(anna, id)).status, 404);
    },
    async invalid() {
      const { anna } = await cast();
      const [id, bytes] = newFile();
      await open(anna, id, bytes.length);
      await send(anna, id, bytes.length, 0, bytes.subarray(0, 40));
      isRefused(await send(anna, id, bytes.length, 41, bytes.subarray(41)), 40); // not the next block
      isRefused(await send(anna, id, bytes.length, 40, bytes.subarray(40), { block: 59 }), 40); // Len is not the size of data
      for (const more of [{ status: 'init', size: -1 }, { status: 'init', size: 2 ** 50 }]) {
        const ack = await open(anna, crypto.randomUUID(), more.size, more);
        assert.deepEqual([ack.status, ack.block], ['send', 0]);
      }
      for (const term of malformed(ftp(anna, id, 10, { status: 'init' }))) await refuses(anna, term, invalid);
      await refuses(anna, ftp(anna, id, Buffer.from('ten'), { status: 'init' }), invalid, 'a size that is a text');
      assert.equal((await open(anna, id, bytes.length)).offset, 40, 'the upload goes on');
    },
    async repeat() {
      const { anna } = await cast();
      const [id, bytes] = newFile();
      await open(anna, id, bytes.length);
      await send(anna, id, bytes.length, 0, bytes.subarray(0, 40));
      const again = await send(anna, id, bytes.length, 0, Buffer.alloc(40)); // stored already: acknowledged without writing
      assert.deepEqual([again.offset, again.status, again.sid], [40, 'send', anna.token]);
      assert.equal((await open(anna, id, bytes.length)).offset, 40, 'it is resumed');
      await send(anna, id, bytes.length, 40, bytes.subarray(40));
      const whole = await send(anna, id, bytes.length, 40, bytes.subarray(40));
      assert.deepEqual([whole.offset, whole.block], [100, 0]);
      assert.ok(bytes.equals(Buffer.from(await (await file(anna, id)).arrayBuffer())));
    },
    async others() {
      const { anna, boris, tablet, stranger } = await cast();
      const [id, bytes] = newFile();
      const heard = watch(anna, tablet, stranger);
      await open(boris, id, bytes.length);
      await send(boris, id, bytes.length, 0, bytes.subarray(0, 40));
      await heard();
      // Another device of the phone goes on with it, on the other gateway; another phone has an upload of its own.
      assert.equal((await open(tablet, id, bytes.length)).offset, 40);
      assert.equal((await open(anna, id, bytes.length)).offset, 0);
      const last = await send(tablet, id, bytes.length, 40, bytes.subarray(40));
      assert.equal(last.block, 0);
      for (const device of [boris, tablet]) assert.ok(bytes.equals(Buffer.from(await (await file(device, id)).arrayBuffer())));
      for (const device of [stranger, anna]) assert.equal((await file(device, id)).status, 404);
    },
  },
};
