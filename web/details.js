// Who is in a session, and what can be done with it.
import { attempt, button, confirm, el, field, openDialog, phrase } from './dom.js';
import { exchange } from './focus.js';
import { trustMark, usersOf } from './trust.js';
import { digitsElement, showVerify } from './verify.js';
import { listOf, say } from './words.js';

const ROLES = ['owner', 'admin', 'member'];

function noteOf(member) {
  if (member.own) return say('thisDevice');
  if (member.broken_commits > 0) return say('brokenCommits');
  return member.seen ? undefined : say('newNotSeen');
}

/** A form of one field, {form, input}; f(text) gives what is told when it is done. */
function lineForm(label, button, properties, hint, f) {
  const { row, input } = field(label, { type: 'text', autocomplete: 'off', ...properties }, hint);
  const problem = el('div', { role: 'status' });
  const go = el('button', { type: 'submit' }, button);
  const form = el('form', { class: 'line-form', onsubmit: event => {
    event.preventDefault();
    if (input.value.trim() !== '')
      attempt(problem, go, async () => {
        const told = await f(input.value.trim());
        if (told) problem.append(el('p', { class: 'hint' }, told));
      });
  } }, row, go, problem);
  return { form, input };
}

class Details {
  #model;
  #id;
  #people = el('div'); // shown anew when something of the session has changed
  #numbers = el('div');
  #forms = el('div'); // these stay, with what was typed and what was told
  #more = el('div');
  #lines; // [{input, member}…] of what the session says of itself
  #close;

  constructor(model, id) {
    this.#model = model;
    this.#id = id;
    this.#lines = model.can('setName') ? this.#rename() : [];
    this.#forms.append(this.#invite());
    this.#more.append(this.#keys(), ...this.#lines.map(({ form }) => form), this.#leave());
    const { dialog, close } = openDialog(this.#session.label, this.#people, this.#forms,
      this.#numbers, this.#more, el('p', { class: 'hint', dir: 'ltr' },
        say('sessionId', { id })));
    this.#close = close;
    const off = model.on(`session:${id}`, () => this.#show());
    dialog.addEventListener('close', off);
    this.#show();
  }

