// A room above room.full_list_limit (PROTOCOL O21) on the real cluster: chat-load makes its people and the room, talks in it and keeps the
// ledger; here it is read in pages, changed, and listened to. LARGE_ROOM=10000 for the full size (services/room/README.md has the
// figures); the figures of a run are its diagnostics.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { getRoom, history, isMessage, isRoom, member, muc, phoneIds, roomRequest, roomTopic, sayInRoom, ses } from './cast.mjs';
import { binary, figures } from './cluster.mjs';
import { Device, befriend, endAll, isProfile, newPhone, online } from './device.mjs';
import { fieldsOf, record } from './records.mjs';

const SIZE = Number(process.env.LARGE_ROOM ?? 260);
const PAGE = 500;
const SERVICES = ['gateway-1', 'gateway-2', 'messaging-1', 'room-1', 'roster-1'];
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'large-room-'));
const accountsFile = path.join(folder, 'accounts.json');
after(() => {
  endAll();
  fs.rmSync(folder, { recursive: true, force: true });
});

// What a step cost, by the clock and in memory.
async function memory() {
  const all = await Promise.all(SERVICES.map(async (name) => (await figures(name)).get('process_resident_memory_bytes') ?? 0));
  return all.map((bytes) => Math.round(bytes / 2 ** 20));
}
const clock = async (t, what, step) => {
  const began = performance.now();
  const result = await step();
  t.diagnostic(`${what}: ${(performance.now() - began).toFixed(0)} ms; MiB of ${SERVICES}: ${await memory()}`);
  return result;
};

