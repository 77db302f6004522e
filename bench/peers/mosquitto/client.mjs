// MQTT 3.1.1 as far as it is needed here: connect, subscribe, publish with QoS 1.
import { connected, numberIn, textOf } from '../wire.mjs';

function packet(type, ...parts) {
  const body = Buffer.concat(parts);
  const length = [];
  for (let n = body.length; ; n >>= 7) {
    length.push(n > 127 ? n & 127 | 128 : n);
    if (n < 128) break;
  }
  return Buffer.concat([Buffer.from([type, ...length]), body]);
}

const u16 = n => Buffer.from([n >> 8, n & 255]);
const text = s => Buffer.concat([u16(s.length), Buffer.from(s)]);

/** What stands whole in `buffer` goes to `told(type, body)`; the rest is given back. */
function take(buffer, told) {
  let at = 0;
  while (buffer.length - at >= 2) {
    let size = 0, shift = 0, i = at + 1;
    for (;; i++, shift += 7) {
      if (i >= buffer.length) return buffer.subarray(at);
      size += (buffer[i] & 127) << shift;
      if (buffer[i] < 128) break;
    }
    if (buffer.length < i + 1 + size) break;
    told(buffer[at], buffer.subarray(i + 1, i + 1 + size));
    at = i + 1 + size;
  }
  return buffer.subarray(at);
}

export async function connect(target, { k, kind, acked, message }) {
  let ready;
  const told = (type, body) => {
    if (type >> 4 === 4) acked(1);
    else if (type >> 4 === 3) message(numberIn(body.toString('latin1', 2 + body.readUInt16BE(0))));
    else ready?.(); // CONNACK, SUBACK
  };
  const socket = await connected(target.port, data => take(data, told));
  const say = bytes => new Promise(done => { ready = done; socket.write(bytes); });
  await say(packet(0x10, text('MQTT'), Buffer.from([4, 2]), u16(0),
    text(`${kind}${k}x${process.hrtime.bigint()}`)));
  if (kind === 'receiver') await say(packet(0x82, u16(1), text(`room/${k}`), Buffer.from([0])));
  let id = 0;
  return { send: i => {
    id = id % 65535 + 1;
    socket.write(packet(0x32, text(`room/${k}`), u16(id), Buffer.from(textOf(i))));
  } };
}
