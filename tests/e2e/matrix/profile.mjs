// Profile (PROTOCOL 3.5, 5.3, 5.9, O13, O17). Credentials of a provider: media_servers.test.mjs; here none is configured.

import assert from 'node:assert/strict';
import { codeFor, codesSentTo, eventually, query } from '../cluster.mjs';
import { Refused, isContact, isProfile, newId, newPhone } from '../device.mjs';
import { error, fieldsOf, ok, p2p, p2pTopic, record, textMessage } from '../records.mjs';
import { answered, heardDuring, malformed, none, readable, refused, replyTo, signedOut } from './cell.mjs';

const profile = (status, more = {}) => record('Profile', { status, ...more });
const service = (type, login, password) => record('Service', { type, login, ...(password ? { password } : {}) });
const feature = (id, key, value) => record('Feature', { id, key, value });
const ask = (device, status, more = {}) => answered(device, profile(status, { phone: device.phone, ...more }), 'Profile', status);
const textsOf = (messages) => messages.map(({ topic, text }) => `${topic} ${text}`);
const wrong = (code) => (code === '000000' ? '000001' : '000000');
const near = (time) => assert.ok(Math.abs(time - Date.now()) < 60000, `${time} is now`);
const newAddress = () => `Olena.${newId()}@example.org`;

// The phone of somebody else, and of nobody.
const notOwn = (status, more = {}) => async (world) => {
  await signedOut(world, profile(status, more));
  const { a, b } = await world.friends();
  for (const phone of [a.phone, `+${a.phone}`, newPhone(), a.phoneId]) {
    await refused(b, profile(status, { ...more, phone }), 'not_authorized', [a]);
  }
};

const badForm = (status, ...more) => async (world) => {
  const device = await world.person();
  for (const fields of more) await refused(device, profile(status, fields), 'invalid_data');
  for (const term of malformed(profile(status))) await refused(device, term, 'invalid_data');
};

// Neither the own devices nor the friends hear of it.
const unheard = (request) => async (world) => {
  const { a, a2, b } = await world.friends({ second: true });
  const [own, friend] = await heardDuring([a2, b], () => request(a));
  assert.deepEqual([textsOf(own), textsOf(friend)], [[], []]);
};

const OWN = none('the own profile is there as long as the connection; another phone is not_authorized');

// A full Profile: the account's, with its roster in full.
function checkFull(fields, device, status) {
  assert.deepEqual([fields.phone, fields.services, fields.balance, fields.presence, fields.status, fields.rosters.length],
    [device.phone, [], 0, 'online', status, 1]);
  const roster = fieldsOf(fields.rosters[0]);
  assert.deepEqual([roster.id, roster.phone], [device.rosterId, device.phone]);
  return roster;
}

const get = {
  async good(world) {
    const { a, b } = await world.friends();
    for (const phone of [[], a.phone, `+${a.phone}`]) {
      const { userlist } = checkFull(await ask(a, 'get', { phone }), a, 'get');
      assert.deepEqual(userlist.map(fieldsOf).map((contact) => [contact.phone_id, contact.status]), [[b.phoneId, 'friend']]);
    }
  },
  not_authorized: notOwn('get'),
  not_found: OWN,
  invalid: badForm('get', { update: 'soon' }, { settings: 'x' }),
  async repeat(world) {
    const device = await world.person();
    assert.deepEqual(await ask(device, 'get'), await ask(device, 'get'));
  },
  others: unheard((device) => ask(device, 'get')),
};

