// Beginning a session.
import { attempt, checkbox, el, field, openDialog } from './dom.js';
import { say } from './words.js';

export function showNewSession(model, created) {
  const name = field(say('sessionName'), { type: 'text', maxLength: 128, dir: 'auto',
    autocomplete: 'off' }, say('sessionNameHint'));
  const users = field(say('with'), { type: 'text', autocapitalize: 'none', spellcheck: false,
    autocomplete: 'off', dir: 'ltr' }, say('withHint'));
  const verified = checkbox(say('verifiedOnly'));
  const open = checkbox(say('openSession'));
  const problem = el('div');
  const go = el('button', { type: 'submit', class: 'main' }, say('create'));
  const form = el('form', { noValidate: true, onsubmit: event => {
    event.preventDefault();
    attempt(problem, go, async () => {
      const id = await model.client.create({ name: name.input.value.trim() || undefined,
        users: users.input.value.toLowerCase().split(/[\s,]+/).filter(Boolean),
        open: open.input.checked, verifiedOnly: verified.input.checked });
      await model.refresh(id);
      close();
      created(id);
    });
  } }, users.row, name.row, verified.row, open.row, problem, el('div', { class: 'row end' }, go));
  const { close } = openDialog(say('newSession'), form);
  users.input.focus();
}
