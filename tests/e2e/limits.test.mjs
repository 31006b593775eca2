// On a cluster whose limits are short enough to be met: an expired code, an expired token, a small packet limit.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { codeFor, eventually } from './cluster.mjs';
import { Refused, authReg, authVerify, endAll, newId, newPhone, online, registering } from './device.mjs';
import { error, ok, p2p, textMessage, walkHistory } from './records.mjs';

after(endAll);

test('a code is refused when its life is over', async () => {
  const phone = newPhone();
  const { device } = await registering();
  assert.equal((await device.ask(authReg(phone))).text, ok('sms_sent'));
  const code = await codeFor(phone);
  const sentAt = Date.now();
  await eventually('the end of the code', () => Date.now() - sentAt > 5200); // auth.code_life_s=5
  assert.equal((await device.ask(authVerify(code))).text, error('attempts_expired'));
});

test('a token is refused when its life is over and there is no renewal window', async () => {
  const device = await online();
  await device.disconnect();
  const refused = await eventually('the end of the token', async () => {
    try {
      await device.connect(0);
      await device.disconnect();
      return undefined;
    } catch (failure) {
      assert.ok(failure instanceof Refused, failure);
      return failure;
    }
  });
  assert.ok([4, 5].includes(refused.code), `CONNACK ${refused.code}`);
});

test('a page of History is as long as a packet allows, and the next one goes on there', async () => {
  const device = await online();
  const texts = Array.from({ length: 20 }, (_, n) => `${n} ${'x'.repeat(10000)}`);
  for (const text of texts) await device.send(textMessage(device.phoneId, device.phoneId, newId(), text));
  for (const size of [-1000, 1000]) {
    const walk = await walkHistory(device, p2p(device.phoneId, device.phoneId), size);
    assert.deepEqual(walk.texts, size < 0 ? [...texts].reverse() : texts);
    assert.ok(walk.pages[0] >= 4 && walk.pages[0] <= 6, `${walk.pages}`);
  }
});

test('the packet limit is the configured one', async () => {
  const { device } = await registering();
  await device.ask(Buffer.alloc(60 * 1024, 7));
  device.send(Buffer.alloc(64 * 1024, 7)).catch(() => {}); // gateway.max_packet=65536
  await device.closed;
});
