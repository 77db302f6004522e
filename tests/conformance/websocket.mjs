// RFC 6455 case by case, in the families that Autobahn's test suite made
// standard, as bytes on a socket: no library between us and the server.
//
// A text message that our application takes is answered, so that what the
// WebSocket layer has let through shows: {"type":"ping","id":N} by a pong of
// that id, and valid UTF-8 that is no message of ours by a close with 4400.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';

const TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10;

// --- frames ------------------------------------------------------------------

/** One frame as a client sends it; each part can be wrong. */
export function frame(opcode, payload = Buffer.alloc(0), {
  fin = true, rsv = 0, masked = true, lengthBytes, length = payload.length,
} = {}) {
  payload = Buffer.from(payload);
  const size = lengthBytes ?? (length < 126 ? 0 : length < 65536 ? 2 : 8);
  const head = Buffer.alloc(2 + size);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | { 0: length, 2: 126, 8: 127 }[size];
  if (size === 2) head.writeUInt16BE(length, 2);
  if (size === 8) head.writeBigUInt64BE(BigInt(length), 2);
  if (!masked) return Buffer.concat([head, payload]);
  const key = randomBytes(4);
  for (let i = 0; i < payload.length; i++) payload[i] ^= key[i % 4];
  return Buffer.concat([head, key, payload]);
}

const closing = (code, reason = '') => {
  const n = Buffer.alloc(2);
  n.writeUInt16BE(code);
  return frame(CLOSE, Buffer.concat([n, Buffer.from(reason)]));
};

/** Frames of the server, checked as they come. */
class Reader {
  constructor() { this.bytes = Buffer.alloc(0); this.frames = []; }
  take(data) {
    this.bytes = Buffer.concat([this.bytes, data]);
    for (;;) {
      if (this.bytes.length < 2) return;
      const [a, b] = this.bytes;
      assert.equal(a & 0x70, 0, 'a reserved bit from the server');
      assert.equal(b & 0x80, 0, 'a masked frame from the server');
      let n = b & 0x7f, at = 2;
      if (n === 126) { n = this.bytes.readUInt16BE(2); at = 4; }
      else if (n === 127) { n = Number(this.bytes.readBigUInt64BE(2)); at = 10; }
      if (this.bytes.length < at + n) return;
      this.frames.push({ fin: a >> 7, opcode: a & 15,
        payload: this.bytes.subarray(at, at + n) });
      this.bytes = this.bytes.subarray(at + n);
    }
  }
}

// --- one connection ----------------------------------------------------------

