// A client of a general broker that sends and acknowledges what its test says, packet by packet, in 3.1.1 or 5.0.

import { TIMEOUT_MS } from './cluster.mjs';
import { newId } from './device.mjs';
import { Raw } from './raw.mjs';

const ANSWERS = { 1: 'puback', 2: 'pubrec' };

export class Peer {
  constructor(raw, clientId, acks) {
    Object.assign(this, { raw, clientId, acks, connack: null, lastId: 0, seen: 0, taken: new Set() });
    raw.waiters.add(() => this.acknowledge());
  }

  // To gateway `index`; `acks`: it acknowledges by itself; the rest are fields of CONNECT. Resolves when CONNACK is there.
  static async connect({ index = 0, version = 4, acks = true, clientId = `c${newId()}`, ...fields } = {}) {
    const peer = new Peer(await Raw.tcp(index, undefined, version), clientId, acks);
    await peer.send({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: version, clean: true, clientId, keepalive: 0, ...fields });
    peer.connack = await peer.next('connack');
    return peer;
  }

  get present() { return this.connack.sessionPresent; }

  acknowledge() {
    for (; this.seen < this.raw.packets.length; this.seen += 1) {
      const { cmd, qos, messageId } = this.raw.packets[this.seen];
      if (!this.acks) continue;
      if (cmd === 'publish' && qos > 0) this.send({ cmd: ANSWERS[qos], messageId });
      if (cmd === 'pubrel') this.send({ cmd: 'pubcomp', messageId });
    }
  }

  send(...packets) { return this.raw.packet(...packets); }

  bytes(bytes) { return this.raw.send(bytes); }

  // The first packet of this type that no other call has been given.
  async next(cmd, wanted = () => true) {
    const found = (packet) => packet.cmd === cmd && !this.taken.has(packet) && wanted(packet) && this.taken.add(packet);
    try {
      return await this.raw.expect(found);
    } catch (error) {
      throw new Error(`${this.clientId}: no ${cmd}: ${error.message}; messages: ${JSON.stringify(this.texts())}`);
    }
  }

  // The PUBLISH with this payload.
  get(text) { return this.next('publish', ({ payload }) => payload.toString() === text); }

  // Payloads of every PUBLISH so far, those of fences left out.
  texts() { return this.messages().map(({ payload }) => payload.toString()); }

  messages() { return this.raw.packets.filter(({ cmd, topic }) => cmd === 'publish' && !topic.startsWith('fence/')); }

  nextId() {
    this.lastId = this.lastId % 65535 + 1;
    return this.lastId;
  }

  // Resolves to the server's codes. Filters are texts, or objects with options of their own.
  async subscribe(filters, { properties, ...options } = {}) {
    const messageId = this.nextId();
    const subscriptions = [filters].flat().map((filter) => ({ qos: 0, ...options, ...(filter.topic ? filter : { topic: filter }) }));
    await this.send({ cmd: 'subscribe', messageId, subscriptions, properties });
    return (await this.next('suback', (packet) => packet.messageId === messageId)).granted;
  }

  // Resolves to UNSUBACK.
  async unsubscribe(filters) {
    const messageId = this.nextId();
    await this.send({ cmd: 'unsubscribe', messageId, unsubscriptions: [filters].flat() });
    return this.next('unsuback', (packet) => packet.messageId === messageId);
  }

  // Resolves at the end of the handshake to its first answer: PUBACK or PUBREC.
  async publish(topic, payload, { qos = 0, ...fields } = {}) {
    const messageId = qos > 0 ? this.nextId() : undefined;
    await this.send({ cmd: 'publish', topic, payload, qos, retain: false, dup: false, messageId, ...fields });
    if (qos === 0) return null;
    const mine = (packet) => packet.messageId === messageId;
    const answer = await this.next(ANSWERS[qos], mine);
    if (qos === 2 && (answer.reasonCode ?? 0) < 0x80) {
      await this.send({ cmd: 'pubrel', messageId });
      await this.next('pubcomp', mine);
    }
    return answer;
  }

  // The server has handled all that was sent before.
  async ping() {
    await this.send({ cmd: 'pingreq' });
    await this.next('pingresp');
  }

  // Whatever was acknowledged to its publisher before this call has come by now, if it comes at all, and so has what is retained
  // for the subscriptions. Resolves to texts().
  async settled() {
    const fence = `fence/${newId()}`;
    const behind = async (wanted) => {
      const { messageId } = await this.next('publish', (packet) => packet.topic === fence && wanted(packet));
      if (!this.acks) await this.send({ cmd: 'puback', messageId });
    };
    await this.publish(fence, 'retained', { qos: 1, retain: true });
    await this.subscribe(fence, { qos: 1 });
    await behind(({ retain }) => retain);
    await this.publish(fence, 'live', { qos: 1 });
    await behind((packet) => packet.payload.toString() === 'live');
    await this.unsubscribe(fence);
    await this.publish(fence, '', { qos: 1, retain: true });
    return this.texts();
  }

  async disconnect(fields = {}) {
    await this.send({ cmd: 'disconnect', ...fields });
    await this.raw.closed;
  }

  // Without DISCONNECT.
  async drop() {
    this.raw.destroy();
    await this.raw.closed;
  }

  isClosed(timeoutMs = TIMEOUT_MS) { return this.raw.isClosed(timeoutMs); }
}

export const will = (topic, payload, options = {}) => ({ topic, payload: Buffer.from(payload), qos: 1, retain: false, ...options });

export const text = ({ payload }) => payload.toString();

// What the server says when it ends the connection.
export async function ended(client) {
  await client.raw.closed;
  const last = client.raw.packets.at(-1);
  return last.cmd === 'disconnect' ? last.reasonCode : last.cmd;
}
