// The same system seen by mosquitto's clients: one device listens with mosquitto_sub, another sends with mosquitto_pub the
// bytes of a golden vector in which only the phone ids are ours.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { Tuple, decode, encode } from './bert.mjs';
import { TIMEOUT_MS, gateway } from './cluster.mjs';
import { REQUESTS, befriend, endAll, newId, newPhone, online, register } from './device.mjs';
import { format } from './erlang_text.mjs';
import { fieldsOf, nameOf, p2p, p2pTopic } from './records.mjs';

const run = promisify(execFile);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'chat-mosquitto-'));
const listeners = [];
after(() => {
  endAll();
  listeners.forEach((listener) => listener.kill());
  fs.rmSync(folder, { recursive: true });
});

function vector(file, name) {
  const lines = fs.readFileSync(new URL(`../contract/vectors/${file}.jsonl`, import.meta.url), 'utf8').trim().split('\n');
  return Buffer.from(lines.map((line) => JSON.parse(line)).find((entry) => entry.name === name).hex, 'hex');
}

// The term with every binary that equals a key replaced by its value.
function replace(term, values) {
  if (term instanceof Tuple) return new Tuple(term.items.map((item) => replace(item, values)));
  if (Array.isArray(term)) return term.map((item) => replace(item, values));
  return Buffer.isBuffer(term) && values.has(term.toString()) ? Buffer.from(values.get(term.toString())) : term;
}

function address(index) {
  const [host, port] = gateway(index).split(/:(?=\d+$)/);
  return ['-h', host, '-p', port];
}

const login = (device) => ['-i', device.clientId, '-u', 'api', '-P', device.token, '-V', 'mqttv311'];

// mosquitto_sub as this device: next(predicate) is the first line {topic, qos, term} that satisfies it.
function listen(device, index) {
  const listener = spawn('mosquitto_sub', [...address(index), ...login(device), '-c', '-q', '2', '-t', `ses/${device.phone}`,
    '-F', '%t %q %x']);
  listeners.push(listener);
  const lines = [];
  const waiters = new Set();
  readline.createInterface({ input: listener.stdout }).on('line', (line) => {
    const [topic, qos, hex] = line.split(' ');
    lines.push({ topic, qos: Number(qos), term: decode(Buffer.from(hex, 'hex')) });
    waiters.forEach((waiter) => waiter());
  });
  return (what, predicate) => new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`mosquitto_sub: no ${what}; got ${lines.map(({ term }) =>
      format(term).slice(0, 200)).join('\n')}`)), TIMEOUT_MS);
    const look = () => {
      const found = lines.find(predicate);
      if (!found) return;
      clearTimeout(timer);
      waiters.delete(look);
      resolve(found);
    };
    waiters.add(look);
    look();
  });
}

test('mosquitto_pub sends the bytes of a vector and mosquitto_sub receives them on the other gateway', async () => {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  const [sender, receiver] = await Promise.all([register(a.phone, 0), register(b.phone, 1)]);
  await befriend(a, b);
  const next = listen(receiver, 1);
  await next('profile', ({ topic, term }) => topic === receiver.topic && nameOf(term) === 'Profile');

  const messageId = `vector_${newId()}`;
  const golden = decode(vector('rpc_message', 'Message/client.p2p.request/a'));
  const given = fieldsOf(golden);
  const ours = replace(golden, new Map([[given.from, a.phoneId], [given.to, b.phoneId], [given.msg_id, messageId]]));
  ours.items[3] = p2p(a.phoneId, b.phoneId);
  const file = path.join(folder, 'message');
  fs.writeFileSync(file, encode(ours));
  await run('mosquitto_pub', [...address(0), ...login(sender), '-c', '-q', '1', '-t', REQUESTS, '-f', file]);

  const isOurs = ({ term }) => nameOf(term) === 'Message' && fieldsOf(term).msg_id === messageId;
  const received = await next('message', isOurs);
  assert.equal(received.topic, p2pTopic(a.phoneId, b.phoneId));
  assert.equal(received.qos, 2);
  const { status, from, to, files } = fieldsOf(received.term);
  assert.deepEqual([status, from, to], ['sent', a.phoneId, b.phoneId]);
  assert.equal(format(files), format(given.files));
  await a.expect(p2pTopic(a.phoneId, b.phoneId), ({ fields }) => fields.msg_id === messageId);
});

test('mosquitto_sub with a wrong token is told so', async () => {
  const device = await register();
  await assert.rejects(run('mosquitto_sub', [...address(0), '-i', device.clientId, '-u', 'api', '-P', 'f'.repeat(64), '-V',
    'mqttv311', '-t', `ses/${device.phone}`, '-W', '10']), (failure) => failure.code === 4 || failure.code === 5 ||
    /refused|authori[sz]ed/i.test(failure.stderr));
});
