// Resident memory per idle connection: a gateway beside mosquitto, both fresh for each kind of connection.
//
//   CHAT_STATE=… tests/bench/idle_connections [--counts 1000,10000,18000] [--kinds tcp,tls,ws,wss,session] [--no-mosquitto] [--json]
//
// Needs a cluster of deploy/local/up in the folder CHAT_STATE, whose services the gateway of the measurement uses, the packages of
// tests/packages and `npm ci --prefix tests/e2e`. `session` is an authenticated device with its kept session and all its topics;
// mosquitto's counterpart has three subscriptions. The other kinds are anonymous connections with their client topic; mosquitto's
// counterpart is bare. A figure is the growth of VmRSS since before the first connection, divided by the connections; in
// JSON in bytes.

import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const e2e = new URL('../e2e/', import.meta.url);
const { generate } = createRequire(fileURLToPath(new URL('package.json', e2e)))('mqtt-packet');
const { encode } = await import(new URL('bert.mjs', e2e));
const { freePort } = await import(new URL('cluster.mjs', e2e));
const { record } = await import(new URL('records.mjs', e2e));

const SETTLE_MS = 4000;
const ANSWER_MS = 20000;
const AT_ONCE = 60;
const BATCH = 250;
const HOST = '127.0.0.1';
const REQUESTS = 'events/1//api/anon//';

function option(name, otherwise) {
  const place = process.argv.indexOf(`--${name}`);
  return place < 0 ? otherwise : process.argv[place + 1];
}
const counts = option('counts', '1000,10000,18000').split(',').map(Number);
const kinds = option('kinds', 'tcp,tls,ws,wss,session').split(',');
const withMosquitto = !process.argv.includes('--no-mosquitto');
const state = process.env.CHAT_STATE;
if (!state) throw new Error('CHAT_STATE is not set: the state folder of a cluster');
const file = (...parts) => path.join(state, ...parts);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'chat-idle-'));
const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const children = [];
process.on('exit', () => {
  children.forEach((child) => child.kill('SIGKILL'));
  fs.rmSync(folder, { recursive: true });
});

async function listening(port) {
  for (let left = 200; left > 0; left -= 1) {
    const open = await new Promise((resolve) => {
      const socket = net.connect(port, HOST, () => { socket.destroy(); resolve(true); }).on('error', () => resolve(false));
    });
    if (open) return;
    await sleep(50);
  }
  throw new Error(`nothing listens on ${port}`);
}

// ---- the servers

async function startGateway() {
  const [binary, ...flags] = JSON.parse(fs.readFileSync(file('run', 'gateway-1.json'), 'utf8')).command;
  const ports = { tcp: await freePort(), tls: await freePort(), ws: await freePort(), wss: await freePort() };
  ports.session = ports.tcp;
  const own = { mqtt_listen: `${HOST}:${ports.tcp}`, mqtts_listen: `${HOST}:${ports.tls}`, ws_listen: `${HOST}:${ports.ws}`,
    wss_listen: `${HOST}:${ports.wss}`, n2o_listen: '', metrics_listen: `${HOST}:0`, grpc_listen: `${HOST}:${await freePort()}`,
    name: 'gateway-idle', max_connections: 19000, unauthenticated_per_address: 0, proxy_protocol: '' };
  const kept = flags.filter((flag) => !(flag.slice(2).split('=')[0] in own));
  const child = spawn(binary, [...kept, ...Object.entries(own).map(([key, value]) => `--${key}=${value}`)],
    { stdio: ['ignore', 'ignore', fs.openSync(file('log', 'gateway-idle.log'), 'a')] });
  children.push(child);
  await listening(ports.wss);
  return { child, ports };
}

async function startMosquitto() {
  const ports = { tcp: await freePort(), tls: await freePort(), ws: await freePort(), wss: await freePort() };
  ports.session = ports.tcp;
  const secure = `certfile ${file('tls', 'gateway.pem')}\nkeyfile ${file('tls', 'gateway.key')}\n`;
  const configuration = `user root\nallow_anonymous true\nmax_connections -1\nset_tcp_nodelay true\npersistence false\nlog_type error\n` +
    `listener ${ports.tcp} ${HOST}\nlistener ${ports.tls} ${HOST}\n${secure}` +
    `listener ${ports.ws} ${HOST}\nprotocol websockets\nlistener ${ports.wss} ${HOST}\nprotocol websockets\n${secure}`;
  fs.writeFileSync(path.join(folder, 'mosquitto.conf'), configuration);
  const child = spawn('bash', ['-c', `ulimit -n hard; exec mosquitto -c ${path.join(folder, 'mosquitto.conf')}`],
    { stdio: 'ignore', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } });
  children.push(child);
  await listening(ports.wss);
  return { child, ports };
}

