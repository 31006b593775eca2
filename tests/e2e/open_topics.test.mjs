// Open topics (PROTOCOL 1.10): the cluster as a general MQTT broker, on two gateways, with any client id and no token.
// On a cluster with gateway.open_topics=# and gateway.allow_anonymous=true.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { atom, tuple } from './bert.mjs';
import { broker, endBrokers, texts } from './broker.mjs';
import { eventually, gateway } from './cluster.mjs';
import { befriend, endAll, isProfile, newId, newPhone, online } from './device.mjs';
import { fieldsOf, p2p, record, textMessage } from './records.mjs';

const run = promisify(execFile);
after(() => {
  endAll();
  endBrokers();
});

test('wildcards, across gateways, in order, at the lower QoS', async () => {
  // MQTT-3.3.1-3, MQTT-3.3.1-12, MQTT-3.3.2-3, MQTT-3.8.4-4, MQTT-3.8.4-6, MQTT-4.5.0-1
  // MQTT-4.6.0-5, MQTT-4.6.0-6, MQTT5-3.2.2-10, MQTT5-3.3.1-3, MQTT5-3.3.2-3, MQTT5-3.8.4-5
  // MQTT5-3.8.4-8, MQTT5-4.5.0-1, MQTT5-4.6.0-1, MQTT5-4.6.0-5, MQTT5-4.6.0-6
  const base = newId();
  const reader = await broker(0);
  const granted = await reader.subscribeAsync([`${base}/+/x`, `${base}/deep/#`], { qos: 1 });
  assert.deepEqual(granted.map(({ qos }) => qos), [1, 1]);
  const writer = await broker(1, { protocolVersion: 4 });
  for (let i = 0; i < 20; i += 1) await writer.publishAsync(`${base}/${i % 2 ? 'a/x' : 'deep/er/still'}`, `m${i}`, { qos: 2 });
  await writer.publishAsync(`${base}/a/y`, 'not this', { qos: 1 });
  await writer.publishAsync(`${base}/a/x`, 'zero', { qos: 0 });
  await reader.get('m19');
  await reader.get('zero');
  const logged = reader.messages.filter(({ qos }) => qos > 0);
  assert.deepEqual(logged.map(({ text }) => text), Array.from({ length: 20 }, (_, i) => `m${i}`));
  assert.ok(logged.every(({ qos, retain }) => qos === 1 && !retain));
});

