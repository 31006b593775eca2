// What the public conformance suites ask of a broker of MQTT 5.0, packet by packet on two gateways. Each test names its clauses.
// On the cluster `open` (tests/e2e/CMakeLists.txt): every topic open, clients without a token.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { eventually } from './cluster.mjs';
import { newId } from './device.mjs';
import { Peer, ended, text, will } from './peer.mjs';
import { Raw, endRaw, field, rawConnect, rawPacket, variable } from './raw.mjs';

after(endRaw);

const peer = (index = 0, options = {}) => Peer.connect({ index, version: 5, ...options });
const lasting = (index, clientId, seconds, options = {}) => peer(index, { clientId, clean: false, ...options,
  properties: { sessionExpiryInterval: seconds, ...options.properties } });
const stored = (index, clientId, options = {}) => lasting(index, clientId, 1000, options);
const ids = ({ properties }) => [properties?.subscriptionIdentifier ?? []].flat();
const passed = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

test('clean start and session expiry decide whether a session is there', async () => {
  // MQTT5-3.1.2-4, MQTT5-3.1.2-5, MQTT5-3.1.2-6, MQTT5-3.2.2-2, MQTT5-3.2.2-3
  const [name, id] = [newId(), newId()];
  const round = async (client, present, what) => {
    assert.equal(client.present, present, what);
    await client.disconnect();
  };
  let client = await peer(0, { clientId: id, clean: false });
  await client.subscribe(name, { qos: 1 });
  await round(client, false, 'a new one');
  await round(await peer(1, { clientId: id, clean: false }), false, 'no expiry is expiry 0');
  client = await stored(0, id);
  assert.equal(client.present, false);
  assert.equal(client.connack.properties.sessionExpiryInterval, undefined, 'as it was asked for');
  await client.subscribe(name, { qos: 1 });
  await client.drop();
  client = await stored(1, id);
  assert.equal(client.present, true);
  const writer = await peer(0);
  await writer.publish(name, 'subscribed', { qos: 1 });
  await client.get('subscribed');
  await client.disconnect();
  client = await peer(1, { clientId: id, clean: true, properties: { sessionExpiryInterval: 1000 } });
  await writer.publish(name, 'to nobody', { qos: 1 });
  assert.deepEqual(await client.settled(), []);
  await round(client, false, 'clean start');
  await round(await peer(0, { clientId: id, clean: false }), true, 'what began clean may last');
  await round(await peer(1, { clientId: id, clean: false }), false, 'the newer expiry counts');
});

test('a session ends when its expiry has passed, and DISCONNECT may set another', async () => {
  // MQTT5-3.1.2-23, MQTT5-4.1.0-2, 3.14.2.2.2
  const [short, longer, shorter, never] = [newId(), newId(), newId(), newId()];
  await (await lasting(0, short, 1)).disconnect();
  await (await lasting(0, longer, 1)).disconnect({ properties: { sessionExpiryInterval: 1000 } });
  await (await lasting(0, shorter, 1000)).disconnect({ properties: { sessionExpiryInterval: 0 } });
  const raised = await peer(0, { clientId: never, clean: false });
  await raised.send({ cmd: 'disconnect', properties: { sessionExpiryInterval: 10 } });
  assert.equal(await ended(raised), 0x82, 'expiry 0 stays 0');
  assert.equal((await lasting(1, shorter, 1)).present, false);
  await passed(1500);
  assert.equal((await lasting(1, short, 1)).present, false);
  assert.equal((await lasting(1, longer, 1)).present, true);
  assert.equal((await lasting(1, never, 1)).present, false);
});

