// @hermetic/client in a browser.
import { withDefaults } from './defaults.js';
import { SharedClient as Shared } from './tabs.js';

export { IndexedDbStorage } from './indexed-db.js';
export { Failure } from './module.js';
export { MemoryStorage } from './storage.js';

/** The module that stands beside this file. */
const wasm = () =>
  WebAssembly.compileStreaming(fetch(new URL('./hermetic.wasm', import.meta.url)));

export const Client = withDefaults({ wasm });

/** The device of all tabs of a page. */
export class SharedClient extends Shared {
  constructor(options) {
    super(Client, options);
  }
}
