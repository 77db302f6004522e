// Debian's Chromium without a screen, driven by its own protocol (DevTools).
import { once } from 'node:events';
import { rmSync } from 'node:fs';

import { WebSocket } from 'ws';

import { end, newHome, start, until } from './stack.mjs';

/** The protocol over one socket: call(METHOD, PARAMETERS, SESSION). Calls of a tab that has
 * gone are rejected, and gone(SESSION) resolves. */
function protocolOf(socket) {
  const waiting = new Map(), tabs = new Map();
  let last = 0;
  const end = (why, is) => {
    for (const [id, { reject, sessionId }] of waiting) {
      if (!is(sessionId)) continue;
      waiting.delete(id);
      reject(new Error(why));
    }
  };
  socket.on('message', text => {
    const { id, result, error, method, params, sessionId } = JSON.parse(text);
    if (method === 'Inspector.targetCrashed') return tabs.get(sessionId)?.();
    if (method === 'Target.detachedFromTarget') return tabs.get(params.sessionId)?.();
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error) asked?.reject(new Error(error.message));
    else asked?.resolve(result);
    return undefined;
  });
  socket.on('close', () => end('Chromium has ended.', () => true));
  return {
    call: (method, params = {}, sessionId = undefined) => new Promise((resolve, reject) => {
      if (socket.readyState !== WebSocket.OPEN) reject(new Error('Chromium has ended.'));
      waiting.set(++last, { resolve, reject, sessionId });
      socket.send(JSON.stringify({ id: last, method, params, sessionId }));
    }),
    gone: sessionId => new Promise(done => tabs.set(sessionId, () => {
      tabs.delete(sessionId);
      end('The tab has gone.', its => its === sessionId);
      done();
    })),
  };
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
  const { call, gone } = protocolOf(socket);

  return {
    pid: child.pid,
    /** A tab at that address, with what other tabs have or, in a context of its own, with
     * nothing: does(expression) is what it gives, call(METHOD, PARAMETERS) of the protocol,
     * close(), crash() which kills its process, and `gone` resolves when it is no more. */
    async page(address, { context } = {}) {
      const { targetId } = await call('Target.createTarget',
        { url: address, browserContextId: context });
      const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
      const ended = gone(sessionId);
      await call('Inspector.enable', {}, sessionId);
      // a new tab is blank at first, and what it is asked then is lost when it goes there
      await until(() => call('Runtime.evaluate', { expression: 'location.href',
        returnByValue: true }, sessionId).then(({ result }) =>
        address === 'about:blank' || result.value !== 'about:blank', () => false),
      { name: `a tab at ${address}` });
      return {
        gone: ended,
        call: (method, params) => call(method, params, sessionId),
        async does(expression) {
          const { result, exceptionDetails: thrown } = await call('Runtime.evaluate',
            { expression: `(async () => { ${expression} })()`, awaitPromise: true,
              returnByValue: true }, sessionId);
          if (thrown) throw new Error(thrown.exception?.description ?? thrown.text);
          return result.value;
        },
        close: () => call('Target.closeTarget', { targetId }),
        async crash() {
          call('Page.crash', {}, sessionId).catch(() => {}); // which it does not answer
          await ended;
          await call('Target.closeTarget', { targetId });
        },
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
