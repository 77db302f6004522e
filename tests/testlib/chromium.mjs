// Debian's Chromium without a screen, driven by its own protocol (DevTools).
import { once } from 'node:events';
import { rmSync } from 'node:fs';

import { WebSocket } from 'ws';

import { end, newHome, start, until } from './stack.mjs';

/** The protocol over one socket: call(METHOD, PARAMETERS, SESSION). */
function protocolOf(socket) {
  const waiting = new Map();
  let last = 0;
  socket.on('message', text => {
    const { id, result, error } = JSON.parse(text);
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error) asked?.reject(new Error(error.message));
    else asked?.resolve(result);
  });
  socket.on('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('Chromium has ended.'));
    waiting.clear();
  });
  return (method, params = {}, sessionId = undefined) => new Promise((resolve, reject) => {
    if (socket.readyState !== WebSocket.OPEN) reject(new Error('Chromium has ended.'));
    waiting.set(++last, { resolve, reject });
    socket.send(JSON.stringify({ id: last, method, params, sessionId }));
  });
}

/** A browser with a profile of its own: page(url), context(), stop(). It ends with the test's
 * process, however that ends. */
export async function startChromium() {
  const profile = newHome();
  // tests run as root, too, where its sandbox does not; it loads nothing but our pages
  const child = start('chromium', ['--headless=new', '--no-sandbox', '--disable-gpu',
    '--disable-dev-shm-usage', '--no-first-run', '--remote-debugging-port=0',
    `--user-data-dir=${profile}`, 'about:blank'],
  { env: { ...process.env, HOME: profile }, lastSignal: 'KILL', asUs: true });
  const [, url] = await until(() => {
    if (child.exitCode !== null) throw new Error(`Chromium ended:\n${child.output}`);
    return /^DevTools listening on (ws:\S+)/m.exec(child.output);
  }, { ms: 60_000, name: 'Chromium' });
  const socket = new WebSocket(url, { maxPayload: 1 << 28 });
  await once(socket, 'open');
  const call = protocolOf(socket);

  return {
    pid: child.pid,
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
      await end(child, 'SIGTERM');
      rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