test('a client without an id is assigned one, under which its session is found again', async () => {
  // MQTT5-3.1.3-6, MQTT5-3.1.3-7, MQTT5-3.2.2-16
  const name = newId();
  const unnamed = (index) => peer(index, { clientId: '', properties: { sessionExpiryInterval: 1000 } });
  const first = await unnamed(0);
  const id = first.connack.properties.assignedClientIdentifier;
  assert.ok(id.length > 0);
  const other = await unnamed(0);
  assert.notEqual(other.connack.properties.assignedClientIdentifier, id);
  assert.equal(first.connack.properties.sessionExpiryInterval, undefined);
  await first.subscribe(name, { qos: 1 });
  await first.disconnect();
  const writer = await peer(1);
  assert.equal(writer.connack.properties?.assignedClientIdentifier, undefined);
  await writer.publish(name, 'missed', { qos: 1 });
  const again = await stored(1, id);
  assert.equal(again.present, true);
  await again.get('missed');
  assert.deepEqual(await again.settled(), ['missed'], 'and nothing unasked');
});

test('retain handling, retain as published and no local are as each subscription says', async () => {
  // MQTT5-3.3.1-9, MQTT5-3.3.1-10, MQTT5-3.3.1-11, MQTT5-3.3.1-12, MQTT5-3.3.1-13, MQTT5-3.8.3-3, MQTT5-3.8.4-3, MQTT5-3.8.4-4
  const name = newId();
  const topic = `${name}/a`;
  const writer = await peer(0);
  await writer.publish(topic, 'kept', { qos: 1, retain: true });
  const reader = await peer(1);
  const count = async (filter, rh) => {
    const before = reader.messages().length;
    await reader.subscribe(filter, { qos: 1, rh });
    await reader.settled();
    return reader.messages().slice(before).map((packet) => [text(packet), packet.retain]);
  };
  const once = [['kept', true]];
  assert.deepEqual([await count(topic, 2), await count(topic, 1), await count(topic, 0), await count(topic, 0)], [[], [], once, once]);
  assert.deepEqual([await count(`${name}/+`, 1), await count(`${name}/+`, 1), await count(`${name}/+`, 2)], [once, [], []]);
  await reader.unsubscribe(`${name}/+`);
  assert.deepEqual(await count(`${name}/+`, 1), once, 'new again');

  const published = await peer(0);
  await published.subscribe(topic, { qos: 1, rap: true, rh: 2 });
  for (const retain of [true, false]) {
    await writer.publish(topic, `retain ${retain}`, { qos: 1, retain });
    assert.equal((await published.get(`retain ${retain}`)).retain, retain);
    assert.equal((await reader.get(`retain ${retain}`)).retain, false);
  }
  await published.subscribe(topic, { qos: 1, rap: false, rh: 2 });
  await writer.publish(topic, 'no more', { qos: 1, retain: true });
  assert.equal((await published.get('no more')).retain, false, 'the newer options count');

  const id = newId();
  let own = await stored(0, id);
  await own.subscribe([{ topic, qos: 1, nl: true, rh: 2 }, { topic: `${name}/b`, qos: 1 }]);
  await own.publish(topic, 'mine', { qos: 1, retain: true });
  await own.publish(`${name}/b`, 'echo', { qos: 1 });
  assert.deepEqual(await own.settled(), ['echo']);
  await own.disconnect();
  own = await stored(1, id);
  await own.publish(topic, 'mine again', { qos: 2, retain: true });
  assert.deepEqual(await own.settled(), [], 'on another gateway as well');
  await writer.publish(topic, '', { qos: 1, retain: true });
});

test('what is retained after a SUBSCRIBE comes to its subscription once, as any other message', async () => {
  // MQTT5-3.3.1-9, MQTT5-3.3.1-12, MQTT5-4.3.3-1
  const name = newId();
  const ROUNDS = Array.from({ length: 20 }, (_, n) => `m${n}`);
  const writer = await peer(0);
  await Promise.all(ROUNDS.map(async (payload) => {
    const id = newId();
    const topic = `${name}/${payload}`;
    const gone = await stored(1, id);
    await gone.subscribe(topic, { qos: 2 });
    await gone.disconnect();
    const here = await peer(1);
    await here.subscribe(topic, { qos: 2 });
    await writer.publish(topic, payload, { qos: 1, retain: true });
    assert.equal((await here.get(payload)).retain, false);
    const back = await stored(0, id);
    assert.equal((await back.get(payload)).retain, false);
    for (const reader of [here, back]) assert.deepEqual(await reader.settled(), [payload]);
    await writer.publish(topic, '', { qos: 1, retain: true });
  }));
});

