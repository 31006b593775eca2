// Servers that are not ours behind media: objects in S3 (s3rver, which reads signatures but does not compute those of version 4: sigv4_test
// holds them against botocore), credentials of STS whose request a signer that is not ours has
// checked (botocore), and TURN credentials that a real coturn takes.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { after, before, test } from 'node:test';
import S3rver from 's3rver';
import { eventually, freePort, killHard, up } from './cluster.mjs';
import { befriend, endAll, newId, newPhone, online } from './device.mjs';
import { error, fieldsOf, p2p, p2pTopic, record } from './records.mjs';

const run = promisify(execFile);
const KEY = 'S3RVER';
const ROLE = 'arn:aws:iam::1:role/chat';
const TURN_SECRET = 'north-by-northwest';
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'media-servers-'));
const checker = fileURLToPath(new URL('check_sts_signature.py', import.meta.url));
const sts = { answer: null, requests: [] };
let s3, stsServer, turn, turnPort;

function credentials() {
  const expiration = new Date(Date.now() + 3600000).toISOString().replace(/\.\d+Z/, 'Z');
  return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
    <AccessKeyId>ASIA${sts.requests.length}</AccessKeyId><SecretAccessKey>s&amp;cret</SecretAccessKey>
    <SessionToken>token</SessionToken><Expiration>${expiration}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;
}

async function serveSts(request, response) {
  let body = '';
  for await (const part of request) body += part;
  sts.requests.push({ body, form: new URLSearchParams(body) });
  const { stdout } = await run('/usr/bin/python3', [checker, JSON.stringify({
    url: `http://${request.headers.host}${request.url}`, headers: request.headers, body, access: KEY, secret: KEY, region: 'us-east-1' })]);
  if (stdout.trim() !== 'ok') response.writeHead(403).end(`<Error><Code>${stdout.trim()}</Code></Error>`);
  else if (sts.answer) response.writeHead(sts.answer).end('<Error><Code>AccessDenied</Code></Error>');
  else response.writeHead(200).end(credentials());
}

before(async () => {
  s3 = new S3rver({ address: '127.0.0.1', port: 0, silent: true, directory: folder, vhostBuckets: false,
    configureBuckets: [{ name: 'chat' }] });
  const s3Address = await s3.run();
  stsServer = http.createServer(serveSts);
  await new Promise((resolve) => { stsServer.listen(0, '127.0.0.1', resolve); });
  turnPort = await freePort();
  turn = spawn('turnserver', ['-n', '--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', `--listening-port=${turnPort}`,
    '--use-auth-secret', `--static-auth-secret=${TURN_SECRET}`, '--realm=chat', '--no-tls', '--no-dtls', '--no-cli',
    '--allow-loopback-peers', `--pidfile=${path.join(folder, 'turn.pid')}`, `--log-file=${path.join(folder, 'turn.log')}`, '--simple-log'],
  { stdio: 'ignore' });
  killHard('media-1');
  await up(['s3_bucket=chat', 's3_prefix=up/', `s3_access_key=${KEY}`, `s3_secret_key=${KEY}`,
    `s3_endpoint=http://127.0.0.1:${s3Address.port}`, `sts_endpoint=http://127.0.0.1:${stsServer.address().port}`,
    `sts_role_arn=${ROLE}`, `turn_uri=turn:127.0.0.1:${turnPort}`, `turn_secret=${TURN_SECRET}`]
    .flatMap((setting) => ['--set', `media.${setting}`]));
});

