// A client of the usual stack.
import { Agent, request } from 'node:http';

import { numberIn, textOf } from '../wire.mjs';
import { webSocket } from '../ws.mjs';

const agent = new Agent({ keepAlive: true });

const page = (target, k) => new Promise((done, fail) => {
  request({ port: target.port, host: '127.0.0.1', agent,
    path: `/rooms/${k}/messages?after=${Math.floor(Math.random() * 1000)}` }, answer => {
    answer.resume();
    answer.on('end', () => answer.statusCode === 200 ? done()
      : fail(new Error(String(answer.statusCode))));
  }).on('error', fail).end();
});

export async function connect(target, { k, kind, acked, message }) {
  if (kind === 'reader') return { page: () => page(target, k) };
  let ready;
  const socket = await webSocket({ url: `ws://127.0.0.1:${target.port}/ws`, told: text => {
    const frame = JSON.parse(text);
    if (frame.type === 'sent') acked(1);
    else if (frame.type === 'message') message(numberIn(frame.text));
    else ready();
  } });
  if (kind === 'receiver')
    await new Promise(done => {
      ready = done;
      socket.send(JSON.stringify({ type: 'follow', room: k }));
    });
  return { send: i => socket.send(
    `{"type":"send","id":${i},"room":${k},"text":"${textOf(i)}"}`) };
}
