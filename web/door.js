// Where one comes in: unlock, log in, register.
import { attempt, button, confirm, el, failure, field, icon, phrase } from './dom.js';
import { forget, logIn, qrOf, register, serverHost, unlock } from './device.js';
import { qrElement } from './qr.js';
import { offerRecovery, recoveryField } from './recovery.js';
import { say } from './words.js';

/** What nobody may read over one's shoulder, unless one wants to. */
function secretField(label, autocomplete, hint) {
  const { row, input } = field(label, { type: 'password', autocomplete, required: true }, hint);
  const show = el('input', { type: 'checkbox', onchange: () => {
    input.type = show.checked ? 'text' : 'password';
  } });
  row.append(el('label', { class: 'check' }, show, el('span', {}, say('passphraseShow'))));
  return { row, input };
}

/** A form; enter(onCode) gives the device. While that waits to be approved its code stands in
 * the place of all else. */
function form(label, rows, enter, entered) {
  const problem = el('div');
  const working = el('p', { class: 'hint', role: 'status' });
  const go = el('button', { type: 'submit', class: 'main' }, label);
  const made = el('form', { noValidate: true, onsubmit: async event => {
    event.preventDefault();
    working.textContent = say('working');
    let client, panel;
    const onCode = code => {
      panel = codePanel(code);
      waits(true);
      made.after(panel);
      panel.querySelector('h2').focus();
    };
    const waits = is => {
      made.hidden = is;
      made.closest('.door').querySelector('[role=tablist]').hidden = is;
    };
    await attempt(problem, go, async () => { client = await enter(onCode); });
    working.textContent = '';
    if (client) return entered(client);
    panel?.remove();
    waits(false);
  } }, ...rows, problem, working, go);
  return made;
}

const textOf = ({ input }) => input.value.trim();
const nameOf = ({ input }) => input.value.trim().toLowerCase();

const userField = () => field(say('username'), { type: 'text', autocomplete: 'username',
  autocapitalize: 'none', spellcheck: false, required: true, maxLength: 32, dir: 'ltr' },
say('usernameHint'));

function want(condition, words) {
  if (!condition) throw new Error(say(words));
}

function logInForm(entered) {
  const user = userField();
  const passphrase = secretField(say('passphrase'), 'current-password');
  const device = field(say('deviceName'), { type: 'text', value: say('browserName'),
    maxLength: 64 }, say('deviceNameHint'));
  const recovery = recoveryField(say('recoveryKey'), say('recoveryUse'));
  const more = el('details', {}, el('summary', {}, say('noDevice')), recovery.row);
  return form(say('logIn'), [user.row, passphrase.row, device.row, more], onCode => {
    want(nameOf(user), 'usernameMissing');
    want(passphrase.input.value, 'passphraseMissing');
    return logIn({ username: nameOf(user), passphrase: passphrase.input.value,
      deviceName: textOf(device) || say('browserName'), onCode,
      recovery: textOf(recovery) || undefined });
  }, entered);
}

function registerForm(entered) {
  const user = userField();
  const passphrase = secretField(say('passphrase'), 'new-password', say('passphraseHint'));
  const again = field(say('passphraseAgain'), { type: 'password', required: true,
    autocomplete: 'new-password' });
  const token = field(say('registrationToken'), { type: 'text', autocomplete: 'off',
    dir: 'ltr' }, say('registrationTokenHint'));
  const more = el('details', {}, el('summary', {}, say('registrationToken')), token.row);
  return form(say('register'), [user.row, passphrase.row, again.row, more], () => {
    want(nameOf(user), 'usernameMissing');
    want(passphrase.input.value, 'passphraseMissing');
    want(passphrase.input.value === again.input.value, 'passphrasesDiffer');
    return register({ username: nameOf(user), passphrase: passphrase.input.value,
      deviceName: say('browserName'), token: textOf(token) || undefined });
  }, entered);
}

function unlockForm(entered) {
  const passphrase = secretField(say('passphrase'), 'current-password');
  const made = form(say('unlock'), [el('p', {}, say('unlockText')), passphrase.row],
    onCode => unlock(passphrase.input.value, onCode), entered);
  made.append(button(say('otherAccount'), () => confirm(say('otherAccount'),
    say('otherAccountText'), say('forget'), async () => {
      await forget();
      location.reload();
    }), { class: 'link' }));
  return made;
}

/** Two ways in, of which one is shown. */
function choices(ways) {
  const panel = el('div', { role: 'tabpanel', id: 'way' });
  const tabs = ways.map(([label, make], i) => el('button', { type: 'button', role: 'tab',
    'aria-controls': 'way', onclick: () => choose(i), onkeydown: event => {
      if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
      choose(1 - i);
      tabs[1 - i].focus();
    } }, label));
  const forms = [];
  const choose = i => {
    tabs.forEach((tab, n) => {
      tab.setAttribute('aria-selected', String(n === i));
      tab.tabIndex = n === i ? 0 : -1;
    });
    forms[i] ??= ways[i][1]();
    panel.setAttribute('aria-label', ways[i][0]);
    panel.replaceChildren(forms[i]);
  };
  choose(0);
  return [el('div', { class: 'tabs', role: 'tablist' }, ...tabs), panel];
}

/** The code of a device that waits: its person carries it to another one. */
function codePanel(code) {
  const drawing = el('div');
  qrOf(code).then(rows => drawing.append(qrElement(rows, say('codeDrawing'))));
  return el('section', { class: 'code', role: 'status' },
    el('h2', { tabIndex: -1 }, say('codeTitle')),
    el('p', {}, say('codeText')), drawing, el('output', { class: 'digits', dir: 'ltr' }, code),
    el('p', { class: 'hint' }, phrase('codeCommand', { code: el('code', { dir: 'ltr' }, code) })),
    el('p', { class: 'hint waits' }, say('codeWaits')),
    button(say('codeCancel'), () => location.reload()));
}

export function showDoor(page, isHere, entered) {
  const card = el('main', { class: 'door' });
  const way = () => card.querySelector('[role=tabpanel]');
  const registered = client => {
    card.querySelector('[role=tablist]').remove();
    offerRecovery(way(), client, () => entered(client));
  };
  card.append(
    el('header', {}, icon('lock'), el('h1', {}, say('product')), el('p', {}, say('tagline'))),
    ...choices([...isHere ? [[say('unlock'), () => unlockForm(entered)]] : [],
      [say('logIn'), () => logInForm(entered)],
      ...isHere ? [] : [[say('register'), () => registerForm(registered)]]]),
    el('footer', { class: 'hint' }, phrase('trustServer',
      { host: el('bdi', { dir: 'ltr' }, serverHost) })));
  page.replaceChildren(card);
  card.querySelector('input')?.focus();
}

/** After the device has ended by itself. */
export function showEnd(page, error) {
  page.replaceChildren(el('main', { class: 'door' }, failure(error),
    button(say('unlock'), () => location.reload(), { class: 'main' })));
}
