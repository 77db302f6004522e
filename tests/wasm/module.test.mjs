// The module of @hermetic/client (sdk/js/module.js, src/wasm/binding.c) alone: what no device
// can do is answered as that.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { Module } from '../../sdk/js/module.js';

const SESSION = '00000000-0000-4000-8000-000000000000';

let compiled, module;

/** Records of which nothing outlives the test. */
class Kept extends Map {
  begin() {
    return false;
  }

  commit() {}

  rollback() {}

  put(name, value) {
    this.set(name, value);
  }

  remove(name) {
    this.delete(name);
  }
}

before(async () => {
  compiled = await WebAssembly.compile(
    readFileSync(new URL('../../sdk/js/hermetic.wasm', import.meta.url)));
  module = new Module(compiled, new Kept());
  module.must('open', ['alice', SESSION, ''], 1);
});

after(() => module?.close());

const USAGE = { result: 'usage', slug: 'usage' };

test('a number that is none of an entry or item is refused', () => {
  for (const number of [NaN, Infinity, 2 ** 54, 0.5]) {
    for (const name of ['entry', 'read_to', 'drop'])
      assert.throws(() => module.must(name, [SESSION], number),
        { ...USAGE, message: /whole/ }, `${name} ${number}`);
  }
  for (const name of ['entry', 'read_to'])
    for (const number of [-1, -Infinity])
      assert.throws(() => module.must(name, [SESSION], number),
        { ...USAGE, message: /whole/ }, `${name} ${number}`);
  assert.throws(() => module.must('drop', [SESSION], 2 ** 53), error =>
    !/whole/.test(error.message));
  assert.throws(() => module.must('drop', [SESSION], -1), error =>
    !/whole/.test(error.message));
});

test('what cannot be read is refused for that, and for no reason of before', () => {
  const before = () => assert.throws(() => module.must('describe', [SESSION]),
    error => !/surrogate/.test(error.message));
  for (const text of ['a NUL \0', 'half of a pair \ud83d']) {
    before();
    assert.throws(() => module.must('start', [JSON.stringify({ kind: 'send',
      session: SESSION, text })]), { ...USAGE, message: /surrogate/ });
    before();
    assert.throws(() => module.must('shown', [SESSION, JSON.stringify([text])]),
      { ...USAGE, message: /surrogate/ });
  }
});

test('a module that has failed is asked nothing more', () => {
  const told = [];
  const failing = new Module(compiled, new Kept(), error => told.push(error));
  failing.must('open', ['bob', SESSION, ''], 1);
  const failed = { name: 'Failure', slug: 'module' };
  // a text that stands beyond the memory
  assert.throws(() => failing.must('describe', [], -8), failed);
  assert.throws(() => failing.version(), failed);
  failing.close();
  assert.deepEqual(told.map(e => e.slug), ['module']);
});

test('a number of an order or a search that is none is refused', () => {
  for (const about of [null, 0.5, -1, '7'])
    assert.throws(() => module.must('start', [JSON.stringify({ kind: 'send', session: SESSION,
      text: 'to nothing', about })]), { ...USAGE, message: /whole/ }, String(about));
  for (const name of ['after', 'before', 'since', 'last'])
    assert.throws(() => module.must('search', [JSON.stringify({ [name]: null })]),
      { ...USAGE, message: /whole/ }, name);
});
