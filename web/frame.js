// What stands behind the door: the sessions, and the one that is talked in.
import { showAccount } from './account.js';
import { Conversation, noConversation } from './conversation.js';
import { showEnd } from './door.js';
import { announce, el, icon, iconButton } from './dom.js';
import { Kept } from './kept.js';
import { List } from './list.js';
import { Model } from './model.js';
import { showNewSession } from './new-session.js';
import { showSearch } from './search.js';
import { say } from './words.js';

class Frame {
  #page;
  #model;
  #list;
  #conversation;
  #kept = new Map(); // session → what is written and not sent
  #talk = el('section', { class: 'talk' });
  #status = el('p', { class: 'status', role: 'status' });
  #waiting = el('div'); // a device that waits to be approved
  #troubles = el('div');
  #element;

  constructor(page, client) {
    this.#page = page;
    this.#model = new Model(client);
    this.#list = new List(this.#model, id => this.open(id));
    this.#element = el('main', { class: 'frame' }, el('h1', { class: 'unseen' }, say('product')),
      el('nav', { 'aria-label': say('sessions') },
        el('header', {}, el('h2', {}, say('sessions')), this.#buttons()),
        this.#status, this.#waiting, this.#troubles, this.#list.element), this.#talk);
    this.#talk.append(noConversation());
    page.replaceChildren(this.#element);
    this.#listen();
  }

  #buttons() {
    return el('div', { class: 'row' },
      this.#model.can('search') && iconButton('search', say('search'),
        () => showSearch(this.#model, (id, number) => this.open(id, number))),
      iconButton('plus', say('newSession'), () => showNewSession(this.#model,
        id => this.open(id))),
      iconButton('person', say('account'), () => showAccount(this.#model)),
      iconButton('lock', say('lock'), () => this.#lock()));
  }

  #listen() {
    const model = this.#model;
    model.on('connection', () => this.#showStatus());
    model.on('sessions', () => this.#showTitle());
    model.on('device-waits', isWaiting => this.#showWaiting(isWaiting));
    model.on('said', event => {
      const session = model.session(event.session);
      if (session && event.session !== this.#conversation?.id)
        announce(`${session.label}: ${event.from}`);
    });
    model.on('failed', text => this.#failed(text));
    model.on('trouble', (id, why) => id !== this.#conversation?.id && this.#showTrouble(id, why));
    addEventListener('popstate', ({ state }) => this.#show(state?.session));
  }

  /** Begins, in that session if one is named. */
  async start(id) {
    await this.#model.start();
    this.#showTitle();
    this.#showStatus();
    if (id) await this.open(id);
  }

  #showWaiting(isWaiting) {
    const isNew = isWaiting && !this.#waiting.hasChildNodes();
    this.#waiting.replaceChildren(...isWaiting ? [el('button', { type: 'button', class: 'banner',
      onclick: () => showAccount(this.#model) }, icon('warning'), say('deviceWaits'))] : []);
    if (isNew) announce(say('deviceWaits'));
  }

  #showStatus() {
    this.#status.textContent = this.#model.connected ? '' : say('offline');
  }

  /** What has failed in a session that is not open. */
  #showTrouble(id, why) {
    const text = say('trouble', { session: this.#model.session(id)?.label ?? id, why });
    this.#troubles.append(el('button', { type: 'button', class: 'banner', 'data-trouble': id,
      onclick: () => this.open(id) }, icon('warning'), el('span', { dir: 'auto' }, text)));
    announce(text);
  }

  #showTitle() {
    const unread = this.#model.sessions.reduce((sum, s) => sum + (s.unread ?? 0), 0);
    document.title = unread > 0 ? `(${unread}) ${say('product')}` : say('product');
  }

  // A client whose state could not be stored, or whose device is gone, takes no call any more.
  #failed(text) {
    this.#model.client.sessions().catch(error => showEnd(this.#page, error));
    announce(text);
  }

  /** Opens a session, at a message if one is named. */
  async open(id, number) {
    // one step back leads to the sessions, whichever one was opened after another
    if (history.state?.session) history.replaceState({ session: id }, '');
    else history.pushState({ session: id }, '');
    await this.#show(id, number);
  }

  #keptOf(id) {
    if (!this.#kept.has(id)) this.#kept.set(id, new Kept(this.#model, id));
    return this.#kept.get(id);
  }

  async #show(id, number) {
    const before = this.#conversation;
    before?.close();
    this.#conversation = undefined;
    const isThere = this.#model.session(id) !== undefined;
    this.#element.classList.toggle('open', isThere);
    this.#list.current = id;
    for (const row of [...this.#troubles.children])
      if (row.dataset.trouble === id) row.remove();
    if (!isThere) {
      this.#talk.replaceChildren(noConversation());
      if (before) this.#list.focus(before.id);
      return;
    }
    this.#conversation = new Conversation(this.#model, id,
      { onBack: () => history.back(), kept: this.#keptOf(id) });
    this.#talk.replaceChildren(this.#conversation.element);
    await this.#conversation.begin(number);
  }

  /** All of it goes from memory with the page. */
  async #lock() {
    await this.#model.client.close();
    location.reload();
  }
}

export async function showFrame(page, client) {
  const id = history.state?.session; // it stays while one reloads
  history.replaceState({}, '');
  await new Frame(page, client).start(id);
}
