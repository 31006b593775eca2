// Profile and Person, every RPC of PROTOCOL 5.2 and 5.3: the good case, each refusal, the repetition, and what the others get.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { codeFor, codesSentTo, eventually, query } from './cluster.mjs';
import {
  Device, Refused, authReg, authVerify, befriend, endAll, isContact, isLogin, isProfile, newId, newPhone, online, registering,
} from './device.mjs';
import { error, fieldsOf, ok, p2p, p2pTopic, record, textMessage } from './records.mjs';

after(endAll);

const profile = (status, more = {}) => record('Profile', { status, ...more });
const service = (type, login, password) => record('Service', { type, login, ...(password ? { password } : {}) });
const feature = (id, key, value) => record('Feature', { id, key, value });
const answer = async (device, term) => (await device.ask(term)).text;
const wrong = (code) => (code === '000000' ? '000001' : '000000');
const askProfile = (device, term) => device.ask(term, ({ record: name }) => name === 'Profile' || name === 'io');

async function refusedWith(codes, attempt) {
  await assert.rejects(attempt, (refused) => refused instanceof Refused && codes.includes(refused.code));
}

async function friends(index = 0) {
  const [phoneA, phoneB] = [newPhone(), newPhone()];
  const [a1, b] = await Promise.all([online(phoneA, index), online(phoneB, 1)]);
  const a2 = await online(phoneA, 1);
  await befriend(a1, b, [a2]);
  return { a1, a2, b };
}

const search = async (device, field, value) => {
  const reply = await device.ask(record('Search', { id: device.rosterId, ref: newId(), field, type: '==', value, status: 'contact' }));
  return fieldsOf(reply.term.items[2]).userlist.map((contact) => fieldsOf(contact).phone_id);
};

test('Profile/get shows the own profile, by any spelling of the own phone, and no other', async () => {
  const device = await online();
  for (const phone of [[], device.phone, `+${device.phone}`]) {
    const { fields } = await askProfile(device, profile('get', { phone }));
    assert.deepEqual([fields.phone, fields.status, fields.presence, fields.balance], [device.phone, 'get', 'online', 0]);
    assert.equal(fieldsOf(fields.rosters[0]).id, device.rosterId);
  }
  for (const status of ['get', 'set', 'update', 'link', 'email', 'remove']) {
    assert.equal(await answer(device, profile(status, { phone: newPhone() })), error('not_authorized'));
  }
  assert.equal(await answer(device, profile('init')), error('invalid_data'));
});

test('Profile/set replaces the settings, keeps them for an empty list, and writes nothing else', async () => {
  const device = await online();
  const before = Date.now() - 60000;
  const settings = [feature('1', 'LANGUAGE', 'uk'), feature('2', 'THEME', 'dark')];
  const set = await askProfile(device, profile('set', { settings, balance: 99, update: 1 }));
  assert.deepEqual(set.fields.settings.map(fieldsOf).map(({ key, value }) => [key, value]), [['LANGUAGE', 'uk'], ['THEME', 'dark']]);
  assert.deepEqual([set.fields.status, set.fields.balance], ['set', 0]);
  assert.ok(set.fields.update > before);
  assert.equal((await askProfile(device, profile('set'))).fields.settings.length, 2);
  assert.equal((await askProfile(device, profile('set', { settings: settings.slice(1) }))).fields.settings.length, 1);
  assert.equal(await answer(device, profile('set', { settings: [feature('1', 'A', 'x'), feature('1', 'B', 'y')] })), error('invalid_data'));
  assert.equal(await answer(device, profile('set', { settings: [feature('1', 'A', 'x'.repeat(5000))] })), error('invalid_data'));
});

test('the Feature SEARCH hides from strangers, from the answer on (O17)', async () => {
  const { a1: friend, b: hidden } = await friends();
  const stranger = await online();
  assert.deepEqual(await search(stranger, 'phone', hidden.phone), [hidden.phoneId]);
  await askProfile(hidden, profile('set', { settings: [feature('1', 'SEARCH', 'friends')] }));
  assert.deepEqual(await search(stranger, 'phone', hidden.phone), []);
  assert.deepEqual(await search(friend, 'phone', hidden.phone), [hidden.phoneId]);
  await askProfile(hidden, profile('set', { settings: [feature('1', 'SEARCH', 'none')] }));
  assert.deepEqual(await search(stranger, 'phone', hidden.phone), []);
  await askProfile(hidden, profile('set', { settings: [feature('1', 'SEARCH', 'all')] }));
  assert.deepEqual(await search(stranger, 'phone', hidden.phone), [hidden.phoneId]);
});

