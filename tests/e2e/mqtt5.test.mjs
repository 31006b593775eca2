// MQTT 5.0 on CHAT's own topics, with MQTT.js, mosquitto_pub and bare bytes, on two gateways.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { Tuple, atom, encode } from './bert.mjs';
import { TIMEOUT_MS, eventually, gateway } from './cluster.mjs';
import { Device, Refused, befriend, endAll, isProfile, newId, newPhone, online, register } from './device.mjs';
import { p2p, p2pTopic, record, textMessage, walkHistory } from './records.mjs';

const run = promisify(execFile);
after(endAll);

const V5 = { protocolVersion: 5 };
const online5 = (phone, index, options = {}) => online(phone, index, { ...V5, ...options });
const getProfile = record('Profile', { status: 'get' });

// What a server answers to bytes until it closes the connection.
function answer(bytes, index = 0) {
  const [host, port] = gateway(index).split(/:(?=\d+$)/);
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port: Number(port) }, () => socket.write(bytes));
    const parts = [];
    socket.setTimeout(TIMEOUT_MS, () => reject(new Error('no answer')));
    socket.on('data', (part) => parts.push(part));
    socket.on('close', () => resolve(Buffer.concat(parts).toString('hex')));
    socket.on('error', () => {});
  });
}

test('CONNACK says what the server allows and what became of the wishes', async () => {
  const device = await online5(newPhone(), 0, { properties: { sessionExpiryInterval: 0xFFFFFFFF, requestResponseInformation: true } });
  const { properties } = device.connack;
  assert.ok(properties.receiveMaximum > 0 && properties.maximumPacketSize > 1000 && properties.topicAliasMaximum > 0);
  assert.equal(properties.sessionExpiryInterval, 604800, 'session_expiry_max_s');
  assert.equal(properties.responseInformation, device.topic);
});

test('an empty client id is assigned one, also without clean start', async () => {
  const device = new Device('');
  device.token = '';
  await device.connect(0, { ...V5, clean: true });
  assert.match(device.connack.properties.assignedClientIdentifier, /^emqttd_\d+$/);
});

test('a wrong token is refused with a reason of 5.0', async () => {
  const device = await register();
  await assert.rejects(device.connect(0, { ...V5, password: 'wrong' }), (failure) => {
    assert.ok(failure instanceof Refused);
    assert.equal(failure.code, 0x86);
    return true;
  });
  await assert.rejects(new Device('nobody').connect(0, V5), ({ code }) => code === 0x85);
});

test('an answer carries the Correlation Data and goes to an own Response Topic', async () => {
  const device = await register();
  await device.connect(0, { ...V5, username: 'web' });
  await device.send(getProfile, { properties: { responseTopic: `actions/1/web/${device.clientId}`, correlationData: Buffer.from('42') } });
  const there = await device.expect(`actions/1/web/${device.clientId}`, isProfile('get'));
  assert.equal(there.properties.correlationData.toString(), '42');
  await device.send(getProfile, { properties: { responseTopic: 'actions/1/api/emqttd_of_another', correlationData: Buffer.from('43') } });
  const here = await device.expect(`actions/1/api/${device.clientId}`, isProfile('get'));
  assert.equal(here.properties.correlationData.toString(), '43');
});

test('every answer carries the Correlation Data: refusals, the second of two, what was published straight to a feed', async () => {
  const device = await online5(newPhone(), 0);
  const own = `actions/1/api/${device.clientId}`;
  const ask = async (term, number, options = {}) => {
    const properties = { correlationData: Buffer.from(number), responseTopic: own };
    const from = device.inbox.length;
    await device.send(term, { ...options, properties });
    const answer = await device.expect(own, ({ properties: said }) => said.correlationData !== undefined, { from });
    assert.equal(answer.properties.correlationData.toString(), number);
    return answer;
  };
  assert.match((await ask(record('Friend', { status: 'nonsense' }), '1')).text, /invalid_data/);
  assert.match((await ask(Buffer.from('no term'), '2', { qos: 2 })).text, /invalid_data/);
  assert.match((await ask(record('Person', { id: '380000000000', status: 'get' }), '3', { qos: 0 })).text, /not_authorized/);
  const term = textMessage(device.phoneId, device.phoneId, newId(), 'note');
  await device.send(term);
  assert.match((await ask(term, '4')).text, /note/, 'the stored one of a repeat');
  const topic = p2pTopic(device.phoneId, device.phoneId);
  assert.match((await ask(record('Message', { to: '380000000000_1', files: [record('Desc', { payload: 'x' })], status: 'client' }), '5', { topic })).text, /permission_denied/);
  assert.match((await ask(getProfile, '6', { topic: 'events/2//api/anon//' })).text, /invalid_data/, 'another version');
});

