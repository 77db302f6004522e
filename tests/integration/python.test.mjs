// The Python package as others get it: installed from sdk/python into an environment of its own,
// without an index of packages; ten lines send a message, from a folder elsewhere.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { Person } from '../testlib/people.mjs';
import { sanitizer } from '../testlib/sanitizer.mjs';
import { build, newHome, root, startNode, startPostgres } from '../testlib/stack.mjs';

const exec = promisify(execFile);
const variant = basename(build);
const library = () => join(there, 'lib/libhermetic.so.0');
let postgres, node, alice, there, python;

/** pip where this Python has it (Debian: python3-venv), else what pip does with a wheel. */
async function install(source) {
  const at = join(there, 'environment');
  python = join(at, 'bin/python');
  try {
    await exec('python3', ['-m', 'venv', at]);
    await exec(python, ['-m', 'pip', 'install', '--no-index', source]);
  } catch {
    await exec('python3', ['-m', 'venv', '--clear', '--without-pip', at]);
    const wheels = join(there, 'wheels');
    mkdirSync(wheels);
    await exec(python, ['-c', 'import backend, sys; backend.build_wheel(sys.argv[1])', wheels],
      { cwd: source });
    const [wheel] = readdirSync(wheels);
    const { stdout } = await exec(python,
      ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))']);
    await exec(python, ['-m', 'zipfile', '-e', join(wheels, wheel), stdout.trim()]);
  }
}

const run = (...args) => exec(python, args, { cwd: newHome(), env: { PATH: process.env.PATH,
  PASSPHRASE: 'snakes have one, too', ...sanitizer(library()), HERMETIC_LIBRARY: library() } });

before(async () => {
  there = newHome();
  await exec('make', ['-s', `VARIANT=${variant}`, `B=${build}`, `PREFIX=${there}`,
    'install-hermetic'], { cwd: root, maxBuffer: 1 << 26 });
  cpSync(join(root, 'sdk/python'), join(there, 'python'), { recursive: true });
  await install(join(there, 'python'));
  postgres = await startPostgres();
  node = await startNode({ postgres });
  alice = await new Person('alice', node.url).register();
});

after(async () => {
  await node?.stop();
  await postgres?.stop();
});

test('ten lines send a message by the package that was installed', async () => {
  const name = `py-${alice.name.slice(-8)}`;
  const { stdout } = await run(join(root, 'docs/example/send.py'), newHome(), node.url, name,
    alice.name, 'from an environment');
  assert.match(stdout, /Sent\(number=\d+, item=0, kept=False/);
  const { session_id: id } = (await alice.does('sessions')).find(s => s.creator === name);
  await alice.does('join', id);
  assert.deepEqual(await alice.texts(id), ['from an environment']);
});

test('the example of its README sends a message', async () => {
  const name = `readme-${alice.name.slice(-8)}`;
  const [, example] = readFileSync(join(root, 'sdk/python/README.md'), 'utf8')
    .match(/```python\n(.*?)```/s);
  await run('-c', example.replace('localhost:8000', node.url).replace('carol', name)
    .replace('alice', alice.name));
  const { session_id: id } = (await alice.does('sessions')).find(s => s.creator === name);
  await alice.does('join', id);
  assert.deepEqual(await alice.texts(id), ['hello']);
});

test('its version is the library\'s, and it says that it has types', async () => {
  const { stdout } = await run('-c', `
import importlib.metadata as m, importlib.resources as r, hermetic
print(m.version("hermetic"), r.files("hermetic").joinpath("py.typed").is_file())
print(hermetic.__file__)`);
  const [told, file] = stdout.trim().split('\n');
  const { stdout: version } = await exec('make', ['-s', 'version'], { cwd: root });
  assert.equal(told, `${version.trim()} True`);
  assert.ok(file.startsWith(there), file);
});
