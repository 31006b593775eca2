// A client that sends what it likes: bytes over TCP, TLS or what a test made, and MQTT packets where it wants them well formed.

import net from 'node:net';
import tls from 'node:tls';
import { generate, parser } from 'mqtt-packet';
import { TIMEOUT_MS, authority, gateway } from './cluster.mjs';

const sockets = new Set();
export const endRaw = () => sockets.forEach((socket) => socket.destroy());

export class Raw {
  constructor(socket) {
    this.socket = socket;
    this.packets = [];
    this.bytes = Buffer.alloc(0);
    this.waiters = new Set();
    const parse = parser({ protocolVersion: 4 });
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
  static async tcp(where = 0, from = undefined) {
    const [host, port] = (typeof where === 'number' ? gateway(where) : where).split(/:(?=\d+$)/);
    const socket = net.connect({ host, port: Number(port), localAddress: from, noDelay: true });
    const raw = new Raw(socket);
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
    return this.send(Buffer.concat(packets.map((packet) => generate(packet))));
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
