// The page for browsers as a node serves it: what is in the directory, and nothing else. The
// page itself is tried in tests/wasm/web.test.mjs.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';

import { root, startNode, startPostgres, temporary } from '../testlib/stack.mjs';

const POLICY = 'default-src \'none\'; script-src \'self\'';
const PAGE = '<!doctype html><title>page</title>';
const SCRIPT = `// ${'a long script '.repeat(20_000)}\n`;
const MODULE = Buffer.from('0061736d01000000', 'hex');

let postgres, node, off, directory;

before(async () => {
  directory = temporary('web');
  const folder = join(directory, 'web/0123abcd');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(directory, 'index.html'), PAGE);
  writeFileSync(join(directory, 'policy'), `${POLICY}\n`);
  writeFileSync(join(folder, 'main.js'), SCRIPT);
  writeFileSync(join(folder, 'main.js.gz'), gzipSync(SCRIPT));
  writeFileSync(join(folder, 'main.js.br'), brotliCompressSync(SCRIPT));
  writeFileSync(join(folder, 'hermetic.wasm'), MODULE);
  postgres = await startPostgres();
  [node, off] = await Promise.all([
    startNode({ postgres, env: { HERMETIC_WEB: '1', HERMETIC_WEB_DIRECTORY: directory } }),
    startNode({ postgres })]);
});

after(async () => {
  await node?.stop();
  await off?.stop();
  await postgres?.stop();
});

test('the page has strict headers, and is not sent twice', async () => {
  const answer = await fetch(`${node.url}/`, { headers: { accept: 'text/html' } });
  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), PAGE);
  const headers = Object.fromEntries(answer.headers);
  assert.equal(headers['content-type'], 'text/html; charset=utf-8');
  assert.equal(headers['content-security-policy'], POLICY);
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(headers['referrer-policy'], 'no-referrer');
  assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
  assert.match(headers['cache-control'], /no-cache/);
  const again = await fetch(`${node.url}/`,
    { headers: { 'if-none-match': headers.etag } });
  assert.equal(again.status, 304);
  assert.equal(again.headers.get('content-security-policy'), POLICY);
  const head = await fetch(`${node.url}/`, { method: 'HEAD' });
  assert.equal(head.headers.get('content-length'), String(PAGE.length));
  assert.equal(await head.text(), '');
});

test('a file stays as it is, in the shortest coding that the browser reads', async () => {
  const url = `${node.url}/web/0123abcd/main.js`;
  for (const [accepted, coding, length] of [['gzip, deflate, br', 'br',
    brotliCompressSync(SCRIPT).length], ['gzip', 'gzip', gzipSync(SCRIPT).length],
  ['identity', null, SCRIPT.length], ['br;q=0', null, SCRIPT.length]]) {
    const answer = await fetch(url, { headers: { 'accept-encoding': accepted } });
    assert.equal(answer.headers.get('content-encoding'), coding, accepted);
    assert.equal(answer.headers.get('content-length'), String(length));
    assert.equal(await answer.text(), SCRIPT);
    assert.equal(answer.headers.get('content-type'), 'text/javascript; charset=utf-8');
    assert.equal(answer.headers.get('cache-control'),
      'public, max-age=31536000, immutable');
    assert.equal(answer.headers.get('vary'), 'Accept-Encoding');
  }
  const head = await fetch(url, { method: 'HEAD', headers: { 'accept-encoding': 'identity' } });
  assert.equal(head.headers.get('content-length'), String(SCRIPT.length));
  assert.equal(await head.text(), '');
  const wasm = await fetch(`${node.url}/web/0123abcd/hermetic.wasm`);
  assert.equal(wasm.headers.get('content-type'), 'application/wasm');
  assert.deepEqual(Buffer.from(await wasm.arrayBuffer()), MODULE);
});

/** What is said of the bytes, and not of the connection. */
const headersOf = answer => Object.fromEntries([...answer.headers]
  .filter(([name]) => !/^(date|connection|keep-alive|x-request-id)$/.test(name)));

test('the page is asked for again by its tag, however that is said', async () => {
  const page = await fetch(`${node.url}/`), { etag } = headersOf(page);
  assert.match(etag, /^"[^"]+"$/); // a strong one
  for (const known of [etag, `W/${etag}`, `"another", ${etag}`, '*'])
    for (const method of ['GET', 'HEAD']) {
      const answer = await fetch(`${node.url}/`,
        { method, headers: { 'if-none-match': known } });
      assert.equal(answer.status, 304, `${method} ${known}`);
      assert.equal(await answer.text(), '');
      assert.equal(answer.headers.get('etag'), etag);
      assert.equal(answer.headers.get('content-security-policy'), POLICY);
    }
  for (const headers of [{ 'if-none-match': '"another"' },
    { 'if-modified-since': new Date().toUTCString() }, // it has no date of its own
    { 'if-none-match': etag.slice(1, -1) }])
    assert.equal((await fetch(`${node.url}/`, { headers })).status, 200, JSON.stringify(headers));
  const head = await fetch(`${node.url}/`, { method: 'HEAD' });
  assert.deepEqual(headersOf(head), headersOf(page));
});

