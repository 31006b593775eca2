// What older clients send (PROTOCOL 2.5, 2.6, 3.16): other layouts of a record, and fields written in other ways.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Tuple, atom, float, tuple } from './bert.mjs';
import { codeFor, query } from './cluster.mjs';
import { authReg, befriend, endAll, isContact, isLogin, newId, newPhone, online, register, registering } from './device.mjs';
import { error, fieldsOf, ok, p2p, p2pTopic, record, textMessage } from './records.mjs';

after(endAll);

const NIL = tuple(atom('bert'), atom('nil'));
const UNDEFINED = atom('undefined');
const bytes = (text) => [...Buffer.from(text)];
const wrapped = (text, encoding = 'UTF-8') => tuple(atom('bert'), atom('string'), atom(encoding), text);
const named = (name, ...fields) => new Tuple([atom(name), ...fields]);
const isProfileOf = (status) => ({ record: name, fields }) => name === 'Profile' && fields.status === status;
const ses = (device) => `ses/${device.phone}`;
const onSes = (device, name, status) => device.expect(ses(device), ({ record: told, fields }) => told === name && fields.status === status);

test('Auth of 11 fields: push, list, reg, verify, and what is none', async () => {
  const device = await online();
  const auth = (type, code = [], a = [], b = []) => named('Auth', [], [], [], [], [], atom(type), code, a, b, [], []);
  assert.equal((await device.ask(auth('push', [], 'token 11', atom('android')))).text, '{io,<<>>,<<>>}');
  assert.equal(await query(`select encode(push, 'escape') || ' ' || os from auth.session where client_id = '${device.clientId}'::bytea`),
    'token 11 android');
  assert.equal((await device.ask(auth('push', [], 'token', atom('vax')))).text, error('mismatch_user_data'));
  const list = await device.ask(auth('list'), ({ record: name }) => name === 'Auth');
  assert.equal(list.term.items.length, 14, 'the answer has the normative layout');
  assert.equal((await device.ask(auth('nonsense'))).text, error('invalid_data'));
  const { device: form } = await registering();
  const phone = newPhone();
  assert.equal((await form.ask(named('Auth', [], 'key', [], phone, [], atom('reg'), [], 0, [], [], []))).text, ok('sms_sent'));
  assert.ok(isLogin(await form.ask(auth('verify', await codeFor(phone), 0, []))));
});

test('Auth of 14 fields has a list of settings after services', async () => {
  const { device: form } = await registering();
  const phone = newPhone();
  const settings = [record('Feature', { id: '1', key: 'LANGUAGE', value: 'uk' })];
  const auth = (type, code) => named('Auth', form.clientId, 'key', [], phone, [], atom(type), code, [], [], settings, [], atom('ios'), [], []);
  assert.equal((await form.ask(auth('reg', []))).text, ok('sms_sent'));
  assert.ok(isLogin(await form.ask(auth('verify', await codeFor(phone)))));
  assert.equal(await query(`select os from auth.session where phone = '${phone}'`), 'ios');
});

test('Profile of 7 fields has no balance, and migrate of 8 its time there', async () => {
  const device = await online();
  const profile = (status, services = [], settings = [], update = 0) => named('Profile', device.phone, services, [], settings, update, [],
    atom(status));
  for (const status of ['get', 'update', 'set']) {
    const answer = await device.ask(profile(status, [], [], 1512993600123), isProfileOf(status));
    assert.equal(answer.term.items.length, 9);
    assert.equal(answer.fields.phone, device.phone);
  }
  const address = `${newId()}@example.org`;
  assert.equal((await device.ask(profile('link', [record('Service', { type: 'email', login: address })]))).text, ok('email_sent'));
  assert.equal((await device.ask(profile('email', [record('Service', { type: 'email', login: address, password: 'x' })]))).text,
    error('wrong_code'));
  assert.equal((await device.ask(profile('aws'))).text, error('aws'));
  assert.equal((await device.ask(named('Profile', newPhone(), [], [], [], [], 1512993600123, [], atom('migrate')))).text, ok('migration'));
  device.send(profile('remove')).catch(() => {});
  await device.expect(device.topic, isProfileOf('remove'));
});

test('Friend of 4 fields, and the misspelt uban', async () => {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  const friend = (from, to, status) => named('Friend', from.phoneId, to.phoneId, [], atom(status));
  await a.send(friend(a, b, 'request'));
  await b.expect(ses(b), isContact(a.phoneId, 'authorization'));
  assert.equal((await b.ask(friend(b, a, 'confirm'))).text, '{io,{ok,added},{ok,added}}');
  assert.equal((await a.ask(friend(a, b, 'ban'))).text, '{io,{ok,added},{ok,added}}');
  await b.expect(ses(b), isContact(a.phoneId, 'banned'));
  await a.send(named('Friend', a.phoneId, b.phoneId, atom('uban')));
  await b.expect(ses(b), isContact(a.phoneId, 'unbanned'));
});

