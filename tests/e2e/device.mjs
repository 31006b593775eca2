// A device of a phone, on MQTT.js: registers, connects, sends terms and collects every message it gets.
// All waiting is for an event or a condition, with a limit; nothing here sleeps for a fixed time.

import crypto from 'node:crypto';
import mqtt from 'mqtt';
import { decode, encode } from './bert.mjs';
import { TIMEOUT_MS, codeFor, codesSentTo, endpoint } from './cluster.mjs';
import { format } from './erlang_text.mjs';
import { fieldsOf, nameOf, ok, record } from './records.mjs';

export const REQUESTS = 'events/1//api/anon//';

export const newPhone = () => `380${String(crypto.randomInt(1e9)).padStart(9, '0')}`;
export const newId = () => crypto.randomBytes(6).toString('hex');

// What a message is to a test: its topic, its term and the term's text.
class Received {
  constructor(topic, payload, packet) {
    Object.assign(this, { topic, payload, qos: packet.qos, dup: packet.dup, retain: packet.retain, taken: false });
    this.properties = packet.properties ?? {}; // of MQTT 5.0
    this.at = Date.now();
    this.term = decode(payload);
    this.text = format(this.term);
    this.record = nameOf(this.term);
    this.fields = fieldsOf(this.term);
  }
}

// Every connection ever made here; a test file ends them all when it is done, or Node would wait for them.
const connections = [];
export const endAll = () => connections.forEach((client) => client.end(true));

export class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

export class Device {
  constructor(clientId, { phone = '', token = '' } = {}) {
    Object.assign(this, { clientId, phone, token });
    this.inbox = []; // every message of every connection, in order of arrival
    this.waiters = new Set();
    this.client = null;
    this.phoneId = '';
  }

  get topic() { return `actions/1/api/${this.clientId}`; }

  // Connects to gateway `index`; resolves to CONNACK's session-present flag, throws Refused with CONNACK's code.
  async connect(index = 0, { clean = false, username = 'api', password = this.token, keepalive = 60, will,
    transport = 'tcp', address, protocolVersion = 4, properties } = {}) {
    const where = address ? { protocol: 'mqtt', host: address.split(':')[0], port: Number(address.split(':')[1]) } :
      endpoint(transport, index);
    const client = mqtt.connect({
      ...where, protocolVersion, properties, clientId: this.clientId, username, clean, keepalive,
      will, password: password || undefined, reconnectPeriod: 0, connectTimeout: TIMEOUT_MS, resubscribe: false,
    });
    this.client = client;
    connections.push(client);
    this.closed = new Promise((resolve) => { client.once('close', resolve); });
    client.on('message', (topic, payload, packet) => this.receive(new Received(topic, payload, packet)));
    const connack = await new Promise((resolve, reject) => {
      client.once('connect', resolve);
      client.once('error', (error) => reject(new Refused(error.code, error.message)));
      client.once('close', () => reject(new Refused(undefined, 'closed without CONNACK')));
    });
    client.on('error', () => {});
    client.on('disconnect', (packet) => { this.disconnected = packet; }); // the server's, of MQTT 5.0
    this.connack = connack;
    return connack.sessionPresent;
  }

  receive(message) {
    this.inbox.push(message);
    for (const waiter of [...this.waiters]) waiter(message);
  }

  // The first message not yet taken on a topic (null: any) that satisfies the predicate, waiting for it if need be. `from`:
  // the place in the inbox to start at.
  expect(topic, predicate = () => true, { timeoutMs = TIMEOUT_MS, from = 0 } = {}) {
    const fits = (message) => !message.taken && (topic === null || message.topic === topic) && predicate(message);
    const take = (message) => Object.assign(message, { taken: true });
    const here = this.inbox.slice(from).find(fits);
    if (here) return Promise.resolve(take(here));
    return new Promise((resolve, reject) => {
      const waiter = (message) => {
        if (!fits(message)) return;
        clearTimeout(timer);
        this.waiters.delete(waiter);
        resolve(take(message));
      };
      const timer = setTimeout(() => {
        this.waiters.delete(waiter);
        const seen = this.inbox.slice(-8).map((message) => `${message.topic} ${message.text.slice(0, 300)}`).join('\n  ');
        reject(new Error(`${this.clientId}: nothing on ${topic} within ${timeoutMs} ms; ${predicate}; last:\n  ${seen}`));
      }, timeoutMs);
      this.waiters.add(waiter);
    });
  }

