// The configuration: .env.example explains every setting, and a wrong value
// stops the start with one sentence that names it.
import assert from 'node:assert/strict';
import {
  chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { settings } from '../../tools/write-tables.mjs';
import { newUser } from '../testlib/api.mjs';
import { needsOwn, newKek, root, startNode, startPostgres, until } from '../testlib/stack.mjs';

const read = path => readFileSync(join(root, path), 'utf8');

const processes = { api: 'src/server/config.c', plugin: 'src/mqtt/plugin.c',
  rotation: 'workers/rotation/config.c', bridge: 'workers/mqtt_bridge/main.c',
  admin: 'workers/admin_api/config.c' };
const rows = settings().flatMap(g => g.settings);

test('each process reads what the table says of it, and no other', () => {
  assert.equal(rows.length, read('src/base/settings_table.h')
    .match(/\bSETTING\([\s\\]*[A-Z_]+,/g).length);
  for (const [process, file] of Object.entries(processes)) {
    const found = [...read(file).matchAll(/\{\s*SETTING_([A-Z_]+),/g)]
      .map(m => `HERMETIC_${m[1]}`).sort();
    assert.deepEqual(found, rows.filter(r => r.processes.includes(process))
      .map(r => r.name).sort(), file);
    assert.doesNotMatch(read(file), /"HERMETIC_\w+",\s*KIND_/, file);
  }
});

test('every setting is explained; what must be given has an example', () => {
  for (const g of settings()) assert.ok(g.words.length > 20, g.words);
  for (const r of rows)
    assert.ok((r.example ?? r.otherwise) !== undefined, r.name);
});

// What the command, Compose and tests read or define.
const others = ['ADMIN_PASSWORD', 'BACKUP_KEEP', 'BACKUP_S3_ACCESS_KEY', 'BACKUP_S3_BUCKET',
  'BACKUP_S3_CA', 'BACKUP_S3_ENDPOINT', 'BACKUP_S3_REGION', 'BASE', 'BIND',
  'BLACKBOX_IMAGE', 'BUILD', 'GRAFANA_IMAGE', 'HAPROXY_IMAGE', 'HOSTNAME', 'LIBRARY', 'MQTT',
  'MQTT_BRIDGE_DATABASE_URL', 'NODE_EXPORTER_IMAGE', 'PASSPHRASE_FILE', 'PROMETHEUS_IMAGE', 'REVISION',
  'PARTS', 'SIM_SECONDS', 'TEST_CITUS_URL', 'VECTORS', 'VERSION'];

// What the library's headers declare.
const declared = readdirSync(join(root, 'src/hermetic')).filter(f => f.endsWith('.h'))
  .flatMap(f => read(`src/hermetic/${f}`).match(/\bHERMETIC_[A-Z][A-Z0-9_]*\b/g) ?? []);

test('a setting that a document names is one', () => {
  const known = new Set([...rows.map(r => r.name), ...declared,
    ...others.map(n => `HERMETIC_${n}`)]);
  for (const file of ['README.md', ...readdirSync(join(root, 'docs'))
    .filter(f => f.endsWith('.md')).map(f => `docs/${f}`)])
    for (const [name] of read(file).matchAll(/\bHERMETIC_[A-Z][A-Z0-9_]*\b/g))
      assert.ok(known.has(name) || known.has(name.replace(/_FILE$/, '')),
        `${file}: ${name}`);
});

test('a name that nobody knows is told at the start, and no other', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hermetic-env-'));
  chmodSync(folder, 0o755);
  const file = join(folder, 'env');
  writeFileSync(file, 'HERMETIC_ROTATION_SECOND=60\n');
  const node = await startNode({
    postgres: { apiUrl: 'postgresql://nobody@localhost/none' }, ready: false,
    env: { HERMETIC_ENV_FILE: file, HERMETIC_WORKER: '3',
      HERMETIC_PASSPHRASE_FILE: file },
  });
  try {
    await node.logged(/no such setting.*HERMETIC_ROTATION_SECOND"/);
    await node.logged(/no such setting.*HERMETIC_WORKER"/);
    const told = node.log().match(/no such setting.*/g);
    assert.equal(new Set(told.map(l => l.match(/HERMETIC_\w+/)[0])).size, 2,
      told.join('\n'));
  } finally {
    await node.kill();
    rmSync(folder, { recursive: true });
  }
});

const wrong = {
  HERMETIC_PORT: ['0', '65536', 'http'],
  HERMETIC_WORKERS: ['0', '-1', 'two', '2 ', '1e3'],
  HERMETIC_KEK: ['', 'short', Buffer.alloc(31).toString('base64')],
  HERMETIC_MQTT_KEYS_SECRET: ['short'],
  HERMETIC_DATABASE_URL: [''],
  HERMETIC_ALGORITHMS: ['rot13', 'aes-256-gcm,,', ','],
  HERMETIC_ACCESS_TOKEN_SECONDS: ['1', '99999999999999999999'],
  HERMETIC_LOG_LEVEL: ['loud'],
  HERMETIC_FILES_STORE: ['tape'],
  HERMETIC_OBJECTS_URL: ['ftp://a/b', 'https://a', 'https://a/', 'https://a/b/',
    'https://a/b c', 'https://u@a/b', 'https://a/b?c'],
  HERMETIC_CORS_ORIGINS: ['chat.example', 'https://a.example/', ',', 'https://'],
};
for (const [name, values] of Object.entries(wrong))
  test(`a wrong ${name} stops the start and is named`, async () => {
    for (const value of values) {
      const node = await startNode({
        postgres: { apiUrl: 'postgresql://nobody@localhost/none' },
        ready: false, env: { [name]: value },
      });
      await node.logged(new RegExp(`^hermetic: ${name} \\S.*$`, 'm'));
      await node.kill();
    }
  });

test('.env is read; the environment wins', async () => {
  const postgres = await startPostgres();
  const dir = mkdtempSync(join(tmpdir(), 'hermetic-env-'));
  const file = join(dir, 'settings');
  chmodSync(dir, 0o755);
  writeFileSync(file, '# a comment\n\nHERMETIC_ISSUER = "from the file"\n' +
    "HERMETIC_AUDIENCE='from the file'\n");
  const node = await startNode({ postgres, env: {
    HERMETIC_ENV_FILE: file, HERMETIC_AUDIENCE: 'from the environment',
  } });
  const { access } = await newUser(node.url);
  const claims = JSON.parse(Buffer.from(access.split('.')[1], 'base64url'));
  assert.equal(claims.iss, 'from the file');
  assert.equal(claims.aud, 'from the environment');
  await node.stop();

  const lost = await startNode({
    postgres, ready: false, env: { HERMETIC_ENV_FILE: join(dir, 'none') },
  });
  await lost.logged(/^hermetic: HERMETIC_ENV_FILE cannot be read$/m);
  await lost.kill();
  await postgres.stop();
  rmSync(dir, { recursive: true });
});

// Starts a node that must refuse to; what it said.
async function refusal(env) {
  const node = await startNode({ ready: false, env: {
    HERMETIC_DATABASE_URL: 'postgresql://nobody@localhost/none', ...env } });
  let how;
  void node.ended.then(h => { how = h; });
  await until(() => how, { name: 'its end' });
  await node.stop();
  assert.notEqual(how.code, 0);
  const said = node.log().split('\n').filter(l => /^hermetic: /.test(l));
  assert.equal(said.length, 1, node.log());
  return said[0];
}

test('an address that is none, a port in use: one sentence', async () => {
  assert.match(await refusal({ HERMETIC_HOST: 'no such host' }),
    /cannot listen on no such host/);
  const server = createServer();
  const port = await new Promise(done => server.listen(0, '127.0.0.1',
    () => done(server.address().port)));
  assert.match(await refusal({ HERMETIC_PORT: String(port) }),
    new RegExp(`port ${port}.*free`));
  server.close();
});

test('what is too long for a line of a file is refused, not cut', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'hermetic-env-'));
  chmodSync(dir, 0o755);
  const file = text => {
    writeFileSync(join(dir, 'file'), text);
    return join(dir, 'file');
  };
  assert.equal(await refusal({ HERMETIC_ENV_FILE:
    file(`HERMETIC_AUDIENCE=${'a'.repeat(4095)}\nHERMETIC_ISSUER=b\n`) }),
  'hermetic: HERMETIC_AUDIENCE is too long: a line of .env has 4095 bytes or ' +
    'fewer');
  assert.equal(await refusal({ HERMETIC_KEK: undefined,
    HERMETIC_KEK_FILE: file(`${newKek()}${' '.repeat(4095)}\n`) }),
  'hermetic: HERMETIC_KEK_FILE names a file whose first line has more than ' +
    '4095 bytes');
  rmSync(dir, { recursive: true });
});

test('a file without the secret that it is named for is refused', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'hermetic-env-'));
  chmodSync(dir, 0o755);
  const empty = join(dir, 'empty');
  writeFileSync(empty, '\n', { mode: 0o644 });
  // an empty name is as good as none, and this secret may be left out
  for (const [path, why] of [[dir, 'that cannot be read'],
    [empty, 'whose first line is empty']])
    assert.equal(await refusal({ HERMETIC_MQTT_KEYS_SECRET: '',
      HERMETIC_MQTT_KEYS_SECRET_FILE: path }),
    `hermetic: HERMETIC_MQTT_KEYS_SECRET_FILE names a file ${why}`);
  rmSync(dir, { recursive: true });
});

