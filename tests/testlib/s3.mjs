// A store of objects that speaks as much of S3's protocol as the server and pgBackRest use:
// it refuses whatever is not signed as it should be (AWS Signature Version 4, computed here
// from the request as it came), and does what s3_bucket.mjs says with the rest.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

import { bucket } from './s3_bucket.mjs';

const sha256 = bytes => createHash('sha256').update(bytes).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

/** What is wrong with a request's signature; undefined: nothing. */
function fault(request, body, { region, accessKey, secretKey }) {
  const { authorization = '', 'x-amz-date': date = '',
    'x-amz-content-sha256': hash = '' } = request.headers;
  const m = authorization.match(new RegExp('^AWS4-HMAC-SHA256 ' +
    'Credential=([^/]+)/(\\d{8})/([^/]+)/s3/aws4_request, ?' +
    'SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$'));
  if (!m) return 'no signature';
  const [, key, day, where, signed, signature] = m;
  if (key !== accessKey || where !== region || !date.startsWith(day))
    return 'another key, region or day';
  const age = Date.now() - Date.parse(date.replace(
    /^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(age) < 900_000)) return 'another time';
  if (hash !== sha256(body)) return 'another body';
  const names = signed.split(';');
  for (const name of ['host', 'x-amz-date', 'x-amz-content-sha256'])
    if (!names.includes(name)) return `${name} is not signed`;
  const [path, query = ''] = request.url.split('?');
  const canonical = [request.method, path, query, ...names.map(name =>
    `${name}:${request.headers[name].trim().replace(/ +/g, ' ')}`), '', signed,
  hash].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const from = [day, region, 's3', 'aws4_request'].reduce(hmac,
    `AWS4${secretKey}`);
  const right = hmac(from,
    ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n'));
  return timingSafeEqual(right, Buffer.from(signature, 'hex')) ? undefined
    : 'another signature';
}

/**
 * { objects, keys, port, env, stop() }: `objects` by their paths, `env` for the server's
 * processes. before(request) may give a status to answer with, or { status, bytes }, or wait;
 * after(request) may wait with the answer to what was done. With `tls`, { key, cert }, it
 * speaks HTTPS.
 */
export async function startS3({ tls, host = '127.0.0.1', port: wanted = 0 } = {}) {
  const keys = { region: 'eu-test-1', accessKey: 'AKIATEST',
    secretKey: 'a secret/of+the:store' };
  const self = { objects: new Map(), faults: [], keys };
  const act = bucket(self.objects);
  const answer = async (request, response) => {
    const parts = [];
    try {
      for await (const part of request) parts.push(part);
    } catch {
      return; // who asked has gone
    }
    const body = Buffer.concat(parts), wrong = fault(request, body, keys);
    if (wrong) self.faults.push(wrong);
    const refused = wrong ? 403 : await self.before?.(request);
    const { status, bytes, headers } = !refused ? act(request, body)
      : refused.status ? refused : { status: refused };
    if (!refused) await self.after?.(request);
    response.writeHead(status, headers);
    response.end(bytes);
  };
  const server = tls ? createTlsServer(tls, answer) : createServer(answer);
  const listen = port => new Promise(done => {
    server.listen(port, host, done);
  });
  await listen(wanted);
  const { port } = server.address();
  self.port = port;
  self.env = { HERMETIC_FILES_STORE: 's3',
    HERMETIC_OBJECTS_URL: `http://127.0.0.1:${port}/bucket/of/files`,
    HERMETIC_OBJECTS_REGION: keys.region, HERMETIC_OBJECTS_ACCESS_KEY: keys.accessKey,
    HERMETIC_OBJECTS_SECRET_KEY: keys.secretKey };
  self.stop = () => new Promise(done => {
    server.close(done);
    server.closeAllConnections();
  });
  self.start = () => listen(port);
  return self;
}
