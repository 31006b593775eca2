// What the public conformance suites send that breaks the standard: each packet ends its own connection only, as the version says.
// On the cluster `open` (tests/e2e/CMakeLists.txt): every topic open, clients without a token.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { eventually } from './cluster.mjs';
import { newId } from './device.mjs';
import { Peer, ended, will } from './peer.mjs';
import { Raw, endRaw, field, rawConnect, rawPacket, variable } from './raw.mjs';

after(endRaw);

// 3.1.1: packets that break a clause, behind a CONNECT that was accepted.
const BROKEN_3 = [
  ['MQTT-2.2.1 type 0', rawPacket(0x00)],
  ['MQTT-2.2.1 type 15', rawPacket(0xf0)],
  ['MQTT-2.2.1 CONNACK', rawPacket(0x20, '0000')],
  ['MQTT-2.2.1 SUBACK', rawPacket(0x90, '000100')],
  ['MQTT-2.2.1 UNSUBACK', rawPacket(0xb0, '0001')],
  ['MQTT-2.2.1 PINGRESP', rawPacket(0xd0)],
  ['MQTT-2.2.2-2 flags of PINGREQ', rawPacket(0xc1)],
  ['MQTT-2.2.2-2 flags of PUBACK', rawPacket(0x42, '0001')],
  ['MQTT-2.2.3 length of five bytes', Buffer.from('30ffffffff01', 'hex')],
  ['MQTT-2.2.3 PINGREQ with a body', rawPacket(0xc0, '00')],
  ['MQTT-2.2.3 PUBACK without id', rawPacket(0x40)],
  ['MQTT-2.2.3 PUBACK of three bytes', rawPacket(0x40, '000100')],
  ['MQTT-2.3.1-1 PUBLISH with id 0', rawPacket(0x32, field('a'), '0000')],
  ['MQTT-2.3.1-1 SUBSCRIBE with id 0', rawPacket(0x82, '0000', field('a'), '00')],
  ['MQTT-2.3.1-1 UNSUBSCRIBE with id 0', rawPacket(0xa2, '0000', field('a'))],
  ['MQTT-2.3.1-1 PUBREL with id 0', rawPacket(0x62, '0000')],
  ['MQTT-3.1.0-2 a second CONNECT', rawConnect()],
  ['MQTT-3.3.1-2 DUP at QoS 0', rawPacket(0x38, field('a'))],
  ['MQTT-3.3.1-4 QoS 3', rawPacket(0x36, field('a'), '0001')],
  ['MQTT-3.3.2-1 topic beyond the packet', rawPacket(0x30, '000561')],
  ['MQTT-3.3.2-2 + in the topic', rawPacket(0x30, field('a/+'))],
  ['MQTT-3.3.2-2 # in the topic', rawPacket(0x30, field('#'))],
  ['MQTT-4.7.3-1 empty topic', rawPacket(0x30, field(''))],
  ['MQTT-1.5.3-1 surrogate in the topic', rawPacket(0x30, field(Buffer.from('eda080', 'hex')))],
  ['MQTT-1.5.3-1 overlong character in the topic', rawPacket(0x30, field(Buffer.from('c0af', 'hex')))],
  ['MQTT-1.5.3-1 half a character in the topic', rawPacket(0x30, field(Buffer.from('61e282', 'hex')))],
  ['MQTT-1.5.3-2 U+0000 in the topic', rawPacket(0x30, field('a\0b'))],
  ['MQTT-3.6.1-1 flags of PUBREL', rawPacket(0x60, '0001')],
  ['MQTT-3.8.1-1 flags of SUBSCRIBE', rawPacket(0x80, '0001', field('a'), '00')],
  ['MQTT-3.8.3-1 a filter that is not UTF-8', rawPacket(0x82, '0001', field(Buffer.from('ff', 'hex')), '00')],
  ['MQTT-3.8.3-3 SUBSCRIBE without filter', rawPacket(0x82, '0001')],
  ['MQTT-3.8.3-3 filter without QoS', rawPacket(0x82, '0001', field('a'))],
  ['MQTT-3-8.3-4 QoS 3 asked for', rawPacket(0x82, '0001', field('a'), '03')],
  ['MQTT-3-8.3-4 reserved bits beside the QoS', rawPacket(0x82, '0001', field('a'), '05')],
  ['MQTT-4.7.1-2 # is not last', rawPacket(0x82, '0001', field('a/#/b'), '00')],
  ['MQTT-4.7.1-2 # is not alone', rawPacket(0x82, '0001', field('a#'), '00')],
  ['MQTT-4.7.1-3 + is not alone', rawPacket(0x82, '0001', field('a+/b'), '00')],
  ['MQTT-4.7.3-1 empty filter', rawPacket(0x82, '0001', field(''), '00')],
  ['MQTT-3.10.1-1 flags of UNSUBSCRIBE', rawPacket(0xa0, '0001', field('a'))],
  ['MQTT-3.10.3-1 UNSUBSCRIBE of what is not UTF-8', rawPacket(0xa2, '0001', field(Buffer.from('ff', 'hex')))],
  ['MQTT-3.10.3-2 UNSUBSCRIBE without filter', rawPacket(0xa2, '0001')],
  ['MQTT-3.14.1-1 flags of DISCONNECT', rawPacket(0xe1)],
  ['MQTT-2.2.3 DISCONNECT with a body', rawPacket(0xe0, '00')],
];

