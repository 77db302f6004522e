// The page: a door, and behind it the sessions.
import { isHere } from './device.js';
import { showDoor } from './door.js';
import { el } from './dom.js';
import { showFrame } from './frame.js';
import { say } from './words.js';

const page = document.getElementById('page');

async function start() {
  if (!globalThis.crypto?.subtle || !navigator.locks) {
    page.replaceChildren(el('p', { class: 'alert', role: 'alert' }, say('noCrypto')));
    return;
  }
  showDoor(page, await isHere(), client => showFrame(page, client));
}

start();
