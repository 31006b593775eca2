// Message/* (PROTOCOL 5.6.1 to 5.6.3, O2, O16, O24) in a private chat and in rooms.

import assert from 'node:assert/strict';
import { isContact, newId } from '../device.mjs';
import { fieldsOf, p2pTopic, record, textMessage } from '../records.mjs';
import { signedOut } from './cell.mjs';
import {
  ban, cast, couple, denied, desc, feedOf, history, invalid, isMessage, isRoom, members, muc, newRoom, refuses, roomRequest, roomTopic,
  say, sayInRoom, ses, stored, textsOf, unchanged, watch,
} from '../cast.mjs';

const message = (from, to, more = {}) => record('Message', {
  feed_id: feedOf(from, to), msg_id: newId(), from: from.phoneId, to: to.phoneId, status: 'client', files: [desc('hello')], ...more,
});
const inRoom = (from, id, more = {}) => record('Message', {
  feed_id: muc(id), msg_id: newId(), from: from.phoneId, to: id, status: 'client', files: [desc('hello')], ...more,
});
const edit = (id, more = {}) => record('Message', { id, status: 'edit', ...more });
const complete = (id, files, more = {}) => record('Message', { id, files, status: 'complete', ...more });
const NOBODY = '380670000000_999999999';
const FAR = 1000000; // no message has an id that is larger by this

// Refusals after which the chat of Anna and Boris is as it was, and nobody has heard of them.
async function chat(refusals) {
  const { anna, boris, tablet, stranger } = await cast();
  await unchanged([anna, boris, tablet, stranger], async () => [await stored(anna, feedOf(anna, boris)),
    await stored(boris, feedOf(anna, boris))], refusals);
}

// What Message/client and Message/upload refuse alike.
const mayNotSend = (status) => async (world) => {
  const { anna, boris, tablet, cleo, stranger } = await cast();
  await signedOut(world, message(anna, boris, { status }));
  await chat(async () => {
    await refuses(anna, message(boris, anna, { status }), denied, 'in the name of another');
    await refuses(stranger, message(stranger, anna, { status }), denied, 'no friend');
    await refuses(stranger, message(anna, boris, { status }), denied, 'a stranger in the name of Anna');
    await refuses(cleo, message(cleo, boris, { status }), denied, 'a friend of a friend');
  });
  const id = await newRoom([boris]);
  await anna.send(roomRequest('mute', id, members(boris)));
  for (const device of [anna, boris, tablet]) await device.expect(ses(device), isRoom(id, 'mute'));
  const channel = await newRoom([boris], { type: 'channel' });
  await unchanged([anna, boris, cleo], async () => [await history(anna, muc(id)), await history(anna, muc(channel))], async () => {
    await refuses(cleo, inRoom(cleo, id, { status }), denied, 'no member');
    await refuses(boris, inRoom(boris, id, { status }), denied, 'silenced');
    await refuses(boris, inRoom(boris, channel, { status }), denied, 'a channel is written by admins');
  });
  const [one, other] = await couple();
  await ban(one, other);
  for (const [from, to] of [[one, other], [other, one]]) await refuses(from, message(from, to, { status }), denied, 'banned');
};

const unknownPeer = (status) => async () => {
  const { anna } = await cast();
  await chat(async () => {
    await refuses(anna, message(anna, { phoneId: NOBODY }, { status }), denied, 'a roster that is not there');
    await refuses(anna, record('Message', { msg_id: newId(), to: NOBODY, files: [desc('x')], status }), denied, 'by `to` alone');
    await refuses(anna, inRoom(anna, `no ${newId()}`, { status }), denied, 'a room that is not there');
    await refuses(anna, record('Message', { msg_id: newId(), to: 'a/b', files: [desc('x')], status }), denied, 'what names neither');
  });
};

