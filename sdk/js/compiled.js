// The module of WebAssembly, compiled once for each function that gets it: what has failed is
// tried again by the next one who wants it.
import { Failure } from './module.js';

const kept = new WeakMap(); // function → promise

// A network that fails is a TypeError, and so is an answer that is no module.
const failureOf = error => error instanceof Failure ? error : new Failure(
  error instanceof TypeError ? 'unreachable' : 'local', 'no-module',
  `The module of WebAssembly was not loaded: ${error.message}`);

export function compiledBy(wasm) {
  if (!kept.has(wasm))
    kept.set(wasm, Promise.resolve().then(wasm).catch(error => {
      kept.delete(wasm);
      throw failureOf(error);
    }));
  return kept.get(wasm);
}
