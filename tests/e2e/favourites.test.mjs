// Tags and stars: made, told to all own devices, read in the roster (PROTOCOL 5.8).

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { befriend, endAll, newId, newPhone, online, register } from './device.mjs';
import { error, fieldsOf, p2pTopic, record, textMessage } from './records.mjs';

after(endAll);

const is = (kind, status) => ({ record: name, fields }) => name === kind && fields.status === status;
const tag = (device, status, fields) => record('Tag', { roster_id: device.phoneId, status, ...fields });
const star = (device, status, id, tags = []) => record('Star', {
  roster_id: device.phoneId, message: record('Message', { id }), tags, status,
});
const refusal = async (device, term) => (await device.ask(term)).text;

// A device with a second one of the same phone on the other gateway.
async function pair() {
  const a = await online(newPhone(), 0);
  const second = await register(a.phone, 1);
  await second.connect(1);
  await second.fence();
  return [a, second];
}

// Sends a request and returns what every device is told on ses/.
async function told(devices, term, kind, status) {
  await devices[0].send(term);
  const heard = await Promise.all(devices.map((device) => device.expect(`ses/${device.phone}`, is(kind, status))));
  assert.equal(new Set(heard.map(({ text }) => text)).size, 1);
  return heard[0].fields;
}

async function message(from, to, text) {
  await from.send(textMessage(from.phoneId, to.phoneId, newId(), text));
  return (await from.expect(p2pTopic(from.phoneId, to.phoneId), ({ text: sent }) => sent.includes(text))).fields;
}

const rosterOf = async (device) => (await device.ask(record('Roster', { status: 'get' }), is('Roster', 'get'))).fields;

test('tags are made, edited and removed on all devices', async () => {
  const [a, second] = await pair();
  const stranger = await online();
  const devices = [a, second];
  const made = await told(devices, tag(a, 'create', { name: 'Робота', color: 'red' }), 'Tag', 'create');
  assert.deepEqual([made.name, made.color, made.roster_id], ['Робота', 'red', a.phoneId]);
  assert.equal((await told(devices, tag(a, 'create', { name: 'Робота', color: 'blue' }), 'Tag', 'create')).id, made.id);
  const edited = await told(devices, tag(a, 'edit', { id: made.id, name: 'Office', color: 'blue' }), 'Tag', 'edit');
  assert.deepEqual([edited.id, edited.name, edited.color], [made.id, 'Office', 'blue']);
  assert.equal((await told(devices, tag(a, 'edit', { name: 'Office', color: 'green' }), 'Tag', 'edit')).color, 'green');
  assert.deepEqual((await rosterOf(a)).tags.map((each) => fieldsOf(each).name), ['Office']);
  assert.equal(await refusal(a, tag(a, 'create', { name: '' })), error('invalid_data'));
  assert.equal(await refusal(a, tag(stranger, 'create', { name: 'x' })), error('not_authorized'));
  assert.equal(await refusal(stranger, tag(stranger, 'edit', { id: made.id, name: 'mine' })), error('not_found'));
  assert.equal(await refusal(stranger, tag(stranger, 'remove', { id: made.id })), error('not_found'));
  await told(devices, tag(a, 'remove', { id: made.id }), 'Tag', 'remove');
  assert.equal(await refusal(a, tag(a, 'remove', { id: made.id })), error('not_found'));
});

test('a star shows its message, is one per message, and loses a tag that goes', async () => {
  const [a, second] = await pair();
  const b = await online(newPhone(), 1);
  const stranger = await online();
  await befriend(a, b, [second]);
  const devices = [a, second];
  const sent = await message(b, a, 'remember this');
  const { id: work } = await told(devices, tag(a, 'create', { name: 'work' }), 'Tag', 'create');
  const added = await told(devices, star(a, 'add', sent.id, [work]), 'Star', 'add');
  assert.deepEqual([added.roster_id, added.tags], [a.phoneId, [work]]);
  const shown = fieldsOf(added.message);
  assert.deepEqual([shown.id, shown.from, shown.status], [sent.id, b.phoneId, 'sent']);
  const favourites = async () => (await rosterOf(a)).favorite.map(fieldsOf);
  const [stored] = await favourites();
  assert.equal(String(fieldsOf(fieldsOf(stored.message).files[0]).payload), 'remember this');
  await told(devices, tag(a, 'remove', { id: work }), 'Tag', 'remove');
  assert.deepEqual((await favourites()).map(({ tags }) => tags), [[]]);
  assert.equal(await refusal(a, star(a, 'add', sent.id, [work])), error('invalid_data'), 'the tag is gone');
  assert.equal(await refusal(stranger, star(stranger, 'add', sent.id)), error('invalid_data'), 'not a reader');
  assert.equal(await refusal(stranger, star(a, 'add', sent.id)), error('not_authorized'));
  await told(devices, star(a, 'remove', sent.id), 'Star', 'remove');
  assert.equal(await refusal(a, star(a, 'remove', sent.id)), error('not_found'));
  assert.deepEqual(await favourites(), []);
});
