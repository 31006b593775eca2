// `chat trace`: the operator follows one message through the cluster, as it happens and long after. Two phones on two gateways.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { binary, eventually, pidOf, killHard, query, up } from './cluster.mjs';
import { befriend, endAll, newId, newPhone, online } from './device.mjs';
import { p2pTopic, record, textMessage } from './records.mjs';

after(endAll);

const run = promisify(execFile);
const skip = binary('chat') ? false : 'there is no binary chat';

// The exit code, and stdout as JSON.
async function trace(...words) {
  try {
    const { stdout } = await run(binary('chat'), ['trace', '--json', ...words]);
    return { code: 0, ...JSON.parse(stdout) };
  } catch (error) {
    if (typeof error.code !== 'number') throw error;
    return { code: error.code, stderr: error.stderr };
  }
}

// Two friends, a on gateway 1, b on gateway 2 and b2, of b's phone, on gateway 1.
async function friends() {
  const phoneB = newPhone();
  const [a, b] = await Promise.all([online(newPhone(), 0), online(phoneB, 1)]);
  const b2 = await online(phoneB, 0);
  await befriend(a, b, [b2]);
  return { a, b, b2, topic: p2pTopic(a.phoneId, b.phoneId) };
}

const isSent = ({ record: name, fields }) => name === 'Message' && fields.status === 'sent';

async function say(from, to, receivers) {
  const msgId = newId();
  await from.send(textMessage(from.phoneId, to.phoneId, msgId, 'what it says'));
  const topic = p2pTopic(from.phoneId, to.phoneId);
  const copies = await Promise.all(receivers.map((device) => device.expect(topic,
    (message) => isSent(message) && message.fields.msg_id === msgId)));
  return { msgId, id: copies[0].fields.id };
}

const stepsOf = (seen, name) => seen.steps.filter(({ step }) => step === name);
const devicesOf = (seen, name) => stepsOf(seen, name).map((step) => `${step.process} ${step.client_id}`).sort();
// The trace, when every receiver's acknowledgement has reached its gateway and the cursors are stored.
const settled = (id, count) => eventually(`message ${id} acknowledged by ${count}`, async () => {
  const seen = await trace(String(id));
  const stored = seen.sessions.filter(({ acknowledged }) => acknowledged).length;
  return stepsOf(seen, 'acknowledged').length >= count && stored >= count && !seen.message.announcing ? seen : undefined;
});

test('every step of a message is told, in order, with who and where', { skip }, async () => {
  const { a, b, b2, topic } = await friends();
  const { msgId, id } = await say(a, b, [a, b, b2]);
  const seen = await settled(id, 3);

  assert.equal(seen.message.topic, topic);
  assert.equal(seen.message.author, a.phoneId);
  assert.equal(seen.message.msg_id, msgId);
  assert.equal(seen.message.status, 'sent');
  const [received] = stepsOf(seen, 'received');
  assert.equal(received.process, 'gateway-1');
  assert.equal(received.client_id, a.clientId);
  assert.equal(received.peer, '127.0.0.1');
  assert.equal(received.transport, 'tcp');
  assert.match(received.trace, /^[0-9a-f]{16}$/);
  assert.deepEqual(devicesOf(seen, 'answered'), [`gateway-1 ${a.clientId}`]);
  assert.equal(stepsOf(seen, 'published')[0].process, 'messaging-1');
  assert.deepEqual(new Set(stepsOf(seen, 'arrived').map((step) => step.process)), new Set(['gateway-1', 'gateway-2']));
  const everyone = [`gateway-1 ${a.clientId}`, `gateway-1 ${b2.clientId}`, `gateway-2 ${b.clientId}`].sort();
  assert.deepEqual(devicesOf(seen, 'sent'), everyone);
  assert.deepEqual(devicesOf(seen, 'acknowledged'), everyone);
  assert.ok(stepsOf(seen, 'sent').every(({ qos }) => qos === 2));
  assert.deepEqual(seen.steps.map(({ at_us: at }) => at), seen.steps.map(({ at_us: at }) => at).sort((x, y) => x - y));
  assert.equal(seen.steps[0].step, 'received');
  assert.deepEqual(seen.silent, []);
  assert.deepEqual(seen.sessions.map(({ client_id: client }) => client).sort(), [a, b, b2].map(({ clientId }) => clientId).sort());

  assert.deepEqual((await trace(msgId)).message, seen.message, 'by the client\'s own id');
  assert.deepEqual((await trace(msgId, '--from', a.phoneId)).message, seen.message);
  const { stdout } = await run(binary('chat'), ['trace', String(id)]);
  assert.match(stdout, new RegExp(`out to ${b.clientId} of ${b.phoneId} at 127.0.0.1 \\(tcp\\), QoS 2`));
  assert.ok(!stdout.includes('what it says'), 'not what it says');
});

