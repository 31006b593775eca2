// What must not be: each case gets the error that the specification names, a metric and a log line; nothing crashes, no
// other client notices, nothing is stored.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { after, test } from 'node:test';
import { atom, tuple } from './bert.mjs';
import { codeFor, codesSentTo, counters, eventually, gateway, linesSince, markLogs } from './cluster.mjs';
import {
  Device, Refused, authReg, authVerify, befriend, endAll, isLogin, newId, newPhone, online, registering,
} from './device.mjs';
import { error, fieldsOf, ok, p2p, p2pTopic, record, textMessage } from './records.mjs';

after(endAll);

// A counter is about refusals if its name or labels say so, or if it counts an outcome that is not ok.
const REFUSAL = /refus|reject|denied|error|invalid|malformed|fail|unauthori[sz]ed|dropped|forbidden|outcome="(?!ok")/i;

// Runs `misuse` and then demands its trace: a counter of refusals that rose, and a log line that `names` it.
async function leavesTrace(names, misuse) {
  const [before, mark] = [await counters(), markLogs()];
  const result = await misuse();
  await eventually('a counter of refusals that rose', async () => [...await counters()]
    .some(([name, value]) => REFUSAL.test(name) && value > (before.get(name) ?? 0)));
  await eventually(`a log line with ${names}`, () => linesSince(mark).some((line) => line.includes(names)));
  return result;
}

// Two friends whose conversation nobody else may see or touch, and a check that nobody did.
async function bystanders() {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  await befriend(a, b);
  const topic = p2pTopic(a.phoneId, b.phoneId);
  await a.send(textMessage(a.phoneId, b.phoneId, newId(), 'private'));
  await Promise.all([a, b].map((device) => device.expect(topic)));
  await Promise.all([a.fence(), b.fence()]);
  // Presence comes and goes at its own pace.
  const count = (device) => device.inbox.filter(({ topic: on }) => !/^(ac|muc)\//.test(on)).length;
  const seen = [a, b].map(count);
  return {
    a, b, topic,
    // Nothing reached them, and their history is what it was. Also shows that both gateways still serve.
    async undisturbed() {
      await Promise.all([a.fence(), b.fence()]);
      assert.deepEqual([a, b].map(count), seen.map((before) => before + 1));
      const request = record('History', { roster_id: a.phoneId, feed: p2p(a.phoneId, b.phoneId), size: 100, status: 'get' });
      const { fields } = await a.ask(request, ({ record: name }) => name === 'History');
      assert.deepEqual(fields.data.map((message) => fieldsOf(fieldsOf(message).files[0]).payload), ['private']);
    },
  };
}

// Writes raw bytes to a gateway's MQTT port; resolves when the gateway has closed the connection, to what it had said.
function rawConnection(bytes) {
  const [host, port] = gateway(0).split(/:(?=\d+$)/);
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port: Number(port) }, () => socket.write(bytes));
    const said = [];
    socket.setTimeout(20000, () => socket.destroy(new Error('the gateway keeps the connection')));
    socket.on('data', (data) => said.push(data));
    socket.on('error', (failure) => (failure.code === 'ECONNRESET' ? resolve(Buffer.concat(said)) : reject(failure)));
    socket.on('close', () => resolve(Buffer.concat(said)));
  });
}

const string = (text) => Buffer.concat([Buffer.from([text.length >> 8, text.length & 255]), Buffer.from(text)]);
function connectPacket(clientId, level = 4) {
  const body = Buffer.concat([string('MQTT'), Buffer.from([level, 2, 0, 60]), string(clientId)]);
  return Buffer.concat([Buffer.from([0x10, body.length]), body]);
}

for (const [what, bytes] of Object.entries({
  'a reserved packet type': Buffer.from([0xf0, 0x00]),
  'a remaining length of five bytes': Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0x01]),
  'a request for a web page': Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
  'a PUBLISH before CONNECT': Buffer.from([0x30, 0x03, 0x00, 0x01, 0x61]),
})) {
  test(`malformed frame: ${what} closes that connection only`, async () => {
    const others = await bystanders();
    const said = await leavesTrace('protocol error', () => rawConnection(bytes));
    assert.equal(said.length, 0);
    await others.undisturbed();
  });
}

test('malformed frame: a second CONNECT, and a PUBLISH with QoS 3, close the connection', async () => {
  for (const bad of [connectPacket('reg_twice'), Buffer.from([0x36, 0x05, 0x00, 0x01, 0x61, 0x00, 0x01])]) {
    const clientId = `reg_${newId()}`;
    const said = await leavesTrace(clientId, () => rawConnection(Buffer.concat([connectPacket(clientId), bad])));
    assert.deepEqual([...said.subarray(0, 4)], [0x20, 0x02, 0x00, 0x00]);
  }
});