test('nobody frames the page, and it asks for no more than it uses', async () => {
  const headers = headersOf(await fetch(`${node.url}/`));
  assert.equal(headers['x-frame-options'], 'DENY');
  assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
  assert.equal(headers['integrity-policy'], 'blocked-destinations=(script)');
  assert.match(headers['permissions-policy'], /microphone=\(\), geolocation=\(\)/);
  // what the page of this tree is served with
  const policy = readFileSync(join(root, 'web/policy'), 'utf8').trim().split('\n')
    .map(line => line.split(' '));
  assert.deepEqual(Object.fromEntries(policy.map(([name, ...of]) => [name, of])), {
    'default-src': [`'none'`], 'script-src': [`'self'`, `'wasm-unsafe-eval'`, '{{importMap}}'],
    'style-src': [`'self'`], 'img-src': [`'self'`, 'blob:'],
    'connect-src': [`'self'{{server}}`], 'base-uri': [`'none'`], 'form-action': [`'none'`],
    'frame-ancestors': [`'none'`], 'require-trusted-types-for': [`'script'`],
    'trusted-types': [`'none'`] });
});

test('a file is given whole, and nothing that is no file is kept for long', async () => {
  const url = `${node.url}/web/0123abcd/main.js`, plain = { 'accept-encoding': 'identity' };
  for (const range of ['bytes=0-9', 'bytes=-5', 'bytes=999999999-', 'bytes=9-0', 'lines=1-2']) {
    const part = await fetch(url, { headers: { ...plain, range } });
    assert.equal(part.status, 200, range);
    assert.equal(part.headers.get('content-range'), null);
    assert.equal(await part.text(), SCRIPT);
  }
  for (const [path, status] of [['/web/0123abcd/other.js', 404], ['/web/3210dcba/main.js', 404]]) {
    const none = await fetch(node.url + path);
    assert.equal(none.status, status);
    assert.doesNotMatch(none.headers.get('cache-control') ?? '', /immutable|max-age=[1-9]/);
    assert.match(none.headers.get('content-type'), /^application\/problem\+json/);
  }
  for (const path of ['/', '/web/0123abcd/main.js'])
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const wrong = await fetch(node.url + path, { method });
      assert.equal(wrong.status, 405, `${method} ${path}`);
      assert.match(wrong.headers.get('allow'), /\bGET\b/);
      assert.equal((await wrong.json()).type, 'urn:hermetic:problem:method-not-allowed');
      assert.doesNotMatch(wrong.headers.get('cache-control') ?? '', /immutable|max-age=[1-9]/);
    }
});

test('a file in another coding has the headers of the same file', async () => {
  const url = `${node.url}/web/0123abcd/main.js`;
  for (const coding of ['br', 'gzip', 'identity']) {
    const headers = { 'accept-encoding': coding };
    const [whole, head] = [await fetch(url, { headers }),
      await fetch(url, { headers, method: 'HEAD' })];
    assert.deepEqual(headersOf(head), headersOf(whole), coding);
    assert.equal(whole.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(whole.headers.get('cross-origin-resource-policy'), 'same-origin');
    await whole.text();
  }
});

/** The status of a path as it is, which fetch() would tidy up. */
function statusOf(path) {
  const { hostname, port } = new URL(node.url);
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, hostname, () => socket.write(
      `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`));
    socket.on('data', bytes => { text += bytes; });
    socket.on('end', () => resolve(Number(text.split(' ')[1])));
    socket.on('error', reject);
  });
}

test('no other path leads anywhere', async () => {
  for (const path of ['/policy', '/index.html', '/web/0123abcd', '/web/0123abcd/',
    '/web/0123abcd/..', '/web/../index.html', '/web/0123abcd/../../policy',
    '/web/0123abcd/..%2f..%2fpolicy', '/web/0123abcd/main.js.br', '/web//etc/passwd',
    '/web/0123abcd/main.js%00', '/web/../../etc/passwd'])
    assert.equal(await statusOf(path), 404, path);
  assert.equal((await fetch(`${node.url}/`, { method: 'POST' })).status, 405);
});

test('a node that was not told to serves none', async () => {
  for (const path of ['/', '/web/0123abcd/main.js'])
    assert.equal((await fetch(off.url + path)).status, 404);
});

test('what is no page keeps a node from starting', async () => {
  const empty = temporary('web');
  await assert.rejects(startNode({ postgres,
    env: { HERMETIC_WEB: '1', HERMETIC_WEB_DIRECTORY: empty } }),
  /HERMETIC_WEB_DIRECTORY must be a directory with an index\.html/);
});
