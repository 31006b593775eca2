// CONNECT and what comes after it (PROTOCOL 1.2, 1.3, 1.6, 1.7, 5.1.5, O7, O8).

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { atom, tuple } from './bert.mjs';
import { codeFor, eventually, query } from './cluster.mjs';
import {
  Device, Refused, authReg, authVerify, befriend, endAll, isLogin, isProfile, newId, newPhone, online, register, registering,
} from './device.mjs';
import { error, fieldsOf, ok, p2pTopic, record, textMessage } from './records.mjs';

after(endAll);

const get = record('Profile', { status: 'get' });
const isVnode = ({ record: name }) => name === 'vnode_max';
const refusedWith = (...codes) => (failure) => failure instanceof Refused && codes.includes(failure.code);

test('the username is the module of the own topics, and a request is answered on the module it names', async () => {
  const device = await register();
  await device.connect(0, { username: 'page_1' });
  const own = `actions/1/page_1/${device.clientId}`;
  await device.expect(own, isVnode);
  await device.expect(own, isProfile('init'));
  for (const [module, topic] of [['page_1', own], ['api', device.topic], ['other', device.topic], ['', device.topic]]) {
    await device.send(get, { topic: `events/1//${module}/anon//` });
    await device.expect(topic, isProfile('get'));
  }
  for (const username of ['Not a module', '', 'x'.repeat(33)]) {
    const other = await register();
    await other.connect(0, { username });
    await other.expect(other.topic, isProfile('init'));
  }
});

test('every form of a request topic is served, other versions are refused, other forms vanish', async () => {
  const device = await online();
  const good = ['events/1//api/anon//', `events/1/3/api/anon/${device.clientId}/${device.token}`, 'events/1/2/api/anon/emqttd_other',
    'events/1//api//', 'events/1//api', 'events/1//api/anon', 'events/1/none/api/somebody/emqttd_other/TOKEN', 'events/1/999999999/api/anon//'];
  for (const topic of good) {
    await device.send(get, { topic });
    await device.expect(device.topic, isProfile('get'));
  }
  for (const topic of ['events/2//api/anon//', 'events//1/api/anon//', 'events/one//api/anon//']) {
    await device.send(get, { topic });
    assert.equal((await device.expect(device.topic, ({ record: name }) => name === 'io')).text, error('invalid_data'), topic);
  }
  const from = device.inbox.length;
  for (const topic of ['events', 'events/1', 'events/1/', 'events/1//api/anon//x/y', `events/${device.clientId}`, 'Events/1//api/anon//',
    'event/1//api/anon//']) {
    await device.send(get, { topic });
  }
  await device.fence();
  assert.equal(device.inbox.length - from, 1, 'acknowledged and dropped');
});

test('a registering connection may ask for a kept session and a password, and has none', async () => {
  for (const id of [`reg_${newId()}`, `emqttd_reg_${newId()}`]) {
    const device = new Device(id);
    assert.equal(await device.connect(0, { clean: false, password: 'anything' }), false);
    await device.expect(device.topic, isVnode);
    await device.disconnect();
    assert.equal(await device.connect(1, { clean: false }), false);
    const phone = newPhone();
    assert.equal((await device.ask(authReg(phone))).text, ok('sms_sent'));
  }
});

test('after CONNACK come vnode_max, the profile, and what was missed, in this order', async () => {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  await befriend(a, b);
  await b.disconnect();
  for (const words of ['one', 'two', 'three']) await a.send(textMessage(a.phoneId, b.phoneId, newId(), words));
  const from = b.inbox.length;
  assert.equal(await b.connect(0), true);
  await b.expect(p2pTopic(a.phoneId, b.phoneId), ({ text }) => text.includes('three'));
  const told = b.inbox.slice(from).filter(({ topic }) => !topic.startsWith('ac/'));
  assert.deepEqual(told.map(({ record: name }) => name), ['vnode_max', 'Profile', 'Message', 'Message', 'Message']);
  assert.ok(told[0].fields.node >= 1);
  assert.deepEqual([told[1].fields.status, told[1].fields.presence, told[1].fields.phone], ['init', 'online', b.phone]);
  assert.equal(fieldsOf(told[1].fields.rosters[0]).userlist.length, 1, 'with full rosters');
});

const age = (device, interval) => query(`update auth.token set expires = now() - interval '${interval}' where session_id =
  (select id from auth.session where client_id = '${device.clientId}'::bytea)`);

test('an expired token is renewed at CONNECT, the old one works until the new one has been used (5.1.5)', async () => {
  const device = await online();
  await device.disconnect();
  await age(device, '1 hour');
  const from = device.inbox.length;
  await device.connect(1);
  await device.expect(device.topic, isProfile('init'), { from });
  const told = device.inbox.slice(from);
  assert.deepEqual(told.slice(0, 3).map(({ record: name }) => name), ['vnode_max', 'io', 'Profile']);
  assert.ok(isLogin(told[1]), told[1].text);
  const [clientId, fresh] = told[1].term.items[1].items[2].items.map(String);
  assert.equal(clientId, device.clientId);
  assert.equal((await device.ask(tuple(atom('init'), ''))).text, `{io,<<>>,{'Token',<<"${fresh}">>}}`, 'it is the current one');
  await device.disconnect();

  const again = device.inbox.length;
  await device.connect(0); // the answer may have been lost: the old one still opens, and is renewed again
  const second = await device.expect(device.topic, isLogin, { from: again });
  const newest = second.term.items[1].items[2].items.map(String)[1];
  await device.disconnect();
  const used = device.inbox.length;
  await device.connect(0, { password: newest });
  await device.expect(device.topic, isProfile('init'), { from: used });
  assert.equal(device.inbox.slice(used).filter(isLogin).length, 0, 'a valid token is not renewed');
  await device.disconnect();
  await assert.rejects(device.connect(0), refusedWith(4));
  await assert.rejects(device.connect(0, { password: fresh }), refusedWith(4));
  await device.connect(1, { password: newest });
});

