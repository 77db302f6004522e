// Files on their way, and saved ones.
import { button, el, icon } from './dom.js';
import { formatted, say } from './words.js';

/** Hands bytes to the browser as a download, under a name. What is in them is never shown as
 * a page: its type says nothing. */
function download(blob, name) {
  const url = URL.createObjectURL(new Blob([blob], { type: 'application/octet-stream' }));
  el('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export class Files {
  #model;
  #id;
  #kept;
  #rows = new Map(); // key → {row, bar, label}
  element = el('ul', { class: 'transfers' });

  /** `kept` is called when a file waits to be sent. */
  constructor(model, id, kept) {
    this.#model = model;
    this.#id = id;
    this.#kept = kept;
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

  async #within(key, text, name, f) {
    this.#begin(key, text, name);
    try {
      return await f();
    } finally {
      this.#rows.get(key).row.remove();
      this.#rows.delete(key);
    }
  }

  async send(files) {
    for (const file of files) {
      const key = crypto.randomUUID();
      const { kept } = await this.#within(key, 'fileSending', file.name, () =>
        this.#model.client.sendFile(this.#id, file, { name: file.name, type: file.type, key }));
      if (kept) await this.#kept();
    }
  }

  async save({ seq, file }) {
    if (this.#rows.has(String(seq))) return;
    const label = file.name || say('fileUnnamed');
    const saved = await this.#within(String(seq), 'fileSaving', label, () =>
      this.#model.client.saveFile(this.#id, seq));
    download(saved.blob, saved.name || 'file');
  }
}
