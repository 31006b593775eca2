// What the public conformance suites ask of a broker of MQTT 3.1.1, packet by packet on two gateways. Each test names its clauses.
// On the cluster `open` (tests/e2e/CMakeLists.txt): every topic open, clients without a token.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { TIMEOUT_MS, eventually, query } from './cluster.mjs';
import { newId } from './device.mjs';
import { Peer, text, will } from './peer.mjs';
import { Raw, endRaw, field, rawConnect, rawPacket } from './raw.mjs';

after(endRaw);

const peer = (index = 0, options = {}) => Peer.connect({ index, ...options });
const stored = (index, clientId, options = {}) => peer(index, { clientId, clean: false, ...options });

// What the connections have left of these sessions is stored.
function atRest(...ids) {
  const connected = `select count(*) from delivery.session where connected and client_id in (${ids.map((id) => `'${id}'::bytea`)})`;
  return eventually('the end of their connections', async () => (await query(connected)) === '0');
}

test('a message comes at the lower of the two QoS, by the handshake of that QoS', async () => {
  // MQTT-2.3.1-5, MQTT-2.3.1-6, MQTT-3.8.4-6, MQTT-4.3.1-1, MQTT-4.3.2-1, MQTT-4.3.2-2, MQTT-4.3.3-1, MQTT-4.3.3-2
  const name = newId();
  const payload = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const writer = await peer(0);
  const readers = await Promise.all([0, 1, 2].map(() => peer(1, { acks: false })));
  assert.deepEqual(await Promise.all(readers.map((reader, qos) => reader.subscribe(`${name}/+`, { qos }))), [[0], [1], [2]]);
  for (const qos of [0, 1, 2]) await writer.publish(`${name}/${qos}`, payload, { qos });
  await writer.publish(`${name}/empty`, '', { qos: 2 });
  for (const [asked, reader] of readers.entries()) {
    for (const sent of [0, 1, 2]) {
      const got = await reader.next('publish', ({ topic }) => topic === `${name}/${sent}`);
      const qos = Math.min(asked, sent);
      assert.deepEqual([got.qos, got.dup, got.retain, got.payload], [qos, false, false, payload]);
      const mine = ({ messageId }) => messageId === got.messageId;
      if (qos > 0) await reader.send({ cmd: qos === 1 ? 'puback' : 'pubrec', messageId: got.messageId });
      if (qos < 2) continue;
      await reader.next('pubrel', mine);
      await reader.send({ cmd: 'pubcomp', messageId: got.messageId });
    }
    const empty = await reader.next('publish', ({ topic }) => topic === `${name}/empty`);
    assert.deepEqual([empty.qos, empty.payload.length], [asked, 0]);
    assert.equal((await reader.settled()).length, 4);
  }
});

test('a retained message of any QoS waits for subscribers until another takes its place or an empty one clears it', async () => {
  // MQTT-3.3.1-5, MQTT-3.3.1-6, MQTT-3.3.1-7, MQTT-3.3.1-8, MQTT-3.3.1-9, MQTT-3.3.1-10, MQTT-3.3.1-11, MQTT-3.3.1-12, MQTT-3.8.4-3
  const writer = await peer(0);
  for (const qos of [0, 1, 2]) {
    const name = newId();
    const topic = `${name}/a/b`;
    const live = await peer(0);
    await live.subscribe(topic, { qos: 2 });
    for (const payload of ['old', 'new']) {
      await writer.publish(topic, payload, { qos, retain: true });
      assert.equal((await live.get(payload)).retain, false, 'to a subscription that stands');
    }
    await writer.publish(topic, 'plain', { qos });
    await live.get('plain');
    for (const filter of [topic, `${name}/+/b`, `${name}/#`]) {
      const late = await peer(1);
      await late.subscribe(filter, { qos: 1 });
      const got = await late.get('new');
      assert.deepEqual([got.topic, got.qos, got.retain, got.dup], [topic, Math.min(qos, 1), true, false]);
      assert.deepEqual(await late.settled(), ['new']);
      await late.subscribe(filter, { qos: 0 });
      assert.deepEqual([(await late.get('new')).qos, (await late.settled()).length], [0, 2], 'to the same filter again');
      await late.disconnect();
    }
    await writer.publish(topic, '', { qos, retain: true });
    assert.equal((await live.get('')).retain, false);
    const none = await peer(1);
    await none.subscribe(`${name}/#`, { qos: 2 });
    assert.deepEqual(await none.settled(), []);
  }
});

