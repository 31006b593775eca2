// CDR/* (PROTOCOL 5.8, O27). The five kinds of records behave alike; each runs.

import assert from 'node:assert/strict';
import { decode, encode } from '../bert.mjs';
import { newId } from '../device.mjs';
import { format } from '../erlang_text.mjs';
import { fieldsOf, p2pTopic, record } from '../records.mjs';
import { malformed, none, signedOut } from './cell.mjs';
import {
  ban, cast, couple, feedOf, history, invalid, muc, newRoom, notAuthorized, refuses, roomTopic, unchanged, watch,
} from '../cast.mjs';

const cdr = (status, from, to, more = {}) => record('CDR', {
  feed: feedOf(from, to), from: from.phoneId, to: to.phoneId, type: 'audio', started: 1500000000000, duration: 61,
  info: [record('Feature', { id: 'f', key: 'codec', value: 'opus', group: 'CALL' })], status, ...more,
});
const textOf = (term) => format(decode(encode(term)));
const okOf = (id) => `{io,{ok,<<"${id}">>},<<>>}`;
const listOf = async (device) => (await device.ask(record('CDR', { status: 'get' }))).term.items[1].map((entry) => format(entry));

// Refusals after which neither side has a record more, nor has heard of one.
async function nothing(refusals) {
  const { anna, boris, tablet, stranger } = await cast();
  await unchanged([anna, boris, tablet, stranger], () => Promise.all([anna, boris, stranger].map(listOf)), refusals);
}

const put = (status) => ({
  async good() {
    const { anna, boris, tablet } = await cast();
    const heard = watch(anna, boris, tablet);
    const id = newId();
    const sent = cdr(status, anna, boris, { id });
    const reply = await anna.ask(sent);
    assert.deepEqual([reply.topic, reply.text], [anna.topic, okOf(id)]);
    const kind = `p2p CDR/${status}`;
    const [[told]] = await heard([boris, kind], [tablet, kind], [anna, kind]);
    assert.deepEqual([told.topic, told.text], [p2pTopic(anna.phoneId, boris.phoneId), textOf(sent)]);
    assert.equal((await listOf(anna))[0], textOf(sent), 'the owner reads it back, newest first');
    const invented = await anna.ask(cdr(status, anna, boris));
    assert.match(invented.text, /^\{io,\{ok,<<"cdr_\d+">>\},<<>>\}$/);
    const [, name] = /"(cdr_\d+)"/.exec(invented.text);
    await boris.expect(told.topic, ({ record: record_, fields }) => record_ === 'CDR' && fields.id === name);
  },
  async not_authorized(world) {
    const { anna, boris, stranger } = await cast();
    await signedOut(world, cdr(status, anna, boris));
    await nothing(async () => {
      await refuses(anna, cdr(status, boris, anna), notAuthorized, 'from another');
      await refuses(stranger, cdr(status, anna, boris), notAuthorized, 'a stranger in the name of Anna');
      await refuses(stranger, cdr(status, stranger, anna), invalid, 'no friend');
    });
    const [one, other] = await couple();
    await ban(one, other);
    for (const [from, to] of [[one, other], [other, one]]) await refuses(from, cdr(status, from, to), invalid, 'banned');
  },
  async not_found() {
    const { anna, boris } = await cast();
    await nothing(async () => {
      await refuses(anna, cdr(status, anna, { phoneId: '380670000000_999999999' }), invalid);
      await refuses(anna, cdr(status, anna, boris, { feed: muc('no such room'), to: 'no such room' }), invalid);
    });
  },
  async invalid() {
    const { anna, boris, cleo } = await cast();
    await nothing(async () => {
      for (const more of [{ id: 'no spaces' }, { id: 'x'.repeat(65) }, { id: '' }, { type: 'smell' }, { type: [] }, { duration: -1 }, { started: -1 },
        { duration: Buffer.from('61') }, { to: cleo.phoneId }, { feed: feedOf(boris, cleo) }, { info: [boris.phoneId] }, { status: 'begun' }]) {
        await refuses(anna, cdr(status, anna, boris, more), invalid, Object.keys(more)[0]);
      }
      for (const term of malformed(cdr(status, anna, boris))) await refuses(anna, term, invalid);
    });
  },
  async repeat() {
    const { anna, boris, tablet } = await cast();
    const id = newId();
    const heard = watch(anna, boris, tablet);
    for (let i = 0; i < 3; i += 1) assert.equal((await anna.ask(cdr(status, anna, boris, { id, duration: i }))).text, okOf(id));
    const kind = `p2p CDR/${status}`;
    await heard([boris, kind], [tablet, kind], [anna, kind]);
    assert.equal((await listOf(anna)).filter((entry) => entry.includes(`"${id}"`)).length, 1);
  },
  async others() {
    const { anna, boris, tablet, cleo, stranger } = await cast();
    const before = await listOf(boris);
    const room = await newRoom([boris, cleo]);
    await cleo.disconnect();
    const heard = watch(anna, boris, tablet, stranger);
    const id = newId();
    const sent = cdr(status, anna, boris, { id, feed: muc(room), to: room });
    assert.equal((await anna.ask(sent)).text, okOf(id));
    const kind = `room CDR/${status}`;
    const [[told]] = await heard([boris, kind], [tablet, kind], [anna, kind]);
    assert.deepEqual([told.topic, told.text], [roomTopic(room), textOf(sent)]);
    assert.deepEqual(await listOf(boris), before, 'it is not his');
    assert.equal((await history(boris, muc(room))).length, 1, 'nor a message');
    const from = cleo.inbox.length;
    await cleo.connect(1);
    await cleo.expect(roomTopic(room), ({ record: name, fields }) => name === 'CDR' && fields.id === id, { from });
  },
});

const get = {
  async good() {
    const [one, other] = await couple();
    assert.equal((await one.ask(record('CDR', { status: 'get' }))).text, '{io,[],<<>>}');
    const ids = [];
    for (let i = 0; i < 101; i += 1) {
      ids.push(newId());
      await one.ask(cdr('ended', one, other, { id: ids[i] }));
    }
    const reply = await one.ask(record('CDR', { status: 'get' }));
    assert.equal(reply.topic, one.topic);
    assert.deepEqual(reply.term.items[1].map((entry) => fieldsOf(entry).id), ids.slice(1).reverse(), 'the last 100, newest first');
  },
  async not_authorized(world) {
    await signedOut(world, record('CDR', { status: 'get' }));
  },
  not_found: none('nothing is named: an empty list is the good case'),
  async invalid() {
    const { anna } = await cast();
    for (const term of malformed(record('CDR', { status: 'get' }))) await refuses(anna, term, invalid);
  },
  async repeat() {
    const { anna } = await cast();
    assert.deepEqual(await listOf(anna), await listOf(anna));
  },
  async others() {
    const { anna, boris, tablet } = await cast();
    await unchanged([anna, boris, tablet], () => listOf(boris), () => listOf(anna));
    assert.deepEqual(await listOf(tablet), await listOf(boris), 'the phone’s devices read the same');
  },
};

export const cells = {
  ...Object.fromEntries(['ended', 'missed', 'declined', 'busy', 'failed'].map((status) => [`CDR/${status}`, put(status)])),
  'CDR/get': get,
};
