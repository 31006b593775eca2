// What happens to a message after it was sent: edits and removals, uploads, the reader's mark, and typing. Two phones on two gateways.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { atom, tuple } from './bert.mjs';
import { query } from './cluster.mjs';
import { befriend, endAll, isContact, newId, newPhone, online } from './device.mjs';
import { error, fieldsOf, p2p, p2pTopic, record, textMessage } from './records.mjs';

after(endAll);

// Two friends: a on gateway 1, b on gateway 2, a second device of b's phone on gateway 1.
async function friends() {
  const phoneB = newPhone();
  const [a, b] = await Promise.all([online(newPhone(), 0), online(phoneB, 1)]);
  const b2 = await online(phoneB, 0);
  await befriend(a, b, [b2]);
  return { a, b, b2, all: [a, b, b2], topic: p2pTopic(a.phoneId, b.phoneId) };
}

const isMessage = (status, id) => ({ record: name, fields }) => name === 'Message' && fields.status === status &&
  (id === undefined || fields.id === id);
const textsOf = (fields) => fields.files.map((file) => fieldsOf(file).payload);
const desc = (text) => record('Desc', { id: newId(), mime: 'text', payload: text });
const edit = (id, more = {}) => record('Message', { id, status: 'edit', ...more });
const invalid = error('invalid_data');
const denied = error('permission_denied');
const isOk2 = ({ record: name }) => name === 'ok2' || name === 'io';

// Sends from one device; every one of `watchers` has it when this returns. The stored message.
async function say(from, to, text, watchers) {
  await from.send(textMessage(from.phoneId, to.phoneId, newId(), text));
  const topic = p2pTopic(from.phoneId, to.phoneId);
  const copies = await Promise.all(watchers.map((device) => device.expect(topic,
    (message) => isMessage('sent')(message) && textsOf(message.fields)[0] === text)));
  return copies[0].fields;
}

async function history(device, peer) {
  const page = await device.ask(
    record('History', { roster_id: device.phoneId, feed: p2p(device.phoneId, peer.phoneId), size: -50, entity_id: 0, status: 'get' }),
    ({ record: name }) => name === 'History');
  return page.fields.data.map(fieldsOf);
}

test('an edit is seen by every device on both gateways, and in History as sent', async () => {
  const { a, b, all, topic } = await friends();
  const first = await say(a, b, 'Helo', all);
  await say(b, a, 'What?', all);
  await a.send(edit(first.id, { files: [desc('Hello')] }));
  for (const device of all) {
    const { fields, qos } = await device.expect(topic, isMessage('edit', first.id));
    assert.equal(fields.edit_msg, first.id);
    assert.equal(fields.msg_id, first.msg_id);
    assert.equal(fields.from, a.phoneId);
    assert.equal(fields.created, first.created);
    assert.deepEqual(textsOf(fields), ['Hello']);
    assert.equal(qos, 2);
  }
  for (const device of [a, b]) {
    const [, shown] = await history(device, device === a ? b : a);
    assert.equal(shown.id, first.id);
    assert.equal(shown.status, 'sent');
    assert.deepEqual(shown.edit_msg, []);
    assert.deepEqual(textsOf(shown), ['Hello']);
  }
  await a.send(edit([], { edit_msg: first.id, files: [desc('Hello!')] })); // the id may stand there too
  await b.expect(topic, (message) => isMessage('edit', first.id)(message) && textsOf(message.fields)[0] === 'Hello!');
  await b.fence();
  assert.equal(b.on(topic, isMessage('edit', first.id)).length, 2);
});