test('a stored session is given what came while it was away, before it says a word', async () => {
  // MQTT-3.1.2-4, MQTT-3.1.2-5, MQTT-3.1.2-6, MQTT-3.1.2-7, MQTT-3.2.2-1, MQTT-3.2.2-2, MQTT-3.2.2-3
  const [name, id] = [newId(), newId()];
  let reader = await stored(1, id);
  assert.equal(reader.present, false);
  await reader.subscribe([{ topic: `${name}/one`, qos: 1 }, { topic: `${name}/two`, qos: 2 }]);
  await reader.disconnect();
  const writer = await peer(0);
  const payloads = ['a', 'b', 'c', 'd', 'e', 'f'];
  for (const [n, payload] of payloads.entries()) await writer.publish(`${name}/${n % 2 ? 'one' : 'two'}`, payload, { qos: 2 });
  reader = await stored(0, id);
  assert.equal(reader.present, true);
  await reader.get('f');
  const got = reader.messages();
  assert.deepEqual(got.map(text), payloads);
  assert.deepEqual(got.map(({ qos }) => qos), [2, 1, 2, 1, 2, 1]);
  assert.ok(got.every(({ dup, retain }) => !dup && !retain));
  await writer.publish(`${name}/one`, 'kept', { qos: 1, retain: true });
  await reader.get('kept');
  await reader.disconnect();
  const clean = await peer(1, { clientId: id });
  assert.equal(clean.present, false);
  await writer.publish(`${name}/one`, 'late', { qos: 1 });
  assert.deepEqual(await clean.settled(), []);
  await clean.disconnect();
  reader = await stored(0, id);
  assert.equal(reader.present, false, 'a clean session leaves nothing');
  await reader.subscribe(`${name}/one`, { qos: 1 });
  assert.equal((await reader.get('kept')).retain, true, 'retained messages are no part of a session');
});

test('what was not acknowledged comes again on the next connection, with DUP, its own id and in its order', async () => {
  // MQTT-3.3.1-1, MQTT-3.3.1-2, MQTT-4.3.2-1, MQTT-4.3.3-1, MQTT-4.4.0-1, MQTT-4.6.0-1, MQTT-4.6.0-4
  const [name, id] = [newId(), newId()];
  const writer = await peer(0);
  let reader = await stored(1, id, { acks: false });
  await reader.subscribe(name, { qos: 2 });
  const sent = { one: 1, two: 2, three: 2, four: 1, five: 1, six: 2 };
  const ids = {};
  for (const [payload, qos] of Object.entries(sent)) await writer.publish(name, payload, { qos });
  for (const payload of Object.keys(sent)) ids[payload] = (await reader.get(payload)).messageId;
  assert.equal(new Set(Object.values(ids)).size, 6);
  for (const payload of ['six', 'three']) {
    await reader.send({ cmd: 'pubrec', messageId: ids[payload] });
    await reader.next('pubrel', ({ messageId }) => messageId === ids[payload]);
  }
  await reader.send({ cmd: 'puback', messageId: ids.four });
  await reader.ping();
  await reader.drop();
  for (const index of [0, 1]) { // repeated until it is acknowledged
    reader = await stored(index, id, { acks: false });
    assert.equal(reader.present, true);
    await reader.get('five');
    const again = reader.messages();
    assert.deepEqual(again.map(text), ['one', 'two', 'five']);
    assert.deepEqual(again.map(({ messageId }) => messageId), [ids.one, ids.two, ids.five]);
    assert.deepEqual(again.map(({ dup, qos }) => [dup, qos]), [[true, 1], [true, 2], [true, 1]]);
    for (const payload of ['six', 'three']) await reader.next('pubrel', ({ messageId }) => messageId === ids[payload]);
    const releases = reader.raw.packets.filter(({ cmd }) => cmd === 'pubrel').map(({ messageId }) => messageId);
    assert.deepEqual(releases, [ids.six, ids.three], 'in the order of PUBREC');
    if (index === 0) await reader.drop();
  }
  for (const payload of ['six', 'three']) await reader.send({ cmd: 'pubcomp', messageId: ids[payload] });
  for (const payload of ['one', 'five']) await reader.send({ cmd: 'puback', messageId: ids[payload] });
  await reader.send({ cmd: 'pubrec', messageId: ids.two });
  await reader.next('pubrel', ({ messageId }) => messageId === ids.two);
  await reader.send({ cmd: 'pubcomp', messageId: ids.two });
  await reader.ping();
  await reader.drop();
  reader = await stored(0, id);
  assert.deepEqual(await reader.settled(), []);
  assert.equal(reader.raw.packets.filter(({ cmd }) => cmd === 'pubrel').length, 0);
});

