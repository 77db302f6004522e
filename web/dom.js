// Elements. What people write comes in as text alone: nothing here reads markup.
import { focusAgain } from './focus.js';
import { nextStep, sentenceOf } from './next.js';
import { plain, template } from './words.js';

const SVG = 'http://www.w3.org/2000/svg';

/** An element with properties, attributes (`aria-…`, `data-…`, `role`), listeners (`on…`)
 * and children: nodes, texts, or nothing. */
export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (name in made && !name.includes('-')) made[name] = value;
    else made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.flat().filter(c => c !== undefined && c !== null && c !== false));
  return made;
}

/** The sentence of that name; what stands in braces is set apart from it, as it may run in
 * another direction. */
export function phrase(key, values = {}) {
  const parts = template(key, values).split(/\{(\w+)\}/);
  const made = document.createDocumentFragment();
  parts.forEach((part, i) => {
    if (i % 2 === 0) return made.append(part);
    const value = values[part];
    return made.append(value instanceof Node ? value : el('bdi', {}, plain(value)));
  });
  return made;
}

/** A drawing; what it means is said beside it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  for (const [key, value] of [['class', 'icon'], ['viewBox', '0 0 24 24'],
    ['aria-hidden', 'true']]) svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', DRAWINGS[name]);
  svg.append(path);
  return svg;
}

const DRAWINGS = {
  back: 'M15 5l-7 7 7 7',
  close: 'M6 6l12 12M18 6L6 18',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  plus: 'M12 5v14M5 12h14',
  send: 'M5 12l14-7-5 14-3-6z',
  clip: 'M20 11l-8.5 8.5a5 5 0 01-7-7L13 4a3.4 3.4 0 015 5l-8.5 8.5a1.8 1.8 0 01-2.5-2.5L15 7',
  lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 017 0v3',
  people: 'M9 11a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM2.5 20a6.5 6.5 0 0113 0M16 4.5a3.5 3.5 0 010 6.5M18 14.5a6 6 0 013.5 5.5',
  person: 'M12 11a4 4 0 100-8 4 4 0 000 8zM4 21a8 8 0 0116 0',
  check: 'M5 12.5l4.5 4.5L19 7',
  checks: 'M2 12.5l4.5 4.5L15 8M10.5 16l1 1L21 7',
  clock: 'M12 3.5a8.5 8.5 0 100 17 8.5 8.5 0 000-17zM12 7v5l3.5 2',
  warning: 'M12 4l9 16H3zM12 10v4M12 17h.01',
  file: 'M6 3h8l4 4v14H6zM14 3v4h4',
  down: 'M12 5v14M6 13l6 6 6-6',
  search: 'M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L20 20',
};

/** A button with a drawing alone: its words are for who does not see, and a hint. */
export const iconButton = (drawing, label, onclick, more = {}) =>
  el('button', { type: 'button', class: 'bare', title: label, 'aria-label': label, onclick,
    ...more }, icon(drawing));

export const button = (label, onclick, more = {}) =>
  el('button', { type: 'button', onclick, ...more }, label);

let fields = 0;

/** A label and its input, {row, input}. */
export function field(label, properties = {}, hint) {
  const id = `field-${++fields}`;
  const input = el(properties.rows ? 'textarea' : 'input',
    { id, ...properties, 'aria-describedby': hint ? `${id}-hint` : undefined });
  const row = el('div', { class: 'field' }, el('label', { htmlFor: id }, label), input,
    hint && el('p', { id: `${id}-hint`, class: 'hint' }, hint));
  return { row, input };
}

export function checkbox(label, properties = {}) {
  const input = el('input', { type: 'checkbox', ...properties });
  return { row: el('label', { class: 'check' }, input, el('span', {}, label)), input };
}

/** Says a text to who does not see the page; the same one is said again. */
export function announce(text) {
  const place = document.getElementById('said');
  place.textContent = '';
  requestAnimationFrame(() => { place.textContent = text; });
}

/** What has failed, as a sentence and what to do about it. */
export function failure(error) {
  const next = nextStep(error);
  return el('div', { class: 'alert', role: 'alert' }, icon('warning'),
    el('div', {}, el('p', { dir: 'auto' }, sentenceOf(error)),
      next && el('p', { class: 'hint' }, next)));
}

let pressed; // a button that is off while what it does is done

/** Does f() with the button off; what fails is shown in `place`. Who has pressed the button has
 * the focus there afterwards, unless f() gave it to something else. */
export async function attempt(place, trigger, f) {
  const buttons = trigger ? [trigger].flat() : [];
  const own = buttons.find(b => b === document.activeElement);
  pressed = own ?? pressed;
  place?.replaceChildren();
  for (const b of buttons) b.disabled = true;
  try {
    await f();
    return true;
  } catch (error) {
    if (!place) throw error;
    place.replaceChildren(failure(error));
    return false;
  } finally {
    for (const b of buttons) b.disabled = false;
    if (own && pressed === own) pressed = undefined;
    if (own && document.activeElement === document.body) focusAgain(own);
    if (own && place?.hasChildNodes() && document.activeElement === own)
      own.scrollIntoView({ block: 'nearest' }); // what has failed stands above it
  }
}

/** A dialog over the page: {dialog, body, close}. The focus goes back when it is closed. */
export function openDialog(title, ...content) {
  const body = el('div', { class: 'body' }, ...content);
  const id = `dialog-${++fields}`;
  const dialog = el('dialog', { 'aria-labelledby': id },
    el('header', {}, el('h2', { id, dir: 'auto' }, title),
      iconButton('close', template('close'), () => dialog.close())), body);
  const lost = document.activeElement === document.body;
  const before = lost ? pressed : document.activeElement;
  dialog.addEventListener('close', () => {
    dialog.remove();
    // the browser has given it back, unless what had it is another element by now
    if (document.activeElement === document.body && before) focusAgain(before);
  });
  dialog.addEventListener('click', event => {
    if (event.target === dialog) dialog.close(); // beside it
  });
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, body, close: () => dialog.close() };
}

/** Asks before something that cannot be undone: f() is done on yes. */
export function confirm(title, text, yes, f) {
  const problem = el('div');
  const go = button(yes, () => attempt(problem, go, async () => {
    await f();
    close();
  }), { class: 'danger' });
  const { close } = openDialog(title, el('p', { dir: 'auto' }, text), problem,
    el('div', { class: 'row end' }, button(template('cancel'), () => close()), go));
}