test('after a reconnect who had the message gets the edit, who never had it the message, each once', async () => {
  const { a, b, topic } = await friends();
  const seen = await say(a, b, 'seen', [a, b]);
  await b.fence();
  await b.disconnect();
  const missed = await say(a, b, 'missed', [a]);
  const gone = await say(a, b, 'gone', [a]);
  for (const text of ['seen 1', 'seen 2']) await a.send(edit(seen.id, { files: [desc(text)] }));
  await a.send(edit(missed.id, { files: [desc('missed 1')] }));
  await a.send(edit(gone.id));
  const before = b.inbox.length;
  assert.equal(await b.connect(0), true);
  await b.fence();
  const later = b.inbox.slice(before).filter((message) => message.topic === topic).map(({ fields }) => fields);
  assert.deepEqual(later.map((message) => [message.id, message.status, message.edit_msg, textsOf(message)]), [
    [seen.id, 'edit', seen.id, ['seen 2']],
    [missed.id, 'sent', [], ['missed 1']],
    [gone.id, 'deleted', [], []],
  ]);
});

test('a removal for all leaves the place in the feed, without files, and is not unread', async () => {
  const { a, b, all, topic } = await friends();
  const first = await say(a, b, 'keep', all);
  const second = await say(a, b, 'remove', all);
  await a.send(edit(second.id, { seenby: -1 }));
  for (const device of all) {
    const { fields } = await device.expect(topic, isMessage('edit', second.id));
    assert.deepEqual([fields.edit_msg, fields.files, fields.seenby], [second.id, [], -1]);
  }
  for (const device of [a, b]) {
    const [shown, kept] = await history(device, device === a ? b : a);
    assert.deepEqual([shown.id, shown.status, shown.files, shown.seenby, shown.prev], [second.id, 'deleted', [], -1, first.id]);
    assert.deepEqual([kept.id, kept.status, kept.next], [first.id, 'sent', second.id]);
  }
  await b.send(record('History', { roster_id: b.phoneId, feed: p2p(a.phoneId, b.phoneId), entity_id: first.id, status: 'update' }));
  const { fields: contact } = await b.expect(`ses/${b.phone}`, isContact(a.phoneId, 'last_msg'));
  assert.equal(contact.unread, 0);
  assert.equal(fieldsOf(contact.last_msg).status, 'deleted');
});

test('a removal for oneself is told to the own devices only and hides the message from them', async () => {
  const { a, b, b2, all, topic } = await friends();
  const first = await say(a, b, 'first', all);
  const second = await say(a, b, 'second', all);
  await b.send(edit(second.id, { seenby: 2 }));
  for (const device of [b, b2]) {
    const { fields } = await device.expect(`ses/${b.phone}`, isMessage('edit', second.id));
    assert.deepEqual([fields.edit_msg, fields.files, fields.seenby], [second.id, [], 2]);
  }
  assert.deepEqual((await history(b, a)).map(({ id }) => id), [first.id]);
  assert.deepEqual((await history(a, b)).map(({ id }) => id), [second.id, first.id]);
  await a.fence();
  assert.ok(!a.inbox.some(isMessage('edit')), 'the other side is not told');
  assert.ok(![b, b2].some((device) => device.on(topic, isMessage('edit')).length > 0));
  await b.send(record('History', { roster_id: b.phoneId, feed: p2p(a.phoneId, b.phoneId), entity_id: 0, status: 'update' }));
  const { fields: contact } = await b.expect(`ses/${b.phone}`, isContact(a.phoneId, 'last_msg'));
  assert.equal(fieldsOf(contact.last_msg).id, first.id);
  assert.equal((await b.ask(edit(second.id, { seenby: 2 }))).text, invalid, 'again');
});

test('what may not be edited is refused and stays as it is', async () => {
  const { a, b, all } = await friends();
  const stranger = await online();
  const message = await say(a, b, 'mine', all);
  const change = { files: [desc('not mine')] };
  assert.equal((await stranger.ask(edit(message.id, change))).text, denied, 'a stranger');
  assert.equal((await stranger.ask(edit(message.id, { seenby: 1 }))).text, denied, 'a stranger, for oneself');
  assert.equal((await b.ask(edit(message.id, change))).text, denied, 'not the author');
  assert.equal((await b.ask(edit(message.id))).text, denied, 'a removal by another');
  assert.equal((await b.ask(edit(message.id, { from: a.phoneId, ...change }))).text, denied, 'in the name of the author');
  assert.equal((await a.ask(edit(message.id + 1000000, change))).text, invalid, 'an unknown id');
  assert.equal((await a.ask(edit([], change))).text, invalid, 'no id');
  assert.equal((await a.ask(edit(message.id, { files: [record('Desc', { id: 'd' })] }))).text, invalid, 'an empty file');
  assert.deepEqual((await history(b, a)).map(({ status, files }) => [status, fieldsOf(files[0]).payload]), [['sent', 'mine']]);

  await a.send(edit(message.id));
  await a.fence();
  for (const request of [edit(message.id, change), edit(message.id), edit(message.id, { seenby: 1 })]) {
    assert.equal((await a.ask(request)).text, invalid, 'already removed');
  }
});