test('a SUBSCRIBE right before the end leaves what is in flight as it is', async () => {
  // MQTT-4.3.3-1, MQTT-4.4.0-1
  const writer = await peer(0);
  const sessions = await Promise.all(Array.from({ length: 30 }, async () => {
    const [name, id] = [newId(), newId()];
    const reader = await stored(1, id, { acks: false });
    await reader.subscribe(name, { qos: 2 });
    await writer.publish(name, 'once', { qos: 2 });
    const { messageId } = await reader.get('once');
    await reader.send({ cmd: 'subscribe', messageId: 1000, subscriptions: [{ topic: `${name}/x`, qos: 1 }] }, { cmd: 'disconnect' });
    await reader.raw.closed;
    return { id, messageId };
  }));
  await atRest(...sessions.map(({ id }) => id));
  await Promise.all(sessions.map(async ({ id, messageId }) => {
    const again = await (await stored(0, id)).get('once');
    assert.deepEqual([again.messageId, again.dup], [messageId, true]);
  }));
});

test('a retained message that was not acknowledged comes again as a retained one', async () => {
  // MQTT-3.3.1-8, MQTT-4.4.0-1
  const [name, id] = [newId(), newId()];
  const writer = await peer(0);
  await writer.publish(name, 'kept', { qos: 1, retain: true });
  const reader = await stored(1, id, { acks: false });
  await reader.subscribe(name, { qos: 1 });
  const first = await reader.get('kept');
  assert.equal(first.retain, true);
  await reader.drop();
  const again = await (await stored(0, id)).get('kept');
  assert.deepEqual([again.messageId, again.dup, again.retain], [first.messageId, true, true]);
});

test('a publisher that repeats itself after a lost connection is heard once at QoS 2', async () => {
  // MQTT-2.3.1-3, MQTT-4.3.3-2, MQTT-4.4.0-1
  const [name, id] = [newId(), newId()];
  const reader = await peer(1);
  await reader.subscribe(name, { qos: 2 });
  const message = (payload, messageId, dup) => ({ cmd: 'publish', topic: name, payload, qos: 2, messageId, dup, retain: false });
  let writer = await stored(0, id);
  await writer.send(message('received', 7, false));
  await writer.next('pubrec');
  await writer.send(message('received', 7, true));
  await writer.next('pubrec');
  await writer.send(message('unanswered', 8, false));
  await writer.drop();
  writer = await stored(1, id);
  assert.equal(writer.present, true);
  for (const [payload, messageId] of [['received', 7], ['unanswered', 8]]) {
    await writer.send(message(payload, messageId, true));
    await writer.next('pubrec', (packet) => packet.messageId === messageId);
  }
  await writer.drop();
  writer = await stored(0, id);
  for (const messageId of [7, 8, 8]) {
    await writer.send({ cmd: 'pubrel', messageId });
    await writer.next('pubcomp', (packet) => packet.messageId === messageId);
  }
  await writer.send(message('another', 7, false));
  await writer.next('pubrec');
  await writer.send({ cmd: 'pubrel', messageId: 7 });
  await reader.get('another');
  assert.deepEqual(await reader.settled(), ['received', 'unanswered', 'another']);
});