  get #session() {
    return this.#model.session(this.#id);
  }

  get #client() {
    return this.#model.client;
  }

  #refresh() {
    return this.#model.refresh(this.#id);
  }

  get #rules() {
    const own = this.#session.members.find(m => m.own);
    return this.#session.state === 'member' && (own?.role === 'owner' || own?.role === 'admin');
  }

  #user(user, own) {
    const problem = el('div');
    const remove = () => confirm(say('removeMember'), say('removeText', { who: user.username }),
      say('removeMember'), async () => {
        await this.#client.remove(this.#id, user.username);
        await this.#refresh();
      });
    return el('li', {}, el('div', { class: 'who' }, el('bdi', {}, user.username),
      user.own ? el('span', { class: 'hint' }, `(${say('you')})`) : trustMark(user.compared),
      el('span', { class: 'hint' }, say(user.role))),
    el('ul', { class: 'hint' }, ...user.devices.map(d => el('li', {},
      say('device', { device: d.device_id.slice(0, 8) }), noteOf(d) && `, ${noteOf(d)}`))),
    !user.own && el('div', { class: 'row' }, user.account && button(say('verify'),
      () => showVerify(this.#model, own, user.username, () => this.#refresh())),
    this.#rules && button(say('removeMember'), remove, { class: 'danger link' }),
    this.#rules && this.#model.can('ban') && button(say('ban'), () => this.#ban(user.username),
      { class: 'danger link' }), this.#role(user, problem)), problem);
  }

  #ban(who) {
    confirm(say('ban'), say('banText', { who }), say('ban'), async () => {
      await this.#client.ban(this.#id, who);
      await this.#refresh();
    });
  }

  /** Whoever may give roles chooses one. */
  #role(user, problem) {
    if (!this.#rules || !this.#model.can('setRole')) return undefined;
    const choice = el('select', { 'aria-label': say('roleOf', { who: user.username }),
      onchange: async () => {
        if (await attempt(problem, choice, () =>
          this.#client.setRole(this.#id, user.username, choice.value))) await this.#refresh();
        else choice.value = user.role;
      } }, ...ROLES.map(role => el('option', { value: role, selected: role === user.role },
      say(role))));
    return choice;
  }

  #names() {
    const { invited = [], banned = [] } = this.#session;
    return [...invited.length > 0 ? [el('p', { class: 'hint' },
      phrase('invitedList', { who: listOf(invited) }))] : [],
    ...banned.map(who => this.#banned(who))];
  }

  #banned(who) {
    const problem = el('div');
    const unban = button(say('unban'), () => attempt(problem, unban, async () => {
      await this.#client.unban(this.#id, who);
      await this.#refresh();
    }), { class: 'link' });
    return el('div', { class: 'row' }, el('p', { class: 'hint' }, phrase('bannedList', { who })),
      this.#rules && this.#model.can('unban') && unban, problem);
  }

  #invite() {
    const { form, input } = lineForm(say('inviteSomebody'), say('inviteSomebody'), { dir: 'ltr',
      autocapitalize: 'none', spellcheck: false }, say('inviteHint'), async who => {
      const count = await this.#client.invite(this.#id, who.toLowerCase());
      input.value = '';
      await this.#refresh();
      return phrase(count > 0 ? 'invitedNow' : 'invitedLater', { who, count });
    });
    return form;
  }

  #rename() {
    const { client } = this.#model;
    return [['rename', 'setName', 'name'], ['subject', 'setSubject', 'subject']]
      .map(([label, call, member]) => {
        const { form, input } = lineForm(say(label), say('save'), { dir: 'auto', maxLength: 256 },
          undefined, async text => {
            await client[call](this.#id, text);
            input.defaultValue = input.value;
            await this.#refresh();
          });
        return { form, input, member };
      });
  }

  /** What is said of the session today, unless the person is typing something else. */
  #showLines(session) {
    for (const { input, member } of this.#lines)
      if (input.value === input.defaultValue)
        input.value = input.defaultValue = session[member] ?? '';
  }

  #keys() {
    const problem = el('div', { role: 'status' });
    const go = button(say('newKeys'), () => attempt(problem, go, async () => {
      await this.#client.rotate(this.#id);
      await this.#refresh();
      problem.append(say('newKeysDone'));
    }));
    return el('div', {}, go, el('p', { class: 'hint' }, say('newKeysHint')), problem);
  }

  #leave() {
    return button(say('leaveSession'), () => confirm(say('leaveSession'), say('leaveText'),
      say('leaveSession'), async () => {
        await this.#client.leave(this.#id);
        await this.#refresh();
        this.#close();
      }), { class: 'danger' });
  }

  #show() {
    const session = this.#session, users = usersOf(session);
    const own = users.find(u => u.own)?.username;
    const isIn = session.state === 'member';
    exchange(this.#people, ...[
      session.subject && el('p', {}, phrase('aboutSession', { subject: session.subject })),
      el('h3', {}, say('members')), el('ul', { class: 'members' },
        ...users.map(u => this.#user(u, own))), ...this.#names()].filter(Boolean));
    exchange(this.#numbers, ...[isIn && el('h3', {}, say('safetyNumber')),
      isIn && digitsElement(session.safety_number),
      isIn && el('p', { class: 'hint' }, say('safetyHint')),
      el('p', { class: 'hint' }, say('sealedBy', { algorithm: session.algorithm }))]
      .filter(Boolean));
    for (const part of [this.#forms, this.#more]) part.hidden = !isIn;
    this.#showLines(session);
  }
}

export const showDetails = (model, id) => new Details(model, id);