test('a secret that is wrong is not said', async () => {
  const said = await refusal({ HERMETIC_KEK: 'c2VjcmV0IGtleQ==' });
  assert.ok(!said.includes('c2VjcmV0'));
});

test('secrets leave the environment; they may come in files', { skip: needsOwn }, async () => {
  const postgres = await startPostgres();
  const kek = newKek();
  const file = (name, text) => {
    const path = join(postgres.dir, name);
    writeFileSync(path, text, { mode: 0o644 });
    return path;
  };
  const nodes = [await startNode({ postgres, env: { HERMETIC_KEK: kek } }),
    await startNode({ postgres, env: {
      HERMETIC_KEK: undefined, HERMETIC_DATABASE_URL: undefined,
      HERMETIC_ENV_FILE: file('settings',
        `HERMETIC_KEK_FILE=${file('kek', `${kek}\n`)}\n` +
        `HERMETIC_DATABASE_URL_FILE=${file('url', postgres.apiUrl)}\n`),
    } })];
  const user = await newUser(nodes[0].url);
  assert.equal((await user.get('/sessions', { url: nodes[1].url })).status,
    200, 'the same key, from a file');
  for (const pid of nodes.flatMap(n => n.pids()))
    for (const what of ['environ', 'cmdline']) {
      const shown = readFileSync(`/proc/${pid}/${what}`, 'latin1');
      assert.ok(!shown.includes(kek));
      assert.ok(!shown.includes(postgres.passwords.hermetic_api));
    }
  for (const node of nodes) await node.stop();
  await postgres.stop();
});
