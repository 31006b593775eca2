// One gateway is killed with -9: its clients go to the other one and miss nothing; `up` brings it back on its ports.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { gateway, killHard, up } from './cluster.mjs';
import { befriend, endAll, isProfile, newId, newPhone, online } from './device.mjs';
import { fieldsOf, p2p, p2pTopic, record, textMessage } from './records.mjs';

after(async () => {
  endAll();
  await up(); // also after a failure, so that others find both gateways
});

const textOf = ({ fields }) => fieldsOf(fields.files[0]).payload;
const isMessage = ({ record: name, fields }) => name === 'Message' && fields.status === 'sent';

async function pair() {
  const [a, b] = await Promise.all([online(newPhone(), 1), online(newPhone(), 0)]);
  await befriend(a, b);
  return { a, b, topic: p2pTopic(a.phoneId, b.phoneId) };
}

async function allTexts(device, peer) {
  const request = record('History', { roster_id: device.phoneId, feed: p2p(device.phoneId, peer.phoneId), size: 1000,
    status: 'get' });
  const { fields } = await device.ask(request, ({ record: name }) => name === 'History');
  return fields.data.map((message) => fieldsOf(fieldsOf(message).files[0]).payload);
}

test('a receiver whose gateway is killed gets exactly what it missed from the other one', async () => {
  const { a, b, topic } = await pair();
  const say = (text) => a.send(textMessage(a.phoneId, b.phoneId, newId(), text));
  for (let n = 0; n < 5; n += 1) await say(`before ${n}`);
  await b.expect(topic, (message) => isMessage(message) && textOf(message) === 'before 4');
  await b.fence();
  killHard('gateway-1');
  await b.closed;
  const killedAt = Date.now();
  for (let n = 0; n < 10; n += 1) await say(`while away ${n}`);

  const before = b.inbox.length;
  assert.equal(await b.connect(1), true, 'the session outlives its gateway');
  await b.expect(b.topic, isProfile('init'));
  await b.expect(topic, (message) => isMessage(message) && textOf(message) === 'while away 9');
  const got = b.inbox.slice(before).filter((message) => message.topic === topic);
  // What was acknowledged within the last second before the crash may come again; nothing else, and nothing is missing.
  const repeated = got.filter((message) => textOf(message).startsWith('before'));
  for (const message of repeated) {
    const first = b.inbox.find((earlier) => earlier.fields.id === message.fields.id);
    assert.ok(killedAt - first.at < 3000, `${textOf(message)} was acknowledged long before`);
  }
  assert.deepEqual(got.slice(repeated.length).map(textOf), Array.from({ length: 10 }, (_, n) => `while away ${n}`));

  const lost = gateway(0);
  const environment = await up();
  assert.ok(environment.includes(`CHAT_MQTT='${lost} `), 'gateway 1 is back on its port');
  await b.disconnect();
  assert.equal(await b.connect(0), true);
  await say('after');
  await b.expect(topic, (message) => isMessage(message) && textOf(message) === 'after');
});

test('a sender whose gateway is killed repeats what was not acknowledged, and nothing is lost or stored twice', async () => {
  const { a, b, topic } = await pair();
  const messages = Array.from({ length: 40 }, (_, n) => textMessage(b.phoneId, a.phoneId, newId(), `flow ${n}`));
  const acknowledged = new Set();
  const sends = messages.map((message, n) => b.send(message).then(() => acknowledged.add(n)).catch(() => {}));
  await Promise.race([sends[3], b.closed]);
  killHard('gateway-1');
  await b.closed;
  await b.connect(1);
  for (const [n, message] of messages.entries()) if (!acknowledged.has(n)) await b.send(message);
  await a.expect(topic, (message) => isMessage(message) && textOf(message) === 'flow 39');
  await a.fence();
  const expected = messages.map((_, n) => `flow ${n}`);
  assert.deepEqual(await allTexts(a, b), expected);
  const seen = a.on(topic, isMessage).map((message) => message.fields.id);
  assert.deepEqual(seen, [...new Set(seen)].sort((x, y) => x - y), 'the receiver sees each once and in order');
  assert.equal(seen.length, 40);
  await up();
});
