// The N2O WebSocket: heart-beat, INIT and uploads, seen by the `ws` package.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, test } from 'node:test';
import WebSocket from 'ws';
import { Tuple, atom, decode, encode, tuple } from './bert.mjs';
import { eventually, n2o } from './cluster.mjs';
import { endAll, newId, newPhone, online } from './device.mjs';
import { format } from './erlang_text.mjs';
import { fieldsOf, nameOf, record } from './records.mjs';

const sockets = [];
after(() => {
  endAll();
  sockets.forEach((socket) => socket.terminate());
});

// A connection: next() is the next message, text as a string, binary as a term.
class Socket {
  constructor(url, protocols) {
    this.inbox = [];
    this.socket = new WebSocket(url, protocols, { perMessageDeflate: false });
    sockets.push(this.socket);
    this.socket.on('error', () => {});
    this.socket.on('message', (data, isBinary) => this.inbox.push(isBinary ? decode(data) : data.toString()));
    this.closed = new Promise((resolve) => { this.socket.on('close', (code) => resolve(code)); });
  }

  static async open(index = 0, below = '', protocols = []) {
    const made = new Socket(n2o(index) + below, protocols);
    await new Promise((resolve, reject) => { made.socket.once('open', resolve).once('error', reject); });
    return made;
  }

  send(message) {
    this.socket.send(message instanceof Tuple ? encode(message) : message);
  }

  async next() {
    await eventually('a message', () => this.inbox.length > 0);
    return this.inbox.shift();
  }

  async ask(message) {
    this.send(message);
    return this.next();
  }
}

// The token of `{io,<<>>,{'Token',_}}`.
function tokenOf(term) {
  const text = format(term);
  assert.match(text, /^\{io,<<>>,\{'Token',<<"[^"]+">>\}\}$/);
  return String(term.items[2].items[1]);
}

test('the heart-beat is answered', async () => {
  const socket = await Socket.open();
  assert.equal(await socket.ask('PING'), 'PONG');
  assert.equal(await socket.ask(''), '');
  assert.equal(await (await Socket.open(1, '/static/chat', ['n2o'])).ask('PING'), 'PONG');
});

test('INIT gives an anonymous token and knows it again', async () => {
  const socket = await Socket.open();
  const fresh = tokenOf(await socket.ask('N2O,'));
  assert.equal(tokenOf(await socket.ask(`N2O,${fresh}`)), fresh);
  assert.equal(tokenOf(await socket.ask(tuple(atom('init'), Buffer.from(fresh)))), fresh);
  assert.notEqual(tokenOf(await socket.ask(tuple(atom('init'), []))), fresh);
  assert.notEqual(tokenOf(await socket.ask(`N2O,${'f'.repeat(64)}`)), 'f'.repeat(64));
});

test('INIT with the token of a live session gives it back', async () => {
  const device = await online();
  const socket = await Socket.open(1);
  assert.equal(tokenOf(await socket.ask(`N2O,${device.token}`)), device.token);
});

const ftp = (sid, id, size, more) => record('ftp', { id, sid, filename: 'a/cat.jpg', meta: 'm', size, offset: 0, block: 1,
  data: Buffer.alloc(0), ...more, status: Buffer.from(more.status) });

async function step(socket, ...request) {
  const answer = await socket.ask(ftp(...request));
  assert.equal(nameOf(answer), 'ftpack');
  return fieldsOf(answer);
}

test('a file goes up on the socket and comes down over HTTP', async () => {
  const device = await online(newPhone(), 0);
  const socket = await Socket.open(1);
  const id = crypto.randomUUID();
  const bytes = crypto.randomBytes(700000);
  let ack = await step(socket, device.token, id, bytes.length, { status: 'init' });
  assert.equal(ack.status, 'init');
  while (ack.block !== 0) {
    const data = bytes.subarray(ack.offset, ack.offset + ack.block);
    ack = await step(socket, device.token, id, bytes.length, { status: 'send', offset: ack.offset, block: data.length, data });
  }
  assert.deepEqual([ack.offset, ack.sid, ack.filename, ack.status], [bytes.length, '', 'cat.jpg', 'send']);
  const media = process.env.CHAT_MEDIA.split(' ')[0];
  const file = await fetch(`${media}/file/${id}`, { headers: { authorization: `Bearer ${device.token}` } });
  assert.ok(bytes.equals(Buffer.from(await file.arrayBuffer())));
});

test('blocks that are sent together are taken one after the other', async () => {
  const device = await online();
  const socket = await Socket.open();
  const id = newId();
  socket.send(ftp(device.token, id, 30, { status: 'init' }));
  for (const offset of [0, 10, 20]) {
    socket.send(ftp(device.token, id, 30, { status: 'send', offset, block: 10, data: Buffer.alloc(10, 1) }));
  }
  const offsets = [];
  for (let i = 0; i < 4; ++i) offsets.push(fieldsOf(await socket.next()).offset);
  assert.deepEqual(offsets, [0, 10, 20, 30]);
});

test('without the token of a live session a transfer is refused', async () => {
  const socket = await Socket.open();
  const anonymous = tokenOf(await socket.ask('N2O,'));
  for (const sid of ['', 'f'.repeat(64), anonymous]) {
    const ack = await step(socket, sid, newId(), 10, { status: 'init' });
    assert.deepEqual([ack.status, ack.block, ack.offset, ack.sid, ack.filename], ['send', 0, 0, '', 'cat.jpg']);
  }
});

test('a token is forgotten within ten seconds of its end', async () => {
  const device = await online();
  const socket = await Socket.open();
  const id = newId();
  assert.equal((await step(socket, device.token, id, 10, { status: 'init' })).status, 'init');
  await device.send(record('Auth', { client_id: device.clientId, type: 'logout' }));
  await device.closed;
  const ended = Date.now();
  await eventually('a refusal', async () => (await step(socket, device.token, id, 10, { status: 'init' })).status === 'send');
  assert.ok(Date.now() - ended < 10000);
});

test('anything else is ignored', async () => {
  const socket = await Socket.open();
  for (const message of ['hello', 'PINGS', Buffer.from([131, 255]), Buffer.alloc(0), encode(record('Profile', { status: 'get' })),
    encode(atom('init'))]) {
    socket.send(message);
  }
  assert.equal(await socket.ask('PING'), 'PONG');
});

test('text that is no UTF-8, messages that are too large and other paths are refused', async () => {
  const bad = await Socket.open();
  bad.socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
  assert.equal(await bad.closed, 1007);
  const large = await Socket.open();
  large.send(Buffer.alloc((1 << 20) + 1));
  assert.equal(await large.closed, 1009);
  const elsewhere = new Socket(n2o(0).replace('/ws', '/elsewhere'));
  const refused = new Promise((resolve) => { elsewhere.socket.on('unexpected-response', (_, response) => resolve(response.statusCode)); });
  assert.equal(await refused, 404);
});
