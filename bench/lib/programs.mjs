// The programs that make load: ours for WebSocket, wrk, pgbench.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { build, pgbin } from '../../tests/testlib/stack.mjs';
import { templateText } from './world.mjs';

const exec = promisify(execFile);
const bench = dirname(dirname(fileURLToPath(import.meta.url)));

/** The lines that tell the generator what to do, with where each log is. */
export async function orders(world, {
  sessions = world.sessions, sendNodes = [world.node],
  receiveNodes = [world.node], ...numbers
}) {
  const at = await world.lastSeqs();
  return [`sender ${world.sender.access}`, `receiver ${world.receiver.access}`,
    ...sendNodes.map(n => `send-port ${n.port}`),
    ...receiveNodes.map(n => `receive-port ${n.port}`),
    ...Object.entries(numbers).map(([k, v]) => `${k} ${v}`),
    ...sessions.map(s => `session ${at.get(s.id)} ${s.id} ${templateText(s)}`),
    'go', ''].join('\n');
}

/** Runs the generator; `ready` gets its first line while it holds on. */
export function load(lines, ready) {
  return new Promise((done, fail) => {
    const child = spawn(join(build, 'bench/load/load'),
      { stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '', err = '', told = false;
    child.stderr.on('data', d => { err += d; });
    child.stdout.on('data', async d => {
      out += d;
      if (!ready || told || !out.includes('\n')) return;
      told = true;
      try {
        await ready(child.pid);
      } finally {
        child.stdin.end();
      }
    });
    child.on('close', code => code === 0 ? done(JSON.parse(out))
      : fail(new Error(`load: ${err}`)));
    child.stdin.write(lines);
    if (!ready) child.stdin.end();
  });
}

/** What wrk says, with a script of ours; what the world is comes to it in a
 * file. */
export async function wrkSays(world, script, { seconds = 5, connections = 64,
  threads = 2, extra = {} } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'hermetic-bench-'));
  const rows = world.sessions.map(s => `  { id = "${s.id}", envelope = "${
    s.template.toString('hex')}" },`);
  writeFileSync(join(dir, 'world.lua'), `return { token = "${
    world.sender.access}",\n${Object.entries(extra).map(([k, v]) =>
    `${k} = ${v},\n`).join('')} sessions = {\n${rows.join('\n')}\n} }\n`,
  { mode: 0o600 });
  try {
    const { stdout } = await exec('wrk', [`-t${threads}`, `-c${connections}`,
      `-d${seconds}`, '--latency', '-s', join(bench, 'load', script),
      world.node.url, '--', join(dir, 'world.lua')]);
    return stdout;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Requests a second, all of them answered as they should be. */
export async function wrk(...args) {
  const said = await wrkSays(...args);
  if (/Non-2xx|Socket errors/.test(said)) throw new Error(said);
  return Number(said.match(/Requests\/sec:\s+([\d.]+)/)[1]);
}

const kept = new Agent({ keepAlive: true });

/** One POST of JSON by Node.js's own client, which does little else. */
export function post(node, path, json) {
  return new Promise((done, fail) => {
    const asked = request(node.url + path, { method: 'POST', agent: kept,
      headers: { 'content-type': 'application/json' } }, answer => {
      answer.resume();
      answer.on('end', () => answer.statusCode < 300 ? done()
        : fail(new Error(`${path}: ${answer.statusCode}`)));
    });
    asked.on('error', fail);
    asked.end(JSON.stringify(json));
  });
}

/** pgbench with a script of ours: transactions a second and their latency. */
export async function pgbench(world, script, { seconds = 5, clients = 1,
  variables = {} } = {}) {
  const { dir, passwords } = world.postgres;
  const { stdout } = await exec(join(pgbin, 'pgbench'),
    ['-n', '-M', 'prepared', '-c', String(clients), '-j',
      String(Math.min(clients, 2)), '-T', String(seconds),
      ...Object.entries(variables).flatMap(([k, v]) => ['-D', `${k}=${v}`]),
      '-f', resolve(bench, 'sql', script)],
    { env: { ...process.env, PGHOST: dir, PGUSER: 'postgres',
      PGPASSWORD: passwords.postgres, PGDATABASE: 'hermetic',
      PGAPPNAME: 'pgbench',
      PGOPTIONS: '-c search_path=hermetic' } });
  const number = pattern => Number(stdout.match(pattern)[1]);
  return { tps: number(/tps = ([\d.]+)/),
    ms: number(/latency average = ([\d.]+) ms/) };
}

/** Microseconds of CPU that these processes have had, user and system. */
export function cpuOf(pids) {
  const all = { user: 0, system: 0 };
  for (const pid of pids) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    all.user += Number(fields[11]) * 10_000;
    all.system += Number(fields[12]) * 10_000;
  }
  return all;
}