test('after a ban nothing in the feed is edited or removed for all', async () => {
  const { a, b, all } = await friends();
  const message = await say(a, b, 'before', all);
  await b.send(record('Friend', { phone_id: b.phoneId, friend_id: a.phoneId, status: 'ban' }));
  await a.expect(`ses/${a.phone}`, isContact(b.phoneId, 'banned'));
  assert.equal((await a.ask(edit(message.id, { files: [desc('after')] }))).text, denied);
  assert.equal((await a.ask(edit(message.id))).text, denied);
  assert.equal((await history(b, a))[0].status, 'sent');
});

test('a cursor answers the unread count and tells the own devices', async () => {
  const { a, b, b2, all } = await friends();
  const messages = [];
  for (const text of ['one', 'two', 'three']) messages.push(await say(a, b, text, all));
  const feed = p2p(a.phoneId, b.phoneId);
  const { from, to } = fieldsOf(feed);
  const reply = await b.ask(tuple(atom('Cursor'), feed, 2, messages[0].id), isOk2);
  assert.equal(reply.text, `{ok2,{p2p,<<"${from}">>,<<"${to}">>},2}`);
  for (const device of [b, b2]) {
    const { fields } = await device.expect(`ses/${b.phone}`, isContact(a.phoneId, 'last_msg'));
    assert.deepEqual([fields.reader, fields.unread, fieldsOf(fields.last_msg).id], [messages[0].id, 2, messages[2].id]);
  }
  assert.match((await b.ask(tuple(atom('Cursor'), feed, [], []), isOk2)).text, /,0}$/, 'to the newest');
  assert.match((await b.ask(tuple(atom('Cursor'), feed, 1, messages[1].id), isOk2)).text, /,0}$/, 'never back');
  assert.equal((await b.ask(tuple(atom('Cursor'), feed, 1, messages[2].id + 1000000), isOk2)).text, invalid);
  const stranger = await online();
  assert.equal((await stranger.ask(tuple(atom('Cursor'), feed, 1, messages[0].id), isOk2)).text, invalid);
});

test('typing is relayed to both sides at QoS 0, not answered, not stored', async () => {
  const { a, b, b2, all, topic } = await friends();
  const stranger = await online();
  const typing = (author, room) => tuple(atom('Typing'), author.phoneId, room.phoneId);
  await b2.disconnect();
  const rows = () => query('select (select count(*) from messaging.message) + (select count(*) from messaging.notice)');
  const stored = await rows();
  await stranger.send(typing(stranger, a));
  await stranger.send(typing(b, a));
  await stranger.fence();
  assert.deepEqual(stranger.on(stranger.topic, ({ record: name }) => name === 'io'), [], 'refused typing vanishes');
  await a.send(typing(a, b));
  for (const device of [a, b]) {
    const message = await device.expect(topic, ({ record: name }) => name === 'Typing');
    assert.equal(message.text, `{'Typing',<<"${a.phoneId}">>,<<"${b.phoneId}">>}`);
    assert.equal(message.qos, 0);
  }
  await a.fence();
  assert.deepEqual(a.on(a.topic, ({ record: name }) => name === 'io'), []);
  assert.equal(await rows(), stored);
  await b2.connect(0);
  await b2.fence();
  for (const device of all) {
    assert.equal(device.inbox.filter(({ record: name }) => name === 'Typing').length, device === b2 ? 0 : 1);
  }
});

