// Many devices at once: they leave together and come back together, and each gets what it missed, once.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { befriend, endAll, newId, newPhone, online } from './device.mjs';
import { fieldsOf, p2pTopic, textMessage } from './records.mjs';

after(endAll);

const CROWD = 40;
const isText = (text) => ({ record: name, fields }) => name === 'Message' && fieldsOf(fields.files[0]).payload === text;

test(`${CROWD} devices leave at once, and each gets exactly the message that it missed when all return at once`, async () => {
  const speaker = await online(newPhone(), 0);
  const crowd = [];
  for (let n = 0; n < CROWD; n += 8) {
    crowd.push(...await Promise.all(Array.from({ length: 8 }, (_, i) => online(newPhone(), i))));
  }
  for (const device of crowd) await befriend(speaker, device);
  const say = (text) => Promise.all(crowd.map((device) => speaker.send(textMessage(speaker.phoneId, device.phoneId, newId(),
    text))));
  const everybody = (step) => Promise.all(crowd.map((device, n) => step(device, n, p2pTopic(speaker.phoneId, device.phoneId))));

  await say('heard');
  await everybody((device, n, topic) => device.expect(topic, isText('heard')));
  await everybody((device) => device.fence());
  await everybody((device) => device.disconnect());
  await say('missed');
  const before = crowd.map((device) => device.inbox.length);
  await everybody((device, n) => device.connect(n + 1));
  await everybody((device, n, topic) => device.expect(topic, isText('missed')));
  await everybody((device) => device.fence());
  await everybody((device, n, topic) => {
    const got = device.inbox.slice(before[n]).filter((message) => message.topic === topic);
    assert.deepEqual(got.map(({ fields }) => fieldsOf(fields.files[0]).payload), ['missed'], device.clientId);
  });
});
