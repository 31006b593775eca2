// What the public conformance suites ask of a broker of MQTT 5.0 about the terms of a connection, packet by packet: aliases, packet
// size, receive maximum, keep-alive. Each test names its clauses.
// On the cluster `open` (tests/e2e/CMakeLists.txt): every topic open, clients without a token, max_keep_alive 60.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { eventually } from './cluster.mjs';
import { newId } from './device.mjs';
import { Peer, ended, text, will } from './peer.mjs';
import { endRaw, field, number, rawPacket } from './raw.mjs';

after(endRaw);

const MAX_KEEP_ALIVE_S = 60;
const peer = (index = 0, options = {}) => Peer.connect({ index, version: 5, ...options });
const stored = (index, clientId, options = {}) => peer(index, { clientId, clean: false, ...options,
  properties: { sessionExpiryInterval: 1000, ...options.properties } });

test('the server says which keep-alive it wants instead, and tells whom it ends for silence', async () => {
  // MQTT5-3.1.2-21, MQTT5-3.2.2-22, MQTT5-3.1.2-22
  const told = async (keepalive) => (await peer(0, { keepalive })).connack.properties.serverKeepAlive;
  assert.deepEqual(await Promise.all([120, 0, MAX_KEEP_ALIVE_S, 1].map(told)), [MAX_KEEP_ALIVE_S, MAX_KEEP_ALIVE_S, undefined, undefined]);
  const topic = newId();
  const watcher = await peer(1);
  await watcher.subscribe(topic, { qos: 1 });
  const began = performance.now();
  assert.equal(await ended(await peer(0, { keepalive: 1, will: will(topic, 'silent') })), 0x8d);
  assert.ok(performance.now() - began >= 1500);
  await watcher.get('silent');
});

test('an alias stands for a topic, within its connection, until it is given to another', async () => {
  // MQTT5-3.3.2-7, MQTT5-3.3.2-8, MQTT5-3.3.2-9, MQTT5-3.3.2-10
  const [name, id] = [newId(), newId()];
  const reader = await peer(1);
  await reader.subscribe(`${name}/#`, { qos: 2 });
  let writer = await stored(0, id);
  const most = writer.connack.properties.topicAliasMaximum;
  assert.ok(most >= 2);
  const publish = (topic, payload, topicAlias, qos) => writer.publish(topic, payload, { qos, properties: { topicAlias } });
  await publish(`${name}/a`, 'a1', 1, 1);
  await publish(`${name}/b`, 'b1', most, 2);
  await publish('', 'a2', 1, 2);
  await publish('', 'b2', most, 1);
  await publish(`${name}/c`, 'c1', 1, 1);
  await publish('', 'c2', 1, 1);
  await reader.settled();
  assert.deepEqual(reader.messages().map((packet) => [packet.topic.slice(name.length), text(packet), packet.properties?.topicAlias]),
    [['/a', 'a1'], ['/b', 'b1'], ['/a', 'a2'], ['/b', 'b2'], ['/c', 'c1'], ['/c', 'c2']].map((entry) => [...entry, undefined]));
  await writer.disconnect();
  writer = await stored(0, id);
  assert.equal(writer.present, true);
  await writer.send({ cmd: 'publish', topic: '', payload: 'lost', qos: 0, retain: false, properties: { topicAlias: 1 } });
  assert.equal(await ended(writer), 0x82, 'an alias does not outlive its connection');
  for (const alias of [0, most + 1, 0xffff]) {
    writer = await peer(0);
    await writer.bytes(rawPacket(0x30, field(`${name}/d`), '0323', number(alias)));
    assert.equal(await ended(writer), 0x94, `alias ${alias}`);
  }
  assert.equal((await reader.settled()).length, 6);
});

