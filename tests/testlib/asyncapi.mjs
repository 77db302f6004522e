// docs/asyncapi-websocket.yaml and docs/asyncapi-mqtt.yaml as judges: whatever a test hears
// from a server is held against one of them, and whatever a server has taken.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import Ajv from 'ajv/dist/2020.js';
import { parse } from 'yaml';

import { root } from './stack.mjs';

const FILES = ['openapi.yaml', 'asyncapi-websocket.yaml', 'asyncapi-mqtt.yaml'];
const documents = Object.fromEntries(FILES.map(file =>
  [file, parse(readFileSync(join(root, 'docs', file), 'utf8'))]));

const ajv = new Ajv({ strict: true, allowUnionTypes: true, strictRequired: false });
ajv.addKeyword('components'); // no word of JSON Schema's
for (const file of FILES)
  ajv.addSchema({ $id: `docs:/${file}`, components: documents[file].components });

/** What a node is, and where: { file, pointer, node }; references are followed. */
function follow(file, pointer) {
  const node = pointer.slice(2).split('/').reduce((at, key) => at?.[key], documents[file]);
  if (!node?.$ref) return { file, pointer, node };
  const [, other, to] = /^([^#]*)(#\/.*)$/.exec(node.$ref);
  return follow(other || file, to);
}

const validators = new Map();
function errors({ file, pointer }, value) {
  const id = `docs:/${file}${pointer}/payload`;
  if (!validators.has(id)) validators.set(id, ajv.compile({ $ref: id }));
  const check = validators.get(id);
  return check(value) ? null : ajv.errorsText(check.errors);
}

function judge(file) {
  const document = documents[file];

  /** A channel's messages by the words "told" and "taken": what the server says, also
   * as an answer, and what clients do. */
  const channels = Object.entries(document.channels).map(([name, channel]) => {
    const at = { name, address: channel.address, told: [], taken: [],
      pattern: new RegExp(`^${channel.address.replace(/\{\w+\}/g, '[0-9a-f-]{36}')}$`) };
    const put = (list, of, references) => {
      for (const { $ref } of of.$ref === `#/channels/${name}` ? references : [])
        list.push({ ...follow(file, $ref), name: $ref.split('/').at(-1) });
    };
    for (const o of Object.values(document.operations)) {
      put(o.action === 'send' ? at.told : at.taken, o.channel, o.messages);
      if (o.reply) put(at.told, o.reply.channel, o.reply.messages);
    }
    return at;
  });

  function check(kind, address, value) {
    const channel = channels.find(c => c.pattern.test(address));
    assert.ok(channel, `${address} is not in ${file}`);
    const typed = channel[kind].filter(m => m.node.payload &&
      m.node.payload.properties.type?.const === value.type);
    const wrong = typed.map(m => errors(m, value));
    assert.ok(wrong.includes(null), `${file} does not allow on ${channel.address}: ` +
      `${JSON.stringify(value)}: ${wrong.join(' or ')}`);
  }

  return { file, document, channels, follow: pointer => follow(file, pointer),
    checkTold: (address, value) => check('told', address, value),
    checkTaken: (address, value) => check('taken', address, value) };
}

export const webSocketApi = judge('asyncapi-websocket.yaml');
export const mqttApi = judge('asyncapi-mqtt.yaml');
