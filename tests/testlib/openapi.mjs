// docs/openapi.yaml and docs/openapi-admin.yaml as judges: every answer that a test gets
// is held against one of them, and every request that was accepted.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import Ajv from 'ajv/dist/2020.js';
import { parse } from 'yaml';

import { root } from './stack.mjs';

/** What one document says: { document, operations, resolve, checkAnswer, … }. */
function judge(file) {
  const document = parse(readFileSync(join(root, file), 'utf8'));

  const ajv = new Ajv({ strict: true, allowUnionTypes: true,
    strictRequired: false });
  ajv.addKeyword('components'); // no word of JSON Schema's
  ajv.addSchema({ $id: 'api:', components: document.components });

  const operations = Object.entries(document.paths).flatMap(
    ([path, item]) => ['get', 'post', 'put', 'patch', 'delete']
      .filter(method => item[method])
      .map(method => ({ path, method, ...item[method],
        parameters: [...item.parameters ?? [], ...item[method].parameters ?? []],
      })));

  function resolve(node) {
    if (!node?.$ref) return node;
    return node.$ref.slice(2).split('/').reduce((at, key) => at[key], document);
  }

  const validators = new Map();

  function errors(schema, value) {
    const text = JSON.stringify(schema);
    let check = validators.get(text);
    if (!check) {
      check = ajv.compile(JSON.parse(text.replaceAll('"#/', '"api:#/')));
      validators.set(text, check);
    }
    return check(value) ? null : ajv.errorsText(check.errors);
  }

  /** The operation of a request; static paths come before parameters. */
  function operationOf(method, path) {
    const segments = path.split('?')[0].split('/');
    const fits = o => {
      const pattern = o.path.split('/');
      return pattern.length === segments.length && pattern.every((part, i) =>
        part === segments[i] || (part.startsWith('{') && segments[i]));
    };
    return operations.filter(o => o.method === method.toLowerCase() && fits(o))
      .sort((a, b) => a.path.split('{').length - b.path.split('{').length)[0];
  }

  function checkHeader(name, header, value, where) {
    if (value === null) {
      assert.ok(!header.required, `${where}: no ${name}`);
      return;
    }
    const schema = resolve(header.schema);
    const typed = schema.type === 'integer' ? Number(value) : value;
    assert.equal(errors(schema, typed), null, `${where}: ${name}: ${value}`);
  }

  /**
   * Throws when the answer is none that the document allows. `headers` is of
   * fetch(); `json` is undefined for a body that is not JSON.
   */
  function checkAnswer({ method, path, status, headers, json, bytes }) {
    const operation = operationOf(method, path);
    const where = `${method} ${path.split('?')[0]}: ${status}`;
    const type = headers.get('content-type');

    assert.match(headers.get('x-request-id') ?? '', /^[\w.-]{1,64}$/, where);
    if (!operation) { // no such path or method: still a problem, still ours
      assert.equal(type, 'application/problem+json', where);
      const wrong = errors({ $ref: '#/components/schemas/Problem' }, json);
      assert.equal(wrong, null, `${where}: ${wrong}`);
      return;
    }
    const response = resolve(operation.responses[status] ??
      operation.responses.default);
    assert.ok(status >= 400 || operation.responses[status],
      `${where} is not in ${file}`);
    for (const [name, header] of Object.entries(response.headers ?? {}))
      checkHeader(name, header, headers.get(name), where);
    if (!response.content) {
      assert.equal(bytes.length, 0, `${where} has a body`);
      return;
    }
    const media = response.content[type];
    assert.ok(media, `${where} is ${type}`);
    if (!media.schema) return;
    const wrong = errors(media.schema, json);
    assert.equal(wrong, null, `${where}: ${wrong}: ${JSON.stringify(json)}`);
    if (status >= 400) assert.equal(json.status, status, where);
  }

  /** What the server accepted must be something that the document allows. */
  function checkRequest({ method, path, json }) {
    const operation = operationOf(method, path);
    const media = operation?.requestBody?.content?.['application/json'];
    if (!media || json === undefined) return;
    const wrong = errors(media.schema, json);
    assert.equal(wrong, null, `${method} ${path}: the server accepted what ` +
      `${file} does not allow: ${wrong}`);
  }

  return { file, document, operations, resolve, operationOf, checkAnswer, checkRequest };
}

export const api = judge('docs/openapi.yaml');
export const adminApi = judge('docs/openapi-admin.yaml');
