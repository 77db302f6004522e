// What can be done with a message.
import { attempt, button, confirm, el, field, openDialog } from './dom.js';
import { focusAgain } from './focus.js';
import { isOver, textOf } from './entry.js';
import { say } from './words.js';

const QUICK = ['👍', '❤️', '😂', '😮', '😢', '🙏'];

/** Beside its opener, within the window. */
function place(menu, opener) {
  const at = opener.getBoundingClientRect(), size = menu.getBoundingClientRect();
  const within = (from, length, room) => Math.max(8, Math.min(from, room - length - 8));
  menu.style.left = `${within(at.left, size.width, innerWidth)}px`;
  menu.style.top = `${within(at.bottom + 4, size.height, innerHeight)}px`;
}

function otherReaction(has) {
  const { row, input } = field(say('reactOther'), { type: 'text', maxLength: 32, dir: 'auto' });
  const problem = el('div');
  const go = el('button', { type: 'submit', class: 'main' }, say('react'));
  const form = el('form', { onsubmit: event => {
    event.preventDefault();
    if (input.value.trim() === '') return;
    attempt(problem, go, async () => {
      await has.react(input.value.trim());
      close();
    });
  } }, row, problem, el('div', { class: 'row end' }, go));
  const { close } = openDialog(say('react'), form);
  input.focus();
}

/** `has`: isMine, react(emoji), reply(), edit(), copy(), remove(). */
export function openMenu(opener, entry, has) {
  const close = focus => {
    menu.remove();
    if (focus) focusAgain(opener);
  };
  const item = (label, f, more) => button(label, () => {
    close(true);
    f();
  }, { role: 'menuitem', tabIndex: -1, ...more });
  const reactions = isOver(entry) ? [] : [el('div', { class: 'quick', role: 'group' },
    ...QUICK.map(emoji => item(emoji, () => has.react(emoji),
      { 'aria-label': say('reactWith', { emoji }) })),
    item('+', () => otherReaction(has), { 'aria-label': say('reactOther') }))];
  const menu = el('div', { class: 'menu', role: 'menu', popover: 'auto',
    'aria-label': say('messageMenu') }, ...reactions,
  !isOver(entry) && item(say('reply'), has.reply),
  !isOver(entry) && textOf(entry) && item(say('copy'), has.copy),
  has.isMine && !isOver(entry) && !entry.file && item(say('edit'), has.edit),
  has.isMine && !entry.deleted && item(say('delete'), () => confirm(say('delete'),
    say('deleteText'), say('delete'), has.remove), { class: 'danger' }));
  const items = [...menu.querySelectorAll('[role=menuitem]')];
  if (items.length === 0) return;
  menu.addEventListener('keydown', event => {
    const at = items.indexOf(document.activeElement), n = items.length;
    const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1,
      Home: 0, End: n - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    items[(to + n) % n].focus();
  });
  menu.addEventListener('toggle', event => {
    if (event.newState === 'closed') close(menu.contains(document.activeElement));
  });
  opener.closest('section').append(menu);
  menu.showPopover();
  place(menu, opener);
  items[0].focus();
}
