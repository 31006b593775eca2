// Open topics when a gateway is killed with -9, and more retained messages than a session's queue holds.
// On a cluster with gateway.open_topics=#, gateway.allow_anonymous=true and gateway.queue_messages=100.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { broker, endBrokers, texts } from './broker.mjs';
import { eventually, killHard, up } from './cluster.mjs';
import { befriend, endAll, newId, newPhone, online } from './device.mjs';
import { p2pTopic, textMessage } from './records.mjs';

after(async () => {
  endAll();
  endBrokers();
  await up(); // also after a failure, so that others find both gateways
});

const kept = (clientId) => ({ clientId, clean: false, properties: { sessionExpiryInterval: 1000 } });
const numbers = (count, of) => Array.from({ length: count }, (_, n) => of(n));

test('a stored session and its filters outlive the gateway that was killed', async () => {
  const base = newId();
  const writer = await broker(1);
  const id = `s${newId()}`;
  const reader = await broker(0, kept(id));
  await reader.subscribeAsync(`${base}/#`, { qos: 1, properties: { subscriptionIdentifier: 7 } });
  await writer.publishAsync(`${base}/a`, 'before', { qos: 1 });
  await reader.get('before');
  const device = await online(newPhone(), 0);
  const friend = await online(newPhone(), 1);
  await befriend(device, friend);
  const topic = p2pTopic(device.phoneId, friend.phoneId);
  assert.deepEqual(await device.subscribe([topic], 1), [1]);
  const say = (text) => friend.send(textMessage(friend.phoneId, device.phoneId, newId(), text));
  await say('at QoS 1');
  const first = await device.expect(topic, ({ text }) => text.includes('at QoS 1'));
  assert.equal(first.qos, 1);

  killHard('gateway-1');
  await Promise.all([reader.closed, device.closed]);
  for (let n = 0; n < 5; n += 1) await writer.publishAsync(`${base}/b`, `away ${n}`, { qos: 1 });
  const again = await broker(1, kept(id));
  assert.equal(again.present, true);
  await again.get('away 4');
  const got = texts(again).filter((text) => text !== 'before'); // acknowledged just before the end: it may come again
  assert.deepEqual(got, numbers(5, (n) => `away ${n}`));
  assert.equal(again.messages.at(-1).properties.subscriptionIdentifier, 7);
  assert.equal(await device.connect(1), true);
  await say('still at QoS 1');
  assert.equal((await device.expect(topic, ({ text }) => text.includes('still at QoS 1'))).qos, 1);
  await up();
});

test('what was unsubscribed before the kill stays unsubscribed', async () => {
  const base = newId();
  const id = `s${newId()}`;
  const reader = await broker(0, kept(id));
  await reader.subscribeAsync([`${base}/in`, `${base}/out`], { qos: 1 });
  await reader.unsubscribeAsync(`${base}/out`);
  killHard('gateway-1');
  await reader.closed;
  const writer = await broker(1);
  for (const topic of ['out', 'in']) await writer.publishAsync(`${base}/${topic}`, topic, { qos: 1 });
  const again = await broker(1, kept(id));
  await again.get('in');
  assert.deepEqual(texts(again), ['in']);
  await up();
});

test('all retained messages come, however many, at each QoS', async () => {
  const base = newId();
  const writer = await broker(1);
  const count = 700;
  await Promise.all(numbers(count, (n) => writer.publishAsync(`${base}/${String(n).padStart(4, '0')}`, `r${n}`, { qos: 1, retain: true })));
  for (const qos of [0, 1, 2]) {
    const reader = await broker(qos % 2, { properties: { receiveMaximum: 3 } });
    await reader.subscribeAsync(`${base}/+`, { qos });
    await reader.get(`r${count - 1}`);
    assert.deepEqual(texts(reader), numbers(count, (n) => `r${n}`));
    assert.ok(reader.messages.every((message) => message.retain && message.qos === Math.min(qos, 1)));
    await reader.endAsync();
  }
  // A stored session goes on with them on its next connection.
  const id = `s${newId()}`;
  const first = await broker(0, { ...kept(id), customHandleAcks: (topic, message, packet, done) => { if (first.messages.length < 20) done(0); } });
  await first.subscribeAsync(`${base}/+`, { qos: 1 });
  await eventually('the window is full', () => first.messages.length >= 20);
  first.stream.destroy();
  await first.closed;
  const second = await broker(1, kept(id));
  await second.get(`r${count - 1}`);
  const all = new Set([...texts(first), ...texts(second)]);
  assert.equal(all.size, count);
  assert.ok(texts(second).length < count, 'only what was missing');
});
