// Transcripts that run.mjs has recorded: tests/vectors/frozen/*.jsonl.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { Engine } from './ours.mjs';

/** What was recorded is answered as it was then; how many answers. */
export async function replay({ build, file }) {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
    .map(l => JSON.parse(l));
  const log = [];
  const engine = new Engine(build, { log });
  try {
    for (const [i, { question, answer }] of lines.entries()) {
      await engine.ask(question).catch(e => { if (!e.refused) throw e; });
      assert.deepEqual(log.pop().answer, answer,
        `${file}:${i + 1}: ${question.who} ${question.do}`);
    }
  } catch (e) {
    await engine.stop();
    throw e;
  }
  assert.equal(await engine.stop(), 0);
  return lines.length;
}
