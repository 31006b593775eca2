// Call/* (PROTOCOL O26). The signals are alike but for who may send them when: the table below; each runs.

import assert from 'node:assert/strict';
import { atom, decode, encode, tuple } from '../bert.mjs';
import { query } from '../cluster.mjs';
import { newId } from '../device.mjs';
import { format } from '../erlang_text.mjs';
import { error, record } from '../records.mjs';
import { malformed, none, signedOut } from './cell.mjs';
import {
  ban, cast, couple, denied, feedOf, invalid, muc, notFound, refuses, ses, unchanged, watch,
} from '../cast.mjs';

const sdp = (text) => Buffer.from(`v=0\r\no=- ${text}`);
const call = (from, to, id, status, more = {}) => record('Call', {
  id, feed: feedOf(from, to), from: from.phoneId, type: 'video', payload: sdp(status), status, ...more,
});
const textOf = (term) => format(decode(encode(term)));
const calls = (id) => query(`select count(*) from media.call where id = '${id}'`);

// What goes before, who signals, what follows besides the relay.
//   before    signals of the call before this one: [who, status]
//   by        who may send it then
//   again     what a repeat of it is: relayed like the first, or refused
//   elsewhere payload of the `cancel` that the sender's other devices get
//   cdr       status of the record that the call leaves
const SIGNALS = {
  offer: { before: [], by: 'anna', again: 'relayed' },
  ringing: { before: ['offer'], by: 'boris', again: 'relayed', cannot: 'anna' },
  answer: { before: ['offer'], by: 'boris', again: 'relayed', elsewhere: 'answered', cannot: 'anna' },
  candidate: { before: ['offer'], by: 'anna', again: 'relayed' },
  busy: { before: ['offer'], by: 'boris', again: 'refused', elsewhere: 'busy', cdr: 'busy', cannot: 'anna' },
  cancel: { before: ['offer'], by: 'anna', again: 'refused', cdr: 'missed' },
  hangup: { before: ['offer', 'answer'], by: 'anna', again: 'refused', cdr: 'ended' },
};

// A call that stands where `status` may follow. {id, sender, term}, and the devices in the order [other side…, own other devices…].
async function ready(status, id = newId()) {
  const { anna, boris, tablet } = await cast();
  const { before, by } = SIGNALS[status];
  for (const earlier of before) {
    const heard = watch(anna, boris, tablet);
    if (earlier === 'offer') {
      await anna.send(call(anna, boris, id, 'offer'));
      await heard([boris, 'ses Call/offer'], [tablet, 'ses Call/offer']);
    } else {
      await boris.send(call(boris, anna, id, 'answer'));
      await heard([anna, 'ses Call/answer'], [tablet, 'ses Call/cancel']);
    }
  }
  const sender = by === 'anna' ? anna : boris;
  return { id, sender, peer: by === 'anna' ? boris : anna, others: by === 'anna' ? [boris, tablet] : [anna], own: by === 'anna' ? [] : [tablet] };
}

// Ends what a cell has begun, so that no call goes on into the next one.
async function end(id) {
  const { anna, boris, tablet } = await cast();
  await anna.send(call(anna, boris, id, 'hangup'));
  for (const device of [boris, tablet]) {
    await device.expect(ses(boris), ({ record: name, fields }) => name === 'Call' && fields.id === id && fields.status === 'hangup');
  }
  for (const device of [anna, boris, tablet]) await device.expect(null, ({ record: name, fields }) => name === 'CDR' && fields.id === id);
}

