// Files on their way, and saved ones.
import { button, el, icon, iconButton } from './dom.js';
import { changing } from './focus.js';
import { reasonOf } from './next.js';
import { formatted, plain, say } from './words.js';

/** Hands bytes to the browser as a download, under a name. What is in them is never shown as
 * a page: its type says nothing. */
function download(blob, name) {
  const url = URL.createObjectURL(new Blob([blob], { type: 'application/octet-stream' }));
  el('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** The transfers of one session. They go on, and what has failed stays in sight, while
 * another session is open. */
export class Files {
  #model;
  #id;
  #has;
  #rows = new Map(); // key → {row, bar, label}
  element = el('ul', { class: 'transfers' });

  /** `has`: changed() when something was sent or waits, failed(text). */
  constructor(model, id, has) {
    this.#model = model;
    this.#id = id;
    this.#has = has;
    model.on('progress', event => event.session === id && this.#show(event));
  }

  #begin(key, text, name) {
    const bar = el('progress', { max: 1, 'aria-label': name });
    const label = el('span', { dir: 'auto' });
    const row = el('li', {}, icon('file'), label, bar,
      button(say('fileCancel'), () => this.#model.client.cancel(key), { class: 'link' }));
    const show = part => {
      label.textContent = say(text, { name, percent: formatted('percent', part) });
    };
    show(0);
    this.#rows.set(key, { row, bar, show });
    this.element.append(row);
  }

  #show({ key, done, total }) {
    const at = this.#rows.get(key);
    if (!at || total === 0) return;
    at.bar.value = done / total;
    at.show(done / total);
  }

  /** What f() gives; undefined when it has failed, which is told under the file's name. */
  async #within(key, [text, failed], name, f) {
    this.#begin(key, text, name);
    try {
      return await f();
    } catch (error) {
      if (error.slug !== 'cancelled') this.#fail(say(failed, { name, why: reasonOf(error) }));
      return undefined;
    } finally {
      const { row } = this.#rows.get(key);
      changing(this.element, () => row.remove());
      this.#rows.delete(key);
    }
  }

  #fail(text) {
    const row = el('li', { class: 'alert', role: 'alert' }, icon('warning'),
      el('p', { dir: 'auto' }, text), iconButton('close', say('close'),
        () => changing(this.element, () => row.remove())));
    this.element.append(row);
    this.#has.failed(text);
  }

  /** One after another; one that fails keeps none of the others back. */
  async send(files) {
    for (const file of files) {
      const key = crypto.randomUUID();
      const sent = await this.#within(key, ['fileSending', 'fileNotSent'], file.name, () =>
        this.#model.client.sendFile(this.#id, file, { name: file.name, type: file.type, key }));
      if (sent) this.#has.changed();
    }
  }

  async save({ seq, file }) {
    const key = `${this.#id}/${seq}`; // as the client names it
    if (this.#rows.has(key)) return;
    const label = file.name || say('fileUnnamed');
    const saved = await this.#within(key, ['fileSaving', 'fileNotSaved'], label, () =>
      this.#model.client.saveFile(this.#id, seq));
    if (saved) download(saved.blob, plain(saved.name || 'file'));
  }
}
