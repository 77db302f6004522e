// The sessions, and who wants one in others.
import { attempt, button, el, icon, phrase } from './dom.js';
import { exchange } from './focus.js';
import { previewOf } from './lines.js';
import { trustOf } from './trust.js';
import { listOf, say, shortTime } from './words.js';

export class List {
  #model;
  #choose;
  #rows = new Map(); // id → element
  #looks = new Map(); // id → what it was made of
  #asked = new Map(); // what an invitation's row was made of → the row
  #sessions = el('ul', { class: 'sessions', 'aria-label': say('sessions') });
  #invitations = el('section', { class: 'invitations', 'aria-label': say('invitations') });
  #current;
  element;

  constructor(model, choose) {
    this.#model = model;
    this.#choose = choose;
    this.element = el('div', { class: 'list', onkeydown: event => this.#walk(event) },
      this.#invitations, this.#sessions);
    model.on('sessions', () => this.#show());
    model.on('invitations', () => this.#showInvitations());
  }

  set current(id) {
    this.#current = id;
    for (const [key, row] of this.#rows) {
      const isIt = key === id;
      row.firstChild.setAttribute('aria-current', String(isIt));
    }
  }

  focus(id) {
    this.#rows.get(id)?.firstChild.focus();
  }

  #row(session) {
    const { session_id: id, label, unread = 0, said, state } = session;
    return el('li', {}, el('button', { type: 'button', 'data-session': id,
      class: state === 'member' ? undefined : 'gone', 'aria-current': String(id === this.#current),
      onclick: () => this.#choose(id) },
    el('span', { class: 'name' }, el('bdi', {}, label)),
    said > 0 && el('time', { dateTime: new Date(said).toISOString() }, shortTime(said)),
    el('span', { class: 'preview' }, previewOf(session.last)),
    session.stop && icon('warning'),
    unread > 0 && el('span', { class: 'count' }, el('span', { 'aria-hidden': 'true' },
      String(unread)), el('span', { class: 'unseen' }, say('unread', { count: unread })))));
  }

  /** A row stays as long as nothing of it has changed: somebody may be about to click it. */
  #show() {
    const focused = document.activeElement?.dataset?.session;
    for (const session of this.#model.sessions) {
      const { session_id: id, label, unread, state, stop, last } = session;
      const looks = JSON.stringify([label, unread, state, stop, last]);
      if (this.#looks.get(id) === looks) continue;
      this.#looks.set(id, looks);
      this.#rows.set(id, this.#row(session));
    }
    const rows = this.#model.sessions.map(s => this.#rows.get(s.session_id));
    if (rows.length === 0) rows.push(el('li', { class: 'hint' }, say('noSessions')));
    if (rows.length === this.#sessions.children.length &&
      rows.every((row, i) => row === this.#sessions.children[i])) return;
    this.#sessions.replaceChildren(...rows);
    if (focused) this.focus(focused);
  }

  // ---- invitations ----

  /** A row stays, with what has failed in it, as long as nothing of it has changed. */
  async #showInvitations() {
    const all = await Promise.all(this.#model.invitations.map(async invitation => {
      const by = await this.#inviter(invitation);
      const looks = JSON.stringify([invitation.session_id, by.textContent]);
      return [looks, this.#asked.get(looks) ?? this.#invitation(invitation, by)];
    }));
    this.#asked = new Map(all);
    const rows = [...this.#asked.values()];
    exchange(this.#invitations, ...rows.length > 0
      ? [el('h2', {}, say('invitations')), el('ul', {}, ...rows)] : []);
  }

  /** By whom is the server's word, unless a letter says so. */
  async #inviter(invitation) {
    const letters = this.#model.can('letters')
      ? await this.#model.client.letters(invitation.session_id).catch(() => []) : [];
    if (letters.length > 0)
      return phrase('invitedSigned', { who: listOf(letters.map(l =>
        `${l.by} (${trustOf(l.compared) ?? say('unverified')})`)) });
    const who = invitation.erased ? say('inviterGone') : invitation.inviter;
    return phrase('invitedBy', { who: phrase('serverSays', { who }) });
  }

  #invitation({ session_id: id }, by) {
    const problem = el('div');
    const does = f => attempt(problem, [accept, decline], async () => {
      await f();
      await this.#model.askInvitations();
    });
    const accept = button(say('accept'), () => does(async () => {
      await this.#model.client.join(id);
      await this.#model.refresh(id);
      this.#choose(id);
    }), { class: 'main' });
    const decline = button(say('decline'), () => does(() => this.#model.client.decline(id)));
    return el('li', { 'data-key': id }, el('p', {}, by),
      el('p', { class: 'hint', dir: 'ltr' }, id.slice(0, 8)),
      el('div', { class: 'row' }, accept, this.#model.can('decline') && decline), problem);
  }

  /** From session to session by the arrow keys. */
  #walk(event) {
    const items = [...this.#sessions.querySelectorAll('button')];
    const at = items.indexOf(document.activeElement);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: items.length - 1 }[event.key];
    if (at < 0 || to === undefined || !items[to]) return;
    event.preventDefault();
    items[to].focus();
  }
}
