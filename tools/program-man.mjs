// Makes the manual page of a program of an operator's of what its --help says:
//
//   node tools/program-man.mjs PROGRAM OUT [VERSION]      OUT/man8/NAME.8
//
// Its first line is "NAME: what it is.", then comes "Usage: …"; paragraphs follow, and
// parts like "Commands:" whose rows are words, two spaces or more, and a sentence.
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { option, parts, roff, says, sentence } from './help-text.mjs';

const [program, out, version = ''] = process.argv.slice(2);
if (!out) {
  console.error('usage: node tools/program-man.mjs PROGRAM OUT [VERSION]');
  process.exit(2);
}
const name = basename(program);
const help = parts(says(program, '--help'));
const [title, usage, ...paragraphs] = help.head.split('\n\n');
const [, summary] = new RegExp(`^${name}: (.*)\\.$`).exec(title);
const [, synopsis] = new RegExp(`^Usage: ${name} (.*)$`).exec(usage);
const row = line => {
  const [, words, value, text] = /^ {2}(\S+(?: [a-z]+)*)(?: (\S.*?))? {2,}(\S.*)$/.exec(line);
  return { name: words, value, text };
};
const folder = join(out, 'man8');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, `${name}.8`), `${[
  `.TH ${name.toUpperCase()} 8 "" "${version}"`, '.SH NAME',
  `${roff(name)} \\- ${roff(summary)}`, '.SH SYNOPSIS',
  `.B ${roff(name)}`, roff(synopsis), '.SH DESCRIPTION',
  paragraphs.map(p => ['.PP', roff(sentence(p))]),
  Object.entries(help.parts).map(([heading, rows]) =>
    [`.SH ${roff(heading.toUpperCase())}`, rows.map(row).map(option)]),
].flat(9).join('\n')}\n`);
