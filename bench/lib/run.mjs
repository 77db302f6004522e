// Runs the measurements, each in turn with its floor, and writes them down.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { plot } from './plot.mjs';
import { openWorld } from './world.mjs';
import delivery from '../rows/delivery.mjs';
import foreign from '../rows/foreign.mjs';
import history from '../rows/history.mjs';
import cpu from '../rows/cpu.mjs';
import login from '../rows/login.mjs';
import nodes from '../rows/nodes.mjs';
import send from '../rows/send.mjs';
import size from '../rows/size.mjs';
import work from '../rows/work.mjs';

const results = join(dirname(dirname(fileURLToPath(import.meta.url))),
  'results');
const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const words = process.argv.slice(2);
const rows = [...send, ...cpu, ...delivery, ...history, ...size, ...login, ...nodes,
  ...work, ...foreign]
  .filter(r => words.length === 0 || words.some(w => r.name.includes(w)));

const middle = list => [...list].sort((x, y) => x - y)[list.length >> 1];
const spread = list =>
  (Math.max(...list) - Math.min(...list)) / middle(list);

async function measure(world, row) {
  const a = [], b = [];
  await row.before?.(world);
  for (let i = 0; i < rounds; i++) {
    b.push(await row.b(world));
    a.push(await row.a(world));
    process.stderr.write(`${row.name}: ${a.at(-1)} against ${b.at(-1)}\n`);
  }
  // each pair saw the machine in about the same state
  const ratio = middle(a.map((v, i) => v / b[i]));
  const { name, what, unit, floor, goal, better } = row;
  return { name, what, unit, floor, goal, better, a, b, median: middle(a),
    spread: spread(a), floorMedian: middle(b), floorSpread: spread(b), ratio,
    reached: goal === undefined ? undefined
      : better === 'more' ? ratio >= goal : ratio <= goal,
    ...row.more && { more: row.more() } };
}

const short = v => v >= 100 ? Math.round(v).toLocaleString('en')
  : v.toPrecision(3);
const percent = v => `±${Math.round(v * 50)} %`;

function line(r) {
  return `| ${r.what} | ${short(r.median)} ${r.unit} ${percent(r.spread)} | ${
    r.floor}: ${short(r.floorMedian)} ${percent(r.floorSpread)} | ${
    r.ratio.toFixed(2)} | ${r.goal === undefined ? ' | '
    : `${r.better === 'more' ? '≥' : '≤'} ${r.goal} | ${
      r.reached ? 'yes' : 'no'}`} |`;
}

mkdirSync(results, { recursive: true });
console.log('| what | median | floor | ratio | goal | reached |');
console.log('|---|---|---|---|---|---|');
const world = await openWorld();
try {
  for (const row of rows) {
    const r = await measure(world, row);
    console.log(line(r));
    writeFileSync(join(results, `${r.name}.json`), `${JSON.stringify({ ...r,
      rounds, processors: cpus().map(c => c.model), at: new Date() },
    null, 2)}\n`);
    writeFileSync(join(results, `${r.name}.svg`), plot(r));
  }
} finally {
  await world.close();
}