test('QoS 2 is heard once however often the connection breaks before PUBREC', async () => {
  // MQTT-4.3.3-2
  const name = newId();
  const reader = await peer(1);
  await reader.subscribe(name, { qos: 2 });
  const payloads = Array.from({ length: 10 }, (_, n) => `m${n}`);
  await Promise.all(payloads.map(async (payload, n) => {
    const id = newId();
    const message = { cmd: 'publish', topic: name, payload, qos: 2, messageId: 1, retain: false };
    for (const [round, index] of [n, n, n + 1].entries()) {
      const writer = await stored(index % 2, id);
      await writer.send({ ...message, dup: round > 0 });
      await writer.drop();
    }
    const writer = await stored(0, id);
    await writer.send({ ...message, dup: true });
    await writer.next('pubrec');
    await writer.send({ cmd: 'pubrel', messageId: 1 });
    await writer.next('pubcomp');
  }));
  assert.deepEqual((await reader.settled()).sort(), payloads);
});

test('a will is published when a connection ends without DISCONNECT, and not after one', async () => {
  // MQTT-3.1.2-8, MQTT-3.1.2-10, MQTT-3.1.2-16, MQTT-3.14.4-3
  const name = newId();
  const watcher = await peer(1);
  await watcher.subscribe(`${name}/#`, { qos: 2 });
  const leaver = await peer(0, { will: will(`${name}/x`, 'after DISCONNECT', { qos: 2 }) });
  await leaver.disconnect();
  const storing = await stored(0, newId(), { will: will(`${name}/x`, 'after DISCONNECT', { qos: 2 }) });
  await storing.disconnect();
  for (const qos of [0, 1, 2]) {
    await (await peer(0, { will: will(`${name}/x`, `will ${qos}`, { qos }) })).drop();
    const got = await watcher.get(`will ${qos}`);
    assert.deepEqual([got.topic, got.qos, got.retain], [`${name}/x`, qos, false]);
  }
  await (await stored(0, newId(), { will: will(`${name}/x`, 'of a stored session') })).drop();
  await watcher.get('of a stored session');
  await (await peer(0, { will: will(`${name}/empty`, '') })).drop();
  await watcher.get('');
  assert.deepEqual(await watcher.settled(), ['will 0', 'will 1', 'will 2', 'of a stored session', '']);
});

test('a retained will is there for those who subscribe later, and an empty one clears it', async () => {
  // MQTT-3.1.2-17, MQTT-3.3.1-10
  const topic = `${newId()}/will`;
  const watcher = await peer(1);
  await watcher.subscribe(topic, { qos: 1 });
  await (await peer(0, { will: will(topic, 'gone', { retain: true }) })).drop();
  assert.equal((await watcher.get('gone')).retain, false);
  const late = await peer(0);
  await late.subscribe(topic, { qos: 1 });
  assert.equal((await late.get('gone')).retain, true);
  await (await peer(1, { will: will(topic, '', { retain: true }) })).drop();
  await watcher.get('');
  const later = await peer(0);
  await later.subscribe(topic, { qos: 1 });
  assert.deepEqual(await later.settled(), []);
});

test('SUBACK answers filter by filter, and overlapping ones give the highest QoS', async () => {
  // MQTT-3.3.5-1, MQTT-3.8.4-1, MQTT-3.8.4-2, MQTT-3.8.4-4, MQTT-3.8.4-5, MQTT-3.9.3-1
  const name = newId();
  const reader = await peer(1);
  const filters = [{ topic: `${name}/a`, qos: 0 }, { topic: '$SYS/#', qos: 1 }, { topic: `${name}/+`, qos: 2 }, { topic: `${name}/#`, qos: 1 }];
  assert.deepEqual(await reader.subscribe(filters), [0, 0x80, 2, 1]);
  const many = Array.from({ length: 60 }, (_, n) => ({ topic: `${name}/many/${n}`, qos: n % 3 }));
  assert.deepEqual(await reader.subscribe(many), many.map(({ qos }) => qos));
  const writer = await peer(0);
  await writer.publish(`${name}/a`, 'both', { qos: 2 });
  await reader.settled();
  assert.deepEqual(reader.messages().map((packet) => [text(packet), packet.qos]), [['both', 2]]);
  await reader.subscribe(`${name}/+`, { qos: 0 });
  await writer.publish(`${name}/a`, 'lower', { qos: 2 });
  assert.equal((await reader.get('lower')).qos, 1, 'of the filter that was asked for anew');
});

