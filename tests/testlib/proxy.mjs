// A proxy that stands between a client and the API, as somebody on the way
// could: it may change what passes, hold it back, or cut the line.
//
//   const proxy = await startProxy(node.url, {
//     request: async ({ method, path, body }) => …,
//     answer: async ({ method, path, body, status, json }) => …,
//   });
//
// `request` returns nothing, or { drop: true } to cut the line, or { body } to
// pass on another one, or { status, json, headers? } to answer without asking the API, or
// { raw: socket => … } to do so in bytes of its own.
// `answer` returns nothing, or { drop: true }, or { json?, status?, headers? } to
// answer something else. Bodies are parsed JSON. WebSockets pass untouched, unless there is
// `upgrade`, which answers them: (req, socket) => ….
import { createServer, request as httpRequest } from 'node:http';
import { connect } from 'node:net';

function collect(stream) {
  return new Promise((done, fail) => {
    const pieces = [];
    stream.on('data', piece => pieces.push(piece));
    stream.on('end', () => done(Buffer.concat(pieces)));
    stream.on('error', fail);
  });
}

function parse(bytes) {
  try { return JSON.parse(bytes); } catch { return undefined; }
}

function forward(target, req, bytes) {
  return new Promise((done, fail) => {
    const headers = { ...req.headers, 'content-length': bytes.length };
    const out = httpRequest({ host: target.hostname, port: target.port,
      method: req.method, path: req.url, headers }, async answer => {
      try {
        done({ status: answer.statusCode, headers: answer.headers,
          bytes: await collect(answer) });
      } catch (e) { fail(e); }
    });
    out.on('error', fail);
    out.end(bytes);
  });
}

export async function startProxy(url, hooks = {}) {
  let target = new URL(url);
  const sockets = new Set();
  const self = { hooks };

  async function handle(req, res) {
    const bytes = await collect(req);
    const seen = { method: req.method, path: req.url, body: parse(bytes) };
    const asked = await self.hooks.request?.(seen);
    if (asked?.drop) return req.socket.destroy();
    if (asked?.raw) return asked.raw(req.socket);
    if (asked?.status) {
      const out = Buffer.from(JSON.stringify(asked.json));
      return res.writeHead(asked.status, { 'content-type': asked.status < 300 ?
        'application/json' : 'application/problem+json',
      'content-length': out.length, ...asked.headers }).end(out);
    }
    const answer = await forward(target, req,
      asked?.body ? Buffer.from(JSON.stringify(asked.body)) : bytes);
    const told = await self.hooks.answer?.({ ...seen, status: answer.status,
      json: parse(answer.bytes) });
    if (told?.drop) return req.socket.destroy();
    const out = told?.json ? Buffer.from(JSON.stringify(told.json)) :
      answer.bytes;
    const headers = { ...answer.headers, ...told?.headers };
    delete headers['transfer-encoding'];
    if (answer.status !== 204) headers['content-length'] = out.length;
    res.writeHead(told?.status ?? answer.status, headers).end(out);
  }

  const server = createServer((req, res) => {
    handle(req, res).catch(() => req.socket.destroy());
  });
  server.on('upgrade', (req, socket, head) => {
    if (self.hooks.upgrade) {
      sockets.add(socket.on('error', () => {}));
      return self.hooks.upgrade(req, socket);
    }
    const onward = connect(target.port, target.hostname, () => {
      const lines = [`${req.method} ${req.url} HTTP/1.1`];
      for (let i = 0; i < req.rawHeaders.length; i += 2)
        lines.push(`${req.rawHeaders[i]}: ${req.rawHeaders[i + 1]}`);
      onward.write(`${lines.join('\r\n')}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    for (const s of [socket, onward]) {
      sockets.add(s);
      s.on('error', () => {});
      s.on('close', () => {
        sockets.delete(s);
        socket.destroy();
        onward.destroy();
      });
    }
  });
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  self.url = `http://127.0.0.1:${server.address().port}`;

  /** Another node answers from now on. */
  self.to = other => { target = new URL(other); };

  /** Cuts every WebSocket, as a network that fails would; returns how many. */
  self.cut = () => {
    const n = sockets.size / 2;
    for (const s of sockets) s.destroy();
    return n;
  };

  self.stop = () => new Promise(done => {
    self.cut();
    server.close(done);
    server.closeAllConnections?.();
  });
  return self;
}
