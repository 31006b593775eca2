// The path that must work: two phones with two devices each, on two gateways, with a client that is not ours.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { atom, tuple } from './bert.mjs';
import { codeFor, codesSentTo, gateway, lockSchema } from './cluster.mjs';
import {
  Device, Refused, authReg, authVerify, befriend, endAll, isContact, isLogin, isProfile, newId, newPhone, online, register, registering,
} from './device.mjs';
import { error, fieldsOf, ok, p2p, p2pTopic, record, textMessage } from './records.mjs';

after(endAll);

// Two friends A and B with two devices each: a1 and b2 on gateway 1, a2 and b1 on gateway 2.
async function friends() {
  const [phoneA, phoneB] = [newPhone(), newPhone()];
  const [a1, b1] = await Promise.all([online(phoneA, 0), online(phoneB, 1)]);
  const [a2, b2] = await Promise.all([online(phoneA, 1), online(phoneB, 0)]);
  await befriend(a1, b1, [a2, b2]);
  return { a1, a2, b1, b2, all: [a1, a2, b1, b2], topic: p2pTopic(a1.phoneId, b1.phoneId) };
}

const isSent = (text) => ({ record: name, fields }) => name === 'Message' && fields.status === 'sent' &&
  textOf(fields) === text;
const textOf = (fields) => fieldsOf(fields.files[0]).payload;
const sentOn = (device, topic) => device.on(topic, ({ record: name, fields }) => name === 'Message' &&
  fields.status === 'sent').map(({ fields }) => fields);

async function history(device, peer, size, from = 0) {
  const reply = await device.ask(
    record('History', { roster_id: device.phoneId, feed: p2p(device.phoneId, peer), size, entity_id: from, status: 'get' }),
    ({ record: name }) => name === 'History' || name === 'io');
  assert.equal(reply.record, 'History', reply.text);
  return { ...reply.fields, data: reply.fields.data.map(fieldsOf) };
}

test('there are two gateways to test', () => assert.notEqual(gateway(0), gateway(1)));

