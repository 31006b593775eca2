// Friend (PROTOCOL 3.8, 5.5, 1.5, O9, O10, O28).

import assert from 'node:assert/strict';
import { isContact, newId, newPhone } from '../device.mjs';
import { error, fieldsOf, p2p, p2pTopic, record, textMessage } from '../records.mjs';
import { answered, heardDuring, malformed, readable, refused, replyTo, signedOut } from './cell.mjs';

const BOTH = '{io,{ok,added},{ok,added}}';
const NEITHER = '{io,{error,contacts_not_found},{error,contacts_not_found}}';
const friend = (from, to, status) => record('Friend', { phone_id: from.phoneId ?? from, friend_id: to.phoneId ?? to, status });
const ses = (device) => `ses/${device.phone}`;
const textsOf = (messages) => messages.map(({ topic, text }) => `${topic} ${text}`);
const feedOf = (a, b) => p2pTopic(a.phoneId, b.phoneId);

// What the stored state of `peer` is for `device`: the status of its Contact, undefined if there is none.
async function stateOf(device, peer) {
  const { userlist } = await answered(device, record('Roster', { id: device.rosterId, status: 'get' }), 'Roster', 'get');
  return userlist.map(fieldsOf).find((contact) => contact.phone_id === peer.phoneId)?.status;
}
const states = async (a, b) => [await stateOf(a, b), await stateOf(b, a)];

// Sends a request and awaits what both sides are told on ses/: each of [device, peer, status].
async function told(device, term, ...expected) {
  const from = expected.map(([receiver]) => receiver.inbox.length);
  device.send(term).catch(() => {});
  return Promise.all(expected.map(([receiver, peer, status], index) => receiver.expect(ses(receiver),
    isContact(peer.phoneId, status), { from: from[index] })));
}
const request = (a, b) => told(a, friend(a, b, 'request'), [a, b, 'request'], [b, a, 'authorization']);
async function ban(a, b) {
  const reply = a.expect(a.topic, ({ record: name }) => name === 'io', { from: a.inbox.length });
  await told(a, friend(a, b, 'ban'), [a, b, 'banned'], [b, a, 'banned']);
  assert.equal((await reply).text, BOTH);
}

// A Contact as its receiver sees it: everything the described one shows, and what the receiver keeps of the chat.
async function describe(device, more = {}) {
  device.send(record('Roster', { names: 'Petro', surnames: 'M', email: 'p@example.org', avatar: 'http://p', status: 'patch' }));
  await device.expect(ses(device), ({ record: name }) => name === 'Roster');
  return { phone_id: device.phoneId, avatar: 'http://p', names: 'Petro', surnames: 'M', nick: [], email: [], vox_id: [], reader: 0,
    unread: 0, last_msg: [], settings: [], presence: 'online', ...more };
}
function checkContact({ fields, qos }, wanted) {
  const { update, ...rest } = fields;
  assert.deepEqual(rest, wanted);
  assert.ok(Math.abs(update - Date.now()) < 60000);
  assert.equal(qos, 2);
}

async function sends(from, to, receivers) {
  const words = newId();
  await from.send(textMessage(from.phoneId, to.phoneId, words, words));
  await Promise.all(receivers.map((each) => each.expect(feedOf(from, to), ({ text }) => text.includes(words))));
}
const cannotSend = (from, to) => refused(from, textMessage(from.phoneId, to.phoneId, newId(), 'x'), 'permission_denied', [to]);

// Whose phone id is not the own one, and whose connection is not signed in.
const notOwn = (status) => async (world) => {
  await signedOut(world, friend('380670000001_1', '380670000002_2', status));
  const { a, b } = await world.friends();
  const stranger = await world.person(1);
  for (const party of [a.phoneId, NOBODY, `${stranger.phone}_${a.rosterId}`, 'nonsense']) {
    await refused(stranger, friend(party, b, status), 'not_authorized', [a, b]);
  }
};
const NOBODY = '380000000000_1';

// Whom nobody knows, and whom the party does not know.
const nobodyThere = (status, answer) => async (world) => {
  const [a, stranger] = [await world.person(0), await world.stranger()];
  const before = await Promise.all([a, stranger].map(readable));
  for (const to of [NOBODY, `${newPhone()}_${stranger.rosterId}`, ...(status === 'request' ? [] : [stranger.phoneId])]) {
    const [own, other] = await heardDuring([a, stranger], async () => assert.equal(await replyTo(a, friend(a, to, status)), answer));
    assert.deepEqual([own.length, textsOf(other)], [1, []]);
  }
  assert.deepEqual(await Promise.all([a, stranger].map(readable)), before);
};