test('3.1.1: a packet that breaks a clause ends the connection without an answer, and the will is published', async () => {
  // MQTT-4.8.0-1, MQTT-3.1.2-8 and those of the table
  const name = newId();
  const watcher = await Peer.connect({ index: 1 });
  await watcher.subscribe(name, { qos: 1 });
  await Promise.all(BROKEN_3.map(async ([what, bytes], place) => {
    const client = await Peer.connect({ index: place, will: will(name, what) });
    await client.bytes(bytes);
    assert.ok(await client.isClosed(), what);
    assert.deepEqual(client.raw.packets.map(({ cmd }) => cmd), ['connack'], what);
  }));
  await eventually('every will', () => watcher.messages().length >= BROKEN_3.length);
  assert.deepEqual((await watcher.settled()).sort(), BROKEN_3.map(([what]) => what).sort());
});

test('3.1.1: a CONNECT that breaks a clause is closed without CONNACK', async () => {
  // MQTT-3.1.2-1, MQTT-3.1.2-3, MQTT-3.1.4-1 and those of the table
  const bad = Buffer.from('c328', 'hex');
  const cases = {
    'MQTT-2.2.2-2 flags of the fixed header': rawConnect({ first: 0x11 }),
    'MQTT-3.1.2-1 another protocol': rawConnect({ name: 'MQTX' }),
    'MQTT-3.1.2-3 reserved flag': rawConnect({ flags: 0x03 }),
    'MQTT-3.1.2-9 will without its fields': rawConnect({ flags: 0x06 }),
    'MQTT-3.1.2-13 will QoS without will': rawConnect({ flags: 0x0a }),
    'MQTT-3.1.2-14 will of QoS 3': rawConnect({ flags: 0x1e, payload: [field('a'), field('b')] }),
    'MQTT-3.1.2-15 will retain without will': rawConnect({ flags: 0x22 }),
    'MQTT-3.1.2-19 user name without its field': rawConnect({ flags: 0x82 }),
    'MQTT-3.1.2-22 password without user name': rawConnect({ flags: 0x42, payload: [field('b')] }),
    'MQTT-3.1.3-1 bytes behind the end': rawConnect({ payload: [field('a')] }),
    'MQTT-3.1.3-4 client id that is not UTF-8': rawConnect({ clientId: bad }),
    'MQTT-3.1.3-10 will topic that is not UTF-8': rawConnect({ flags: 0x06, payload: [field(bad), field('b')] }),
    'MQTT-3.1.3-11 user name that is not UTF-8': rawConnect({ flags: 0x82, payload: [field(bad)] }),
    'MQTT-4.7.1-1 wildcard in the will topic': rawConnect({ flags: 0x06, payload: [field('a/#'), field('b')] }),
  };
  await Promise.all(Object.entries(cases).map(async ([what, bytes], place) => {
    const raw = await Raw.tcp(place);
    await raw.send(bytes);
    assert.ok(await raw.isClosed(5000), what);
    assert.equal(raw.bytes.toString('hex'), '', what);
  }));
});

// 5.0: packets that break a clause, behind a CONNECT that was accepted, and the reasons that DISCONNECT may give.
const [MALFORMED, VIOLATION] = [[0x81], [0x82]];
const EITHER = [0x81, 0x82]; // the standard leaves open which
const publish = (properties, topic = 'a', first = 0x30, id = '') => rawPacket(first, field(topic), id, variable(properties.length / 2), properties);
const subscribe = (options, properties = '', filter = 'a') =>
  rawPacket(0x82, '0001', variable(properties.length / 2), properties, field(filter), options);
