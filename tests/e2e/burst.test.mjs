// A burst of CONNECTs: what does not fit at once waits for its turn, nobody is refused. CHAT_BURST devices (400) of 20 phones.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { after, test } from 'node:test';
import { counters, query } from './cluster.mjs';
import { Device, endAll, isProfile, newId, newPhone, register } from './device.mjs';

after(endAll);

const BURST = Number(process.env.CHAT_BURST ?? 400);
const PHONES = 20;

// More devices of registered phones than one would care to register: their rows are written as Auth/verify writes them.
async function devices() {
  const phones = await Promise.all(Array.from({ length: PHONES }, () => register(newPhone())));
  const made = Array.from({ length: BURST }, (_, n) => new Device(`emqttd_burst_${newId()}`, {
    phone: phones[n % PHONES].phone, token: crypto.randomBytes(32).toString('hex'),
  }));
  const rows = made.map(({ clientId, phone, token }) => {
    const hash = crypto.createHash('sha256').update(token).digest('hex');
    return `('${clientId}'::bytea, '${phone}', '\\x${hash}'::bytea)`;
  });
  while (rows.length > 0) {
    await query(`with row (client_id, phone, hash) as (values ${rows.splice(0, 400).join(',')}),
      made as (insert into auth.session (client_id, account_id, phone)
        select client_id, (select account_id from auth.session s where s.phone = row.phone limit 1), phone from row returning id, client_id)
      insert into auth.token (session_id, hash, expires)
        select made.id, row.hash, now() + interval '1 day' from made join row using (client_id)`);
  }
  return made;
}

const refusals = async () => [...await counters()].filter(([name]) => /chat_gateway_connects_total\{.*(unavailable|too_many)/.test(name))
  .reduce((sum, [, value]) => sum + value, 0);

test(`${BURST} authenticated CONNECTs at once are all admitted`, async (t) => {
  const burst = await devices();
  const before = await refusals();
  const begin = Date.now();
  const took = await Promise.all(burst.map(async (device, n) => {
    await device.connect(n);
    return Date.now() - begin;
  }));
  await Promise.all(burst.map((device) => device.expect(device.topic, isProfile('init'))));
  took.sort((x, y) => x - y);
  t.diagnostic(`half within ${took[BURST >> 1]} ms, all within ${took.at(-1)} ms`);
  assert.equal(await refusals(), before);
});
