// A file goes up over MQTT in ftp tuples and comes down over HTTP, for its uploader only.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, test } from 'node:test';
import { eventually, killHard, up } from './cluster.mjs';
import { endAll, newId, newPhone, online } from './device.mjs';
import { record } from './records.mjs';

after(endAll);

const isAck = ({ record: name }) => name === 'ftpack';
const media = () => process.env.CHAT_MEDIA.split(' ')[0];

const ftp = (device, id, size, more) => record('ftp', {
  id, sid: device.token, filename: 'photos/cat "1".jpg', meta: device.clientId, size, offset: 0, block: 1, data: Buffer.alloc(0),
  ...more, status: Buffer.from(more.status),
});

async function step(device, id, size, more) {
  return (await device.ask(ftp(device, id, size, more), isAck)).fields;
}

const open = (device, id, size, more = {}) => step(device, id, size, { status: 'init', ...more });
const send = (device, id, size, offset, data, more = {}) =>
  step(device, id, size, { status: 'send', offset, block: data.length, data, ...more });

// Sends what is still missing, in blocks of the size that the server asks for; returns the last answer.
async function upload(device, id, bytes) {
  let ack = await open(device, id, bytes.length);
  assert.equal(ack.status, 'init');
  while (ack.block !== 0) {
    const data = bytes.subarray(ack.offset, ack.offset + ack.block);
    ack = await send(device, id, bytes.length, ack.offset, data);
  }
  return ack;
}

const get = (id, token, more = {}) => fetch(`${media()}/file/${id}`,
  { ...more, headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...more.headers } });

test('a file goes up in blocks and comes down whole, in part, and to nobody else', async () => {
  const [device, stranger] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  const id = crypto.randomUUID();
  const bytes = crypto.randomBytes(600000);
  const last = await upload(device, id, bytes);
  assert.deepEqual([last.id, last.sid, last.filename, last.size, last.offset, last.block, last.data, last.status],
    [id, '', 'cat "1".jpg', bytes.length, bytes.length, 0, '', 'send']);
  const whole = await get(id, device.token);
  assert.equal(whole.status, 200);
  assert.ok(bytes.equals(Buffer.from(await whole.arrayBuffer())));
  assert.match(whole.headers.get('content-disposition'), /^attachment; filename="cat _1_.jpg"/);
  assert.equal(whole.headers.get('x-content-type-options'), 'nosniff');
  const part = await get(id, device.token, { headers: { range: 'bytes=1000-1999' } });
  assert.equal(part.status, 206);
  assert.ok(bytes.subarray(1000, 2000).equals(Buffer.from(await part.arrayBuffer())));
  assert.equal((await get(id, stranger.token)).status, 404);
  assert.equal((await get(id)).status, 401);
  assert.equal((await get(id, 'f'.repeat(64))).status, 401);
});

test('an upload goes on over another connection on another gateway', async () => {
  const phone = newPhone();
  const first = await online(phone, 0);
  const second = await online(phone, 1);
  const id = newId();
  const bytes = crypto.randomBytes(1000);
  await open(first, id, bytes.length);
  await send(first, id, bytes.length, 0, bytes.subarray(0, 400));
  await first.drop();
  const resumed = await open(second, id, bytes.length);
  assert.equal(resumed.offset, 400);
  const last = await send(second, id, bytes.length, 400, bytes.subarray(400));
  assert.equal(last.offset, 1000);
  assert.ok(bytes.equals(Buffer.from(await (await get(id, second.token)).arrayBuffer())));
});

test('wrong steps are answered with block 0 and store nothing', async () => {
  const [device, other] = await Promise.all([online(), online()]);
  const id = newId();
  const isRefused = (ack, stored) => assert.deepEqual([ack.status, ack.block, ack.offset, ack.sid], ['send', 0, stored, '']);
  isRefused(await open(device, id, 10, { sid: other.token }), 0);
  isRefused(await open(device, id, 10, { sid: '' }), 0);
  isRefused(await send(device, id, 10, 0, Buffer.from('0123')), 0);
  assert.equal((await open(device, id, 10)).offset, 0);
  assert.equal((await send(device, id, 10, 0, Buffer.from('0123'))).offset, 4);
  isRefused(await send(device, id, 10, 5, Buffer.from('5')), 4);
  isRefused(await send(device, id, 10, 4, Buffer.from('4567'), { block: 3 }), 4);
  assert.equal((await send(device, id, 10, 0, Buffer.from('0123'))).offset, 4, 'a repetition is acknowledged');
  assert.equal((await get(id, device.token)).status, 404, 'it is not whole');
  const cancelled = await open(device, id, 10, { block: 0 });
  assert.deepEqual([cancelled.status, cancelled.block], ['init', 0]);
  assert.equal((await open(device, id, 10)).offset, 0);
});

test('what was acknowledged outlives a process that is killed', async () => {
  const device = await online();
  const id = newId();
  const bytes = crypto.randomBytes(1000);
  await open(device, id, bytes.length);
  await send(device, id, bytes.length, 0, bytes.subarray(0, 700));
  killHard('media-1');
  device.send(ftp(device, id, bytes.length, { status: 'init' })).catch(() => {});
  await device.closed; // "cannot now" ends a 3.1.1 connection: the request is not acknowledged
  await up();
  const resumed = await eventually('media to answer again', async () => {
    await device.connect(0);
    const answer = device.expect(device.topic, isAck, { from: device.inbox.length, timeoutMs: 5000 }).catch(() => undefined);
    device.send(ftp(device, id, bytes.length, { status: 'init' })).catch(() => {});
    return (await Promise.race([answer, device.closed]))?.fields;
  });
  assert.equal(resumed.offset, 700);
  await send(device, id, bytes.length, 700, bytes.subarray(700));
  assert.ok(bytes.equals(Buffer.from(await (await get(id, device.token)).arrayBuffer())));
});
