// What the kernel counts: the processor time and the memory of a tree of processes, and how often
// the disk with the temporary files was flushed, whichever program asked for it by whichever call.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** The numbers of these processes, of those that they started, and so on. */
export function treeOf(roots) {
  const children = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    let stat;
    try { stat = readFileSync(`/proc/${name}/stat`, 'utf8'); } catch { continue; } // it ended
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    children.set(parent, [...children.get(parent) ?? [], Number(name)]);
  }
  const all = new Set(roots);
  for (const pid of all) for (const child of children.get(pid) ?? []) all.add(child);
  return [...all];
}

const sum = (list, of) => list.reduce((total, one) => {
  try { return total + of(one); } catch { return total; } // it ended
}, 0);

/** Microseconds on a processor, all threads. */
export const cpuOf = pids => sum(pids, pid => sum(readdirSync(`/proc/${pid}/task`),
  task => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8')
    .split(' ')[0]) / 1000));

/** KiB, each page that several share counted once (PSS). */
export const memoryOf = pids => sum(pids, pid => Number(
  readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').match(/^Pss:\s+(\d+)/m)[1]));

const { dev } = statSync(tmpdir());
const disk = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)];

/** Of the disk, since the machine started; 0: the kernel or the disk does not count them. */
export function flushes() {
  const line = readFileSync('/proc/diskstats', 'utf8').split('\n')
    .map(l => l.trim().split(/\s+/))
    .find(([major, minor]) => Number(major) === disk[0] && Number(minor) === disk[1]);
  return Number(line?.[18] ?? 0);
}
