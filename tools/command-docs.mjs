// Makes the man page of `hermetic` and completions for bash, zsh and fish of what its
// --help says: that is the one place where verbs and options have their words.
//
//   node tools/command-docs.mjs build/hermetic OUT    OUT/man/man1/hermetic.1,
//     OUT/bash-completion/completions/hermetic, OUT/zsh/site-functions/_hermetic,
//     OUT/fish/vendor_completions.d/hermetic.fish
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const [program, out] = process.argv.slice(2);
if (!out) {
  console.error('usage: node tools/command-docs.mjs PROGRAM OUT');
  process.exit(2);
}
const says = (...args) => execFileSync(program, args, { encoding: 'utf8' });

// A help text as its head and its parts: { head, parts: { Options: [line…] } }.
function parts(text) {
  const [head, ...rest] = text.trimEnd().split(/^(?=[A-Z][A-Za-z ]*:\n)/m);
  const found = { head: head.trim(), parts: {}, tail: '' };
  for (const part of rest) {
    const [, name, body] = /^([^\n]*):\n([^]*)$/.exec(part);
    const [rows, ...after] = body.split('\n\n');
    found.parts[name] = rows.split('\n');
    found.tail += after.join('\n\n');
  }
  return found;
}

// "  --home DIR     where …": { name, value, text }. A line that goes on is joined.
const row = line => {
  const m = /^ {2}(\S+) (.*?)(?: {2,}|(?<=^ {2}.{24}) |$)(.*)$/.exec(line.padEnd(27));
  return { name: m[1], value: m[2].trim(), text: m[3].trim() };
};
const rows = lines => (lines ?? []).filter(l => l.trim()).map(row);

const main = parts(says('--help'));
const options = rows(main.parts['Options of every command']);
const verbs = rows(main.parts.Commands).map(({ name }) => {
  const page = parts(says(name, '--help'));
  const [, operands, summary, , more] =
    /^hermetic \S+ ?(.*?): (.*)\.(\n([^]*))?$/m.exec(page.head);
  return { name, operands, summary, more: more ?? '',
    options: rows(page.parts.Options)
      .filter(o => !options.some(c => c.name === o.name)),
    examples: page.parts.Examples.map(l => l.trim()) };
});
if (verbs.length < 30 || options.length < 5)
  throw new Error('this is not what hermetic --help says');

function write(path, lines) {
  const file = join(out, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${lines.flat(9).join('\n')}\n`);
}

// --- man ---------------------------------------------------------------------

const roff = text => text.replaceAll('\\', '\\e').replaceAll('-', '\\-')
  .replace(/^([.'])/gm, '\\&$1')
  .replace(/[^\x00-\x7f]/gu, c => `\\[u${c.codePointAt(0).toString(16)
    .toUpperCase().padStart(4, '0')}]`);
const sentence = text => text[0].toUpperCase() + text.slice(1);
const option = o => ['.TP', `\\fB${roff(o.name)}\\fR${
  o.value ? ` \\fI${roff(o.value)}\\fR` : ''}`, roff(o.text)];
write('man/man1/hermetic.1', [
  `.TH HERMETIC 1 "" "${says('--version').split(' ')[1].trim()}"`,
  '.SH NAME', 'hermetic \\- sealed messages',
  '.SH SYNOPSIS', '.B hermetic', '[\\fIOPTION\\fR]...', '.br', '.B hermetic',
  '\\fICOMMAND\\fR [\\fIOPTION\\fR]...',
  '.SH DESCRIPTION', roff(sentence(main.head.split('\n')[0].replace(/^hermetic: /, ''))),
  'Without a command it chats.',
  '.SH OPTIONS', options.map(option),
  '.SH COMMANDS', verbs.map(v => [
    `.SS ${roff(`${v.name} ${v.operands}`.trim())}`,
    roff(`${sentence(v.summary)}.`),
    roff(v.more), v.options.map(option),
    '.PP', '.nf', v.examples.map(roff), '.fi']),
  '.SH ENVIRONMENT AND EXIT', roff(main.tail.split('\n\nExample')[0])
    .replaceAll('\n', ' '),
].flat(9).filter(l => l !== ''));

// --- completions -----------------------------------------------------------------

const quoted = text => `'${text.replaceAll("'", "'\\''")}'`;
const names = list => list.map(o => o.name).join(' ');

write('bash-completion/completions/hermetic', [
  '_hermetic() {',
  '  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}',
  '  local verb= i',
  '  for ((i = 1; i < COMP_CWORD; i++)); do',
  `    case ' ${names(verbs)} ' in`,
  '      *" ${COMP_WORDS[i]} "*) verb=${COMP_WORDS[i]}; break ;;',
  '    esac', '  done',
  '  case $before in',
  '    --home | --ca) COMPREPLY=($(compgen -f -- "$word")); return ;;',
  '  esac',
  '  case $verb in',
  `    '') COMPREPLY=($(compgen -W '${names(verbs)} ${names(options)}' -- "$word")) ;;`,
  verbs.map(v => `    ${v.name}) COMPREPLY=($(compgen -W '${
    names([...v.options, ...options])}' -- "$word")) ;;`),
  '  esac', '}', 'complete -F _hermetic hermetic']);

const zsh = o => quoted(`${o.name}[${o.text.replace(/[[\]:]/g, '\\$&')}]${
  o.value ? `:${o.value.replace(/[[\]:]/g, '\\$&')}:${
    /^(DIR|FILE)$/.test(o.value) ? '_files' : ''}` : ''}`);
write('zsh/site-functions/_hermetic', [
  '#compdef hermetic', 'local -a commands', 'commands=(',
  verbs.map(v => `  ${quoted(`${v.name}:${v.summary}`)}`), ')',
  '_arguments -C \\', options.map(o => `  ${zsh(o)} \\`),
  "  '1:command:->command' '*::argument:->argument'",
  'case $state in', "  command) _describe command commands ;;",
  '  argument) case $words[1] in',
  verbs.filter(v => v.options.length).map(v =>
    `    ${v.name}) _arguments ${v.options.map(zsh).join(' ')} ;;`),
  '  esac ;;', 'esac']);

const fish = (o, condition) => `complete -c hermetic ${condition} -l ${
  o.name.slice(2)} -d ${quoted(o.text)}${o.value ? ' -r' : ''}`;
write('fish/vendor_completions.d/hermetic.fish', [
  'complete -c hermetic -f',
  verbs.map(v => `complete -c hermetic -n __fish_use_subcommand -a ${
    v.name} -d ${quoted(v.summary)}`),
  options.map(o => fish(o, '')),
  verbs.map(v => v.options.map(o =>
    fish(o, `-n '__fish_seen_subcommand_from ${v.name}'`)))]);
