// What stands in the documents and is made of tables in the code: between
// <!-- NAME --> and <!-- /NAME -->. Without an argument it writes them anew;
// tests/integration/outcomes.test.mjs compares.
//
//   node tools/write-tables.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = file => readFileSync(join(root, file), 'utf8');

/** The rows of src/door/outcomes.h. */
export function outcomes() {
  const text = read('src/door/outcomes.h').replace(/\\\n/g, ' ');
  const words = s => [...s.matchAll(/"([^"]*)"/g)].map(m => m[1]).join('');
  const doors = { R: 'REST', W: 'WebSocket', M: 'MQTT',
    A: 'administration' };
  return [...text.matchAll(new RegExp('X\\(([A-Z_]+),\\s*"([a-z-]+)",\\s*' +
    'OUTCOME_(\\d+),\\s*OUTCOME_([RWMA]+),\\s*(NULL|"\\w+"),\\s*' +
    '((?:"[^"]*"\\s*)+)\\)', 'g'))].map(m => ({
    name: m[1], slug: m[2], status: Number(m[3]),
    doors: [...m[4]].map(d => doors[d]), member: words(m[5]) || undefined,
    words: words(m[6]) }));
}

/** The groups of src/base/settings_table.h: {words, settings}. */
export function settings() {
  const text = read('src/base/settings_table.h')
    .replace(/[^]*#define SETTINGS\(GROUP, SETTING\)/, '')
    .replace(/#define SETTING_NO_GROUP[^]*/, '').replace(/\\\n/g, ' ');
  const string = '((?:"(?:[^"\\\\]|\\\\.)*"\\s*)+|NULL)';
  const value = s => s === 'NULL' ? undefined
    : [...s.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(m => m[1]).join('')
      .replace(/\\(.)/g, '$1');
  const groups = [];
  for (const m of text.matchAll(new RegExp(`GROUP\\(\\s*${string}\\)|` +
    `SETTING\\(\\s*(\\w+),\\s*(\\w+),\\s*${string},\\s*(\\d+)u,\\s*(\\d+)u,` +
    `\\s*([A-Z_|\\s]+),\\s*${string}\\)`, 'g')))
    if (m[1]) groups.push({ words: value(m[1]), settings: [] });
    else
      groups.at(-1).settings.push({ name: `HERMETIC_${m[2]}`, kind: m[3],
        otherwise: value(m[4]), min: Number(m[5]), max: Number(m[6]),
        processes: m[7].split('|').map(p => p.trim()
          .replace('SETTING_', '').toLowerCase()), example: value(m[8]) });
  return groups;
}

function environment() {
  const comment = words => fill(words, 77).replace(/^/gm, '# ');
  return [comment('Copy to .env and edit. The environment wins over this ' +
    'file. Made of src/base/settings_table.h.'),
  ...settings().map(g => [comment(g.words), ...g.settings.map(s =>
    `${s.name}=${s.example ?? s.otherwise}`)].join('\n'))].join('\n\n') + '\n';
}

function settingTable(which = () => true) {
  const bounds = s => s.kind === 'NUMBER' ? `${s.min} to ${s.max}` : '';
  return ['| setting | of | default | bounds |', '| --- | --- | --- | --- |',
    ...settings().flatMap(g => g.settings).filter(which).map(s => `| \`${s.name}\` | ` +
      `${s.processes.join(', ')} | ` + (s.otherwise === undefined
      ? 'must be given' : s.otherwise && `\`${s.otherwise}\``) +
      ` | ${bounds(s)} |`)].join('\n');
}

function problemTable() {
  const of = new Map();
  for (const o of outcomes()) {
    const key = `${o.slug} ${o.status}`;
    const row = of.get(key) ?? { ...o, doors: new Set(), words: [] };
    for (const d of o.doors) row.doors.add(d);
    row.words.push(o.words);
    of.set(key, row);
  }
  const order = ['REST', 'WebSocket', 'MQTT', 'administration'];
  return ['| problem | status | by | detail, where nothing more is known |',
    '| --- | --- | --- | --- |',
    ...[...of.values()].map(o => `| \`${o.slug}\` | ${o.status} | ` +
      order.filter(d => o.doors.has(d)).join(', ') + ' | ' +
      o.words.join('; ') + (o.member ? `; with \`${o.member}\`` : '') + ' |')]
    .join('\n');
}

function problemsOver(door) {
  const slugs = outcomes().filter(o => o.doors.includes(door))
    .map(o => `\`${o.slug}\``);
  return fill(`Its problems: ${[...new Set(slugs)].sort().join(', ')}.`);
}

function fill(text, width = 80) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.length - 1;
    if (lines[last] === '') lines[last] = word;
    else if (lines[last].length + 1 + word.length <= width)
      lines[last] += ` ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}

/** What each document must have: {file, name, text}. */
export function parts() {
  return [
    { file: 'docs/protocol.md', name: 'problems', text: problemTable() },
    { file: 'docs/protocol.md', name: 'problems over WebSocket',
      text: problemsOver('WebSocket') },
    { file: 'docs/mqtt.md', name: 'problems over MQTT',
      text: problemsOver('MQTT') },
    { file: 'docs/operations.md', name: 'settings', text: settingTable() },
    { file: 'docs/mqtt.md', name: 'settings of MQTT',
      text: settingTable(s => s.name.startsWith('HERMETIC_MQTT_')) },
    { file: '.env.example', text: environment() },
  ];
}

const ends = name => [`<!-- ${name} -->\n`, `\n<!-- /${name} -->`];

/** What stands there now; undefined: the marks are missing. */
export function standing({ file, name }) {
  if (name === undefined) return read(file); // all of it
  const [begin, end] = ends(name), text = read(file);
  const from = text.indexOf(begin), to = text.indexOf(end);
  return from < 0 || to < 0 ? undefined
    : text.slice(from + begin.length, to);
}

function write(part) {
  if (part.name === undefined) {
    writeFileSync(join(root, part.file), part.text);
    return;
  }
  const [begin, end] = ends(part.name), text = read(part.file);
  const from = text.indexOf(begin), to = text.indexOf(end);
  if (from < 0 || to < 0)
    throw new Error(`${part.file} has no place for "${part.name}"`);
  writeFileSync(join(root, part.file), text.slice(0, from + begin.length) +
    part.text + text.slice(to));
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const part of parts()) write(part);
