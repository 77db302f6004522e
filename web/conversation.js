// The session that is talked in.
import { Composer } from './composer.js';
import { showDetails } from './details.js';
import { attempt, button, el, failure, icon, iconButton, phrase } from './dom.js';
import { pendingElement, textOf } from './entry.js';
import { changing, exchange } from './focus.js';
import { Log } from './log.js';
import { openMenu } from './menu.js';
import { bannersOf } from './banners.js';
import { reasonOf } from './next.js';
import { usersOf } from './trust.js';
import { listOf, say } from './words.js';

const NEAR = 80; // pixels from the end, within which new messages are followed

export class Conversation {
  #model;
  #id;
  #log;
  #composer;
  #kept;
  #items = []; // of the outbox
  #ends = []; // functions that end what this listens to
  #sending = new Set(); // promises of what is on its way
  #again = false; // something came while it was read
  #reading;
  #wasNear = true; // before the window got another size
  #trust; // as the entries show it
  #reasons; // of the banners that are shown
  #isClosed = false;
  #isBegun = false;
  #list = el('ol', { class: 'entries' });
  #pending = el('ol', { class: 'entries pending' });
  #scroll = el('div', { class: 'scroll' });
  #banners = el('div', { class: 'banners' });
  #problem = el('div');
  #typing = el('p', { class: 'typing hint', 'aria-live': 'polite' });
  #below;
  #olderButton;
  #notShown = el('p', { class: 'hint', role: 'status' });
  #title = el('h2', { tabIndex: -1 });
  #subtitle = el('button', { type: 'button', class: 'subtitle' });
  quoted = new Map(); // messages that are answered, and stand above all that is loaded
  element;

  /** `kept`: what of this session is written and not sent (kept.js). */
  constructor(model, id, { onBack, kept }) {
    this.#model = model;
    this.#id = id;
    this.#log = new Log(model.client, id, this.#list, this);
    this.#kept = kept;
    kept.changed = () => this.#synchronize();
    this.#composer = new Composer({ label: this.#session.label,
      send: (text, about) => this.#send(text, about),
      attach: model.can('sendFile') && (files => this.#attach(files)), type: () => this.#type(),
      editLast: () => this.#editLast() });
    this.#composer.draft = kept.draft;
    this.#build(onBack);
    this.#listen();
  }

  get id() {
    return this.#id;
  }

  get #session() {
    return this.#model.session(this.#id);
  }