const update = {
  async good(world) {
    const device = await world.person();
    const fields = await ask(device, 'update', { update: 12345, settings: [feature('1', 'LANGUAGE', 'uk')] });
    checkFull(fields, device, 'update');
    near(fields.update);
    assert.deepEqual(fields.settings, [], 'it writes nothing else');
    assert.equal((await ask(device, 'get')).update, fields.update);
  },
  not_authorized: notOwn('update'),
  not_found: OWN,
  invalid: badForm('update', { update: 'soon' }),
  async repeat(world) {
    const { a, b } = await world.friends();
    let last = 0;
    for (let again = 0; again < 2; again += 1) {
      const from = b.inbox.length;
      const fields = await ask(a, 'update');
      assert.ok(fields.update >= last);
      last = fields.update;
      await b.expect(`ac/${a.phoneId}`, ({ record: name }) => name === 'Contact', { from });
    }
  },
  // The public Contact, and only that, at QoS 0 to the friend on ac/ and to who shares a room on muc/.
  async others(world) {
    const { a, b } = await world.friends();
    const stranger = await world.stranger();
    await answered(a, record('Roster', { id: a.rosterId, names: 'Anna', email: 'anna@example.org', status: 'get' }), 'Roster', 'get');
    const from = b.inbox.length;
    const [friend, nobody] = await heardDuring([b, stranger], async () => {
      await ask(a, 'update');
      const shown = await b.expect(`ac/${a.phoneId}`, ({ record: name }) => name === 'Contact', { from });
      const { update: time, ...rest } = shown.fields;
      assert.deepEqual(rest, { phone_id: a.phoneId, avatar: [], names: [], surnames: [], nick: [], email: [], vox_id: [],
        reader: 0, unread: 0, last_msg: [], settings: [], presence: 'online', status: [] });
      assert.ok(time > 0);
      assert.equal(shown.qos, 0);
    });
    assert.deepEqual([textsOf(friend), textsOf(nobody)], [[], []]);
  },
};

const set = {
  async good(world) {
    const device = await world.person();
    const settings = [feature('1', 'LANGUAGE', 'uk'), feature('2', 'THEME', 'dark')];
    const fields = await ask(device, 'set', { settings, balance: 99, update: 1, services: [service('email', 'x@example.org')] });
    checkFull(fields, device, 'set');
    near(fields.update);
    assert.deepEqual(fields.settings.map(fieldsOf), settings.map(fieldsOf));
    assert.equal((await ask(device, 'set')).settings.length, 2, '[] leaves what is stored');
    assert.deepEqual((await ask(device, 'set', { settings: settings.slice(1) })).settings.map(fieldsOf), [fieldsOf(settings[1])]);
  },
  not_authorized: notOwn('set', { settings: [feature('1', 'LANGUAGE', 'uk')] }),
  not_found: OWN,
  invalid: badForm('set', { settings: [feature('1', 'A', 'x'), feature('1', 'B', 'y')] },
    { settings: [feature('1', 'A', 'x'.repeat(4097))] }, { settings: ['x'] }, { settings: [service('email', 'x')] },
    { settings: Array.from({ length: 101 }, (_, n) => feature(String(n), 'A', 'x')) }),
  async repeat(world) {
    const device = await world.person();
    const settings = [feature('1', 'LANGUAGE', 'uk')];
    const [first, again] = [await ask(device, 'set', { settings }), await ask(device, 'set', { settings })];
    assert.deepEqual({ ...again, update: 0 }, { ...first, update: 0 });
    assert.ok(again.update >= first.update);
  },
  others: unheard((device) => ask(device, 'set', { settings: [feature('1', 'LANGUAGE', 'uk')] })),
};

const linkTo = (address) => profile('link', { services: [service('email', address)] });
const proof = (address, code) => profile('email', { services: [service('email', address, code)], update: Date.now() });
const servicesOf = async (device) => (await ask(device, 'get')).services.map(fieldsOf)
  .map(({ type, login, password, status }) => [type, login, password, status]);

// A person with an address that awaits its code.
async function linked(world) {
  const device = await world.person();
  const address = newAddress();
  assert.equal(await replyTo(device, linkTo(address)), ok('email_sent'));
  return { device, address, code: codesSentTo(address, 'email').at(-1).code };
}

const link = {
  async good(world) {
    const { device, address, code } = await linked(world);
    assert.match(code, /^\d{6}$/);
    assert.deepEqual(await servicesOf(device), [['email', address, [], 'added']], 'and the code is not shown');
  },
  not_authorized: notOwn('link', { services: [service('email', 'x@example.org')] }),
  not_found: none('an address that nobody knows is the good case'),
  async invalid(world) {
    const address = newAddress();
    await badForm('link', { services: [] }, ...['olena', 'olena@', '@example.org', 'a b@example.org', '', 'a@b@example.org',
      `a@${'x'.repeat(300)}.org`, 'a@example.org\r\nBcc: x@example.org'].map((login) => ({ services: [service('email', login)] })),
    { services: [service('vox', address)] }, { services: [service('email', address), service('email', address)] },
    { services: [record('Service', { type: 'email' })] })(world);
    assert.equal(codesSentTo(address, 'email').length, 0);
  },
  async repeat(world) {
    const { device, address, code } = await linked(world);
    assert.equal(await replyTo(device, linkTo(address)), ok('email_sent'));
    const fresh = codesSentTo(address, 'email').at(-1).code;
    if (fresh !== code) await refused(device, proof(address, code), 'wrong_code');
    assert.equal(await replyTo(device, proof(address, fresh)), ok('verified'));
    assert.equal((await servicesOf(device)).length, 1);
  },
  others: unheard(async (device) => assert.equal(await replyTo(device, linkTo(newAddress())), ok('email_sent'))),
};