test('a subscription’s identifier comes with all its messages: live, retained, queued and repeated', async () => {
  // MQTT5-3.3.4-3, MQTT5-3.3.4-4, MQTT5-3.3.4-5, MQTT5-3.8.2.1.2
  const [name, id] = [newId(), newId()];
  const MOST = 268435455;
  const writer = await peer(0);
  await writer.publish(`${name}/kept`, 'kept', { qos: 1, retain: true });
  let reader = await stored(1, id, { acks: false });
  await reader.subscribe([`${name}/+`, `${name}/+/x`], { qos: 2, properties: { subscriptionIdentifier: MOST } });
  await reader.subscribe(`${name}/a`, { qos: 1, properties: { subscriptionIdentifier: 1 } });
  await reader.subscribe(`${name}/#`, { qos: 0 });
  assert.deepEqual(ids(await reader.get('kept')), [MOST]);
  await writer.publish(`${name}/a`, 'two', { qos: 1 });
  assert.deepEqual(ids(await reader.get('two')).sort(), [1, MOST]);
  await writer.publish(`${name}/b/c`, 'none', { qos: 1 });
  assert.deepEqual(ids(await reader.get('none')), []);
  await reader.drop();
  await writer.publish(`${name}/b/x`, 'queued', { qos: 1 });
  reader = await stored(0, id);
  assert.deepEqual(ids(await reader.get('queued')), [MOST]);
  const [kept, two] = [await reader.get('kept'), await reader.get('two')];
  assert.deepEqual([kept.dup, two.dup], [true, true]);
  assert.deepEqual([ids(kept), ids(two).sort()], [[MOST], [1, MOST]]);
  await reader.subscribe(`${name}/a`, { qos: 1 });
  await writer.publish(`${name}/a`, 'without', { qos: 1 });
  assert.deepEqual(ids(await reader.get('without')), [MOST], 'the newer subscription has none');
  await writer.publish(`${name}/kept`, '', { qos: 1, retain: true });
});

test('each group and each plain subscription gets a message once, and no group a retained one', async () => {
  // MQTT5-4.8.2-1, MQTT5-4.8.2-2, MQTT5-4.8.2-3, MQTT5-3.8.3-4, MQTT5-3.10.4-1
  const name = newId();
  const writer = await peer(0);
  await writer.publish(`${name}/kept`, 'kept', { qos: 1, retain: true });
  const members = await Promise.all([0, 1, 0, 1].map((index) => peer(index)));
  for (const [place, member] of members.entries()) {
    await member.subscribe(`$share/${place < 2 ? 'one' : 'two'}/${name}/+`, { qos: 2, properties: { subscriptionIdentifier: place + 1 } });
  }
  const both = await peer(1); // in a group and by itself
  await both.subscribe([`$share/three/${name}/+`, `${name}/+`], { qos: 1, rh: 2 });
  const COUNT = 12;
  const sent = Array.from({ length: COUNT }, (_, n) => `m${n}`);
  for (const [n, payload] of sent.entries()) await writer.publish(`${name}/x`, payload, { qos: n % 3 });
  const received = (from, to) => members.slice(from, to).flatMap((member) => member.texts()).sort();
  await eventually('what each group gets', () => received(0, 2).length >= COUNT && received(2, 4).length >= COUNT);
  await eventually('twice of each', () => both.messages().length >= 2 * COUNT);
  assert.deepEqual(received(0, 2), [...sent].sort());
  assert.deepEqual(received(2, 4), [...sent].sort());
  assert.deepEqual(both.texts().sort(), [...sent, ...sent].sort());
  for (const [place, member] of members.entries()) assert.ok(member.messages().every((packet) => ids(packet)[0] === place + 1));
  assert.deepEqual((await members[0].unsubscribe([`$share/one/${name}/+`, `$share/four/${name}/+`])).granted, [0, 0x11]);
  await members[2].drop();
  for (const payload of ['left', 'over']) await writer.publish(`${name}/x`, payload, { qos: 1 });
  for (const payload of ['left', 'over']) await Promise.all([members[1], members[3]].map((member) => member.get(payload)));
  await writer.publish(`${name}/kept`, '', { qos: 1, retain: true });
});

