// Clients that mean no good, on one gateway with short limits (tests/e2e/CMakeLists.txt). While each does its worst two devices
// go on talking, and the gateway's memory stays where it was. Figures are printed as diagnostics.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, endpoint, figures } from './cluster.mjs';
import { REQUESTS, befriend, endAll, isProfile, newId, newPhone, online, register } from './device.mjs';
import { fieldsOf, p2pTopic, textMessage } from './records.mjs';
import { Raw, connect, endRaw } from './raw.mjs';

const CONNECT_TIMEOUT_MS = 3000;
const PER_ADDRESS = 300;
const PLACES = 700;
const ROUND_TRIP_MS = 5000; // with sanitizers on a busy machine; without, some 10 ms
const MEMORY_BYTES = 160 << 20; // of quarantine, with sanitizers; without, growth is about zero

let alice;
let bob;
before(async () => {
  [alice, bob] = await Promise.all([online(newPhone(), 0), online(newPhone(), 0)]);
  await befriend(alice, bob);
});
after(() => {
  endAll();
  endRaw();
});

// One message from alice to bob: milliseconds.
async function roundTrip() {
  const text = newId();
  const began = performance.now();
  await alice.send(textMessage(alice.phoneId, bob.phoneId, newId(), text));
  await bob.expect(p2pTopic(alice.phoneId, bob.phoneId), ({ record, fields }) => record === 'Message' && fields.files.length > 0 &&
    String(fieldsOf(fields.files[0]).payload) === text);
  return performance.now() - began;
}

const figure = async (name) => (await figures('gateway-1')).get(name) ?? 0;
const memory = () => figure('process_resident_memory_bytes');

// Runs `attack` while alice and bob talk, and afterwards; what that cost goes to the test's output.
async function withstand(context, attack) {
  const memoryBefore = await memory();
  const trips = [];
  let over = false;
  const talking = (async () => {
    while (!over) trips.push(await roundTrip());
  })();
  try {
    await attack();
  } finally {
    over = true;
    await talking;
  }
  trips.push(await roundTrip());
  trips.sort((a, b) => a - b);
  const grown = (await memory()) - memoryBefore;
  context.diagnostic(`${trips.length} messages meanwhile: median ${trips[trips.length >> 1].toFixed(1)} ms, longest ` +
    `${trips.at(-1).toFixed(1)} ms; memory grew by ${(grown / 1024).toFixed(0)} KiB`);
  assert.ok(trips.at(-1) < ROUND_TRIP_MS, `a message took ${trips.at(-1)} ms`);
  assert.ok(grown < MEMORY_BYTES, `memory grew by ${grown} bytes`);
}

const many = (count, make) => Promise.all(Array.from({ length: count }, (_, place) => make(place)));

test('half-open connections are closed when their time is over', async (t) => {
  await withstand(t, async () => {
    const began = performance.now();
    const silent = await many(250, () => Raw.tcp(0, '127.0.0.2'));
    assert.ok((await Promise.all(silent.map((raw) => raw.isClosed()))).every(Boolean));
    assert.ok(performance.now() - began >= CONNECT_TIMEOUT_MS - 500);
  });
});

test('a CONNECT that comes byte by byte is not awaited for longer, over TCP or TLS', async (t) => {
  await withstand(t, async () => {
    const { host, port } = endpoint('tls', 0);
    const slow = [await Raw.tcp(), await Raw.tls(`${host}:${port}`)];
    await Promise.all(slow.map(async (raw) => {
      const bytes = Buffer.from('100c00044d515454040200000000', 'hex');
      for (const byte of bytes) {
        raw.send(Buffer.from([byte]));
        if (await raw.isClosed(1000)) return;
      }
      assert.fail('it was awaited');
    }));
    const handshake = await Raw.tcp(`${host}:${port}`);
    await handshake.send(Buffer.from('160301', 'hex'));
    assert.ok(await handshake.isClosed());
  });
});

test('connections without token from one address are bounded, those from another one are not', async (t) => {
  await withstand(t, async () => {
    const held = await many(PER_ADDRESS, () => Raw.tcp(0, '127.0.0.3'));
    await Promise.all(held.map((raw) => raw.connect()));
    const refused = await figure('chat_gateway_connections_refused_total{limit="unauthenticated_per_address"}');
    const oneMore = await Raw.tcp(0, '127.0.0.3');
    assert.ok(await oneMore.isClosed(2500));
    assert.equal(await figure('chat_gateway_connections_refused_total{limit="unauthenticated_per_address"}'), refused + 1);
    const elsewhere = await Raw.tcp(0, '127.0.0.4');
    assert.equal((await elsewhere.connect()).returnCode, 0);
    held[0].destroy();
    await eventually('a place', async () => {
      const next = await Raw.tcp(0, '127.0.0.3');
      return !(await next.isClosed(200));
    });
    held.forEach((raw) => raw.destroy());
    elsewhere.destroy();
  });
});

