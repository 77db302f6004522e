// Two people compare the digits of their accounts.
import { attempt, button, el, icon, openDialog, phrase } from './dom.js';
import { exchange } from './focus.js';
import { trustMark } from './trust.js';
import { say } from './words.js';

const WORDS = { yes: 'verifyYes', no: 'verifyNo', changed: 'verifyChanged' };

/** Twelve groups of five: four in a line. */
export const digitsElement = digits => el('p', { class: 'digits', dir: 'ltr' },
  ...digits.split(' ').map(group => el('span', {}, group)));

function warnings(person) {
  return [person.forked && 'verifyForked', person.closed && 'verifyClosed'].filter(Boolean)
    .map(key => el('p', { class: 'alert' }, icon('warning'), say(key)));
}

/** The server shows another account under the name: the person says which one is meant. */
function otherAccount(model, user, person, again) {
  if (!person.other_digits || !model.can('accept')) return undefined;
  const problem = el('div');
  const accept = button(say('verifyAccept'), () => attempt(problem, accept, async () => {
    await model.client.accept(user, person.other_fingerprint);
    await again();
  }), { class: 'danger' });
  return el('div', { class: 'alert' }, icon('warning'), el('div', {},
    phrase('verifyOtherAccount', { digits: digitsElement(person.other_digits) }), accept, problem));
}

export async function showVerify(model, own, user, done) {
  const content = el('div', { 'aria-live': 'polite' }, el('p', { class: 'hint' }, '…'));
  const problem = el('div');
  openDialog(say('verifyTitle', { who: user }), content, problem);
  const show = () => attempt(problem, undefined, async () => {
    const mine = await model.client.verify(own), person = await model.client.verify(user);
    const same = button(say('verifySame'), () => attempt(problem, same, async () => {
      await model.client.compared(user);
      await done();
      await show();
    }), { class: 'main' });
    exchange(content, ...[el('p', {}, say('verifyText')), ...warnings(person),
      el('h3', {}, say('verifyOwn')), digitsElement(mine.digits),
      el('h3', {}, phrase('verifyOther', { who: user })), digitsElement(person.digits),
      el('p', {}, trustMark(person.compared), ' ', say(WORDS[person.compared])),
      otherAccount(model, user, person, show),
      person.compared !== 'yes' && el('div', { class: 'row end' }, same)].filter(Boolean));
  });
  await show();
}
