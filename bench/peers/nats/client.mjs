// The protocol of NATS as far as JetStream needs it here.
import { connected, numberIn, textOf } from '../wire.mjs';

const ANSWERS = 1, DELIVERED = 2;

/** The messages that stand whole in `buffer` go to `told(subscription, payload)`; the rest. */
function take(buffer, told, pong) {
  let at = 0;
  for (;;) {
    const end = buffer.indexOf('\r\n', at);
    if (end < 0) return buffer.subarray(at);
    const words = buffer.toString('latin1', at, end).split(' ');
    if (words[0] === 'MSG' || words[0] === 'HMSG') {
      const size = Number(words.at(-1));
      if (buffer.length < end + 4 + size) return buffer.subarray(at);
      told(Number(words[2]), buffer.toString('latin1', end + 2, end + 2 + size));
      at = end + 4 + size;
      continue;
    }
    if (words[0] === 'PING') pong(true);
    if (words[0] === 'PONG') pong(false);
    if (words[0] === '-ERR') throw new Error(words.join(' '));
    at = end + 2;
  }
}

export async function connect(target, { k, kind, acked, message }) {
  const own = `_INBOX.${kind}${k}${process.hrtime.bigint()}`;
  let answer, ready;
  const told = (subscription, text) => {
    if (subscription === DELIVERED) message(numberIn(text));
    else if (answer) answer(text);
    else if (/"seq":/.test(text)) acked(1);
    else throw new Error(text);
  };
  const socket = await connected(target.port,
    data => take(data, told, asked => asked ? socket.write('PONG\r\n') : ready?.()));
  const sure = () => new Promise(done => { ready = done; socket.write('PING\r\n'); });
  socket.write('CONNECT {"verbose":false,"pedantic":false,"lang":"bench","version":"1"}\r\n' +
    `SUB ${own} ${ANSWERS}\r\n`);
  await sure();
  const publish = (subject, text) => socket.write(
    `PUB ${subject} ${own} ${Buffer.byteLength(text)}\r\n${text}\r\n`);

  /** One question of the API, or as many answers as `count`. */
  async function ask(subject, json, count = 1) {
    const all = [];
    const whole = new Promise(done => {
      answer = text => { if (all.push(text) === count) done(all); };
    });
    publish(subject, JSON.stringify(json));
    await whole;
    answer = undefined;
    if (/"error":/.test(all[0])) throw new Error(all[0]);
    return all;
  }

  const consumer = config => ask('$JS.API.CONSUMER.CREATE.rooms',
    { stream_name: 'rooms', config: { filter_subject: `room.${k}`, ...config } });

  if (kind === 'receiver') {
    const subject = `deliver.${own.slice(7)}`;
    socket.write(`SUB ${subject} ${DELIVERED}\r\n`);
    await consumer({ deliver_subject: subject, deliver_policy: 'new', ack_policy: 'none' });
  }
  return { ask, send: i => publish(`room.${k}`, textOf(i)),
    // a reader that begins somewhere, and its first fifty
    page: async () => {
      const [made] = await consumer({ ack_policy: 'none', deliver_policy: 'by_start_sequence',
        opt_start_seq: 1 + Math.floor(Math.random() * 1000), inactive_threshold: 1e9 });
      return ask(`$JS.API.CONSUMER.MSG.NEXT.rooms.${JSON.parse(made).name}`,
        { batch: 50, expires: 5e9 }, 50);
    } };
}
