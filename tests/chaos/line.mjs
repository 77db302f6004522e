// A line between two ends that can be cut, or go silent without a word, as a
// network does: TCP on a free port of `host`, or a Unix socket at `path`.
import { chmodSync } from 'node:fs';
import { connect, createServer } from 'node:net';

export async function startLine(target, { path, host = '127.0.0.1' } = {}) {
  const pairs = new Set();
  const self = { silent: false };
  const server = createServer({ pauseOnConnect: true }, socket => {
    const onward = connect(target());
    const pair = [socket, onward];
    pairs.add(pair);
    for (const [from, to] of [pair, [onward, socket]]) {
      from.on('data', d => { if (!to.destroyed) to.write(d); });
      from.on('end', () => to.end());
      from.on('error', () => {});
      from.on('close', () => { pairs.delete(pair); to.destroy(); });
    }
    if (self.silent) onward.pause();
    else socket.resume();
  });
  await new Promise((done, fail) => {
    server.on('error', fail);
    server.listen(path ?? { port: 0, host }, done);
  });
  if (path) chmodSync(path, 0o777);
  self.port = server.address().port;
  self.silence = on => {
    self.silent = on;
    for (const s of [...pairs].flat()) on ? s.pause() : s.resume();
  };
  /** Every connection is reset; returns how many. */
  self.cut = () => {
    const all = [...pairs];
    for (const s of all.flat())
      try {
        s.resetAndDestroy();
      } catch {
        s.destroy(); // a Unix socket knows no reset
      }
    return all.length;
  };
  self.stop = () => {
    self.cut();
    return new Promise(done => server.close(done));
  };
  return self;
}