const invalid = (status) => async (world) => {
  const [a, stranger] = [await world.person(0), await world.stranger()];
  for (const to of [a.phoneId, 'nonsense', '', '380670000001', '380670000001_', '_1', '380670000001_x', '380670000001_0', '1234_5', []]) {
    await refused(a, record('Friend', { phone_id: a.phoneId, friend_id: to, status }), 'invalid_data');
  }
  for (const term of malformed(friend(a, stranger, status))) await refused(a, term, 'invalid_data', [stranger]);
};

const requestCells = {
  async good(world) {
    const { a, b } = { a: await world.person(0), b: await world.person(1) };
    const [own] = await heardDuring([a], () => request(a, b));
    assert.deepEqual(own.map(({ topic }) => topic), [ses(a)], 'no reply');
    assert.deepEqual(await states(a, b), ['request', 'authorization']);
    await cannotSend(a, b);
    assert.equal((await a.ask(friend(a, b, 'request'))).text, error('invalid_data'));
    // They asked first: it confirms.
    const replied = b.ask(friend(b, a, 'request'));
    await told(b, friend(b, a, 'confirm'), [a, b, 'friend'], [b, a, 'friend']);
    assert.equal((await replied).text, BOTH);
    assert.deepEqual(await states(a, b), ['friend', 'friend']);
    assert.equal((await a.ask(friend(a, b, 'request'))).text, `{io,{ok,{already_present,<<"${b.phoneId}">>}},<<>>}`);
  },
  not_authorized: notOwn('request'),
  not_found: nobodyThere('request', error('roster_not_found')),
  async invalid(world) {
    await invalid('request')(world);
    const { a, b } = await world.friends();
    await ban(a, b);
    await refused(a, friend(a, b, 'request'), 'permission_denied', [b]);
    await refused(b, friend(b, a, 'request'), 'permission_denied', [a]);
  },
  async repeat(world) {
    const { a, b } = { a: await world.person(0), b: await world.person(1) };
    await request(a, b);
    await refused(a, friend(a, b, 'request'), 'invalid_data', [b]);
  },
  async others(world) {
    const [a, b] = [await world.person(0), await world.person(1)];
    const [a2, b2, stranger] = [await world.another(a, 1), await world.another(b, 0), await world.stranger()];
    const [ofA, ofB] = [await describe(a), await describe(b)];
    await Promise.all([a2, b2].map((each) => each.expect(ses(each), ({ record: name }) => name === 'Roster')));
    const heard = await heardDuring([a, a2, b, b2, stranger], () => told(a, friend(a, b, 'request'), [a, b, 'request'],
      [a2, b, 'request'], [b, a, 'authorization'], [b2, a, 'authorization']));
    for (const [message, ...more] of heard.slice(0, 2)) {
      assert.equal(more.length, 0);
      checkContact(message, { ...ofB, status: 'request' });
    }
    for (const [message, ...more] of heard.slice(2, 4)) {
      assert.equal(more.length, 0);
      checkContact(message, { ...ofA, status: 'authorization' });
    }
    assert.deepEqual(textsOf(heard[4]), []);
  },
};

