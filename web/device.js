// The device of this browser: who opens it, and what of it all parts of the page share.
import { Client, IndexedDbStorage, SharedClient } from '@hermetic/client';

const storage = new IndexedDbStorage('web');

const server = document.querySelector('meta[name=hermetic-server]').content || location.origin;

/** The module of WebAssembly, whose hash the page names. */
function wasm() {
  const { href, integrity } = document.getElementById('module');
  return WebAssembly.compileStreaming(fetch(href, { integrity }));
}

const optionsOf = more => ({ server, storage, wasm, receipts: true, ...more });

/** Whether this browser has a device already. */
export const isHere = () => Client.exists(storage);

export const serverHost = new URL(server).host;

/** The rows of a QR code. */
export const qrOf = text => Client.qr(text, { wasm });

/** Forgets all of it. */
export const forget = () => storage.remove();

/** Whether another tab has the device. */
async function isShared() {
  const { held } = await navigator.locks.query();
  return held.some(({ name }) => name === storage.name);
}

/** The device, for this tab and the others. */
async function share(options) {
  if (await isShared()) await Client.check(options);
  const client = new SharedClient(options);
  try {
    await client.sessions(); // it is open, here or in another tab
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
}

/** Opens what is stored here. A device that waits to be approved, or has logged out, logs in. */
export async function unlock(passphrase, onCode) {
  try {
    return await share(optionsOf({ passphrase }));
  } catch (error) {
    if (error.slug !== 'approval-needed') throw error;
    return logIn({ passphrase, onCode });
  }
}

/** Makes an account. */
export async function register(more) {
  const options = optionsOf(more);
  await (await Client.register(options)).close();
  return share(options);
}

/** Logs in; `onCode` is given the code of a device that waits to be approved. */
export async function logIn(more) {
  const options = optionsOf(more);
  await (await Client.login(options)).close();
  return share(options);
}
