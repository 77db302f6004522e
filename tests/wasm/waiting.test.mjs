// What `./dev run` shows while the page is built: a page that says so, and becomes the page once
// the node has been exchanged for one that serves it.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { startChromium } from '../testlib/chromium.mjs';
import { Page } from '../testlib/page.mjs';
import { startProxy } from '../testlib/proxy.mjs';
import { root, startNode, startPostgres, temporary, until } from '../testlib/stack.mjs';

const BUILT = join(temporary('web'), 'page');
let postgres, node, way, browser, page, directory;

/** What a function of tools/dev/page.sh does, in a clone that has only that. */
async function shell(text) {
  const clone = temporary('clone');
  mkdirSync(join(clone, 'tools'));
  mkdirSync(join(clone, 'var'));
  execFileSync('cp', ['-R', join(root, 'tools/dev'), join(clone, 'tools')]);
  writeFileSync(join(clone, 'Makefile'), `web:\n\t@echo the last words >&2; exit 1\n`);
  const { stdout, stderr } = await promisify(execFile)('bash', ['-euc', `
    ROOT=${clone} VAR=${clone}/var WEB=1 PORT=8000
    mkdir -p "$VAR/run" "$VAR/log"
    cd "$ROOT"
    . tools/dev/common.sh; . tools/dev/page.sh
    ${text}`]);
  return { clone, stdout, stderr };
}

const newNode = serving => startNode({ postgres,
  env: { HERMETIC_WEB: '1', HERMETIC_WEB_DIRECTORY: serving } });

before(async () => {
  execFileSync('node', [join(root, 'tools/web.mjs'), BUILT]);
  const { clone } = await shell('PAGE_STATE=building; page_put web');
  directory = join(clone, 'web');
  postgres = await startPostgres();
  node = await newNode(directory);
  way = await startProxy(node.url);
  browser = await startChromium();
  page = await Page.open(browser, way.url);
});

after(async () => {
  await browser?.stop();
  await way?.stop();
  await node?.stop();
  await postgres?.stop();
});

test('the page that is built comes by itself, also when the node was away', async () => {
  await page.sees('The page is being built');
  assert.deepEqual(await page.faults(), []);
  await node.stop();
  assert.equal((await fetch(way.url).catch(() => ({}))).ok ?? false, false);
  node = await newNode(BUILT);
  way.to(node.url);
  // while the page is loaded anew there is nothing to ask
  await until(() => page.does('return seen("Register")').catch(() => false),
    { ms: 60_000, name: 'the page that is built' });
});

test('where it cannot be built, the page and the terminal say so', async () => {
  const { clone, stdout, stderr } = await shell(`page_begin
    until page_has_ended; do sleep 0.1; done
    echo "state $PAGE_STATE"
    page_put web`);
  assert.match(stdout, /beside the servers .*\/log\/page\.log/);
  assert.match(stdout, /The page cannot be built/);
  assert.match(stdout, /^state failed$/m);
  assert.match(stderr, /the last words/);
  assert.match(readFileSync(join(clone, 'web/index.html'), 'utf8'), /could not be built/);
});

test('a build that was begun ends with the servers', async () => {
  const { stdout } = await shell(`printf 'web:\\n\\t@sleep 1000\\n' >Makefile
    page_begin
    read -r pid _ <"$VAR/run/page.pid"
    page_stop
    kill -0 "$pid" 2>/dev/null && echo runs || echo ended`);
  assert.match(stdout, /^ended$/m);
});