const malformed = (status) => async () => {
  const { anna, boris, cleo } = await cast();
  await chat(async () => {
    for (const [why, more] of Object.entries({
      'no files': { files: [] }, 'a feed without the author': { feed_id: feedOf(boris, cleo) }, 'a feed of others than `to`': { to: cleo.phoneId },
      'neither feed nor to': { feed_id: [], to: [] }, 'a feed that is none': { feed_id: record('Cursor') }, '33 files': { files: Array.from({ length: 33 }, () => desc('x')) },
      'a payload over 64 KiB': { files: [desc('x'.repeat(65537))] }, 'a file that is none': { files: [boris.phoneId] }, 'a msg_id of 256 bytes': { msg_id: 'x'.repeat(256) },
      'a time that is none': { created: Buffer.from('noon') }, 'a size below zero': { files: [desc('x', { size: -1 })] }, 'a reference that is a text': { edit_msg: Buffer.from('1') },
    })) await refuses(anna, message(anna, boris, { ...more, status }), invalid, why);
    if (status === 'client') await refuses(anna, message(anna, boris, { files: [desc('')] }), invalid, 'an empty payload');
    else await refuses(anna, message(anna, boris, { msg_id: [], status }), invalid, 'no msg_id');
  });
};

const client = {
  async good() {
    const { anna, boris, tablet } = await cast();
    const last = await say(boris, anna, 'before');
    const heard = watch(anna, boris, tablet);
    const msgId = newId();
    const created = 1500000000123;
    const file = desc('Hello', { size: 5, filename: 'a.txt', info: '1:2' });
    await anna.send(message(anna, boris, { msg_id: msgId, type: 'reply', edit_msg: last.id, created, files: [file] }));
    const [[sent]] = await heard([anna, 'p2p Message/sent'], [boris, 'p2p Message/sent'], [tablet, 'p2p Message/sent']);
    const { fields } = sent;
    assert.deepEqual([fields.msg_id, fields.from, fields.to, fields.created, fields.type, fields.edit_msg, fields.container, fields.prev, fields.next, fields.seenby],
      [msgId, anna.phoneId, boris.phoneId, created, 'reply', last.id, 'chain', last.id, [], []]);
    assert.deepEqual(fieldsOf(fields.feed_id), fieldsOf(feedOf(anna, boris)));
    assert.deepEqual(fieldsOf(fields.files[0]), fieldsOf(file));
    assert.ok(fields.id > last.id && fields.id < 2 ** 53);
    const [stored, before] = await history(boris, feedOf(anna, boris), { size: -2 });
    assert.deepEqual([stored.id, stored.status, before.id, before.next], [fields.id, 'sent', last.id, fields.id]);
    // Defaults: the own first roster, and a feed of either order by `to`.
    const again = watch(anna, boris, tablet);
    const { from, to } = fieldsOf(feedOf(anna, boris));
    await anna.send(record('Message', { to: boris.phoneId, files: [desc('by to')], status: 'client' }));
    await anna.send(message(anna, boris, { from: [], to: [], feed_id: record('p2p', { from: to, to: from }), files: [desc('turned')] }));
    const [[one, two]] = await again([boris, 'p2p Message/sent', 'p2p Message/sent'], [anna, 'p2p Message/sent', 'p2p Message/sent'], [tablet, 'p2p Message/sent', 'p2p Message/sent']);
    for (const copy of [one, two]) assert.deepEqual([copy.fields.from, copy.fields.to, fieldsOf(copy.fields.feed_id)], [anna.phoneId, boris.phoneId, { from, to }]);
    assert.ok(Math.abs(one.fields.created - Date.now()) < 60000, 'the time of the server');
    // With oneself.
    const alone = watch(boris, tablet, anna);
    await boris.send(textMessage(boris.phoneId, boris.phoneId, newId(), 'note'));
    const [[note]] = await alone([boris, 'p2p Message/sent'], [tablet, 'p2p Message/sent']);
    assert.equal(note.topic, `p2p/${boris.phoneId}/${boris.phoneId}`);
  },
  not_authorized: mayNotSend('client'),
  not_found: unknownPeer('client'),
  invalid: malformed('client'),
  async repeat() {
    const { anna, boris, tablet } = await cast();
    const term = message(anna, boris);
    const heard = watch(anna, boris, tablet);
    for (let i = 0; i < 3; i += 1) await anna.send(term);
    const [[sent, first, second]] = await heard([anna, 'p2p Message/sent', 'reply Message/sent', 'reply Message/sent'], [boris, 'p2p Message/sent'], [tablet, 'p2p Message/sent']);
    assert.deepEqual([first.text, second.text], [sent.text, sent.text], 'the stored one');
    const page = await history(boris, feedOf(anna, boris), { size: -2 });
    assert.equal(page.filter(({ msg_id: id }) => id === sent.fields.msg_id).length, 1);
    // The key is (author, msg_id): the same one of another author is another message.
    await boris.send(message(boris, anna, { msg_id: sent.fields.msg_id, files: [desc('mine')] }));
    const other = await anna.expect(p2pTopic(anna.phoneId, boris.phoneId), ({ fields }) => fields.msg_id === sent.fields.msg_id && fields.from === boris.phoneId);
    assert.ok(other.fields.id > sent.fields.id);
  },
  async others() {
    const { anna, boris, tablet, cleo, stranger } = await cast();
    const contact = async () => fieldsOf((await boris.ask(record('Roster', { id: boris.rosterId, status: 'get' }), ({ record: name }) => name === 'Roster')).fields.userlist
      .find((entry) => fieldsOf(entry).phone_id === anna.phoneId));
    const before = (await contact()).unread;
    const heard = watch(anna, boris, tablet, cleo, stranger);
    await anna.send(message(anna, boris));
    const [[got]] = await heard([boris, 'p2p Message/sent'], [tablet, 'p2p Message/sent'], [anna, 'p2p Message/sent']);
    assert.equal(got.topic, p2pTopic(anna.phoneId, boris.phoneId));
    const { unread, last_msg: last } = await contact();
    assert.deepEqual([unread, fieldsOf(last).id], [before + 1, got.fields.id]);
    const id = await newRoom([boris, cleo]);
    const room = watch(anna, boris, tablet, cleo, stranger);
    await boris.send(inRoom(boris, id));
    const kind = 'room Message/sent';
    const [[inIt]] = await room([cleo, kind], [anna, kind], [boris, kind], [tablet, kind]);
    assert.deepEqual([inIt.topic, inIt.fields.from, inIt.fields.to, fieldsOf(inIt.fields.feed_id).name], [roomTopic(id), boris.phoneId, id, id]);
  },
};

