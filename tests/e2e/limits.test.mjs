// On a cluster whose limits are short enough to be met: an expired code, an expired token, a small packet limit.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decode, encode } from './bert.mjs';
import { codeFor, codesSentTo, eventually, query } from './cluster.mjs';
import { REQUESTS, Refused, authReg, authVerify, endAll, isProfile, newId, newPhone, online, registering } from './device.mjs';
import { format } from './erlang_text.mjs';
import { Raw, endRaw } from './raw.mjs';
import { error, fieldsOf, ok, p2p, p2pTopic, record, textMessage, walkHistory } from './records.mjs';

after(() => { endAll(); endRaw(); });

test('a code is refused when its life is over', async () => {
  const phone = newPhone();
  const { device } = await registering();
  assert.equal((await device.ask(authReg(phone))).text, ok('sms_sent'));
  const code = await codeFor(phone);
  const sentAt = Date.now();
  await eventually('the end of the code', () => Date.now() - sentAt > 5200); // auth.code_life_s=5
  assert.equal((await device.ask(authVerify(code))).text, error('attempts_expired'));
});

test('a token is refused when its life is over and there is no renewal window', async () => {
  const device = await online();
  await device.disconnect();
  const refused = await eventually('the end of the token', async () => {
    try {
      await device.connect(0);
      await device.disconnect();
      return undefined;
    } catch (failure) {
      assert.ok(failure instanceof Refused, failure);
      return failure;
    }
  });
  assert.ok([4, 5].includes(refused.code), `CONNACK ${refused.code}`);
});

test('a page of History is as long as a packet allows, and the next one goes on there', async () => {
  const device = await online();
  const texts = Array.from({ length: 20 }, (_, n) => `${n} ${'x'.repeat(10000)}`);
  for (const text of texts) await device.send(textMessage(device.phoneId, device.phoneId, newId(), text));
  for (const size of [-1000, 1000]) {
    const walk = await walkHistory(device, p2p(device.phoneId, device.phoneId), size);
    assert.deepEqual(walk.texts, size < 0 ? [...texts].reverse() : texts);
    assert.ok(walk.pages[0] >= 4 && walk.pages[0] <= 6, `${walk.pages}`);
  }
});

test('a Profile that is larger than a packet holds roster ids, and other answers come without their lists', async () => {
  const device = await online();
  const ask = (term, wanted) => device.ask(term, ({ record: name, fields }) => name === wanted && fields.status !== 'init');
  for (let n = 0; n < 20; n += 1) {
    await ask(record('Room', { id: `room ${newId()}`, name: `${n}`, description: 'x'.repeat(4000), status: 'create' }), 'Room');
  }
  const profile = await ask(record('Profile', { status: 'get' }), 'Profile');
  assert.deepEqual(profile.fields.rosters, [device.rosterId]);
  const roster = await ask(record('Roster', { id: device.rosterId, status: 'get' }), 'Roster');
  assert.deepEqual([roster.fields.id, roster.fields.roomlist, roster.fields.phone], [device.rosterId, [], device.phone]);
});

test('a phone keeps as many bytes as its quota allows, by ftp and by link', async () => {
  const device = await online(); // media.quota_bytes=100000
  const isAck = ({ record: name }) => name === 'ftpack';
  const ftp = async (id, size, more) => (await device.ask(record('ftp', { id, sid: device.token, filename: 'a', meta: 'm', size, offset: 0, block: 1,
    data: Buffer.alloc(0), ...more, status: Buffer.from(more.status) }), isAck)).fields;
  const over = await ftp(newId(), 100001, { status: 'init' });
  assert.deepEqual([over.status, over.block, over.offset, over.sid], ['send', 0, 0, '']);
  const id = newId();
  assert.equal((await ftp(id, 40000, { status: 'init' })).status, 'init');
  const whole = await ftp(id, 40000, { status: 'send', block: 40000, data: Buffer.alloc(40000, 1) });
  assert.deepEqual([whole.offset, whole.block], [40000, 0]);
  const second = await ftp(newId(), 60001, { status: 'init' });
  assert.deepEqual([second.status, second.block, second.sid], ['send', 0, '']);
  const link = await device.ask(record('Message', { msg_id: newId(), to: device.phoneId, files: [record('Desc', { id: 'a', mime: 'image' })], status: 'upload' }),
    ({ record: name }) => name === 'Message');
  const { payload } = fieldsOf(link.fields.files[0]);
  const put = async (size) => (await fetch(payload, { method: 'PUT', body: Buffer.alloc(size) })).status;
  assert.deepEqual([await put(60001), await put(60000)], [507, 200]);
  assert.equal((await ftp(newId(), 1, { status: 'init' })).status, 'send', 'there is no byte left');
});

