// The matrix has a cell for every RPC and column, and ctest runs every file of it. Needs no cluster.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { COLUMNS, None, ROUTES } from './matrix/cell.mjs';

const records = [...new Set(ROUTES.map(({ record }) => record.toLowerCase()))].sort();
const here = (name) => new URL(name, import.meta.url);

test('there is one file a record, and nothing else', () => {
  assert.deepEqual(fs.readdirSync(here('matrix')).map((file) => file.replace('.mjs', '')).filter((name) => name !== 'cell').sort(),
    records);
});

test('ctest runs every file', () => {
  const [, list] = /set\(matrix_records([^)]*)\)/.exec(fs.readFileSync(here('CMakeLists.txt'), 'utf8'));
  assert.deepEqual(list.trim().split(/\s+/).sort(), records);
});

for (const { name, record } of ROUTES) {
  test(`${name} has every cell`, async () => {
    const { cells } = await import(here(`matrix/${record.toLowerCase()}.mjs`));
    for (const column of COLUMNS) {
      const cell = cells[name]?.[column];
      assert.ok(typeof cell === 'function' || (cell instanceof None && cell.why.length > 20), `${name} has no cell ${column}`);
    }
  });
}
