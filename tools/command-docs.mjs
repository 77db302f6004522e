// Makes the man page of `hermetic` and completions for bash, zsh and fish of what its
// --help says: that is the one place where verbs and options have their words.
//
//   node tools/command-docs.mjs build/hermetic OUT    OUT/man/man1/hermetic.1,
//     OUT/bash-completion/completions/hermetic, OUT/zsh/site-functions/_hermetic,
//     OUT/fish/vendor_completions.d/hermetic.fish
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { option, parts, roff, says, sentence } from './help-text.mjs';

const [program, out] = process.argv.slice(2);
if (!out) {
  console.error('usage: node tools/command-docs.mjs PROGRAM OUT');
  process.exit(2);
}

// "  --home DIR     where …": { name, value, text }. A line that goes on is joined.
const row = line => {
  const m = /^ {2}(\S+) (.*?)(?: {2,}|(?<=^ {2}.{24}) |$)(.*)$/.exec(line.padEnd(27));
  return { name: m[1], value: m[2].trim(), text: m[3].trim() };
};
const rows = lines => (lines ?? []).filter(l => l.trim()).map(row);

const main = parts(says(program, '--help'));
const options = rows(main.parts['Options of every command']);
const verbs = rows(main.parts.Commands).map(({ name }) => {
  const page = parts(says(program, name, '--help'));
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

write('man/man1/hermetic.1', [
  `.TH HERMETIC 1 "" "${says(program, '--version').split(' ')[1].trim()}"`,
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

// A name of a session is what a member chose: no shell may take it for anything but a
// word. They come from an agent, if one holds the keys: nobody is asked for a passphrase.
const quoted = text => `'${text.replaceAll("'", "'\\''")}'`;
const names = list => list.map(o => o.name).join(' ');
const every = [...new Map([...options, ...verbs.flatMap(v => v.options)]
  .map(o => [o.name, o])).values()];
const isFile = o => /^(DIR|FILE)$/.test(o.value);
const isSession = o => o.value === 'ID';
const either = list => list.map(o => o.name).join(' | ');
const ofSession = verbs.filter(v => /^\[?ID/.test(v.operands));
const plainValue = every.filter(o => o.value && !isFile(o) && !isSession(o));

write('bash-completion/completions/hermetic', [
  '_hermetic_sessions() {',
  '  local name typed',
  '  while IFS= read -r name; do',
  '    printf -v typed %q "$name"',
  '    if [[ $name == "$1"* || $typed == "$1"* ]]; then COMPREPLY+=("$typed"); fi',
  '  done < <(hermetic "${@:2}" sessions --names </dev/null 2>/dev/null)',
  '}',
  '_hermetic() {',
  '  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}',
  '  local verb= operands=0 i where=()',
  '  COMPREPLY=()',
  '  for ((i = 1; i < COMP_CWORD; i++)); do',
  '    case ${COMP_WORDS[i]} in',
  '      --home | --username)',
  '        where+=("${COMP_WORDS[i]}" "${COMP_WORDS[i+1]}"); ((i++)) ;;',
  `      ${either(every.filter(o => o.value &&
    !['--home', '--username'].includes(o.name)))}) ((i++)) ;;`,
  '      -*) ;;',
  '      *) if [[ $verb ]]; then ((operands++)); else verb=${COMP_WORDS[i]}; fi ;;',
  '    esac', '  done',
  '  case $before in',
  `    ${either(every.filter(isFile))})`,
  '      mapfile -t COMPREPLY < <(compgen -f -- "$word")',
  '      compopt -o filenames 2>/dev/null',
  '      return ;;',
  `    ${either(every.filter(isSession))}) _hermetic_sessions "$word" "\${where[@]}"`,
  '      return ;;',
  `    ${either(plainValue)}) return ;;`,
  '  esac',
  '  if [[ $verb && $operands -eq 0 && $word != -* ]]; then',
  '    case $verb in',
  `      ${either(ofSession)})`,
  '        _hermetic_sessions "$word" "${where[@]}"; return ;;',
  '    esac', '  fi',
  '  case $verb in',
  `    '') COMPREPLY=($(compgen -W '${names(verbs)} ${names(options)}' -- "$word")) ;;`,
  verbs.map(v => `    ${v.name}) COMPREPLY=($(compgen -W '${
    names([...v.options, ...options])}' -- "$word")) ;;`),
  '  esac', '}', 'complete -F _hermetic hermetic']);

const bare = text => text.replace(/[[\]:]/g, '\\$&');
const zsh = o => quoted(`${o.name}[${bare(o.text)}]${o.value ? `:${bare(o.value)}:${
  isFile(o) ? '_files' : isSession(o) ? '_hermetic_sessions' : ''}` : ''}`);
write('zsh/site-functions/_hermetic', [
  '#compdef hermetic',
  '_hermetic_sessions() {',
  '  local -a names',
  '  names=("${(@f)$(hermetic $where sessions --names </dev/null 2>/dev/null)}")',
  '  names=(${names:#})',
  '  compadd -a names',
  '}',
  'local -a commands everywhere where',
  'local curcontext=$curcontext state line name',
  'typeset -A opt_args',
  'commands=(',
  verbs.map(v => `  ${quoted(`${v.name}:${v.summary}`)}`), ')',
  'everywhere=(', options.map(o => `  ${zsh(o)}`), ')',
  "_arguments -C $everywhere '1:command:->command' '*::argument:->argument'",
  'for name in --home --username; do',
  '  (( ${+opt_args[$name]} )) && where+=($name "${(Q)opt_args[$name]}")',
  'done',
  'case $state in', '  command) _describe command commands ;;',
  '  argument) case $words[1] in',
  verbs.map(v => `    ${v.name}) _arguments $everywhere ${[...v.options.map(zsh),
    ...ofSession.includes(v) ? ["'1:session:_hermetic_sessions'"] : [],
    "'*:argument:'"].join(' ')} ;;`),
  '  esac ;;', 'esac']);

const fish = (o, condition) => `complete -c hermetic ${condition} -l ${
  o.name.slice(2)} -d ${quoted(o.text)}${!o.value ? '' : isFile(o) ? ' -r -F'
  : isSession(o) ? " -x -a '(__hermetic_sessions)'" : ' -x'}`;
write('fish/vendor_completions.d/hermetic.fish', [
  '# What stands before the cursor: --where prints the options that say which state,',
  '# --verb the command while none of its operands stands there.',
  'function __hermetic_line',
  '  set -l words (commandline -opc)',
  '  set -l verb',
  '  set -l operands 0',
  '  set -l i 2',
  '  while test $i -le (count $words)',
  '    switch $words[$i]',
  '      case --home --username',
  "        if test $argv[1] = --where",
  '          printf "%s\\n" $words[$i] $words[(math $i + 1)]',
  '        end',
  '        set i (math $i + 1)',
  `      case ${names(every.filter(o => o.value))}`,
  '        set i (math $i + 1)',
  "      case '-*'",
  "      case '*'",
  '        if test -n "$verb"',
  '          set operands (math $operands + 1)',
  '        else',
  '          set verb $words[$i]',
  '        end',
  '    end',
  '    set i (math $i + 1)',
  '  end',
  '  if test $argv[1] = --verb; and test $operands -eq 0; and test -n "$verb"',
  '    echo $verb',
  '  end',
  'end',
  'function __hermetic_sessions',
  '  hermetic (__hermetic_line --where) sessions --names </dev/null 2>/dev/null',
  'end',
  'function __hermetic_wants_session',
  '  contains -- (__hermetic_line --verb) $argv',
  'end',
  'complete -c hermetic -f',
  verbs.map(v => `complete -c hermetic -n __fish_use_subcommand -a ${
    v.name} -d ${quoted(v.summary)}`),
  `complete -c hermetic -n '__hermetic_wants_session ${names(ofSession)}' ` +
    "-a '(__hermetic_sessions)' -d session",
  options.map(o => fish(o, '')),
  verbs.map(v => v.options.map(o =>
    fish(o, `-n '__fish_seen_subcommand_from ${v.name}'`)))]);
