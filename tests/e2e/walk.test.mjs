// The walk: every RPC of the route table, tried as a stranger, as a banned friend, as a plain member and as a signed-out device,
// against somebody else's things. What may be done is in walk.mjs; all else is refused, and nothing changes for the victim.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { befriend, endAll, Device, Refused, isContact, newId, newPhone, online, register } from './device.mjs';
import { ROUTES, answered, heardDuring, readable } from './matrix/cell.mjs';
import { error, fieldsOf, ok, p2p, p2pTopic, record } from './records.mjs';
import { ATTEMPTS, MAY, OWN, ROLES, SIGNED_OUT, VANISHES, toFriend } from './walk.mjs';

after(endAll);

const v = { room: `room ${newId()}`, file: newId() };
const actors = {};
const muc = (id) => record('muc', { name: id });

async function scene() {
  const [victim, friend, stranger, banned, member] = await Promise.all([0, 1, 1, 1, 1].map((index) => online(newPhone(), index)));
  Object.assign(v, { victim, friend });
  Object.assign(actors, { stranger, banned, member });
  for (const each of [friend, banned, member]) await befriend(victim, each);
  const members = [friend, banned, member].map((each) => record('Member', { phone_id: each.phoneId, status: 'member' }));
  const made = await answered(victim, record('Room', { id: v.room, name: 'Kitchen', members, status: 'create' }), 'Room', 'create');
  v.membership = fieldsOf(made.admins[0]).id;
  await member.expect(`room/${v.room}`);
  const feed = p2pTopic(victim.phoneId, friend.phoneId);
  const sent = async (term, topic) => {
    await victim.send(term);
    return (await victim.expect(topic, ({ record: name, fields }) => name === 'Message' && fields.type !== 'join')).fields.id;
  };
  v.message = await sent(toFriend(victim, friend, 'private'), feed);
  v.upload = await sent(record('Message', { msg_id: newId(), from: victim.phoneId, to: friend.phoneId, files: [record('Desc', { id: 'd',
    payload: 'later' })], status: 'upload' }), feed);
  v.roomMessage = await sent(record('Message', { feed_id: muc(v.room), msg_id: newId(), from: victim.phoneId, to: v.room, status: 'client',
    files: [record('Desc', { id: 'd', payload: 'to the room' })] }), `room/${v.room}`);
  await toBanned(victim, banned, member);
  v.tag = await sentOnSes(victim, record('Tag', { roster_id: victim.phoneId, name: 'work', status: 'create' }), 'Tag');
  await sentOnSes(victim, record('Star', { roster_id: victim.phoneId, message: record('Message', { id: v.message }), tags: [v.tag],
    status: 'add' }), 'Star');
  await answered(victim, record('Person', { id: victim.phone, names: 'Olena', status: 'set' }), 'Person', 'set');
  await Promise.all([victim, friend, ...Object.values(actors)].map((each) => each.fence()));
}

// The banned one is banned by roster and from the room; the plain member is no friend any more.
async function toBanned(victim, banned, member) {
  await victim.send(record('Room', { id: v.room, members: [record('Member', { phone_id: banned.phoneId })], status: 'ban' }));
  await banned.expect(`ses/${banned.phone}`, ({ record: name, fields }) => name === 'Room' && fields.status === 'ban');
  await victim.ask(record('Friend', { phone_id: victim.phoneId, friend_id: banned.phoneId, status: 'ban' }));
  await banned.expect(`ses/${banned.phone}`, isContact(victim.phoneId, 'banned'));
  await victim.send(record('Friend', { phone_id: victim.phoneId, friend_id: member.phoneId, status: 'revoke' }));
  await member.expect(`ses/${member.phone}`, isContact(victim.phoneId, 'revoke'));
}

async function sentOnSes(device, term, name) {
  await device.send(term);
  const { fields } = await device.expect(`ses/${device.phone}`, (each) => each.record === name);
  return fields.id;
}

const text = async (device, term, name) => (await device.ask(term, (each) => each.record === name || each.record === 'io')).text
  .replaceAll(/\b(online|offline)\b/g, 'presence');

