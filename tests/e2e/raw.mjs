// A client that sends what it likes: bytes over TCP, TLS or what a test made, and MQTT packets where it wants them well formed.
// `version` is the level of the protocol: 4 (3.1.1) or 5.

import net from 'node:net';
import tls from 'node:tls';
import { generate, parser } from 'mqtt-packet';
import { TIMEOUT_MS, authority, gateway } from './cluster.mjs';

const sockets = new Set();
export const endRaw = () => sockets.forEach((socket) => socket.destroy());

export class Raw {
  constructor(socket, version = 4) {
    this.socket = socket;
    this.version = version;
    this.packets = [];
    this.bytes = Buffer.alloc(0);
    this.waiters = new Set();
    const parse = parser({ protocolVersion: version });
    parse.on('packet', (packet) => this.packets.push(packet));
    parse.on('error', () => {});
    sockets.add(socket);
    this.closed = new Promise((resolve) => { socket.once('close', resolve); });
    this.closed.then(() => sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (data) => {
      this.bytes = Buffer.concat([this.bytes, data]);
      parse.parse(data);
      this.look();
    });
    this.closed.then(() => this.look());
  }

  // Over TCP to gateway `index`, or to host:port; from another address of this machine, such as 127.0.0.2.
  static async tcp(where = 0, from = undefined, version = 4) {
    const [host, port] = (typeof where === 'number' ? gateway(where) : where).split(/:(?=\d+$)/);
    const socket = net.connect({ host, port: Number(port), localAddress: from, noDelay: true });
    const raw = new Raw(socket, version);
    await new Promise((resolve, reject) => { socket.once('connect', resolve).once('error', reject); });
    return raw;
  }

  static async tls(address) {
    const [host, port] = address.split(/:(?=\d+$)/);
    const socket = tls.connect({ host, port: Number(port), ca: authority() });
    const raw = new Raw(socket);
    await new Promise((resolve, reject) => { socket.once('secureConnect', resolve).once('error', reject); });
    return raw;
  }

  look() {
    for (const waiter of [...this.waiters]) waiter();
  }

  send(bytes) {
    return new Promise((resolve) => { this.socket.write(bytes, resolve); });
  }

  packet(...packets) {
    return this.send(Buffer.concat(packets.map((packet) => generate(packet, { protocolVersion: this.version }))));
  }

  // CONNECT of an anonymous client; resolves to CONNACK.
  async connect(options = {}) {
    await this.packet(connect(options));
    return this.expect((packet) => packet.cmd === 'connack');
  }

  // The first packet received that satisfies the predicate.
  expect(predicate, timeoutMs = TIMEOUT_MS) {
    return new Promise((resolve, reject) => {
      const done = (finish, value) => {
        clearTimeout(timer);
        this.waiters.delete(look);
        finish(value);
      };
      const look = () => {
        const found = this.packets.find(predicate);
        if (found) done(resolve, found);
        else if (this.socket.destroyed) done(reject, new Error(`closed; had ${JSON.stringify(this.packets.map(({ cmd }) => cmd))}`));
      };
      const timer = setTimeout(() => done(reject, new Error(`not within ${timeoutMs} ms`)), timeoutMs);
      this.waiters.add(look);
      look();
    });
  }

  // Whether the server closes it within the time.
  async isClosed(timeoutMs = TIMEOUT_MS) {
    let timer;
    const late = new Promise((resolve) => { timer = setTimeout(() => resolve(false), timeoutMs); });
    const closed = await Promise.race([this.closed.then(() => true), late]);
    clearTimeout(timer);
    return closed;
  }

  destroy() {
    this.socket.destroy();
  }
}

let next = 0;
export const anonymousId = () => `emqttd_raw${process.pid}x${next++}`;

export const connect = (options = {}) => ({
  cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId: anonymousId(), keepalive: 0, ...options,
});

// ---- packets that mqtt-packet would not make -------------------------------------------------------------------------------

export const number = (value, size = 2) => Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex');

export const variable = (value) => Buffer.from(value < 128 ? [value] : [value % 128 | 128, ...variable(value >> 7)]);

// Text or bytes behind their length.
export function field(value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([number(bytes.length), bytes]);
}

// The fixed header and what it announces; parts are bytes, or text of hexadecimal digits.
export function rawPacket(first, ...parts) {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part)));
  return Buffer.concat([Buffer.from([first]), variable(body.length), body]);
}

// CONNECT; `payload` follows the client identifier. 5.0 has `properties`, in hexadecimal digits.
export function rawConnect({ level = 4, name = 'MQTT', flags = 0x02, keepalive = 0, properties = '', clientId = anonymousId(),
  payload = [], first = 0x10 } = {}) {
  const bytes = Buffer.from(properties, 'hex');
  return rawPacket(first, field(name), Buffer.from([level, flags]), number(keepalive),
    ...(level === 5 ? [variable(bytes.length), bytes] : []), field(clientId), ...payload);
}