const resident = (pid) => Number(/^VmRSS:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;

// ---- the clients

const frame = (payload) => {
  const head = payload.length < 126 ? [0x82, 0x80 | payload.length] : [0x82, 0xfe, payload.length >> 8, payload.length & 255];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), payload]);
};
const UPGRADE = `GET /mqtt HTTP/1.1\r\nHost: ${HOST}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n';

let from = 1;

// An open connection of this kind whose CONNECT was accepted.
function open(kind, port, login, subscriptions) {
  const connect = generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, keepalive: 0, ...login });
  return new Promise((resolve, reject) => {
    const where = { host: HOST, port, localAddress: `127.0.0.${1 + (from++ % 200)}`, noDelay: true };
    const secure = kind === 'tls' || kind === 'wss';
    const socket = secure ? tls.connect({ ...where, ca: fs.readFileSync(file('tls', 'ca.pem')), servername: 'localhost' }) : net.connect(where);
    const web = kind === 'ws' || kind === 'wss';
    socket.once(secure ? 'secureConnect' : 'connect', () => socket.write(web ? UPGRADE : connect));
    socket.on('error', reject).once('close', () => reject(new Error(`${kind}: closed`)));
    let upgraded = !web;
    let seen = Buffer.alloc(0);
    socket.on('data', (data) => {
      seen = Buffer.concat([seen, data]);
      if (!upgraded) {
        const end = seen.indexOf('\r\n\r\n');
        if (end < 0) return;
        if (!seen.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101'))) reject(new Error(seen.toString()));
        upgraded = true;
        seen = seen.subarray(end + 4);
        socket.write(frame(connect));
        return;
      }
      const connack = seen.indexOf(Buffer.from([0x20, 2]));
      if (connack < 0 || seen.length < connack + 4) return;
      socket.removeAllListeners('data').removeAllListeners('close').removeAllListeners('error');
      socket.on('error', () => {}).on('data', acknowledge(socket, web));
      if (seen[connack + 3] !== 0) return reject(new Error(`CONNACK ${seen[connack + 3]}`));
      if (seen.length > connack + 4) socket.emit('data', seen.subarray(connack + 4));
      if (subscriptions) socket.write(generate({ cmd: 'subscribe', messageId: 1, subscriptions }));
      return resolve(socket);
    });
  });
}

// Answers to the server's QoS 2 messages, so that nothing is left in flight.
function acknowledge(socket, web) {
  let bytes = Buffer.alloc(0);
  return (data) => {
    bytes = web ? unframe(Buffer.concat([bytes, data])) : Buffer.concat([bytes, data]);
    const answers = [];
    while (bytes.length >= 2) {
      let size = 0;
      let place = 1;
      for (let shift = 0; place < bytes.length; shift += 7) {
        size |= (bytes[place] & 127) << shift;
        place += 1;
        if (bytes[place - 1] < 128) break;
      }
      if (bytes.length < place + size) break;
      const type = bytes[0] >> 4;
      const body = bytes.subarray(place, place + size);
      const qos = (bytes[0] >> 1) & 3;
      if (type === 3 && qos > 0) {
        const id = 2 + body.readUInt16BE(0);
        answers.push(Buffer.from([qos === 1 ? 0x40 : 0x50, 2, body[id], body[id + 1]]));
      } else if (type === 6) {
        answers.push(Buffer.from([0x70, 2, body[0], body[1]]));
      }
      bytes = Buffer.from(bytes.subarray(place + size));
    }
    if (answers.length > 0 && !socket.destroyed) socket.write(web ? frame(Buffer.concat(answers)) : Buffer.concat(answers));
  };
}

// The payload of whole, unmasked frames; what the gateway sends at once it sends in one frame, so nothing is left over here.
function unframe(bytes) {
  const parts = [];
  while (bytes.length >= 2) {
    const short = bytes[1] & 127;
    const head = short === 126 ? 4 : 2;
    const size = short === 126 ? bytes.readUInt16BE(2) : short;
    parts.push(bytes.subarray(head, head + size));
    bytes = bytes.subarray(head + size);
  }
  return Buffer.concat(parts);
}

// make(place) for each place of [begin, end), AT_ONCE at a time; the results in order.
async function each(begin, end, make) {
  const made = [];
  let next = begin;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < end) {
      const place = next;
      next += 1;
      made[place - begin] = await make(place);
    }
  }));
  return made;
}

// ---- devices: registered over the protocol, kept for the next run in the state folder

const inbox = (socket, pattern) => new Promise((resolve, reject) => {
  let seen = Buffer.alloc(0);
  const timer = setTimeout(() => reject(new Error(`no ${pattern}`)), ANSWER_MS);
  socket.on('data', (data) => {
    seen = Buffer.concat([seen, data]);
    const found = pattern.exec(seen.toString('latin1'));
    if (!found) return;
    clearTimeout(timer);
    resolve(found);
  });
});

async function registerBatch(port, size) {
  const outbox = file('outbox', 'sms.jsonl');
  const start = fs.existsSync(outbox) ? fs.statSync(outbox).size : 0;
  const forms = await each(0, size, async () => {
    const phone = `38${crypto.randomInt(1e10)}`.padEnd(12, '0');
    const socket = await open('tcp', port, { clientId: `reg_${crypto.randomUUID()}`, clean: true });
    const sent = inbox(socket, /sms_sent/);
    socket.write(generate({ cmd: 'publish', topic: REQUESTS, qos: 0,
      payload: encode(record('Auth', { dev_key: phone, phone, type: 'reg', os: 'web' })) }));
    await sent;
    return { phone, socket };
  });
  const codes = new Map();
  for (let left = 600; forms.some(({ phone }) => !codes.has(phone)); left -= 1) {
    if (left === 0) throw new Error('not all codes have been sent');
    await sleep(100);
    const whole = fs.readFileSync(outbox).subarray(start).toString('utf8').split('\n').slice(0, -1);
    whole.map((line) => JSON.parse(line)).forEach(({ to, code }) => codes.set(to, code));
  }
  // A busy server may refuse one; others are registered in its place.
  const registered = await each(0, size, async (place) => {
    const { phone, socket } = forms[place];
    // Two binaries: the client id, and the token of 64 (`@`) bytes.
    const login = inbox(socket, /(emqttd_[^\0]*?)m\0\0\0@([0-9a-f]{64})/);
    socket.write(generate({ cmd: 'publish', topic: REQUESTS, qos: 0, payload: encode(record('Auth', { type: 'verify', sms_code: codes.get(phone) })) }));
    const answer = await login.catch(() => undefined);
    socket.resetAndDestroy();
    return answer && { clientId: answer[1], token: answer[2] };
  });
  const made = registered.filter((device) => device);
  if (made.length === 0) throw new Error('nobody could be registered');
  return made;
}

async function devices(count) {
  const kept = file('idle-devices.json');
  const known = fs.existsSync(kept) ? JSON.parse(fs.readFileSync(kept, 'utf8')) : [];
  if (known.length < count) {
    const { child, ports } = await startGateway();
    while (known.length < count) {
      known.push(...await registerBatch(ports.tcp, Math.min(BATCH, count - known.length)));
      fs.writeFileSync(kept, JSON.stringify(known), { mode: 0o600 });
      process.stderr.write(`\rregistered ${known.length}`);
    }
    process.stderr.write('\n');
    child.kill('SIGKILL');
  }
  return known;
}

// ---- the measurement

async function measure(kind, start, login, subscriptions) {
  const { child, ports } = await start();
  const sockets = [];
  // What a process allocates once, with the first connections, is not theirs.
  const warm = await each(0, 50, (place) => open(kind, ports[kind], login(place), subscriptions));
  await sleep(500);
  warm.forEach((socket) => socket.destroy());
  await sleep(SETTLE_MS);
  const base = resident(child.pid);
  const figures = [];
  for (const count of counts) {
    sockets.push(...await each(sockets.length, count, (place) => open(kind, ports[kind], login(place), subscriptions)));
    await sleep(SETTLE_MS);
    const broken = sockets.filter((socket) => socket.destroyed).length;
    if (broken > 0) throw new Error(`${kind}: ${broken} of ${count} connections did not stay`);
    figures.push((resident(child.pid) - base) / count);
  }
  const gone = new Promise((resolve) => { child.once('exit', resolve); });
  child.kill('SIGKILL');
  await gone;
  sockets.forEach((socket) => socket.destroy());
  await sleep(500);
  return figures;
}

const found = [];
const cells = ({ connection, server, bytes }) =>
  [connection, server, ...counts.map((count) => `${(bytes[count] / 1024).toFixed(2)} KiB`)];
const known = kinds.includes('session') ? await devices(Math.max(...counts)) : [];
for (const kind of kinds) {
  const anonymous = (place) => ({ clientId: `emqttd_idle${place}`, clean: true });
  const authenticated = (place) => ({ clientId: known[place].clientId, username: 'api', password: Buffer.from(known[place].token), clean: false });
  const session = kind === 'session';
  const rows = [['gateway', startGateway, session ? authenticated : anonymous]];
  if (withMosquitto) {
    rows.push(['mosquitto', startMosquitto, (place) => ({ clientId: `idle${place}`, clean: !session }),
      session ? [0, 1, 2].map((topic) => ({ topic: `idle/${topic}`, qos: 2 })) : undefined]);
  }
  for (const [name, start, login, subscriptions] of rows) {
    const figures = await measure(kind, start, login, subscriptions);
    found.push({ connection: kind, server: name, bytes: Object.fromEntries(counts.map((count, place) => [count, figures[place]])) });
    process.stderr.write(`${cells(found.at(-1)).join('  ')}\n`);
  }
}
const line = (row) => `| ${row.join(' | ')} |`;
const head = ['connection', 'server', ...counts.map((count) => count.toLocaleString('en'))];
console.log(process.argv.includes('--json') ? JSON.stringify(found)
  : [line(head), line(head.map(() => '---')), ...found.map((row) => line(cells(row)))].join('\n'));
process.exit(0);
