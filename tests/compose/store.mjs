// The store of objects of the compose test: store.mjs ADDRESS PORT DIR, whose certificate
// for store.example is then in DIR/ca.pem and whose secret key is in DIR/secret_key.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { startS3 } from '../testlib/s3.mjs';

const [host, port, dir] = process.argv.slice(2);
const key = join(dir, 'store.key'), cert = join(dir, 'ca.pem');
execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
  'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=store', '-addext',
  'subjectAltName=DNS:store.example', '-keyout', key, '-out', cert], { stdio: 'ignore' });
const store = await startS3({ host, port: Number(port),
  tls: { key: readFileSync(key), cert: readFileSync(cert) } });
writeFileSync(join(dir, 'secret_key'), store.keys.secretKey);
console.log('ready');