const part = (id, more = {}) => record('Desc', { id, mime: 'image', filename: `${id}.png`, ...more });
const filesOf = ({ fields }) => fields.files.map(fieldsOf);
const put = (url, body) => fetch(url, { method: 'PUT', body });

// An upload of Anna's to Boris with one part that is yet to come: the link as she got it, and its msg_id.
async function begin(id = 'photo', msgId = newId()) {
  const { anna, boris } = await cast();
  const link = await anna.ask(message(anna, boris, { msg_id: msgId, status: 'upload', files: [part(id)] }), isMessage('link'));
  await Promise.all([anna, boris, (await cast()).tablet].map((device) => device.expect(p2pTopic(anna.phoneId, boris.phoneId), isMessage('link', link.fields.id))));
  return link;
}

const upload = {
  async good() {
    const { anna, boris, tablet } = await cast();
    const last = await say(boris, anna, 'send me the photo');
    const heard = watch(anna, boris, tablet);
    const msgId = newId();
    await anna.send(message(anna, boris, { msg_id: msgId, status: 'upload', files: [part('photo'), part('whole', { payload: 'https://example.org/x' })] }));
    const [[link, own]] = await heard([anna, 'p2p Message/link', 'reply Message/link'], [boris, 'p2p Message/link'], [tablet, 'p2p Message/link']);
    for (const copy of [link, own]) {
      const { fields } = copy;
      assert.deepEqual([fields.id, fields.msg_id, fields.from, fields.to, fields.prev, fields.status],
        [link.fields.id, msgId, anna.phoneId, boris.phoneId, last.id, 'link']);
    }
    assert.deepEqual(filesOf(link).map(({ id, payload }) => [id, payload]), [['photo', ''], ['whole', 'https://example.org/x']], 'the feed sees no way to write');
    assert.match(filesOf(own)[0].payload, /^https?:\/\/.*signature=/i);
    assert.equal((await put(filesOf(own)[0].payload, 'pixels')).status, 200);
    const [shown] = await history(boris, feedOf(anna, boris), { size: -1 });
    assert.deepEqual([shown.id, shown.status], [link.fields.id, 'link']);
  },
  not_authorized: mayNotSend('upload'),
  not_found: unknownPeer('upload'),
  invalid: malformed('upload'),
  async repeat() {
    const { anna, boris, tablet } = await cast();
    const msgId = newId();
    const first = await begin('photo', msgId);
    const heard = watch(anna, boris, tablet);
    await anna.send(message(anna, boris, { msg_id: msgId, status: 'upload', files: [part('photo')] }));
    const [[again]] = await heard([anna, 'reply Message/link']);
    assert.equal(again.fields.id, first.fields.id);
    assert.equal(filesOf(again)[0].payload.replace(/\?.*/, ''), filesOf(first)[0].payload.replace(/\?.*/, ''), 'the same object');
  },
  async others() {
    const { anna, boris, tablet, cleo, stranger } = await cast();
    const last = await say(anna, boris, 'read up to here');
    await boris.ask(record('Cursor', { feed: feedOf(anna, boris), side: 1, position: last.id }), ({ record: name }) => name === 'ok2');
    await anna.expect(ses(anna), ({ record: name, fields }) => name === 'History' && fields.entity_id === last.id);
    for (const device of [boris, tablet]) await device.expect(ses(boris), isContact(anna.phoneId, 'last_msg'));
    const heard = watch(anna, boris, tablet, cleo, stranger);
    await anna.send(message(anna, boris, { status: 'upload', files: [part('photo')] }));
    const [[link]] = await heard([boris, 'p2p Message/link'], [tablet, 'p2p Message/link'], [anna, 'p2p Message/link', 'reply Message/link']);
    const unread = await boris.ask(record('Cursor', { feed: feedOf(anna, boris), side: 1, position: last.id }), ({ record: name }) => name === 'ok2');
    assert.match(unread.text, /,0}$/, 'not unread before it is complete');
    for (const device of [boris, tablet]) await device.expect(ses(boris), isContact(anna.phoneId, 'last_msg'));
    const later = await say(boris, anna, 'in between');
    assert.equal(later.prev, link.fields.id, 'a link has its place in the chain');
    const id = await newRoom([boris]);
    const room = watch(anna, boris, tablet, cleo);
    await anna.send(inRoom(anna, id, { status: 'upload', files: [part('photo')] }));
    await room([boris, 'room Message/link'], [tablet, 'room Message/link'], [anna, 'room Message/link', 'reply Message/link']);
  },
};