const email = {
  async good(world) {
    const { device, address, code } = await linked(world);
    assert.equal(await replyTo(device, proof(address, code)), ok('verified'));
    assert.deepEqual(await servicesOf(device), [['email', address, [], 'verified']]);
  },
  not_authorized: notOwn('email', { services: [service('email', 'x@example.org', '123456')] }),
  async not_found(world) {
    const device = await world.person();
    await refused(device, proof(newAddress(), '123456'), 'wrong_code');
    const { device: other, address, code } = await linked(world);
    await refused(device, proof(address, code), 'wrong_code', [other]);
  },
  async invalid(world) {
    const { device, address, code } = await linked(world);
    for (const services of [[], [service('email', address)], [service('vox', address, code)],
      [service('email', address, code), service('email', address, code)]]) {
      await refused(device, profile('email', { services }), 'wrong_code');
    }
    for (let n = 0; n < 5; n += 1) await refused(device, proof(address, wrong(code)), 'wrong_code');
    await refused(device, proof(address, code), 'wrong_code');
    await badForm('email')(world);
  },
  async repeat(world) {
    const { device, address, code } = await linked(world);
    assert.equal(await replyTo(device, proof(address, code)), ok('verified'));
    await refused(device, proof(address, code), 'wrong_code');
  },
  others: unheard(async (device) => {
    const address = newAddress();
    await device.ask(linkTo(address));
    assert.equal(await replyTo(device, proof(address, codesSentTo(address, 'email').at(-1).code)), ok('verified'));
  }),
};

const aws = {
  async good(world) {
    assert.equal(await replyTo(await world.person(), profile('aws')), error('aws'), 'no provider is configured here');
  },
  not_authorized: notOwn('aws'),
  not_found: OWN,
  invalid: badForm('aws', { update: 'soon' }),
  async repeat(world) {
    const device = await world.person();
    for (let again = 0; again < 2; again += 1) await refused(device, profile('aws', { phone: device.phone }), 'aws');
  },
  others: unheard((device) => device.ask(profile('aws'))),
};

