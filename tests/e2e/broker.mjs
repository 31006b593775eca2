// A client of any MQTT broker: a client id of its own, no token (PROTOCOL 1.10).

import mqtt from 'mqtt';
import { TIMEOUT_MS, eventually, gateway } from './cluster.mjs';
import { newId } from './device.mjs';

const clients = [];

export const endBrokers = () => clients.forEach((client) => client.end(true));

// Connected to gateway `index`. messages: {topic, text, qos, retain, dup, properties} in order of arrival.
export async function broker(index = 0, options = {}) {
  const [host, port] = gateway(index).split(/:(?=\d+$)/);
  const client = mqtt.connect({ protocol: 'mqtt', host, port: Number(port), protocolVersion: 5, clientId: `c${newId()}`,
    reconnectPeriod: 0, connectTimeout: TIMEOUT_MS, resubscribe: false, clean: true, ...options });
  clients.push(client);
  client.messages = [];
  client.on('message', (topic, payload, { qos, retain, dup, properties = {} }) => client.messages.push({ topic, text: payload.toString(), qos, retain, dup, properties }));
  client.on('disconnect', (packet) => { client.disconnected = packet; });
  client.closed = new Promise((resolve) => { client.once('close', resolve); });
  const connack = await new Promise((resolve, reject) => {
    client.once('connect', resolve);
    client.once('error', reject);
  });
  client.on('error', () => {});
  client.present = connack.sessionPresent;
  client.get = (text) => eventually(`${text} at ${client.options.clientId}`, () => client.messages.find((message) => message.text === text));
  return client;
}

export const texts = (client) => client.messages.map(({ text }) => text);
