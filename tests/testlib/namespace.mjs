// A network of its own for one process: a namespace, and a cable to it.
import { execFileSync } from 'node:child_process';

const ip = (...args) => execFileSync('ip', args, { stdio: 'pipe' });

/**
 * { name, host, guest, plug(on), stop() }: the addresses of both ends; without
 * the cable nothing gets in or out, and nobody is told. Undefined where making
 * one is not allowed.
 */
export function startNamespace() {
  const name = `hermetic-${process.pid}`;
  const link = `hm${process.pid}`; // a name has 15 bytes
  // 198.18.0.0/15 is for tests (RFC 2544): four addresses by the process
  const at = process.pid * 4 % 65536;
  const address = n => `198.19.${at >> 8}.${(at & 255) + n}`;
  const self = { name, host: address(1), guest: address(2) };
  self.stop = () => {
    try { ip('netns', 'del', name); } catch { /* it is not there */ }
    try { ip('link', 'del', link); } catch { /* it went with it */ }
  };
  try {
    ip('netns', 'add', name);
    ip('link', 'add', link, 'type', 'veth', 'peer', 'eth0', 'netns', name);
    ip('addr', 'add', `${self.host}/30`, 'dev', link);
    ip('link', 'set', link, 'up');
    ip('-n', name, 'addr', 'add', `${self.guest}/30`, 'dev', 'eth0');
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
  } catch {
    self.stop();
    return undefined;
  }
  process.once('exit', self.stop);
  self.plug = on => ip('-n', name, 'link', 'set', 'eth0', on ? 'up' : 'down');
  return self;
}
