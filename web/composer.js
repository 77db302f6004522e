// Where one writes.
import { el, icon, iconButton } from './dom.js';
import { summaryOf, textOf } from './entry.js';
import { say } from './words.js';

const LINES_MOST = 8;

export class Composer {
  #text;
  #bar = el('div', { class: 'about', hidden: true });
  #about; // {entry, act}: the message that is answered or edited
  #before; // the draft that was begun before that
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

  /** What is written, {text, about, before}, to be kept while one is elsewhere. */
  get draft() {
    return { text: this.#text.value, about: this.#about, before: this.#before };
  }

  set draft({ text = '', about, before } = {}) {
    this.#text.value = text;
    this.#about = about;
    this.#before = before;
    this.#grow();
    this.#showBar();
  }

  /** Whether nothing that was begun stands here. */
  get isFree() {
    return this.#text.value.trim() === '' && !this.#about;
  }

  get #isEdit() {
    return this.#about?.act === 'edit';
  }

  reply(entry) {
    const about = { entry, act: 'reply' };
    // the text of an edit is not that of an answer
    this.draft = this.#isEdit ? { about, before: this.draft } : { ...this.draft, about };
    this.focus();
  }

  edit(entry) {
    if (!this.#isEdit || this.#about.entry.seq !== entry.seq)
      this.draft = { text: textOf(entry), about: { entry, act: 'edit' },
        before: this.isFree ? this.#before : this.draft };
    this.focus();
  }

  #showBar() {
    this.#bar.hidden = !this.#about;
    if (!this.#about) return this.#bar.replaceChildren();
    const { entry } = this.#about;
    const label = this.#isEdit ? say('editing') : say('replyTo', { who: entry.from });
    this.#bar.replaceChildren(el('div', {}, el('strong', { dir: 'auto' }, label),
      el('span', { dir: 'auto' }, summaryOf(entry))),
    iconButton('close', say('cancel'), () => this.#end()));
  }

  /** What was written before an edit comes back; what was to be an answer stays. */
  #end() {
    const { text, before } = this.draft;
    this.draft = this.#isEdit || text.trim() === '' ? before : { text, before };
    this.focus();
  }

  #send() {
    const text = this.#text.value.trim();
    if (text === '') return;
    const about = this.#about;
    this.draft = this.#before;
    this.focus();
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