// Runs chat-load; resolves to its exit status. Phases and the last line of each go to the test's output.
function load(t, options) {
  const process_ = spawn(binary('chat-load'), options, { stdio: ['ignore', 'pipe', 'inherit'] });
  let [text, began] = ['', performance.now()];
  let phase;
  process_.stdout.on('data', (data) => {
    text += data;
    for (const [, next] of String(data).matchAll(/^phase (\w+)$/gm)) {
      if (phase) t.diagnostic(`${phase}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
      [phase, began] = [next, performance.now()];
    }
  });
  return new Promise((resolve) => { process_.on('close', (status) => resolve({ status, text })); });
}

let admin;
let plain;
let id;
const devices = [];
const connected = async (account, index) => {
  const device = new Device(account.client_id, { phone: account.phone, token: account.token });
  device.phoneId = account.phone_id;
  device.rosterId = Number(account.phone_id.split('_')[1]);
  await device.connect(index);
  return device;
};

test(`${SIZE} people come into a room and talk in it, and the ledger is kept`, async (t) => {
  t.diagnostic(`MiB of ${SERVICES} before: ${await memory()}`);
  const { status, text } = await load(t, ['--devices', `${SIZE}`, '--pairs', '0', '--rooms', '1', '--room-members', `${SIZE}`, '--rate', '2', '--seconds', '5',
    '--setup', '3000', '--drain', '300', '--accounts', accountsFile, '--json', path.join(folder, 'result.json')]);
  assert.equal(status, 0, text.slice(-3000));
  const result = JSON.parse(fs.readFileSync(path.join(folder, 'result.json'), 'utf8'));
  t.diagnostic(`deliveries ${JSON.stringify(result.delivery_latency_us)}, acknowledgements ${JSON.stringify(result.acknowledgement_latency_us)}`);
  t.diagnostic(`MiB of ${SERVICES} after: ${await memory()}`);
});

test('its maker and a member find it when they connect', async (t) => {
  const { accounts } = JSON.parse(fs.readFileSync(accountsFile, 'utf8'));
  devices.push(...accounts);
  admin = await clock(t, 'the maker connects', () => connected(accounts[0], 0));
  plain = await connected(accounts[1], 1);
  const { fields } = await plain.expect(plain.topic, isProfile('init'));
  const [room] = fieldsOf(fields.rosters[0]).roomlist.map(fieldsOf);
  id = room.id;
  assert.deepEqual([phoneIds(room.members), phoneIds(room.admins)], [[plain.phoneId], [admin.phoneId]]);
  const own = await admin.expect(admin.topic, isProfile('init'));
  t.diagnostic(`the maker's Profile: ${own.payload.length} bytes`);
  if (own.payload.length > 1000000) assert.deepEqual(own.fields.rosters, [admin.rosterId], 'only roster ids (O22)');
});

test('Room/get shows its receiver, and the others in pages', async (t) => {
  const room = await clock(t, 'Room/get', () => getRoom(plain, id));
  assert.deepEqual([phoneIds(room.members), phoneIds(room.admins)], [[plain.phoneId], [admin.phoneId]]);
  const seen = [];
  await clock(t, `${Math.ceil(SIZE / PAGE)} pages`, async () => {
    for (let after_ = 0; ;) {
      const { members } = await getRoom(plain, id, { members: [record('Member', { id: after_ })] });
      if (members.length === 0) break;
      assert.ok(members.length <= PAGE);
      const rows = members.map(fieldsOf);
      assert.deepEqual(rows.map(({ id: at }) => at), rows.map(({ id: at }) => at).sort((x, y) => x - y));
      assert.ok(rows.every(({ presence }) => presence === 'online' || presence === 'offline'), 'presence is shown here');
      seen.push(...rows);
      after_ = rows.at(-1).id;
    }
  });
  assert.deepEqual(seen.map(({ phone_id: phoneId }) => phoneId).sort(), devices.slice(1, SIZE).map(({ phone_id: phoneId }) => phoneId).sort());
  assert.equal(seen.find(({ phone_id: phoneId }) => phoneId === plain.phoneId).presence, 'online');
});

test('changes are told without lists, and a message reaches both sides', async (t) => {
  const newcomer = await online(newPhone(), 1);
  await befriend(admin, newcomer);
  await clock(t, 'one more is added', async () => {
    await admin.send(roomRequest('add', id, { members: [member(newcomer)] }));
    await newcomer.expect(ses(newcomer), isRoom(id, 'add'));
  });
  const { fields } = newcomer.on(ses(newcomer), isRoom(id, 'add'))[0];
  assert.deepEqual([phoneIds(fields.members), phoneIds(fields.admins)], [[newcomer.phoneId], [admin.phoneId]]);
  for (const device of [admin, plain]) {
    const told = await device.expect(roomTopic(id), isRoom(id, 'add'));
    assert.deepEqual([told.fields.members, told.fields.admins], [[], []]);
  }
  const last = await clock(t, 'a message', () => sayInRoom(newcomer, id, 'hello, all', [admin, plain, newcomer]));
  assert.equal((await clock(t, 'History', () => history(plain, muc(id), { size: -1 })))[0].id, last.id);
  const before_ = await getRoom(admin, id);
  assert.equal(fieldsOf(before_.last_msg).id, last.id);
  // No receipts, no presence, no muc/ traffic.
  await plain.send(record('History', { roster_id: plain.phoneId, feed: muc(id), entity_id: last.id, status: 'update' }));
  await plain.expect(ses(plain), isRoom(id, 'last_msg'));
  await clock(t, 'one is removed', async () => {
    await admin.send(roomRequest('remove', id, { members: [member(newcomer)] }));
    await newcomer.expect(ses(newcomer), isRoom(id, 'remove'));
  });
  const told = await plain.expect(roomTopic(id), isRoom(id, 'remove'));
  assert.deepEqual(told.fields.members, []);
  const removed = await plain.expect(roomTopic(id), (got) => isMessage('muc')(got) && got.fields.type === 'removed');
  assert.equal(fieldsOf(removed.fields.files[0]).payload, `${admin.phoneId} removed ${newcomer.phoneId}`);
  await newcomer.fence();
  const everything = [...admin.inbox, ...plain.inbox, ...newcomer.inbox];
  assert.deepEqual(everything.filter(({ topic, record: name, fields: said }) => topic.startsWith('muc/') || (name === 'History' && said.status === 'updated')), []);
});

test('it is deleted for all', async (t) => {
  await clock(t, 'Room/delete', async () => {
    await admin.send(roomRequest('delete', id));
    await Promise.all([admin, plain].map((device) => device.expect(ses(device), isRoom(id, 'delete'))));
  });
  assert.deepEqual(await plain.subscribe([roomTopic(id)]), [128]);
  t.diagnostic(`MiB of ${SERVICES} at the end: ${await memory()}`);
});