test('Profile/update answers with the time of now and shows the roster to friends, each time', async () => {
  const { a1, b } = await friends();
  for (let again = 0; again < 2; again += 1) {
    const from = b.inbox.length;
    const { fields } = await askProfile(a1, profile('update', { phone: a1.phone, update: 12345 }));
    assert.equal(fields.status, 'update');
    assert.ok(Math.abs(fields.update - Date.now()) < 60000);
    const shown = await b.expect(`ac/${a1.phoneId}`, ({ record: name }) => name === 'Contact', { from });
    assert.deepEqual([shown.fields.phone_id, shown.fields.status, shown.fields.presence], [a1.phoneId, [], 'online']);
    assert.equal(shown.qos, 0);
  }
});

test('Profile/link and email prove an address by a mailed code, once', async () => {
  const device = await online();
  const address = `Olena.${newId()}@example.org`;
  const link = (login) => profile('link', { phone: device.phone, services: [service('email', login)] });
  const verify = (code, login = address) => profile('email', { services: [service('email', login, code)], update: Date.now() });
  for (const services of [[], [service('email', 'olena')], [service('vox', address)], [service('email', address), service('email', address)]]) {
    assert.equal(await answer(device, profile('link', { services })), error('invalid_data'));
  }
  assert.equal(await answer(device, verify('123456')), error('wrong_code'));
  assert.equal(await answer(device, link(address)), ok('email_sent'));
  const mails = await eventually('a mail', () => {
    const sent = codesSentTo(address, 'email');
    return sent.length > 0 ? sent : undefined;
  });
  const { code } = mails[0];
  assert.match(code, /^\d{6}$/);
  const services = async () => (await askProfile(device, profile('get'))).fields.services.map(fieldsOf)
    .map(({ type, login, password, status }) => [type, login, password, status]);
  assert.deepEqual(await services(), [['email', address, [], 'added']]);
  assert.equal(await answer(device, verify(wrong(code))), error('wrong_code'));
  assert.equal(await answer(device, verify(code, `x${address}`)), error('wrong_code'));
  const stranger = await online();
  assert.equal(await answer(stranger, verify(code)), error('wrong_code'));
  assert.deepEqual(await search(stranger, 'email', address), [], 'an address that is not verified finds nobody');

  assert.equal(await answer(device, verify(code, address.toLowerCase())), ok('verified'));
  assert.deepEqual(await services(), [['email', address, [], 'verified']]);
  assert.equal(await answer(device, verify(code)), error('wrong_code'));
  assert.deepEqual(await eventually('the directory knows the address', async () => {
    const found = await search(stranger, 'email', address);
    return found.length > 0 ? found : undefined;
  }), [device.phoneId]);
});

test('Profile/link: five wrong tries use a code up, the sixth mail in an hour is too many', async () => {
  const device = await online();
  const address = `${newId()}@example.org`;
  const link = profile('link', { services: [service('email', address)] });
  assert.equal(await answer(device, link), ok('email_sent'));
  const { code } = codesSentTo(address, 'email').at(-1);
  const verify = (text) => answer(device, profile('email', { services: [service('email', address, text)] }));
  for (let i = 0; i < 5; i += 1) assert.equal(await verify(wrong(code)), error('wrong_code'));
  assert.equal(await verify(code), error('wrong_code'));
  for (let i = 0; i < 4; i += 1) assert.equal(await answer(device, link), ok('email_sent'));
  assert.equal(await answer(device, link), error('too_many'));
  assert.equal(await verify(codesSentTo(address, 'email').at(-1).code), ok('verified'));
});