test('a phone registers: vnode_max, a code by SMS, a token for the code, the profile', async () => {
  const phone = newPhone();
  const { device, id } = await registering();
  const first = await device.expect(null);
  assert.equal(first.topic, device.topic);
  assert.match(first.text, /^{vnode_max,[1-9]\d*}$/);

  const sent = await device.ask(authReg(phone));
  assert.equal(sent.text, ok('sms_sent'));
  const code = await codeFor(phone);
  assert.match(code, /^\d{6}$/);
  assert.equal(codesSentTo(phone).length, 1);

  const login = await device.ask(authVerify(code));
  assert.ok(isLogin(login), login.text);
  const [clientId, token] = login.term.items[1].items[2].items.map(String);
  assert.equal(clientId, `emqttd_${id}`);
  assert.match(token, /^[^/+#\s]{32,255}$/);
  const profile = await device.expect(device.topic, isProfile('init'));
  assert.equal(profile.fields.phone, phone);
  assert.equal(profile.fields.rosters.length, 1);
  assert.ok(!device.inbox.some(({ text }) => text.includes(`"${code}"`)), 'no message shows the code');
});

test('the token opens a kept session: vnode_max first, then the profile with its roster', async () => {
  const device = await register();
  assert.equal(await device.connect(1, { clean: false }), false);
  const [first, second] = [await device.expect(null), await device.expect(null)];
  assert.match(first.text, /^{vnode_max,/);
  assert.ok(isProfile('init')(second), second.text);
  assert.equal(second.topic, device.topic);
  const roster = fieldsOf(second.fields.rosters[0]);
  assert.equal(roster.id, device.rosterId);
  assert.equal(roster.phone, device.phone);
  await device.disconnect();
  assert.equal(await device.connect(0, { clean: false }), true, 'the session is there on the other gateway');
});

test('init answers with the token of the connection', async () => {
  const device = await online();
  const reply = await device.ask(tuple(atom('init'), ''));
  assert.equal(reply.text, `{io,<<>>,{'Token',<<"${device.token}">>}}`);
});

test('a friendship is requested and confirmed, and every device of both phones is told', async () => {
  const [phoneA, phoneB] = [newPhone(), newPhone()];
  const [a1, b1] = await Promise.all([online(phoneA, 0), online(phoneB, 1)]);
  const [a2, b2] = await Promise.all([online(phoneA, 1), online(phoneB, 0)]);
  await a1.send(record('Friend', { phone_id: a1.phoneId, friend_id: b1.phoneId, status: 'request' }));
  for (const device of [a1, a2]) await device.expect(`ses/${phoneA}`, isContact(b1.phoneId, 'request'));
  for (const device of [b1, b2]) await device.expect(`ses/${phoneB}`, isContact(a1.phoneId, 'authorization'));

  const reply = await b1.ask(record('Friend', { phone_id: b1.phoneId, friend_id: a1.phoneId, status: 'confirm' }));
  assert.equal(reply.text, '{io,{ok,added},{ok,added}}');
  for (const device of [a1, a2]) await device.expect(`ses/${phoneA}`, isContact(b1.phoneId, 'friend'));
  for (const device of [b1, b2]) await device.expect(`ses/${phoneB}`, isContact(a1.phoneId, 'friend'));

  await a1.disconnect();
  await a1.connect(1);
  const profile = await a1.expect(a1.topic, isProfile('init'));
  const contacts = fieldsOf(profile.fields.rosters[0]).userlist.map(fieldsOf);
  assert.deepEqual(contacts.map(({ phone_id: id, status }) => [id, status]), [[b1.phoneId, 'friend']]);
});

test('a message reaches every device of both sides once, on both gateways', async () => {
  const { a1, b1, all, topic } = await friends();
  const messageId = newId();
  await a1.send(textMessage(a1.phoneId, b1.phoneId, messageId, 'Hello, Petro'));
  for (const device of all) {
    const { fields, qos, retain } = await device.expect(topic, isSent('Hello, Petro'));
    assert.equal(fields.msg_id, messageId);
    assert.equal(fields.from, a1.phoneId);
    assert.equal(fields.to, b1.phoneId);
    assert.ok(fields.id > 0);
    assert.ok(Math.abs(fields.created - Date.now()) < 60000, 'created is in milliseconds');
    assert.deepEqual([qos, retain], [2, false]);
  }
  await Promise.all(all.map((device) => device.fence()));
  for (const device of all) assert.equal(sentOn(device, topic).length, 1);
});

test('all devices see one order, that of the ids, and the chain of prev', async () => {
  const { a1, a2, b1, b2, all, topic } = await friends();
  const each = 15;
  const say = (device, peer, who) => Promise.all(Array.from({ length: each },
    (_, n) => device.send(textMessage(device.phoneId, peer.phoneId, newId(), `${who} ${n}`))));
  await Promise.all([say(a1, b1, 'a1'), say(a2, b1, 'a2'), say(b1, a1, 'b1'), say(b2, a1, 'b2')]);
  const total = 4 * each;
  for (const device of all) {
    while (sentOn(device, topic).length < total) await device.expect(topic);
    const messages = sentOn(device, topic);
    const ids = messages.map(({ id }) => id);
    assert.deepEqual(ids, [...new Set(ids)].sort((x, y) => x - y), 'ids rise and none comes twice');
    assert.deepEqual(messages.map(({ prev }) => (Array.isArray(prev) ? 0 : prev)), [0, ...ids.slice(0, -1)]);
    for (const who of ['a1', 'a2', 'b1', 'b2']) {
      const own = messages.map(textOf).filter((text) => text.startsWith(`${who} `));
      assert.deepEqual(own, Array.from({ length: each }, (_, n) => `${who} ${n}`), `${who} in the order it was sent`);
    }
  }
});

test('PUBACK means committed: another device reads the message from the other gateway at once', async () => {
  const { a1, b1 } = await friends();
  for (let n = 0; n < 5; n += 1) {
    await a1.send(textMessage(a1.phoneId, b1.phoneId, newId(), `committed ${n}`));
    const { data } = await history(b1, a1.phoneId, -1);
    assert.equal(textOf(data[0]), `committed ${n}`);
  }
});

test('there is no PUBACK while the message cannot be committed', async () => {
  const { a1, b1 } = await friends();
  const lock = await lockSchema('messaging');
  let sent;
  try {
    sent = a1.send(textMessage(a1.phoneId, b1.phoneId, newId(), 'held up')).then(() => 'acknowledged');
    const watched = new Promise((resolve) => { setTimeout(resolve, 700, 'nothing'); });
    assert.equal(await Promise.race([sent, watched]), 'nothing');
  } finally {
    await lock.release();
  }
  assert.equal(await sent, 'acknowledged');
  assert.equal(textOf((await history(b1, a1.phoneId, -1)).data[0]), 'held up');
});

test('a repeated msg_id stores nothing and answers with the first message', async () => {
  const { a1, b1, topic } = await friends();
  const message = textMessage(a1.phoneId, b1.phoneId, newId(), 'once');
  await a1.send(message);
  const first = await a1.expect(topic, isSent('once'));
  await b1.expect(topic, isSent('once'));
  await a1.send(message);
  const again = await a1.expect(a1.topic, isSent('once'));
  assert.equal(again.fields.id, first.fields.id);
  await b1.fence();
  assert.equal(sentOn(b1, topic).length, 1);
  assert.equal((await history(b1, a1.phoneId, -10)).data.length, 1);
});

test('history pages back from the newest and forth from the oldest, with one overlap', async () => {
  const { a1, b1, topic } = await friends();
  const texts = Array.from({ length: 7 }, (_, n) => `page ${n}`);
  for (const text of texts) await a1.send(textMessage(a1.phoneId, b1.phoneId, newId(), text));
  await b1.expect(topic, isSent(texts.at(-1)));
  const ids = sentOn(b1, topic).map(({ id }) => id);

  const walk = async (size) => {
    const seen = [];
    for (let from = 0, page; ; from = page.size) {
      page = await history(b1, a1.phoneId, size, from);
      assert.ok(page.data.length <= Math.abs(size));
      const fresh = page.data.filter(({ id }) => !seen.includes(id)).map(({ id }) => id);
      if (from !== 0) assert.equal(page.data[0]?.id, from, 'the starting message is included');
      seen.push(...fresh);
      if (page.data.length === 0 || page.size === from) return seen;
      assert.equal(page.size, page.data.at(-1).id);
    }
  };
  assert.deepEqual(await walk(-3), [...ids].reverse());
  assert.deepEqual(await walk(3), ids);
  const whole = await history(a1, b1.phoneId, 0);
  assert.deepEqual(whole.data.map(textOf), [...texts].reverse());
  assert.ok(whole.data.every(({ status }) => status === 'sent'));
});

test('a device that was away gets what it missed, in order, once, on whichever gateway it returns', async () => {
  const { a1, b1, topic } = await friends();
  await a1.send(textMessage(a1.phoneId, b1.phoneId, newId(), 'seen'));
  await b1.expect(topic, isSent('seen'));
  await b1.fence();
  await b1.disconnect();
  const missed = Array.from({ length: 6 }, (_, n) => `missed ${n}`);
  for (const text of missed) await a1.send(textMessage(a1.phoneId, b1.phoneId, newId(), text));
  const before = b1.inbox.length;
  assert.equal(await b1.connect(0), true);
  await b1.expect(topic, isSent(missed.at(-1)));
  await b1.fence();
  const later = b1.inbox.slice(before);
  assert.deepEqual(later.filter(({ topic: on }) => on === topic).map(({ fields }) => textOf(fields)), missed);
  // Presence at QoS 0 may be shown first: MQTT.js shows a message of QoS 2 when its handshake has ended.
  const first = later.find(({ record: name, qos }) => name !== 'vnode_max' && qos > 0);
  assert.ok(isProfile('init')(first), `the profile comes before them: ${first.text}`);
});

test('logout answers with the dead token, closes, and the token opens nothing any more', async () => {
  const device = await online();
  const reply = await device.ask(record('Auth', { type: 'logout' }));
  assert.equal(reply.text, `{io,{ok,logout},{'Auth',<<"${device.token}">>}}`);
  await device.closed;
  for (const index of [0, 1]) {
    const again = new Device(device.clientId, { token: device.token });
    await assert.rejects(again.connect(index), (refused) => refused instanceof Refused && refused.code === 4);
  }
  const stranger = await online();
  assert.equal((await stranger.ask(tuple(atom('Nonsense')))).text, error('invalid_data'), 'others go on');
});
