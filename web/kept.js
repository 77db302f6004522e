// What a person wrote or gave in a session and what is in its log not yet: it stays while
// another session is open.
import { Files } from './files.js';

export class Kept {
  draft; // the composer's
  refused = []; // {key, text, about, why, isStored}: texts whose call has failed
  changed = () => {}; // of the conversation that shows it
  files;
  #model;
  #id;

  constructor(model, id) {
    this.#model = model;
    this.#id = id;
    this.files = new Files(model, id, { changed: () => this.changed(),
      failed: text => model.tellTrouble(id, text) });
  }

  refuse(refusal) {
    this.refused.push(refusal);
    this.#model.tellTrouble(this.#id, refusal.why);
    this.changed();
  }

  forget(key) {
    this.refused = this.refused.filter(r => r.key !== key);
  }
}