test('filters match level by level and byte by byte, and no wildcard matches a leading $', async () => {
  // MQTT-3.3.2-3, MQTT-4.7.1-1, MQTT-4.7.1-2, MQTT-4.7.1-3, MQTT-4.7.2-1, MQTT-4.7.3-1, MQTT-4.7.3-4, MQTT-1.5.3-3
  const n = newId();
  const table = {
    [n]: [n],
    [`${n}/`]: [`${n}/`],
    [`/${n}`]: [`/${n}`],
    [`${n}/+`]: [`${n}/`, `${n}/a`, `${n}/A`, `${n}/a `, `${n}/\uFEFFé😀`],
    [`${n}/+/`]: [`${n}/a/`],
    [`${n}//+`]: [`${n}//a`],
    [`${n}/#`]: [n, `${n}/`, `${n}//a`, `${n}/a`, `${n}/a/`, `${n}/a/b`, `${n}/A`, `${n}/a `, `${n}/\uFEFFé😀`],
    [`${n}/a/#`]: [`${n}/a`, `${n}/a/`, `${n}/a/b`],
    [`${n}/\uFEFFé😀`]: [`${n}/\uFEFFé😀`],
    [`+/${n}`]: [`/${n}`],
    '/+': [`/${n}`],
    '/#': [`/${n}`, `/${n}/a`],
    '+': [n],
    '+/+': [`${n}/`, `/${n}`, `${n}/a`, `${n}/A`, `${n}/a `, `${n}/\uFEFFé😀`],
    '+/+/a': [`${n}//a`, `/${n}/a`],
  };
  const topics = [...new Set(Object.values(table).flat())];
  table['#'] = topics;
  const readers = await Promise.all(Object.keys(table).map(async (filter, place) => {
    const reader = await peer(place);
    assert.deepEqual(await reader.subscribe(filter, { qos: 1 }), [1], filter);
    return reader;
  }));
  const writer = await peer(0);
  for (const topic of [`$${n}`, `$${n}/a`, `$${n}/${n}`, ...topics]) await writer.publish(topic, topic, { qos: 1 });
  await Promise.all(Object.entries(table).map(async ([filter, expected], place) => {
    await readers[place].settled();
    const got = readers[place].messages().filter(({ topic }) => topic.includes(n));
    assert.ok(got.every((packet) => text(packet) === packet.topic));
    assert.deepEqual(got.map(({ topic }) => topic), topics.filter((topic) => expected.includes(topic)), filter);
  }));
});

test('UNSUBSCRIBE takes what it names, letter by letter, and is always answered', async () => {
  // MQTT-2.3.1-7, MQTT-3.10.4-1, MQTT-3.10.4-2, MQTT-3.10.4-3, MQTT-3.10.4-4, MQTT-3.10.4-5, MQTT-3.10.4-6
  const name = newId();
  const reader = await peer(1);
  await reader.subscribe([`${name}/a`, `${name}/b`, `${name}/+`], { qos: 1 });
  const writer = await peer(0);
  await reader.unsubscribe(`${name}/+`);
  await writer.publish(`${name}/a`, 'one', { qos: 1 });
  await writer.publish(`${name}/c`, 'none', { qos: 1 });
  await reader.get('one');
  await reader.unsubscribe([`${name}/A`, `${name}/#`, `${name}/never`]);
  await writer.publish(`${name}/b`, 'two', { qos: 1 });
  await reader.get('two');
  await reader.unsubscribe([`${name}/b`, `${name}/unknown`, `${name}/a`]);
  for (const topic of ['a', 'b', 'c']) await writer.publish(`${name}/${topic}`, 'none', { qos: 1 });
  assert.deepEqual(await reader.settled(), ['one', 'two']);

  const id = newId();
  let slow = await stored(1, id, { acks: false });
  await slow.subscribe(name, { qos: 2 });
  await writer.publish(name, 'begun', { qos: 2 });
  const { messageId } = await slow.get('begun');
  await slow.unsubscribe(name);
  await writer.publish(name, 'none', { qos: 2 });
  await slow.drop();
  slow = await stored(0, id, { acks: false });
  assert.equal((await slow.get('begun')).messageId, messageId, 'what was begun is completed');
  await slow.send({ cmd: 'pubrec', messageId });
  await slow.next('pubrel', (packet) => packet.messageId === messageId);
  assert.deepEqual(await slow.settled(), ['begun']);
});