test('the packet limit is the configured one', async () => {
  const { device } = await registering();
  await device.ask(Buffer.alloc(60 * 1024, 7));
  device.send(Buffer.alloc(64 * 1024, 7)).catch(() => {}); // gateway.max_packet=65536
  await device.closed;
});

// A registering connection from another address of this machine; ask() resolves to the text of the answer.
async function registeringFrom(address) {
  const raw = await Raw.tcp(0, address);
  const clientId = `reg_${newId()}`;
  await raw.connect({ clientId });
  await raw.packet({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `actions/1/api/${clientId}`, qos: 0 }] });
  await raw.expect(({ cmd }) => cmd === 'suback');
  const answers = () => raw.packets.filter(({ cmd, payload }) => cmd === 'publish' && format(decode(payload)).startsWith('{io,'));
  let asked = 0;
  return async (term) => {
    asked += 1;
    await raw.packet({ cmd: 'publish', topic: REQUESTS, qos: 1, messageId: 1 + asked, payload: encode(term), dup: false, retain: false });
    await raw.expect(() => answers().length >= asked);
    return format(decode(answers()[asked - 1].payload));
  };
}

test('codes for one address are bounded, on all its connections together; another address has its own (O17)', async () => {
  const [first, second] = [await registeringFrom('127.0.0.9'), await registeringFrom('127.0.0.9')];
  for (let n = 0; n < 100; n += 1) { // auth.rate_address_per_minute=100
    assert.equal(await (n % 2 ? first : second)(authReg(newPhone())), ok('sms_sent'), `code ${n}`);
  }
  const phone = newPhone();
  for (const ask of [first, second, await registeringFrom('127.0.0.9')]) assert.equal(await ask(authReg(phone)), error('attempts_expired'));
  for (const type of ['resend', 'voice']) assert.equal(await first(record('Auth', { type })), error('attempts_expired'), type);
  assert.equal(codesSentTo(phone).length, 0);
  const { device } = await registering();
  assert.equal((await device.ask(authReg(phone))).text, ok('sms_sent'));
});

test('what is larger than a packet comes without its lists (PROTOCOL 1.6, O22)', async () => {
  const device = await online();
  await query(`with made as (insert into roster.account (id, phone) select nextval('roster.roster_id_seq') + 5000000000,
      '99' || lpad((${device.rosterId} * 2000 + g)::text, 11, '0') from generate_series(1, 1500) g returning id),
    rosters as (insert into roster.roster (id, account_id, names, update_ms) select id, id, 'Somebody', 1 from made returning id)
    insert into roster.contact (roster_id, peer_id, state, listed, update_ms) select ${device.rosterId}, id, 'internal', true, 1 from rosters`);
  const profile = await device.ask(record('Profile', { status: 'get' }), isProfile('get'));
  assert.deepEqual([profile.fields.phone, profile.fields.rosters], [device.phone, [device.rosterId]]);
  const roster = await device.ask(record('Roster', { status: 'get' }), ({ record: name }) => name === 'Roster');
  assert.deepEqual([roster.fields.id, roster.fields.phone, roster.fields.userlist], [device.rosterId, device.phone, []]);
  await device.disconnect();
  const from = device.inbox.length;
  await device.connect(0);
  assert.deepEqual((await device.expect(device.topic, isProfile('init'), { from })).fields.rosters, [device.rosterId]);
});

test('with self_contact a roster is the first of its own contacts (Q30)', async () => {
  const device = await online();
  const contacts = async (status, more = {}) => (await device.ask(record('Roster', { status, ...more }),
    ({ record: name, fields }) => name === 'Roster' && fields.status === status)).fields.userlist.map(fieldsOf);
  await device.send(record('Message', { feed_id: p2p(device.phoneId, device.phoneId), msg_id: newId(), from: device.phoneId,
    status: 'client', files: [record('Desc', { payload: 'a note' })] }));
  await device.expect(p2pTopic(device.phoneId, device.phoneId));
  const [self, ...others] = await contacts('get');
  assert.deepEqual([self.phone_id, self.status, self.presence, self.unread, others], [device.phoneId, 'friend', 'online', 0, []]);
  assert.equal(fieldsOf(fieldsOf(self.last_msg).files[0]).payload, 'a note');
  assert.deepEqual(await contacts('update', { update: self.update }), []);
});