after(async () => {
  endAll();
  turn.kill();
  stsServer.close();
  await s3.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

const desc = (id, more = {}) => record('Desc', { id, mime: 'image', filename: `${id}.png`, ...more });
const filesOf = ({ fields }) => fields.files.map(fieldsOf);
const isMessage = (status) => ({ record: name, fields }) => name === 'Message' && fields.status === status;

// The `link` Message of an upload. Media has just been started anew: until messaging has found it the request is not acknowledged,
// and repeated.
function begin(from, to, files) {
  const upload = record('Message', { feed_id: p2p(from.phoneId, to.phoneId), msg_id: newId(), from: from.phoneId, to: to.phoneId,
    files, status: 'upload' });
  return eventually('messaging to find media', async () => {
    if (!from.client.connected) await from.connect(0);
    const answer = from.expect(from.topic, isMessage('link'), { from: from.inbox.length, timeoutMs: 3000 }).catch(() => undefined);
    from.send(upload).catch(() => {});
    return Promise.race([answer, from.closed.then(() => undefined)]);
  });
}

test('the parts of an upload lie in S3 and are reached by presigned links', async () => {
  const [anna, boris] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  await befriend(anna, boris);
  const link = await begin(anna, boris, [desc('photo'), desc('other')]);
  const [photo, other] = filesOf(link).map((file) => file.payload);
  assert.match(photo, /\/chat\/up\/[0-9a-f]{32}\?X-Amz-Algorithm=AWS4-HMAC-SHA256&/);
  const complete = (files) => record('Message', { id: link.fields.id, files, status: 'complete' });
  assert.equal((await anna.ask(complete([desc('photo')]))).text, error('invalid_data'), 'nothing is there yet');
  for (const [url, text] of [[photo, 'a photo'], [other, 'another']]) {
    assert.equal((await fetch(url, { method: 'PUT', body: text, headers: { 'content-type': 'image/png' } })).status, 200);
  }
  assert.equal((await anna.ask(complete([desc('photo', { size: 8 })]))).text, error('invalid_data'));
  await anna.send(complete([desc('photo', { size: 7 }), desc('other', { payload: other })]));
  const sent = await boris.expect(p2pTopic(anna.phoneId, boris.phoneId), isMessage('sent'));
  assert.deepEqual(filesOf(sent).map((file) => file.size), [7, 7]);
  const got = await fetch(filesOf(sent)[0].payload);
  assert.equal(await got.text(), 'a photo');
  assert.match(got.headers.get('content-disposition') ?? '', /^attachment; filename="photo.png"/);
  const name = new URL(photo).pathname.split('/').at(-1);
  const byToken = await fetch(`${process.env.CHAT_MEDIA.split(' ')[0]}/file/${name}`,
    { headers: { authorization: `Bearer ${boris.token}` } });
  assert.equal(await byToken.text(), 'a photo', 'redirected to S3');
});

test('Profile/aws answers temporary credentials, once asked for and then kept', async () => {
  const anna = await online();
  const aws = record('Profile', { phone: anna.phone, status: 'aws' });
  sts.requests.length = 0;
  const added = await anna.ask(aws);
  assert.equal(added.text, "{io,{ok,aws},{'Service',[],aws,[],[],[],[],added}}");
  const isVerified = ({ record: name, text }) => name === 'io' && text.includes(',verified}');
  const verified = await anna.expect(anna.topic, isVerified);
  const service = fieldsOf(verified.term.items[2]);
  assert.deepEqual([service.id, service.login, service.password, service.type], ['ASIA1', 's&cret', 'token', 'aws']);
  assert.ok(service.expiration > Date.now() && service.expiration < Date.now() + 3700000);
  const { form } = sts.requests[0];
  assert.deepEqual([form.get('Action'), form.get('RoleArn'), form.get('DurationSeconds')], ['AssumeRole', ROLE, '3600']);
  assert.match(JSON.parse(form.get('Policy')).Statement[0].Resource, /^arn:aws:s3:::chat\/up\/users\/\d+\/\*$/);
  const again = await anna.ask(aws);
  assert.equal(again.text, verified.text);
  assert.equal(sts.requests.length, 1);
  assert.equal((await anna.ask(record('Profile', { phone: newPhone(), status: 'aws' }))).text, error('not_authorized'));
});

test('Profile/aws says so when the provider fails', async () => {
  const anna = await online();
  sts.answer = 403;
  await anna.ask(record('Profile', { phone: anna.phone, status: 'aws' }));
  await anna.expect(anna.topic, ({ text }) => text === error('aws'));
  sts.answer = null;
});

test('coturn takes the TURN credentials and refuses others', async () => {
  const anna = await online();
  const answer = await anna.ask(record('Call', { status: 'turn' }));
  const service = fieldsOf(answer.term.items[2]);
  assert.deepEqual([service.id, service.type, service.status], [`turn:127.0.0.1:${turnPort}`, 'turn', 'added']);
  assert.equal(Number(service.login.split(':')[0]) * 1000, service.expiration);
  const relay = async (password) => {
    const { stdout } = await run('turnutils_uclient', ['-y', '-n', '2', '-m', '1', '-c', '-X', '-u', service.login, '-w', password,
      '-p', String(turnPort), '127.0.0.1'], { timeout: 60000 }).catch((failure) => failure);
    return stdout ?? '';
  };
  assert.match(await relay(service.password), /tot_recv_msgs=[1-9]/);
  assert.doesNotMatch(await relay('wrong'), /tot_recv_msgs=[1-9]/);
});

test('with a certificate the listener speaks HTTPS, and curl uploads and reads', async () => {
  const [cert, key, file] = ['cert.pem', 'key.pem', 'a.bin'].map((name) => path.join(folder, name));
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=media',
    '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert]);
  const [anna, boris] = await Promise.all([online(newPhone(), 0), online(newPhone(), 1)]);
  await befriend(anna, boris);
  killHard('media-1');
  await up(['--set', 'media.s3_endpoint=', '--set', `media.http_tls_cert=${cert}`, '--set', `media.http_tls_key=${key}`]);
  const link = await begin(anna, boris, [desc('a')]);
  const [{ payload: write }] = filesOf(link);
  assert.match(write, /^https:/);
  const bytes = Buffer.alloc(3 * 1024 * 1024, 'abcdefg');
  fs.writeFileSync(file, bytes);
  const curl = async (...options) => (await run('curl', ['-sS', '--cacert', cert, '-w', '%{http_code}', ...options],
    { encoding: 'buffer', maxBuffer: 2 ** 26 })).stdout;
  assert.equal(String(await curl('-T', file, write)), '200');
  await anna.send(record('Message', { id: link.fields.id, files: [desc('a', { size: bytes.length })], status: 'complete' }));
  const sent = await boris.expect(p2pTopic(anna.phoneId, boris.phoneId), isMessage('sent'));
  const got = await curl(filesOf(sent)[0].payload);
  assert.ok(got.equals(Buffer.concat([bytes, Buffer.from('200')])));
});