const remove = {
  async good(world) {
    const device = await world.person(0);
    const second = await world.another(device, 1);
    const third = await world.another(device, 0);
    await third.disconnect();
    const all = [device, second];
    device.send(profile('remove', { phone: device.phone })).catch(() => {});
    await Promise.all(all.map(async (each) => {
      const { fields } = await each.expect(each.topic, isProfile('remove'));
      assert.deepEqual({ ...fields, update: 0 }, { phone: device.phone, services: [], rosters: [], settings: [], update: 0,
        balance: 0, presence: [], status: 'remove' });
      await each.closed;
      assert.equal(each.on(each.topic, isProfile('remove')).length, 1);
    }));
    for (const each of [device, second, third]) {
      await assert.rejects(each.connect(0), (failure) => failure instanceof Refused && failure.code === 4);
    }
    for (const table of ['profile.account', 'auth.session', 'roster.account']) {
      assert.equal(await query(`select count(*) from ${table} where phone = '${device.phone}'`), '0', table);
    }
    const again = await world.another(device, 1);
    assert.deepEqual((await ask(again, 'get')).rosters.length, 1, 'the phone may register anew');
  },
  not_authorized: notOwn('remove'),
  not_found: none('a connection of a removed account ends before it could ask'),
  invalid: badForm('remove', { update: 'soon' }),
  async repeat(world) {
    const device = await world.person();
    device.send(profile('remove')).catch(() => {});
    device.send(profile('remove')).catch(() => {});
    await device.closed;
    assert.equal(device.on(device.topic, isProfile('remove')).length, 1);
  },
  // A friend, one who was asked and one who asked are told; a stranger and who is in the phone book are not; messages stay.
  async others(world) {
    const { a, b } = await world.friends();
    const [asked, asking, listed, stranger] = [await world.person(1), await world.person(0), await world.person(1), await world.stranger()];
    const request = (from, to) => from.send(record('Friend', { phone_id: from.phoneId, friend_id: to.phoneId, status: 'request' }));
    await request(a, asked);
    await request(asking, a);
    await a.ask(record('Roster', { userlist: [record('Contact', { phone_id: listed.phoneId })], status: 'add' }));
    await a.send(textMessage(a.phoneId, b.phoneId, newId(), 'Farewell'));
    await b.expect(p2pTopic(a.phoneId, b.phoneId));
    await Promise.all([asked, asking].map((each) => each.fence()));
    const told = [b, asked, asking];
    const heard = await heardDuring([...told, listed, stranger], async () => {
      a.send(profile('remove')).catch(() => {});
      await Promise.all(told.map((each) => each.expect(`ses/${each.phone}`, isContact(a.phoneId, 'deleted'))));
    });
    for (const messages of heard.slice(0, told.length)) {
      assert.equal(messages.length, 1);
      const { phone_id: id, status, ...rest } = messages[0].fields;
      assert.deepEqual([id, status, rest.names, rest.email, rest.presence], [a.phoneId, 'deleted', [], [], []]);
    }
    assert.deepEqual(heard.slice(told.length).map(textsOf), [[], []]);
    assert.deepEqual(fieldsOf((await ask(b, 'get')).rosters[0]).userlist, []);
    const page = await answered(b, record('History', { roster_id: b.phoneId, feed: p2p(a.phoneId, b.phoneId), size: -10,
      status: 'get' }), 'History', 'get');
    assert.deepEqual(page.data.map((each) => fieldsOf(fieldsOf(each).files[0]).payload), ['Farewell']);
    await refused(b, textMessage(b.phoneId, a.phoneId, newId(), 'Hello?'), 'permission_denied');
  },
};

const moveTo = (phone, more = {}) => profile('migrate', { phone, update: Date.now(), ...more });
const arrive = (phone, code, login = phone) => profile('phone', { phone, services: [service('phone', login, code)],
  update: Date.now() });

const migrate = {
  async good(world) {
    const device = await world.person();
    const phone = newPhone();
    const before = await readable(device);
    assert.equal(await replyTo(device, moveTo(`+${phone}`)), ok('migration'));
    assert.match(await codeFor(phone), /^\d{6}$/);
    assert.equal(await readable(device), before, 'nothing moves before the code is there');
    const onPage = newPhone(); // the page shows the time in the slot of balance (3.16)
    assert.equal(await replyTo(device, moveTo(onPage, { update: 0, balance: Date.now() })), ok('migration'));
  },
  not_authorized: (world) => signedOut(world, moveTo(newPhone())),
  not_found: none('the new number is one that nobody has'),
  async invalid(world) {
    const [device, other] = [await world.person(), await world.stranger()];
    for (const phone of [[], '', '1234', 'phone', device.phone, `+${device.phone}`, other.phone]) {
      await refused(device, moveTo(phone), 'invalid_data', [other]);
    }
    for (const term of malformed(moveTo(newPhone()))) await refused(device, term, 'invalid_data');
    assert.equal(codesSentTo(other.phone).length, 1, 'no code for a number that is taken');
  },
  async repeat(world) {
    const device = await world.person();
    const phone = newPhone();
    assert.equal(await replyTo(device, moveTo(phone)), ok('migration'));
    const first = await codeFor(phone);
    assert.equal(await replyTo(device, moveTo(phone)), ok('migration'));
    const second = await codeFor(phone, 2);
    if (first !== second) await refused(device, arrive(phone, first), 'not_authorized');
    assert.equal((await answered(device, arrive(phone, second), 'Profile', 'phone')).phone, phone);
  },
  others: unheard(async (device) => assert.equal(await replyTo(device, moveTo(newPhone())), ok('migration'))),
};

// A person who has the code for a new number.
async function moving(world, device) {
  const phone = newPhone();
  assert.equal(await replyTo(device, moveTo(phone)), ok('migration'));
  return { phone, code: await codeFor(phone) };
}

