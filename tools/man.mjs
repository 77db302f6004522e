// Makes man pages of the engine's headers: a page for each, and a link to it for
// each function. What a page says stands in the header and nowhere else.
//
//   node tools/man.mjs OUT [HEADER...]     OUT/man3/*.3
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const HEADERS = ['mls', 'components', 'group', 'identity', 'items', 'limits',
  'read', 'rules'].map(name => `src/mls/${name}.h`);

const roff = line => line.replaceAll('\\', '\\e').replace(/^([.'])/, '\\&$1')
  .replaceAll('-', '\\-');

// The words of a comment; a line of its own, with an empty one before it, begins a
// paragraph.
const words = comment => comment.replace(/^\/\*+|\*\/$/g, '').split('\n')
  .map(line => line.replace(/^\s*\*? ?/, '').trimEnd()).join('\n').trim();

// A header as comments, each with the declarations that follow it.
function parts(text) {
  const body = text
    .replace(/^#ifdef __cplusplus\n[^]*?#endif\n/gm, '')
    .replace(/^#(ifndef|endif|include).*\n/gm, '')
    .replace(/^#define HERMETIC_\w+_H\n/gm, '');
  const found = [];
  // a comment at the beginning of a line; within a struct it stays in the code
  const pattern = /^\/\*[^]*?\*\/[ \t]*\n/gm;
  let last = { comment: '', from: 0 };
  for (const m of body.matchAll(pattern)) {
    found.push({ comment: last.comment,
      code: body.slice(last.from, m.index).trim() });
    last = { comment: words(m[0].trim()), from: m.index + m[0].length };
  }
  found.push({ comment: last.comment, code: body.slice(last.from).trim() });
  return found.filter(p => p.comment || p.code);
}

const functions = code => [...code.replace(/\/\*[^]*?\*\//g, '')
  .replace(/\{[^]*?\n\}/g, '').matchAll(/\b(mls_\w+)\(/g)].map(m => m[1]);

function page(header) {
  const name = basename(header, '.h');
  const title = name === 'mls' ? 'mls' : `mls_${name}`;
  const [first, ...rest] = parts(readFileSync(join(root, header), 'utf8'));
  const all = [...new Set(rest.flatMap(p => functions(p.code)))];
  const summary = first.comment.split(/[.:]\s/)[0].replace(/\s+/g, ' ');
  const out = [`.TH ${title.toUpperCase()} 3 "" hermetic\\-mls`, '.SH NAME',
    roff(`${[title, ...all].join(', ')} - ${summary}`), '.SH SYNOPSIS',
    `.B #include <mls/${name}.h>`, '.PP',
    'Compile and link with pkg\\-config hermetic\\-mls.', '.SH DESCRIPTION',
    ...first.comment.split('\n').map(l => l ? roff(l) : '.PP')];
  if (first.code) rest.unshift({ comment: '', code: first.code });
  for (const { comment, code } of rest) {
    const heading = /^-+ (.*?) -+$/.exec(comment);
    if (heading) {
      out.push(`.SH ${roff(heading[1].toUpperCase())}`);
    } else if (comment) {
      out.push('.PP', ...comment.split('\n').map(l => l ? roff(l) : '.PP'));
    }
    if (code)
      out.push('.PP', '.nf', '.RS', ...code.replaceAll('\t', '        ')
        .split('\n').map(roff), '.RE', '.fi');
  }
  out.push('.SH SEE ALSO', '.BR mls (3)');
  return { title, all, text: `${out.join('\n')}\n` };
}

const [out, ...chosen] = process.argv.slice(2);
if (!out) {
  console.error('usage: node tools/man.mjs OUT [HEADER...]');
  process.exit(2);
}
const folder = join(out, 'man3');
mkdirSync(folder, { recursive: true });
for (const header of chosen.length ? chosen : HEADERS) {
  const { title, all, text } = page(header);
  writeFileSync(join(folder, `${title}.3`), text);
  for (const name of all)
    if (name !== title)
      writeFileSync(join(folder, `${name}.3`), `.so man3/${title}.3\n`);
}
