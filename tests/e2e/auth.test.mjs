// Auth, every RPC of PROTOCOL 5.1: the good case, each refusal, the repetition, and what other devices notice.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { codeFor, codesSentTo, eventually, killHard, linesSince, markLogs, query, up } from './cluster.mjs';
import {
  Device, Refused, authReg, authVerify, endAll, isLogin, isProfile, newId, newPhone, online, register, registering,
} from './device.mjs';
import { error, fieldsOf, ok, record } from './records.mjs';

after(endAll);

const TEST_NUMBER = '380999000001'; // of the cluster's auth.test_numbers, with this code:
const TEST_CODE = '424242';

const auth = (type, more = {}) => record('Auth', { type, ...more });
const answer = async (device, term) => (await device.ask(term)).text;
const wrong = (code) => (code === '000000' ? '000001' : '000000');

// A registering device that has asked for a code of this phone: {device, id, code}.
async function asked(phone = newPhone(), more = {}) {
  const before = codesSentTo(phone).length;
  const { device, id } = await registering();
  assert.equal(await answer(device, authReg(phone, more)), ok('sms_sent'));
  return { device, id, phone, code: await codeFor(phone, before + 1) };
}

async function refusedWith(code, attempt) {
  await assert.rejects(attempt, (refused) => refused instanceof Refused && refused.code === code);
}

test('Auth/reg: what is no phone, another client id or JWT is refused; a repeat voids the first code', async () => {
  const { device } = await registering();
  for (const phone of ['', '1234', '1234567890123456', '38067x00123', []]) {
    assert.equal(await answer(device, auth('reg', { phone })), error('invalid_data'));
  }
  const phone = newPhone();
  assert.equal(await answer(device, authReg(phone, { services: [], client_id: 'reg_other' })), error('mismatch_user_data'));
  assert.equal(codesSentTo(phone).length, 0);

  assert.equal(await answer(device, authReg(`+${phone}`)), ok('sms_sent'));
  const first = await codeFor(phone);
  assert.equal(await answer(device, authReg(phone)), ok('sms_sent'));
  const second = await codeFor(phone, 2);
  if (first !== second) assert.equal(await answer(device, authVerify(first)), error('invalid_sms_code'));
  assert.ok(isLogin(await device.ask(authVerify(second))));
});

test('Auth/reg: the sixth code of a phone in an hour is refused, on whichever gateway and connection', async () => {
  const phone = newPhone();
  for (let i = 0; i < 5; i += 1) {
    const { device } = await registering(i);
    assert.equal(await answer(device, authReg(phone)), ok('sms_sent'));
  }
  const { device } = await registering(1);
  assert.equal(await answer(device, authReg(phone)), error('attempts_expired'));
  assert.equal(codesSentTo(phone).length, 5);
});

test('Auth/voice reads the same code out; the handle is no password', async () => {
  const { device: nobody } = await registering();
  assert.equal(await answer(nobody, auth('voice')), error('session_not_found'));
  const { device, phone, code } = await asked();
  assert.equal(await answer(device, auth('voice', { dev_key: 'other' })), error('mismatch_user_data'));
  const reply = await device.ask(auth('voice', { services: [] }));
  const handle = /^{io,{ok,call_in_progress},{'Auth',<<"([^"]+)">>}}$/.exec(reply.text)?.[1];
  assert.ok(handle, reply.text);
  assert.equal(await codeFor(phone, 1), code);
  const call = await eventually('the call', () => codesSentTo(phone, 'voice').at(-1));
  assert.equal(call.code, code);
  assert.ok(call.text.startsWith('Your code is: '), 'without a language it is English');
  await refusedWith(4, new Device(`emqttd_${newId()}`, { token: handle }).connect());
  assert.equal(await answer(device, auth('login', { token: handle })), error('session_not_found'));
});

