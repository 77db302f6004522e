// Holds src/mls and src/wire to docs/rfc9420-musts.txt: each duty of RFC 9420
// listed there stands above the line that obeys it, as SECTION: "words", and
// nothing of these sections is quoted that is not listed. Says so in TAP.
//
//   node tools/check-musts.mjs [RFC]
//
// With the text of the RFC (Markdown, as its authors publish it), also: the
// words are the RFC's, and no MUST of the sections is without a line.
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = path => readFileSync(join(root, path), 'utf8');
const plain = text => text.replaceAll('`', '').replaceAll('_joins_', 'joins')
  .replace(/\s+/g, ' ').trim();

const duties = read('docs/rfc9420-musts.txt').split('\n')
  .filter(line => line && !line.startsWith('#'))
  .map(line => {
    const [section, words, where = ''] = line.split(' | ').map(s => s.trim());
    return { section, words, where };
  });
const key = (section, words) => `${section}: "${words}"`;
const listed = new Map(duties.map(d => [key(d.section, d.words), d]));
const sections = new Set(duties.map(d => d.section));

// A comment, its stars and line ends gone, may quote more than once.
function* quotes() {
  for (const folder of ['src/mls', 'src/wire'])
    for (const name of readdirSync(join(root, folder))) {
      if (!/\.[ch]$/.test(name)) continue;
      const path = `${folder}/${name}`;
      for (const [comment] of read(path).matchAll(/\/\*.*?\*\//gs)) {
        const text = comment.replace(/\s*\n\s*\*\s*/g, ' ')
          .replace(/\s+/g, ' ');
        for (const [, section, words] of
          text.matchAll(/(\d+(?:\.\d+)*): "([^"]*)"/g))
          if (sections.has(section)) yield { path, section, words };
      }
    }
}

let tests = 0, failures = 0;
function check(name, found) {
  tests++;
  if (found.length) failures++;
  console.log(`${found.length ? 'not ok' : 'ok'} ${tests} - ${name}`);
  for (const line of found) console.log(`#   ${line}`);
}

const seen = new Set(), unlisted = [];
for (const { path, section, words } of quotes()) {
  const k = key(section, words);
  seen.add(k);
  if (!listed.has(k)) unlisted.push(`${path}: ${k}`);
}
check('every quote of RFC 9420 is listed', unlisted);
check('every duty has a line, or a reason why not',
  duties.filter(d => !d.where && !seen.has(key(d.section, d.words)))
    .map(d => key(d.section, d.words)));
check('what is done elsewhere is not quoted',
  duties.filter(d => d.where && seen.has(key(d.section, d.words)))
    .map(d => key(d.section, d.words)));
check('who does it otherwise is said',
  duties.filter(d => d.where && !/^(app|none): ./.test(d.where))
    .map(d => key(d.section, d.words)));

// --- against the RFC itself ------------------------------------------------

// The sections by number; the text counts its headings from 1.
function rfcSections(text) {
  const counts = [], found = new Map();
  let now = [], inCode = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('~~~')) inCode = !inCode;
    const heading = inCode ? null : line.match(/^(#+) /);
    if (!heading) {
      now.push(line);
      continue;
    }
    const depth = heading[1].length;
    counts.length = depth;
    for (let i = 0; i < depth; i++) counts[i] ??= 0;
    counts[depth - 1]++;
    now = [];
    found.set(counts.join('.'), now);
  }
  return new Map([...found].map(([n, lines]) => [n, plain(lines.join('\n'))]));
}

if (process.argv[2]) {
  const rfc = rfcSections(readFileSync(process.argv[2], 'utf8'));
  check('the words are the RFC\'s', duties
    .filter(d => !rfc.get(d.section)?.includes(d.words))
    .map(d => key(d.section, d.words)));
  const missing = [];
  for (const section of sections) {
    const text = rfc.get(section) ?? '';
    const spans = duties.filter(d => d.section === section).map(d => {
      const at = text.indexOf(d.words);
      return [at, at + d.words.length];
    });
    // A duty answers for the sentence that it stands in.
    for (const m of text.matchAll(/MUST/g)) {
      const begin = Math.max(text.lastIndexOf('. ', m.index),
        text.lastIndexOf('* ', m.index));
      const stop = text.indexOf('. ', m.index);
      const end = stop < 0 ? text.length : stop;
      if (!spans.some(([a, b]) => a < end && b > begin))
        missing.push(`${section}: ${text.slice(Math.max(0, m.index - 60),
          m.index + 60)}`);
    }
  }
  check('no MUST of these sections is left out', missing);
}

console.log(`1..${tests}`);
process.exit(failures ? 1 : 0);
