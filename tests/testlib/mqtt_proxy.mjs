// A proxy between an MQTT 5 client and the gate, as somebody on the way could be, or
// a broker that lies: what is published in either direction may be changed.
//
//   const proxy = await startMqttProxy(broker.port, {
//     told: ({ topic, json }) => …,    to the client
//     said: ({ topic, json }) => …,    by the client
//   });
//
// `told` returns nothing, or a list of what the client hears in its place: each is
// { topic?, json } or { topic?, bytes }. `said` returns nothing, or such a list: then
// the broker does not hear of it, and the client is told that it took it.
import { connect, createServer } from 'node:net';

const PUBLISH = 3;
const puback = id => Buffer.from([0x40, 2, id >> 8, id & 255]);

/** The number at `at` in seven bits a byte; { value, end }, or undefined. */
function varint(bytes, at) {
  for (let value = 0, shift = 0; at < bytes.length; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return { value, end: at };
  }
  return undefined;
}

function packet(first, body) {
  const length = [];
  for (let n = body.length; ; n >>= 7) {
    length.push(n & 127 | (n > 127 ? 128 : 0));
    if (n <= 127) return Buffer.concat([Buffer.from([first, ...length]), body]);
  }
}

/** Calls `each` for every whole packet of a stream. */
function packets(stream, each) {
  let rest = Buffer.alloc(0);
  stream.on('data', piece => {
    rest = Buffer.concat([rest, piece]);
    for (;;) {
      const length = varint(rest, 1);
      if (!length || rest.length < length.end + length.value) return;
      const end = length.end + length.value;
      each(rest.subarray(0, end), rest.subarray(length.end, end));
      rest = rest.subarray(end);
    }
  });
}

/** { topic, id, json } of a PUBLISH. */
function read(whole, body) {
  const topic = body.toString('utf8', 2, 2 + body.readUInt16BE(0));
  let at = 2 + Buffer.byteLength(topic), id;
  if ((whole[0] >> 1 & 3) > 0) {
    id = body.readUInt16BE(at);
    at += 2;
  }
  const properties = varint(body, at);
  return { topic, id,
    json: JSON.parse(body.subarray(properties.end + properties.value)) };
}

/** A PUBLISH with QoS 0. */
function publish(topic, { json, bytes = Buffer.from(JSON.stringify(json)) }) {
  const name = Buffer.from(topic);
  return packet(PUBLISH << 4, Buffer.concat([
    Buffer.from([name.length >> 8, name.length & 255]), name,
    Buffer.from([0]), bytes]));
}

export async function startMqttProxy(port, hooks = {}) {
  const self = { hooks, connections: 0 };
  const pairs = new Set();

  function between(from, to, hook, instead) {
    packets(from, (whole, body) => {
      if (whole[0] >> 4 !== PUBLISH) return to.write(whole);
      const { topic, id, json } = read(whole, body);
      const list = self.hooks[hook]?.({ topic, json });
      if (!list) return to.write(whole);
      if (id !== undefined) from.write(puback(id));
      for (const one of list) instead.write(publish(one.topic ?? topic, one));
    });
  }

  const server = createServer(client => {
    const broker = connect(port, '127.0.0.1');
    const pair = { client, broker };
    self.connections++;
    pairs.add(pair);
    between(broker, client, 'told', client);
    between(client, broker, 'said', client);
    for (const end of [client, broker])
      end.on('error', () => {}).on('close', () => {
        pairs.delete(pair);
        client.destroy();
        broker.destroy();
      });
  });
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  self.port = server.address().port;

  /** Tells every client who is connected. */
  self.tell = (topic, ...list) => {
    for (const { client } of pairs)
      for (const one of list) client.write(publish(topic, one));
  };
  /** Ends every connection. */
  self.cut = () => pairs.forEach(({ client }) => client.destroy());
  self.stop = () => new Promise(done => {
    self.cut();
    server.close(done);
  });
  return self;
}