const confirm = {
  async good(world) {
    const { a, b } = { a: await world.person(0), b: await world.person(1) };
    await request(a, b);
    assert.equal((await b.ask(friend(b, a, 'confirm'))).text, BOTH);
    await a.expect(ses(a), isContact(b.phoneId, 'friend'));
    assert.deepEqual(await states(a, b), ['friend', 'friend']);
    await sends(a, b, [a, b]);
    await sends(b, a, [a, b]);
  },
  not_authorized: notOwn('confirm'),
  async not_found(world) {
    await nobodyThere('confirm', NEITHER)(world);
    const { a, b } = await world.friends();
    await ban(a, b);
    for (const [from, to] of [[a, b], [b, a]]) {
      const [, other] = await heardDuring([from, to], async () => assert.equal(await replyTo(from, friend(from, to, 'confirm')), NEITHER));
      assert.deepEqual(textsOf(other), [], 'banned is not asked');
    }
  },
  invalid: invalid('confirm'),
  async repeat(world) {
    const { a, b } = await world.friends();
    const before = await Promise.all([a, b].map(readable));
    const [own, other] = await heardDuring([a, b], async () => assert.equal(await replyTo(a, friend(a, b, 'confirm')), BOTH));
    assert.deepEqual([own.length, textsOf(other)], [1, []], 'without broadcast');
    assert.deepEqual(await Promise.all([a, b].map(readable)), before);
  },
  // Both sides on ses/, every device of either; a message right after it is accepted (O10), on both gateways.
  async others(world) {
    const [a, b] = [await world.person(0), await world.person(1)];
    const [a2, b2] = [await world.another(a, 1), await world.another(b, 0)];
    const [ofA, ofB] = [await describe(a, { email: 'p@example.org' }), await describe(b, { email: 'p@example.org' })];
    await request(a, b);
    await Promise.all([a2, b2].map((each) => each.fence()));
    const all = [a, a2, b, b2];
    const heard = await heardDuring(all, async () => {
      await told(b, friend(b, a, 'confirm'), ...[a, a2].map((each) => [each, b, 'friend']), ...[b, b2].map((each) => [each, a, 'friend']));
      for (const each of all) await sends(each, each.phone === a.phone ? b : a, all);
    });
    heard.forEach((messages, index) => {
      const contact = messages.find(({ topic }) => topic.startsWith('ses/'));
      checkContact(contact, { ...(index < 2 ? ofB : ofA), status: 'friend' });
      assert.equal(messages.filter(({ record: name }) => name === 'Message').length, 4);
      assert.equal(messages.filter(({ topic }) => topic.startsWith('ses/')).length, 1);
    });
    assert.deepEqual(await a.subscribe([feedOf(a, b), `ac/${b.phoneId}`]), [2, 2]);
  },
};

// Whoever was friends is no more: nothing is sent, the topics are gone, History stays (O28).
async function parted(a, b) {
  await cannotSend(a, b);
  await cannotSend(b, a);
  for (const [device, peer] of [[a, b], [b, a]]) {
    assert.deepEqual(await device.subscribe([feedOf(a, b), `ac/${peer.phoneId}`]), [128, 128]);
    const page = await answered(device, record('History', { roster_id: device.phoneId, feed: p2p(a.phoneId, b.phoneId), size: -5,
      status: 'get' }), 'History', 'get');
    assert.equal(page.data.length, 1);
  }
  b.send(record('Roster', { names: `Parted ${newId()}`, status: 'patch' }));
  await b.expect(ses(b), ({ record: name }) => name === 'Roster');
}

const revoke = {
  async good(world) {
    const { a, b } = await world.friends();
    await sends(a, b, [a, b]);
    const [own] = await heardDuring([a], () => told(a, friend(a, b, 'revoke'), [a, b, 'revoke'], [b, a, 'revoke']));
    assert.equal(own.length, 1, 'no reply');
    assert.deepEqual(await states(a, b), [undefined, undefined]);
    await parted(a, b);
    await request(a, b);
    for (const [from, to] of [[b, a], [a, b]]) { // who was asked refuses; who asked takes it back
      await told(from, friend(from, to, 'revoke'), [a, b, 'revoke'], [b, a, 'revoke']);
      assert.deepEqual(await states(a, b), [undefined, undefined]);
      await request(a, b);
    }
  },
  not_authorized: notOwn('revoke'),
  async not_found(world) {
    await nobodyThere('revoke', error('contact_not_found'))(world);
    const [a, b] = [await world.person(0), await world.person(1)];
    await a.ask(record('Roster', { userlist: [record('Contact', { phone_id: b.phoneId })], status: 'add' }));
    await refused(a, friend(a, b, 'revoke'), 'contact_not_found', [b]);
  },
  invalid: invalid('revoke'),
  async repeat(world) {
    const { a, b } = await world.friends();
    await told(a, friend(a, b, 'revoke'), [a, b, 'revoke'], [b, a, 'revoke']);
    await refused(a, friend(a, b, 'revoke'), 'contact_not_found', [b]);
    await refused(b, friend(b, a, 'revoke'), 'contact_not_found', [a]);
  },
  async others(world) {
    const { a, a2, b } = await world.friends({ second: true });
    const b2 = await world.another(b, 0);
    const stranger = await world.stranger();
    const heard = await heardDuring([a, a2, b, b2, stranger], () => told(a, friend(a, b, 'revoke'),
      ...[a, a2].map((each) => [each, b, 'revoke']), ...[b, b2].map((each) => [each, a, 'revoke'])));
    assert.deepEqual(heard.map((messages) => messages.length), [1, 1, 1, 1, 0]);
    // A listed one goes back to the phone book.
    await a.ask(record('Roster', { userlist: [record('Contact', { phone_id: b.phoneId })], status: 'add' }));
    await request(a, b);
    await told(a, friend(a, b, 'revoke'), [a, b, 'revoke'], [b, a, 'revoke']);
    assert.deepEqual(await states(a, b), ['internal', undefined]);
  },
};