const phoneCells = {
  async good(world) {
    const { a, a2, b } = await world.friends({ second: true });
    const { phone, code } = await moving(world, a);
    const moved = await answered(a, arrive(phone, code), 'Profile', 'phone');
    assert.deepEqual([moved.phone, moved.status, moved.rosters.length], [phone, 'phone', 1]);
    near(moved.update);
    const roster = fieldsOf(moved.rosters[0]);
    assert.deepEqual([roster.id, roster.phone, roster.userlist.map((each) => fieldsOf(each).phone_id)], [a.rosterId, phone, [b.phoneId]]);
    const own = `${phone}_${a.rosterId}`;
    for (const device of [a, a2]) {
      await eventually('the connection follows', async () => {
        const reply = await device.ask(profile('get', { phone }), ({ record: name }) => name === 'Profile' || name === 'io');
        return reply.record === 'Profile';
      });
      await device.send(textMessage(own, b.phoneId, newId(), `from ${device.clientId}`));
      for (const each of [a, a2, b]) {
        await each.expect(p2pTopic(own, b.phoneId), ({ text }) => text.includes(`from ${device.clientId}`));
      }
    }
    await a2.disconnect();
    await a2.connect(0);
    assert.equal((await a2.expect(a2.topic, isProfile('init'), { from: a2.inbox.length })).fields.phone, phone, 'tokens stay valid');
  },
  async not_authorized(world) {
    await signedOut(world, arrive(newPhone(), '123456'));
    const [a, other] = [await world.person(), await world.stranger()];
    const { phone, code } = await moving(world, a);
    await refused(other, arrive(phone, code), 'not_authorized', [a]);
    for (let n = 0; n < 5; n += 1) await refused(a, arrive(phone, wrong(code)), 'not_authorized');
    await refused(a, arrive(phone, code), 'not_authorized');
  },
  async not_found(world) {
    const device = await world.person();
    await refused(device, arrive(newPhone(), '123456'), 'not_authorized');
    const { code } = await moving(world, device);
    await refused(device, arrive(newPhone(), code), 'not_authorized');
  },
  async invalid(world) {
    const device = await world.person();
    const { phone, code } = await moving(world, device);
    await refused(device, arrive(phone, code, newPhone()), 'not_authorized');
    await refused(device, profile('phone', { phone }), 'not_authorized');
    await refused(device, profile('phone', { phone, services: [service('email', phone, code)] }), 'not_authorized');
    for (const term of malformed(arrive(phone, code))) await refused(device, term, 'invalid_data');
  },
  async repeat(world) {
    const device = await world.person();
    const { phone, code } = await moving(world, device);
    const first = await answered(device, arrive(phone, code), 'Profile', 'phone');
    const again = await answered(device, arrive(phone, code), 'Profile', 'phone');
    assert.deepEqual({ ...again, update: 0 }, { ...first, update: 0 });
  },
  // Each counterparty: Contact of the old id deleted, then of the new one, on ses/; nobody else.
  async others(world) {
    const { a, b } = await world.friends();
    const stranger = await world.stranger();
    const { phone, code } = await moving(world, a);
    const own = `${phone}_${a.rosterId}`;
    const [friend, nobody] = await heardDuring([b, stranger], async () => {
      await answered(a, arrive(phone, code), 'Profile', 'phone');
      await b.expect(`ses/${b.phone}`, isContact(own, 'friend'));
    });
    assert.deepEqual(friend.map(({ topic, fields }) => [topic, fields.phone_id, fields.status]),
      [[`ses/${b.phone}`, a.phoneId, 'deleted'], [`ses/${b.phone}`, own, 'friend']]);
    assert.deepEqual(textsOf(nobody), []);
    const [contact] = fieldsOf((await ask(b, 'get')).rosters[0]).userlist.map(fieldsOf);
    assert.deepEqual([contact.phone_id, contact.status], [own, 'friend']);
  },
};

export const cells = {
  'Profile/get': get, 'Profile/update': update, 'Profile/set': set, 'Profile/link': link, 'Profile/email': email, 'Profile/aws': aws,
  'Profile/remove': remove, 'Profile/migrate': migrate, 'Profile/phone': phoneCells,
};
