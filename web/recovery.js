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

  #show(heading, text, ...content) {
    this.element.replaceChildren(el('h2', { tabIndex: -1 }, heading), el('p', {}, text), ...content);
    this.focus();
  }

  focus() {
    (this.element.querySelector('input') ?? this.element.querySelector('h2')).focus();
  }

  /** Asks for a key, which f() is given. */
  #ask([heading, text, label, go], f, ...buttons) {
    const { row, input } = recoveryField(say(label));
    const problem = el('div');
    const button = el('button', { type: 'submit', class: 'main' }, say(go));
    this.#show(say(heading), say(text), el('form', { noValidate: true, onsubmit: event => {
      event.preventDefault();
      attempt(problem, button, () => f(input.value));
    } }, row, problem, el('div', { class: 'row end' }, ...buttons, button)));
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
    this.#ask(['recoveryNew', 'recoveryStands', 'recoveryOld', 'goNext'], async key => {
      this.#old = key;
      await this.begin();
    });
  }

  #showKey() {
    const groups = this.#key.split('-').map(group => el('span', {}, group));
    this.#show(say('recoveryKey'), say('recoveryWrite'),
      el('output', { class: 'digits', dir: 'ltr' }, ...groups), el('div', { class: 'row end' },
        button(say('recoveryWritten'), () => this.#check(), { class: 'main' })));
  }

  #check() {
    this.#ask(['recoveryKey', 'recoveryCheck', 'recoveryKey', 'recoverySet'], async key => {
      await this.#client.setRecoveryKey(key, this.#old);
      this.#key = this.#old = undefined;
      this.#done();
    }, button(say('recoveryAgain'), () => this.#showKey(), { class: 'link' }));
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
export function recoveryPart(model, name) {
  const stands = el('p');
  const showStands = async () => {
    const { recovery } = name ? await model.client.person(name).catch(() => ({})) : {};
    if (recovery !== undefined) stands.textContent = say(recovery ? 'recoveryHas' : 'recoveryNone');
  };
  showStands();
  const problem = el('div', { role: 'status' });
  const make = button(say('recoveryNew'), () => attempt(problem, make, async () => {
    const recovery = new Recovery(model.client, () => {
      close();
      problem.append(el('p', { class: 'hint' }, say('recoveryDone')));
      showStands();
    });
    await recovery.begin();
    const { close } = openDialog(say('recovery'), recovery.element);
    recovery.focus();
  }));
  return el('section', {}, el('h3', {}, say('recovery')),
    stands, el('p', { class: 'hint' }, say('recoveryText')), make, problem);
}
