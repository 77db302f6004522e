// A program of WebAssembly, for WASI, in a process of its own:
//   node tests/wasm/run.mjs PROGRAM FOLDER [VECTORS]
// It finds FOLDER as `.`, and VECTORS by $HERMETIC_VECTORS.
import { readFileSync } from 'node:fs';
import { WASI } from 'node:wasi';

const [program, folder, vectors] = process.argv.slice(2);
const wasi = new WASI({
  version: 'preview1',
  args: [program],
  env: { HERMETIC_VECTORS: '/vectors' },
  preopens: { '.': folder, ...vectors && { '/vectors': vectors } },
});
const { instance } = await WebAssembly.instantiate(readFileSync(program),
  wasi.getImportObject());
process.exitCode = wasi.start(instance);