  get #client() {
    return this.#model.client;
  }

  get username() {
    return this.#session.members.find(m => m.own)?.username;
  }

  // ---- what it looks like ----

  #build(onBack) {
    this.#subtitle.addEventListener('click', () => showDetails(this.#model, this.#id));
    this.#olderButton = button(say('older'), () => this.#older(), { class: 'older', hidden: true });
    this.#below = button(say('newBelow'), () => this.#toEnd(), { class: 'below', hidden: true });
    this.#below.prepend(icon('down'));
    this.#scroll.append(this.#olderButton, this.#notShown, this.#list, this.#pending);
    this.#scroll.addEventListener('scroll', () => this.#scrolled());
    const sizes = new ResizeObserver(() => this.#wasNear && this.#toEnd());
    sizes.observe(this.#scroll);
    this.#ends.push(() => sizes.disconnect());
    this.#scroll.addEventListener('keydown', event => this.#walk(event));
    this.element = el('section', { class: 'conversation', 'aria-label': this.#session.label,
      ondragover: event => this.#drag(event, true), ondragleave: event => this.#drag(event, false),
      ondrop: event => this.#drop(event) },
    el('header', {}, iconButton('back', say('back'), onBack, { class: 'bare back' }),
      el('div', { class: 'title' }, this.#title, this.#subtitle),
      iconButton('people', say('details'), () => showDetails(this.#model, this.#id))),
    this.#banners, el('div', { class: 'middle' }, this.#scroll, this.#below),
    this.#typing, this.#kept.files.element, this.#problem, this.#composer.element);
    this.#update();
  }

  #listen() {
    const on = (kind, f) => this.#ends.push(this.#model.on(kind, f));
    on(`session:${this.#id}`, () => this.#update());
    on(`entry:${this.#id}`, event => this.#hear(event));
    on('typing', id => id === this.#id && this.#showTyping());
    const seen = () => this.#read();
    document.addEventListener('visibilitychange', seen);
    this.#ends.push(() => document.removeEventListener('visibilitychange', seen));
  }

  /** Shows it: at a message if one is named, else where reading goes on. */
  async begin(number) {
    await attempt(this.#problem, undefined, async () => {
      await this.#log.begin(this.#session);
      this.#isBegun = true;
      await this.#updatePending();
    });
    this.#showOlder();
    this.#list.setAttribute('aria-label', say('messages', { session: this.#session.label }));
    const unread = this.#list.querySelector('.unread');
    if (!number) this.#composer.focus();
    if (number) await this.show(number, 'instant');
    else if (unread) unread.scrollIntoView({ block: 'start' });
    else this.#toEnd();
    await this.#synchronize(); // something may have come while the log was read
  }

  close() {
    this.#isClosed = true;
    this.#kept.draft = this.#composer.draft;
    this.#kept.changed = () => {};
    for (const end of this.#ends) end();
    this.element.remove();
  }

  #update() {
    const session = this.#session, users = usersOf(session);
    const trust = users.map(u => `${u.username} ${u.compared}`).join();
    if (this.#isBegun && trust !== this.#trust) this.#log.render();
    this.#trust = trust;
    this.#title.replaceChildren(el('span', { dir: 'auto' }, session.label));
    const others = users.filter(u => !u.own).map(u => u.username);
    const names = others.length > 0 && others.length <= 3 && session.name
      ? `${listOf(others)} · ` : '';
    const open = users.filter(u => u.compared === 'no').length;
    const changed = users.some(u => u.compared === 'changed');
    this.#subtitle.replaceChildren(
      el('span', {}, names, say('memberCount', { count: users.length })),
      session.state === 'member' && users.length > 1
        ? el('span', { class: `trust ${changed ? 'changed' : open ? 'no' : 'yes'}` },
          say(changed ? 'CHANGED' : open ? 'unverified' : 'verified')) : '');
    const isIn = session.state === 'member';
    this.#composer.element.hidden = !isIn;
    this.#showBanners(session, isIn);
  }

  /** Anew where there is another reason for them: somebody may be about to click one. */
  #showBanners(session, isIn) {
    const reasons = JSON.stringify([session.stop, session.state,
      session.members.map(m => [m.mark, m.seen, m.compared])]);
    if (reasons === this.#reasons) return;
    this.#reasons = reasons;
    exchange(this.#banners, ...bannersOf(this.#model, session, () => this.#synchronize()),
      ...isIn ? [] : [el('p', { class: 'banner' },
        say(session.state === 'removed' ? 'removed' : 'left'))]);
  }

  #showTyping() {
    const names = this.#model.typing.get(this.#id) ?? [];
    this.#typing.replaceChildren(names.length > 0
      ? phrase('typing', { count: names.length, who: listOf(names) }) : '');
  }

  // ---- what comes ----

  #hear(event) {
    if (event.kind === 'receipt') this.#log.updateReceipts();
    if (event.kind === 'refused') this.#updatePending();
    this.#synchronize();
  }

  /** Reads the log on, once at a time. */
  #synchronize() {
    this.#again = true;
    this.#reading ??= this.#readOn().finally(() => { this.#reading = undefined; });
    return this.#reading;
  }

  async #readOn() {
    while (this.#again && !this.#isClosed && this.#isBegun) {
      this.#again = false;
      await Promise.allSettled(this.#sending); // its element is in the log's place then
      const wasNear = this.#isNearEnd;
      const hasNews = await this.#log.sync().catch(error => this.#fail(error));
      await this.#updatePending();
      this.#showOlder();
      if (wasNear) this.#toEnd();
      else if (hasNews) this.#below.hidden = false;
      await this.#read();
    }
  }

  /** The person has read what stands here, where the page is in sight; a part of what is not
   * read cannot be told alone, so nothing is as long as some of it is not loaded. */
  async #read() {
    if (document.visibilityState !== 'visible' || !this.#isNearEnd || this.#isClosed) return;
    const { read = 0, unread = 0 } = this.#session;
    if (this.#log.last <= read || unread === 0) return;
    if (this.#log.countNotShown(this.#session) > 0) return;
    await this.#client.readTo(this.#id, this.#log.last).catch(() => {}); // it is told again
    await this.#model.refresh(this.#id);
  }

  #fail(error) {
    this.#problem.replaceChildren(failure(error));
  }

  // ---- what is said ----

  async #send(text, about) {
    const temporary = pendingElement({ text, state: 'sending' });
    this.#pending.append(temporary);
    this.#toEnd();
    this.#problem.replaceChildren();
    const number = about?.entry.seq, more = { key: crypto.randomUUID() };
    const sent = about?.act === 'edit' ? this.#client.edit(this.#id, number, text, more)
      : about ? this.#client.reply(this.#id, number, text, more)
        : this.#client.send(this.#id, text, more);
    const settled = sent.then(() => {}, error => {
      temporary.remove();
      this.#fail(error);
      this.#kept.refuse({ ...more, text, about, why: reasonOf(error) }); // nothing is lost
    });
    this.#sending.add(settled);
    settled.then(() => this.#sending.delete(settled));
    await settled;
    await this.#synchronize();
    temporary.remove();
    await this.#model.refresh(this.#id);
  }

  /** What waits or was refused: in the outbox, or before it came there. */
  async #updatePending() {
    this.#items = await this.#client.outbox(this.#id).catch(error => {
      this.#fail(error);
      return this.#items;
    });
    const refused = new Map(this.#kept.refused.map(r => [r.key, r]));
    const news = this.#items.filter(i => i.text || i.state === 'refused').map(item => {
      const refusal = refused.get(item.key);
      refused.delete(item.key);
      if (refusal) refusal.isStored = true; // the outbox says what becomes of it
      return pendingElement(item, { drop: () => this.#forget(item),
        again: refusal && item.state === 'refused' && (() => this.#writeAgain(refusal, item)) });
    });
    for (const refusal of [...refused.values()].filter(r => !r.isStored))
      news.push(pendingElement({ ...refusal, state: 'refused', reason: refusal.why },
        { drop: () => this.#forget(refusal), again: () => this.#writeAgain(refusal) }));
    changing(this.#pending, () => {
      for (const old of [...this.#pending.children])
        if (!old.classList.contains('sending')) old.remove();
      this.#pending.prepend(...news);
    });
  }

  async #forget({ key, item }) {
    await attempt(this.#problem, undefined, async () => {
      if (item !== undefined) await this.#client.drop(this.#id, item);
      if (key !== undefined) this.#kept.forget(key);
    });
    await this.#updatePending();
  }

  /** Never over what the person has begun since. */
  async #writeAgain({ key, text, about }, item) {
    if (!this.#composer.isFree) {
      this.#problem.replaceChildren(failure({ message: say('fieldTaken') }));
      return;
    }
    const { before } = this.#composer.draft;
    this.#composer.draft = { text, about, before };
    this.#composer.focus();
    await this.#forget({ key, item: item?.item });
  }

  #type() {
    if (this.#model.can('type')) this.#client.type(this.#id).catch(() => {}); // a notice is worth no more
  }

  async #attach(files) {
    await this.#kept.files.send(files);
  }

  #drag(event, over) {
    if (!event.dataTransfer.types.includes('Files') || !this.#model.can('sendFile')) return;
    event.preventDefault();
    this.element.classList.toggle('drop', over);
  }

  #drop(event) {
    event.preventDefault();
    this.element.classList.remove('drop');
    if (event.dataTransfer.files.length > 0) this.#attach([...event.dataTransfer.files]);
  }

  // ---- what an entry can do (entry.js, log.js) ----

  entry(number) {
    return this.#log.entry(number) ?? this.quoted.get(number);
  }

  isMine(entry) {
    return entry.own === true || (entry.from !== undefined && entry.from === this.username);
  }

  /** What holds today: numbers may have been compared since it was read. */
  trustOf(entry) {
    const member = this.#session.members.find(m => m.account !== undefined &&
      m.account === entry.account);
    return member ? member.compared : entry.compared;
  }

  /** Goes to that message; what stands between is loaded before. */
  async show(number, behavior = 'smooth') {
    if (!this.#log.element(number))
      await attempt(this.#problem, this.#olderButton, () => this.#log.older(number));
    this.#showOlder();
    const element = this.#log.element(number);
    if (!element) return;
    this.#wasNear = false; // another size does not lead to the end
    element.scrollIntoView({ block: 'center', behavior });
    element.focus({ preventScroll: true });
  }

  async react(entry, emoji) {
    await attempt(this.#problem, undefined, async () => {
      await this.#client.react(this.#id, entry.seq, emoji);
      await this.#synchronize();
    });
  }

  async save(entry) {
    await this.#kept.files.save(entry);
  }

  menu(entry, opener) {
    openMenu(opener, entry, { isMine: this.isMine(entry),
      react: emoji => this.react(entry, emoji), reply: () => this.#composer.reply(entry),
      edit: () => this.#composer.edit(entry), copy: () => this.#copy(entry),
      remove: async () => {
        await this.#client.delete(this.#id, entry.seq);
        await this.#synchronize();
      } });
  }

  async #copy(entry) {
    await attempt(this.#problem, undefined, () => navigator.clipboard.writeText(textOf(entry))
      .catch(({ message: why }) => { throw new Error(say('copyFailed', { why })); }));
  }

  #editLast() {
    const entry = this.#log.lastOwn();
    if (entry) this.#composer.edit(entry);
  }

  // ---- moving about ----

  get #isNearEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  #toEnd() {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
    this.#below.hidden = true;
  }

  #scrolled() {
    this.#wasNear = this.#isNearEnd;
    if (!this.#wasNear) return;
    this.#below.hidden = true;
    this.#read();
  }

  async #older() {
    const { scrollHeight, scrollTop } = this.#scroll;
    await attempt(this.#problem, this.#olderButton, () => this.#log.older());
    this.#showOlder();
    this.#scroll.scrollTop = this.#scroll.scrollHeight - scrollHeight + scrollTop;
  }

  #showOlder() {
    this.#olderButton.hidden = !this.#log.hasOlder;
    const count = this.#log.countNotShown(this.#session);
    const text = count > 0 ? say('notShown', { count }) : '';
    if (this.#notShown.textContent !== text) this.#notShown.textContent = text;
  }

  /** From message to message by the arrow keys; Enter opens what can be done with one. */
  #walk(event) {
    const items = [...this.#scroll.querySelectorAll('li[tabindex]')];
    const at = items.indexOf(event.target.closest('li[tabindex]'));
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: items.length - 1 }[event.key];
    if (event.key === 'Enter' && event.target === items[at]) {
      event.preventDefault(); // it is not for what has the focus then
      event.target.querySelector('.act')?.click();
    } else if (event.key === 'Escape') {
      this.#composer.focus();
    } else if (to !== undefined && items[to]) {
      event.preventDefault();
      items[to].focus();
    }
  }
}

export const noConversation = () => el('section', { class: 'conversation none' },
  el('p', { class: 'hint' }, icon('lock'), say('noSession')));