test('typing may also be published straight to the topic of the feed', async () => {
  const { a, b, topic } = await friends();
  await a.send(tuple(atom('Typing'), a.phoneId, b.phoneId), { topic, qos: 0 });
  const message = await b.expect(topic, ({ record: name }) => name === 'Typing');
  assert.equal(message.text, `{'Typing',<<"${a.phoneId}">>,<<"${b.phoneId}">>}`);
});

test('an upload is a link in its place, and sent and unread when it is complete', async () => {
  const { a, b, b2, all, topic } = await friends();
  const feed = p2p(a.phoneId, b.phoneId);
  const messageId = newId();
  const upload = record('Message', {
    feed_id: feed, msg_id: messageId, from: a.phoneId, to: b.phoneId, status: 'upload',
    files: [record('Desc', { id: 'f1', mime: 'image' })],
  });
  await a.send(upload);
  const copies = await Promise.all(all.map((device) => device.expect(topic, isMessage('link'))));
  const { id } = copies[0].fields;
  for (const { fields } of copies) {
    assert.deepEqual([fields.id, fields.msg_id, fieldsOf(fields.files[0]).id], [id, messageId, 'f1']);
  }
  const again = await a.ask(upload, isMessage('link', id));
  assert.equal(again.fields.msg_id, messageId);
  const later = await say(b, a, 'in between', all);
  assert.equal(later.prev, id);
  assert.deepEqual((await history(b, a)).map((message) => [message.id, message.status]), [[later.id, 'sent'], [id, 'link']]);
  assert.equal((await a.ask(edit(id, { files: [desc('early')] }))).text, invalid, 'an edit before it is complete');

  const complete = (more = {}) => record('Message', { id, files: [record('Desc', { id: 'f1', mime: 'image', payload: 'https://x/1' })],
    status: 'complete', ...more });
  const stranger = await online();
  for (const device of [b, stranger]) assert.equal((await device.ask(complete())).text, denied);
  assert.equal((await a.ask(complete({ id: id + 1000000 }))).text, denied, 'an unknown id');
  assert.equal((await a.ask(complete({ files: [] }))).text, invalid);
  await b2.disconnect();
  await a.send(complete());
  for (const device of [a, b]) {
    const { fields } = await device.expect(topic, isMessage('sent', id));
    assert.equal(fieldsOf(fields.files[0]).payload, 'https://x/1');
    assert.deepEqual(fields.edit_msg, []);
  }
  await b2.connect(1);
  const { fields } = await b2.expect(topic, isMessage('sent', id));
  assert.equal(fieldsOf(fields.files[0]).payload, 'https://x/1');
  assert.deepEqual((await history(b, a)).map((message) => [message.id, message.status]), [[later.id, 'sent'], [id, 'sent']]);
  assert.equal((await a.ask(complete())).text, invalid, 'complete already');
  await a.send(edit(id, { files: [desc('late')] }));
  await b.expect(topic, isMessage('edit', id));
});

test('what is uploaded counts as unread only when it is complete, and needs a msg_id', async () => {
  const { a, b, all, topic } = await friends();
  const feed = p2p(a.phoneId, b.phoneId);
  const upload = (more) => record('Message', {
    feed_id: feed, from: a.phoneId, to: b.phoneId, files: [desc('')], status: 'upload', ...more,
  });
  assert.equal((await a.ask(upload({}))).text, invalid, 'without msg_id');
  assert.equal((await a.ask(upload({ msg_id: newId(), files: [] }))).text, invalid, 'without files');
  const first = await say(b, a, 'read up to here', all);
  await a.send(upload({ msg_id: newId() }));
  const { fields: { id } } = await b.expect(topic, isMessage('link'));
  const unread = async () => (await b.ask(tuple(atom('Cursor'), feed, 1, first.id), isOk2)).text;
  assert.match(await unread(), /,0}$/);
  await a.send(record('Message', { id, files: [desc('done')], status: 'complete' }));
  await b.expect(topic, isMessage('sent', id));
  assert.match(await unread(), /,1}$/);
});
