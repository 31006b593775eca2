// The tests' own codec against the golden vectors made by real Erlang.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { MalformedTerm, decode, encode } from './bert.mjs';
import { format } from './erlang_text.mjs';
import { fieldsOf, nameOf } from './records.mjs';

const FOLDER = new URL('../contract/vectors/', import.meta.url);

function vectors(name) {
  return fs.readFileSync(new URL(`${name}.jsonl`, FOLDER), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
}

const files = fs.readdirSync(FOLDER).filter((name) => name.endsWith('.jsonl')).map((name) => name.replace('.jsonl', ''));

for (const file of files.filter((name) => name !== 'malformed' && name !== 'policy')) {
  test(`${file}: every vector decodes to its term and encodes canonically`, () => {
    const all = vectors(file);
    assert.ok(all.length > 0);
    for (const { name, hex, term, canonical } of all) {
      const decoded = decode(Buffer.from(hex, 'hex'));
      if (file !== 'codec_large') assert.equal(format(decoded), term, name);
      const encoded = encode(decoded).toString('hex');
      if (canonical) assert.equal(encoded, hex, name);
      else assert.equal(format(decode(Buffer.from(encoded, 'hex'))), term, name);
    }
  });
}

test('every malformed vector is refused', () => {
  const all = vectors('malformed');
  assert.ok(all.length > 100);
  for (const { name, hex } of all) assert.throws(() => decode(Buffer.from(hex, 'hex')), MalformedTerm, name);
});

test('the examples of the wire reference: term, bytes and RPC agree', () => {
  const reference = fs.readFileSync(new URL('../../protos/README.md', import.meta.url), 'utf8');
  const examples = [...reference.matchAll(/^\| `(\w+\/\w*)` \| `(.*)` \| `([0-9a-f]{20,})` \|$/gm)];
  assert.ok(examples.length > 80);
  for (const [, name, text, hex] of examples) {
    const term = decode(Buffer.from(hex, 'hex'));
    assert.equal(format(term), text, name);
    assert.equal(encode(term).toString('hex'), hex, name);
    const [ofRecord, selector] = name.split('/');
    const fields = fieldsOf(term);
    assert.equal(nameOf(term), ofRecord);
    if (selector !== '') assert.equal(ofRecord === 'Auth' ? fields.type : fields.status, selector, name);
  }
});
