// Where one writes.
import { el, icon, iconButton } from './dom.js';
import { summaryOf, textOf } from './entry.js';
import { say } from './words.js';

const LINES_MOST = 8;

export class Composer {
  #text;
  #bar = el('div', { class: 'about', hidden: true });
  #about; // {entry, act}: the message that is answered or edited
  #has;
  element;

  /** `has`: send(text, about), attach(files), type(), editLast(), label. */
  constructor(has) {
    this.#has = has;
    this.#text = el('textarea', { rows: 1, 'aria-label': say('messageTo', { session: has.label }),
      placeholder: say('message'), dir: 'auto', enterKeyHint: 'send',
      oninput: () => this.#typed(), onkeydown: event => this.#key(event),
      onpaste: event => this.#pasted(event) });
    const files = el('input', { type: 'file', multiple: true, hidden: true, tabIndex: -1,
      onchange: () => {
        has.attach([...files.files]);
        files.value = '';
      } });
    this.element = el('form', { class: 'composer', onsubmit: event => {
      event.preventDefault();
      this.#send();
    } }, this.#bar, el('div', { class: 'row' },
      has.attach && iconButton('clip', say('attach'), () => files.click()), files, this.#text,
      el('button', { type: 'submit', class: 'main round', title: say('send'),
        'aria-label': say('send') }, icon('send'))));
  }

  focus() {
    this.#text.focus();
  }

  /** What is written, to be kept while one is elsewhere. */
  get draft() {
    return this.#about?.act === 'edit' ? '' : this.#text.value;
  }

  set draft(text) {
    this.#text.value = text;
    this.#grow();
  }

  reply(entry) {
    this.#begin(entry, 'reply', say('replyTo', { who: entry.from }));
  }

  edit(entry) {
    this.draft = textOf(entry);
    this.#begin(entry, 'edit', say('editing'));
  }

  #begin(entry, act, label) {
    this.#about = { entry, act };
    this.#bar.hidden = false;
    this.#bar.replaceChildren(el('div', {}, el('strong', { dir: 'auto' }, label),
      el('span', { dir: 'auto' }, summaryOf(entry))),
    iconButton('close', say('cancel'), () => this.#end()));
    this.focus();
  }

  #end() {
    if (this.#about?.act === 'edit') this.draft = '';
    this.#about = undefined;
    this.#bar.hidden = true;
    this.#bar.replaceChildren();
    this.focus();
  }

  #send() {
    const text = this.#text.value.trim();
    if (text === '') return;
    const about = this.#about;
    this.#end();
    this.draft = '';
    this.#has.send(text, about);
  }

  #typed() {
    this.#grow();
    if (this.#text.value !== '') this.#has.type();
  }

  #grow() {
    this.#text.rows = Math.min(LINES_MOST, this.#text.value.split('\n').length);
  }

  #key(event) {
    if (event.isComposing) return; // an input method has the key
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      this.#send();
    } else if (event.key === 'Escape' && this.#about) {
      event.preventDefault();
      this.#end();
    } else if (event.key === 'ArrowUp' && this.#text.value === '') {
      event.preventDefault();
      this.#has.editLast();
    }
  }

  #pasted(event) {
    const files = [...event.clipboardData.files];
    if (files.length === 0 || !this.#has.attach) return;
    event.preventDefault();
    this.#has.attach(files);
  }
}
