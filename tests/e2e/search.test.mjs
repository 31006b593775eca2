// The directory: who is found, by what, by whom, and what of a found roster may be seen.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { Atom, atom } from './bert.mjs';
import { binary, codeFor, gateway } from './cluster.mjs';
import { befriend, endAll, isContact, newId, newPhone, online } from './device.mjs';
import { error, fieldsOf, record } from './records.mjs';

after(endAll);

const run = promisify(execFile);

const searchFor = (device, field, value, more = {}) => record('Search', {
  id: device.rosterId, ref: newId(), field, type: '==', value, status: 'contact', ...more,
});

// The contacts that a Search finds. The reply is checked: it names the reference, the roster and the selector.
async function find(device, field, value, more = {}) {
  const request = searchFor(device, field, value, more);
  const { ref, status } = fieldsOf(request);
  const reply = await device.ask(request);
  const [, code, roster] = reply.term.items;
  assert.ok(reply.text.startsWith(`{io,{ok,<<"${ref}">>},{'Roster',${device.rosterId},`), reply.text);
  assert.equal(code.items.length, 2);
  const { id, userlist, status: echoed } = fieldsOf(roster);
  assert.deepEqual([id, echoed], [device.rosterId, status]);
  return userlist.map(fieldsOf);
}

async function refusal(device, more) {
  return (await device.ask(searchFor(device, 'phone', device.phone, more))).text;
}

// Writes the own roster and waits until the own devices are told.
async function patch(device, fields) {
  await device.send(record('Roster', { id: device.rosterId, status: 'patch', ...fields }));
  await device.expect(`ses/${device.phone}`, ({ record: name, fields: { status } }) => name === 'Roster' && status === 'patch');
}

const idsOf = (contacts) => contacts.map((contact) => contact.phone_id);

test('a phone is found in any spelling, alone and in a list, by every selector', async () => {
  const [a, b, c] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1), online()]);
  const spelt = b.phone.replace(/^(\d{3})(\d{2})(\d{3})/, '+$1 ($2) $3-');
  for (const status of ['contact', 'profile', 'roster', 'member']) {
    assert.deepEqual(idsOf(await find(a, 'phone', spelt, { status })), [b.phoneId]);
  }
  const book = [b.phone, `+${c.phone}`, newPhone(), a.phone, 'not a phone'];
  assert.deepEqual(idsOf(await find(a, 'phone', book)).sort(), [b.phoneId, c.phoneId].sort(), 'the own one is left out');
});

test('nobody found is an empty list', async () => {
  const a = await online();
  assert.deepEqual(await find(a, 'phone', newPhone()), []);
  assert.deepEqual(await find(a, 'nick', `nobody_${newId()}`), []);
  assert.deepEqual(await find(a, 'email', 'somebody@example.org'), [], 'no address is verified yet');
  assert.deepEqual(await find(a, 'phone', []), []);
});

test('nick and names are found whatever their case, names also by their beginning', async () => {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  const mark = newId();
  await patch(b, { names: `Їжак ${mark}`, surnames: `Мороз ${mark}`, nick: `Їжак_${mark}` });
  const upper = mark.toUpperCase();
  const [found] = await find(a, 'nick', `їжАК_${upper}`);
  assert.deepEqual([found.phone_id, found.names, found.surnames, found.nick, found.reader, found.unread, found.last_msg, found.settings],
    [b.phoneId, `Їжак ${mark}`, `Мороз ${mark}`, `Їжак_${mark}`, 0, 0, [], []]);
  assert.ok(Math.abs(found.update - Date.now()) < 60000, 'update is in milliseconds');
  const like = { type: 'like' };
  assert.deepEqual(idsOf(await find(a, 'names', `ЇЖАК ${upper}`)), [b.phoneId]);
  assert.deepEqual(idsOf(await find(a, 'surnames', `мороз ${upper}`)), [b.phoneId]);
  assert.deepEqual(idsOf(await find(a, 'names', `їжак ${mark.slice(0, 8)}`, like)), [b.phoneId]);
  assert.deepEqual(idsOf(await find(a, 'surnames', `МОРОЗ ${mark.slice(0, 8)}`, like)), [b.phoneId]);
  assert.deepEqual(await find(a, 'names', `їжак ${mark.slice(0, 8)}`), [], 'equal is not like');
});