test('when every place is taken by silent connections the oldest of them gives way', async (t) => {
  await withstand(t, async () => {
    const silent = [];
    for (const from of ['127.0.0.5', '127.0.0.6', '127.0.0.7']) silent.push(...await many(250, () => Raw.tcp(0, from)));
    assert.ok(silent.length > PLACES);
    const device = await register(newPhone(), 0);
    await device.connect(0);
    await device.expect(device.topic, isProfile('init'));
    await device.disconnect();
    assert.ok(await figure('chat_gateway_connections_displaced_total') > 0);
    silent.forEach((raw) => raw.destroy());
  });
});

test('giant and malformed lengths end the connection at once', async (t) => {
  await withstand(t, async () => {
    for (const hex of ['10ffffff7f', '10ffffffff01', '30ffffff7f', '100c0004', '100cffff4d515454040200000000', '00', 'f000']) {
      const raw = await Raw.tcp();
      await raw.send(Buffer.from(hex, 'hex'));
      assert.ok(await raw.isClosed(), hex);
    }
    const raw = await Raw.tcp();
    await raw.connect();
    await raw.send(Buffer.from('30ffffff7f', 'hex')); // 256 MiB
    assert.ok(await raw.isClosed());
  });
});

test('a second CONNECT and anything before the first one end the connection', async (t) => {
  await withstand(t, async () => {
    const twice = await Raw.tcp();
    await twice.connect();
    await twice.packet(connect());
    assert.ok(await twice.isClosed());
    const early = [{ cmd: 'pingreq' }, { cmd: 'publish', topic: 'events/1//api/anon//', payload: 'x', qos: 0 },
      { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'x', qos: 0 }] }, { cmd: 'puback', messageId: 1 }, { cmd: 'disconnect' }];
    for (const packet of early) {
      const raw = await Raw.tcp();
      await raw.packet(packet);
      assert.ok(await raw.isClosed(2500), packet.cmd);
      assert.equal(raw.packets.length, 0);
    }
  });
});

test('a reader that does not read is cut, and finds what it missed when it returns', async (t) => {
  const phone = bob.phone;
  const slow = await register(phone, 0);
  const topic = p2pTopic(alice.phoneId, bob.phoneId);
  await withstand(t, async () => {
    const raw = await Raw.tcp();
    const connack = await raw.connect({ clientId: slow.clientId, username: 'api', password: Buffer.from(slow.token), clean: false });
    assert.equal(connack.returnCode, 0);
    await raw.packet({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 0 }] });
    await raw.expect(({ cmd }) => cmd === 'suback');
    const cut = await figure('chat_gateway_slow_readers_total');
    raw.socket.pause();
    const large = 'x'.repeat(50000);
    await eventually('the reader to be cut', async () => {
      await many(20, () => alice.send(textMessage(alice.phoneId, bob.phoneId, newId(), large)));
      return (await figure('chat_gateway_slow_readers_total')) > cut;
    });
    raw.destroy();
  });
  const last = newId();
  await alice.send(textMessage(alice.phoneId, bob.phoneId, newId(), last));
  await slow.connect(0);
  await slow.expect(topic, ({ record, fields }) => record === 'Message' && fields.files.length > 0 &&
    String(fieldsOf(fields.files[0]).payload) === last);
  await slow.disconnect();
});

test('a flood of CONNECT costs the others little', async (t) => {
  const COUNT = 3000;
  await withstand(t, async () => {
    const began = performance.now();
    let left = COUNT;
    let refused = 0;
    await many(100, async (place) => {
      while (left > 0) {
        left -= 1;
        const raw = await Raw.tcp(0, `127.0.0.${10 + place % 10}`);
        await raw.connect().catch(() => { refused += 1; });
        raw.destroy();
      }
    });
    t.diagnostic(`${(COUNT * 1000 / (performance.now() - began)).toFixed(0)} connections a second, ${refused} refused`);
  });
});

test('a flood of SUBSCRIBE is answered in order and costs the others little', async (t) => {
  await withstand(t, async () => {
    const raw = await Raw.tcp();
    await raw.connect();
    const bomb = `${'+/'.repeat(15)}#`;
    const filters = ['#', '+/+', 'ses/380000000000', 'p2p/a/b', '$SYS/#', bomb, 'x/'.repeat(2000), '$share/g/#'];
    const COUNT = 4000;
    for (let id = 1; id <= COUNT; id += 1) {
      raw.packet({ cmd: 'subscribe', messageId: id, subscriptions: filters.map((topic) => ({ topic, qos: 2 })) });
    }
    await eventually('every SUBACK', () => raw.packets.length === COUNT + 2 || raw.socket.destroyed);
    const subacks = raw.packets.filter(({ cmd }) => cmd === 'suback');
    assert.equal(subacks.length, COUNT);
    assert.ok(subacks.every(({ messageId, granted }, place) => messageId === place + 1 && granted.every((code) => code === 0x80)));
    raw.destroy();
  });
});

test('QoS 2 identifiers that are never released are bounded', async (t) => {
  await withstand(t, async () => {
    const raw = await Raw.tcp();
    await raw.connect();
    for (let id = 1; id <= 60000; id += 1) {
      if (raw.socket.destroyed) break;
      const sent = raw.packet({ cmd: 'publish', topic: 'events/1//api/anon//', payload: '', qos: 2, messageId: id });
      if (id % 500 === 0) await Promise.race([sent, raw.closed]);
    }
    const received = () => raw.packets.filter(({ cmd }) => cmd === 'pubrec').length;
    const ended = await raw.isClosed(3000);
    t.diagnostic(`${received()} PUBREC, ${ended ? 'then closed' : 'then no more'}`);
    assert.ok(received() < 60000);
    raw.destroy();
  });
});