test('a client without an id is given one with a clean session and refused without', async () => {
  // MQTT-3.1.3-6, MQTT-3.1.3-7, MQTT-3.1.3-8, MQTT-3.2.2-4, MQTT-3.2.2-5
  const pair = await Promise.all([0, 0].map((index) => peer(index, { clientId: '' })));
  const name = newId();
  await pair[0].subscribe(name, { qos: 1 });
  await pair[1].publish(name, 'from another', { qos: 1 });
  await pair[0].get('from another');
  assert.deepEqual(await pair[1].settled(), []);
  assert.deepEqual(await pair[0].settled(), ['from another'], 'and nothing unasked');
  const refused = await Raw.tcp(1);
  const witness = await peer(1);
  await witness.subscribe(name, { qos: 1 });
  await refused.send(Buffer.concat([rawConnect({ flags: 0, clientId: '' }), rawPacket(0x30, field(name), Buffer.from('refused'))]));
  await refused.closed;
  assert.equal(refused.bytes.toString('hex'), '20020002');
  assert.deepEqual(await witness.settled(), [], 'MQTT-3.1.4-5: what follows a refused CONNECT is not handled');
});

test('a second connection with the id ends the first and takes its session over', async () => {
  // MQTT-3.1.4-2, MQTT-3.1.4-3, MQTT-3.1.4-4
  const [name, id] = [newId(), newId()];
  const writer = await peer(0);
  let current = await stored(0, id, { acks: false });
  await current.subscribe(name, { qos: 1 });
  await writer.publish(name, 'unacknowledged', { qos: 1 });
  await current.get('unacknowledged');
  for (const index of [0, 1, 0]) {
    const next = await stored(index, id, { acks: false });
    assert.ok(await current.isClosed());
    assert.equal(next.present, true);
    assert.equal((await next.get('unacknowledged')).dup, true);
    current = next;
  }
  const clean = await peer(1, { clientId: id });
  assert.ok(await current.isClosed());
  assert.equal(clean.present, false);
  await writer.publish(name, 'to nobody', { qos: 1 });
  assert.deepEqual(await clean.settled(), []);
});

test('a session that went to another gateway and came back is as its last connection left it', async () => {
  // MQTT-3.1.2-4, MQTT-4.1.0-1, MQTT-4.3.3-1
  const [name, id] = [newId(), newId()];
  const left = async (client) => {
    await client.disconnect();
    await atRest(id);
  };
  const writer = await peer(0);
  const first = await stored(0, id, { acks: false });
  await first.subscribe([`${name}/a`, `${name}/b`], { qos: 2 });
  await writer.publish(`${name}/a`, 'once', { qos: 2 });
  await first.get('once');
  await left(first);
  const second = await stored(1, id);
  await second.get('once');
  await second.unsubscribe(`${name}/b`);
  await second.settled();
  await left(second);
  await writer.publish(`${name}/b`, 'none', { qos: 2 });
  await writer.publish(`${name}/a`, 'next', { qos: 2 });
  const third = await stored(0, id);
  assert.equal(third.present, true);
  assert.deepEqual(await third.settled(), ['next']);
});