const finish = {
  async good() {
    const { anna, boris, tablet } = await cast();
    const link = await begin();
    await put(filesOf(link)[0].payload, 'pixels');
    const heard = watch(anna, boris, tablet);
    await anna.send(complete(link.fields.id, [part('photo')]));
    const [[sent]] = await heard([boris, 'p2p Message/sent'], [anna, 'p2p Message/sent'], [tablet, 'p2p Message/sent']);
    const { fields } = sent;
    assert.deepEqual([fields.id, fields.msg_id, fields.from, fields.to, fields.edit_msg, fields.prev],
      [link.fields.id, link.fields.msg_id, anna.phoneId, boris.phoneId, [], link.fields.prev], 'From and To are not swapped');
    assert.deepEqual([filesOf(sent)[0].size, await (await fetch(filesOf(sent)[0].payload)).text()], [6, 'pixels']);
    const [shown] = await history(boris, feedOf(anna, boris), { size: -1 });
    assert.deepEqual([shown.id, shown.status], [link.fields.id, 'sent']);
  },
  async not_authorized(world) {
    const { boris, stranger } = await cast();
    const { fields: { id } } = await begin();
    const files = [desc('mine')];
    await signedOut(world, complete(id, files));
    await chat(async () => {
      await refuses(boris, complete(id, files), denied, 'not the author');
      await refuses(stranger, complete(id, files), denied, 'a stranger');
      await refuses(boris, complete(id, files, { from: (await cast()).anna.phoneId }), denied, 'in the name of the author');
    });
  },
  async not_found() {
    const { anna } = await cast();
    const { fields: { id } } = await begin();
    await chat(async () => {
      await refuses(anna, complete(id + FAR, [desc('x')]), denied, 'an unknown id');
      await refuses(anna, complete([], [desc('x')]), denied, 'no id');
    });
  },
  async invalid() {
    const { anna, boris } = await cast();
    const link = await begin();
    const { id } = link.fields;
    const sent = await say(anna, boris, 'no upload');
    await chat(async () => {
      await refuses(anna, complete(sent.id, [desc('x')]), invalid, 'not in state link');
      await refuses(anna, complete(id, []), invalid, 'no files');
      await refuses(anna, complete(id, [part('photo')]), invalid, 'nothing was uploaded');
      await refuses(anna, complete(id, [part('another')]), invalid, 'a part that it has not');
      await put(filesOf(link)[0].payload, 'pixels');
      await refuses(anna, complete(id, [part('photo', { size: 7 })]), invalid, 'another size');
    });
  },
  async repeat() {
    const { anna, boris } = await cast();
    const { fields: { id } } = await begin();
    await anna.send(complete(id, [part('photo', { payload: 'https://example.org/x' })]));
    await boris.expect(p2pTopic(anna.phoneId, boris.phoneId), isMessage('sent', id));
    await chat(() => refuses(anna, complete(id, [part('photo', { payload: 'https://example.org/y' })]), invalid));
  },
  async others() {
    const { anna, boris, tablet, cleo, stranger } = await cast();
    const { fields: { id } } = await begin();
    await boris.disconnect();
    const heard = watch(anna, tablet, cleo, stranger);
    await anna.send(complete(id, [part('photo', { payload: 'https://example.org/x' })]));
    await heard([tablet, 'p2p Message/sent'], [anna, 'p2p Message/sent']);
    const from = boris.inbox.length;
    await boris.connect(1);
    const { fields } = await boris.expect(p2pTopic(anna.phoneId, boris.phoneId), isMessage('sent', id), { from });
    assert.deepEqual(textsOf(fields), ['https://example.org/x']);
    await boris.fence();
    assert.equal(boris.inbox.slice(from).filter(isMessage('sent', id)).length, 1);
  },
};