test('an unknown protocol level is refused with CONNACK 1', async () => {
  assert.deepEqual([...await rawConnection(connectPacket(`reg_${newId()}`, 9))], [0x20, 0x02, 0x00, 0x01]);
});

test('every malformed payload is answered with invalid_data and the connection stays', async () => {
  const device = await online();
  const vectors = fs.readFileSync(new URL('../contract/vectors/malformed.jsonl', import.meta.url), 'utf8').trim().split('\n')
    .map((line) => JSON.parse(line));
  await leavesTrace(device.clientId, async () => {
    for (const { name, hex } of vectors) {
      assert.equal((await device.ask(Buffer.from(hex, 'hex'))).text, error('invalid_data'), name);
    }
  });
  await device.fence();
});

for (const [what, term] of Object.entries({
  'an unknown record': tuple(atom('Nonsense'), 1, 2),
  'a term that is no tuple': [1, 2, 3],
  'a record of the wrong arity': tuple(atom('Friend'), 'a', 'b'),
  'a record of a far too big arity': tuple(atom('Message'), ...Array.from({ length: 40 }, () => [])),
  'an unknown selector': record('Friend', { phone_id: '380670000001_1', friend_id: '380670000002_2', status: 'nonsense' }),
  'a text where an atom belongs': tuple(atom('Friend'), '380670000001_1', '380670000002_2', 'request'),
  'an integer above 64 bits': record('History', { roster_id: '380670000001_1', feed: p2p('380670000001_1', '380670000002_2'),
    size: 2n ** 70n, status: 'get' }),
})) {
  test(`${what} is answered with invalid_data`, async () => {
    const others = await bystanders();
    const device = await online();
    const reply = await leavesTrace(device.clientId, () => device.ask(term));
    assert.equal(reply.text, error('invalid_data'));
    await device.fence();
    await others.undisturbed();
  });
}

test('a wrong code is refused, and after five of them the right one too', async () => {
  const phone = newPhone();
  const { device } = await registering();
  assert.equal((await device.ask(authReg(phone))).text, ok('sms_sent'));
  const code = await codeFor(phone);
  const wrong = code === '000000' ? '000001' : '000000';
  await leavesTrace(device.clientId, async () => {
    for (let n = 0; n < 5; n += 1) assert.equal((await device.ask(authVerify(wrong))).text, error('invalid_sms_code'));
  });
  assert.equal((await device.ask(authVerify(code))).text, error('attempts_expired'));
});

test('a code serves only the client id that it was made for', async () => {
  const phone = newPhone();
  const { device } = await registering(0);
  await device.ask(authReg(phone));
  const code = await codeFor(phone);
  const { device: thief } = await registering(1);
  const reply = await leavesTrace(thief.clientId, () => thief.ask(authVerify(code, { phone })));
  assert.equal(reply.text, error('session_not_found'));
  assert.ok(isLogin(await device.ask(authVerify(code))));
});

test('a code used once opens nothing to another client id', async () => {
  const phone = newPhone();
  const { device } = await registering(0);
  await device.ask(authReg(phone));
  const code = await codeFor(phone);
  assert.ok(isLogin(await device.ask(authVerify(code))));
  const { device: thief } = await registering(1);
  assert.equal((await thief.ask(authVerify(code))).text, error('session_not_found'));
});

test('a new code makes the old one void', async () => {
  const phone = newPhone();
  const { device } = await registering();
  await device.ask(authReg(phone));
  const first = await codeFor(phone, 1);
  await device.ask(authReg(phone));
  const second = await codeFor(phone, 2);
  if (first !== second) assert.equal((await device.ask(authVerify(first))).text, error('invalid_sms_code'));
  assert.ok(isLogin(await device.ask(authVerify(second))));
});

test('a number that is none is refused and no code is sent', async () => {
  const { device } = await registering();
  for (const phone of ['12', 'abcdef', '38067000123412345', '380 67 000']) {
    assert.equal((await device.ask(authReg(phone))).text, error('invalid_data'), phone);
    assert.equal(codesSentTo(phone).length, 0);
  }
});

