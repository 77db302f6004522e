// A device that sends envelopes over its WebSocket, follows a session, or asks for pages.
import { randomFillSync } from 'node:crypto';
import { Agent, request } from 'node:http';

import { webSocket } from '../ws.mjs';

// In an envelope (wire/envelope.h): the nonce, which begins with the time, and in the rest of
// it a number of ours.
const NONCE = 25, NONCE_SIZE = 16, NUMBER = 33, NUMBER_SIZE = 6;

function envelopeOf(template, number) {
  const envelope = Buffer.from(template);
  randomFillSync(envelope, NONCE, NONCE_SIZE);
  envelope.writeUIntBE(Date.now(), NONCE, 6);
  envelope.writeUIntBE(number, NUMBER, NUMBER_SIZE);
  return envelope.toString('base64');
}

const numberIn = text => Buffer.from(text.slice(44, 52), 'base64').readUIntBE(0, 6);

const agent = new Agent({ keepAlive: true });

export async function connect(target, { k, kind, acked, message }) {
  const room = target.rooms[k % target.rooms.length];
  const sends = kind === 'sender';
  if (kind === 'reader') return { page: () => page(target, room) };
  let subscribed;
  const socket = await webSocket({
    url: `ws://127.0.0.1:${sends ? target.senders : target.receivers}/ws`,
    protocol: 'hermetic.v1', token: sends ? target.senderToken : target.receiverToken,
    told: text => {
      const frame = JSON.parse(text);
      if (frame.type === 'sent') acked(1);
      else if (frame.type === 'message') message(numberIn(frame.envelope));
      else if (frame.type === 'subscribed') subscribed();
      else throw new Error(text);
    } });
  if (kind === 'receiver') {
    const done = new Promise(is => { subscribed = is; });
    socket.send(JSON.stringify({ type: 'subscribe', id: 1, session_id: room.id,
      after: await lastSeq(target, room) }));
    await done;
  }
  const template = Buffer.from(room.template, 'base64');
  let id = 0;
  return { send: i => socket.send(`{"type":"send","id":${++id},"envelope":"${
    envelopeOf(template, i)}"}`) };
}

const get = (target, path) => new Promise((done, fail) => {
  const asked = request({ port: target.senders, host: '127.0.0.1', path, agent,
    headers: { authorization: `Bearer ${target.senderToken}` } }, answer => {
    const parts = [];
    answer.on('data', part => parts.push(part));
    answer.on('end', () => answer.statusCode === 200 ? done(Buffer.concat(parts).toString())
      : fail(new Error(`${path}: ${answer.statusCode}`)));
  });
  asked.on('error', fail);
  asked.end();
});

const page = (target, room) => get(target,
  `/session/${room.id}/messages?limit=50&after=${Math.floor(Math.random() * 1000)}`);

const lastSeq = async (target, room) =>
  JSON.parse(await get(target, `/session/${room.id}`)).last_seq;