test('a token that expired before the renewal window opens nothing', async () => {
  const device = await online();
  await device.disconnect();
  await age(device, '31 days');
  await assert.rejects(device.connect(0), refusedWith(4));
});

test('a token that expires during a connection does not end it (O11)', async () => {
  const device = await online();
  await age(device, '31 days');
  await device.fence();
  assert.equal((await device.ask(tuple(atom('init'), ''))).text, `{io,<<>>,{'Token',<<"${device.token}">>}}`);
});

test('a second connection with the client id closes the older one, on any gateway, and nothing is lost (O7)', async () => {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  await befriend(a, b);
  const topic = p2pTopic(a.phoneId, b.phoneId);
  let current = b;
  for (const [n, index] of [0, 1, 1, 0].entries()) {
    const next = Object.assign(new Device(b.clientId, b), { phoneId: b.phoneId });
    const sent = a.send(textMessage(a.phoneId, b.phoneId, newId(), `message ${n}`));
    assert.equal(await next.connect(index), true, 'the session moves');
    await Promise.all([current.closed, sent]);
    await next.fence();
    current = next;
    b.inbox.push(...next.inbox);
    next.inbox = b.inbox;
  }
  await current.expect(topic, ({ text }) => text.includes('message 3'));
  const seen = b.on(topic).map(({ text }) => /message \d/.exec(text)[0]);
  assert.deepEqual([...new Set(seen)], ['message 0', 'message 1', 'message 2', 'message 3']);
});

test('a client id with a session is refused without its token, live or stored (O8)', async () => {
  const device = await online();
  for (const state of ['live', 'stored']) {
    for (const index of [0, 1]) {
      await assert.rejects(new Device(device.clientId).connect(index), refusedWith(5), state);
      await assert.rejects(new Device(device.clientId, { token: 'wrong' }).connect(index), refusedWith(4), state);
    }
    if (state === 'live') {
      await device.fence();
      await device.disconnect();
    }
  }
});

test('the id of a registering connection is not taken over on any gateway while its code is pending (O8)', async () => {
  const { device: first, id } = await registering(0);
  const device = new Device(`reg_${id}`);
  await device.connect(0, { clean: true }); // nothing is pending yet: as MQTT has it
  await first.closed;
  assert.equal((await device.ask(authReg('no phone'))).text, error('invalid_data'));
  const again = new Device(`reg_${id}`);
  await again.connect(0, { clean: true }); // nor by a request that was refused
  await device.closed;
  const phone = newPhone();
  assert.equal((await again.ask(authReg(phone))).text, ok('sms_sent'));
  for (const index of [0, 1]) {
    await assert.rejects(new Device(`reg_${id}`).connect(index, { clean: true }), refusedWith(5), `gateway ${index + 1}`);
  }
  assert.ok(isLogin(await again.ask(authVerify(await codeFor(phone)))));
  const late = new Device(`reg_${id}`);
  await late.connect(0, { clean: true }); // verified: the older connection makes room
  await again.closed;
  assert.equal((await late.ask(authReg(newPhone()))).text, ok('sms_sent'));
  await late.disconnect();
  await eventually('its name is free everywhere when it has gone', async () => {
    try {
      await new Device(`reg_${id}`).connect(1, { clean: true });
      return true;
    } catch (failure) {
      assert.ok(refusedWith(5)(failure), failure);
      return false;
    }
  });
});

test('of two connections of one id without a session, on two gateways, the second stays (O7)', async () => {
  const init = tuple(atom('init'), []);
  for (const id of [`reg_${newId()}`, `emqttd_${newId()}`]) {
    const first = new Device(id);
    await first.connect(0, { clean: true });
    await first.ask(init);
    const second = new Device(id);
    await second.connect(1, { clean: true });
    await first.closed;
    await second.ask(init);
  }
});

test('init gives an anonymous connection a token that it knows again, and that is good for nothing else', async () => {
  for (const device of [new Device(`emqttd_${newId()}`), (await registering()).device]) {
    if (!device.client) await device.connect(0, { clean: true });
    const first = (await device.ask(tuple(atom('init'), []))).text;
    const [, token] = /^\{io,<<>>,\{'Token',<<"([^"/+#]+)">>\}\}$/.exec(first) ?? assert.fail(first);
    assert.equal((await device.ask(tuple(atom('init'), token))).text, first);
    assert.notEqual((await device.ask(tuple(atom('init'), 'f'.repeat(64)))).text, first);
    await assert.rejects(new Device(`emqttd_${newId()}`, { token }).connect(0), refusedWith(4));
  }
});

test('client ids: 1024 bytes are enough, no topic characters, and none only with a clean session', async () => {
  const long = `reg_${'x'.repeat(1020)}`;
  const device = new Device(long);
  await device.connect(0, { clean: true });
  await device.expect(device.topic, isVnode);
  for (const id of [`${long}x`, 'reg_a/b', 'reg_a+b', 'reg_a#b', 'sys_bot', 'phone', 'REG_x']) {
    await assert.rejects(new Device(id).connect(0, { clean: true }), refusedWith(2), id.slice(0, 20));
  }
  await assert.rejects(new Device('').connect(0, { clean: false }), (failure) => failure instanceof Error);
});