test('the server uses as many aliases as the client takes, and none without leave', async () => {
  // MQTT5-3.1.2-26, MQTT5-3.1.2-27, MQTT5-3.3.2-7, MQTT5-3.3.2-11
  const [name, id] = [newId(), newId()];
  const topics = Array.from({ length: 4 }, (_, n) => `${name}/topic/${n}`);
  const readers = await Promise.all([undefined, 0, 2].map((topicAliasMaximum) => stored(1, newId(), { properties: { topicAliasMaximum } })));
  const leaving = await stored(1, id, { acks: false, properties: { topicAliasMaximum: 2 } });
  await Promise.all([...readers, leaving].map((reader) => reader.subscribe(`${name}/#`, { qos: 1 })));
  const writer = await peer(0);
  for (let n = 0; n < 12; n += 1) await writer.publish(topics[(n >> 1) % 4], `${n}`, { qos: 1 });
  // The topics as the client understands them.
  const understood = (packets, most) => {
    const aliases = new Map();
    return packets.map(({ topic, properties }) => {
      const alias = properties?.topicAlias;
      if (alias === undefined) return topic;
      assert.ok(alias >= 1 && alias <= most, `alias ${alias}`);
      if (topic !== '') aliases.set(alias, topic);
      return aliases.get(alias);
    });
  };
  const expected = Array.from({ length: 12 }, (_, n) => topics[(n >> 1) % 4]);
  await Promise.all([...readers, leaving].map((reader) => reader.get('11')));
  for (const [place, reader] of readers.entries()) {
    assert.deepEqual(understood(reader.messages(), [0, 0, 2][place]), expected);
  }
  assert.deepEqual(understood(leaving.messages(), 2), expected);
  assert.ok(readers[2].messages().some(({ topic }) => topic === ''), 'the client’s leave is used');
  await leaving.drop();
  const back = await stored(0, id, { properties: { topicAliasMaximum: 2 } });
  await back.get('11');
  assert.deepEqual(understood(back.messages(), 2), expected, 'repeated ones name their topics anew');
});

test('a packet above the server’s maximum ends the connection with 0x95', async () => {
  // MQTT5-3.2.2-15, MQTT5-4.13.1-1
  const client = await peer(0);
  const { maximumPacketSize } = client.connack.properties;
  const topic = newId();
  const overhead = 1 + 3 + 2 + topic.length + 1; // fixed header with three bytes of length, topic, no properties
  const other = await peer(1);
  await other.subscribe(topic, { qos: 0 });
  const largest = rawPacket(0x30, field(topic), '00', Buffer.alloc(maximumPacketSize - overhead, 'x'));
  assert.equal(largest.length, maximumPacketSize);
  await client.bytes(largest);
  assert.equal((await other.next('publish')).payload.length, maximumPacketSize - overhead);
  client.bytes(rawPacket(0x30, field(topic), '00', Buffer.alloc(maximumPacketSize - overhead + 1, 'x')));
  assert.equal(await ended(client), 0x95);
  assert.equal((await other.settled()).length, 1);
});

test('a client is sent no packet above its own maximum, and loses nothing else by it', async () => {
  // MQTT5-3.1.2-24, MQTT5-3.1.2-25
  const [name, id] = [newId(), newId()];
  const maximumPacketSize = 120;
  let small = await stored(1, id, { properties: { maximumPacketSize } });
  const large = await peer(1);
  for (const reader of [small, large]) await reader.subscribe(`${name}/#`, { qos: 2 });
  const writer = await peer(0);
  const payloads = ['first', 'x'.repeat(maximumPacketSize), 'second', 'y'.repeat(5000), 'third'];
  for (const qos of [0, 1, 2]) for (const payload of payloads) await writer.publish(`${name}/${qos}`, payload, { qos });
  await writer.publish(`${name}/kept`, 'z'.repeat(200), { qos: 1, retain: true });
  await writer.publish(`${name}/props`, 'properties', { qos: 1, properties: { userProperties: { k: 'v'.repeat(maximumPacketSize) } } });
  await large.get('properties');
  await eventually('all of them', () => large.messages().length === 17);
  assert.deepEqual((await small.settled()).sort(), ['first', 'first', 'first', 'second', 'second', 'second', 'third', 'third', 'third']);
  await small.disconnect();
  for (const payload of payloads) await writer.publish(`${name}/1`, payload, { qos: 1 });
  small = await stored(0, id, { properties: { maximumPacketSize } });
  assert.deepEqual(await small.settled(), ['first', 'second', 'third'], 'of what waited');
  await small.subscribe(`${name}/kept`, { qos: 1 });
  await small.settled();
  await small.disconnect();
  small = await stored(0, id);
  assert.deepEqual(await small.settled(), [], 'what was too large counts as delivered');
  await writer.publish(`${name}/kept`, '', { qos: 1, retain: true });
});