const search = async (device, peer) => {
  const reply = await device.ask(record('Search', { id: device.rosterId, ref: 'r', field: 'phone', type: '==', value: peer.phone,
    status: 'contact' }));
  return fieldsOf(reply.term.items[2]).userlist.map((contact) => fieldsOf(contact).phone_id);
};

const banCells = {
  async good(world) {
    const { a, b } = await world.friends();
    await sends(a, b, [a, b]);
    assert.equal((await a.ask(friend(a, b, 'ban'))).text, BOTH);
    await b.expect(ses(b), isContact(a.phoneId, 'banned'));
    assert.deepEqual(await states(a, b), ['banned', 'ban']);
    await parted(a, b);
    assert.deepEqual([await search(b, a), await search(a, b)], [[], [b.phoneId]], 'who banned is hidden from the banned one');
  },
  not_authorized: notOwn('ban'),
  not_found: nobodyThere('ban', NEITHER),
  invalid: invalid('ban'),
  async repeat(world) {
    const { a, b } = await world.friends();
    await ban(a, b);
    const before = await Promise.all([a, b].map(readable));
    const [own, other] = await heardDuring([a, b], async () => assert.equal(await replyTo(a, friend(a, b, 'ban')), BOTH));
    assert.deepEqual([own.length, textsOf(other)], [1, []]);
    assert.deepEqual(await Promise.all([a, b].map(readable)), before);
    // The other one bans, too: banned on each side (O28).
    const replied = b.ask(friend(b, a, 'ban'));
    assert.equal((await replied).text, BOTH);
    assert.deepEqual(await states(a, b), ['banned', 'banned']);
  },
  // Both are told on ses/, whoever asked; then neither presence nor names cross.
  async others(world) {
    const { a, a2, b } = await world.friends({ second: true });
    const witness = await world.person(0);
    await request(witness, b);
    await b.ask(friend(b, witness, 'confirm'));
    await witness.expect(ses(witness), isContact(b.phoneId, 'friend'));
    await b.fence();
    const heard = await heardDuring([a2, b, witness], () => told(a, friend(a, b, 'ban'), [a, b, 'banned'], [a2, b, 'banned'],
      [b, a, 'banned']));
    assert.deepEqual(heard.map((messages) => messages.length), [1, 1, 0]);
    assert.deepEqual([heard[0][0].fields.presence, heard[1][0].fields.presence].includes('online'), false);
    const names = `Banned ${newId()}`;
    b.send(record('Roster', { names, status: 'patch' }));
    await witness.expect(`ac/${b.phoneId}`, ({ fields }) => fields.names === names);
    await Promise.all([a, a2].map((each) => each.fence()));
    for (const each of [a, a2]) assert.deepEqual(each.inbox.filter(({ topic, text }) => topic.startsWith('ac/') && text.includes(names)), []);
  },
};