test('CHAT topics stay closed to those without a token, and $SYS to all', async () => {
  const client = await broker(0);
  const codes = await new Promise((resolve) => {
    client.subscribe(['room/+', 'ses/380', 'p2p/1/2', '$SYS/#', 'actions/1/api/x'], { qos: 1 }, (error, granted, packet) => resolve(packet.granted));
  });
  assert.deepEqual([...codes], [0x80, 0x80, 0x80, 0x80, 0x80]);
  await assert.rejects(client.publishAsync('ses/380670000000', 'x', { qos: 1 }), ({ code }) => code === 0x87);
  const device = await online(newPhone(), 1);
  await client.subscribeAsync('#', { qos: 2 });
  await device.ask(record('Profile', { status: 'get' }), isProfile('get'));
  await client.publishAsync('fence', 'fence', { qos: 1 });
  await client.get('fence');
  assert.deepEqual(client.messages.map(({ topic }) => topic).filter((topic) => /^(actions|events|ses|ac|p2p|room|muc)\//.test(topic)), []);
});

test('a retained message waits for subscribers and leaves with an empty one', async () => {
  // MQTT-3.3.1-5, MQTT-3.3.1-6, MQTT-3.3.1-8, MQTT-3.3.1-9, MQTT-3.3.1-10, MQTT-3.3.1-11
  // MQTT5-3.3.1-5, MQTT5-3.3.1-6, MQTT5-3.3.1-7, MQTT5-3.3.1-8, MQTT5-3.3.1-9, MQTT5-3.3.1-10
  // MQTT5-3.3.1-11, MQTT5-3.3.1-12, MQTT5-3.3.1-13, MQTT5-3.3.2-20, MQTT5-3.8.4-4
  const base = newId();
  const writer = await broker(0);
  await writer.publishAsync(`${base}/a`, 'kept', { qos: 1, retain: true, properties: { userProperties: { k: 'v' }, contentType: 'text' } });
  const reader = await broker(1);
  await reader.subscribeAsync(`${base}/#`, { qos: 1 });
  const kept = await reader.get('kept');
  assert.ok(kept.retain);
  assert.equal(kept.properties.userProperties.k, 'v');
  assert.equal(kept.properties.contentType, 'text');
  await writer.publishAsync(`${base}/a`, 'live', { qos: 1, retain: true });
  assert.equal((await reader.get('live')).retain, false, 'not retain as published');
  const second = await broker(0);
  await second.subscribeAsync(`${base}/+`, { qos: 1, rap: true, rh: 2 });
  await writer.publishAsync(`${base}/a`, '', { qos: 1, retain: true });
  assert.equal((await second.get('')).retain, true, 'retain as published');
  const third = await broker(1);
  await third.subscribeAsync(`${base}/#`, { qos: 1 });
  await writer.publishAsync(`${base}/b`, 'end', { qos: 1 });
  await third.get('end');
  await second.get('end'); // it is on the other gateway
  assert.deepEqual(texts(third), ['end']);
  assert.deepEqual(texts(second), ['', 'end'], 'retain handling 2');
});

test('no local, overlapping filters and subscription identifiers', async () => {
  // MQTT-3.3.5-1, MQTT-3.8.4-3, MQTT5-3.3.4-2, MQTT5-3.3.4-3, MQTT5-3.3.4-4, MQTT5-3.8.3-3
  const base = newId();
  const one = await broker(0);
  await one.subscribeAsync(`${base}/own`, { qos: 1, nl: true });
  const other = await broker(1);
  await other.subscribeAsync(`${base}/own`, { qos: 0, properties: { subscriptionIdentifier: 2 } });
  await other.subscribeAsync(`${base}/#`, { qos: 2, properties: { subscriptionIdentifier: 3 } });
  await one.publishAsync(`${base}/own`, 'mine', { qos: 2 });
  const got = await other.get('mine');
  assert.deepEqual([got.properties.subscriptionIdentifier].flat().sort(), [2, 3]);
  assert.equal(got.qos, 2);
  await other.publishAsync(`${base}/own`, 'yours', { qos: 1 });
  await one.get('yours');
  assert.deepEqual(texts(one), ['yours']);
});

test('a stored session gets what it missed, on another gateway', async () => {
  // MQTT-3.1.2-4, MQTT-3.1.2-5, MQTT-3.1.2-6, MQTT-3.1.3-2, MQTT-3.1.4-3, MQTT-3.2.2-3
  // MQTT-4.1.0-1, MQTT-4.1.0-2, MQTT5-3.1.2-5, MQTT5-3.1.2-6, MQTT5-3.1.3-2, MQTT5-3.1.4-4
  // MQTT5-4.1.0-1, MQTT5-4.1.0-2
  const base = newId();
  const stored = { clientId: `s${newId()}`, clean: false, properties: { sessionExpiryInterval: 1000 } };
  let reader = await broker(0, stored);
  assert.equal(reader.present, false);
  await reader.subscribeAsync(`${base}/#`, { qos: 2 });
  await reader.endAsync();
  const writer = await broker(1);
  for (let i = 0; i < 50; i += 1) await writer.publishAsync(`${base}/${i}`, `q${i}`, { qos: (i % 2) + 1 });
  reader = await broker(1, stored);
  assert.equal(reader.present, true);
  await reader.get('q49');
  // MQTT.js hands a QoS 2 message over at its PUBREL, so that order holds for each QoS by itself.
  await eventually('all fifty', () => reader.messages.length >= 50);
  const odd = (rest) => Array.from({ length: 50 }, (_, i) => `q${i}`).filter((_, i) => i % 2 === rest);
  assert.deepEqual(reader.messages.filter(({ qos }) => qos === 1).map(({ text }) => text), odd(0));
  assert.deepEqual(reader.messages.filter(({ qos }) => qos === 2).map(({ text }) => text), odd(1));
  reader.stream.destroy();
  await writer.publishAsync(`${base}/more`, 'more', { qos: 1 });
  reader = await broker(0, { ...stored, protocolVersion: 4, properties: undefined });
  assert.equal(reader.present, true);
  await reader.get('more');
  await reader.endAsync();
  reader = await broker(0, { ...stored, clean: true });
  assert.equal(reader.present, false);
  await writer.publishAsync(`${base}/late`, 'late', { qos: 1 });
  await reader.subscribeAsync('fence', { qos: 1 });
  await writer.publishAsync('fence', 'fence', { qos: 1 });
  await reader.get('fence');
  assert.deepEqual(texts(reader), ['fence'], 'clean start: no subscription is left');
});

test('a message that expires is not delivered late, and says what is left of its life', async () => {
  // MQTT5-3.3.2-5, MQTT5-3.3.2-6
  const base = newId();
  const stored = { clientId: `s${newId()}`, clean: false, properties: { sessionExpiryInterval: 1000 } };
  let reader = await broker(0, stored);
  await reader.subscribeAsync(`${base}/#`, { qos: 1 });
  await reader.endAsync();
  const writer = await broker(1);
  const sentAt = Date.now();
  await writer.publishAsync(`${base}/a`, 'short', { qos: 1, properties: { messageExpiryInterval: 1 } });
  await writer.publishAsync(`${base}/b`, 'long', { qos: 1, properties: { messageExpiryInterval: 1000 } });
  await eventually('the end of a second', () => Date.now() - sentAt > 1500);
  reader = await broker(1, stored);
  const long = await reader.get('long');
  assert.ok(long.properties.messageExpiryInterval < 1000 && long.properties.messageExpiryInterval > 900);
  assert.deepEqual(texts(reader), ['long']);
});

test('a shared subscription gives each message to one of its group', async () => {
  // MQTT5-4.8.2-3
  const base = newId();
  const group = await Promise.all([0, 1, 0].map((index) => broker(index)));
  await Promise.all(group.map((member) => member.subscribeAsync(`$share/g/${base}/+`, { qos: 1 })));
  const all = await broker(1);
  await all.subscribeAsync(`${base}/+`, { qos: 1 });
  const writer = await broker(0);
  for (let i = 0; i < 30; i += 1) await writer.publishAsync(`${base}/x`, `s${i}`, { qos: i % 2 });
  const received = () => group.flatMap(texts);
  await eventually('all of the group\'s', () => received().length >= 30);
  await all.get('s29');
  assert.deepEqual(received().sort(), Array.from({ length: 30 }, (_, i) => `s${i}`).sort());
  assert.ok(group.filter((member) => member.messages.length > 0).length >= 2, 'more than one worked');
});

test('a take-over, a will, a delayed will and one that a new connection drops', async () => {
  // MQTT-3.1.2-12, MQTT-3.1.2-16, MQTT-3.1.4-2, MQTT5-3.1.2-14, MQTT5-3.1.3-9, MQTT5-3.1.4-3
  const base = newId();
  const watcher = await broker(1);
  await watcher.subscribeAsync(`${base}/#`, { qos: 1 });
  const id = `w${newId()}`;
  const will = (text, willDelayInterval = 0) => ({ clientId: id, clean: false,
    properties: { sessionExpiryInterval: 1000 },
    will: { topic: `${base}/will`, payload: text, qos: 1, retain: false, properties: { willDelayInterval } } });
  const first = await broker(0, will('at once'));
  await broker(1, { clientId: id, clean: false, properties: { sessionExpiryInterval: 1000 } });
  await watcher.get('at once');
  await eventually('the reason of the take-over', () => first.disconnected?.reasonCode === 0x8E);

  const delayed = await broker(0, will('delayed', 2));
  const lostAt = Date.now();
  delayed.stream.destroy();
  await watcher.get('delayed');
  assert.ok(Date.now() - lostAt > 1800);

  const dropped = await broker(0, will('dropped', 1));
  const droppedAt = Date.now();
  dropped.stream.destroy();
  await broker(1, { clientId: id, clean: false, properties: { sessionExpiryInterval: 1000 } });
  await eventually('three seconds', () => Date.now() - droppedAt > 3000);
  assert.ok(!texts(watcher).includes('dropped'));
});

test('mosquitto_pub and mosquitto_sub -V 5 with properties', async () => {
  // MQTT5-3.3.2-4, MQTT5-3.3.2-15, MQTT5-3.3.2-16
  const base = newId();
  const [host, port] = gateway(0).split(/:(?=\d+$)/);
  const reader = await broker(1);
  await reader.subscribeAsync(`${base}/m`, { qos: 2 });
  await run('mosquitto_pub', ['-h', host, '-p', port, '-V', '5', '-q', '2', '-r', '-t', `${base}/m`, '-m', 'from mosquitto',
    '-D', 'publish', 'user-property', 'a', 'b', '-D', 'publish', 'response-topic', 'answers', '-D', 'publish', 'correlation-data', 'xyz',
    '-D', 'publish', 'payload-format-indicator', '1']);
  const got = await reader.get('from mosquitto');
  assert.equal(got.properties.userProperties.a, 'b');
  assert.equal(got.properties.responseTopic, 'answers');
  assert.equal(got.properties.correlationData.toString(), 'xyz');
  assert.equal(got.properties.payloadFormatIndicator, true);
  const { stdout } = await run('mosquitto_sub', ['-h', host, '-p', port, '-V', '5', '-q', '2', '-C', '1', '-W', '10', '-t', `${base}/+`, '-F', '%r %p']);
  assert.equal(stdout.trim(), '1 from mosquitto');
});

test('a request may be answered on an open topic', async () => {
  const base = newId();
  const device = await online(newPhone(), 0, { protocolVersion: 5 });
  const reader = await broker(1);
  await reader.subscribeAsync(`${base}/answers`, { qos: 1 });
  await device.send(record('Profile', { status: 'get' }), { properties: { responseTopic: `${base}/answers`, correlationData: Buffer.from('7') } });
  await eventually('the answer', () => reader.messages.length > 0);
  assert.equal(reader.messages[0].properties.correlationData.toString(), '7');
});

test('the names of later revisions (PROTOCOL 1.9) stand for the topics', async () => {
  const device = await online(newPhone(), 0);
  assert.deepEqual([...(await device.subscribe([`actions/${device.clientId}`, `devices/${device.phone}`], 1))], [1, 1]);
  const get = record('Profile', { status: 'get' });
  device.send(get, { topic: `events/${device.clientId}` }).catch(() => {});
  await device.expect(`actions/${device.clientId}`, isProfile('get'));
  device.send(get).catch(() => {});
  await device.expect(`actions/${device.clientId}`, isProfile('get'));
});

test('what is published to an alias is published to the topic, and comes under the name that each asked for', async () => {
  const [one, other] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  await befriend(one, other);
  const { from, to } = fieldsOf(p2p(one.phoneId, other.phoneId));
  const [canonical, alias] = [`p2p/${from}/${to}`, `private/${from}/${to}`];
  assert.deepEqual(await other.subscribe([alias, `contacts/${one.phoneId}`, `private/${to}/${from}`, `devices/${one.phone}`], 2), [2, 2, 128, 128]);
  const poke = (n) => tuple(atom('poke'), n);
  const told = (device, topic, n) => device.expect(topic, ({ text }) => text === `{poke,${n}}`);
  await one.send(poke(1), { topic: alias });
  await Promise.all([told(other, alias, 1), told(one, canonical, 1)]);
  await one.send(textMessage(one.phoneId, other.phoneId, newId(), 'hello'));
  await other.expect(alias, ({ record: name }) => name === 'Message');
  await one.send(poke(2), { topic: `contacts/${one.phoneId}` });
  await told(other, `contacts/${one.phoneId}`, 2);
  await one.send(poke(3), { topic: `devices/${other.phone}` });
  await told(other, `ses/${other.phone}`, 3);
  await one.send(poke(4), { topic: `devices/${one.phone}` });
  await told(one, `ses/${one.phone}`, 4);
  await other.disconnect();
  await one.send(textMessage(one.phoneId, other.phoneId, newId(), 'while you were away'));
  await other.connect(0);
  await other.expect(alias, ({ text }) => text.includes('while you were away')); // the name lives with the session
  assert.equal(other.on(canonical).length, 0, 'instead of the topic’s own name');
  await other.client.unsubscribeAsync(alias);
  await one.send(poke(5), { topic: canonical });
  await told(other, canonical, 5);
});