test('the client’s receive maximum bounds what is unacknowledged, at QoS 1 and 2 and not at QoS 0', async () => {
  // MQTT5-3.3.4-9, MQTT5-4.9.0-1, MQTT5-4.9.0-2, MQTT5-4.9.0-3, MQTT5-4.3.3-4
  const [name, id] = [newId(), newId()];
  let reader = await stored(1, id, { acks: false, properties: { receiveMaximum: 2 } });
  await reader.subscribe(name, { qos: 2 });
  const writer = await peer(0);
  for (const [payload, qos] of [['a', 1], ['b', 2], ['c', 2], ['d', 1], ['e', 1], ['f', 2], ['g', 1]]) await writer.publish(name, payload, { qos });
  const unbounded = async (payload) => {
    await writer.publish(name, payload, { qos: 0 });
    return reader.get(payload);
  };
  await unbounded('zero'); // the others were acknowledged before this was sent
  await reader.ping();
  const a = await reader.get('a');
  const b = await reader.get('b');
  assert.deepEqual(reader.texts().sort(), ['a', 'b', 'zero']);
  await reader.send({ cmd: 'puback', messageId: a.messageId });
  const c = await reader.get('c');
  await reader.send({ cmd: 'pubrec', messageId: b.messageId });
  await reader.next('pubrel');
  await unbounded('one');
  await reader.ping();
  assert.deepEqual(reader.texts().slice(-2).sort(), ['c', 'one'], 'PUBREC frees no place');
  await reader.send({ cmd: 'pubcomp', messageId: b.messageId });
  const d = await reader.get('d');
  await reader.send({ cmd: 'pubrec', messageId: c.messageId, reasonCode: 0x83 });
  const e = await reader.get('e');
  await reader.ping();
  assert.deepEqual(reader.raw.packets.filter(({ cmd }) => cmd === 'pubrel').length, 1, 'none after an error');
  await reader.drop();
  reader = await stored(0, id, { acks: false, properties: { receiveMaximum: 1 } });
  const again = await reader.get('d');
  await reader.ping();
  assert.deepEqual([again.dup, again.messageId, reader.texts()], [true, d.messageId, ['d']], 'a smaller one, of the new connection');
  await reader.send({ cmd: 'puback', messageId: d.messageId });
  assert.equal((await reader.get('e')).messageId, e.messageId);
  await reader.send({ cmd: 'puback', messageId: e.messageId });
  const f = await reader.get('f');
  assert.equal(f.dup, false);
  await reader.drop();
  reader = await stored(1, id);
  assert.deepEqual(await reader.settled(), ['f', 'g']);
});

test('more than the server’s receive maximum without release ends the connection with 0x93', async () => {
  // MQTT5-3.3.4-7
  const topic = newId();
  const client = await peer(0);
  const { receiveMaximum } = client.connack.properties;
  const publish = (messageId) => ({ cmd: 'publish', topic, payload: '', qos: 2, messageId, retain: false, dup: false });
  for (let id = 1; id <= receiveMaximum; id += 1) client.send(publish(id));
  const received = () => client.raw.packets.filter(({ cmd }) => cmd === 'pubrec').length;
  await eventually('every PUBREC', () => received() === receiveMaximum);
  await client.send({ cmd: 'pubrel', messageId: 1 });
  await client.next('pubcomp');
  await client.send(publish(1));
  await eventually('PUBREC in the place that was freed', () => received() === receiveMaximum + 1);
  await client.send(publish(receiveMaximum + 1));
  assert.equal(await ended(client), 0x93);
  assert.equal(received(), receiveMaximum + 1);
});

test('whatever CONNECT may ask for is taken at its bounds', async () => {
  // MQTT5-3.1.2-28, MQTT5-3.1.2-29, MQTT5-2.2.2-1
  const everything = { sessionExpiryInterval: 0xffffffff, receiveMaximum: 65535, maximumPacketSize: 0xffffffff, topicAliasMaximum: 65535,
    requestResponseInformation: true, requestProblemInformation: false, userProperties: { a: ['1', '2'], b: '' } };
  const client = await peer(0, { properties: everything, username: 'someone', will: will(newId(), 'x', { qos: 2, retain: true,
    properties: { willDelayInterval: 0xffffffff, payloadFormatIndicator: true, messageExpiryInterval: 0xffffffff, contentType: '', responseTopic: 'r',
      correlationData: Buffer.alloc(0), userProperties: { k: 'v' } } }) });
  assert.equal(client.connack.reasonCode, 0);
  assert.ok(client.connack.properties.responseInformation.length > 0);
  const name = newId();
  await client.subscribe(name, { qos: 2 });
  await client.publish(name, 'x', { qos: 2, properties: { userProperties: { a: ['1', '2'] } } });
  await client.get('x');
  await client.disconnect({ reasonCode: 0, properties: { sessionExpiryInterval: 0, reasonString: 'over', userProperties: { a: 'b' } } });
});