async function open(server) {
  const socket = connect(server.port, server.host);
  socket.setNoDelay(true);
  const key = randomBytes(16).toString('base64');
  socket.write(`GET /ws HTTP/1.1\r\nHost: ${server.host}\r\n` +
    'Connection: Upgrade\r\nUpgrade: websocket\r\n' +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n` +
    'Sec-WebSocket-Protocol: hermetic.v1\r\n' +
    `Authorization: Bearer ${server.token}\r\n\r\n`);
  const self = { socket, reader: new Reader(), wake: () => {}, over: false };
  let head = Buffer.alloc(0), opened;
  const ready = new Promise((done, fail) => { opened = { done, fail }; });
  socket.on('data', data => {
    if (head !== null) {
      head = Buffer.concat([head, data]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      data = head.subarray(end + 4);
      const text = head.subarray(0, end).toString();
      head = null;
      const accept = createHash('sha1')
        .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      if (/^HTTP\/1\.1 101 /.test(text) && text.includes(accept)) opened.done();
      else opened.fail(new Error(text));
    }
    self.reader.take(data);
    self.wake();
  });
  for (const event of ['close', 'error'])
    socket.on(event, () => { self.over = true; opened.fail?.(new Error('over'));
      self.wake(); });
  await ready;
  return self;
}

function wait(self, is, ms = 10_000) {
  return new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error('nothing came')), ms);
    const look = () => {
      const found = is();
      if (!found && !self.over) return;
      clearTimeout(timer);
      self.wake = () => {};
      done(found);
    };
    self.wake = look;
    look();
  });
}

const codeOf = f => f.payload.length < 2 ? 1005 : f.payload.readUInt16BE(0);

/** Plays a case; throws what was otherwise. */
async function play(server, { send, expect }) {
  const self = await open(server);
  const { frames } = self.reader;
  const seen = (opcode, payload) => frames.find(f => f.opcode === opcode &&
    (payload === undefined || f.payload.equals(Buffer.from(payload))));
  try {
    for (const piece of send) {
      self.socket.write(piece);
      await new Promise(setImmediate); // a segment of its own, mostly
    }
    if (expect.close !== undefined) {
      await wait(self, () => seen(CLOSE));
      assert.ok(seen(CLOSE), 'a close frame');
      assert.ok([expect.close].flat().includes(codeOf(seen(CLOSE))),
        `closed with ${codeOf(seen(CLOSE))}, not ${expect.close}`);
      if (!expect.ours) self.socket.write(closing(1000));
      await wait(self, () => false);
      assert.equal(frames.filter(f => f.opcode === CLOSE).length, 1);
      assert.equal(frames.at(-1).opcode, CLOSE, 'nothing after the close');
    } else {
      const probe = randomBytes(8);
      self.socket.write(frame(PING, probe));
      await wait(self, () => seen(PONG, probe));
      assert.ok(seen(PONG, probe), `still open: ${frames.map(f => f.opcode ===
        CLOSE ? codeOf(f) : f.opcode)}`);
    }
    for (const id of expect.pongs ?? [])
      assert.ok(frames.some(f => f.opcode === TEXT && f.fin &&
        f.payload.toString() === `{"type":"pong","id":${id}}`),
      `the message ${id} was answered`);
    const pongs = frames.filter(f => f.opcode === PONG).map(f => f.payload);
    (expect.controls ?? []).forEach((p, i) =>
      assert.ok(pongs[i]?.equals(Buffer.from(p)), `pong ${i}`));
    if (expect.silent)
      assert.equal(frames.filter(f => f.opcode !== PONG).length, 0);
  } finally {
    self.socket.destroy();
  }
}

// --- the cases ---------------------------------------------------------------

const message = (id, size = 0) =>
  `{"type":"ping","id":${id}}`.padEnd(size, ' ');
const pieces = (bytes, size) => Array.from(
  { length: Math.ceil(bytes.length / size) },
  (_, i) => bytes.subarray(i * size, (i + 1) * size));

function* framing() {
  for (const size of [22, 64, 125, 126, 127, 128, 1024, 4096, 65535, 65536,
    65537, 131_072, 200_000])
    yield [`a text message of ${size} bytes`,
      [frame(TEXT, message(1, size))], { pongs: [1] }];
  for (const size of [22, 125, 126, 65535, 65536])
    yield [`a text message of ${size} bytes, in pieces of 997`,
      pieces(frame(TEXT, message(1, size)), 997), { pongs: [1] }];
  for (const size of [22, 125, 126])
    yield [`a text message of ${size} bytes, byte by byte`,
      pieces(frame(TEXT, message(1, size)), 1), { pongs: [1] }];
  yield ['many messages in one segment', [Buffer.concat(Array.from(
    { length: 50 }, (_, i) => frame(TEXT, message(i + 1))))],
  { pongs: [1, 25, 50] }];
  for (const size of [0, 1, 125, 126, 65535, 65536])
    yield [`a binary message of ${size} bytes is not taken`,
      [frame(BINARY, Buffer.alloc(size))], { close: 1003 }];
  yield ['an empty text message is no message of ours', [frame(TEXT)],
    { close: 4400 }];
  for (const [n, bytes] of [[22, 2], [125, 2], [22, 8], [126, 8], [65535, 8]])
    yield [`a length of ${n} in ${bytes} bytes, which is not minimal`,
      [frame(TEXT, message(1, n), { lengthBytes: bytes })], { close: 1002 }];
  yield ['a length with its highest bit set', [Buffer.from([0x81, 0xff, 0x80, 0,
    0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6])], { close: [1002, 1009] }];
  for (const opcode of [TEXT, BINARY, PING, PONG, CLOSE, 0])
    yield [`opcode ${opcode} without a mask`,
      [frame(opcode, 'x', { masked: false })], { close: 1002 }];
}

function* pings() {
  for (const size of [0, 1, 2, 63, 124, 125])
    yield [`a ping with ${size} bytes`, [frame(PING, Buffer.alloc(size, 0xfe))],
      { controls: [Buffer.alloc(size, 0xfe)] }];
  yield ['a ping with 126 bytes', [frame(PING, Buffer.alloc(126))],
    { close: 1002 }];
  yield ['a ping with 65,536 bytes', [frame(PING, Buffer.alloc(65536))],
    { close: 1002 }];
  yield ['a ping with 125 bytes, byte by byte',
    pieces(frame(PING, Buffer.alloc(125, 1)), 1),
    { controls: [Buffer.alloc(125, 1)] }];
  for (const size of [0, 5, 125])
    yield [`a pong with ${size} bytes that nobody asked for`,
      [frame(PONG, Buffer.alloc(size))], { silent: true }];
  yield ['a pong with 126 bytes', [frame(PONG, Buffer.alloc(126))],
    { close: 1002 }];
  for (const count of [2, 10, 100])
    yield [`${count} pings in one segment`, [Buffer.concat(Array.from(
      { length: count }, (_, i) => frame(PING, `ping ${i}`)))],
    { controls: Array.from({ length: count }, (_, i) => `ping ${i}`) }];
  yield ['10 pings, byte by byte', pieces(Buffer.concat(Array.from(
    { length: 10 }, (_, i) => frame(PING, `p${i}`))), 1),
  { controls: Array.from({ length: 10 }, (_, i) => `p${i}`) }];
  yield ['a pong, then a ping', [frame(PONG, 'a'), frame(PING, 'b')],
    { controls: ['b'] }];
  yield ['a ping before and after a message', [Buffer.concat([frame(PING, 'a'),
    frame(TEXT, message(3)), frame(PING, 'b')])],
  { controls: ['a', 'b'], pongs: [3] }];
}

function* reservedBits() {
  for (const rsv of [1, 2, 3, 4, 5, 6, 7])
    for (const [opcode, name, payload] of [[TEXT, 'text', message(1)],
      [BINARY, 'binary', 'x'], [PING, 'ping', 'x'], [CLOSE, 'close', ''],
      [TEXT, 'empty text', '']])
      yield [`reserved bits ${rsv.toString(2).padStart(3, '0')} on ${name}`,
        [frame(opcode, payload, { rsv })], { close: 1002 }];
  for (const rsv of [1, 2, 4])
    yield [`reserved bits ${rsv.toString(2).padStart(3, '0')} on a ` +
      'continuation', [frame(TEXT, '{', { fin: false }),
      frame(0, '}', { rsv })], { close: 1002 }];
  yield ['a reserved bit after a good message', [frame(TEXT, message(1)),
    frame(TEXT, message(2), { rsv: 4 })], { close: 1002, pongs: [1] }];
}

function* opcodes() {
  for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
    yield [`opcode ${opcode}`, [frame(opcode)], { close: 1002 }];
    yield [`opcode ${opcode} with a payload`, [frame(opcode, 'reserved')],
      { close: 1002 }];
    yield [`opcode ${opcode} after a good message`, [Buffer.concat([
      frame(TEXT, message(1)), frame(opcode)])], { close: 1002, pongs: [1] }];
  }
}

function* fragmentation() {
  const parts = (text, n) => {
    const size = Math.ceil(text.length / n);
    const cut = pieces(Buffer.from(text), size);
    return cut.map((p, i) => frame(i ? 0 : TEXT, p,
      { fin: i === cut.length - 1 }));
  };
  for (const n of [2, 3, 5, 11, 22])
    yield [`a message in ${n} fragments`, parts(message(1), n),
      { pongs: [1] }];
  for (const n of [2, 10])
    yield [`a message in ${n} fragments, byte by byte`,
      pieces(Buffer.concat(parts(message(1), n)), 1), { pongs: [1] }];
  yield ['a message of 200,000 bytes in 400 fragments',
    parts(message(1, 200_000), 400), { pongs: [1] }];
  yield ['empty fragments around a message', [frame(TEXT, '', { fin: false }),
    frame(0, message(1), { fin: false }), frame(0, '')], { pongs: [1] }];
  yield ['a message of empty fragments', [frame(TEXT, '', { fin: false }),
    frame(0, '', { fin: false }), frame(0, '')], { close: 4400 }];
  for (const [n, between] of [[2, 1], [5, 1], [5, 3], [11, 2]])
    yield [`${between} pings between each of ${n} fragments`,
      parts(message(1), n).flatMap((f, i) => [f, ...Array.from(
        { length: between }, (_, j) => frame(PING, `${i}.${j}`))]),
      { pongs: [1], controls: ['0.0'] }];
  yield ['a pong between fragments', [frame(TEXT, message(1).slice(0, 3),
    { fin: false }), frame(PONG, 'x'), frame(0, message(1).slice(3))],
  { pongs: [1] }];
  yield ['a close between fragments', [frame(TEXT, '{', { fin: false }),
    closing(1000)], { close: 1000, ours: true }];
  for (const opcode of [PING, PONG, CLOSE])
    yield [`opcode ${opcode} in fragments`, [frame(opcode, 'x', { fin: false }),
      frame(0, 'y')], { close: 1002 }];
  for (const fin of [true, false])
    yield [`a continuation of nothing${fin ? '' : ', to be continued'}`,
      [frame(0, 'x', { fin })], { close: 1002 }];
  yield ['a continuation after a whole message', [frame(TEXT, message(1)),
    frame(0, 'x')], { close: 1002, pongs: [1] }];
  for (const opcode of [TEXT, BINARY])
    for (const fin of [true, false])
      yield [`opcode ${opcode} within a message${fin ? '' : ', unfinished'}`,
        [frame(TEXT, '{', { fin: false }), frame(opcode, 'x', { fin })],
        { close: 1002 }];
  yield ['two fragmented messages after each other', [
    ...parts(message(1), 3), ...parts(message(2), 4)], { pongs: [1, 2] }];
  yield ['a binary message in fragments', [frame(BINARY, 'a', { fin: false }),
    frame(0, 'b')], { close: 1003 }];
}

const hex = text => Buffer.from(text.replaceAll(' ', ''), 'hex');

function* utf8() {
  const good = ['24', 'c2a2', 'e282ac', 'f09f9880', 'efbfbd', 'efbfbf', 'efbfbe',
    'f48fbfbf', 'ed9fbf', 'ee8080', 'f0908080', 'c280', 'dfbf', 'e0a080',
    'cebae1bdb9cf83cebcceb5', '00', '7f', 'f09fbfbe'];
  for (const bytes of good) {
    const whole = Buffer.concat([Buffer.from('"'), hex(bytes),
      Buffer.from('"')]);
    yield [`good: ${bytes}`, [frame(TEXT, whole)], { close: 4400 }];
    yield [`good: ${bytes}, each byte a fragment`, pieces(whole, 1).map(
      (p, i) => frame(i ? 0 : TEXT, p, { fin: i === whole.length - 1 })),
    { close: 4400 }];
  }
  const bad = ['80', 'bf', 'c0af', 'c1bf', 'e080af', 'e09fbf', 'f08080af',
    'f08fbfbf', 'f8888080 80', 'fc84808080 80', 'fe', 'ff', 'feff', 'eda080',
    'edbfbf', 'eda080edb080', 'f4908080', 'f5808080', 'c2', 'e282', 'f09f98',
    'c220', 'e28220', 'f09f9820', 'c3c3', 'e2c2a2', '80bf80bf',
    'cebae1bdb9cf83cebcceb5eda080656469746564'];
  for (const bytes of bad) {
    const whole = Buffer.concat([Buffer.from('"'), hex(bytes)]);
    yield [`bad: ${bytes}`, [frame(TEXT, whole)], { close: 1007 }];
    yield [`bad: ${bytes}, each byte a fragment`, pieces(whole, 1).map(
      (p, i) => frame(i ? 0 : TEXT, p, { fin: i === whole.length - 1 })),
    { close: 1007 }];
  }
  for (const bytes of ['ff', 'c0af', 'eda080', 'f4908080'])
    yield [`bad: ${bytes}, at once though the message goes on`,
      [frame(TEXT, hex(bytes), { fin: false })], { close: 1007 }];
}

function* closes() {
  yield ['no code', [frame(CLOSE)], { close: [1000, 1005], ours: true }];
  for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011,
    3000, 3999, 4000, 4999])
    yield [`code ${code}`, [closing(code)], { close: code, ours: true }];
  for (const code of [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999,
    5000, 65535])
    yield [`code ${code}, which nobody may send`, [closing(code)],
      { close: 1002, ours: true }];
  yield ['a payload of one byte', [frame(CLOSE, 'x')],
    { close: 1002, ours: true }];
  yield ['a reason', [closing(1000, 'good-bye')], { close: 1000, ours: true }];
  yield ['a reason of 123 bytes', [closing(1000, 'x'.repeat(123))],
    { close: 1000, ours: true }];
  yield ['a reason of 124 bytes', [closing(1000, 'x'.repeat(124))],
    { close: 1002, ours: true }];
  yield ['a reason beyond ASCII', [closing(1000, 'à bientôt €')],
    { close: 1000, ours: true }];
  for (const bytes of ['ff', 'c0af', 'eda080', 'e282'])
    yield [`a reason that is not UTF-8: ${bytes}`, [frame(CLOSE,
      Buffer.concat([Buffer.from([0x03, 0xe8]), hex(bytes)]))],
    { close: [1002, 1007], ours: true }];
  yield ['a ping after the close', [Buffer.concat([closing(1000),
    frame(PING, 'x')])], { close: 1000, ours: true, controls: [] }];
  yield ['a message after the close', [Buffer.concat([closing(1000),
    frame(TEXT, message(1))])], { close: 1000, ours: true }];
  yield ['two closes', [Buffer.concat([closing(1000), closing(1001)])],
    { close: 1000, ours: true }];
  yield ['garbage after the close', [Buffer.concat([closing(1000),
    randomBytes(100)])], { close: 1000, ours: true }];
  yield ['a close, byte by byte', pieces(closing(3333, 'slowly'), 1),
    { close: 3333, ours: true }];
  yield ['messages before the close are answered', [Buffer.concat([
    frame(TEXT, message(1)), frame(TEXT, message(2)), closing(1000)])],
  { close: 1000, ours: true, pongs: [1, 2] }];
}

function* limits() {
  const MAX = 16 << 20; // far above what a body may be
  yield ['a frame of 16 MiB', [frame(TEXT, '"x', { length: MAX,
    lengthBytes: 8 })], { close: 1009 }];
  yield ['a frame that says 2^40', [frame(TEXT, '"x', { length: 2 ** 40,
    lengthBytes: 8 })], { close: 1009 }];
  yield ['a frame that says 2^62', [Buffer.from([0x81, 0xff, 0x40, 0, 0, 0, 0,
    0, 0, 0, 1, 2, 3, 4, 5, 6])], { close: [1002, 1009] }];
  yield ['fragments that add up to more', Array.from({ length: 17 },
    (_, i) => frame(i ? 0 : TEXT, 'x'.repeat(65536), { fin: false })),
  { close: 1009 }];
  yield ['fragments of 1 byte, 10,000 of them', [Buffer.concat(Array.from(
    { length: 10_000 }, (_, i) => frame(i ? 0 : TEXT, ' ', { fin: false }))),
  frame(0, message(9))], { pongs: [9] }];
  yield ['a binary frame of 16 MiB', [frame(BINARY, 'x', { length: MAX,
    lengthBytes: 8 })], { close: [1003, 1009] }];
}

export const families = {
  framing, pings, 'reserved bits': reservedBits, opcodes, fragmentation,
  'UTF-8': utf8, closing: closes, limits,
};

/** [{ family, name, error? }] of all cases, `width` at once. */
export async function conform(server, width = 16) {
  const cases = Object.entries(families).flatMap(([family, make]) =>
    [...make()].map(([name, send, expect]) => ({ family, name, send, expect })));
  const results = [];
  let next = 0;
  await Promise.all(Array.from({ length: width }, async () => {
    while (next < cases.length) {
      const { family, name, ...one } = cases[next++];
      const error = await play(server, one).then(() => undefined, e => e);
      results.push({ family, name, ...(error && { error: error.message }) });
    }
  }));
  return results;
}

/** The table of docs/websocket-conformance.md. */
export function table(results) {
  const rows = Object.keys(families).map(family => {
    const all = results.filter(r => r.family === family);
    return `| ${family} | ${all.length} | ${all.filter(r => !r.error).length} |`;
  });
  const good = results.filter(r => !r.error).length;
  return ['| family | cases | passed |', '| --- | --- | --- |', ...rows,
    `| all | ${results.length} | ${good} |`].join('\n');
}