// Everything of the victim that an attempt could change: its profile, person, sessions, roster, contacts, rooms, stars and tags; the
// room; both histories; the friend's side of it; what the server keeps of its calls.
const stateOfVictim = async () => [
  await readable(v.victim), await readable(v.friend),
  await text(v.victim, record('Room', { id: v.room, status: 'get' }), 'Room'),
  ...await Promise.all([p2p(v.victim.phoneId, v.friend.phoneId), muc(v.room)].map((feed) => text(v.victim,
    record('History', { roster_id: v.victim.phoneId, feed, size: -50, status: 'get' }), 'History'))),
  await text(v.victim, record('CDR', { status: 'get' }), 'io'),
];

// How a witness finds the victim.
async function foundBy(witness) {
  const reply = await witness.ask(record('Search', { id: witness.rosterId, ref: 'r', field: 'phone', type: '==', value: v.victim.phone,
    status: 'contact' }));
  return fieldsOf(reply.term.items[2]).userlist.map((each) => JSON.stringify(fieldsOf(each)));
}

before(scene);

test('the table has every RPC of the route table and no other', () => {
  assert.deepEqual(Object.keys(ATTEMPTS).sort(), ROUTES.map(({ name }) => name).sort());
});

// Sends what comes to `outcome`, and holds the reply against it.
async function attempt(actor, term, outcome) {
  if (outcome === VANISHES) {
    const [heard] = await heardDuring([actor], () => actor.send(term));
    assert.deepEqual(heard.map((message) => message.text), []);
    return;
  }
  const answer = actor.expect(null, ({ topic }) => topic === actor.topic || topic === `ses/${actor.phone}`, { from: actor.inbox.length });
  actor.send(term).catch(() => {});
  const reply = await answer;
  if (outcome === OWN) {
    for (const secret of [v.victim.phone, v.victim.token, v.victim.clientId]) assert.ok(!reply.text.includes(secret), reply.text);
    assert.ok(!/^\{ftpack,.*,[1-9]\d*,<<>>,/.test(reply.text), `a transfer with another's token: ${reply.text}`);
  } else {
    assert.equal(reply.text, outcome.startsWith('{') ? outcome : error(outcome));
  }
}

for (const role of ROLES) {
  test(`as a ${role}`, async (t) => {
    const actor = actors[role];
    const witness = await online(newPhone(), 0);
    const found = await foundBy(witness);
    let known = await stateOfVictim();
    for (const { name } of ROUTES) {
      await t.test(name, async () => {
        for (const [term, outcomes] of ATTEMPTS[name](actor, v)) {
          const outcome = typeof outcomes === 'object' ? outcomes[role] : outcomes;
          if (outcome === MAY) continue;
          const heard = await heardDuring([v.victim, v.friend], () => attempt(actor, term, outcome));
          assert.deepEqual(heard.map((messages) => messages.map((each) => `${each.topic} ${each.text}`)), [[], []]);
          const now = await stateOfVictim();
          const before = known;
          known = now; // one change is one failure
          assert.deepEqual(now, before);
        }
      });
    }
    assert.deepEqual(await foundBy(witness), found);
  });
}

test('as a signed-out device', async (t) => {
  const device = await register(v.victim.phone, 1);
  await device.connect(1);
  assert.equal((await v.victim.ask(record('Auth', { client_id: device.clientId, type: 'logout' }))).text, ok('logout'));
  await device.closed;
  await assert.rejects(device.connect(1), (failure) => failure instanceof Refused && failure.code === 4);
  const known = await stateOfVictim();
  for (const [state, clientId] of [['anonymous', device.clientId], ['registering', device.clientId.replace('emqttd_', 'reg_')]]) {
    const actor = Object.assign(new Device(clientId), { phoneId: v.victim.phoneId, rosterId: v.victim.rosterId });
    assert.equal(await actor.connect(1, { clean: true, password: undefined }), false, 'no session is resumed');
    for (const { name } of ROUTES) {
      if (SIGNED_OUT[state].has(name)) continue;
      await t.test(`${state}: ${name}`, async () => {
        for (const [term] of ATTEMPTS[name](actor, v)) assert.equal((await actor.ask(term)).text, error('not_authorized'));
      });
    }
    await actor.disconnect();
    assert.deepEqual(actor.inbox.filter(({ topic }) => topic !== actor.topic), [], 'and it hears nothing');
  }
  assert.deepEqual(await stateOfVictim(), known);
});
