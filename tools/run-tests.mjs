// Runs every test program, one more at a time than there are processors (a
// program waits for a third of its time), each with a time limit, and counts
// the single tests they report by TAP: unit tests and fuzz corpora (cmocka or
// an exit status), integration tests (node:test), source checks.
//
//   node tools/run-tests.mjs BUILD [WORD...]    only programs with a WORD
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [directory, ...words] = process.argv.slice(2);
if (!directory) {
  console.error('usage: node tools/run-tests.mjs BUILD [WORD...]');
  process.exit(2);
}
const build = resolve(directory);
// Debian's Node.js 18 has Web Cryptography only when asked.
const nodeFlags = Number(process.versions.node.split('.')[0]) < 20
  ? ['--experimental-global-webcrypto'] : [];
const limitSeconds = Number(process.env.HERMETIC_TEST_SECONDS ?? 600);
const width = Number(process.env.HERMETIC_TEST_JOBS ??
  Math.min(2, (availableParallelism?.() ?? cpus().length)) + 1);

// The sources say which programs there are: one that was not built fails, one
// that is left over in the build directory does not run.
function sources(dir, pattern) {
  const at = join(root, dir);
  if (!existsSync(at)) return [];
  return readdirSync(at).filter(n => pattern.test(n)).sort()
    .map(n => `${dir}/${n}`);
}

function programs() {
  const built = name => join(build, name);
  const check = existsSync(join(root, 'tools/check-source'))
    ? [{ name: 'tools/check-source', command: 'tools/check-source',
        args: [build], tap: true }] : [];
  const musts = existsSync(join(root, 'tools/check-musts.mjs'))
    ? [{ name: 'tools/check-musts', command: process.execPath,
        args: ['tools/check-musts.mjs'], tap: true }] : [];
  const unit = sources('tests/unit', /^test_\w+\.c$/).map(f => {
    const name = f.replace(/\.c$/, '');
    return { name, command: built(name), args: [], tap: true };
  });
  const ct = { name: 'tests/ct', command: 'tests/ct/run.sh',
    args: ['build/ct/tests/ct/ct'], tap: true };
  const fuzz = sources('tests/fuzz', /^fuzz_\w+\.c$/).map(f => {
    const target = f.replace(/.*fuzz_(\w+)\.c$/, '$1');
    return { name: `tests/fuzz/replay_${target}`,
      command: built(`tests/fuzz/replay_${target}`),
      args: [`tests/fuzz/corpus/${target}`] };
  });
  const node = ['sql', 'integration', 'interop', 'chaos'].flatMap(
    d => sources(`tests/${d}`, /\.test\.mjs$/)).map(name => ({
    name, command: process.execPath, args: [...nodeFlags, '--test-reporter=tap', name],
    tap: true,
  }));
  return [...check, ...musts, ct, ...unit, ...fuzz, ...node].filter(p =>
    words.length === 0 || words.some(w => p.name.includes(w)));
}

// Counts of one program: what its TAP says, and one failure more when it
// ended badly without a failed test to show for it.
function count(p, output, code, timedOut) {
  let passed = 0, failed = 0, skipped = 0, planned = 0;
  if (!p.tap) {
    passed = code === 0 ? 1 : 0;
    failed = 1 - passed;
    return { passed, failed, skipped };
  }
  const summary = key => {
    const m = output.match(new RegExp(`^# ${key} (\\d+)$`, 'm'));
    return m ? Number(m[1]) : undefined;
  };
  if (summary('pass') !== undefined) {
    passed = summary('pass');
    failed = summary('fail') + (summary('cancelled') ?? 0);
    skipped = (summary('skipped') ?? 0) + (summary('todo') ?? 0);
  } else {
    for (const line of output.split('\n')) {
      const plan = line.match(/^1\.\.(\d+)/);
      const test = line.match(/^(not )?ok\b(.*)/);
      if (plan) planned += Number(plan[1]);
      if (!test) continue;
      if (/# skip/i.test(test[2])) skipped++;
      else if (test[1]) failed++;
      else passed++;
    }
  }
  const missing = planned > passed + failed + skipped;
  if (failed === 0 && (code !== 0 || timedOut || missing)) failed = 1;
  return { passed, failed, skipped };
}

const running = new Set();
function run(p) {
  return new Promise(done => {
    const begin = Date.now();
    let output = '', timedOut = false;
    // In a process group of its own: a program that hangs goes with all that
    // it started.
    const child = spawn(p.command, p.args, {
      cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env, HERMETIC_BUILD: build, CMOCKA_MESSAGE_OUTPUT: 'TAP',
        ASAN_OPTIONS: process.env.ASAN_OPTIONS ??
          'detect_leaks=1:strict_string_checks=1:abort_on_error=0',
        UBSAN_OPTIONS: process.env.UBSAN_OPTIONS ?? 'print_stacktrace=1',
      },
    });
    running.add(child);
    const end = signal => {
      try { process.kill(-child.pid, signal); } catch { /* gone already */ }
    };
    // First the chance to stop its servers, then the end.
    let hard;
    const limit = setTimeout(() => {
      timedOut = true;
      end('SIGTERM');
      hard = setTimeout(() => end('SIGKILL'), 10_000);
    }, (p.seconds ?? limitSeconds) * 1000);
    const keep = data => { output += data; };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', e => { output += `${e}\n`; });
    child.on('close', code => {
      clearTimeout(limit);
      clearTimeout(hard);
      running.delete(child);
      done({
        ...count(p, output, code, timedOut), output, timedOut,
        seconds: (Date.now() - begin) / 1000,
      });
    });
  });
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    for (const child of running) {
      try { process.kill(-child.pid, 'SIGTERM'); } catch { /* gone */ }
    }
    process.exitCode = 1;
    setTimeout(() => process.exit(1), 5000).unref();
  });

const queue = programs();
const total = { passed: 0, failed: 0, skipped: 0 };
const begin = Date.now();
async function lane() {
  for (let p = queue.shift(); p; p = queue.shift()) {
    const r = await run(p);
    for (const k of Object.keys(total)) total[k] += r[k];
    const parts = [`${r.passed} passed`];
    if (r.failed) parts.push(`${r.failed} failed`);
    if (r.skipped) parts.push(`${r.skipped} skipped`);
    if (r.timedOut) parts.push('ran out of time');
    console.log(`${r.failed ? 'FAIL' : 'ok  '} ${p.name}: ` +
      `${parts.join(', ')} (${r.seconds.toFixed(1)} s)`);
    if (r.failed)
      console.log(r.output.trimEnd().replace(/^/gm, '     | '));
  }
}
await Promise.all(Array.from({ length: Math.max(1, width) }, lane));

console.log(`all of it took ${((Date.now() - begin) / 1000).toFixed(0)} s`);
if (total.passed + total.failed === 0) {
  console.log('no test ran at all');
  total.failed = 1;
}
console.log(`${total.passed} passed, ${total.failed} failed` +
  (total.skipped ? `, ${total.skipped} skipped` : ''));
process.exit(total.failed ? 1 : 0);