test('publishing too fast slows the publisher only', async (t) => {
  await withstand(t, async () => {
    const raw = await Raw.tcp();
    await raw.connect();
    for (let i = 0; i < 20000; i += 1) {
      const sent = raw.packet({ cmd: 'publish', topic: 'nowhere/at/all', payload: 'x', qos: 0 });
      if (i % 1000 === 0) await sent;
    }
    await eventually('a pause', async () => (await figure('chat_gateway_slowed_publishers_total{limit="publish_rate"}')) > 0);
    raw.destroy();
  });
});

test('topics that are too long or too deep are dropped', async () => {
  const raw = await Raw.tcp();
  await raw.connect();
  const dropped = 'chat_gateway_dropped_publishes_total{reason="topic_limit"}';
  const before = await figure(dropped);
  await raw.packet({ cmd: 'publish', topic: 'a/'.repeat(30), payload: 'x', qos: 1, messageId: 1 },
    { cmd: 'publish', topic: 'a'.repeat(5000), payload: 'x', qos: 1, messageId: 2 });
  await raw.expect(({ cmd, messageId }) => cmd === 'puback' && messageId === 2);
  assert.equal(await figure(dropped), before + 2);
  raw.destroy();
});

// A WebSocket up to its handshake, behind the PROXY header that this listener wants.
async function webSocket(header = 'PROXY TCP4 192.0.2.7 198.51.100.1 40000 8083\r\n') {
  const { host, port, path } = endpoint('ws', 0);
  const raw = await Raw.tcp(`${host}:${port}`);
  await raw.send(`${header}GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n');
  return raw;
}

const frame = (first, payload) => {
  const length = payload.length < 126 ? [0x80 | payload.length] : [0xfe, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from([first, ...length, 0, 0, 0, 0]), payload]);
};

test('behind a load balancer the address is that of the PROXY header, and there is no way around the header', async (t) => {
  await withstand(t, async () => {
    const open = await many(PER_ADDRESS, () => webSocket());
    await Promise.all(open.map((raw) => eventually('the upgrade', () => raw.bytes.includes('101 Switching'))));
    const oneMore = await webSocket();
    assert.ok(await oneMore.isClosed(2500));
    assert.equal(oneMore.bytes.length, 0);
    const other = await webSocket('PROXY TCP4 192.0.2.8 198.51.100.1 40000 8083\r\n');
    await eventually('the upgrade', () => other.bytes.includes('101 Switching'));
    const none = await webSocket('');
    assert.ok(await none.isClosed());
    assert.equal(none.bytes.length, 0);
    [...open, other].forEach((raw) => raw.destroy());
  });
});

test('frames that break the rules end a WebSocket with the reason', async (t) => {
  await withstand(t, async () => {
    const cases = [['unmasked', Buffer.from('8201ff', 'hex'), 1002], ['giant control', Buffer.from('89ffffffffffffffffff00000000', 'hex'), 1002],
      ['reserved bit', frame(0xc2, Buffer.from('x')), 1002], ['text', frame(0x81, Buffer.from('x')), 1003],
      ['continuation of nothing', frame(0x80, Buffer.from('x')), 1002], ['2^63', Buffer.from('82ff800000000000000000000000', 'hex'), 1002]];
    for (const [what, bytes, code] of cases) {
      const raw = await webSocket();
      await eventually('the upgrade', () => raw.bytes.includes('\r\n\r\n'));
      await raw.send(bytes);
      assert.ok(await raw.isClosed(), what);
      assert.equal(raw.bytes.readUInt16BE(raw.bytes.length - 2), code, what);
    }
    const giant = await webSocket(); // one frame of 2^62 bytes that carries a packet of 256 MiB
    await giant.send(Buffer.concat([Buffer.from('82ff400000000000000000000000', 'hex'), Buffer.from('10ffffff7f', 'hex')]));
    assert.ok(await giant.isClosed(2500));
    const pings = await webSocket();
    pings.socket.pause();
    for (let i = 0; i < 20000; i += 1) pings.send(frame(0x89, Buffer.alloc(125)));
    await Promise.race([pings.closed, new Promise((resolve) => { setTimeout(resolve, 1000); })]);
    pings.destroy();
  });
});

test('requests in a flood are answered or refused, never lost in silence', async (t) => {
  await withstand(t, async () => {
    const raw = await Raw.tcp();
    await raw.connect();
    const COUNT = 500;
    for (let id = 1; id <= COUNT; id += 1) raw.packet({ cmd: 'publish', topic: REQUESTS, payload: Buffer.from([131, 106]), qos: 1, messageId: id });
    await eventually('every PUBACK', () => raw.packets.filter(({ cmd }) => cmd === 'puback').length === COUNT);
    raw.destroy();
  });
});
