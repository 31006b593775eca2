// How a request may come: every form of `events/` (PROTOCOL 1.3), every layout of an older client (3.16), every leniency about a field
// (2.5), at every QoS, and twice (O3, O5). Two gateways.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Tuple, atom, encode, float, tuple } from './bert.mjs';
import { lockSchema } from './cluster.mjs';
import { REQUESTS, befriend, endAll, isProfile, newId, newPhone, online, register } from './device.mjs';
import { error, fieldsOf, p2p, p2pTopic, record, textMessage, walkHistory } from './records.mjs';
import { Raw, endRaw } from './raw.mjs';

after(() => {
  endAll();
  endRaw();
});

const invalid = error('invalid_data');
const getProfile = record('Profile', { status: 'get' });
const isRoom = (status) => ({ record: name, fields }) => name === 'Room' && fields.status === status;
const isMessage = (status) => ({ record: name, fields }) => name === 'Message' && fields.status === status;
const textsOf = (fields) => fields.files.map((file) => fieldsOf(file).payload);
const desc = (text, more = {}) => record('Desc', { id: newId(), mime: 'text', payload: text, ...more });
const members = (...devices) => devices.map((device) => record('Member', { phone_id: device.phoneId }));
const phoneIds = (list) => list.map((entry) => fieldsOf(entry).phone_id);

async function friends() {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  await befriend(a, b);
  return [a, b, p2pTopic(a.phoneId, b.phoneId)];
}

test('a request is answered on the topic that its form names, and an unknown form is dropped', async () => {
  const device = await register();
  await device.connect(0, { username: 'web' });
  const own = `actions/1/web/${device.clientId}`;
  await device.expect(own, isProfile('init')); // unsolicited messages go to the user name's topic
  const api = device.topic;
  for (const [topic, answer] of [
    ['events/1//api/anon//', api], ['events/1/3/api/anon/emqttd_x/TOKEN', api], [`events/1/7/api/anon/${device.clientId}/${device.token}`, api],
    ['events/1/2/api/anon/emqttd_x', api], ['events/1//api//', api], ['events/1//api/anon', api], ['events/1//api', api], ['events/1/99999/api', api],
    ['events/1/node/api/anon//', api], ['events/1//web/anon//', own], ['events/1//web', own], ['events/1//other/anon//', api], ['events/1////', api],
    ['events/1/1/api/another/emqttd_another/another', api],
  ]) {
    const from = device.inbox.length;
    await device.send(getProfile, { topic });
    const reply = await device.expect(null, isProfile('get'), { from });
    assert.equal(reply.topic, answer, topic);
    assert.equal(device.inbox.length, from + 1, topic);
  }
  for (const [topic, answer] of [['events/2//api/anon//', api], ['events//1/api/anon//', api], ['events/1.0//web/anon//', own]]) {
    await device.send(getProfile, { topic });
    const reply = await device.expect(null, ({ record: name }) => name === 'io');
    assert.deepEqual([reply.topic, reply.text], [answer, invalid], topic);
  }
  const before = device.inbox.length;
  for (const topic of ['events/1//api/anon//too/many', 'events/1//api/anon////', 'events/1/', 'events/1/2', 'events/', `events/${device.clientId}`, 'Events/1//api']) {
    await device.send(getProfile, { topic });
  }
  await device.send(getProfile);
  await device.expect(api, isProfile('get'), { from: before });
  assert.equal(device.inbox.length, before + 1);
});

test('requests of QoS 0 get the same replies, in the same order as all others', async () => {
  const [a, b, topic] = await friends();
  for (let n = 0; n < 30; n += 1) a.send(textMessage(a.phoneId, b.phoneId, newId(), `${n}`), { qos: n % 3 });
  while (b.on(topic, isMessage('sent')).length < 30) await b.expect(topic);
  assert.deepEqual(b.on(topic, isMessage('sent')).map(({ fields }) => textsOf(fields)[0]), Array.from({ length: 30 }, (_, n) => `${n}`));
  await a.send(record('Friend', { status: 'nonsense' }), { qos: 0 });
  assert.equal((await a.expect(a.topic, ({ record: name }) => name === 'io')).text, invalid);
});

const BERT = (...items) => tuple(atom('bert'), ...items);