const unban = {
  async good(world) {
    const { a, b } = await world.friends();
    await ban(a, b);
    const [own] = await heardDuring([a], () => told(a, friend(a, b, 'unban'), [a, b, 'unbanned'], [b, a, 'unbanned']));
    assert.equal(own.length, 1, 'no reply');
    assert.deepEqual(await states(a, b), ['friend', 'friend'], 'as before the ban');
    await sends(a, b, [a, b]);
    const [c, d] = [await world.person(0), await world.person(1)];
    await request(c, d);
    await ban(d, c);
    await told(d, friend(d, c, 'unban'), [d, c, 'unbanned'], [c, d, 'unbanned']);
    assert.deepEqual(await states(c, d), [undefined, undefined], 'who were no friends are strangers');
  },
  not_authorized: notOwn('unban'),
  async not_found(world) {
    await nobodyThere('unban', error('permission_denied'))(world);
    const { a, b } = await world.friends();
    await refused(a, friend(a, b, 'unban'), 'permission_denied', [b]);
    await ban(a, b);
    await refused(b, friend(b, a, 'unban'), 'permission_denied', [a]);
  },
  invalid: invalid('unban'),
  async repeat(world) {
    const { a, b } = await world.friends();
    await ban(a, b);
    await told(a, friend(a, b, 'unban'), [a, b, 'unbanned'], [b, a, 'unbanned']);
    await refused(a, friend(a, b, 'unban'), 'permission_denied', [b]);
  },
  // Of two bans one is left (O28), on every device.
  async others(world) {
    const { a, a2, b } = await world.friends({ second: true });
    await ban(a, b);
    await ban(b, a);
    await told(a, friend(a, b, 'unban'), [a, b, 'unbanned'], [a2, b, 'unbanned'], [b, a, 'unbanned']);
    assert.deepEqual(await states(a, b), ['ban', 'banned']);
    await cannotSend(a, b);
    const heard = await heardDuring([a, a2, b], () => told(b, friend(b, a, 'unban'), [b, a, 'unbanned'], [a, b, 'unbanned'],
      [a2, b, 'unbanned']));
    assert.deepEqual(heard.map((messages) => messages.length), [1, 1, 1]);
    assert.deepEqual(await states(a, b), ['friend', 'friend']);
    for (const each of [a, a2, b]) await sends(each, each.phone === a.phone ? b : a, [a, a2, b]);
  },
};

const MUTE = (peer) => ({ id: `${peer.phoneId}_MUTE`, key: 'MUTE', value: 'true', group: 'CONTACT_SETTINGS' });
async function settingsOf(device, peer) {
  const { userlist } = await answered(device, record('Roster', { id: device.rosterId, status: 'get' }), 'Roster', 'get');
  return fieldsOf(userlist.find((contact) => fieldsOf(contact).phone_id === peer.phoneId)).settings.map(fieldsOf);
}

const muting = (status, notice, settings) => ({
  async good(world) {
    const { a, b } = await world.friends();
    if (status === 'unmute') await told(a, friend(a, b, 'mute'), [a, b, 'muted']);
    const [own] = await heardDuring([a], () => told(a, friend(a, b, status), [a, b, notice]));
    assert.equal(own.length, 1, 'no reply');
    assert.deepEqual(own[0].fields.settings.map(fieldsOf), settings(b));
    assert.deepEqual([await settingsOf(a, b), await settingsOf(b, a)], [settings(b), []]);
    assert.deepEqual(await states(a, b), ['friend', 'friend']);
    await sends(b, a, [a, b]);
  },
  not_authorized: notOwn(status),
  async not_found(world) {
    await nobodyThere(status, error('contact_not_found'))(world);
    const [a, b] = [await world.person(0), await world.person(1)];
    await request(a, b);
    await refused(a, friend(a, b, status), 'contact_not_found', [b]);
    await refused(b, friend(b, a, status), 'contact_not_found', [a]);
  },
  invalid: invalid(status),
  async repeat(world) {
    const { a, b } = await world.friends();
    for (let again = 0; again < 2; again += 1) {
      await told(a, friend(a, b, status), [a, b, notice]);
      assert.deepEqual(await settingsOf(a, b), settings(b));
    }
  },
  async others(world) {
    const { a, a2, b } = await world.friends({ second: true });
    const heard = await heardDuring([a, a2, b], () => told(a, friend(a, b, status), [a, b, notice], [a2, b, notice]));
    assert.deepEqual(heard.map((messages) => messages.map(({ topic }) => topic)), [[ses(a)], [ses(a)], []]);
    const { status: told1, presence, phone_id: id } = heard[1][0].fields;
    assert.deepEqual([told1, presence, id], [notice, 'online', b.phoneId]);
  },
});

export const cells = {
  'Friend/request': requestCells, 'Friend/confirm': confirm, 'Friend/revoke': revoke, 'Friend/ban': banCells, 'Friend/unban': unban,
  'Friend/mute': muting('mute', 'muted', (peer) => [MUTE(peer)]), 'Friend/unmute': muting('unmute', 'unmuted', () => []),
};