test('whoever was away shows as not acknowledged, and then as read from history', { skip }, async () => {
  const { a, b, b2 } = await friends();
  await b2.disconnect();
  const { id } = await say(a, b, [a, b]);
  const before = (await settled(id, 2)).sessions.find(({ client_id: client }) => client === b2.clientId);
  assert.deepEqual([before.connected, before.acknowledged], [false, false]);
  await b2.connect(1);
  await b2.expect(p2pTopic(a.phoneId, b.phoneId), (message) => isSent(message) && message.fields.id === id);
  const seen = await settled(id, 3);
  const late = stepsOf(seen, 'sent').find(({ client_id: client }) => client === b2.clientId);
  assert.equal(late.process, 'gateway-2');
  assert.equal(late.trace, undefined, 'it came from history, not with the event');
});

test('an edit shows as the new position of the same message', { skip }, async () => {
  const { a, b, b2, topic } = await friends();
  const { id } = await say(a, b, [a, b, b2]);
  await a.send(record('Message', { id, status: 'edit', files: [record('Desc', { id: newId(), mime: 'text', payload: 'better' })] }));
  await b.expect(topic, ({ record: name, fields }) => name === 'Message' && fields.status === 'edit' && fields.id === id);
  const seen = await trace(String(id));
  assert.ok(seen.message.position > id);
  assert.ok(stepsOf(seen, 'sent').some((step) => step.position === id));
  assert.ok(stepsOf(seen, 'sent').some((step) => step.position === seen.message.position));
  assert.equal(stepsOf(seen, 'received').length, 2, 'the send and the edit');
  assert.equal((await trace(String(seen.message.position))).message.id, id);
});

test('a room message goes out to every member', { skip }, async () => {
  const { a, b } = await friends();
  const room = `room ${newId()}`;
  await a.ask(record('Room', { id: room, name: 'Kitchen', status: 'create', members: [record('Member', { phone_id: b.phoneId, status: 'member' })] }),
    ({ record: name, fields }) => name === 'Room' && fields.id === room);
  const msgId = newId();
  await a.send(record('Message', { feed_id: record('muc', { name: room }), msg_id: msgId, from: a.phoneId, to: room, status: 'client',
    files: [record('Desc', { id: newId(), mime: 'text', payload: 'all' })] }));
  const { fields } = await b.expect(`room/${room}`, (message) => isSent(message) && message.fields.msg_id === msgId);
  const seen = await settled(fields.id, 3);
  assert.equal(seen.message.topic, `room/${room}`);
  assert.equal(seen.sessions_all, 3, 'a, b and the other device of b');
});

test('what nobody remembers any more is told as PostgreSQL knows it', { skip }, async () => {
  const { a, b, b2 } = await friends();
  const { id } = await say(a, b, [a, b, b2]);
  await settled(id, 3);
  const pid = pidOf('gateway-2');
  killHard('gateway-2'); // and with it what it remembered
  await up(['--only', 'gateway-2']);
  assert.notEqual(pidOf('gateway-2'), pid);
  const seen = await trace(String(id));
  assert.deepEqual(stepsOf(seen, 'sent').filter((step) => step.process === 'gateway-2'), []);
  assert.equal(seen.sessions.find(({ client_id: client }) => client === b.clientId).acknowledged, true);
  const { stdout } = await run(binary('chat'), ['trace', String(id)]);
  assert.match(stdout, /gateway-2 remembers (nothing|since)/);
});

test('a process that does not answer is named, an unknown id is refused', { skip }, async () => {
  const { a, b } = await friends();
  const { id } = await say(a, b, [a, b]);
  const seen = await trace(String(id), '--grpc', `${process.env.CHAT_GRPC} gateway-9=127.0.0.1:1`);
  assert.deepEqual(seen.silent, ['127.0.0.1:1']);
  const unknown = await trace(`no-such-${newId()}`);
  assert.deepEqual([unknown.code, unknown.stderr], [1, 'not_found\n']);
  assert.equal((await trace(String(await query('select last_value + 1000000 from messaging.position')))).code, 1);
  assert.equal((await trace('1', '--grpc', 'nonsense')).code, 2);
  assert.equal((await trace('1', '--grpc', 'messaging-1=127.0.0.1:1')).code, 3);
});
