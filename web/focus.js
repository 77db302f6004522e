// The focus stays with its person: where what had it is shown anew it comes to the same control,
// and where that control is no more, to the heading that it stood under.
const CONTROLS = 'button, input, select, textarea, summary, a[href], [tabindex]';

const heirs = new WeakMap(); // a control that was taken away → the one in its place

const wordsOf = it => it.ariaLabel ?? it.labels?.[0]?.textContent ?? it.textContent;

/** The controls there, each by its row, its words, and which of the same ones it is. */
function controlsOf(place) {
  const all = new Map(), counts = new Map();
  for (const it of [place, ...place.querySelectorAll(CONTROLS)]) {
    const row = it.closest('li');
    const name = JSON.stringify([it.localName, row?.dataset.number ?? row?.dataset.key ??
      row?.querySelector('bdi')?.textContent, it === row ? '' : wordsOf(it).trim()]);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    all.set(`${count} ${name}`, it);
  }
  return all;
}

/** A heading is no control: it tells who does not see the page where they are. */
function headingOf(place) {
  const room = place.closest('dialog, .conversation') ?? document;
  const heading = room.querySelector('h2') ?? document.querySelector('h1');
  if (heading) heading.tabIndex = -1;
  return heading;
}

/** Gives the focus to an element that had it, or to what has come in its place. */
export function focusAgain(element, place = [...document.querySelectorAll('dialog')].at(-1) ??
  document.querySelector('.conversation') ?? document.body) {
  let it = element;
  while (it && !it.isConnected) it = heirs.get(it);
  (it && !it.disabled ? it : headingOf(place))?.focus();
}

function inherit(before, now) {
  for (const [key, it] of before)
    if (now.has(key) && now.get(key) !== it) heirs.set(it, now.get(key));
}

/** Does f(), which shows anew what stands in `place`. */
export function changing(place, f) {
  const had = place.contains(document.activeElement) ? document.activeElement : undefined;
  const before = controlsOf(place);
  f();
  inherit(before, controlsOf(place));
  if (had && !had.isConnected) focusAgain(had, place);
}

/** Puts these there, in the place of all that stands there. */
export const exchange = (place, ...nodes) => changing(place, () => place.replaceChildren(...nodes));

/** Puts an element in the place of another one. */
export function replace(old, made) {
  const had = old.contains(document.activeElement) ? document.activeElement : undefined;
  const before = controlsOf(old);
  old.replaceWith(made);
  inherit(before, controlsOf(made));
  if (had) focusAgain(had, made);
}
