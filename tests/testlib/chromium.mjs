// Debian's Chromium without a screen, driven by its own protocol (DevTools).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

import { WebSocket } from 'ws';

import { newHome } from './stack.mjs';

/** A browser with a profile of its own: page(url), context(), stop(). */
export async function startChromium() {
  const profile = newHome();
  // tests run as root, too, where its sandbox does not; it loads nothing but our pages
  const child = spawn('chromium', ['--headless=new', '--no-sandbox', '--disable-gpu',
    '--disable-dev-shm-usage', '--no-first-run', '--remote-debugging-port=0',
    `--user-data-dir=${profile}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const url = await new Promise((resolve, reject) => {
    let said = '';
    createInterface(child.stderr).on('line', line => {
      said += `${line}\n`;
      const found = /^DevTools listening on (ws:\S+)/.exec(line);
      if (found) resolve(found[1]);
    });
    child.once('close', () => reject(new Error(`Chromium ended:\n${said}`)));
  });
  const socket = new WebSocket(url, { maxPayload: 1 << 28 });
  await once(socket, 'open');
  const waiting = new Map();
  let last = 0;
  socket.on('message', text => {
    const { id, result, error } = JSON.parse(text);
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error) asked?.reject(new Error(error.message));
    else asked?.resolve(result);
  });
  const call = (method, params = {}, sessionId = undefined) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      socket.send(JSON.stringify({ id: last, method, params, sessionId }));
    });

  return {
    /** A tab at that address, with what other tabs have or, in a context of its own, with
     * nothing: does(expression) is what it gives, call(METHOD, PARAMETERS) of the protocol,
     * close(). */
    async page(address, { context } = {}) {
      const { targetId } = await call('Target.createTarget',
        { url: address, browserContextId: context });
      const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
      return {
        call: (method, params) => call(method, params, sessionId),
        async does(expression) {
          const { result, exceptionDetails: thrown } = await call('Runtime.evaluate',
            { expression: `(async () => { ${expression} })()`, awaitPromise: true,
              returnByValue: true }, sessionId);
          if (thrown) throw new Error(thrown.exception?.description ?? thrown.text);
          return result.value;
        },
        close: () => call('Target.closeTarget', { targetId }),
      };
    },
    /** As another browser would be, for page(). */
    context: async () =>
      (await call('Target.createBrowserContext')).browserContextId,
    async stop() {
      socket.close();
      child.removeAllListeners('close');
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      await ended;
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
