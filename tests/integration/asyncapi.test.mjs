// docs/asyncapi-websocket.yaml and docs/asyncapi-mqtt.yaml: sound in themselves, and of the
// same surface as the code and as what people read. That what is said is as they say is
// checked wherever a test talks (testlib/socket.mjs, testlib/mqtt.mjs).
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { mqttApi, webSocketApi } from '../testlib/asyncapi.mjs';
import { root } from '../testlib/stack.mjs';
import { outcomes } from '../../tools/write-tables.mjs';

const read = file => readFileSync(join(root, file), 'utf8');
const sorted = list => [...new Set(list)].sort();
const payloads = list => list.map(m => m.node.payload).filter(Boolean);
/** "subscribe: after id? session_id type" of a message's payload. */
const shape = ({ properties, required }) => `${properties.type?.const}: ${
  Object.keys(properties).filter(p => p !== 'type')
    .map(p => required.includes(p) ? p : `${p}?`).sort().join(' ')}`;
const types = list => sorted(payloads(list).map(p => p.properties.type.const));
/** The types of JSON objects that C code writes. */
const written = files => sorted(files.flatMap(file => [...read(file).matchAll(
  /\\"type\\":\\"([a-z_]+)\\"|(?:say_session\(c|put_session\(&out, rows, i|put_start\(&json, s), "([a-z_]+)"/g)]
  .map(m => m[1] ?? m[2])));
const problems = door => outcomes().filter(o => o.doors.includes(door)).map(o => o.slug);

for (const { file, document, channels, follow } of [webSocketApi, mqttApi])
  describe(file, () => {
    test('every reference leads somewhere', () => {
      const walk = (node, path) => {
        if (node === null || typeof node !== 'object') return;
        if (node.$ref !== undefined)
          assert.ok(follow(path).node !== undefined, `${path}: ${node.$ref}`);
        for (const [key, child] of Object.entries(node)) walk(child, `${path}/${key}`);
      };
      for (const key of Object.keys(document)) walk(document[key], `#/${key}`);
    });

    test('every part of it is used', () => {
      const text = JSON.stringify(document) + (file === mqttApi.file ? ''
        : JSON.stringify(mqttApi.document).replaceAll(file, ''));
      for (const [kind, parts] of Object.entries(document.components))
        for (const name of Object.keys(parts))
          assert.ok(text.includes(`"#/components/${kind}/${name}"`), `${kind}/${name}`);
      for (const [name, channel] of Object.entries(document.channels)) {
        const { told, taken } = channels.find(c => c.name === name);
        assert.deepEqual(sorted([...told, ...taken].map(m => m.name)),
          sorted(Object.keys(channel.messages)), name);
      }
    });

    test('its problems are those of the table', () => {
      const { node } = follow('#/components/schemas/Problem');
      assert.deepEqual(node.allOf[1].properties.type.enum.map(
        urn => urn.replace('urn:hermetic:problem:', '')).sort(),
      problems(file === mqttApi.file ? 'MQTT' : 'WebSocket').sort());
    });
  });

describe('WebSocket', () => {
  const [{ told, taken }] = webSocketApi.channels;

  test('the server reads these messages, with these members', () => {
    const [, handle] = /\nstatic void handle\([^]*?\n\{([^]*?)\n\}\n/
      .exec(read('src/server/ws.c'));
    const [everywhere, ...branches] = handle.split(/strcmp\(type, (?=")/);
    const members = text => [...text.matchAll(/body_(optional_)?\w+\(body,\s*"(\w+)"/g)]
      .map(m => m[2] + (m[1] ? '?' : '')).filter(m => m !== 'type');
    assert.deepEqual(branches.map(b => `${/^"(\w+)"/.exec(b)[1]}: ${
      [...members(everywhere), ...members(b)].sort().join(' ')}`).sort(),
    payloads(taken).map(shape).sort());
  });

  test('it says these, and no others', () => {
    assert.deepEqual(written(['src/server/ws.c', 'src/server/device_events.c',
      'src/door/delivery.c', 'src/door/typing_lane.c']), types(told));
  });

  test('people read of the same', () => {
    const [, text] = /\n## WebSocket\n([^]*?)\n## /.exec(read('docs/protocol.md'));
    const shown = [...text.matchAll(/`\{type:"(\w+)"([^`]*)\}`/g)]
      .map(([, type, rest]) => `${type}: ${rest.replace(/\[[^\]]*\]|\{[^}]*\}/g, '')
        .split(',').map(m => m.replace(/:.*|\s/g, '')).filter(Boolean).sort().join(' ')}`);
    const message = shape(payloads(told).find(p => p.properties.type.const === 'message'));
    // an id may be left out everywhere, and the text says so beside the table
    const asRead = s => s.replace(/\bid\?/, 'id');
    assert.deepEqual(sorted(shown), sorted(payloads([...told, ...taken]).map(shape)
      .map(s => s === message ? 'message: …message' : asRead(s))));
  });
});

describe('MQTT', () => {
  const of = name => mqttApi.channels.find(c => c.name === name);

  test('its topics are those of the code and of docs/mqtt.md', () => {
    const addresses = mqttApi.channels.map(c => c.address).sort();
    const code = [...read('src/mqtt/topic.h').matchAll(
      /^ \* {3}(hermetic\/v1\/\S+) (.*)$/gm)].flatMap(([, topic, words]) => [topic,
      ...[.../…(\/\w+)/.exec(words)?.slice(1) ?? []].map(
        last => topic.replace(/\/\w+$/, last))])
      .map(t => t.replace(/\{(session|device)\}/, '{$1_id}'));
    assert.deepEqual(code.sort(), addresses);
    assert.deepEqual([...read('docs/mqtt.md').matchAll(/^\| `(hermetic\/[^`]+)`/gm)]
      .map(m => m[1]).sort(), addresses);
    for (const word of addresses.map(a => a.split('/').at(-1)))
      assert.match(read('src/mqtt/topic.c'), new RegExp(`"/?${word}"`));
  });

  test('a device hears these, and no others', () => {
    assert.deepEqual(written(readdirSync(join(root, 'workers/mqtt_bridge'))
      .filter(name => name.endsWith('.c')).map(name => `workers/mqtt_bridge/${name}`)),
    types(of('events').told));
    assert.deepEqual(types(of('answers').told), ['problem', 'sent']);
    const [, row] = /^\| `hermetic\/v1\/device\/\{device_id\}\/events` \|[^|]*\|(.*)\|$/m
      .exec(read('docs/mqtt.md'));
    assert.deepEqual([...row.matchAll(/`(\w+)`/g)].map(m => m[1]).sort(),
      types(of('events').told).filter(t => !['problem', 'sent'].includes(t)));
  });

  test('what may be sent is what the bridge reads', () => {
    const reads = [...read('workers/mqtt_bridge/payload.c').matchAll(
      /return read\(bytes, "(\w+)", (true|false), out\)/g)].map(([, name, ends]) =>
      ['id', name, ...ends === 'true' ? ['expires_at'] : []].sort());
    assert.deepEqual(reads, ['send', 'typing'].map(name =>
      Object.keys(payloads(of(name).taken)[0].properties).sort()));
  });
});

test('the judges say no', () => {
  const id = '00000000-0000-4000-8000-000000000000';
  webSocketApi.checkTold('/ws', { type: 'pong', id: 1 });
  webSocketApi.checkTaken('/ws', { type: 'ping', id: 1 });
  mqttApi.checkTold(`hermetic/v1/device/${id}/events`, { type: 'device_waits' });
  const wrong = (api, kind, address, value) =>
    assert.throws(() => api[kind](address, value), /does not allow|is not in/);
  wrong(webSocketApi, 'checkTold', '/ws', { type: 'pong' });
  wrong(webSocketApi, 'checkTold', '/ws', { type: 'ping', id: 1 });
  wrong(webSocketApi, 'checkTold', '/ws', { type: 'pong', id: 1, more: 1 });
  wrong(webSocketApi, 'checkTold', '/w', { type: 'pong', id: 1 });
  wrong(webSocketApi, 'checkTaken', '/ws', { type: 'subscribe', session_id: id });
  wrong(webSocketApi, 'checkTold', '/ws', { type: 'problem', id: 1,
    problem: { type: 'urn:hermetic:problem:malformed', title: 'x', status: 400 } });
  wrong(mqttApi, 'checkTold', `hermetic/v1/device/${id}/answers`, { type: 'device_waits' });
  wrong(mqttApi, 'checkTold', 'hermetic/v1/device/x/events', { type: 'device_waits' });
});
