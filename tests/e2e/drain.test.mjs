// SIGTERM to a gateway of this test's own, beside those of the cluster: it stops accepting, closes connections one by one,
// hands its sessions over and ends with status 0.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { after, test } from 'node:test';
import { eventually, freePort, stateFile } from './cluster.mjs';
import { befriend, endAll, isProfile, newId, newPhone, online, register } from './device.mjs';
import { p2pTopic, textMessage } from './records.mjs';
import { Raw, endRaw } from './raw.mjs';

const children = [];
after(() => {
  endAll();
  endRaw();
  children.forEach((child) => child.kill('SIGKILL'));
});

// A gateway with the settings of gateway-1 on ports of its own.
async function ownGateway(more) {
  const [binary, ...flags] = JSON.parse(fs.readFileSync(stateFile('run', 'gateway-1.json'), 'utf8')).command;
  const address = `127.0.0.1:${await freePort()}`;
  const own = { mqtt_listen: address, mqtts_listen: '', ws_listen: '', wss_listen: '', n2o_listen: '', metrics_listen: '127.0.0.1:0',
    grpc_listen: `127.0.0.1:${await freePort()}`, name: `gateway-${newId()}`, ...more };
  const kept = flags.filter((flag) => !(flag.slice(2).split('=')[0] in own));
  const child = spawn(binary, [...kept, ...Object.entries(own).map(([key, value]) => `--${key}=${value}`)],
    { stdio: ['ignore', 'ignore', fs.openSync(stateFile('log', 'gateway-own.log'), 'a')] });
  children.push(child);
  const exit = new Promise((resolve) => { child.once('exit', (code, signal) => resolve(code ?? signal)); });
  await eventually('the gateway to listen', () => Raw.tcp(address).then((raw) => (raw.destroy(), true), () => false));
  return { address, child, exit };
}

test('a drain closes connections at the rate it was told, and sessions go on elsewhere', async (t) => {
  const RATE = 100;
  const COUNT = 200;
  const { address, child, exit } = await ownGateway({ drain_s: 10, drain_rate: RATE });
  const friend = await online(newPhone(), 0);
  const phone = newPhone();
  const first = await online(phone, 0);
  await befriend(first, friend);
  const device = await register(phone, 0);
  await device.connect(0, { address });
  await device.expect(device.topic, isProfile('init'));
  const crowd = await Promise.all(Array.from({ length: COUNT }, () => Raw.tcp(address)));
  await Promise.all(crowd.map((raw) => raw.connect()));

  const began = performance.now();
  const closings = [];
  [...crowd.map((raw) => raw.closed), device.closed].forEach((closed) => closed.then(() => closings.push(performance.now() - began)));
  child.kill('SIGTERM');
  await eventually('it to stop listening', () => Raw.tcp(address).then((raw) => (raw.destroy(), false), () => true));
  assert.equal(await exit, 0);
  assert.equal(closings.length, COUNT + 1);
  closings.sort((a, b) => a - b);
  const paced = COUNT * 1000 / RATE;
  t.diagnostic(`first after ${closings[0].toFixed(0)} ms, half after ${closings[COUNT >> 1].toFixed(0)} ms, last after ${closings[COUNT].toFixed(0)} ms`);
  assert.ok(closings[COUNT >> 1] > paced / 4, 'not all at once');
  assert.ok(closings[COUNT] < 10000);

  await friend.send(textMessage(friend.phoneId, first.phoneId, newId(), 'meanwhile'));
  assert.equal(await device.connect(1), true, 'the session is there');
  await device.expect(p2pTopic(friend.phoneId, first.phoneId));
});

test('without connections a drain takes no time', async () => {
  const { child, exit } = await ownGateway({ drain_s: 30, drain_rate: 1 });
  const began = performance.now();
  child.kill('SIGTERM');
  assert.equal(await exit, 0);
  assert.ok(performance.now() - began < 10000);
});
