// Files of messages (PROTOCOL O16, O24): an upload gets links to PUT its parts to, `complete` checks them, every sending and History
// render fresh links to GET, and only those read who may.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, test } from 'node:test';
import { query } from './cluster.mjs';
import { befriend, endAll, newId, newPhone, online } from './device.mjs';
import { error, fieldsOf, p2p, p2pTopic, record } from './records.mjs';

after(endAll);

const media = () => process.env.CHAT_MEDIA.split(' ')[0];
const invalid = error('invalid_data');

async function friends() {
  const [anna, boris] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  await befriend(anna, boris);
  return { anna, boris, topic: p2pTopic(anna.phoneId, boris.phoneId) };
}

const isMessage = (status, id) => ({ record: name, fields }) => name === 'Message' && fields.status === status &&
  (id === undefined || fields.id === id);
const desc = (id, more = {}) => record('Desc', { id, mime: 'image', filename: `${id}.png`, ...more });
const filesOf = ({ fields }) => fields.files.map(fieldsOf);
const upload = (from, to, files, msgId = newId()) => record('Message', {
  feed_id: p2p(from.phoneId, to.phoneId), msg_id: msgId, from: from.phoneId, to: to.phoneId, files, status: 'upload' });
const complete = (id, files) => record('Message', { id, files, status: 'complete' });
const put = (link, body, type = 'image/png') => fetch(link, { method: 'PUT', body, headers: { 'content-type': type } });
const bytesOf = async (response) => Buffer.from(await response.arrayBuffer());

// The `link` Message on the own client topic.
const begin = (from, to, files, msgId) => from.ask(upload(from, to, files, msgId), isMessage('link'));

async function history(device, peer, entity) {
  const answer = await device.ask(record('History', {
    roster_id: device.phoneId, feed: p2p(device.phoneId, peer.phoneId), size: -1, entity_id: entity, status: 'get' }),
  ({ record: name }) => name === 'History');
  return answer.fields.data[0] && { fields: fieldsOf(answer.fields.data[0]) };
}

test('an upload goes from empty parts to links that both sides read', async () => {
  const { anna, boris, topic } = await friends();
  const [photo, film] = [crypto.randomBytes(300000), crypto.randomBytes(70)];
  const link = await begin(anna, boris, [desc('photo', { payload: Buffer.alloc(0) }), desc('film')]);
  const [first, second] = filesOf(link).map((file) => file.payload);
  assert.match(first, /^http:\/\/[^/]+\/file\/[0-9a-f]{32}\?expires=\d+&signature=[0-9a-f]{64}$/);
  const seen = await boris.expect(topic, isMessage('link', link.fields.id));
  assert.deepEqual(filesOf(seen).map((file) => file.payload), ['', ''], 'the feed sees no links to write to');
  const own = await anna.expect(topic, isMessage('link', link.fields.id));
  assert.deepEqual(filesOf(own).map((file) => file.payload), ['', '']);

  assert.equal((await put(first, photo)).status, 200);
  assert.equal((await put(second, film, 'video/mp4')).status, 200);
  await anna.send(complete(link.fields.id, [desc('photo', { size: photo.length }), desc('film', { payload: second })]));
  for (const device of [anna, boris]) {
    const sent = await device.expect(topic, isMessage('sent', link.fields.id));
    const files = filesOf(sent);
    assert.deepEqual(files.map((file) => file.size), [photo.length, film.length]);
    const whole = await fetch(files[0].payload);
    assert.equal(whole.status, 200);
    assert.equal(whole.headers.get('content-type'), 'image/png');
    assert.match(whole.headers.get('content-disposition'), /^attachment; filename="photo.png"/);
    assert.ok(photo.equals(await bytesOf(whole)));
    const part = await fetch(files[1].payload, { headers: { range: 'bytes=10-19' } });
    assert.deepEqual([part.status, part.headers.get('content-type')], [206, 'video/mp4']);
    assert.ok(film.subarray(10, 20).equals(await bytesOf(part)));
    assert.notEqual(files[0].payload, first);
    const shown = await history(device, device === anna ? boris : anna, link.fields.id);
    assert.ok(photo.equals(await bytesOf(await fetch(filesOf(shown)[0].payload))));
  }
  assert.equal((await put(first, film)).status, 409, 'what is complete never changes');
});

test('links are for one thing and for a time, and are stored nowhere', async () => {
  const { anna, boris, topic } = await friends();
  const link = await begin(anna, boris, [desc('a')]);
  const [{ payload: write }] = filesOf(link);
  await put(write, 'content');
  assert.equal((await fetch(write)).status, 403, 'a link to write does not read');
  await anna.send(complete(link.fields.id, [desc('a')]));
  const [{ payload: read }] = filesOf(await boris.expect(topic, isMessage('sent')));
  assert.equal((await put(read, 'x')).status, 403, 'a link to read does not write');
  assert.equal((await fetch(read.replace(/signature=./, 'signature=x'))).status, 403);
  assert.equal((await fetch(read.replace(/expires=\d+/, 'expires=9999999999'))).status, 403);
  assert.equal((await fetch(read.replace(/\?.*/, ''))).status, 401);
  assert.equal((await fetch(read.replace(/file\/./, 'file/x'))).status, 403);
  assert.equal(await query(`select count(*) from messaging.message where id = ${link.fields.id}
    and position('signature'::bytea in body) > 0`), '0');
});

