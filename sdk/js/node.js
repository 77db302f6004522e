// @hermetic/client in node.
import { readFile } from 'node:fs/promises';

import { withDefaults } from './defaults.js';

export { FileStorage } from './file.js';
export { Failure } from './module.js';
export { MemoryStorage } from './storage.js';

/** The module that stands beside this file. */
const wasm = () =>
  readFile(new URL('./hermetic.wasm', import.meta.url)).then(WebAssembly.compile);

export const Client = withDefaults({ wasm, deviceName: 'node' });