test('a silent client is closed after one and a half times its keep-alive, one that pings or has none is not', async () => {
  // MQTT-3.1.2-24, MQTT-3.12.4-1, MQTT-3.1.2-8
  const name = newId();
  const watcher = await peer(1);
  await watcher.subscribe(name, { qos: 1 });
  const began = performance.now();
  const silent = await peer(0, { keepalive: 1, will: will(name, 'silent') });
  const free = await peer(0, { keepalive: 0 });
  const lively = await peer(0, { keepalive: 2 });
  let closedAt;
  silent.raw.closed.then(() => { closedAt = performance.now(); });
  for (let past = 0; past < TIMEOUT_MS && (closedAt === undefined || past < 3500); past = performance.now() - began) {
    await lively.ping();
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  assert.ok(closedAt - began >= 1500, `${closedAt - began}`);
  await watcher.get('silent');
  await free.ping();
});

test('packets may come in pieces, many at once, and right behind CONNECT', async () => {
  // MQTT-3.1.4-4, MQTT-3.2.0-1, MQTT-4.2.0-1
  const name = newId();
  const bytes = (clientId) => Buffer.concat([rawConnect({ clientId }), rawPacket(0x82, '0001', field(name), '01'),
    rawPacket(0x32, field(name), '0002', Buffer.from('one')), rawPacket(0x34, field(name), '0003', Buffer.from('two')),
    rawPacket(0xc0), rawPacket(0xa2, '0004', field(name)), rawPacket(0xc0)]);
  for (const pieces of [1, 1000]) {
    const client = new Peer(await Raw.tcp(0), `c${newId()}`, true);
    const all = bytes(client.clientId);
    const size = Math.ceil(all.length / pieces);
    for (let at = 0; at < all.length; at += size) await client.bytes(all.subarray(at, at + size));
    for (const cmd of ['connack', 'suback', 'pingresp', 'unsuback', 'pingresp', 'puback', 'pubrec']) await client.next(cmd);
    const answers = client.raw.packets.map(({ cmd }) => cmd);
    assert.equal(answers[0], 'connack');
    assert.ok(answers.indexOf('suback') < answers.indexOf('unsuback') && answers.indexOf('puback') < answers.indexOf('pubrec'), answers.join());
    await client.send({ cmd: 'pubrel', messageId: 3 });
    await client.next('pubcomp');
    await client.disconnect();
  }
});

test('order holds: of acknowledgements, and of the messages of each QoS from a publisher to a subscriber', async () => {
  // MQTT-4.5.0-1, MQTT-4.6.0-2, MQTT-4.6.0-3, MQTT-4.6.0-5, MQTT-4.6.0-6
  const name = newId();
  const reader = await peer(1);
  await reader.subscribe(`${name}/#`, { qos: 2 });
  const writer = await peer(0);
  const COUNT = 100;
  const packets = Array.from({ length: COUNT }, (_, n) => ({ cmd: 'publish', topic: `${name}/${n % 2}`, payload: `${n}`, qos: n % 3,
    messageId: n % 3 ? n + 1 : undefined, retain: false, dup: false }));
  await writer.send(...packets);
  const answered = (cmd) => writer.raw.packets.filter((packet) => packet.cmd === cmd).map(({ messageId }) => messageId);
  const sent = (qos) => packets.filter((packet) => packet.qos === qos);
  await eventually('every answer', () => answered('puback').length + answered('pubrec').length === sent(1).length + sent(2).length);
  assert.deepEqual(answered('puback'), sent(1).map(({ messageId }) => messageId));
  assert.deepEqual(answered('pubrec'), sent(2).map(({ messageId }) => messageId));
  await writer.send(...sent(2).map(({ messageId }) => ({ cmd: 'pubrel', messageId })));
  await eventually('every PUBCOMP', () => answered('pubcomp').length === sent(2).length);
  await eventually('every message', () => reader.messages().length === COUNT);
  const got = (wanted) => reader.messages().filter(wanted).map(text);
  assert.deepEqual(got(({ qos }) => qos > 0), packets.filter(({ qos }) => qos > 0).map(({ payload }) => payload));
  assert.deepEqual(got(({ qos }) => qos === 0), sent(0).map(({ payload }) => payload));
});

test('a payload of half a mebibyte passes whole', async () => {
  // MQTT-4.3.2-2, MQTT-4.3.3-2
  const name = newId();
  const payload = Buffer.alloc(1 << 19, 'chat');
  const [reader, writer] = [await peer(1), await peer(0)];
  await reader.subscribe(name, { qos: 2 });
  for (const qos of [1, 2]) {
    await writer.publish(name, payload, { qos, retain: true });
    assert.ok((await reader.next('publish')).payload.equals(payload));
  }
  await writer.publish(name, '', { qos: 1, retain: true });
});