const BROKEN_5 = [
  ['MQTT5-2.2.1-3 PUBLISH with id 0', publish('', 'a', 0x32, '0000'), EITHER],
  ['MQTT5-2.2.2-1 no property length', rawPacket(0x30, field('a')), MALFORMED],
  ['MQTT5-2.2.2-1 properties beyond the packet', rawPacket(0x30, field('a'), '7f0101'), MALFORMED],
  ['MQTT5-1.5.5-1 length of properties is not the shortest', rawPacket(0x30, field('a'), '8000'), MALFORMED],
  ['MQTT5-2.2.2.2 unknown property', publish('7f00'), MALFORMED],
  ['MQTT5-2.2.2.2 property of CONNECT in PUBLISH', publish('1100000001'), EITHER],
  ['MQTT5-2.2.2.2 property of CONNECT in SUBSCRIBE', subscribe('00', '210001'), EITHER],
  ['MQTT5-2.2.2.2 property of PUBLISH in DISCONNECT', rawPacket(0xe0, '00020101'), EITHER],
  ['MQTT5-3.3.2.3.2 payload format twice', publish('01010101'), EITHER],
  ['MQTT5-3.3.2.3.2 payload format 2', publish('0102'), EITHER],
  ['MQTT5-3.3.2.3.3 message expiry twice', publish('02000000010200000001'), EITHER],
  ['MQTT5-3.3.2.3.4 topic alias twice', publish('230001230001'), EITHER],
  ['MQTT5-3.3.2.3.5 response topic twice', publish('08000161' + '08000161'), EITHER],
  ['MQTT5-3.3.2-14 wildcard in the response topic', publish('08000361' + '2f23'), EITHER],
  ['MQTT5-3.3.2.3.6 correlation data twice', publish('09000161' + '09000161'), EITHER],
  ['MQTT5-3.3.2.3.9 content type twice', publish('03000161' + '03000161'), EITHER],
  ['MQTT5-3.3.2-19 content type that is not UTF-8', publish('030001ff'), EITHER],
  ['MQTT5-3.3.2.3.7 user property that is not UTF-8', publish('26000161' + '0001ff'), EITHER],
  ['MQTT5-3.3.4-6 subscription identifier in PUBLISH', publish('0b01'), EITHER],
  ['MQTT5-3.3.2-8 neither topic nor alias', publish('', ''), VIOLATION],
  ['MQTT5-3.3.2-8 unknown alias', publish('230001', ''), VIOLATION],
  ['MQTT5-3.3.2-2 wildcard in the topic', publish('', 'a/+'), [0x81, 0x82, 0x90]],
  ['MQTT5-3.3.1-2 DUP at QoS 0', publish('', 'a', 0x38), EITHER],
  ['MQTT5-3.3.1-4 QoS 3', publish('', 'a', 0x36, '0001'), EITHER],
  ['MQTT5-1.5.4-1 topic that is not UTF-8', publish('', Buffer.from('eda080', 'hex')), MALFORMED],
  ['MQTT5-1.5.4-2 U+0000 in the topic', publish('', 'a\0'), MALFORMED],
  ['MQTT5-3.8.2.1.2 subscription identifier 0', subscribe('00', '0b00'), EITHER],
  ['MQTT5-3.8.2.1.2 subscription identifier twice', subscribe('00', '0b010b02'), EITHER],
  ['MQTT5-3.8.3-5 reserved options', subscribe('40'), EITHER],
  ['MQTT5-3.8.3-5 QoS 3 asked for', subscribe('03'), EITHER],
  ['MQTT5-3.8.3-5 retain handling 3', subscribe('30'), EITHER],
  ['MQTT5-3.8.3-4 no local on a shared subscription', subscribe('04', '', '$share/g/a'), EITHER],
  ['MQTT5-4.8.2-1 share without a name', subscribe('00', '', '$share//a'), [0x81, 0x82, 0x8f]],
  ['MQTT5-4.8.2-1 share without a filter', subscribe('00', '', '$share/g'), [0x81, 0x82, 0x8f]],
  ['MQTT5-4.8.2-2 wildcard in the share name', subscribe('00', '', '$share/g+/a'), [0x81, 0x82, 0x8f]],
  ['MQTT5-3.8.3-2 SUBSCRIBE without filter', rawPacket(0x82, '0001', '00'), EITHER],
  ['MQTT5-3.10.3-2 UNSUBSCRIBE without filter', rawPacket(0xa2, '0001', '00'), EITHER],
  ['MQTT5-3.4.2-1 reason of another packet in PUBACK', rawPacket(0x40, '000192'), EITHER],
  ['MQTT5-3.6.1-1 flags of PUBREL', rawPacket(0x60, '0001'), EITHER],
  ['MQTT5-3.14.1-1 flags of DISCONNECT', rawPacket(0xe1), EITHER],
  ['MQTT5-3.14.2-1 reason of servers in DISCONNECT', rawPacket(0xe0, '8b'), EITHER],
  ['MQTT5-3.14.2-1 unknown reason in DISCONNECT', rawPacket(0xe0, '05'), EITHER],
  ['MQTT5-3.15.1-1 flags of AUTH', rawPacket(0xf1), EITHER],
  ['MQTT5-4.12.0-6 AUTH without a method', rawPacket(0xf0), VIOLATION],
  ['MQTT5-4.12.0-6 AUTH of a method that was not agreed on', rawPacket(0xf0, '18', '04', '15', field('m')), VIOLATION],
  ['MQTT5-3.1.0-2 a second CONNECT', rawConnect({ level: 5 }), VIOLATION],
  ['MQTT5-2.1.2 CONNACK of a client', rawPacket(0x20, '000000'), EITHER],
];