test('a stranger sees neither presence nor email, a friend sees both', async () => {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  await patch(b, { names: 'Petro', email: 'petro@example.org' });
  const seen = async () => {
    const [{ names, presence, email, status }] = await find(a, 'phone', b.phone);
    return [names, presence, email, status];
  };
  assert.deepEqual(await seen(), ['Petro', [], [], []]);
  await a.send(record('Friend', { phone_id: a.phoneId, friend_id: b.phoneId, status: 'request' }));
  await a.expect(`ses/${a.phone}`, isContact(b.phoneId, 'request'));
  assert.deepEqual(await seen(), ['Petro', [], [], 'request']);
  const friend = await online(newPhone(), 0);
  await befriend(friend, b);
  const [{ presence, email, status }] = await find(friend, 'phone', b.phone);
  assert.deepEqual([presence, email, status], ['online', 'petro@example.org', 'friend']);
});

test('who has banned somebody is not found by them, but finds them', async () => {
  const [a, b] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  await befriend(a, b);
  await b.ask(record('Friend', { phone_id: b.phoneId, friend_id: a.phoneId, status: 'ban' }));
  assert.deepEqual(await find(a, 'phone', b.phone), []);
  const [{ phone_id: id, status, presence }] = await find(b, 'phone', a.phone);
  assert.deepEqual([id, status, presence], [a.phoneId, 'banned', []]);
  await b.send(record('Friend', { phone_id: b.phoneId, friend_id: a.phoneId, status: 'unban' }));
  assert.deepEqual(idsOf(await find(a, 'phone', b.phone)), [b.phoneId]);
});

test('a wrong request is refused, who searches before what is searched', async () => {
  const [a, b] = await Promise.all([online(), online()]);
  assert.equal(await refusal(a, { id: b.rosterId, field: 'link' }), error('not_authorized'));
  assert.equal(await refusal(a, { id: 2 ** 52, field: 'link' }), error('roster_not_found'));
  const invalid = [{ field: 'link' }, { field: 'id' }, { field: [] }, { type: '!=' }, { type: 'like' }, { type: [] }, { type: '=' },
    { field: 'nick', type: 'like' }, { field: 'names', type: 'like', value: 'Pe' }, { status: 'everybody' }, { status: [] },
    { value: 5 }, { value: atom('phone') }, { value: new Array(1001).fill('380670001234') }, { value: 'x'.repeat(1025) },
    { field: 'names', value: Buffer.from([0xff, 0xfe]) }];
  for (const more of invalid) {
    assert.equal(await refusal(a, more), error('invalid_data'), JSON.stringify(more, (key, value) => (value instanceof Atom
      ? value.name : value))?.slice(0, 80));
  }
  assert.equal((await find(a, 'phone', new Array(1000).fill(b.phone))).length, 1);
});

test('sixty searches a day, then too_many; other phones go on', async () => {
  const [a, b] = await Promise.all([online(), online()]);
  for (let n = 0; n < 60; n += 1) assert.equal((await find(a, 'phone', b.phone)).length, 1);
  assert.equal(await refusal(a, {}), error('too_many'));
  assert.equal((await find(b, 'phone', a.phone)).length, 1);
});

test('five thousand values a day, then too_many', async () => {
  const [a, b] = await Promise.all([online(), online()]);
  const book = [b.phone, ...Array.from({ length: 999 }, () => newPhone())];
  for (let n = 0; n < 5; n += 1) assert.deepEqual(idsOf(await find(a, 'phone', book)), [b.phoneId]);
  assert.equal(await refusal(a, {}), error('too_many'));
});

test('chat friend add PHONE finds the phone', { skip: binary('chat') ? false : 'there is no binary chat' }, async () => {
  const b = await online();
  const phone = newPhone();
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'chat-search-'));
  const chat = async (...words) => (await run(binary('chat'), [...words, '--home', home, '--gateway', gateway(0)])).stdout;
  try {
    await chat('register', phone);
    await chat('verify', phone, await codeFor(phone));
    assert.equal(await chat('friend', 'add', `+${b.phone}`), `requested ${b.phoneId}\n`);
    await b.expect(`ses/${b.phone}`, ({ record: name, fields }) => name === 'Contact' && fields.status === 'authorization' &&
      fields.phone_id.startsWith(`${phone}_`));
    await assert.rejects(chat('friend', 'add', newPhone()), ({ code, stderr }) => code === 1 && /contact_not_found/.test(stderr));
    await chat('logout');
  } finally {
    fs.rmSync(home, { recursive: true });
  }
});
