// What a program without sanitizers needs to load a library that has them.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Its environment. Leaks are not looked for: such a program frees little of its own at exit. */
export function sanitizer(library) {
  const bytes = readFileSync(library);
  const names = ['asan', 'tsan', 'ubsan'].map(name => `lib${name}.so`)
    .filter(name => bytes.includes(name));
  if (names.length === 0) return {};
  return { LD_PRELOAD: names.map(name => execFileSync('gcc', [`-print-file-name=${name}`],
    { encoding: 'utf8' }).trim()).join(':'),
  ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=0:exitcode=99',
  UBSAN_OPTIONS: 'print_stacktrace=1' };
}

/** It has spoken up in what a program wrote. */
export const spokeUp =
  output => /ERROR: AddressSanitizer|runtime error:|WARNING: ThreadSanitizer/.test(output);
