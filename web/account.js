// One's account: its numbers, its devices, who is blocked, and the ways out.
import { attempt, button, checkbox, confirm, el, field, openDialog, phrase } from './dom.js';
import { forget } from './device.js';
import { exchange } from './focus.js';
import { recoveryPart } from './recovery.js';
import { digitsElement } from './verify.js';
import { plain, say } from './words.js';

/** A part that is asked for when the dialog is opened, and again when it has changed; what
 * form() makes of the function that does so stays. */
function part(heading, fill, form = () => undefined) {
  const content = el('div'), problem = el('div');
  const again = () => attempt(problem, undefined, async () => {
    exchange(content, ...(await fill(again)).filter(Boolean));
  });
  again();
  return el('section', {}, el('h3', {}, heading), content, problem, form(again));
}

function deviceRow(model, device, again) {
  const { client } = model;
  const status = device.own ? say('thisDevice') : device.waits || device.pending ? say('pending')
    : !device.stands ? say('notInLog') : say('deviceNumber', { number: device.number });
  const revoke = () => confirm(say('revoke'), say('revokeText', { name: device.name }),
    say('revoke'), async () => {
      await client.revoke(device.device_id);
      await again();
    });
  const problem = el('div');
  const refuse = button(say('refuse'), () => attempt(problem, refuse, async () => {
    await client.refuse(device.device_id);
    await again();
  }));
  return el('li', {}, el('div', { class: 'who' }, el('bdi', {}, plain(device.name)),
    el('span', { class: 'hint' }, status)),
  el('p', { class: 'hint', dir: 'ltr' }, device.device_id.slice(0, 8)),
  el('div', { class: 'row' }, device.waits && refuse,
    !device.own && !device.waits && button(say('revoke'), revoke, { class: 'danger link' })),
  problem);
}

/** The code that the new device shows says which one is meant, and that nobody has changed
 * what it asked. */
function approveForm(model, again) {
  const { row, input } = field(say('deviceApprove'), { type: 'text', autocomplete: 'off',
    autocapitalize: 'characters', spellcheck: false, dir: 'ltr' }, say('deviceApproveText'));
  const problem = el('div'), told = el('p', { class: 'hint', role: 'status' });
  const go = el('button', { type: 'submit' }, say('approve'));
  return el('form', { class: 'line-form', onsubmit: event => {
    event.preventDefault();
    attempt(problem, go, async () => {
      const { name, number } = await model.client.approve(input.value.trim());
      input.value = '';
      told.replaceChildren(phrase('approved', { name }));
      await again();
      const linked = await model.client.link(number);
      told.append(' ', say('approvedSessions', { count: linked.length }));
    });
  } }, row, go, told, problem);
}

const devices = model => part(say('devices'), async again => {
  const list = await model.client.devices();
  model.tellWaiting(list.some(d => d.waits));
  return [el('ul', { class: 'members' }, ...list.map(d => deviceRow(model, d, again)))];
}, again => approveForm(model, again));

function blockForm(model, again) {
  const problem = el('div');
  const { row, input } = field(say('username'), { type: 'text', dir: 'ltr',
    autocapitalize: 'none', autocomplete: 'off', spellcheck: false }, say('blocksHint'));
  const go = el('button', { type: 'submit' }, say('block'));
  return el('form', { class: 'line-form', onsubmit: event => {
    event.preventDefault();
    attempt(problem, go, async () => {
      await model.client.block(input.value.trim().toLowerCase());
      input.value = '';
      await model.askInvitations();
      await again();
    });
  } }, row, go, problem);
}

const blocks = model => part(say('blocks'), async again => {
  const problem = el('div');
  const rows = (await model.client.blocks()).map(({ username }) => el('li', { class: 'row' },
    el('bdi', {}, plain(username)),
    button(say('unblock'), event => attempt(problem, event.currentTarget, async () => {
      await model.client.unblock(username);
      await again();
    }), { class: 'link' })));
  return [rows.length > 0 ? el('ul', { class: 'members' }, ...rows)
    : el('p', { class: 'hint' }, say('noBlocks')), problem];
}, again => blockForm(model, again));

const wishes = model => part(say('wishes'), async again => {
  const wished = await model.client.wishes(), problem = el('div');
  const rows = ['receipts', 'typing'].map(name => {
    const { row, input } = checkbox(say(`${name}Wish`), { checked: wished[name] });
    input.addEventListener('change', async () => {
      const wish = input.checked;
      if (await attempt(problem, input, () => model.client.setWish(name, wish))) await again();
      else input.checked = !wish;
    });
    return row;
  });
  return [...rows, problem];
});

function ways(model) {
  const all = checkbox(say('logOutForget'));
  const problem = el('div');
  const go = button(say('logOut'), () => attempt(problem, go, async () => {
    await model.client.logout();
    await model.client.close();
    if (all.input.checked) await forget();
    location.reload();
  }), { class: 'danger' });
  return el('section', {}, el('h3', {}, say('logOut')), el('p', { class: 'hint' },
    say('logOutText')), all.row, go, problem);
}

export function showAccount(model) {
  const name = model.username;
  openDialog(name ? say('accountOf', { who: name }) : say('account'),
    ...name ? [part(say('yourNumbers'),
      async () => [digitsElement((await model.client.verify(name)).digits)])] : [],
    model.can('devices') && devices(model), model.can('blocks') && blocks(model),
    model.can('wishes') && wishes(model),
    model.can('newRecoveryKey') && recoveryPart(model, name), ways(model));
}