test('fields are read leniently', async () => {
  const [a, b, topic] = await friends();
  const say = async (more, files = [desc('x')]) => {
    const msgId = newId();
    const from = b.inbox.length;
    await a.send(record('Message', { feed_id: p2p(a.phoneId, b.phoneId), msg_id: msgId, from: a.phoneId, to: b.phoneId, status: 'client', files, ...more }));
    return (await b.expect(topic, ({ fields }) => fields.msg_id === msgId, { from })).fields;
  };
  for (const nothing of [atom('undefined'), BERT(atom('nil'))]) {
    const got = await say({ type: nothing, edit_msg: nothing, created: nothing, container: nothing, feed_id: nothing, seenby: nothing });
    assert.deepEqual([got.type, got.edit_msg], [[], []]);
  }
  assert.deepEqual(textsOf(await say({}, [desc([...Buffer.from('list')])])), ['list'], 'a list of bytes');
  for (const encoding of ['UTF-8', 'utf-8', 'Utf-8']) {
    assert.deepEqual(textsOf(await say({}, [desc(BERT(atom('string'), atom(encoding), Buffer.from('Привіт')))])), ['Привіт'], 'python-bert');
  }
  assert.equal((await say({ created: Buffer.from('1500000000123') })).created, 1500000000123);
  assert.equal((await say({ type: [atom('reply'), atom('forward')] })).type, 'reply', 'the first of a list of atoms');
  assert.deepEqual((await say({ type: [] })).type, []);
  assert.equal(fieldsOf((await say({}, [desc('x', { size: [] })])).files[0]).size, 0, 'NIL for 0');
  assert.equal(fieldsOf((await say({}, [desc('x', { size: float(2) })]).catch(() => ({ files: [desc('x')] }))).files[0]).size, 0, 'a float is no integer');
  // Bytes after the term, and compression.
  const one = textMessage(a.phoneId, b.phoneId, newId(), 'with a tail');
  await a.send(Buffer.concat([encode(one), Buffer.from([0])]));
  await b.expect(topic, ({ fields }) => fields.files?.length > 0 && textsOf(fields)[0] === 'with a tail');
  // In a text that people read, only UTF-8 without NUL.
  const rename = (names) => a.ask(record('Roster', { id: a.rosterId, names, status: 'patch' }));
  for (const names of [Buffer.from([0x41, 0x42, 0xff]), 'a\0b', Buffer.from([0xc0, 0xaf, 0x41])]) assert.equal((await rename(names)).text, invalid);
});

test('the layouts of older clients are understood', async () => {
  const [a, b, topic] = await friends();
  const heard = async (items, sender = a) => {
    const from = b.inbox.length;
    await sender.send(new Tuple(items));
    return (await b.expect(topic, ({ record: name }) => name === 'Message', { from })).fields;
  };
  const feed = p2p(a.phoneId, b.phoneId);
  const thirteen = (status, id, files, more = []) => [atom('Message'), id, atom('chain'), feed, [], [], newId(), a.phoneId, b.phoneId, 1500000000000, files, ...(more.length ? more : [[], []]), atom(status)];
  const first = await heard(thirteen('client', [], [desc('13 fields')]));
  assert.deepEqual([textsOf(first), first.created, first.status], [['13 fields'], 1500000000000, 'sent']);
  const edited = await heard(thirteen('edit', first.id, [desc('13 edited')]));
  assert.deepEqual([edited.id, edited.status, textsOf(edited)], [first.id, 'edit', ['13 edited']]);
  const sixteen = (status, id, files, seenby = []) => [atom('Message'), id, atom('chain'), feed, [], [], newId(), a.phoneId, b.phoneId, 1500000000000, files, [atom('reply')], first.id,
    seenby, [1, 2], [], status];
  const second = await heard(sixteen([], [], [desc('16 fields')]));
  assert.deepEqual([textsOf(second), second.type, second.edit_msg, second.status], [['16 fields'], 'reply', first.id, 'sent']);
  const gone = await heard(sixteen(atom('delete'), second.id, [desc('ignored')], [-1]));
  assert.deepEqual([gone.id, gone.files, gone.seenby, gone.status], [second.id, [], -1, 'edit']);
  const five = tuple(atom('Desc'), 'd', 'image', 'payload', 'parent',
    [record('Feature', { id: 'x', key: 'SIZE', value: '77', group: 'FILE' }), record('Feature', { id: 'y', key: 'FILENAME', value: 'cat.jpg', group: 'FILE' })]);
  const [file] = (await heard(thirteen('client', [], [five]))).files.map(fieldsOf);
  assert.deepEqual([file.id, file.mime, file.payload, file.size, file.filename], ['d', 'image', 'payload', 77, 'cat.jpg']);
  assert.equal((await a.ask(new Tuple([...thirteen('client', [], [desc('x')]), [], []]))).text, invalid, 'fifteen fields');
});