test('a refused PUBLISH is acknowledged with 0x87, and the connection stays', async () => {
  const device = await online5(newPhone(), 0);
  for (const topic of ['weather/kyiv', 'muc/1_2', `actions/1/api/${device.clientId}`, 'p2p/1_1/2_2']) {
    for (const qos of [1, 2]) {
      await assert.rejects(device.send(new Tuple([atom('x')]), { topic, qos }), ({ code }) => code === 0x87, `${topic} ${qos}`);
    }
  }
  await device.fence();
});

test('a denied filter is refused alone, and UNSUBSCRIBE says what there was', async () => {
  const device = await online5(newPhone(), 0);
  assert.deepEqual(await device.subscribe([`ses/${device.phone}`, '#', 'room/+', '$share/g/a', '$SYS/x', 'weather'], 1),
    [1, 0x80, 0x80, 0x80, 0x80, 0x80]);
  const codes = await new Promise((resolve) => {
    device.client.unsubscribe([`ses/${device.phone}`, 'weather'], (error, packet) => resolve(packet.granted ?? packet.reasonCodes));
  });
  assert.deepEqual([...codes], [0, 0x11]);
});

test('a subscription identifier comes with the messages of the topic', async () => {
  const device = await online5(newPhone(), 0);
  await new Promise((resolve, reject) => {
    device.client.subscribe(device.topic, { qos: 1, properties: { subscriptionIdentifier: 77 } }, (error) => (error ? reject(error) : resolve()));
  });
  const reply = await device.ask(getProfile, isProfile('get'));
  assert.deepEqual([reply.properties.subscriptionIdentifier].flat(), [77]);
  assert.equal(reply.qos, 1);
});

test('topic aliases work both ways', async () => {
  const device = await online5(newPhone(), 0);
  await device.send(getProfile, { properties: { topicAlias: 3 } });
  await device.expect(device.topic, isProfile('get'));
  await device.send(getProfile, { topic: '', properties: { topicAlias: 3 } });
  await device.expect(device.topic, isProfile('get'));
  await device.disconnect();
  // What MQTT.js makes of an alias is its own affair: the packets are looked at.
  const packets = [];
  const again = device.connect(0, { ...V5, properties: { topicAliasMaximum: 5 } });
  device.client.on('packetreceive', (packet) => { if (packet.cmd === 'publish') packets.push(packet); });
  await again;
  await eventually('vnode_max and Profile', () => packets.length >= 2);
  assert.deepEqual(packets.map(({ topic, properties }) => [topic, properties.topicAlias]).slice(0, 2), [[device.topic, 1], ['', 1]]);
});

test('what is too large for the client comes without its lists, and History in shorter pages', async () => {
  const device = await online5(newPhone(), 0, { properties: { maximumPacketSize: 20000 } });
  const feed = p2p(device.phoneId, device.phoneId);
  const texts = Array.from({ length: 12 }, (_, n) => `${n} ${'x'.repeat(4000)}`);
  for (const text of texts) await device.send(textMessage(device.phoneId, device.phoneId, newId(), text));
  const { texts: seen, pages } = await walkHistory(device, feed, -50);
  assert.deepEqual(seen, [...texts].reverse());
  assert.ok(pages[0] > 1 && pages[0] < 5, `${pages}`);
});

test('a take-over on another gateway tells the older connection 0x8E', async () => {
  const device = await online5(newPhone(), 0, { properties: { sessionExpiryInterval: 100 } });
  const second = new Device(device.clientId, device);
  assert.equal(await second.connect(1, { ...V5, properties: { sessionExpiryInterval: 100 } }), true);
  await device.closed;
  assert.equal(device.disconnected.reasonCode, 0x8E);
});

test('a session lives as long as its expiry says', async () => {
  const device = await online5(newPhone(), 0);
  await device.disconnect();
  assert.equal(await device.connect(1, V5), false, 'expiry 0: it ended with the connection');
  await device.disconnect();
  assert.equal(await device.connect(1, { ...V5, properties: { sessionExpiryInterval: 100 } }), false);
  await device.drop();
  assert.equal(await device.connect(0, { ...V5, properties: { sessionExpiryInterval: 100 } }), true);
  await new Promise((resolve) => { device.client.end(false, { properties: { sessionExpiryInterval: 0 } }, resolve); });
  assert.equal(await device.connect(1, V5), false, 'DISCONNECT took its life');
});

