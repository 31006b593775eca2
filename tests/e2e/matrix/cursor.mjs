// Cursor/ (PROTOCOL 5.6.6): History/update with an answer.

import assert from 'node:assert/strict';
import { isContact, newId } from '../device.mjs';
import { fieldsOf, record } from '../records.mjs';
import { malformed, signedOut } from './cell.mjs';
import {
  cast, couple, feedOf, history, invalid, isRoom, members, muc, newRoom, refuses, roomRequest, say, sayInRoom, ses, unchanged, watch,
} from '../cast.mjs';

const FAR = 1000000; // no message has an id that is larger by this
const cursor = (feed, position, side = 1) => record('Cursor', { feed, side, position });
const isOk2 = ({ record: name }) => name === 'ok2' || name === 'io';
const answerOf = (feed, unread) => `{ok2,{p2p,<<"${fieldsOf(feed).from}">>,<<"${fieldsOf(feed).to}">>},${unread}}`;
const isReceipt = ({ record: name, fields }) => name === 'History' && fields.status === 'updated';

export const cells = {
  'Cursor/': {
    async good() {
      const [one, other] = await couple();
      const feed = feedOf(one, other);
      const { from, to } = fieldsOf(feed);
      const messages = [];
      for (const text of ['1', '2', '3']) messages.push(await say(one, other, text));
      const heard = watch(one, other);
      // Side is ignored, and a feed in the wrong order put right.
      const reply = await other.ask(cursor(record('p2p', { from: to, to: from }), messages[0].id, 2), isOk2);
      assert.deepEqual([reply.topic, reply.text], [other.topic, answerOf(feed, 2)]);
      const [[contact], [receipt]] = await heard([other, 'ses Contact/last_msg'], [one, 'ses History/updated']);
      assert.deepEqual([contact.fields.phone_id, contact.fields.reader, contact.fields.unread], [one.phoneId, messages[0].id, 2]);
      assert.deepEqual([receipt.fields.roster_id, receipt.fields.entity_id], [other.phoneId, messages[0].id]);
      const all = watch(one, other);
      assert.equal((await other.ask(cursor(feed, []), isOk2)).text, answerOf(feed, 0), 'to the newest');
      await all([other, 'ses Contact/last_msg'], [one, 'ses History/updated']);
    },
    async not_authorized(world) {
      const { anna, boris, stranger, cleo } = await cast();
      await signedOut(world, cursor(feedOf(anna, boris), 0));
      const id = await newRoom([boris]);
      await unchanged([anna, boris, stranger, cleo], () => history(anna, feedOf(anna, boris)), async () => {
        await refuses(stranger, cursor(feedOf(anna, boris), 0), invalid, 'a feed of others');
        await refuses(cleo, cursor(muc(id), 0), invalid, 'a room of others');
      });
      await anna.send(roomRequest('remove', id, members(boris)));
      await boris.expect(ses(boris), isRoom(id, 'remove'));
      await refuses(boris, cursor(muc(id), 0), invalid, 'a room that one has left');
    },
    async not_found() {
      const { anna, boris } = await cast();
      const last = await say(anna, boris, 'the last one');
      await unchanged([anna, boris], () => history(anna, feedOf(anna, boris)), async () => {
        await refuses(boris, cursor(feedOf(anna, boris), last.id + FAR), invalid, 'no such message');
        await refuses(boris, cursor(muc(`no ${newId()}`), 0), invalid, 'no such room');
        await refuses(boris, cursor(feedOf(boris, { phoneId: '380670000000_999999999' }), 0), invalid, 'no such person');
      });
    },
    async invalid() {
      const { anna, boris } = await cast();
      await unchanged([anna, boris], () => history(anna, feedOf(anna, boris)), async () => {
        for (const term of [cursor([], 0), cursor(record('Typing'), 0), cursor(muc('a/b'), 0), cursor(feedOf(anna, boris), -1),
          cursor(feedOf(anna, boris), Buffer.from('1')), ...malformed(cursor(feedOf(anna, boris), 0))]) await refuses(boris, term, invalid);
      });
    },
    async repeat() {
      const [one, other] = await couple();
      const feed = feedOf(one, other);
      const [first, second] = [await say(one, other, '1'), await say(one, other, '2')];
      assert.equal((await other.ask(cursor(feed, second.id), isOk2)).text, answerOf(feed, 0));
      await one.expect(ses(one), isReceipt);
      await other.expect(ses(other), isContact(one.phoneId, 'last_msg'));
      const heard = watch(one, other);
      for (const { id } of [second, first]) assert.equal((await other.ask(cursor(feed, id), isOk2)).text, answerOf(feed, 0), 'never back');
      await heard([other, 'ses Contact/last_msg', 'ses Contact/last_msg']);
    },
    async others() {
      const { anna, boris, tablet, cleo } = await cast();
      const id = await newRoom([boris, cleo]);
      const first = await sayInRoom(anna, id, '1', [anna, boris, tablet, cleo]);
      await sayInRoom(anna, id, '2', [anna, boris, tablet, cleo]);
      const heard = watch(anna, boris, tablet, cleo);
      const reply = await boris.ask(cursor(muc(id), first.id), isOk2);
      assert.equal(reply.text, `{ok2,{muc,<<"${id}">>},1}`);
      const [[told], [receipt]] = await heard([tablet, 'ses Room/last_msg'], [anna, 'ses History/updated'], [boris, 'ses Room/last_msg']);
      assert.deepEqual([told.fields.id, told.fields.unread], [id, 1]);
      assert.deepEqual([receipt.fields.roster_id, receipt.fields.entity_id], [boris.phoneId, first.id]);
    },
  },
};