  // Publishes bytes or a term as a request; resolves when the server has acknowledged it.
  send(term, { qos = 1, topic = REQUESTS, properties } = {}) {
    const payload = Buffer.isBuffer(term) ? term : encode(term);
    return new Promise((resolve, reject) => {
      this.client.publish(topic, payload, { qos, properties }, (error) => (error ? reject(error) : resolve()));
    });
  }

  // Sends a request and returns the answer on the client topic: what comes there from now on.
  async ask(term, predicate = (message) => message.record === 'io') {
    const answer = this.expect(this.topic, predicate, { from: this.inbox.length });
    this.send(term).catch(() => {}); // a closed connection shows as a missing answer
    return answer;
  }

  // Everything that was sent to this device before has arrived when the answer to this request has.
  async fence() {
    await this.ask(record('Profile', { status: 'get' }),
      ({ record: name, fields }) => name === 'Profile' && fields.status === 'get');
  }

  // Return codes of a SUBSCRIBE, one per filter.
  subscribe(filters, qos = 2) {
    return new Promise((resolve, reject) => {
      this.client.subscribe(filters, { qos }, (error, granted, packet) => {
        if (packet?.granted) resolve(packet.granted);
        else if (granted) resolve(granted.map((entry) => entry.qos));
        else reject(error);
      });
    });
  }

  async disconnect() {
    await this.client.endAsync();
  }

  // Closes the socket without a DISCONNECT.
  async drop() {
    this.client.stream.destroy();
    await this.closed;
  }

  // Messages on a topic, in order of arrival, taken or not.
  on(topic, predicate = () => true) {
    return this.inbox.filter((message) => message.topic === topic && predicate(message));
  }
}

export const authReg = (phone, more = {}) => record('Auth', { dev_key: `key_${newId()}`, phone, type: 'reg', os: 'web', ...more });
export const authVerify = (code, more = {}) => record('Auth', { type: 'verify', sms_code: code, ...more });
export const isLogin = ({ record: name, text }) => name === 'io' && text.startsWith('{io,{ok2,login,');
export const isProfile = (status) => ({ record: name, fields }) => name === 'Profile' && fields.status === status;

// A registering connection for a phone: {device, id}.
export async function registering(index = 0, id = newId()) {
  const device = new Device(`reg_${id}`);
  await device.connect(index, { clean: true });
  return { device, id };
}

// Registers a new device of a phone; the device is not connected yet, but knows its client id and token.
export async function register(phone = newPhone(), index = 0) {
  const before = codesSentTo(phone).length;
  const { device: form } = await registering(index);
  const sent = await form.ask(authReg(phone));
  if (sent.text !== ok('sms_sent')) throw new Error(`Auth/reg: ${sent.text}`);
  const login = await form.ask(authVerify(await codeFor(phone, before + 1)));
  if (!isLogin(login)) throw new Error(`Auth/verify: ${login.text}`);
  const profile = await form.expect(form.topic, isProfile('init'));
  await form.disconnect();
  const [clientId, token] = login.term.items[1].items[2].items.map(String);
  const device = new Device(clientId, { phone, token });
  const roster = profile.fields.rosters[0];
  device.rosterId = typeof roster === 'number' ? roster : fieldsOf(roster).id;
  device.phoneId = `${phone}_${device.rosterId}`;
  return device;
}

// A registered device on gateway `index`, its Profile received.
export async function online(phone = newPhone(), index = 0, options = {}) {
  const device = await register(phone, index);
  await device.connect(index, options);
  await device.expect(device.topic, isProfile('init'));
  return device;
}

export const isContact = (phoneId, status) => ({ record: name, fields }) => name === 'Contact' && fields.phone_id === phoneId &&
  fields.status === status;

// Makes two devices' rosters friends; every one of `watchers` (devices of either phone) has been told when it returns.
export async function befriend(one, other, watchers = []) {
  await one.send(record('Friend', { phone_id: one.phoneId, friend_id: other.phoneId, status: 'request' }));
  await other.expect(`ses/${other.phone}`, isContact(one.phoneId, 'authorization'));
  const reply = await other.ask(record('Friend', { phone_id: other.phoneId, friend_id: one.phoneId, status: 'confirm' }));
  if (reply.text !== '{io,{ok,added},{ok,added}}') throw new Error(`Friend/confirm: ${reply.text}`);
  await Promise.all([one, other, ...watchers].map((device) => device.expect(`ses/${device.phone}`,
    isContact(device.phone === one.phone ? other.phoneId : one.phoneId, 'friend'))));
}
