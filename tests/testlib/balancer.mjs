// HAProxy in front of API nodes, with the settings of deploy/haproxy.cfg: only
// addresses and files are others.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { profiles, readCompose } from './compose.mjs';
import { end, freePort, root, start, temporary, until } from './stack.mjs';

/** A certificate of its own for localhost, and its key, in one file. */
export function writeCertificate(file) {
  const out = execFileSync('openssl', ['req', '-x509', '-newkey', 'ec',
    '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', '/CN=localhost', '-keyout', '-', '-out', '-',
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
  { stdio: ['ignore', 'pipe', 'ignore'] });
  writeFileSync(file, out, { mode: 0o644 });
  return out.toString();
}

/** Replaces what must be there. */
function exchange(text, pattern, by) {
  if (!pattern.test(text)) throw new Error(`no ${pattern} in haproxy.cfg`);
  return text.replace(pattern, by);
}

function configuration({ ports, pem, backends, bridges, brokers, checked }) {
  const servers = (name, list) => list.map((port, i) =>
    `  server ${name}${i + 1} 127.0.0.1:${port}` +
    (checked || name === 'api' ? ' check inter 1s fall 2 rise 1' : ''))
    .join('\n');
  let text = readFileSync(join(root, 'deploy/haproxy.cfg'), 'utf8');
  const swap = (pattern, by) => { text = exchange(text, pattern, by); };
  swap(/^resolvers containers\n(?: .*\n)+/m, '');
  swap(/bind :8000$/m, `bind 127.0.0.1:${ports.http}`);
  swap(/bind :8443 /, `bind 127.0.0.1:${ports.https} `);
  swap(/bind :1883$/m, `bind 127.0.0.1:${ports.mqtt}`);
  swap(/bind :8883 /, `bind 127.0.0.1:${ports.mqtts} `);
  swap(/bind :9100$/m, `bind 127.0.0.1:${ports.metrics}`);
  swap(/\/run\/tls\/tls.pem/g, pem);
  swap(/^ {2}server-template api .*$/m, servers('api', backends));
  swap(/^( {2}default-server .*) resolvers containers init-addr none$/gm, '$1');
  swap(/^ {2}server bridge .*\n {2}server bridge-2 .*$/m,
    servers('bridge', bridges));
  swap(/^ {2}server broker .*\n {2}server broker-2 .*$/m,
    servers('broker', brokers));
  return text;
}

/**
 * { url, tlsUrl, mqttPort, mqttsPort, metricsPort, ca, stop(), kill(), start(), reload() }: kill() ends
 * it at once, start() starts it again on the same ports, reload() gives it a new
 * certificate and has it read its files again. It knows when a node is up. Where
 * `checked` is false, bridges and brokers have the connections of clients alone, and
 * none of HAProxy's own checks.
 */
export async function startBalancer({ backends, bridges = [], brokers = [],
  checked = true }) {
  const dir = temporary('balancer');
  const [http, https, mqtt, mqtts, metrics] = await Promise.all(
    Array.from({ length: 5 }, freePort));
  const pem = join(dir, 'tls.pem'), conf = join(dir, 'haproxy.cfg');
  const self = { url: `http://127.0.0.1:${http}`, mqttPort: mqtt, mqttsPort: mqtts,
    metricsPort: metrics,
    tlsUrl: `https://127.0.0.1:${https}`, ca: writeCertificate(pem) };
  let child;
  writeFileSync(conf, configuration({ ports: { http, https, mqtt, mqtts, metrics }, pem,
    backends, bridges, brokers, checked }));
  self.start = async () => {
    const before = child?.output ?? '';
    child = start('/usr/sbin/haproxy', ['-W', '-db', '-f', conf],
      { cwd: dir, lastSignal: 'TERM',
        env: readCompose(profiles.medium).services.haproxy.environment });
    child.output = before;
    await until(() => {
      if (child.exitCode !== null) throw new Error(child.output);
      return fetch(`${self.url}/readyz`).then(r => r.ok, () => false);
    }, { name: 'HAProxy' });
  };
  self.log = () => child.output;
  self.kill = () => {
    process.kill(-child.pid, 'SIGKILL'); // master and worker
    return end(child, 'SIGKILL');
  };
  self.reload = () => {
    self.ca = writeCertificate(pem);
    child.kill('SIGUSR2');
  };
  self.stop = () => end(child, 'SIGTERM');
  await self.start();
  return self;
}
