// More connections than a worker has room for, or descriptors: it waits
// without turning, and goes on as soon as there is room.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import { promisify } from 'node:util';

import { newUser } from '../testlib/api.mjs';
import { sleep, startNode, startPostgres, until } from '../testlib/stack.mjs';

const exec = promisify(execFile);
const ROOM = 40;
const ask = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
let postgres, node, held = [];

before(async () => {
  postgres = await startPostgres();
  node = await startNode({ postgres, workers: 1,
    env: { HERMETIC_CONNECTIONS: String(ROOM) } });
});
afterEach(() => {
  for (const { socket } of held) socket.destroy();
  held = [];
});
after(async () => {
  await node?.stop();
  await postgres?.stop();
});

function hold(bytes) {
  const socket = connect(node.port, '127.0.0.1');
  const self = { socket, text: '', over: false };
  socket.on('data', d => { self.text += d; });
  socket.on('close', () => { self.over = true; });
  socket.on('error', () => { self.over = true; });
  socket.write(bytes);
  held.push(self);
  return self;
}

const answered = one => /^HTTP\/1.1 200 /.test(one.text);
const worker = () => node.pids()[1];

/** Milliseconds of processor time that the worker takes in a second. */
async function busy() {
  const used = () => Number(readFileSync(`/proc/${worker()}/schedstat`, 'utf8')
    .split(' ')[0]) / 1e6;
  const start = used();
  await sleep(1000);
  return used() - start;
}

test('at the limit of connections a worker rests, and then goes on',
  async () => {
    // half a head each: none of them is idle
    const all = Array.from({ length: ROOM + 10 }, () => hold(ask.slice(0, 20)));
    await node.logged(/no room for connections/);
    const ms = await busy();
    assert.ok(ms < 150, `${ms} ms in a second`);
    for (const one of all.slice(0, ROOM)) one.socket.destroy();
    const late = all.slice(ROOM);
    for (const one of late) one.socket.write(ask.slice(20));
    await until(() => late.every(answered), { name: 'those who waited' });
  });

test('who is idle makes room for who asks', async () => {
  const all = Array.from({ length: ROOM * 2 }, () => hold(ask));
  await until(() => all.every(answered), { name: 'an answer for each' });
  assert.ok(all.some(one => one.over), 'somebody had to go');
});

test('a long body is read of nobody but who has a token', async () => {
  const alice = await newUser(node.url);
  const head = (path, token = '') => hold(`POST ${path} HTTP/1.1\r\nHost: x\r\n` +
    `Content-Type: application/json\r\nExpect: 100-continue\r\n${
      token && `Authorization: Bearer ${token}\r\n`}Content-Length: 1000000\r\n\r\n`);
  for (const [path, token, status] of [
    ['/auth/login', '', 413], ['/auth/refresh', '', 413],
    ['/auth/register', alice.access, 413],
    ['/key-packages', '', 401], ['/auth/password', 'x', 401],
    ['/nowhere', '', 404], ['/healthz', '', 405],
    ['/key-packages', alice.access, 100],
  ]) {
    const one = head(path, token);
    await until(() => one.text.includes('\r\n\r\n'), { name: path });
    assert.match(one.text, new RegExp(`^HTTP/1.1 ${status} `), path);
    if (status !== 100) await until(() => one.over, { name: `the end of ${path}` });
  }
});

/** The descriptor that it would get next. */
function lowestFree() {
  const open = new Set(readdirSync(`/proc/${worker()}/fd`).map(Number));
  let fd = 0;
  while (open.has(fd)) fd++;
  return fd;
}

/** As the user that the worker runs as, who may. */
function prlimit(...args) {
  const { uid, gid } = statSync(`/proc/${worker()}`);
  return exec('prlimit', ['--pid', String(worker()), ...args],
    process.getuid() === 0 ? { uid, gid } : {});
}

test('without descriptors a worker rests, and then goes on', async () => {
  const before = (await prlimit('--nofile', '--noheadings', '--output',
    'SOFT')).stdout.trim();
  // those of the test before may still be closing
  const free = await until(async () => {
    const lowest = lowestFree();
    await sleep(300);
    return lowest === lowestFree() && lowest;
  });
  await prlimit(`--nofile=${free}:`);
  const all = Array.from({ length: 20 }, () => hold(ask));
  const ms = await busy();
  assert.ok(ms < 150, `${ms} ms in a second`);
  assert.ok(!all.every(answered), 'there were descriptors');
  await prlimit(`--nofile=${before}:`);
  await until(() => all.every(answered), { name: 'those who waited' });
});