test('the uploader and the readers of the feed read by their tokens, strangers do not', async () => {
  const { anna, boris, topic } = await friends();
  const stranger = await online();
  const link = await begin(anna, boris, [desc('a')]);
  const [{ payload }] = filesOf(link);
  await put(payload, 'content');
  const file = payload.replace(/\?.*/, '');
  const get = (device) => fetch(file, { headers: { authorization: `Bearer ${device.token}` } });
  assert.equal((await get(boris)).status, 404, 'it is not sent yet');
  await anna.send(complete(link.fields.id, [desc('a')]));
  await boris.expect(topic, isMessage('sent'));
  for (const device of [anna, boris]) assert.equal(await (await get(device)).text(), 'content');
  assert.equal((await get(stranger)).status, 404);
  await anna.send(record('Message', { id: link.fields.id, files: [], seenby: [], status: 'edit' }));
  await boris.expect(topic, ({ record: name, fields }) => name === 'Message' && fields.edit_msg === link.fields.id);
  assert.equal((await get(boris)).status, 404, 'removed for all');
});

test('who has left a room reads nothing more of it, who comes later reads all, and a ban takes nothing away', async () => {
  const { anna, boris, topic } = await friends();
  const [cleo, stranger] = await Promise.all([online(newPhone(), 1), online(newPhone(), 0)]);
  await befriend(anna, cleo);
  const room = `room ${newId()}`;
  const roomIs = (status) => ({ record: name, fields }) => name === 'Room' && fields.id === room && fields.status === status;
  const members = (...devices) => devices.map((device) => record('Member', { phone_id: device.phoneId }));
  await anna.ask(record('Room', { id: room, name: 'Kitchen', members: members(boris), status: 'create' }), roomIs('create'));
  await boris.expect(`room/${room}`, isMessage('muc'));
  const link = await anna.ask(record('Message', { feed_id: record('muc', { name: room }), msg_id: newId(), to: room, files: [desc('a')], status: 'upload' }), isMessage('link'));
  const [{ payload }] = filesOf(link);
  await put(payload, 'content');
  await anna.send(complete(link.fields.id, [desc('a')]));
  const shown = filesOf(await boris.expect(`room/${room}`, isMessage('sent')))[0].payload;
  assert.equal(await (await fetch(shown)).text(), 'content');
  const get = async (device, file = payload) => (await fetch(file.replace(/\?.*/, ''), { headers: { authorization: `Bearer ${device.token}` } })).status;
  assert.deepEqual([await get(anna), await get(boris), await get(cleo), await get(stranger)], [200, 200, 404, 404]);
  await anna.send(record('Room', { id: room, members: members(cleo), status: 'add' }));
  await cleo.expect(`ses/${cleo.phone}`, roomIs('add'));
  assert.equal(await get(cleo), 200, 'all of the history is read');
  await boris.send(record('Room', { id: room, status: 'leave' }));
  await boris.expect(`ses/${boris.phone}`, roomIs('leave'));
  assert.equal(await get(boris), 404);
  // In a private chat both halves read for ever (O28).
  const own = await begin(anna, boris, [desc('b')]);
  const [{ payload: write }] = filesOf(own);
  await put(write, 'content');
  await anna.send(complete(own.fields.id, [desc('b')]));
  await boris.expect(topic, isMessage('sent', own.fields.id));
  await anna.ask(record('Friend', { phone_id: anna.phoneId, friend_id: boris.phoneId, status: 'ban' }));
  await boris.expect(`ses/${boris.phone}`, ({ record: name, fields }) => name === 'Contact' && fields.status === 'banned');
  assert.deepEqual([await get(anna, write), await get(boris, write), await get(cleo, write)], [200, 200, 404]);
  const again = await history(boris, anna, own.fields.id);
  assert.equal(await (await fetch(filesOf(again)[0].payload)).text(), 'content');
});

