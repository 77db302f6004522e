// A browser that a test has started ends with the test, however that ends.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { until } from '../testlib/stack.mjs';

const testlib = fileURLToPath(new URL('../testlib/chromium.mjs', import.meta.url));

/** The processes whose command line has that word. */
const processes = word => readdirSync('/proc').filter(name => /^\d+$/.test(name))
  .filter(pid => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(word);
    } catch {
      return false; // it has ended
    }
  });

/** A process that starts a browser with a tab, then does `last`; that browser's profile. */
async function leaves(last) {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', `
    const { startChromium } = await import(${JSON.stringify(testlib)});
    const browser = await startChromium();
    const page = await browser.page('about:blank');
    await page.does('return 1');
    process.stdout.write('started');
    await new Promise(done => process.stdin.once('data', done));
    ${last}`], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data');
  const profile = `hermetic-home-${child.pid}-`;
  assert.ok(processes(profile).length > 1);
  child.stdin.end('\n');
  await ended;
  return profile;
}

for (const [name, last] of [
  ['fails', 'throw new Error("a test has failed")'],
  ['exits', 'process.exit(0)'],
  ['is asked to end', 'process.kill(process.pid, "SIGTERM"); await new Promise(() => {});'],
  ['is killed', 'process.kill(process.pid, "SIGKILL")'],
  ['stops it', 'await browser.stop()'],
])
  test(`no process of it is left where the test ${name}`, { timeout: 120_000 }, async () => {
    const profile = await leaves(last);
    await until(() => processes(profile).length === 0,
      { name: `the end of ${processes(profile)}` });
  });
