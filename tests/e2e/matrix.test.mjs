// The matrix: every RPC of the route table by every column of matrix/cell.mjs. Each cell is a test; a missing one fails.
// MATRIX=Auth,Profile runs the rows of these records only.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, test } from 'node:test';
import { caughtUp } from './cast.mjs';
import { endAll } from './device.mjs';
import { COLUMNS, None, ROUTES, World } from './matrix/cell.mjs';

after(endAll);

const chosen = process.env.MATRIX?.toLowerCase().split(',');
const fileOf = (name) => new URL(`matrix/${name.toLowerCase()}.mjs`, import.meta.url);
const records = [...new Set(ROUTES.map(({ record }) => record))].filter((name) => !chosen || chosen.includes(name.toLowerCase()));
const cells = Object.assign({}, ...await Promise.all(records.filter((name) => fs.existsSync(fileOf(name)))
  .map(async (name) => (await import(fileOf(name))).cells)));

test('the chosen records have routes', () => {
  assert.equal(records.length, chosen?.length ?? records.length, `${chosen} of ${records}`);
});

test('there is no row without a route, and no cell without a column', () => {
  const names = ROUTES.map(({ name }) => name);
  for (const [name, row] of Object.entries(cells)) {
    assert.ok(names.includes(name), `no route ${name}`);
    assert.deepEqual(Object.keys(row).filter((column) => !COLUMNS.includes(column)), [], name);
  }
});

const world = new World();
for (const { name, record } of ROUTES) {
  if (!records.includes(record)) continue;
  for (const column of COLUMNS) {
    const cell = cells[name]?.[column];
    if (cell instanceof None && cell.why.length > 20) test(`${name}: ${column}`, { skip: cell.why }, () => {});
    else {
      test(`${name}: ${column}`, async () => {
        assert.equal(typeof cell, 'function', `${name} has no cell ${column}`);
        await caughtUp();
        await cell(world);
      });
    }
  }
}