test('Auth/resend sends the same young code again', async () => {
  const { device: nobody } = await registering();
  assert.equal(await answer(nobody, auth('resend')), error('session_not_found'));
  const { device, phone, code } = await asked();
  assert.equal(await answer(device, auth('resend', { phone: newPhone() })), error('mismatch_user_data'));
  assert.equal(await answer(device, auth('resend')), ok('sms_sent'));
  assert.equal(await codeFor(phone, 2), code);
});

test('Auth/verify: nothing pending, another device, wrong codes, and too many of them', async () => {
  const { device: nobody } = await registering();
  assert.equal(await answer(nobody, authVerify('123456')), error('session_not_found'));
  const { device, code } = await asked();
  for (const other of [{ client_id: 'reg_other' }, { dev_key: 'other' }, { phone: newPhone() }]) {
    assert.equal(await answer(device, authVerify(code, other)), error('mismatch_user_data'));
  }
  for (let i = 0; i < 5; i += 1) assert.equal(await answer(device, authVerify(wrong(code))), error('invalid_sms_code'));
  assert.equal(await answer(device, authVerify(code)), error('attempts_expired'));
  assert.equal(await answer(device, auth('resend')), error('attempts_expired'));
});

test('Auth/verify again within two minutes gives a fresh token and voids the first (O12)', async () => {
  const { device, id, code } = await asked();
  const first = await device.ask(authVerify(code));
  await device.expect(device.topic, isProfile('init'));
  const second = await device.ask(authVerify(code));
  const [, token] = first.term.items[1].items[2].items.map(String);
  const [clientId, fresh] = second.term.items[1].items[2].items.map(String);
  assert.equal(clientId, `emqttd_${id}`);
  await refusedWith(4, new Device(clientId, { token }).connect());
  await new Device(clientId, { token: fresh }).connect();
  assert.equal(await answer(device, authVerify(wrong(code))), error('session_not_found'));
});

test('Auth/verify: the client id of another phone\'s device is not taken', async () => {
  const a = await online();
  const { device, code } = await asked(newPhone());
  device.client.end(true);
  const form = new Device(a.clientId.replace('emqttd_', 'reg_'));
  await form.connect();
  const phone = newPhone();
  assert.equal(await answer(form, authReg(phone)), ok('sms_sent'));
  const login = await form.ask(authVerify(await codeFor(phone)));
  const [clientId] = login.term.items[1].items[2].items.map(String);
  assert.match(clientId, new RegExp(`^${a.clientId}_.+`));
  await a.fence();
  assert.ok(code);
});

test('a device that registers again ends what its client id was before', async () => {
  for (const takesOver of [true, false]) {
    const device = await online();
    const form = new Device(device.clientId.replace('emqttd_', 'reg_'));
    await form.connect(1, { clean: true });
    const before = codesSentTo(device.phone).length;
    assert.equal(await answer(form, authReg(device.phone)), ok('sms_sent'));
    const login = await form.ask(authVerify(await codeFor(device.phone, before + 1)));
    const [clientId, token] = login.term.items[1].items[2].items.map(String);
    assert.equal(clientId, device.clientId, 'the phone is the same (O12)');
    const begin = Date.now();
    const again = new Device(clientId, { token });
    if (takesOver) await again.connect(1);
    await device.closed;
    assert.ok(Date.now() - begin < 10000, 'its token is void (O11)');
    await refusedWith(4, device.connect(0));
    if (!takesOver) await again.connect(1);
    await again.fence();
  }
});

test('a connection is told when its state does not allow the request', async () => {
  const device = await online();
  for (const type of ['reg', 'voice', 'resend', 'verify']) {
    assert.equal(await answer(device, auth(type, { phone: device.phone, sms_code: '1' })), error('invalid_data'));
  }
  const { device: form } = await registering();
  for (const type of ['logout', 'push', 'list']) assert.equal(await answer(form, auth(type)), error('not_authorized'));
  const anonymous = new Device(`emqttd_${newId()}`);
  await anonymous.connect();
  for (const type of ['reg', 'login', 'logout', 'list']) {
    assert.equal(await answer(anonymous, auth(type, { phone: newPhone() })), error('not_authorized'));
  }
  assert.equal(await answer(device, auth('remove')), error('invalid_data'), '5.1.9');
});