test('what waits for a member of a group is kept for its session', async () => {
  // MQTT5-4.8.2-4, MQTT5-4.1.0-1
  const [name, id] = [newId(), newId()];
  let member = await stored(0, id, { acks: false, properties: { receiveMaximum: 1 } });
  await member.subscribe(`$share/g/${name}`, { qos: 2 });
  const writer = await peer(1);
  for (let n = 0; n < 5; n += 1) await writer.publish(name, `m${n}`, { qos: 1 + n % 2 });
  await member.get('m0');
  await member.ping();
  assert.deepEqual(member.texts(), ['m0']);
  const fence = await peer(0);
  await fence.settled(); // all five have reached the member's gateway
  await member.drop();
  await writer.publish(name, 'm5', { qos: 1 });
  member = await stored(1, id);
  await member.get('m5');
  for (let n = 0; n < 5; n += 1) await member.get(`m${n}`);
});

test('what no member of a group has room for waits until one has', async () => {
  // MQTT5-4.8.2-4
  const COUNT = 130; // one on its way, 100 in the queue of the session (queue_messages of this cluster)
  const name = newId();
  const member = await peer(0, { acks: false, properties: { receiveMaximum: 1 } });
  await member.subscribe(`$share/g/${name}`, { qos: 1 });
  const writer = await peer(1);
  const sent = Array.from({ length: COUNT }, (_, n) => `m${n}`);
  for (const payload of sent) await writer.publish(name, payload, { qos: 1 });
  await (await peer(0)).settled(); // all have reached the member's gateway
  Object.assign(member, { acks: true, seen: 0 }).acknowledge();
  await member.get(sent.at(-1));
  assert.deepEqual(member.texts(), sent);
});

// Properties as they stand in a PUBLISH, in hexadecimal digits.
const pair = (key, value) => Buffer.concat([Buffer.from([0x26]), field(key), field(value)]);
const PASSED_ON = Buffer.concat([pair('b', '1'), Buffer.from([0x01, 0x01]), pair('a', '2'), Buffer.from([0x03]), field('text/plain; é'),
  pair('b', '3'), Buffer.from([0x08]), field('answers/here'), pair('', ''), Buffer.from([0x09]), field(Buffer.from('00ff80c0', 'hex')),
  pair('b', '1')]);

