// What the clients of several servers share.
import { connect as connectTcp } from 'node:net';

/** What is sent: as many characters as an envelope of Hermetic has in base64, with a number. */
export const SIZE = 660;
const filler = 'x'.repeat(SIZE - 8);
export const textOf = i => i.toString(36).padStart(8, '0') + filler;
export const numberIn = text => parseInt(text.slice(0, 8), 36);

/** A connection whose bytes go to `take(buffer)`, which gives back what it did not use. */
export function connected(port, take) {
  return new Promise((done, fail) => {
    const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true });
    let left = Buffer.alloc(0);
    socket.on('data', data => {
      left = take(left.length ? Buffer.concat([left, data]) : data);
    });
    socket.on('error', fail);
    socket.on('connect', () => done(socket));
    socket.on('close', () => fail(new Error('the server closed the connection')));
  });
}