test('Auth/login renews the token; both work until the new one is used', async () => {
  const device = await online();
  const reply = await device.ask(auth('login', { client_id: device.clientId, phone: `+${device.phone}`, token: device.token }));
  const [clientId, fresh] = reply.term.items[1].items[2].items.map(String);
  assert.equal(clientId, device.clientId);
  assert.notEqual(fresh, device.token);
  await device.disconnect();
  await device.connect(1);
  await device.disconnect();
  await device.connect(0, { password: fresh });
  await device.disconnect();
  await refusedWith(4, device.connect(0));
  device.token = fresh;
  await device.connect(1);
});

test('Auth/login on a registering connection needs the live token and its device key', async () => {
  const { device: form, id, code } = await asked(newPhone(), { dev_key: 'the key' });
  const login = await form.ask(authVerify(code));
  const [clientId, token] = login.term.items[1].items[2].items.map(String);
  const { device } = await registering(1);
  assert.equal(await answer(device, auth('login', { token: 'f'.repeat(64), dev_key: 'the key' })), error('session_not_found'));
  assert.equal(await answer(device, auth('login', { token, dev_key: 'another' })), error('mismatch_user_data'));
  assert.equal(await answer(device, auth('login', { token, dev_key: 'the key', phone: newPhone() })), error('mismatch_user_data'));
  const reply = await device.ask(auth('login', { token, dev_key: 'the key' }));
  assert.ok(isLogin(reply) && reply.text.includes(`"${clientId}"`), reply.text);
  assert.equal(clientId, `emqttd_${id}`);
});

test('Auth/logout answers with the token that died and closes', async () => {
  const device = await online();
  const reply = await device.ask(auth('logout'));
  assert.equal(reply.text, `{io,{ok,logout},{'Auth',<<"${device.token}">>}}`);
  await device.closed;
  await refusedWith(4, device.connect());
  const again = new Device(device.clientId);
  assert.equal(await again.connect(), false, 'the id is free for an anonymous connection');
});

test('Auth/logout of another device ends it at once, on whichever gateway it is (O13)', async () => {
  const phone = newPhone();
  const [a, b] = [await online(phone, 0), await online(phone, 1)];
  const stranger = await online();
  assert.equal(await answer(stranger, auth('logout', { client_id: b.clientId })), error('session_not_found'));
  assert.equal(await answer(a, auth('logout', { client_id: `emqttd_${newId()}` })), error('session_not_found'));
  await b.fence();

  const told = b.expect(b.topic, ({ text }) => text === ok('logout'));
  const begin = Date.now();
  assert.equal(await answer(a, auth('logout', { client_id: b.clientId })), ok('logout'));
  await Promise.all([told, b.closed]);
  assert.ok(Date.now() - begin < 4000, 'without waiting for a poll');
  await refusedWith(4, b.connect(0));
  await a.fence();
  assert.equal(await query(`select count(*) from delivery.session where client_id = '${b.clientId}'::bytea`), '0');
  assert.equal(await answer(a, auth('logout', { client_id: b.clientId })), error('session_not_found'));
});

test('Auth/logout of another device that is away takes its stored session', async () => {
  const phone = newPhone();
  const [a, b] = [await online(phone, 0), await online(phone, 1)];
  await b.disconnect();
  assert.equal(await answer(a, auth('logout', { client_id: b.clientId })), ok('logout'));
  await refusedWith(4, b.connect(0));
  assert.equal(await query(`select count(*) from delivery.session where client_id = '${b.clientId}'::bytea`), '0');
});

test('without Redis a session that was ended elsewhere ends within ten seconds (O11)', async () => {
  const phone = newPhone();
  const [a, b] = [await online(phone, 0), await online(phone, 1)];
  try {
    killHard('redis-1');
    const begin = Date.now();
    assert.equal(await answer(a, auth('logout', { client_id: b.clientId })), ok('logout'));
    await b.closed;
    assert.ok(Date.now() - begin < 10000);
    await refusedWith(4, b.connect(0));
  } finally {
    await up();
  }
  await a.fence();
});