test('the properties of a message reach its receivers unaltered and in order', async () => {
  // MQTT5-3.3.2-4, MQTT5-3.3.2-15, MQTT5-3.3.2-16, MQTT5-3.3.2-17, MQTT5-3.3.2-18, MQTT5-3.3.2-20, MQTT5-3.1.3-10
  const [name, id] = [newId(), newId()];
  const [live, old, away] = [await peer(1), await peer(1, { version: 4 }), await stored(1, id)];
  for (const reader of [live, old, away]) await reader.subscribe(`${name}/+`, { qos: 2, rh: 2 });
  await away.disconnect();
  const writer = await peer(0);
  const head = [variable(PASSED_ON.length), PASSED_ON];
  const carries = (reader) => eventually('the same properties', () => reader.raw.bytes.includes(PASSED_ON));
  for (const [payload, first, middle] of [['zero', 0x30, ''], ['one', 0x32, '0001'], ['two', 0x34, '0002']]) {
    live.raw.bytes = Buffer.alloc(0);
    await writer.bytes(rawPacket(first, field(`${name}/x`), middle, ...head, Buffer.from(payload)));
    if (payload === 'two') {
      await writer.next('pubrec');
      await writer.send({ cmd: 'pubrel', messageId: 2 });
    }
    const got = await live.get(payload);
    assert.equal(got.properties.responseTopic, 'answers/here');
    await carries(live);
  }
  await writer.bytes(rawPacket(0x33, field(`${name}/kept`), '0004', ...head, Buffer.from('kept')));
  await live.get('kept');
  const late = await peer(0);
  await late.subscribe(`${name}/kept`, { qos: 1 });
  assert.equal((await late.get('kept')).retain, true);
  await carries(late);
  const back = await stored(0, id);
  assert.deepEqual(await back.settled(), ['one', 'two', 'kept']);
  assert.equal(back.messages().filter(({ properties }) => properties?.contentType === 'text/plain; é').length, 3);
  await old.get('kept');
  assert.deepEqual([...new Set(old.texts())].sort(), ['kept', 'one', 'two', 'zero'], '3.1.1 has no place for them');
  assert.ok(old.messages().every(({ properties }) => properties === undefined));

  live.raw.bytes = Buffer.alloc(0);
  const dying = await Raw.tcp(0, undefined, 5);
  await dying.send(rawConnect({ level: 5, flags: 0x0e, payload: [...head, field(`${name}/will`), field('will')] }));
  await dying.expect(({ cmd }) => cmd === 'connack');
  dying.destroy();
  await live.get('will');
  await carries(live);
  await (await peer(1, { version: 4 })).publish(`${name}/x`, 'of 3.1.1', { qos: 1 });
  assert.equal((await live.get('of 3.1.1')).properties, undefined);
  await writer.publish(`${name}/kept`, '', { qos: 1, retain: true });
});

test('a request is answered where it says, with its correlation data', async () => {
  // MQTT5-3.3.2-14, MQTT5-3.1.2-28, 4.10
  const name = newId();
  const asker = await peer(0, { properties: { requestResponseInformation: false } });
  assert.equal(asker.connack.properties.responseInformation, undefined);
  const service = await peer(1);
  await service.subscribe(`${name}/requests`, { qos: 1 });
  await asker.subscribe(`${name}/answers/+`, { qos: 1 });
  for (const number of ['1', '2']) {
    const correlationData = Buffer.from([0, 255, Number(number)]);
    const responseTopic = `${name}/answers/${number}`;
    await asker.publish(`${name}/requests`, `ask ${number}`, { qos: 1, properties: { responseTopic, correlationData } });
    const { properties } = await service.get(`ask ${number}`);
    await service.publish(properties.responseTopic, `answer ${number}`, { qos: 1, properties: { correlationData: properties.correlationData } });
    const answer = await asker.get(`answer ${number}`);
    assert.equal(answer.topic, responseTopic);
    assert.deepEqual(answer.properties.correlationData, correlationData);
  }
});

test('the life of a message goes on with it, and nobody is sent one that is over', async () => {
  // MQTT5-3.3.2-5, MQTT5-3.3.2-6
  const [name, id] = [newId(), newId()];
  const reader = await peer(1);
  await reader.subscribe(`${name}/#`, { qos: 1 });
  const away = await stored(0, id);
  await away.subscribe(`${name}/#`, { qos: 1, rh: 2 });
  await away.disconnect();
  const writer = await peer(0);
  const life = (messageExpiryInterval, retain) => ({ qos: 1, retain, properties: { messageExpiryInterval } });
  await writer.publish(`${name}/long`, 'long', life(1000, true));
  await writer.publish(`${name}/short`, 'short', life(1, true));
  await writer.publish(`${name}/most`, 'most', life(0xffffffff, false));
  await writer.publish(`${name}/none`, 'none', { qos: 1 });
  const left = ({ properties }) => properties?.messageExpiryInterval;
  assert.ok(left(await reader.get('long')) <= 1000);
  assert.ok(left(await reader.get('most')) > 0xffffff00);
  assert.equal(left(await reader.get('none')), undefined);
  await passed(2100);
  const late = await peer(1);
  await late.subscribe(`${name}/#`, { qos: 1 });
  const kept = left(await late.get('long'));
  assert.ok(kept > 900 && kept < 1000, `${kept}`);
  assert.deepEqual(await late.settled(), ['long']);
  const back = await stored(1, id);
  const queued = left(await back.get('long'));
  assert.ok(queued > 900 && queued < 1000, `${queued}`);
  assert.deepEqual(await back.settled(), ['long', 'most', 'none']);
  await writer.publish(`${name}/long`, '', { qos: 1, retain: true });
});