const change = {
  async good() {
    const { anna, boris, tablet } = await cast();
    const first = await say(anna, boris, 'Helo');
    const heard = watch(anna, boris, tablet);
    await anna.send(edit(first.id, { files: [desc('Hello')], type: 'forward' }));
    await anna.send(edit([], { edit_msg: first.id, files: [desc('Hello!')] })); // the id may stand there too
    await anna.send(edit(first.id, { seenby: -1 })); // no files: removed for all
    const kinds = ['p2p Message/edit', 'p2p Message/edit', 'p2p Message/edit'];
    const [[one, two, gone]] = await heard([boris, ...kinds], [anna, ...kinds], [tablet, ...kinds]);
    for (const { fields } of [one, two, gone]) {
      assert.deepEqual([fields.id, fields.edit_msg, fields.msg_id, fields.from, fields.to, fields.created, fields.prev],
        [first.id, first.id, first.msg_id, anna.phoneId, boris.phoneId, first.created, first.prev]);
    }
    assert.deepEqual([textsOf(one.fields), one.fields.type, textsOf(two.fields), two.fields.type], [['Hello'], 'forward', ['Hello!'], 'forward']);
    assert.deepEqual([gone.fields.files, gone.fields.seenby], [[], -1]);
    const [shown] = await history(boris, feedOf(anna, boris), { size: -1 });
    assert.deepEqual([shown.id, shown.status, shown.files, shown.seenby], [first.id, 'deleted', [], -1], 'its place stays');
    // For oneself: any other seenby. Only the own devices are told.
    const kept = await say(anna, boris, 'kept by Anna');
    const quiet = watch(anna, boris, tablet);
    await boris.send(edit(kept.id, { seenby: 2 }));
    const [[hidden]] = await quiet([boris, 'ses Message/edit'], [tablet, 'ses Message/edit']);
    assert.deepEqual([hidden.fields.id, hidden.fields.edit_msg, hidden.fields.files], [kept.id, kept.id, []]);
    assert.notEqual((await history(boris, feedOf(anna, boris), { size: -1 }))[0].id, kept.id);
    assert.equal((await history(anna, feedOf(anna, boris), { size: -1 }))[0].id, kept.id);
  },
  async not_authorized(world) {
    const { anna, boris, cleo, stranger } = await cast();
    const mine = await say(anna, boris, 'mine');
    const files = [desc('not mine')];
    await signedOut(world, edit(mine.id, { files }));
    await chat(async () => {
      await refuses(boris, edit(mine.id, { files }), denied, 'an edit by another');
      await refuses(boris, edit(mine.id), denied, 'a removal for all by another');
      await refuses(boris, edit(mine.id, { from: anna.phoneId, files }), denied, 'in the name of the author');
      for (const more of [{ files }, {}, { seenby: 1 }]) await refuses(stranger, edit(mine.id, more), denied, 'a stranger');
    });
    const id = await newRoom([boris, cleo]);
    const [system] = await history(anna, muc(id));
    const plain = await sayInRoom(boris, id, 'a word of Boris', [anna, boris, cleo]);
    await unchanged([anna, boris, cleo], () => history(anna, muc(id)), async () => {
      for (const more of [{ files }, {}]) await refuses(anna, edit(system.id, more), denied, 'a system message');
      await refuses(anna, edit(plain.id, { files }), denied, 'an admin does not put words into mouths');
      await refuses(cleo, edit(plain.id), denied, 'a member removes nothing of others');
    });
    await anna.send(edit(plain.id)); // an admin may remove for all
    await cleo.expect(roomTopic(id), (got) => isMessage('edit', plain.id)(got) && got.fields.files.length === 0);
    const [one, other] = await couple();
    const before = await say(one, other, 'before');
    await ban(other, one);
    for (const more of [{ files }, {}]) await refuses(one, edit(before.id, more), denied, 'after a ban');
  },
  async not_found() {
    const { anna, boris } = await cast();
    const last = await say(anna, boris, 'the last one');
    await chat(async () => {
      for (const more of [{ files: [desc('x')] }, {}, { seenby: 2 }]) await refuses(anna, edit(last.id + FAR, more), invalid);
    });
  },
  async invalid() {
    const { anna, boris } = await cast();
    const mine = await say(anna, boris, 'mine');
    const link = await begin();
    await chat(async () => {
      await refuses(anna, edit([], { files: [desc('x')] }), invalid, 'no id');
      await refuses(anna, edit(mine.id, { files: [desc('')] }), invalid, 'an empty payload');
      await refuses(anna, edit(mine.id, { files: Array.from({ length: 33 }, () => desc('x')) }), invalid, '33 files');
      await refuses(anna, edit(mine.id, { files: [desc('x'.repeat(65537))] }), invalid, 'a payload over 64 KiB');
      await refuses(anna, edit(mine.id, { seenby: 'all' }), invalid, 'seenby that is a text');
      await refuses(anna, edit(link.fields.id, { files: [desc('early')] }), invalid, 'an upload that is not complete');
    });
  },
  async repeat() {
    const { anna, boris, tablet } = await cast();
    const { id } = await say(anna, boris, 'Helo');
    const heard = watch(anna, boris, tablet);
    const files = [desc('Hello')];
    for (let i = 0; i < 2; i += 1) await anna.send(edit(id, { files }));
    const kinds = ['p2p Message/edit', 'p2p Message/edit'];
    const [[one, two]] = await heard([boris, ...kinds], [anna, ...kinds], [tablet, ...kinds]);
    assert.equal(one.text, two.text);
    await boris.send(edit(id, { seenby: 2 }));
    for (const device of [boris, tablet]) await device.expect(ses(boris), isMessage('edit', id));
    await chat(() => refuses(boris, edit(id, { seenby: 2 }), invalid, 'removed for oneself already'));
    await anna.send(edit(id));
    await tablet.expect(p2pTopic(anna.phoneId, boris.phoneId), (got) => isMessage('edit', id)(got) && got.fields.files.length === 0);
    await anna.expect(p2pTopic(anna.phoneId, boris.phoneId), (got) => isMessage('edit', id)(got) && got.fields.files.length === 0);
    await chat(async () => {
      for (const more of [{ files }, {}, { seenby: 1 }]) await refuses(anna, edit(id, more), invalid, 'removed already');
    });
  },
  async others() {
    const { anna, boris, tablet, cleo, stranger } = await cast();
    const had = await say(anna, boris, 'had');
    await boris.fence();
    await boris.disconnect();
    const missed = await say(anna, boris, 'missed', [anna, tablet]);
    const heard = watch(anna, tablet, cleo, stranger);
    await anna.send(edit(had.id, { files: [desc('had 1')] }));
    await anna.send(edit(missed.id, { files: [desc('missed 1')] }));
    await heard([tablet, 'p2p Message/edit', 'p2p Message/edit'], [anna, 'p2p Message/edit', 'p2p Message/edit']);
    const from = boris.inbox.length;
    await boris.connect(1);
    const topic = p2pTopic(anna.phoneId, boris.phoneId);
    await boris.expect(topic, isMessage('sent', missed.id), { from });
    await boris.fence();
    // On replay a message comes once, in its latest state; who had the earlier one gets the edit (O2).
    assert.deepEqual(boris.inbox.slice(from).filter((got) => got.topic === topic).map(({ fields }) => [fields.id, fields.status, ...textsOf(fields)]),
      [[had.id, 'edit', 'had 1'], [missed.id, 'sent', 'missed 1']]);
  },
};

export const cells = {
  'Message/client': client,
  'Message/upload': upload,
  'Message/complete': finish,
  'Message/edit': change,
};
