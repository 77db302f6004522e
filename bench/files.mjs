// What a large file costs: the memory of a node and of the command while it passes, and what
// messages wait beside it.
//
//   make VARIANT=release programs server
//   HERMETIC_BUILD=build/release node bench/files.mjs [MEGABYTES]   (1024)
//
// One node of one worker, PostgreSQL with its log on the disk, the command at both ends. A
// message is posted every 20 ms, before the file and beside it.
import { open, stat } from 'node:fs/promises';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { Session, newUser, ok } from '../tests/testlib/api.mjs';
import { conversation, twoPeople } from '../tests/testlib/people.mjs';
import { newHome, sleep, startNode, startPostgres } from '../tests/testlib/stack.mjs';

const megabytes = Number(process.argv[2] ?? 1024), TURN_MS = 20;
const postgres = await startPostgres({ settings: { fsync: 'on',
  synchronous_commit: 'on' } });
const node = await startNode({ postgres, workers: 1,
  env: { HERMETIC_LOG_LEVEL: 'warn' } });
const [alice, bob] = await twoPeople(node.url);
const id = await conversation(alice, bob);
const talker = await newUser(node.url, 'talker');
const session = await Session.create(talker);

const kib = (pid, name) => Number(readFileSync(`/proc/${pid}/status`, 'utf8')
  .match(new RegExp(`${name}:\\s+(\\d+)`))?.[1] ?? 0);
const worker = node.pids()[1];
const middle = (list, part) => [...list].sort((a, b) => a - b)[
  Math.min(list.length - 1, Math.floor(list.length * part))];

/** Posts messages until `over` is settled: how long each took, in milliseconds. */
async function talk(over) {
  const took = [];
  let going = true;
  over.finally(() => { going = false; });
  while (going) {
    const start = performance.now();
    ok(await session.send(talker), 201);
    took.push(performance.now() - start);
    await sleep(Math.max(0, TURN_MS - took.at(-1)));
  }
  return took;
}

/** Runs a command beside messages. */
async function beside(person, ...args) {
  const before = kib(worker, 'VmRSS'), start = performance.now();
  const running = person.start(...args);
  let command = 0, most = before;
  const watch = setInterval(() => {
    try {
      command = Math.max(command, kib(running.child.pid, 'VmHWM'));
      most = Math.max(most, kib(worker, 'VmRSS'));
    } catch { /* it has ended */ }
  }, 20);
  const [took, { code, err }] = await Promise.all([talk(running.ended), running.ended]);
  clearInterval(watch);
  if (code !== 0) throw new Error(err);
  return { took, seconds: (performance.now() - start) / 1000, command,
    node: most - before, lines: running.lines() };
}

const folder = newHome(), path = join(folder, 'large');
const file = await open(path, 'w');
const block = Buffer.alloc(1 << 20, 'a file that is large. ');
for (let i = 0; i < megabytes; i++) {
  block.writeUInt32BE(i);
  await file.write(block);
}
await file.close();
mkdirSync(join(folder, 'to'));

await talk(sleep(2000)); // what a first message needs is there
const alone = await talk(sleep(10_000));
const up = await beside(alice, 'send', id, '--file', path);
await bob.does('read', id);
const down = await beside(bob, 'save', id, String(up.lines.at(-1).seq), join(folder, 'to'));
if ((await stat(join(folder, 'to', 'large'))).size !== megabytes * 2 ** 20)
  throw new Error('another file came');
const ms = list => `${middle(list, 0.5).toFixed(1)} ms, ${middle(list, 0.95).toFixed(1)} ms`;
console.log(`| what | time | node grew by | the command's memory | a message, median and 95 % |`);
console.log('| --- | --- | --- | --- | --- |');
console.log(`| nothing beside | | | | ${ms(alone)} |`);
for (const [what, m] of [[`${megabytes} MiB sent`, up], [`${megabytes} MiB saved`, down]])
  console.log(`| ${what} | ${m.seconds.toFixed(1)} s | ${(m.node / 1024).toFixed(1)} MiB | ${
    (m.command / 1024).toFixed(1)} MiB | ${ms(m.took)} |`);
await node.stop();
await postgres.stop();
