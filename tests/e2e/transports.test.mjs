// Every way to connect: TCP, TLS, WebSocket and secure WebSocket, with clients that are not ours.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import readline from 'node:readline';
import tls from 'node:tls';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { decode, encode } from './bert.mjs';
import { TIMEOUT_MS, endpoint, eventually, figures, stateFile } from './cluster.mjs';
import { REQUESTS, befriend, endAll, isProfile, newId, newPhone, online, register } from './device.mjs';
import { fieldsOf, nameOf, p2pTopic, record, textMessage } from './records.mjs';
import { Raw, anonymousId, endRaw } from './raw.mjs';

const run = promisify(execFile);
const TRANSPORTS = ['tcp', 'tls', 'ws', 'wss'];
const children = [];
after(() => {
  endAll();
  endRaw();
  children.forEach((child) => child.kill());
});

const message = (from, to, text) => textMessage(from.phoneId, to.phoneId, newId(), text);
const textOf = ({ fields }) => (Array.isArray(fields.files) && fields.files.length > 0 ? String(fieldsOf(fields.files[0]).payload) : undefined);
const hasText = (text) => (received) => received.record === 'Message' && textOf(received) === text;

test('devices on every transport talk to each other', async () => {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  await befriend(a, b);
  const devices = [];
  for (const [place, transport] of TRANSPORTS.entries()) {
    const device = await register(b.phone, place % 2);
    await device.connect(place % 2, { transport });
    await device.expect(device.topic, isProfile('init'));
    devices.push(device);
  }
  const topic = p2pTopic(a.phoneId, b.phoneId);
  await a.send(message(a, b, 'to all'));
  await Promise.all(devices.map((device) => device.expect(topic, hasText('to all'))));
  for (const [place, device] of devices.entries()) {
    await device.send(message(b, a, `over ${TRANSPORTS[place]}`));
    await a.expect(topic, hasText(`over ${TRANSPORTS[place]}`));
  }
});

test('a megabyte travels over every transport in both directions', async () => {
  const phone = newPhone();
  const other = await online(newPhone(), 0);
  const first = await online(phone, 0);
  await befriend(first, other);
  for (const transport of TRANSPORTS) {
    const device = await register(phone, 0);
    await device.connect(0, { transport });
    await device.expect(device.topic, isProfile('init'));
    const text = 'x'.repeat(60000) + transport;
    await device.send(message(first, other, text));
    await other.expect(p2pTopic(first.phoneId, other.phoneId), hasText(text));
    await device.expect(p2pTopic(first.phoneId, other.phoneId), hasText(text));
    await device.ask(Buffer.alloc(1000000, 7));
    await device.disconnect();
  }
});

test('mosquitto_pub and mosquitto_sub work over TLS', async () => {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  const [sender, receiver] = await Promise.all([register(a.phone, 0), register(b.phone, 1)]);
  await befriend(a, b);
  const where = (index) => {
    const { host, port } = endpoint('tls', index);
    return ['-h', host, '-p', String(port), '--cafile', process.env.CHAT_CA];
  };
  const login = (device) => ['-i', device.clientId, '-u', 'api', '-P', device.token, '-c', '-V', 'mqttv311'];
  const listener = spawn('mosquitto_sub', [...where(1), ...login(receiver), '-q', '2', '-t', `ses/${b.phone}`, '-F', '%t %x']);
  children.push(listener);
  const seen = [];
  readline.createInterface({ input: listener.stdout }).on('line', (line) => {
    const [topic, hex] = line.split(' ');
    seen.push({ topic, term: decode(Buffer.from(hex, 'hex')) });
  });
  await eventually('the Profile', () => seen.find(({ term }) => nameOf(term) === 'Profile'));
  const file = stateFile(`mosquitto-${newId()}`);
  fs.writeFileSync(file, encode(message(a, b, 'by mosquitto')));
  await run('mosquitto_pub', [...where(0), ...login(sender), '-q', '1', '-t', REQUESTS, '-f', file]);
  fs.unlinkSync(file);
  await eventually('the message', () => seen.find(({ topic, term }) => topic === p2pTopic(a.phoneId, b.phoneId) &&
    nameOf(term) === 'Message'));
});

