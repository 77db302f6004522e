// A WebSocket by the `ws` library of the tests.
import { createRequire } from 'node:module';

const { WebSocket } = createRequire(
  new URL('../../tests/package.json', import.meta.url))('ws');

export const webSocket = ({ url, protocol, token, told }) => new Promise((done, fail) => {
  const ws = new WebSocket(url, protocol ? [protocol] : [], { perMessageDeflate: false,
    headers: token ? { authorization: `Bearer ${token}` } : {} });
  ws.on('open', () => done(ws));
  ws.on('message', data => told(data.toString()));
  ws.on('error', fail);
});
