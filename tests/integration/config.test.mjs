// The configuration: .env.example explains every setting, and a wrong value
// stops the start with one sentence that names it.
import assert from 'node:assert/strict';
import {
  chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { newUser } from '../testlib/api.mjs';
import { root, startNode, startPostgres } from '../testlib/stack.mjs';

const read = path => readFileSync(join(root, path), 'utf8');

test('.env.example has every setting, each explained, and no other', () => {
  const known = [...read('src/server/config.c')
    .matchAll(/\{ "(HERMETIC_[A-Z_]+)"/g)].map(m => m[1]).sort();
  const lines = read('.env.example').split('\n');
  const explained = lines.flatMap(l => l.match(/^(HERMETIC_[A-Z_]+)=/)?.[1] ??
    []).sort();
  assert.ok(known.length > 20);
  assert.deepEqual(explained, known);
  for (const block of read('.env.example').split('\n\n'))
    assert.match(block, /^#/m, `without a word: ${block}`);
});

const wrong = {
  HERMETIC_PORT: ['0', '65536', 'http'],
  HERMETIC_WORKERS: ['0', '-1', 'two', '2 ', '1e3'],
  HERMETIC_KEK: ['', 'short', Buffer.alloc(31).toString('base64')],
  HERMETIC_DATABASE_URL: [''],
  HERMETIC_ALGORITHMS: ['rot13', 'aes-256-gcm,,', ','],
  HERMETIC_ACCESS_TOKEN_SECONDS: ['1', '99999999999999999999'],
  HERMETIC_LOG_LEVEL: ['loud'],
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
