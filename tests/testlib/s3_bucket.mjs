// What a store of objects does with one bucket's requests, signed or not: what the server
// asks for (put, get a range, delete) and what pgBackRest does beyond it (whole objects,
// their sizes, lists, uploads in parts, many deleted at once).
import { createHash, randomUUID } from 'node:crypto';

const escape = text => text.replace(/[&<>]/g, c => `&#${c.charCodeAt(0)};`);
const unescape = text => text.replace(/&(?:#(x?)([0-9a-f]+)|(amp|lt|gt|quot|apos));/gi,
  (_, hex, code, name) => name ? { amp: '&', lt: '<', gt: '>', quot: '"', apos: '\'' }[name]
    : String.fromCodePoint(parseInt(code, hex ? 16 : 10)));
const xml = (name, inside) => ({ status: 200, bytes: Buffer.from(
  `<?xml version="1.0" encoding="UTF-8"?>\n<${name}>${inside}</${name}>`) });
const etag = bytes => `"${createHash('md5').update(bytes).digest('hex')}"`;

/** act(request, body) for `objects` by their paths as they are sent: { status, bytes, headers }. */
export function bucket(objects) {
  const uploads = new Map();
  const keyOf = path => decodeURIComponent(path.split('/').slice(2).join('/'));

  function list(path, query) {
    const prefix = query.get('prefix') ?? '', delimiter = query.get('delimiter');
    const folders = new Set();
    let inside = '<IsTruncated>false</IsTruncated>';
    const [, name] = path.split('/');
    for (const [at, bytes] of [...objects].sort()) {
      const key = keyOf(at);
      if (at.split('/')[1] !== name || !key.startsWith(prefix)) continue;
      const end = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
      if (end >= 0) folders.add(key.slice(0, end + 1));
      else inside += `<Contents><Key>${escape(key)}</Key><LastModified>` +
        `2026-01-01T00:00:00.000Z</LastModified><Size>${bytes.length}</Size></Contents>`;
    }
    for (const folder of folders)
      inside += `<CommonPrefixes><Prefix>${escape(folder)}</Prefix></CommonPrefixes>`;
    return xml('ListBucketResult', inside);
  }

  function post(path, query, body) {
    if (query.has('uploads')) {
      const id = randomUUID();
      uploads.set(id, new Map());
      return xml('InitiateMultipartUploadResult', `<UploadId>${id}</UploadId>`);
    }
    if (query.has('uploadId')) {
      const parts = uploads.get(query.get('uploadId'));
      if (!parts) return { status: 404 };
      const numbers = [...String(body).matchAll(/<PartNumber>(\d+)</g)].map(m => m[1]);
      objects.set(path, Buffer.concat(numbers.map(n => parts.get(n))));
      uploads.delete(query.get('uploadId'));
      return xml('CompleteMultipartUploadResult', `<ETag>${escape(etag(body))}</ETag>`);
    }
    if (!query.has('delete')) return { status: 400 };
    const [, name] = path.split('/');
    for (const [, key] of String(body).matchAll(/<Key>([^<]*)</g))
      for (const at of objects.keys())
        if (at.split('/')[1] === name && keyOf(at) === unescape(key)) objects.delete(at);
    return xml('DeleteResult', '');
  }

  function get(path, query, range) {
    if (query.has('list-type')) return list(path, query);
    const at = objects.get(path);
    if (!at) return { status: 404 };
    const [, from, to] = range?.match(/^bytes=(\d+)-(\d*)$/) ?? [];
    if (from === undefined) return { status: 200, bytes: at };
    return { status: 206, bytes: at.subarray(Number(from), to ? Number(to) + 1 : at.length) };
  }

  function put(path, query, body) {
    if (!query.has('uploadId')) objects.set(path, body);
    else uploads.get(query.get('uploadId')).set(query.get('partNumber'), body);
    return { status: 200, headers: { etag: etag(body) } };
  }

  return ({ method, url, headers }, body) => {
    const [path, rest = ''] = url.split('?'), query = new URLSearchParams(rest);
    const at = objects.get(path);
    switch (method) {
    case 'GET': return get(path, query, headers.range);
    case 'PUT': return put(path, query, body);
    case 'POST': return post(path, query, body);
    case 'DELETE':
      objects.delete(path);
      return { status: 204 };
    case 'HEAD': return at ? { status: 200, headers: { 'content-length': at.length,
      'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' } } : { status: 404 };
    default: return { status: 405 };
    }
  };
}