test('what a session of 5.0 missed comes on another gateway', async () => {
  const one = await online5(newPhone(), 0);
  const other = await online5(newPhone(), 1, { properties: { sessionExpiryInterval: 100 } });
  await befriend(one, other);
  await other.drop();
  const message = record('Message', { msg_id: newId(), from: one.phoneId, to: other.phoneId, feed_id: p2p(one.phoneId, other.phoneId),
    files: [record('Desc', { id: newId(), mime: 'text', payload: 'missed' })], status: 'client' });
  await one.send(message, { qos: 2 });
  assert.equal(await other.connect(0, { ...V5, properties: { sessionExpiryInterval: 100 } }), true);
  await other.expect(p2pTopic(one.phoneId, other.phoneId), ({ text }) => text.includes('missed'));
});

test('a term published straight to a feed by mosquitto_pub -V 5 reaches the friend as it is', async () => {
  const one = await register();
  const other = await online5(newPhone(), 1);
  await one.connect(0);
  await befriend(one, other);
  await one.disconnect();
  const topic = p2pTopic(one.phoneId, other.phoneId);
  const term = encode(new Tuple([atom('poke'), Buffer.from('hello')]));
  const [host, port] = gateway(0).split(/:(?=\d+$)/);
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'chat-mqtt5-')), 'term');
  fs.writeFileSync(file, term);
  await run('mosquitto_pub', ['-h', host, '-p', port, '-V', '5', '-i', one.clientId, '-u', 'api', '-P', one.token, '-q', '1',
    '-t', topic, '-f', file]);
  fs.rmSync(path.dirname(file), { recursive: true });
  const poke = await other.expect(topic, ({ record: name }) => name === 'poke');
  assert.deepEqual(poke.payload, term);
  await one.connect(0, V5);
  await one.send(term, { topic });
  const got = await other.expect(topic, ({ record: name }) => name === 'poke');
  assert.deepEqual(got.payload, term);
  await assert.rejects(one.send(record('Typing', { author: other.phoneId, room: one.phoneId }), { topic }), ({ code }) => code === 0x87);
  await assert.rejects(one.send(Buffer.from('not a term'), { topic }), ({ code }) => code === 0x99);
});

test('a will to a feed is published when the connection is lost', async () => {
  const one = await register();
  const other = await online5(newPhone(), 1);
  await one.connect(0);
  await befriend(one, other);
  await one.disconnect();
  const topic = p2pTopic(one.phoneId, other.phoneId);
  const will = { topic, payload: encode(new Tuple([atom('gone'), Buffer.from('away')])), qos: 1 };
  await one.connect(0, { ...V5, will });
  await one.disconnect();
  await one.connect(0, { ...V5, will });
  await one.drop();
  await other.expect(topic, ({ record: name }) => name === 'gone');
  await other.fence();
  assert.equal(other.on(topic, ({ record: name }) => name === 'gone').length, 1, 'DISCONNECT drops the will');
});

test('an unknown protocol level is answered in the framing it shows', async () => {
  assert.equal(await answer(Buffer.from('100c00044d51545406020000' + '0000', 'hex')), '20020001');
  assert.match(await answer(Buffer.from('100d00044d5154540602000000' + '0000', 'hex')), /^20..0084/);
});

test('an authentication method is refused with 0x8C', async () => {
  assert.match(await answer(Buffer.from('101300044d51545405020000' + '04150001' + '6d' + '0002' + '6162', 'hex')), /^20..008c/);
});

test('errors reach the client before its socket closes', async () => {
  const connect = '101700044d51545405020000' + '00' + '000a' + Buffer.from('reg_' + newId().slice(0, 6)).toString('hex');
  const cases = [
    ['3006' + '000174' + '02' + '7f00', '81'], // a property that does not exist
    ['1007' + '00044d515454' + '05', '8[12]'], // CONNECT again
    ['3003' + '0000' + '00', '82'], // neither topic nor alias
    ['3007' + '000174' + '03' + '2300ff', '94'], // an alias beyond the maximum
    ['f000', '82'],
    ['36080001740001' + '00' + '7878', '81'], // QoS 3
    ['8208' + '0001' + '00' + '0002' + '6123' + '00', '8f'], // a#
  ];
  for (const [packet, reason] of cases) {
    const got = await answer(Buffer.from(connect + packet, 'hex'));
    assert.match(got, new RegExp(`e0..${reason}`), `${packet}: ${got}`);
  }
});