test('what was not uploaded, or is not as large as said, is not completed', async () => {
  const { anna, boris } = await friends();
  const link = await begin(anna, boris, [desc('a'), desc('b')]);
  const [a] = filesOf(link).map((file) => file.payload);
  const { id } = link.fields;
  const refused = async (term) => assert.equal((await anna.ask(term)).text, invalid);
  await refused(complete(id, [desc('a')]));
  await put(a, '0123');
  await refused(complete(id, [desc('a', { size: 5 })]));
  await refused(complete(id, [desc('a', { size: 4 }), desc('b')]));
  await refused(complete(id, [desc('c')]));
  await anna.send(complete(id, [desc('a', { size: 4 }), desc('b', { payload: 'https://example.org/b.png' })]));
  const sent = await boris.expect(p2pTopic(anna.phoneId, boris.phoneId), isMessage('sent', id));
  assert.equal(filesOf(sent)[1].payload, 'https://example.org/b.png', 'an external URL is kept');
  await refused(complete(id, [desc('a')]));
});

test('a repeated upload gives the same objects under links that work', async () => {
  const { anna, boris, topic } = await friends();
  const msgId = newId();
  const first = await begin(anna, boris, [desc('a')], msgId);
  await put(filesOf(first)[0].payload, 'first');
  const again = await begin(anna, boris, [desc('a')], msgId);
  assert.equal(again.fields.id, first.fields.id);
  assert.equal(filesOf(again)[0].payload.replace(/\?.*/, ''), filesOf(first)[0].payload.replace(/\?.*/, ''));
  assert.equal((await put(filesOf(again)[0].payload, 'second')).status, 200);
  await anna.send(complete(first.fields.id, [desc('a')]));
  const [{ payload }] = filesOf(await boris.expect(topic, isMessage('sent')));
  assert.equal(await (await fetch(payload)).text(), 'second');
});

test('a device that was away gets links that are fresh', async () => {
  const { anna, boris, topic } = await friends();
  await boris.disconnect();
  const link = await begin(anna, boris, [desc('a')]);
  await put(filesOf(link)[0].payload, 'content');
  await anna.send(complete(link.fields.id, [desc('a')]));
  await boris.connect(0);
  const sent = await boris.expect(topic, isMessage('sent', link.fields.id));
  assert.equal(await (await fetch(filesOf(sent)[0].payload)).text(), 'content');
});

test('a file that came by ftp is sent by its path, and an edit keeps the file', async () => {
  const { anna, boris, topic } = await friends();
  const stranger = await online();
  const id = crypto.randomUUID();
  const ftp = (status, block, data) => record('ftp', { id, sid: anna.token, filename: 'a.txt', meta: 'm', size: 4, offset: 0,
    block, data: Buffer.from(data), status: Buffer.from(status) });
  const isAck = ({ record: name }) => name === 'ftpack';
  await anna.ask(ftp('init', 1, ''), isAck);
  assert.equal((await anna.ask(ftp('send', 4, '0123'), isAck)).fields.block, 0);
  const send = (device, to, files, more = {}) => device.send(record('Message', {
    feed_id: p2p(device.phoneId, to.phoneId), msg_id: newId(), from: device.phoneId, to: to.phoneId, files, status: 'client', ...more }));
  const getBy = (device) => fetch(`${media()}/file/${id}`, { headers: { authorization: `Bearer ${device.token}` } });
  assert.equal((await getBy(boris)).status, 404);
  await send(anna, boris, [desc('f', { payload: `/file/${id}` })]);
  const sent = await boris.expect(topic, isMessage('sent'));
  assert.equal(await (await fetch(filesOf(sent)[0].payload)).text(), '0123');
  assert.equal(await (await getBy(boris)).text(), '0123');
  assert.equal((await getBy(stranger)).status, 404);

  const own = await anna.expect(topic, isMessage('sent', sent.fields.id));
  await anna.send(record('Message', { id: sent.fields.id, status: 'edit',
    files: [desc('f', { payload: filesOf(own)[0].payload }), desc('t', { mime: 'text', payload: 'a caption' })] }));
  const edited = await boris.expect(topic, isMessage('edit'));
  assert.equal(await (await fetch(filesOf(edited)[0].payload)).text(), '0123');
  assert.equal(filesOf(edited)[1].payload, 'a caption');

  // Boris did not upload it: what he sends is a text like any other, and gives nobody a right.
  await send(boris, anna, [desc('f', { payload: `/file/${id}` })]);
  const foreign = await anna.expect(topic, ({ record: name, fields }) => name === 'Message' && fields.from === boris.phoneId);
  assert.equal(filesOf(foreign)[0].payload, `/file/${id}`);
});

test('a PUT keeps to the size limit', async () => {
  const { anna, boris } = await friends();
  const link = await begin(anna, boris, [desc('a')]);
  const response = await fetch(filesOf(link)[0].payload, {
    method: 'PUT', body: new ReadableStream({ pull(controller) { controller.error(new Error('not read')); } }), duplex: 'half',
    headers: { 'content-length': String(101 * 1024 * 1024) } }).catch(() => null);
  // A client that hears the refusal before it has sent all may call it a broken connection.
  if (response) assert.ok([411, 413].includes(response.status));
  assert.equal(await query(`select count(*) from media.object where message_id = ${link.fields.id} and finished is not null`), '0');
});