test('a registering connection may register and nothing else', async () => {
  const { a } = await bystanders();
  const { device } = await registering();
  for (const term of [record('Profile', { phone: a.phone, status: 'get' }),
    record('Roster', { status: 'list' }), record('Auth', { type: 'list' }), record('Auth', { type: 'logout' }),
    textMessage(a.phoneId, a.phoneId, newId(), 'x')]) {
    assert.equal((await device.ask(term)).text, error('not_authorized'));
  }
});

test("a stranger's feed can be neither written nor read", async () => {
  const others = await bystanders();
  const { a, b } = others;
  const stranger = await online(newPhone(), 1);
  const denied = [
    [textMessage(a.phoneId, b.phoneId, newId(), 'forged'), 'permission_denied'],
    [textMessage(stranger.phoneId, a.phoneId, newId(), 'unasked'), 'permission_denied'],
    [record('Message', { feed_id: p2p(a.phoneId, b.phoneId), msg_id: newId(), from: stranger.phoneId, status: 'client',
      files: [record('Desc', { payload: 'into their feed' })] }), 'invalid_data'],
    [record('History', { roster_id: stranger.phoneId, feed: p2p(a.phoneId, b.phoneId), status: 'get' }), 'invalid_data'],
    [record('History', { roster_id: a.phoneId, feed: p2p(a.phoneId, b.phoneId), status: 'get' }), 'invalid_data'],
    [record('Friend', { phone_id: a.phoneId, friend_id: stranger.phoneId, status: 'confirm' }), 'not_authorized'],
  ];
  for (const [term, code] of denied) {
    const reply = await leavesTrace(stranger.clientId, () => stranger.ask(term));
    assert.equal(reply.text, error(code), fieldsOf(term).status);
  }
  await others.undisturbed();
});

test("topics that are not the client's are refused to subscribers and vanish from publishers", async () => {
  const others = await bystanders();
  const { a, topic } = others;
  const stranger = await online(newPhone(), 0);
  const foreign = [a.topic, `ses/${a.phone}`, topic, `ac/${a.phoneId}`, `muc/${a.phoneId}`, 'room/none', '#', 'ses/+', '$SYS/#',
    'events/1//api/anon//'];
  await leavesTrace(stranger.clientId, async () => {
    assert.deepEqual(await stranger.subscribe([...foreign, `ses/${stranger.phone}`]), [...foreign.map(() => 128), 2]);
    for (const target of [a.topic, `ses/${a.phone}`, topic, `ac/${a.phoneId}`, `muc/${a.phoneId}`]) {
      await stranger.send(tuple(atom('Typing'), stranger.phoneId, a.phoneId), { topic: target });
    }
  });
  await stranger.fence();
  await others.undisturbed();
});

test('a packet over the limit closes that connection only', async () => {
  const others = await bystanders();
  const device = await online();
  await leavesTrace(device.clientId, async () => {
    device.send(Buffer.alloc(1024 * 1024 + 1, 7)).catch(() => {});
    await device.closed;
  });
  await others.undisturbed();
  await device.connect(0);
  await device.fence();
});

const refusedWith = (...codes) => (failure) => failure instanceof Refused && codes.includes(failure.code);

test('CONNECT with a token that nobody has is refused', async () => {
  const device = new Device(`emqttd_${newId()}`, { token: 'f'.repeat(64) });
  await leavesTrace(device.clientId, () => assert.rejects(device.connect(0, { clean: true }), refusedWith(4)));
});

test("CONNECT as somebody else's client id is refused without that client's token, and its owner does not notice", async () => {
  const others = await bystanders();
  const { a, b } = others;
  for (const password of ['', 'f'.repeat(64), b.token]) {
    const thief = new Device(a.clientId);
    await leavesTrace(a.clientId, () => assert.rejects(thief.connect(0, { clean: true, password }),
      password === '' ? refusedWith(5) : refusedWith(4, 5)));
  }
  await others.undisturbed();
});

test('a client id of no kind that exists is refused with CONNACK 2', async () => {
  for (const clientId of ['phone', 'sys_service', `emqttd_${newId()}/x`, `reg_${newId()}+`]) {
    await assert.rejects(new Device(clientId).connect(0, { clean: true }), refusedWith(2), clientId);
  }
});

test('an anonymous connection may ask for a token and nothing else', async () => {
  const device = new Device(`emqttd_${newId()}`);
  await device.connect(0, { clean: true });
  assert.match((await device.ask(tuple(atom('init'), ''))).text, /^{io,<<>>,{'Token',<<"[^"]+">>}}$/);
  for (const term of [record('Profile', { status: 'get' }), authReg(newPhone())]) {
    assert.equal((await device.ask(term)).text, error('not_authorized'));
  }
});
