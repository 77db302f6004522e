// One entry of a log as it stands in a conversation.
import { button, el, icon, iconButton, phrase } from './dom.js';
import { linesOf } from './lines.js';
import { trustMark } from './trust.js';
import { cut, dayOf, formatted, listOf, plain, say, sizeOf } from './words.js';

// without what turns an address round
const LINK =
  /\bhttps?:\/\/[^\s<>"'\u202a-\u202e\u2066-\u2069]+[^\s<>"'.,:;!?)\]}\u202a-\u202e\u2066-\u2069]/g;
const QUOTED = 120; // characters of a message that is answered
const FOLDED = 2000, FOLDED_LINES = 30; // of a text, all of which is shown when it is asked for

/** What is said now: of an edited message its last words. */
export function textOf(entry) {
  if (entry.deleted) return '';
  return entry.edited ? entry.edited_text ?? '' : entry.text ?? '';
}

export const isOver = entry => Boolean(entry.deleted || entry.expired);

/** A text whose addresses can be followed; a page that is opened does not learn from where. */
function linked(text) {
  const made = document.createDocumentFragment();
  let at = 0;
  for (const { 0: address, index } of text.matchAll(LINK)) {
    made.append(text.slice(at, index), el('a', { href: address, target: '_blank',
      rel: 'noopener noreferrer', dir: 'ltr' }, address));
    at = index + address.length;
  }
  made.append(text.slice(at));
  return made;
}

/** A text; of a long one its beginning, and a button for the rest. */
function words(text) {
  const lines = text.split('\n', FOLDED_LINES + 1);
  const head = cut(lines.slice(0, FOLDED_LINES).join('\n'), FOLDED);
  if (text.length <= FOLDED && lines.length <= FOLDED_LINES)
    return [el('p', { class: 'text', dir: 'auto' }, linked(text))];
  const shown = el('p', { class: 'text', dir: 'auto' }, linked(head), '…');
  const more = button(say('wholeText'), () => {
    shown.replaceChildren(linked(text));
    shown.tabIndex = -1;
    shown.focus({ preventScroll: true });
    more.remove();
  }, { class: 'link' });
  return [shown, more];
}

/** What a message says in a few words, to stand above an answer. */
export function summaryOf(entry) {
  if (!entry) return say('replyGone');
  if (entry.deleted) return say('deletedText');
  if (entry.expired) return say('expiredText');
  const text = textOf(entry) || plain(entry.file?.name || say('fileUnnamed'));
  return text.length > QUOTED ? `${cut(text, QUOTED)}…` : text;
}

function quote(entry, has) {
  const about = has.entry(entry.reply_to);
  return el('button', { type: 'button', class: 'quote', onclick: () => has.show(entry.reply_to),
    disabled: !about }, about && el('bdi', { class: 'who' }, about.from),
  el('span', { dir: 'auto' }, summaryOf(about)));
}

function fileChip(entry, has) {
  const { name, size } = entry.file;
  const label = plain(name || say('fileUnnamed'));
  return el('button', { type: 'button', class: 'file', title: say('fileSave', { name: label }),
    onclick: () => has.save(entry) }, icon('file'),
  el('span', {}, el('bdi', { class: 'name' }, label), el('span', { class: 'hint' }, sizeOf(size))));
}

/** Who has it, as far as they say so. */
function receipts(entry, has) {
  const { read_by: read = [], delivered_to: there = [] } = entry;
  if (!has.isMine(entry) || (read.length === 0 && there.length === 0)) return undefined;
  const key = read.length > 0 ? 'readBy' : 'deliveredTo';
  const label = say(key, { who: listOf(read.length > 0 ? read : there) });
  return el('span', { class: read.length > 0 ? 'receipt read' : 'receipt', title: label },
    icon(read.length > 0 ? 'checks' : 'check'), el('span', { class: 'unseen' }, label));
}

function foot(entry, has) {
  const { sent_at: ms } = entry;
  return el('span', { class: 'foot' },
    entry.topic && el('bdi', { class: 'topic' }, plain(entry.topic)),
    entry.mentioned && el('span', {}, say('mentionsYou')),
    entry.edited > 0 && !isOver(entry) && el('span', {}, say('edited')),
    ms && el('time', { dateTime: new Date(ms).toISOString(), title: formatted('full', ms) },
      formatted('time', ms)), receipts(entry, has));
}

function body(entry) {
  if (isOver(entry))
    return el('p', { class: 'text over' }, say(entry.deleted ? 'deletedText' : 'expiredText'));
  const text = textOf(entry);
  return text && words(text);
}

function reactions(entry, has) {
  const all = Object.entries(entry.reactions ?? {});
  if (all.length === 0 || isOver(entry)) return undefined;
  return el('div', { class: 'reactions' }, ...all.map(([emoji, users]) => {
    // begins with what is seen
    const label = say('reactionBy', { emoji: `${plain(emoji)} ${users.length}`, who: listOf(users) });
    return el('button', { type: 'button', title: label, 'aria-label': label,
      'aria-pressed': String(users.includes(has.username)),
      onclick: () => has.react(entry, emoji) }, el('bdi', {}, plain(emoji)), ` ${users.length}`);
  }));
}

/** A message. `follows`: the one above is of the same sender, and a little older. */
function message(entry, has, follows) {
  const mine = has.isMine(entry);
  const heading = el('div', { class: follows || mine ? 'from unseen' : 'from' },
    el('bdi', { class: 'who' }, entry.from ?? ''), trustMark(has.trustOf(entry)));
  return el('li', { class: `message${mine ? ' mine' : ''}${follows ? ' follows' : ''}`,
    tabIndex: -1, 'data-number': String(entry.seq) }, heading,
  el('div', { class: 'bubble' },
    entry.reply_to !== undefined && !isOver(entry) && quote(entry, has),
    entry.file && !isOver(entry) && fileChip(entry, has), body(entry), foot(entry, has)),
  iconButton('more', say('messageMenu'), event => has.menu(entry, event.currentTarget),
    { class: 'bare act', 'aria-haspopup': 'menu' }),
  reactions(entry, has));
}

/** The element of an entry that is shown by itself. */
export function entryElement(entry, has, follows) {
  if (entry.kind === 'text') return message(entry, has, follows);
  return el('li', { class: `line ${entry.kind}`, tabIndex: -1,
    'data-number': String(entry.seq) }, ...linesOf(entry),
  entry.copy && el('p', {}, say('lineCopy')));
}

/** What was written and is not in the log yet. `drop` forgets it, `again` brings it back to
 * where one writes. */
export function pendingElement({ text, state, reason, why, key, item }, { drop, again } = {}) {
  const label = state === 'refused' ? say('refused', { why: reason ?? '' })
    : state === 'waiting' ? why ? say('waitsWhy', { why }) : say('waits') : say('sending');
  return el('li', { class: `message mine pending ${state}`, tabIndex: -1,
    'data-key': String(key ?? item) },
    el('div', { class: 'bubble' }, words(text), el('span', { class: 'foot' }, icon(state === 'refused' ? 'warning' : 'clock'),
        el('span', { dir: 'auto' }, label))),
  (again || drop) && el('div', { class: 'row' },
    again && button(say('writeAgain'), again, { class: 'link' }),
    drop && button(say('forgetItem'), drop, { class: 'link' })));
}

/** What stands between two days, and above what is not read. */
export const dayElement = ms =>
  el('li', { class: 'day' }, el('span', {}, dayOf(ms)));

export const unreadElement = () =>
  el('li', { class: 'day unread' }, el('span', {}, say('unreadFromHere')));

/** What is said to who does not see the page. */
export const announcementOf = entry =>
  phrase('reactionBy', { emoji: entry.from ?? '', who: summaryOf(entry) }).textContent;
