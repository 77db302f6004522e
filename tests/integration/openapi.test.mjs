// docs/openapi.yaml and docs/openapi-admin.yaml: sound in themselves, and of the same
// surface as the tables of routes and of operations.
// That answers are as it says is checked wherever a test asks the API
// (testlib/api.mjs).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { adminApi, api } from '../testlib/openapi.mjs';
import { root } from '../testlib/stack.mjs';

test('it has the paths and methods of the table of routes, and no other', () => {
  const table = readFileSync(join(root, 'src/server/routes_table.h'), 'utf8')
    .replace(/\\\n/g, '');
  const surface = [...table.matchAll(
    /\b(?:ROUTE|STREAMED)\(\s*([A-Z]+),\s*"([^"]+)",\s*([A-Z_]+),\s*([A-Z_]+),/g)]
    .map(([, method, path, caller]) =>
      `${method.toLowerCase()} ${path}${caller === 'ANYBODY' ? '' : ', bearer'}`);
  const documented = api.operations.map(o => `${o.method} ${o.path}${
    (o.security ?? api.document.security).length === 0 ? '' : ', bearer'}`);
  assert.ok(surface.length > 30);
  // its token comes in a subprotocol, too, so its handler looks at it
  assert.deepEqual(documented.map(d => d.replace('/ws, bearer', '/ws')).sort(),
    surface.sort());
});

test('the administration has those of the table of operations, in its words, with scopes', () => {
  const table = readFileSync(join(root, 'src/admin/operations_table.h'), 'utf8')
    .replace(/\\\n\s*/g, '');
  const surface = [...table.matchAll(
    /\bOPERATION\(\s*[A-Z_]+,\s*"[^"]+",\s*"([^"]+)",\s*([A-Z]+),\s*"([^"]*)",\s*([A-Z]+),/g)]
    .filter(([, , , path]) => path !== '')
    .map(([, words, method, path, scope]) =>
      `${method.toLowerCase()} ${path} ${scope.toLowerCase()}: ${words}`);
  const documented = adminApi.operations
    .filter(o => !['/healthz', '/readyz'].includes(o.path))
    .map(o => `${o.method} ${o.path} ${
      (o.security ?? adminApi.document.security)[0].token[0]}: ${o.summary}`);
  assert.ok(surface.length > 20);
  assert.deepEqual(documented.sort(), surface.sort());
});

for (const { file, document, operations, resolve } of [api, adminApi])
  describe(file, () => {
    test('every reference leads somewhere', () => {
      const walk = (node, path) => {
        if (node === null || typeof node !== 'object') return;
        if (node.$ref !== undefined) {
          assert.match(node.$ref, /^#\//, path);
          assert.ok(resolve(node), `${path}: ${node.$ref}`);
        }
        for (const [key, child] of Object.entries(node))
          walk(child, `${path}/${key}`);
      };
      walk(document, '#');
    });

    test('every part of it is used', () => {
      const text = JSON.stringify(document);
      for (const kind of ['responses', 'schemas', 'parameters'])
        for (const name of Object.keys(document.components[kind]))
          assert.ok(text.includes(`"#/components/${kind}/${name}"`),
            `${kind}/${name}`);
    });

    test('every operation is complete', () => {
      const ids = operations.map(o => o.operationId);
      assert.equal(new Set(ids).size, ids.length);
      for (const o of operations) {
        const where = `${o.method} ${o.path}`;
        assert.ok(o.summary, where);
        assert.ok(o.responses.default, where);
        assert.equal(o.tags.length, 1, where);
        assert.ok(document.tags.some(t => t.name === o.tags[0]), where);
        const inPath = [...o.path.matchAll(/\{(\w+)\}/g)].map(m => m[1]);
        const declared = o.parameters.map(resolve).filter(p => p.in === 'path')
          .map(p => p.name);
        assert.deepEqual(declared, inPath, where);
        if (o.security === undefined)
          assert.ok(o.responses['401'], `${where} wants a token`);
      }
    });
  });

test('its problems are those of docs/protocol.md', () => {
  const protocol = readFileSync(join(root, 'docs/protocol.md'), 'utf8');
  const listed = api.document.components.schemas.Problem.properties.type.enum
    .map(urn => urn.replace('urn:hermetic:problem:', ''));
  const edge = ['timeout', 'length-required', 'uri-too-long',
    'expectation-failed', 'not-implemented', 'version-not-supported',
    'upgrade-required'];
  for (const slug of listed.filter(s => !edge.includes(s)))
    assert.ok(protocol.includes(`\`${slug}\``), slug);
});

test('the judge says no', () => {
  const headers = more => new Headers({ 'x-request-id': 'one',
    'content-type': 'application/problem+json', ...more });
  const answer = (change, json) => ({ method: 'GET', path: '/readyz',
    status: 200, bytes: Buffer.from('x'), json,
    headers: headers({ 'content-type': 'application/json' }), ...change });
  api.checkAnswer(answer({}, { status: 'ready' }));
  const problem = { type: 'urn:hermetic:problem:unavailable',
    title: 'Service Unavailable', status: 503 };
  api.checkAnswer(answer({ status: 503, headers: headers({ 'retry-after': '1' }) },
    problem));
  for (const [change, json] of [
    [{}, { status: 1 }], [{}, { status: 'ready', more: 1 }], [{}, undefined],
    [{ status: 201 }, { status: 'ready' }],
    [{ headers: new Headers({ 'content-type': 'application/json' }) },
      { status: 'ready' }],
    [{ headers: headers({ 'content-type': 'text/html' }) },
      { status: 'ready' }],
    [{ status: 503, headers: headers({}) }, problem],
    [{ status: 503, headers: headers({ 'retry-after': 'soon' }) }, problem],
    [{ status: 500, headers: headers({}) }, problem],
    [{ status: 503, headers: headers({ 'retry-after': '1' }) },
      { ...problem, type: 'urn:hermetic:problem:made-up' }],
    [{ method: 'GET', path: '/nothing', status: 200 }, { status: 'ready' }],
  ])
    assert.throws(() => api.checkAnswer(answer(change, json)));
});