test('paho works over every transport', async () => {
  const script = fileURLToPath(new URL('paho_client.py', import.meta.url));
  for (const transport of TRANSPORTS) {
    const device = await register(newPhone(), 0);
    const { host, port } = endpoint(transport, 1);
    const { stdout } = await run('/usr/bin/python3', ['-B', script, transport, host, String(port), process.env.CHAT_CA, device.clientId,
      device.token, REQUESTS, encode(record('Profile', { status: 'get' })).toString('hex')], { timeout: TIMEOUT_MS });
    const [connected, ...received] = stdout.trim().split('\n');
    assert.equal(connected, 'connected 0');
    const terms = received.map((line) => decode(Buffer.from(line.split(' ')[1], 'hex')));
    assert.ok(terms.some((term) => nameOf(term) === 'Profile' && fieldsOf(term).status === 'get'), stdout);
  }
});

function upgrade(transport, headers, pathname = '/mqtt') {
  const { host, port } = endpoint(transport, 0);
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, path: pathname, headers: { connection: 'Upgrade', upgrade: 'websocket',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13', ...headers } });
    request.on('response', (response) => resolve({ status: response.statusCode, headers: response.headers }));
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode, headers: response.headers });
    });
    request.on('error', reject);
    request.end();
  });
}

test('a WebSocket upgrade wants a sub-protocol that begins with mqtt', async () => {
  assert.equal((await upgrade('ws', {})).status, 400);
  assert.equal((await upgrade('ws', { 'sec-websocket-protocol': 'chat' })).status, 400);
  const old = await upgrade('ws', { 'sec-websocket-protocol': 'chat, mqttv3.1' });
  assert.equal(old.status, 101);
  assert.equal(old.headers['sec-websocket-protocol'], 'mqttv3.1');
  assert.equal(old.headers['sec-websocket-accept'], 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  assert.equal((await upgrade('ws', { 'sec-websocket-protocol': 'mqtt' }, '/elsewhere')).status, 404);
});

test('connections are counted by transport', async () => {
  const open = async (transport) => (await figures('gateway-1')).get(`chat_gateway_connections{transport="${transport}"}`);
  for (const transport of TRANSPORTS) {
    const before = await open(transport);
    const device = await register(newPhone(), 1);
    await device.connect(0, { transport });
    assert.equal(await open(transport), before + 1, transport);
    await device.disconnect();
    await eventually(`${transport} to be counted out`, async () => (await open(transport)) === before);
  }
});

// What the server on this port shows.
function serial() {
  const { host, port, ca } = endpoint('tls', 0);
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host, port, ca }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

test('a new certificate is served without dropping a connection', async () => {
  const device = await register();
  await device.connect(0, { transport: 'tls' });
  await device.expect(device.topic, isProfile('init'));
  const before = await serial();
  const folder = stateFile('tls');
  const file = (name) => path.join(folder, name);
  await run('openssl', ['req', '-new', '-key', file('gateway.key'), '-subj', '/CN=the next one', '-out', file('next.csr')]);
  await run('openssl', ['x509', '-req', '-in', file('next.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial',
    '-days', '30', '-extfile', file('extensions'), '-out', file('next.pem')]);
  fs.renameSync(file('next.pem'), file('gateway.pem'));
  await eventually('the new certificate', async () => (await serial()) !== before);
  await device.fence();
});

test('what is no TLS gets no further on the TLS port', async () => {
  const { host, port } = endpoint('tls', 0);
  const raw = await Raw.tcp(`${host}:${port}`);
  await raw.packet({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId: anonymousId(), keepalive: 0 });
  assert.ok(await raw.isClosed());
  assert.equal(raw.packets.length, 0);
});
