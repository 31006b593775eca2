// Auth (PROTOCOL 5.1, O8, O11 to O13).

import assert from 'node:assert/strict';
import { atom } from '../bert.mjs';
import { codeFor, codesSentTo, query } from '../cluster.mjs';
import {
  Device, Refused, authReg, authVerify, isLogin, isProfile, newId, newPhone, register, registering,
} from '../device.mjs';
import { error, fieldsOf, ok, record } from '../records.mjs';
import { answered, heardDuring, malformed, none, refused, replyTo, signedOut } from './cell.mjs';

const auth = (type, more = {}) => record('Auth', { type, ...more });
const wrong = (code) => (code === '000000' ? '000001' : '000000');
const textsOf = (messages) => messages.map(({ topic, text }) => `${topic} ${text}`);

// A registering connection that has asked for a code: {device, id, phone, code}.
async function asked(phone = newPhone(), more = {}, index = 0) {
  const before = codesSentTo(phone).length;
  const { device, id } = await registering(index);
  assert.equal(await replyTo(device, authReg(phone, more)), ok('sms_sent'));
  return { device, id, phone, code: await codeFor(phone, before + 1) };
}

// The client id and token of {io,{ok2,login,{ClientId,Token}},<<>>}.
function loginOf(reply) {
  assert.ok(isLogin(reply), reply.text);
  assert.match(reply.text, /^\{io,\{ok2,login,\{<<"[^"]+">>,<<"[0-9a-f]{64}">>\}\},<<>>\}$/);
  return reply.term.items[1].items[2].items.map(String);
}

async function connectFails(code, device, index = 0) {
  await assert.rejects(device.connect(index), (failure) => failure instanceof Refused && failure.code === code);
}
const tokenFails = (clientId, token) => connectFails(4, new Device(clientId, { token }));

// What only a registering connection may send: a device is told invalid_data, an anonymous one not_authorized.
const onlyRegistering = (term) => async (world) => {
  const device = await world.person();
  await refused(device, term(), 'invalid_data');
  assert.equal(await replyTo(await world.anonymous(), term()), error('not_authorized'));
};

const reg = {
  async good() {
    const phone = newPhone();
    const { device } = await registering(1);
    assert.equal(await replyTo(device, authReg(`+${phone}`, { client_id: device.clientId })), ok('sms_sent'));
    assert.match(await codeFor(phone), /^\d{6}$/);
    assert.ok(isLogin(await device.ask(authVerify(await codeFor(phone)))));
    assert.deepEqual(textsOf(device.inbox.slice(0, 2)), [`${device.topic} {vnode_max,${fieldsOf(device.inbox[0].term).node}}`,
      `${device.topic} ${ok('sms_sent')}`], 'a reply, on the client topic, and nothing else');
  },
  async not_authorized(world) {
    const phone = newPhone();
    await onlyRegistering(() => authReg(phone))(world);
    assert.equal(codesSentTo(phone).length, 0);
  },
  not_found: none('an unknown phone is the good case, and nothing else is named'),
  async invalid() {
    const { device, code } = await asked();
    for (const phone of [[], '', '+', '1234', '1234567890123456', '38067x00123', '380 67 000', '++380670001122']) {
      assert.equal(await replyTo(device, authReg('', { phone })), error('invalid_data'), String(phone));
    }
    const phone = newPhone();
    assert.equal(await replyTo(device, authReg(phone, { services: [atom('jwt')] })), error('invalid_data'), 'JWT mode is off');
    assert.equal(await replyTo(device, authReg(phone, { client_id: 'reg_other' })), error('mismatch_user_data'));
    for (const term of malformed(authReg(phone))) assert.equal(await replyTo(device, term), error('invalid_data'));
    assert.equal(codesSentTo(phone).length, 0);
    assert.ok(isLogin(await device.ask(authVerify(code))), 'the code that was pending is not touched');
  },
  async repeat() {
    const { device, phone, code: first } = await asked();
    for (let again = 2; again <= 5; again += 1) assert.equal(await replyTo(device, authReg(phone)), ok('sms_sent'));
    const last = await codeFor(phone, 5);
    assert.equal(await replyTo(device, authReg(phone)), error('attempts_expired'), 'the sixth in an hour');
    assert.equal(codesSentTo(phone).length, 5);
    if (first !== last) assert.equal(await replyTo(device, authVerify(first)), error('invalid_sms_code'));
    assert.ok(isLogin(await device.ask(authVerify(last))));
  },
  async others(world) {
    const owner = await world.person(1);
    const [heard] = await heardDuring([owner], async () => {
      const { code, phone } = await asked(owner.phone);
      const { device: thief } = await registering(1);
      assert.equal(await replyTo(thief, authVerify(code, { phone })), error('session_not_found'));
    });
    assert.deepEqual(textsOf(heard), [], 'the devices of the phone are not told');
  },
};

const voice = {
  async good() {
    const { device, phone, code } = await asked();
    const reply = await replyTo(device, auth('voice', { client_id: device.clientId, services: [] }));
    const [, handle] = /^\{io,\{ok,call_in_progress\},\{'Auth',<<"([^"]+)">>\}\}$/.exec(reply) ?? assert.fail(reply);
    assert.equal(await codeFor(phone), code, 'no new SMS');
    assert.deepEqual(codesSentTo(phone, 'voice').map((call) => call.code), [code]);
    await tokenFails(`emqttd_${newId()}`, handle);
  },
  not_authorized: onlyRegistering(() => auth('voice')),
  async not_found() {
    const { device } = await registering();
    assert.equal(await replyTo(device, auth('voice')), error('session_not_found'));
  },
  async invalid() {
    const { device, phone } = await asked();
    for (const other of [{ client_id: 'reg_other' }, { dev_key: 'other' }, { phone: newPhone() }]) {
      assert.equal(await replyTo(device, auth('voice', other)), error('mismatch_user_data'));
    }
    for (const term of malformed(auth('voice'))) assert.equal(await replyTo(device, term), error('invalid_data'));
    assert.equal(codesSentTo(phone, 'voice').length, 0);
  },
  async repeat() {
    const { device, phone } = await asked();
    for (let call = 1; call <= 4; call += 1) assert.match(await replyTo(device, auth('voice')), /call_in_progress/);
    assert.equal(await replyTo(device, auth('voice')), error('attempts_expired'), 'calls count as codes');
    assert.equal(codesSentTo(phone, 'voice').length, 4);
  },
  async others(world) {
    const owner = await world.person(1);
    const { device } = await asked(owner.phone);
    const [heard] = await heardDuring([owner], () => device.ask(auth('voice')));
    assert.deepEqual(textsOf(heard), []);
  },
};

const resend = {
  async good() {
    const { device, phone, code } = await asked();
    assert.equal(await replyTo(device, auth('resend', { client_id: device.clientId, phone: `+${phone}` })), ok('sms_sent'));
    assert.equal(await codeFor(phone, 2), code, 'the same code, as it is young');
    assert.ok(isLogin(await device.ask(authVerify(code))));
  },
  not_authorized: onlyRegistering(() => auth('resend')),
  async not_found() {
    const { device } = await registering();
    assert.equal(await replyTo(device, auth('resend')), error('session_not_found'));
  },
  async invalid() {
    const { device, phone } = await asked();
    for (const other of [{ client_id: 'reg_other' }, { dev_key: 'other' }, { phone: newPhone() }]) {
      assert.equal(await replyTo(device, auth('resend', other)), error('mismatch_user_data'));
    }
    for (const term of malformed(auth('resend'))) assert.equal(await replyTo(device, term), error('invalid_data'));
    assert.equal(codesSentTo(phone).length, 1);
  },
  async repeat() {
    const { device, phone, code } = await asked();
    assert.equal(await replyTo(device, authVerify(wrong(code))), error('invalid_sms_code'));
    for (let again = 2; again <= 5; again += 1) assert.equal(await replyTo(device, auth('resend')), ok('sms_sent'));
    assert.equal(await replyTo(device, auth('resend')), error('attempts_expired'), 'the sixth code in an hour');
    assert.equal(codesSentTo(phone).length, 5);
    for (let n = 2; n <= 5; n += 1) assert.equal(await replyTo(device, authVerify(wrong(code))), error('invalid_sms_code'));
    assert.equal(await replyTo(device, authVerify(code)), error('attempts_expired'), 'a resend does not forget wrong tries');
  },
  async others(world) {
    const owner = await world.person(1);
    const { device } = await asked(owner.phone);
    const [heard] = await heardDuring([owner], () => device.ask(auth('resend')));
    assert.deepEqual(textsOf(heard), []);
  },
};

const verify = {
  async good() {
    const { device, id, phone, code } = await asked();
    const [clientId, token] = loginOf(await device.ask(authVerify(code, { client_id: [], phone })));
    assert.equal(clientId, `emqttd_${id}`);
    const { fields } = await device.expect(device.topic, isProfile('init'));
    assert.deepEqual([fields.phone, fields.services, fields.settings, fields.balance, fields.rosters.length],
      [phone, [], [], 0, 1]);
    const session = new Device(clientId, { token, phone });
    await session.connect(1);
    assert.equal((await session.expect(session.topic, isProfile('init'))).fields.phone, phone);
  },
  not_authorized: onlyRegistering(() => authVerify('123456')),
  async not_found() {
    const { device } = await registering();
    assert.equal(await replyTo(device, authVerify('123456')), error('session_not_found'));
  },
  async invalid() {
    const { device, phone, code } = await asked();
    for (const other of [{ client_id: 'reg_other' }, { dev_key: 'other' }, { phone: newPhone() }]) {
      assert.equal(await replyTo(device, authVerify(code, other)), error('mismatch_user_data'));
    }
    for (const term of malformed(authVerify(code))) assert.equal(await replyTo(device, term), error('invalid_data'));
    for (let n = 0; n < 5; n += 1) assert.equal(await replyTo(device, authVerify(wrong(code))), error('invalid_sms_code'));
    assert.equal(await replyTo(device, authVerify(code)), error('attempts_expired'));
    assert.equal(await query(`select count(*) from profile.account where phone = '${phone}'`), '0', 'no account was made');
  },
  // O12: for two minutes it answers again; another client id gets nothing (bad_input has that).
  async repeat() {
    const { device, code } = await asked();
    const [clientId, token] = loginOf(await device.ask(authVerify(code)));
    const [again, fresh] = loginOf(await device.ask(authVerify(code)));
    assert.equal(again, clientId);
    assert.notEqual(fresh, token);
    await tokenFails(clientId, token);
    await new Device(clientId, { token: fresh }).connect();
  },
  // A second device of a phone: the first one stays, its friends and itself hear nothing.
  async others(world) {
    const { a, b } = await world.friends();
    const [own, friend] = await heardDuring([a, b], async () => {
      const { device, code } = await asked(a.phone);
      const [clientId] = loginOf(await device.ask(authVerify(code)));
      assert.notEqual(clientId, a.clientId);
    });
    assert.deepEqual([textsOf(own), textsOf(friend)], [[], []]);
  },
};

const login = {
  async good(world) {
    const device = await world.person();
    const [clientId, token] = loginOf(await device.ask(auth('login', { client_id: device.clientId, phone: device.phone,
      token: device.token })));
    assert.equal(clientId, device.clientId);
    device.token = token;
    await device.disconnect();
    await device.connect(1);
    const { device: form, code } = await asked(newPhone(), { dev_key: 'the key' });
    const [session, live] = loginOf(await form.ask(authVerify(code)));
    const { device: other } = await registering(1);
    const [same, fresh] = loginOf(await other.ask(auth('login', { token: live, dev_key: 'the key' })));
    assert.equal(same, session);
    await new Device(session, { token: fresh }).connect();
  },
  async not_authorized(world) {
    const device = await world.person();
    assert.equal(await replyTo(await world.anonymous(), auth('login', { token: device.token })), error('not_authorized'));
    const stranger = await world.stranger();
    await refused(stranger, auth('login', { token: device.token, client_id: device.clientId }), 'mismatch_user_data', [device]);
    await device.disconnect();
    await device.connect(0);
  },
  async not_found(world) {
    const term = auth('login', { token: 'f'.repeat(64) });
    await refused(await world.person(), term, 'session_not_found');
    assert.equal(await replyTo(await world.registering(), term), error('session_not_found'));
  },
  async invalid(world) {
    const device = await world.person();
    for (const other of [{ client_id: 'emqttd_other' }, { phone: newPhone() }]) {
      await refused(device, auth('login', { token: device.token, ...other }), 'mismatch_user_data');
    }
    const { device: form } = await registering();
    assert.equal(await replyTo(form, auth('login', { token: device.token, dev_key: 'another' })), error('mismatch_user_data'));
    for (const term of malformed(auth('login', { token: device.token }))) await refused(device, term, 'invalid_data');
  },
  async repeat(world) {
    const device = await world.person();
    const ask = async () => loginOf(await device.ask(auth('login', { token: device.token })))[1];
    const [first, second] = [await ask(), await ask()];
    assert.notEqual(first, second);
    await device.disconnect();
    await device.connect(0); // with the token it came with, for no new one has been used
    await device.disconnect();
    await device.connect(0, { password: second });
    await device.disconnect();
    await tokenFails(device.clientId, device.token);
    await tokenFails(device.clientId, first);
  },
  async others(world) {
    const { a, a2, b } = await world.friends({ second: true });
    const [own, friend] = await heardDuring([a2, b], () => a.ask(auth('login', { token: a.token })));
    assert.deepEqual([textsOf(own), textsOf(friend)], [[], []]);
  },
};

const logout = {
  async good(world) {
    const device = await world.person();
    assert.equal(await replyTo(device, auth('logout', { phone: device.phone, client_id: device.clientId })),
      `{io,{ok,logout},{'Auth',<<"${device.token}">>}}`);
    await device.closed;
    await connectFails(4, device, 1);
    assert.equal(await new Device(device.clientId).connect(0), false, 'no session is left of the id');
  },
  not_authorized: (world) => signedOut(world, auth('logout')),
  async not_found(world) {
    const [device, stranger] = [await world.person(), await world.stranger()];
    await refused(device, auth('logout', { client_id: `emqttd_${newId()}` }), 'session_not_found');
    await refused(device, auth('logout', { client_id: stranger.clientId }), 'session_not_found', [stranger]);
  },
  async invalid(world) {
    const device = await world.person();
    for (const term of [...malformed(auth('logout')), auth('logout', { client_id: 5 })]) await refused(device, term, 'invalid_data');
  },
  async repeat(world) {
    const device = await world.person();
    const second = await world.another(device);
    assert.equal(await replyTo(second, auth('logout', { client_id: device.clientId })), ok('logout'));
    assert.equal(await replyTo(second, auth('logout', { client_id: device.clientId })), error('session_not_found'));
  },
  // The last device of the phone leaves: its friend on the other gateway sees it go, 5 s later (5.9). Before that another one's.
  async others(world) {
    const { a, a2, b } = await world.friends({ second: true });
    const [own, friend] = await heardDuring([a, b], async () => {
      assert.equal(await replyTo(a, auth('logout', { client_id: a2.clientId })), ok('logout'));
      await a2.expect(a2.topic, ({ text }) => text === ok('logout'));
      await a2.closed;
    });
    assert.deepEqual([textsOf(own), textsOf(friend)], [[`${a.topic} ${ok('logout')}`], []]);
    await a.ask(auth('logout'));
    const gone = await b.expect(`ac/${a.phoneId}`, ({ fields }) => fields.presence === 'offline', { timeoutMs: 15000 });
    assert.deepEqual([gone.fields.phone_id, gone.fields.status, gone.qos], [a.phoneId, [], 0]);
  },
};

const stored = (device) => query(`select coalesce(encode(push, 'escape'), 'none') || ' ' || os from auth.session
  where client_id = '${device.clientId}'::bytea`);
const NOTHING = '{io,<<>>,<<>>}';

const push = {
  async good(world) {
    const device = await world.person();
    const token = `token ${newId()}`;
    assert.equal(await replyTo(device, auth('push', { push: token, os: 'ios', phone: device.phone, token: device.token })), NOTHING);
    assert.equal(await stored(device), `${token} ios`);
    assert.equal(await replyTo(device, auth('push', { push: '', os: 'android' })), NOTHING);
    assert.equal(await stored(device), 'none android');
  },
  not_authorized: (world) => signedOut(world, auth('push', { push: 'x', os: 'ios' })),
  not_found: none('it is about the own session, which is there as long as the connection'),
  async invalid(world) {
    const device = await world.person();
    const stranger = await world.stranger();
    const before = await stored(device);
    for (const other of [{ os: 'windows' }, { os: [] }, { client_id: stranger.clientId }, { phone: stranger.phone },
      { token: stranger.token }]) {
      await refused(device, auth('push', { push: 'x', os: 'ios', ...other }), 'mismatch_user_data', [stranger]);
    }
    for (const term of malformed(auth('push', { push: 'x', os: 'ios' }))) await refused(device, term, 'invalid_data');
    assert.equal(await stored(device), before);
  },
  async repeat(world) {
    const device = await world.person();
    const token = `token ${newId()}`;
    for (let again = 0; again < 2; again += 1) {
      assert.equal(await replyTo(device, auth('push', { push: token, os: 'ios' })), NOTHING);
      assert.equal(await stored(device), `${token} ios`);
    }
  },
  // A push token that another session has moves here, without a word to that one.
  async others(world) {
    const { a, a2, b } = await world.friends({ second: true });
    const token = `token ${newId()}`;
    for (const device of [a2, b]) await device.ask(auth('push', { push: token, os: 'ios' }));
    assert.equal(await stored(a2), 'none ios');
    const [own, friend] = await heardDuring([a2, b], () => a.ask(auth('push', { push: token, os: 'android' })));
    assert.deepEqual([textsOf(own), textsOf(friend)], [[], []]);
    assert.deepEqual([await stored(a), await stored(b)], [`${token} android`, 'none ios']);
  },
};

// The Auths that answer, until a fence.
async function listed(device) {
  const [heard] = await heardDuring([device], () => device.send(auth('list')));
  assert.ok(heard.every(({ topic, record: name }) => topic === device.topic && name === 'Auth'), textsOf(heard).join('\n'));
  return heard.map(({ fields }) => fields);
}

const list = {
  async good(world) {
    const first = await world.person(0);
    const second = await world.another(first, 1);
    const third = await register(first.phone);
    const rows = await listed(second);
    assert.deepEqual(rows.map((row) => row.client_id), [second, first, third].map((device) => device.clientId));
    for (const row of rows) {
      assert.deepEqual([row.phone, row.user_id, row.type, row.os, row.token, row.sms_code, row.push],
        [first.phone, first.phoneId, 'list', 'web', [], [], []]);
      assert.match(row.dev_key, /^key_/);
      for (const time of [row.created, row.last_online]) assert.ok(Math.abs(time - Date.now()) < 600000);
    }
  },
  not_authorized: (world) => signedOut(world, auth('list')),
  not_found: none('the own session is always there to be listed'),
  async invalid(world) {
    const device = await world.person();
    for (const term of malformed(auth('list'))) await refused(device, term, 'invalid_data');
  },
  async repeat(world) {
    const device = await world.person();
    const clientIds = async () => (await listed(device)).map((row) => row.client_id);
    assert.deepEqual([await clientIds(), await clientIds()], [[device.clientId], [device.clientId]]);
  },
  async others(world) {
    const { a, a2, b } = await world.friends({ second: true });
    const [own, friend] = await heardDuring([a2, b], () => answered(a, auth('list'), 'Auth', 'list'));
    assert.deepEqual([textsOf(own), textsOf(friend)], [[], []], 'only who asks is told, and only of its phone');
    assert.ok((await listed(b)).every((row) => row.phone === b.phone));
  },
};

export const cells = {
  'Auth/reg': reg, 'Auth/voice': voice, 'Auth/resend': resend, 'Auth/verify': verify, 'Auth/login': login, 'Auth/logout': logout,
  'Auth/push': push, 'Auth/list': list,
};
