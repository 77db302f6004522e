// Words in what this device has read. The server, which cannot read it, is not asked.
import { attempt, el, field, openDialog } from './dom.js';
import { summaryOf } from './entry.js';
import { say, shortTime } from './words.js';

const MOST = 50;

function hit(model, session, entry, found) {
  return el('li', {}, el('button', { type: 'button', class: 'hit',
    onclick: () => found(session, entry.seq) },
  el('span', { class: 'name' }, el('bdi', {}, model.session(session)?.label ?? session)),
  entry.sent_at && el('time', {}, shortTime(entry.sent_at)),
  el('span', { class: 'preview' }, el('bdi', {}, entry.from ?? ''), ': ',
    el('bdi', {}, summaryOf(entry)))));
}

export function showSearch(model, open) {
  const { row, input } = field(say('searchFor'), { type: 'search', dir: 'auto' });
  const results = el('ul', { class: 'hits' });
  const status = el('p', { class: 'hint', role: 'status' });
  const problem = el('div');
  const go = el('button', { type: 'submit', class: 'main' }, say('search'));
  const found = (session, number) => {
    close();
    open(session, number);
  };
  const form = el('form', { class: 'line-form', role: 'search', onsubmit: event => {
    event.preventDefault();
    if (input.value.trim() === '') return;
    attempt(problem, go, async () => {
      const all = await model.client.search({ words: input.value.trim(), last: MOST });
      const hits = all.flatMap(({ session, entries }) => entries.map(e => [session, e]))
        .sort(([, a], [, b]) => (b.sent_at ?? 0) - (a.sent_at ?? 0));
      status.textContent = hits.length > 0 ? say('searchHits', { count: hits.length })
        : say('searchNothing');
      results.replaceChildren(...hits.map(([session, e]) => hit(model, session, e, found)));
    });
  } }, row, go);
  const { close } = openDialog(say('search'), form, problem, status, results);
  input.focus();
}
