// The recovery key: it is shown, and counts once its person has typed it from where they wrote
// it down.
import { attempt, button, el, field, openDialog } from './dom.js';
import { say } from './words.js';

export const recoveryField = (label, hint) => field(label, { type: 'text', autocomplete: 'off',
  autocapitalize: 'characters', spellcheck: false, dir: 'ltr', class: 'key' }, hint);

class Recovery {
  #client;
  #done;
  #old; // the key that stands, which signs the new one
  #key;
  element = el('section', { class: 'recovery' });

  constructor(client, done) {
    this.#client = client;
    this.#done = done;
  }

  #show(heading, text, rows, problem, ...buttons) {
    this.element.replaceChildren(el('h2', { tabIndex: -1 }, heading), el('p', {}, text), ...rows,
      problem, el('div', { class: 'row end' }, ...buttons));
    (this.element.querySelector('input') ?? this.element.querySelector('h2')).focus();
  }

  /** Makes a key; where one stands, that one is asked for before. */
  async begin() {
    try {
      this.#key = await this.#client.newRecoveryKey(this.#old);
      this.#showKey();
    } catch (error) {
      if (error.slug !== 'recovery-key-stands') throw error;
      this.#askOld();
    }
  }

  #askOld() {
    const { row, input } = recoveryField(say('recoveryOld'));
    const problem = el('div');
    const go = button(say('goNext'), () => attempt(problem, go, async () => {
      this.#old = input.value;
      await this.begin();
    }), { class: 'main' });
    this.#show(say('recoveryNew'), say('recoveryStands'), [row], problem, go);
  }

  #showKey() {
    const groups = this.#key.split('-').map(group => el('span', {}, group));
    this.#show(say('recoveryKey'), say('recoveryWrite'),
      [el('output', { class: 'digits', dir: 'ltr' }, ...groups)], el('div'),
      button(say('recoveryWritten'), () => this.#check(), { class: 'main' }));
  }

  #check() {
    const { row, input } = recoveryField(say('recoveryKey'));
    const problem = el('div');
    const go = button(say('recoverySet'), () => attempt(problem, go, async () => {
      await this.#client.setRecoveryKey(input.value, this.#old);
      this.#key = this.#old = undefined;
      this.#done();
    }), { class: 'main' });
    this.#show(say('recoveryKey'), say('recoveryCheck'), [row], problem,
      button(say('recoveryAgain'), () => this.#showKey(), { class: 'link' }), go);
  }
}

/** Before one goes in for the first time: `entered` is called when the key is set, or not now. */
export function offerRecovery(place, client, entered) {
  const recovery = new Recovery(client, entered), problem = el('div');
  place.replaceChildren(el('div', { class: 'panel' }, recovery.element, problem,
    button(say('recoveryLater'), entered, { class: 'link' })));
  return attempt(problem, undefined, () => recovery.begin());
}

/** The part of one's account. */
export function recoveryPart(model) {
  const problem = el('div', { role: 'status' });
  const make = button(say('recoveryNew'), () => attempt(problem, make, async () => {
    const recovery = new Recovery(model.client, () => {
      close();
      problem.append(el('p', { class: 'hint' }, say('recoveryDone')));
    });
    await recovery.begin();
    const { close } = openDialog(say('recovery'), recovery.element);
  }));
  return el('section', {}, el('h3', {}, say('recovery')),
    el('p', { class: 'hint' }, say('recoveryText')), make, problem);
}
