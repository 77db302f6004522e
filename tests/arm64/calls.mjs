// Whether the workers of nodes made system calls that the filter would have killed them for:
// the traces of qemu against what tests/arm64/filter.c read of the filters.
//
//   node tests/arm64/calls.mjs SYSROOT TRACES
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const [sysroot, traces] = process.argv.slice(2);
const MARK = 'getpgid(987654321';

// "#define __NR_statx 291", and of some the number under a name that two sizes of it share.
const header = readFileSync(join(sysroot, 'usr/include/asm-generic/unistd.h'), 'utf8');
const defined = Object.fromEntries([...header.matchAll(
  /^#define (__NR(?:3264)?_\w+) (\d+|__NR3264_\w+)$/gm)].map(([, name, is]) => [name, is]));
const numberOf = name => Number(defined[defined[`__NR_${name}`]] ?? defined[`__NR_${name}`]);

const passed = new Map(); // of each worker
for (const line of readFileSync(join(traces, 'passed'), 'utf8').trim().split('\n')) {
  const [pid, number] = line.split(' ').map(Number);
  if (!passed.has(pid)) passed.set(pid, new Set());
  passed.get(pid).add(number);
}

// What Kore lets pass by older names, which arm64 has these for.
const faults = [];
for (const name of ['openat', 'newfstatat', 'faccessat', 'readlinkat', 'ppoll', 'epoll_pwait'])
  for (const [pid, numbers] of passed)
    if (!numbers.has(numberOf(name))) faults.push(`the filter of ${pid} has no ${name}`);

// Lines are of several processes, and one may begin within another's.
const made = new Map();
for (const file of readdirSync(traces).filter(n => n.startsWith('calls.'))) {
  const filtered = new Set();
  for (const line of readFileSync(join(traces, file), 'latin1').split('\n'))
    for (const [, pid, name] of line.matchAll(/(?:^|[) ])(\d+) (\w+)\(/g)) {
      const numbers = passed.get(Number(pid));
      if (!numbers) continue;
      if (name === 'getpgid' && line.includes(MARK)) filtered.add(pid);
      else if (filtered.has(pid)) {
        made.set(name, (made.get(name) ?? 0) + 1);
        if (!numbers.has(numberOf(name))) faults.push(`${name} in ${file}: ${line}`);
      }
    }
}
if (made.size < 30) faults.push(`only ${made.size} kinds of system calls were seen`);
for (const fault of new Set(faults)) console.error(fault);
console.log(`${passed.size} workers made ${made.size} kinds of system calls: ${
  [...made.keys()].sort().join(' ')}`);
process.exit(faults.length === 0 ? 0 : 1);