test('Profile/remove takes everything, tells every device and the friends, and frees the phone', async () => {
  const { a1, a2, b } = await friends();
  const topic = p2pTopic(a1.phoneId, b.phoneId);
  await a1.send(textMessage(a1.phoneId, b.phoneId, newId(), 'Farewell'));
  await b.expect(topic);
  const acknowledged = a1.send(profile('remove', { phone: a1.phone }));
  for (const device of [a1, a2]) {
    const { fields } = await device.expect(device.topic, isProfile('remove'));
    assert.equal(fields.phone, a1.phone);
  }
  await acknowledged;
  await Promise.all([a1.closed, a2.closed]);
  for (const device of [a1, a2]) assert.equal(device.on(device.topic, isProfile('remove')).length, 1);
  await b.expect(`ses/${b.phone}`, isContact(a1.phoneId, 'deleted'));
  await refusedWith([4], a1.connect(0));
  await refusedWith([4], a2.connect(1));
  assert.equal(await query(`select count(*) from profile.account where phone = '${a1.phone}'`), '0');
  assert.equal(await query(`select count(*) from auth.session where phone = '${a1.phone}'`), '0');

  // The messages stay with the friend, who can send no more.
  const page = await b.ask(record('History', {
    roster_id: b.phoneId, feed: p2p(a1.phoneId, b.phoneId), size: -10, entity_id: 0, status: 'get',
  }), ({ record: name }) => name === 'History' || name === 'io');
  assert.equal(page.record, 'History', page.text);
  assert.deepEqual(page.fields.data.map((message) => fieldsOf(fieldsOf(message).files[0]).payload), ['Farewell']);
  assert.equal(await answer(b, textMessage(b.phoneId, a1.phoneId, newId(), 'Are you there?')), error('permission_denied'));

  const again = await online(a1.phone);
  assert.notEqual(again.rosterId, a1.rosterId);
  assert.deepEqual(fieldsOf((await askProfile(again, profile('get'))).fields.rosters[0]).userlist, []);
});

test('Profile/migrate refuses what cannot be moved to', async () => {
  const [device, other] = await Promise.all([online(), online()]);
  for (const phone of ['1234', 'phone', [], device.phone, `+${device.phone}`, other.phone]) {
    assert.equal(await answer(device, profile('migrate', { phone })), error('invalid_data'));
  }
  const target = newPhone();
  const move = (code, phone = target, login = phone) => profile('phone', { phone, services: [service('phone', login, code)] });
  assert.equal(await answer(device, move('123456')), error('not_authorized'), 'nothing is pending');
  assert.equal(await answer(device, profile('migrate', { phone: `+${target}`, balance: Date.now() })), ok('migration'));
  const code = await codeFor(target);
  assert.equal(await answer(device, move(wrong(code))), error('not_authorized'));
  assert.equal(await answer(device, move(code, newPhone())), error('not_authorized'));
  assert.equal(await answer(device, move(code, target, newPhone())), error('not_authorized'));
  assert.equal(await answer(other, move(code)), error('not_authorized'), 'the code is for one account');
  for (let i = 0; i < 4; i += 1) assert.equal(await answer(device, move(wrong(code))), error('not_authorized'));
  assert.equal(await answer(device, move(code)), error('not_authorized'), 'five wrong tries use it up');
  assert.equal((await askProfile(device, profile('get'))).fields.phone, device.phone, 'nothing has moved');
});