test('the layouts of an older Room are understood', async () => {
  const [a, b] = await friends();
  const id = `room ${newId()}`;
  const seventeen = (status, lists, links = []) => new Tuple([atom('Room'), id, 'Old', ...links, 'about', [], ...lists, [], atom('group'), [], 0, 0, [], [], [], 0, 0, atom(status)]);
  const created = await a.ask(seventeen('create', [members(b), []]), isRoom('create'));
  assert.deepEqual([created.fields.name, created.fields.description, phoneIds(created.fields.members)], ['Old', 'about', [b.phoneId]]);
  assert.equal(created.term.items.length, 16, 'answered in the normative layout');
  await b.expect(`room/${id}`, isMessage('muc'));
  await a.send(seventeen('patch', [[], []], [[]]));
  await b.expect(`room/${id}`, isRoom('patch'));
  await a.send(seventeen('remove', [members(b), []], [[record('Desc')]]));
  const told = await b.expect(`ses/${b.phone}`, isRoom('remove'));
  assert.deepEqual(phoneIds(told.fields.members), [b.phoneId]);
  // Shifted by one: slot 5 is [], slot 6 the members, slot 7 the admins.
  await a.send(record('Room', { id, admins: members(b), data: [], status: 'add' }));
  const asAdmin = await b.expect(`ses/${b.phone}`, isRoom('add'));
  assert.deepEqual(phoneIds(asAdmin.fields.admins), [a.phoneId, b.phoneId], 'an entry that says nothing is of the slot that the record gives it');
  await a.send(record('Room', { id, admins: members(b), data: members(a), status: 'add' }));
  const both = await b.expect(`room/${id}`, (got) => isRoom('add')(got) && got.fields.members.length > 0);
  assert.deepEqual([phoneIds(both.fields.members), phoneIds(both.fields.admins)], [[b.phoneId], [a.phoneId]]);
  await a.send(record('Room', { id, members: members(b), status: 'uban' })); // as it is misspelt
  await b.expect(`room/${id}`, isRoom('unban'));
});

// A connection of a registered device where packet ids and DUP are the test's own.
async function raw(device, index) {
  const connection = await Raw.tcp(index);
  const connack = await connection.connect({ clientId: device.clientId, username: 'api', password: Buffer.from(device.token), clean: false });
  assert.equal(connack.returnCode, 0);
  return {
    connection,
    async send(messageId, term, { dup = false, qos = 1, topic = REQUESTS } = {}) {
      await connection.packet({ cmd: 'publish', topic, payload: encode(term), qos, messageId, dup });
      await connection.expect((packet) => packet.cmd === (qos === 1 ? 'puback' : 'pubrec') && packet.messageId === messageId);
    },
  };
}