test('a will waits for its delay or the end of its session, whichever is first', async () => {
  // MQTT5-3.1.2-8, MQTT5-3.1.2-10, MQTT5-3.1.3-9, MQTT5-3.14.4-3
  const name = newId();
  const watcher = await peer(1);
  await watcher.subscribe(`${name}/#`, { qos: 1 });
  const delayed = (payload, willDelayInterval) => ({ will: will(`${name}/x`, payload, { properties: { willDelayInterval } }) });
  await (await stored(0, newId(), delayed('after 0x00', 0))).disconnect();
  await (await stored(0, newId(), delayed('after 0x00, delayed', 1))).disconnect({ reasonCode: 0 });
  await (await stored(0, newId(), delayed('after 0x04', 0))).disconnect({ reasonCode: 4 });
  await watcher.get('after 0x04');
  await (await peer(0, delayed('session over at once', 100))).drop();
  await watcher.get('session over at once');
  const [cleaned, taken] = [newId(), newId()];
  await (await stored(0, cleaned, delayed('session over by clean start', 100))).drop();
  await peer(1, { clientId: cleaned });
  await watcher.get('session over by clean start');
  const began = performance.now();
  await (await lasting(0, newId(), 1, delayed('session over in time', 100))).drop();
  await (await stored(0, taken, delayed('dropped', 1))).drop();
  await (await stored(0, newId(), delayed('delayed', 1))).disconnect({ reasonCode: 4 });
  const back = await stored(1, taken);
  assert.equal(back.present, true);
  for (const payload of ['session over in time', 'delayed']) {
    await watcher.get(payload);
    assert.ok(performance.now() - began >= 1000, payload);
  }
  // Of the same delay and older than this one.
  await (await stored(0, newId(), delayed('last', 1))).drop();
  await watcher.get('last');
  assert.deepEqual((await watcher.settled()).filter((payload) => payload === 'dropped' || payload.startsWith('after 0x00')), []);
});

test('acknowledgements say what became of each filter and of unknown packet ids', async () => {
  // MQTT5-3.8.4-6, MQTT5-3.8.4-7, MQTT5-3.11.3-1, MQTT5-3.11.3-2, MQTT5-3.4.2-1, MQTT5-3.5.2-1, MQTT5-3.6.2-1, MQTT5-3.7.2-1
  const name = newId();
  const client = await peer(0);
  const others = { userProperties: { why: 'not' } };
  const filters = [{ topic: `${name}/a`, qos: 2 }, { topic: '$SYS/#', qos: 0 }, { topic: `${name}/b`, qos: 1 }];
  assert.deepEqual(await client.subscribe(filters, { properties: others }), [2, 0x80, 1]);
  await client.send({ cmd: 'unsubscribe', messageId: 77, unsubscriptions: [`${name}/b`, `${name}/B`, `${name}/a`], properties: others });
  assert.deepEqual((await client.next('unsuback')).granted, [0, 0x11, 0]);
  for (const qos of [1, 2]) {
    const { reasonCode } = await client.publish(`${name}/nobody`, 'x', { qos });
    assert.ok([0, 0x10].includes(reasonCode), `0x${reasonCode.toString(16)}`);
  }
  await client.send({ cmd: 'pubrel', messageId: 999 });
  assert.equal((await client.next('pubcomp')).reasonCode, 0x92);
  await client.send({ cmd: 'pubrec', messageId: 998 });
  assert.equal((await client.next('pubrel')).reasonCode, 0x92);
  await client.send({ cmd: 'puback', messageId: 997 }, { cmd: 'pubcomp', messageId: 996 });
  for (const qos of [1, 2]) assert.equal((await client.publish('$SYS/x', 'x', { qos })).reasonCode, 0x87);
  await client.ping();
});
