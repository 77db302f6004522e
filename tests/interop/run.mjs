#!/usr/bin/env node
// Our engine and ts-mls in the same groups.
//
//   node tests/interop/run.mjs [--build DIR] [--suite N]... [--seed N]
//     [--seeds N] [--steps N] [--members N] [--only ours|ts-mls]
//     [--record DIR]
//
// Suites as 0x0001 or 63473; DIR holds tests/interop/members (build/asan). A
// failure says how to run what failed again. --record keeps what our members
// were asked and answered, for tests/vectors/frozen.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { Engine, usableSuites } from './ours.mjs';
import { Scenario } from './scenario.mjs';
import { suiteNumbers } from './suites.mjs';

export const hex = suite => `0x${suite.toString(16).padStart(4, '0')}`;

/** One scenario; its summary. Throws with how to replay it. */
export async function play({
  build, suite, seed, steps, members, only, record,
}) {
  const log = record ? [] : undefined;
  const engine = new Engine(build, { log });
  const scenario = new Scenario({ engine, suite, seed, size: members,
    ...(only && { kinds: [only] }) });
  try {
    await scenario.begin();
    for (let i = 0; i < steps; i++) await scenario.step();
  } catch (e) {
    e.message += `\nreplay: node tests/interop/run.mjs --build ${build} ` +
      `--suite ${hex(suite)} --seed ${seed} --steps ${steps} ` +
      `--members ${members}${only ? ` --only ${only}` : ''}`;
    throw e;
  } finally {
    const code = await engine.stop();
    if (code !== 0)
      throw new Error(`our members ended with ${code}: a leak, or worse`);
  }
  if (record) writeFileSync(join(record, `${hex(suite)}.jsonl`),
    log.map(l => `${JSON.stringify(l)}\n`).join(''));
  return scenario;
}

async function main() {
  const { values: o } = parseArgs({ options: {
    build: { type: 'string', default: 'build/asan' },
    suite: { type: 'string', multiple: true },
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    steps: { type: 'string', default: '40' },
    members: { type: 'string', default: '5' },
    only: { type: 'string' },
    record: { type: 'string' },
  } });
  const usable = await usableSuites(o.build);
  for (const suite of o.suite?.map(Number) ?? suiteNumbers.filter(n => usable.includes(n)))
    for (let i = 0; i < Number(o.seeds); i++) {
      const seed = Number(o.seed) + i;
      const start = performance.now();
      const s = await play({ build: o.build, suite, seed, only: o.only,
        record: o.record,
        steps: Number(o.steps), members: Number(o.members) });
      console.log(`${hex(suite)} seed ${seed}: ${o.steps} steps, ` +
        `${s.members.length} members at the end, ${s.messages} messages ` +
        `opened, ${((performance.now() - start) / 1000).toFixed(1)} s; ` +
        Object.entries(s.done).map(([k, n]) => `${k} ${n}`).join(', '));
    }
}

if (import.meta.url === `file://${process.argv[1]}`) await main();
