// The page for browsers as it is served: the files of web/ and sdk/js as they are, each
// folder under a name that is a hash of what is in it, and a page that names them with the
// hash of each.
//
//   node tools/web.mjs DIRECTORY [SERVER]
//
// DIRECTORY gets index.html, `policy` and web/. SERVER is the URL of the node, where the
// page comes from somewhere else than the node.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const [directory, server = ''] = process.argv.slice(2);
if (!directory) throw new Error('a directory is wanted');

const hash = (name, bytes, as) => createHash(name).update(bytes).digest(as);
const integrityOf = bytes => `sha384-${hash('sha384', bytes, 'base64')}`;

/** What of a folder a page loads, by name. */
function read(folder, isWanted) {
  return new Map(readdirSync(join(root, folder)).filter(isWanted).sort()
    .map(name => [name, readFileSync(join(root, folder, name))]));
}

const OF_NODE = new Set(['node.js', 'file.js', 'file-lock.js']);
const sdk = read('sdk/js', name => /\.(js|wasm)$/.test(name) && !OF_NODE.has(name));
const web = read('web', name => /\.(js|css|svg)$/.test(name));

/** Its name says what is in it: the same name, the same bytes. */
const nameOf = files => hash('sha256', [...files].map(([name, bytes]) =>
  `${name} ${integrityOf(bytes)}\n`).join(''), 'hex').slice(0, 20);

const folders = new Map([sdk, web].map(files => [files, `web/${nameOf(files)}`]));
const address = (files, name) => `./${folders.get(files)}/${name}`;

/** Beside each file the same in the two codings that browsers read. */
function write(path, bytes) {
  writeFileSync(path, bytes);
  const { BROTLI_PARAM_QUALITY, BROTLI_MAX_QUALITY } = constants;
  writeFileSync(`${path}.br`, brotliCompressSync(bytes,
    { params: { [BROTLI_PARAM_QUALITY]: BROTLI_MAX_QUALITY } }));
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
}

rmSync(directory, { recursive: true, force: true });
for (const [files, folder] of folders) {
  mkdirSync(join(directory, folder), { recursive: true });
  for (const [name, bytes] of files) write(join(directory, folder, name), bytes);
}

/** The names that modules use for others, and the hashes that these must have. */
const importMap = JSON.stringify({
  imports: { '@hermetic/client': address(sdk, 'index.js') },
  integrity: Object.fromEntries([...folders.keys()].flatMap(files =>
    [...files].filter(([name]) => name.endsWith('.js'))
      .map(([name, bytes]) => [address(files, name), integrityOf(bytes)]))),
});

const scripts = [...folders.keys()].flatMap(files => [...files.keys()]
  .filter(name => name.endsWith('.js')).map(name => [files, name]));
const preloads = scripts.map(([files, name]) => '<link rel="modulepreload" href="' +
  `${address(files, name)}" integrity="${integrityOf(files.get(name))}">`).join('\n');

const known = { importMap, preloads, server };
const page = readFileSync(join(root, 'web/index.html'), 'utf8')
  .replace(/\{\{(?:(sdk|web)\/)?([\w.-]+)( integrity)?\}\}/g,
    (_, folder, name, integrity) => {
      if (!folder) return known[name];
      const files = { sdk, web }[folder];
      return integrity ? integrityOf(files.get(name)) : address(files, name);
    });
writeFileSync(join(directory, 'index.html'), page);

const node = server && new URL(server);
const policy = readFileSync(join(root, 'web/policy'), 'utf8').trim().split('\n').join('; ')
  .replace('{{importMap}}', `'sha256-${hash('sha256', importMap, 'base64')}'`)
  .replace('{{server}}', node ? ` ${node.origin} ${node.origin.replace('http', 'ws')}` : '');
writeFileSync(join(directory, 'policy'), `${policy}\n`);
