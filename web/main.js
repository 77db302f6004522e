// The page: a door, and behind it the sessions.
import { isHere } from './device.js';
import { showDoor } from './door.js';
import { button, el, icon } from './dom.js';
import { showFrame } from './frame.js';
import { say } from './words.js';

const page = document.getElementById('page');

async function start() {
  if (!globalThis.crypto?.subtle || !navigator.locks) {
    page.replaceChildren(el('p', { class: 'alert', role: 'alert' }, say('noCrypto')));
    return;
  }
  let isStored;
  try {
    isStored = await isHere();
  } catch (error) {
    const why = `${error.message.replace(/\.$/, '')}.`;
    page.replaceChildren(el('main', { class: 'door' }, el('div', { class: 'alert', role: 'alert' },
      icon('warning'), el('p', {}, say('noStorage', { why }))),
    button(say('loadAgain'), () => location.reload(), { class: 'main' })));
    return;
  }
  showDoor(page, isStored, client => showFrame(page, client));
}

start();