test('Profile/phone moves everything to the new number, and every feed reads as one history', async () => {
  const { a1, a2, b } = await friends();
  const [oldPhone, oldId, phone] = [a1.phone, a1.phoneId, newPhone()];
  const newPhoneId = `${phone}_${a1.rosterId}`;
  await a1.send(textMessage(oldId, b.phoneId, newId(), 'from the old number'));
  await b.expect(p2pTopic(oldId, b.phoneId));
  assert.equal(await answer(a1, profile('migrate', { phone, update: Date.now() })), ok('migration'));
  const code = await codeFor(phone);
  const move = profile('phone', { phone, services: [service('phone', phone, code)], update: Date.now() });
  const moved = await askProfile(a1, move);
  assert.equal(moved.record, 'Profile', moved.text);
  assert.deepEqual([moved.fields.phone, moved.fields.status], [phone, 'phone']);
  assert.ok(Math.abs(moved.fields.update - Date.now()) < 60000);
  assert.equal(fieldsOf(moved.fields.rosters[0]).id, a1.rosterId);
  assert.equal(fieldsOf(moved.fields.rosters[0]).phone, phone);

  // The friend: the old id goes, the new one is a friend.
  const gone = await b.expect(`ses/${b.phone}`, isContact(oldId, 'deleted'));
  const come = await b.expect(`ses/${b.phone}`, isContact(newPhoneId, 'friend'));
  assert.ok(b.inbox.indexOf(gone) < b.inbox.indexOf(come), 'in this order');
  // The own devices follow, on every gateway.
  for (const device of [a1, a2]) {
    await device.expect(null, ({ topic, record: name }) => name === 'Roster' && topic.startsWith('ses/'));
    await eventually('the connection has the new identity', async () => (
      await askProfile(device, profile('get', { phone }))).fields.phone === phone);
    assert.equal(await answer(device, profile('get', { phone: oldPhone })), error('not_authorized'));
    Object.assign(device, { phone, phoneId: newPhoneId });
  }
  assert.equal((await askProfile(a1, move)).fields.status, 'phone', 'a repeat is answered again');

  const topic = p2pTopic(newPhoneId, b.phoneId);
  await a2.send(textMessage(newPhoneId, b.phoneId, newId(), 'from the new number'));
  for (const device of [a1, a2, b]) {
    const { fields } = await device.expect(topic, ({ record: name }) => name === 'Message');
    assert.deepEqual([fields.from, fields.to], [newPhoneId, b.phoneId]);
  }
  await b.send(textMessage(b.phoneId, newPhoneId, newId(), 'I see'));
  for (const device of [a1, a2]) {
    await device.expect(topic, ({ fields }) => fields.from === b.phoneId);
  }
  for (const [device, peer] of [[a1, b.phoneId], [b, newPhoneId]]) {
    const page = await device.ask(record('History', {
      roster_id: device.phoneId, feed: p2p(device.phoneId, peer), size: -10, entity_id: 0, status: 'get',
    }), ({ record: name }) => name === 'History' || name === 'io');
    assert.equal(page.record, 'History', page.text);
    const messages = page.fields.data.map(fieldsOf);
    assert.deepEqual(messages.map(({ files }) => fieldsOf(files[0]).payload).sort(),
      ['I see', 'from the new number', 'from the old number']);
    assert.ok(messages.every(({ from, to }) => [from, to].sort().join() === [newPhoneId, b.phoneId].sort().join()),
      'all of it under the new id');
  }

  // Tokens stay valid; the old number is free and somebody else's.
  await a2.disconnect();
  await a2.connect(0);
  assert.equal((await a2.expect(a2.topic, isProfile('init'))).fields.phone, phone);
  const newcomer = await online(oldPhone);
  assert.notEqual(newcomer.rosterId, a1.rosterId);
  const { device: form } = await registering();
  assert.equal(await answer(form, authReg(phone)), ok('sms_sent'));
  const login = await form.ask(authVerify(await codeFor(phone, 2)));
  assert.ok(isLogin(login));
  const [clientId, token] = login.term.items[1].items[2].items.map(String);
  const third = new Device(clientId, { token, phone });
  await third.connect(1);
  const opened = await third.expect(third.topic, isProfile('init'));
  assert.equal(fieldsOf(opened.fields.rosters[0]).id, a1.rosterId, 'the new number is the old account');
});

test('Person/get and set: the own, private data; a list is replaced, [] leaves, an empty text clears', async () => {
  const device = await online();
  const person = (status, more = {}) => record('Person', { id: device.phone, status, ...more });
  const ask = async (term) => (await device.ask(term, ({ record: name }) => name === 'Person' || name === 'io'));
  const empty = (await ask(person('get'))).fields;
  assert.deepEqual([empty.id, empty.names, empty.balance, empty.status], [device.phone, [], 0, 'get']);
  const set = (await ask(person('set', {
    names: 'Олена', surnames: 'К', username: 'olena', phonelist: ['380670000000'], ThemeID: 'dark', balance: 100,
  }))).fields;
  assert.deepEqual([set.names, set.surnames, set.username, set.ThemeID, set.balance, set.status],
    ['Олена', 'К', 'olena', 'dark', 0, 'set']);
  const kept = (await ask(person('set', { id: device.phoneId, username: Buffer.alloc(0) }))).fields;
  assert.deepEqual([kept.names, kept.username, kept.phonelist.map(String)], ['Олена', '', ['380670000000']]);
  assert.deepEqual((await ask(person('get', { id: device.phoneId }))).fields.names, 'Олена');
  assert.equal((await ask(person('set', { names: 'x'.repeat(33) }))).text, error('invalid_data'));
  assert.equal((await ask(person('set', { names: Buffer.from([0xff, 0xfe]) }))).text, error('invalid_data'));
  const stranger = await online();
  for (const status of ['get', 'set']) assert.equal(await answer(stranger, person(status)), error('not_authorized'));
});