test('Auth/push stores what fits the session; a token moves to who has it now', async () => {
  const phone = newPhone();
  const [a, b] = [await online(phone, 0), await online(phone, 1)];
  const push = `token ${newId()}`;
  const stored = (device) => query(`select coalesce(encode(push, 'escape'), 'none') || ' ' || os from auth.session
    where client_id = '${device.clientId}'::bytea`);
  assert.equal(await answer(a, auth('push', { push, os: 'windows' })), error('mismatch_user_data'));
  assert.equal(await answer(a, auth('push', { push, os: 'ios', client_id: b.clientId })), error('mismatch_user_data'));
  assert.equal(await answer(a, auth('push', { push, os: 'ios', phone: newPhone() })), error('mismatch_user_data'));
  assert.equal(await answer(a, auth('push', { push, os: 'ios', token: b.token })), error('mismatch_user_data'));
  for (let again = 0; again < 2; again += 1) {
    assert.equal(await answer(a, auth('push', { push, os: 'ios' })), '{io,<<>>,<<>>}');
    assert.equal(await stored(a), `${push} ios`);
  }
  assert.equal(await answer(b, auth('push', { push, os: 'android' })), '{io,<<>>,<<>>}');
  assert.equal(await stored(b), `${push} android`);
  assert.equal(await stored(a), 'none ios');
  assert.equal(await answer(b, auth('push', { push: Buffer.alloc(0), os: 'android' })), '{io,<<>>,<<>>}');
  assert.equal(await stored(b), 'none android');
});

test('Auth/list shows every session of the phone, the own one first, and no secret', async () => {
  const phone = newPhone();
  const first = await online(phone, 0);
  const second = await online(phone, 1);
  const third = await register(phone);
  const seen = [];
  const from = second.inbox.length;
  second.send(auth('list'));
  while (seen.length < 3) seen.push(await second.expect(second.topic, ({ record: name }) => name === 'Auth', { from }));
  const rows = seen.map(({ fields }) => fields);
  assert.deepEqual(rows.map(({ client_id: id }) => id), [second.clientId, first.clientId, third.clientId]);
  for (const row of rows) {
    assert.deepEqual([row.phone, row.user_id, row.type, row.os], [phone, first.phoneId, 'list', 'web']);
    assert.deepEqual([row.token, row.sms_code, row.push], [[], [], []]);
    assert.ok(Math.abs(row.created - Date.now()) < 600000 && Math.abs(row.last_online - Date.now()) < 600000);
  }
  const stranger = await online();
  const [own] = [await stranger.ask(auth('list'), ({ record: name }) => name === 'Auth')];
  assert.equal(own.fields.client_id, stranger.clientId);
  await stranger.fence();
  assert.equal(stranger.on(stranger.topic, ({ record: name }) => name === 'Auth').length, 1);
});

test('a test number has its fixed code, which is not sent; its use is logged and limited', async () => {
  const mark = markLogs();
  const { device } = await registering();
  const sent = codesSentTo(TEST_NUMBER).length;
  const reply = await answer(device, authReg(TEST_NUMBER));
  if (reply === error('attempts_expired')) return; // five runs in an hour on one cluster
  assert.equal(reply, ok('sms_sent'));
  assert.equal(await answer(device, authVerify(wrong(TEST_CODE))), error('invalid_sms_code'));
  assert.ok(isLogin(await device.ask(authVerify(TEST_CODE))));
  const profile = await device.expect(device.topic, isProfile('init'));
  assert.equal(fieldsOf(profile.term).phone, TEST_NUMBER);
  assert.equal(codesSentTo(TEST_NUMBER).length, sent);
  const lines = linesSince(mark).filter((line) => line.includes('a test number is used'));
  assert.ok(lines.length >= 1);
  assert.ok(!linesSince(mark).some((line) => line.includes(TEST_CODE)), 'no log shows the code');
});