test('Tag of 4 fields and Star of 6', async () => {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  await befriend(a, b);
  await a.send(named('Tag', a.phoneId, 'work', 'red', atom('create')));
  const tag = (await onSes(a, 'Tag', 'create')).fields;
  await a.send(named('Tag', a.phoneId, 'work', 'blue', atom('edit')));
  assert.deepEqual([(await onSes(a, 'Tag', 'edit')).fields.id], [tag.id]);
  await a.send(textMessage(a.phoneId, b.phoneId, newId(), 'starred'));
  const { id } = (await a.expect(p2pTopic(a.phoneId, b.phoneId))).fields;
  const star = (status) => named('Star', [], a.clientId, a.phoneId, record('Message', { id }), [tag.id], atom(status));
  await a.send(star('add'));
  const added = await onSes(a, 'Star', 'add');
  assert.deepEqual([added.term.items.length, added.fields.tags], [5, [tag.id]]);
  await a.send(star('remove'));
  await onSes(a, 'Star', 'remove');
  await a.send(named('Tag', a.phoneId, 'work', [], atom('remove')));
  await onSes(a, 'Tag', 'remove');
});

test('of a Contact in a request only the phone id is read, whatever its layout', async () => {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  const contacts = {
    'one field': named('Contact', b.phoneId),
    '13 fields': named('Contact', b.phoneId, ...new Array(12).fill([])),
    '14 fields of 2018': named('Contact', b.phoneId, [], 'N', 'S', 'nick', 0, 0, [], 0, 0, [], [], atom('offline'), atom('internal')),
    '15 fields of 2018': named('Contact', b.phoneId, [], 'N', 'S', 'nick', [], [], 0, 0, [], 0, 0, [], atom('offline'), atom('friend')),
    '14 fields with a status that is none': named('Contact', b.phoneId, ...new Array(12).fill([]), atom('whatever')),
    '20 fields': named('Contact', b.phoneId, ...new Array(19).fill(5)),
  };
  for (const [what, contact] of Object.entries(contacts)) {
    assert.equal((await a.ask(record('Roster', { userlist: [contact], status: 'add' }))).text, ok('added'), what);
    assert.equal((await a.ask(record('Roster', { userlist: [contact], status: 'del' }))).text,
      `{io,{ok2,removed,[<<"${b.phoneId}">>]},<<>>}`, what);
  }
  for (const contact of [named('Contact'), named('Contact', 5), named('Kontakt', b.phoneId), 'text']) {
    assert.equal((await a.ask(record('Roster', { userlist: [contact], status: 'add' }))).text, error('invalid_data'));
  }
});

test('Search takes one value or a list of them', async () => {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  for (const value of [b.phone, [b.phone], [bytes(b.phone)], bytes(b.phone)]) {
    const reply = await a.ask(record('Search', { id: a.rosterId, ref: 'r', field: 'phone', type: '==', value, status: 'contact' }));
    assert.deepEqual(fieldsOf(reply.term.items[2]).userlist.map((each) => fieldsOf(each).phone_id), [b.phoneId]);
  }
});

test('what is not given is written in several ways', async () => {
  const device = await online();
  for (const nothing of [[], UNDEFINED, NIL]) {
    await device.send(record('Roster', { id: nothing, names: 'Anna', surnames: nothing, update: nothing, userlist: nothing, status: 'patch' }));
    assert.deepEqual((await onSes(device, 'Roster', 'patch')).fields.names, 'Anna');
    const answer = await device.ask(record('Profile', { phone: nothing, update: nothing, balance: nothing, presence: nothing, status: 'get' }),
      isProfileOf('get'));
    assert.deepEqual([answer.fields.phone, answer.fields.balance], [device.phone, 0]);
  }
});

test('text is written in several ways', async () => {
  const device = await online();
  for (const names of ['Олена', bytes('Олена'), wrapped('Олена'), wrapped('Олена', 'utf-8'), wrapped('Олена', 'Utf-8')]) {
    await device.send(record('Roster', { names, status: 'patch' }));
    assert.equal((await onSes(device, 'Roster', 'patch')).fields.names, 'Олена');
  }
  for (const names of [wrapped('Олена', 'latin-1'), atom('Olena'), 5, float(1.5), [300, 301], tuple('Olena')]) {
    assert.equal((await device.ask(record('Roster', { names, status: 'patch' }))).text, error('invalid_data'));
  }
});

test('an integer is in 64 bits, times may be digits in a binary, a selector is an atom', async () => {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  await befriend(a, b);
  const sent = record('Message', { feed_id: p2p(a.phoneId, b.phoneId), msg_id: newId(), from: a.phoneId, to: b.phoneId,
    created: Buffer.from('1512993600123'), files: [record('Desc', { id: 'd', payload: 'x' })], type: [atom('reply'), atom('sched')], status: 'client' });
  await a.send(sent);
  const { fields } = await b.expect(p2pTopic(a.phoneId, b.phoneId));
  assert.deepEqual([fields.created, fields.type], [1512993600123, 'reply']);
  for (const [name, more] of [['Roster', { id: 2n ** 64n, status: 'get' }], ['Roster', { id: float(1.5), status: 'get' }],
    ['Profile', { update: Buffer.from('12'), status: 'get' }], ['Profile', { status: Buffer.from('get') }], ['Profile', { status: 5 }]]) {
    assert.equal((await a.ask(record(name, more))).text, error('invalid_data'));
  }
});

test('an unknown id of the right form is no mistake of form', async () => {
  const device = await register();
  await device.connect(0);
  assert.equal((await device.ask(record('Roster', { id: -1, status: 'get' }))).text, error('roster_not_found'));
  assert.equal((await device.ask(record('Roster', { id: 0, status: 'get' }))).text, error('roster_not_found'));
  assert.equal((await device.ask(authReg(newPhone()))).text, error('invalid_data'));
});
