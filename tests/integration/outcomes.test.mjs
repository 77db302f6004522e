// src/door/outcomes.h against the documents, the code and SQL, both ways.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { outcomes, parts, standing } from '../../tools/write-tables.mjs';
import { adminApi, api } from '../testlib/openapi.mjs';
import { root } from '../testlib/stack.mjs';

const read = file => readFileSync(join(root, file), 'utf8');
const rows = outcomes();
const sorted = set => [...new Set(set)].sort();

function sources(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap(e => e.isDirectory() ? sources(`${folder}/${e.name}`)
      : e.name.endsWith('.c') ? [`${folder}/${e.name}`] : []);
}

test('the table was read whole', () => {
  const text = read('src/door/outcomes.h');
  assert.equal(rows.length, text.match(/^\s*X\(/gm).length);
  assert.ok(rows.length > 40);
  // a client knows a problem by its slug, whatever the words
  for (const r of rows)
    assert.ok(rows.every(o => o.slug !== r.slug || o.status === r.status), r.slug);
});

test('documents have what the table makes of itself', () => {
  for (const part of parts())
    assert.equal(standing(part), part.text, `${part.file}, "${part.name}": ` +
      'node tools/write-tables.mjs writes it');
});

test('OpenAPI knows the same problems, and no other', () => {
  for (const [{ file, document }, doors] of [
    [api, ['REST', 'WebSocket', 'MQTT']], [adminApi, ['administration']]]) {
    const { properties } = document.components.schemas.Problem;
    const theirs = rows.filter(r => r.doors.some(d => doors.includes(d)));
    assert.deepEqual(sorted(properties.type.enum),
      sorted(theirs.map(r => `urn:hermetic:problem:${r.slug}`)), file);
    for (const r of theirs.filter(row => row.member))
      assert.ok(Object.keys(properties).includes(r.member), r.member);
  }
});

test('a status beside a slug is the slug\'s', () => {
  const known = new Set(rows.map(r => `${r.status} ${r.slug}`));
  for (const file of ['docs/protocol.md', 'docs/mqtt.md',
    'docs/operations.md'])
    for (const [, status, slug] of
      read(file).matchAll(/\b([45]\d\d)\s+`([a-z-]+)`/g))
      assert.ok(known.has(`${status} ${slug}`), `${file}: ${status} ${slug}`);
});

test('no slug stands beside the table', () => {
  for (const file of [...sources('src/server'), ...sources('src/mqtt'),
    ...sources('workers'), 'src/door/delivery.c', 'src/door/typing_lane.c'])
    for (const r of rows.filter(row => row.slug.includes('-')))
      assert.ok(!new RegExp(`"${r.slug}",`).test(read(file))
        || file === 'src/server/auth.c' && r.slug.startsWith('refresh-'),
      `${file}: ${r.slug}`);
});

// Which door answers with what: as the code says, and as the table says.
function used(text) {
  return [...text.matchAll(/\bOUTCOME_([A-Z_]+)\b/g)].map(m => m[1])
    .filter(n => rows.some(r => r.name === n));
}

// What the administration's module has of the server; a WebSocket is not of it.
const ofEdge = ['answer', 'body', 'limited'].map(n => `src/server/${n}.c`)
  .concat(sources('src/server/edge').filter(f => !f.endsWith('/websocket.c')));
const operations = read('src/admin/operations_table.h').replace(/\\\n\s*/g, '');
const withoutOf = text => [...text.matchAll(/, ([A-Z_]+)\)\s*(?=OPERATION|$|\n)/g)]
  .map(m => m[1]).filter(n => rows.some(r => r.name === n));

test('each door answers with what the table says of it', () => {
  const ws = 'src/server/ws.c',
    both = ['delivery', 'typing_lane'].flatMap(n => used(read(`src/door/${n}.c`)));
  const opening = /request_(?:problem|refuse)\([^;]*;/g;
  const rest = sources('src/server').filter(f => f !== ws)
    .flatMap(f => used(read(f)));
  const named = new Set(readdirSync(join(root, 'sql'))
    .filter(f => f.endsWith('.sql'))
    .flatMap(f => [...read(`sql/${f}`).matchAll(/'([a-z]+(?:-[a-z]+)+)'/g)])
    .map(m => m[1].toUpperCase().replaceAll('-', '_')));
  const found = {
    REST: [...both, ...rest, ...used((read(ws).match(opening) ?? []).join())],
    WebSocket: [...both, ...used(read(ws).replace(opening, ''))],
    MQTT: [...both, ...used(read('workers/mqtt_bridge/inflow.c'))],
    administration: [...sources('workers/admin_api').flatMap(f => used(read(f))),
      ...ofEdge.flatMap(f => used(read(f))), ...withoutOf(operations)],
  };
  for (const [door, names] of Object.entries(found)) {
    const said = rows.filter(r => r.doors.includes(door)).map(r => r.name);
    assert.deepEqual(sorted(names.filter(n => !said.includes(n))), [],
      `${door} answers so, and the table does not say it`);
    assert.deepEqual(sorted(said.filter(n => !names.includes(n) &&
      !(door === 'REST' && (named.has(n) || fromFunctions.has(n))))), [],
    `the table says so of ${door}, and nothing there answers it`);
  }
});

// What the functions of the schema say.
const fromFunctions = new Set(readdirSync(join(root, 'sql/functions'))
  .flatMap(f => [...read(`sql/functions/${f}`)
    .matchAll(/outcome\s*(?::=|=>|,)?\s*'([a-z]+(?:-[a-z]+)*)'/g)])
  .map(m => m[1].toUpperCase().replaceAll('-', '_')));

// And its statements, by themselves.
const fromStatements = new Set(readdirSync(join(root, 'sql'))
  .filter(f => f.endsWith('.sql'))
  .flatMap(f => [...read(`sql/${f}`)
    .matchAll(/\b(?:THEN|ELSE)\s+'([a-z]+(?:-[a-z]+)*)'/g)])
  .map(m => m[1].toUpperCase().replaceAll('-', '_')));

test('what SQL says has a row', () => {
  const inside = ['OK', 'DUPLICATE', 'GAP', 'TAKEN', 'AGAIN'];
  for (const name of [...fromFunctions, ...fromStatements])
    assert.ok(inside.includes(name) || rows.some(r => r.name === name), name);
});
