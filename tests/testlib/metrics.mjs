// What a process counts, read as Prometheus would: Map of "name{labels}" to
// the number. Throws where the text is not in Prometheus's format.
import assert from 'node:assert/strict';

const line = new RegExp('^([a-z_]+)((?:\\{(?:[a-z]+="[^"\\\\]*",?)*\\})?) ' +
  '([0-9.]+)$');

export function parse(text) {
  const all = new Map();
  const types = new Map();
  assert.ok(text.endsWith('\n'));
  for (const l of text.slice(0, -1).split('\n')) {
    const type = l.match(/^# TYPE ([a-z_]+) (counter|gauge|histogram)$/);
    if (type) {
      assert.ok(!types.has(type[1]), `two of ${type[1]}`);
      types.set(type[1], type[2]);
    }
    if (l.startsWith('# ')) continue;
    const [, name, labels, value] = l.match(line) ?? assert.fail(l);
    const base = name.replace(/_(bucket|sum|count)$/, '');
    assert.ok(types.has(name) || types.get(base) === 'histogram', l);
    all.set(name + labels.replace(',}', '}').replace('{}', ''), Number(value));
  }
  return all;
}

export async function scrape(port) {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`,
    { headers: { connection: 'close' } });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^text\/plain; version=0/);
  return parse(await answer.text());
}
