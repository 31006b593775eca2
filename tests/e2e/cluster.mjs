// The cluster under test: its addresses from cluster.env (as environment variables), its processes, metrics and logs.

import { execFile, spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LOCAL = fileURLToPath(new URL('../../deploy/local/', import.meta.url));
export const TIMEOUT_MS = 20000;

function variable(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run under tests/e2e/cluster run NAME …`);
  return value;
}

const isFree = (port) => new Promise((resolve) => {
  const server = net.createServer();
  server.once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
});

// For a listener of the test's own, on loopback. Not one that the system gives to connections: one of those could take it meanwhile.
export async function freePort() {
  const [lowest, highest] = fs.readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split('\t').map(Number);
  for (let tries = 0; tries < 1000; tries += 1) {
    const port = crypto.randomInt(20000, 65536);
    if (!(lowest <= port && port <= highest) && await isFree(port)) return port;
  }
  throw new Error('no port is free');
}

const state = () => variable('CHAT_STATE');

// host:port of gateway 1, 2, … (index from 0).
export function gateway(index) {
  const all = variable('CHAT_MQTT').split(' ');
  return all[index % all.length];
}

// How to reach gateway `index` over tcp, tls, ws or wss, as options of MQTT.js.
export function endpoint(transport, index) {
  if (transport === 'tcp' || transport === 'tls') {
    const all = variable(transport === 'tcp' ? 'CHAT_MQTT' : 'CHAT_MQTTS').split(' ');
    const [host, port] = all[index % all.length].split(/:(?=\d+$)/);
    const mine = { protocol: transport === 'tcp' ? 'mqtt' : 'mqtts', host, port: Number(port) };
    return transport === 'tcp' ? mine : { ...mine, ca: authority() };
  }
  const all = variable(transport === 'ws' ? 'CHAT_WS' : 'CHAT_WSS').split(' ');
  const { hostname, port, pathname } = new URL(all[index % all.length]);
  const mine = { protocol: transport, host: hostname, port: Number(port), path: pathname };
  return transport === 'ws' ? mine : { ...mine, ca: authority() };
}

export const authority = () => fs.readFileSync(variable('CHAT_CA'));
export const n2o = (index) => variable('CHAT_N2O').split(' ').at(index);
export const stateFile = (...parts) => path.join(state(), ...parts);

export const pidOf = (name) => Number(fs.readFileSync(path.join(state(), 'pids', `${name}.pid`), 'utf8'));

export function killHard(name) {
  process.kill(pidOf(name), 'SIGKILL');
}

// Starts again what does not run, with the settings and ports that the cluster has, and further options of deploy/local/up.
export async function up(options = []) {
  await run(path.join(LOCAL, 'up'), ['--state', state(), '--timeout', '120', ...options], { env: { ...process.env } });
  return fs.readFileSync(path.join(state(), 'cluster.env'), 'utf8');
}

// Repeats look() until it returns something; fails with `what` after TIMEOUT_MS.
export async function eventually(what, look) {
  const deadline = Date.now() + TIMEOUT_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false && found !== null) return found;
    if (Date.now() > deadline) throw new Error(`not within ${TIMEOUT_MS} ms: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}

function outbox(kind) {
  try {
    return fs.readFileSync(path.join(variable('CHAT_OUTBOX'), `${kind}.jsonl`), 'utf8').trim().split('\n')
      .filter((line) => line !== '').map((line) => JSON.parse(line));
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

export const codesSentTo = (phone, kind = 'sms') => outbox(kind).filter(({ to }) => to === phone);

// The newest code for a phone, when at least `count` codes have gone out to it.
export async function codeFor(phone, count = 1) {
  return eventually(`${count} codes for ${phone}`, () => {
    const sent = codesSentTo(phone);
    return sent.length >= count ? sent.at(-1).code : undefined;
  });
}

// A page over a connection of its own: a kept one may be closed by the server just when it is used again.
function page(url) {
  return new Promise((resolve, reject) => {
    http.get(url, { agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => { text += part; });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    }).on('error', reject);
  });
}

// Every sample of the gauges and counters of one process: "name{labels}" -> value.
export async function figures(process) {
  const [, address] = variable('CHAT_METRICS').split(' ').map((entry) => entry.split('=')).find(([name]) => name === process);
  const samples = (await page(`http://${address}/metrics`)).matchAll(/^([a-zA-Z_:][\w:]*(?:\{.*\})?) (\S+)/gm);
  return new Map(Array.from(samples, ([, name, value]) => [name, Number(value)]));
}

// Every counter of every process: "process name{labels}" -> value.
export async function counters() {
  const found = new Map();
  await Promise.all(variable('CHAT_METRICS').split(' ').map(async (entry) => {
    const [name, address] = entry.split('=');
    const text = await page(`http://${address}/metrics`);
    let type = '';
    for (const line of text.split('\n')) {
      const declared = /^# TYPE \S+ (\S+)/.exec(line);
      const sample = /^([a-zA-Z_:][\w:]*(?:\{.*\})?) (\S+)/.exec(line);
      if (declared) type = declared[1];
      else if (sample && type === 'counter') found.set(`${name} ${sample[1]}`, Number(sample[2]));
    }
  }));
  return found;
}

// Where the logs end now; linesSince(mark) are the lines written after it, each as "process: line".
export function markLogs() {
  const folder = path.join(state(), 'log');
  return new Map(fs.readdirSync(folder).map((name) => [name, fs.statSync(path.join(folder, name)).size]));
}

export function linesSince(mark) {
  const folder = path.join(state(), 'log');
  return fs.readdirSync(folder).flatMap((name) => fs.readFileSync(path.join(folder, name)).subarray(mark.get(name) ?? 0)
    .toString('utf8').split('\n').filter((line) => line !== '').map((line) => `${name.replace('.log', '')}: ${line}`));
}

// A transaction that holds every table of a schema against writers until release() is called.
export async function lockSchema(schema) {
  const session = spawn('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', variable('CHAT_PG')]);
  let output = '';
  const locked = new Promise((resolve, reject) => {
    session.stdout.on('data', (data) => {
      output += data;
      if (output.includes('locked')) resolve();
    });
    session.stderr.on('data', (data) => { output += data; });
    session.on('exit', () => reject(new Error(`psql: ${output}`)));
  });
  session.stdin.write(`begin;
    do $$ declare name text; begin
      for name in select format('%I.%I', table_schema, table_name) from information_schema.tables
                  where table_schema = '${schema}' and table_type = 'BASE TABLE' loop
        execute 'lock table ' || name || ' in exclusive mode';
      end loop;
    end $$;
    select 'locked';\n`);
  await locked;
  return {
    release: () => new Promise((resolve) => {
      session.on('exit', resolve);
      session.stdin.end('rollback;\n');
    }),
  };
}

export async function query(statement) {
  const { stdout } = await run('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', variable('CHAT_PG'), '-c', statement]);
  return stdout.trim();
}

// The path of a binary that is built beside those of the cluster; undefined when it is not there.
export function binary(name) {
  const { binaries } = JSON.parse(fs.readFileSync(path.join(state(), 'cluster.json'), 'utf8')).settings;
  const file = path.join(binaries ?? '', name);
  return binaries && fs.existsSync(file) ? file : undefined;
}