const signal = (status) => {
  const { again, elsewhere, cdr, cannot } = SIGNALS[status];
  const ends = cdr !== undefined;
  const record_ = ends ? [`p2p CDR/${cdr}`] : [];
  return {
    async good() {
      const { id, sender, peer, others, own } = await ready(status);
      const { anna, boris, tablet } = await cast();
      const heard = watch(anna, boris, tablet);
      const term = call(sender, peer, id, status, { payload: tuple(atom('any'), ['term'], 1) });
      await sender.send(term);
      const [[relayed], ...rest] = await heard(...others.map((device) => [device, `ses Call/${status}`, ...record_]),
        ...own.map((device) => [device, ...(elsewhere ? ['ses Call/cancel'] : []), ...record_]), [sender, ...record_]);
      assert.deepEqual([relayed.topic, relayed.text], [ses(others[0]), textOf(term)], 'as it is');
      if (elsewhere) {
        const [cancel] = rest.at(-2);
        assert.deepEqual([cancel.topic, cancel.fields.id, cancel.fields.payload, cancel.fields.from], [ses(sender), id, elsewhere, sender.phoneId]);
      }
      if (ends) {
        const { fields } = rest.at(-1)[0];
        assert.deepEqual([fields.id, fields.from, fields.to, fields.type, fields.status], [id, anna.phoneId, boris.phoneId, 'video', cdr]);
        assert.ok(fields.started > 1.7e12 && fields.duration >= 0);
        await refuses(sender, call(sender, peer, id, 'candidate'), invalid, 'the call is over');
      } else await end(id);
    },
    async not_authorized(world) {
      const { anna, boris, tablet, stranger, cleo } = await cast();
      const { id, sender, peer } = await ready(status);
      await signedOut(world, call(sender, peer, id, status));
      await unchanged([anna, boris, tablet, stranger, cleo], () => calls(id), async () => {
        await refuses(sender, call(peer, sender, id, status), denied, 'in the name of the other side');
        await refuses(stranger, call(sender, peer, id, status), denied, 'a stranger in the name of one');
        await refuses(stranger, call(stranger, peer, id, status), status === 'cancel' || status === 'hangup' || status === 'busy' ? invalid : denied, 'no friend');
        if (cannot) await refuses(anna, call(anna, boris, id, status), invalid, 'not for the caller to say');
        if (status === 'hangup') await refuses(tablet, call(tablet, anna, id, status), denied, 'a device that did not answer');
      });
      if (status === 'offer') await anna.send(call(anna, boris, id, 'offer'));
      await end(id);
      const [one, other] = await couple();
      await ban(one, other);
      if (status === 'offer') await refuses(other, call(other, one, newId(), 'offer'), denied, 'banned');
    },
    async not_found() {
      const { anna, boris, tablet } = await cast();
      const id = newId();
      await unchanged([anna, boris, tablet], () => calls(id), async () => {
        if (status !== 'offer') await refuses(boris, call(boris, anna, id, status), invalid, 'a call that is not there');
        await refuses(anna, call(anna, { phoneId: '380670000000_999999999' }, id, status), ends ? invalid : denied, 'nobody');
      });
    },
    async invalid() {
      const { anna, boris, tablet } = await cast();
      const { id, sender, peer } = await ready(status);
      await unchanged([anna, boris, tablet], () => calls(id), async () => {
        for (const more of [{ id: 'no spaces' }, { id: '' }, { id: [] }, { id: 'x'.repeat(65) }, { type: 'smell' }, { feed: muc('room') }, { feed: [] }, { feed: 17 },
          { payload: Buffer.alloc(65537) }]) await refuses(sender, call(sender, peer, id, status, more), invalid, JSON.stringify(Object.keys(more)));
        for (const term of malformed(call(sender, peer, id, status))) await refuses(sender, term, invalid);
        if (status === 'offer') await refuses(sender, call(sender, peer, id, status, { type: [] }), invalid, 'neither audio nor video');
      });
      if (status === 'offer') await anna.send(call(anna, boris, id, 'offer'));
      await end(id);
    },
    async repeat() {
      const { anna, boris, tablet } = await cast();
      const { id, sender, peer, others, own } = await ready(status);
      const heard = watch(anna, boris, tablet);
      await sender.send(call(sender, peer, id, status));
      if (again === 'refused') await refuses(sender, call(sender, peer, id, status), invalid, 'the call is over');
      else await sender.send(call(sender, peer, id, status));
      const relays = again === 'refused' ? [`ses Call/${status}`] : [`ses Call/${status}`, `ses Call/${status}`];
      await heard(...others.map((device) => [device, ...relays, ...record_]), ...own.map((device) => [device, ...(elsewhere ? ['ses Call/cancel'] : []), ...record_]),
        [sender, ...record_]);
      if (!ends) await end(id);
    },
    async others() {
      const { anna, boris, tablet, cleo, stranger } = await cast();
      const { id, sender, peer, others } = await ready(status);
      const away = others[0];
      await away.disconnect();
      const heard = watch(...[anna, boris, tablet, cleo, stranger].filter((device) => device !== away));
      await sender.send(call(sender, peer, id, status));
      await heard(...others.slice(1).map((device) => [device, `ses Call/${status}`, ...record_]),
        ...(sender === boris ? [[tablet, ...(elsewhere ? ['ses Call/cancel'] : []), ...record_]] : []), [sender, ...record_]);
      const from = away.inbox.length;
      await away.connect(away === anna ? 0 : 1);
      await away.fence();
      assert.deepEqual(away.inbox.slice(from).filter(({ record: name }) => name === 'Call'), [], 'never stored');
      if (ends) await away.expect(null, ({ record: name, fields }) => name === 'CDR' && fields.id === id, { from });
      else await end(id);
    },
  };
};

// The local cluster has no TURN server; media_servers.test.mjs has one, and its credentials.
const turn = {
  good: none('the cluster of the matrix has no TURN server: media_servers.test.mjs has a real coturn'),
  async not_authorized(world) {
    const { anna, boris } = await cast();
    await signedOut(world, record('Call', { status: 'turn' }));
    await refuses(anna, record('Call', { from: boris.phoneId, status: 'turn' }), denied, 'for another');
  },
  async not_found() {
    await refuses((await cast()).anna, record('Call', { status: 'turn' }), notFound, 'no TURN server');
  },
  async invalid() {
    const { anna } = await cast();
    for (const term of malformed(record('Call', { status: 'turn' }))) await refuses(anna, term, invalid);
  },
  async repeat() {
    for (let i = 0; i < 2; i += 1) await refuses((await cast()).anna, record('Call', { status: 'turn' }), notFound);
  },
  async others() {
    const { anna, boris, tablet } = await cast();
    await unchanged([anna, boris, tablet], async () => '', () => refuses(boris, call(boris, anna, newId(), 'turn'), error('not_found')));
  },
};

export const cells = {
  ...Object.fromEntries(Object.keys(SIGNALS).map((status) => [`Call/${status}`, signal(status)])),
  'Call/turn': turn,
};
