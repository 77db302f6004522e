// The entries of a session that the page has, in their order, and their elements.
import { announcementOf, dayElement, entryElement, unreadElement } from './entry.js';
import { announce, el } from './dom.js';
import { changing, replace } from './focus.js';
import { isLine } from './lines.js';
import { say } from './words.js';

const AT_ONCE = 60;
const COUNTED = 1000;
const TOGETHER_MS = 5 * 60_000;

export class Log {
  #client;
  #id;
  #has;
  #entries = new Map(); // number → entry
  #elements = new Map();
  #first; // all before it are not loaded
  #last = 0;
  #list;
  #readTo; // what stands behind it was not read when the session was opened
  #newFrom; // the first text of others among that
  #under; // the last entry that has an element

  /** `list` gets the elements; `has` is what an entry can do (conversation.js). */
  constructor(client, id, list, has) {
    this.#client = client;
    this.#id = id;
    this.#list = list;
    this.#has = has;
  }

  get last() {
    return this.#last;
  }

  get hasOlder() {
    return this.#first > 1;
  }

  /** How many texts that are not read stand above what is loaded, at least: `unread` of a
   * session ends at COUNTED. */
  countNotShown({ read = 0, unread = 0, last_seq: last }) {
    if (unread === 0 || this.#first <= read + 1) return 0;
    const here = [...this.#entries.values()].filter(e => e.kind === 'text' && e.seq > read &&
      e.seq <= last && !this.#has.isMine(e)).length;
    return Math.max(unread >= COUNTED ? 1 : 0, unread - here);
  }

  entry(number) {
    return this.#entries.get(number);
  }

  element(number) {
    return this.#elements.get(number);
  }

  /** The last message of this account, to be edited. */
  lastOwn() {
    return [...this.#entries.values()].reverse()
      .find(e => e.kind === 'text' && this.#has.isMine(e) && !e.deleted && !e.expired);
  }

  async begin({ last_seq: last, unread = 0, read }) {
    this.#readTo = unread > 0 ? read : undefined;
    const count = Math.max(AT_ONCE, unread > 0 ? Math.min(last - read + 5, 400) : 0);
    const after = Math.max(0, last - count);
    const entries = await this.#client.entries(this.#id, { after });
    this.#first = after + 1;
    this.#last = Math.max(last, entries.at(-1)?.seq ?? 0);
    for (const entry of entries) this.#keep(entry);
    await this.#fetchQuoted(entries);
    this.render();
  }

  #keep(entry) {
    if (entry.kind === 'text' || isLine(entry)) this.#entries.set(entry.seq, entry);
  }

  // A message that is answered may stand far above.
  async #fetchQuoted(entries) {
    const wanted = entries.map(e => e.reply_to).filter(n => n > 0 && !this.#entries.has(n));
    await Promise.all([...new Set(wanted)].map(async number => {
      const entry = await this.#client.entry(this.#id, number).catch(() => undefined);
      if (entry?.kind === 'text') this.#has.quoted.set(number, entry);
    }));
  }

  /** Reads what has come; whether anything has. */
  async sync() {
    const entries = await this.#client.entries(this.#id, { after: this.#last });
    const news = entries.filter(e => e.seq > this.#last);
    await this.#fetchQuoted(news);
    for (const entry of news) {
      this.#last = entry.seq;
      if (entry.of > 0) await this.update(entry.of);
      if (entry.kind !== 'text' && !isLine(entry)) continue;
      this.#keep(entry);
      this.#append(entry);
      if (entry.kind === 'text' && !this.#has.isMine(entry)) announce(announcementOf(entry));
    }
    return news.length > 0;
  }

  /** An entry that is said anew: edited, deleted, with other reactions or receipts. */
  async update(number) {
    if (!this.#entries.has(number)) return;
    const entry = await this.#client.entry(this.#id, number);
    this.#entries.set(number, entry);
    const before = this.#elements.get(number);
    if (!before) return;
    const made = entryElement(entry, this.#has, before.classList.contains('follows'));
    replace(before, made);
    this.#elements.set(number, made);
  }

  /** The last own messages: others have told how far they are. */
  async updateReceipts() {
    const own = [...this.#entries.values()].filter(e => e.kind === 'text' &&
      this.#has.isMine(e)).slice(-20);
    for (const { seq } of own) await this.update(seq);
  }

  /** Loads some more, and on to that number if one is given. */
  async older(number = this.#first - 1) {
    while (this.hasOlder && this.#first > number) await this.#loadOlder();
    this.render();
  }

  async #loadOlder() {
    const from = Math.max(1, this.#first - AT_ONCE);
    const numbers = Array.from({ length: this.#first - from }, (_, i) => from + i);
    const entries = (await Promise.all(numbers.map(n => this.#entryIfKept(n)))).filter(Boolean);
    for (const entry of entries) this.#keep(entry);
    await this.#fetchQuoted(entries);
    this.#first = Math.min(this.#first, from);
  }

  // Only one that is gone is passed over: what could not be read was not shown.
  async #entryIfKept(number) {
    try {
      return await this.#client.entry(this.#id, number);
    } catch (error) {
      if (error.result !== 'gone') throw error;
      return undefined;
    }
  }

  /** Shows all of them anew. */
  render() {
    changing(this.#list, () => this.#renderAll());
  }

  #renderAll() {
    this.#list.replaceChildren();
    this.#elements.clear();
    this.#under = undefined;
    const entries = [...this.#entries.values()].sort((a, b) => a.seq - b.seq);
    this.#newFrom = this.#readTo === undefined ? undefined : entries.find(e =>
      e.seq > this.#readTo && e.kind === 'text' && !this.#has.isMine(e))?.seq;
    for (const entry of entries) this.#append(entry);
    if (this.#entries.size === 0)
      this.#list.append(el('li', { class: 'line' }, el('p', {}, say('nothingSaid'))));
  }

  #append(entry) {
    const above = this.#under, ms = entry.sent_at ?? above?.sent_at;
    const isNewDay = ms && new Date(ms).toDateString() !==
      new Date(above?.sent_at ?? 0).toDateString();
    const isNew = entry.seq === this.#newFrom;
    if (isNewDay) this.#list.append(dayElement(ms));
    if (isNew) this.#list.append(unreadElement());
    const follows = !isNewDay && !isNew && above?.kind === 'text' && entry.kind === 'text' &&
      above.from === entry.from && entry.sent_at - above.sent_at < TOGETHER_MS;
    const made = entryElement(entry, this.#has, follows);
    this.#elements.set(entry.seq, made);
    this.#list.append(made);
    this.#under = entry.sent_at ? entry : { ...entry, sent_at: ms };
  }
}
