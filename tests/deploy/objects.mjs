// node objects.mjs kubernetes FILE.yaml… | dashboards FILE.json…: whether each document is what its kind may be. Missing fields and
// wrong types are found by the schemas of kubernetes-models, unknown fields by tsc, which reads every document as a typed literal.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import YAML from 'yaml';

const here = import.meta.dirname;
const groups = { 'cert-manager.io': '@kubernetes-models/cert-manager', 'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
  'gateway.networking.k8s.io': '@kubernetes-models/gateway-api' };
const faults = [];
const imports = new Set();
const literals = [];

function moduleOf(object) {
  const group = object.apiVersion.includes('/') ? object.apiVersion.split('/')[0] : '';
  const version = `${groups[group] ?? 'kubernetes-models'}/${object.apiVersion}`;
  return group === 'monitoring.coreos.com' ? version : `${version}/${object.kind}`;  // it has no module of each kind
}

async function checkObject(file, object) {
  const what = `${file}: ${object.kind}/${object.metadata?.name}`;
  let model;
  try {
    model = (await import(moduleOf(object)))[object.kind];
    if (!model) throw new Error('no such kind');
  } catch {
    return faults.push(`${what}: unknown kind of ${object.apiVersion}`);
  }
  try {
    new model(object).validate();
  } catch (error) {
    faults.push(`${what}: ${error.message.slice(0, 400)}`);
  }
  const type = `${object.kind}_${object.apiVersion.replace(/\W/g, '_')}`;
  imports.add(`import type { I${object.kind} as ${type} } from '${moduleOf(object)}';`);
  literals.push([what, `: ${type} = ${JSON.stringify(object)};`]);
}

async function readObjects(file) {
  for (const document of YAML.parseAllDocuments(readFileSync(file, 'utf8'), { strict: true, uniqueKeys: true })) {
    if (document.errors.length > 0) faults.push(`${file}: ${document.errors[0].message}`);
    else if (document.toJS()) await checkObject(file, document.toJS());
  }
}

function readDashboard(file) {
  imports.add("import type { Dashboard } from '@grafana/schema';");
  literals.push([file, `: Dashboard = ${JSON.stringify(JSON.parse(readFileSync(file, 'utf8')))};`]);
}

// A literal a line, so that a line of tsc's output names a document.
function checkTypes() {
  const folder = mkdtempSync(join(here, 'node_modules', '.types-'));
  try {
    const head = [...imports];
    const lines = literals.map(([, text], index) => `export const d${index}${text}`);
    writeFileSync(join(folder, 'check.ts'), [...head, ...lines].join('\n'));
    const ended = spawnSync(join(here, 'node_modules/.bin/tsc'), ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext',
      '--moduleResolution', 'nodenext', '--target', 'es2022', 'check.ts'], { cwd: folder, encoding: 'utf8' });
    if (ended.error) throw ended.error;
    const told = (ended.stdout + ended.stderr).split('\n').filter(Boolean);
    for (const line of told) {
      const at = /check\.ts\((\d+),/.exec(line);
      const literal = at && literals[Number(at[1]) - 1 - head.length];
      if (/error/.test(line)) faults.push(`${literal ? literal[0] : 'types'}: ${line.slice(0, 400)}`);
    }
    if (ended.status !== 0 && faults.length === 0) faults.push(`tsc: ${told.join(' ').slice(0, 400)}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const [kind, ...files] = process.argv.slice(2);
for (const file of files) await (kind === 'dashboards' ? readDashboard(file) : readObjects(file));
checkTypes();
for (const fault of faults) console.error(fault);
console.log(`${literals.length} documents, ${faults.length} faults`);
process.exit(faults.length > 0 || literals.length === 0 ? 1 : 0);