test('5.0: a packet that breaks a clause is answered by DISCONNECT with its reason, and the will is published', async () => {
  // MQTT5-4.13.1-1, MQTT5-4.13.2-1, MQTT5-3.14.0-1 and those of the table
  const name = newId();
  const watcher = await Peer.connect({ index: 1 });
  await watcher.subscribe(name, { qos: 1 });
  await Promise.all(BROKEN_5.map(async ([what, bytes, reasons], place) => {
    const client = await Peer.connect({ index: place, version: 5, will: will(name, what) });
    await client.bytes(bytes);
    const reason = await ended(client);
    assert.ok(reasons.includes(reason), `${what}: ${reason}`);
    assert.equal(client.raw.packets.length, 2, what);
  }));
  await eventually('every will', () => watcher.messages().length >= BROKEN_5.length);
  assert.deepEqual((await watcher.settled()).sort(), BROKEN_5.map(([what]) => what).sort());
});

test('5.0: a CONNECT that breaks a clause is answered by a CONNACK with its reason, or not at all', async () => {
  // MQTT5-3.1.4-1, MQTT5-3.1.4-2, MQTT5-4.13.2-1 and those of the table
  const bad = Buffer.from('c328', 'hex');
  const connectWith = (properties, options = {}) => rawConnect({ level: 5, properties, ...options });
  const willed = (properties, flags = 0x06, topic = 'a') => connectWith('', { flags,
    payload: [variable(properties.length / 2), Buffer.from(properties, 'hex'), field(topic), field('b')] });
  const cases = {
    'MQTT5-3.1.2-3 reserved flag': connectWith('', { flags: 0x03 }),
    'MQTT5-3.1.2-11 will QoS without will': connectWith('', { flags: 0x0a }),
    'MQTT5-3.1.2-12 will of QoS 3': willed('', 0x1e),
    'MQTT5-3.1.2-13 will retain without will': connectWith('', { flags: 0x22 }),
    'MQTT5-3.1.3-4 client id that is not UTF-8': connectWith('', { clientId: bad }),
    'MQTT5-3.1.3-11 will topic that is not UTF-8': willed('', 0x06, bad),
    'MQTT5-4.7.1-1 wildcard in the will topic': willed('', 0x06, 'a/#'),
    'MQTT5-3.1.2.11.2 session expiry twice': connectWith('11000000011100000001'),
    'MQTT5-3.1.2.11.3 receive maximum 0': connectWith('210000'),
    'MQTT5-3.1.2.11.3 receive maximum twice': connectWith('210001210001'),
    'MQTT5-3.1.2.11.4 maximum packet size 0': connectWith('2700000000'),
    'MQTT5-3.1.2.11.5 topic alias maximum twice': connectWith('220001220001'),
    'MQTT5-3.1.2.11.6 request response information 2': connectWith('1902'),
    'MQTT5-3.1.2.11.7 request problem information 2': connectWith('1702'),
    'MQTT5-3.1.2.11.10 authentication data without method': connectWith('16000161'),
    'MQTT5-3.1.3.2.2 will delay twice': willed('18000000011800000001'),
    'MQTT5-3.1.3.2.3 payload format 2 of a will': willed('0102'),
    'MQTT5-2.2.2.2 will delay outside the will': connectWith('1800000001'),
    'MQTT5-2.2.2.2 topic alias in CONNECT': connectWith('230001'),
    'MQTT5-2.2.2.2 unknown property': connectWith('7f00'),
  };
  await Promise.all(Object.entries(cases).map(async ([what, bytes], place) => {
    const raw = await Raw.tcp(place, undefined, 5);
    await raw.send(bytes);
    assert.ok(await raw.isClosed(5000), what);
    assert.ok(raw.packets.length <= 1, what);
    for (const { cmd, reasonCode } of raw.packets) {
      assert.equal(cmd, 'connack', what);
      assert.ok([0x81, 0x82].includes(reasonCode), `${what}: ${reasonCode}`);
    }
  }));
});