test('a PUBLISH that comes again with DUP makes nothing twice, also on another gateway (O3)', async () => {
  const phone = newPhone();
  const watcher = await online(phone, 0);
  const b = await online(newPhone(), 1);
  await befriend(watcher, b);
  const sender = await register(phone);
  const terms = [
    record('Room', { name: 'Twice?', status: 'create' }), // the server invents the id
    record('Message', { to: b.phoneId, files: [desc('twice?')], status: 'client' }), // no msg_id
    record('Roster', { names: 'Second', surnames: 'S', status: 'create' }),
    record('Tag', { roster_id: watcher.phoneId, name: 'once', color: 'red', status: 'create' }),
  ];
  let first = await raw(sender, 0);
  for (const [place, term] of terms.entries()) await first.send(100 + place, term);
  const state = async () => {
    await watcher.fence();
    const { fields } = await watcher.ask(getProfile, isProfile('get'));
    const rosters = fields.rosters.map(fieldsOf);
    const page = await watcher.ask(record('History', { roster_id: watcher.phoneId, feed: p2p(watcher.phoneId, b.phoneId), size: -50, status: 'get' }), ({ record: name }) => name === 'History');
    return [rosters.length, rosters.flatMap(({ roomlist }) => roomlist.map((room) => fieldsOf(room).id)), rosters.flatMap(({ tags }) => tags.length), page.fields.data.length];
  };
  const once = await state();
  assert.deepEqual([once[0], once[1].length, once[3]], [2, 1, 1]);
  first.connection.destroy();
  const second = await raw(sender, 1);
  for (const [place, term] of terms.entries()) await second.send(100 + place, term, { dup: true });
  const again = second.connection.packets.filter(({ cmd, payload }) => cmd === 'publish' && payload.includes('Twice?'));
  assert.ok(again.length >= 1, 'it is answered again');
  assert.deepEqual(await state(), once);
  // The same packet id and payload without DUP is another request.
  await second.send(101, terms[1]);
  await b.expect(p2pTopic(watcher.phoneId, b.phoneId), isMessage('sent'));
  assert.equal((await state())[3], 2);
  second.connection.destroy();
});

test('what cannot be done now is said, not acknowledged by 3.1.1, and done when it comes again (O4)', async () => {
  const [watcher, b, topic] = await friends();
  const sender = await register(watcher.phone);
  const modern = await register(watcher.phone);
  await modern.connect(1, { protocolVersion: 5 });
  const old = await raw(sender, 0);
  const said = () => old.connection.packets.filter(({ cmd, payload }) => cmd === 'publish' && payload.includes('unavailable')).length;
  const text = (words) => record('Message', { to: b.phoneId, files: [desc(words)], status: 'client' });
  const lock = await lockSchema('messaging');
  try {
    old.connection.packet(...[text('late'), getProfile].map((term, place) => ({ cmd: 'publish', topic: REQUESTS, payload: encode(term), qos: 1, messageId: 7 + place })));
    const refused = modern.send(text('refused')).then(() => 'acknowledged', ({ code }) => code);
    const after = modern.send(getProfile);
    assert.ok(await old.connection.isClosed(), 'the connection is closed');
    assert.equal(said(), 1);
    assert.deepEqual(old.connection.packets.filter(({ cmd }) => cmd === 'puback'), [], 'neither it nor what came after it is acknowledged');
    assert.equal(await refused, 0x83);
    await after;
    await modern.expect(modern.topic, ({ text: got }) => got === error('unavailable'));
  } finally {
    await lock.release();
  }
  const again = await raw(sender, 1);
  await again.send(7, text('late'), { dup: true });
  await b.expect(topic, (got) => isMessage('sent')(got) && textsOf(got.fields)[0] === 'late');
  await b.fence();
  const { texts } = await walkHistory(b, p2p(watcher.phoneId, b.phoneId), -50);
  assert.equal(texts.filter((words) => words === 'late').length, 1);
  again.connection.destroy();
});

test('requests of one connection take effect in the order in which they came (O5)', async () => {
  const [a, b, topic] = await friends();
  const id = `room ${newId()}`;
  // Nothing is awaited: each needs what the one before it did.
  a.send(record('Room', { id, name: 'One', members: members(b), status: 'create' }));
  a.send(record('Room', { id, name: 'Two', status: 'patch' }), { qos: 2 });
  a.send(record('Message', { to: id, msg_id: newId(), files: [desc('in order')], status: 'client' }));
  a.send(record('Message', { to: b.phoneId, msg_id: newId(), files: [desc('elsewhere')], status: 'client' }), { qos: 0 });
  a.send(record('Room', { id, members: members(b), status: 'remove' }));
  a.send(record('Room', { id, status: 'get' }));
  const seen = await a.expect(a.topic, isRoom('get'));
  assert.deepEqual([seen.fields.name, seen.fields.members], ['Two', []]);
  await b.expect(`ses/${b.phone}`, isRoom('remove'));
  await b.expect(topic, isMessage('sent'));
  const kinds = b.on(`room/${id}`).map(({ record: name, fields }) => `${name} ${fields.status} ${fields.type}`);
  assert.deepEqual(kinds.slice(0, 4), ['Message muc join', 'Room patch group', 'Message muc patch', 'Message sent ']);
});
