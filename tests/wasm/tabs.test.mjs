// SharedClient of @hermetic/client (sdk/js/tabs.js): who has the device, and who is told. The
// channel is that of the platform; the device is one that only says what it is asked for.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';

import { Failure } from '../../sdk/js/module.js';
import { SharedClient } from '../../sdk/js/tabs.js';

let Device, tabs, count = 0;

const aborted = signal => new Promise(done => signal.addEventListener('abort', done));

/** A class of devices of which one is open at a time, as by a Web Lock. */
function devices() {
  let last = Promise.resolve();
  return class {
    static opened = [];

    static async open({ lock: { signal } }) {
      const before = last;
      const device = new this();
      last = before.then(() => device.ended);
      await Promise.race([before, aborted(signal)]);
      const refusal = signal.aborted ? new Error('aborted') : this.refuses;
      if (refusal) {
        device.end();
        throw refusal;
      }
      this.opened.push(device);
      return device;
    }

    ended = new Promise(done => { this.end = done; });
    listeners = new Set();

    on(listener) {
      this.listeners.add(listener);
    }

    say(event) {
      for (const listener of this.listeners) listener(event);
    }

    listen() {}

    async close() {
      this.end();
    }

    async sessions() {
      return Device.opened.indexOf(this);
    }
  };
}

beforeEach(() => {
  Device = devices();
  tabs = [];
  count++;
});

afterEach(() => Promise.all(tabs.map(t => t.close())));

const newTab = () => {
  const tab = new SharedClient(Device, { storage: { name: `tabs-${count}` } });
  tabs.push(tab);
  return tab;
};

const isTold = (tab, kind) => new Promise(done => tab.on(event => {
  if (event.kind === kind) done(event);
}));

test('a tab whose client has closed itself gives the device to the next, and waits again',
  async () => {
    const one = newTab();
    assert.equal(await one.sessions(), 0);
    const two = newTab();
    Device.opened[0].end(new Failure('local', 'storage', 'The disk is full.'));
    await Device.opened[0].ended;
    assert.equal(one.leads, false);
    assert.equal(await one.sessions(), 1);
    assert.equal(two.leads, true);
    Device.opened[1].end();
    await Device.opened[1].ended;
    assert.equal(await two.sessions(), 2);
    assert.equal(one.leads, true);
  });

test('where the device cannot be opened, later calls are refused for that', async () => {
  const refusal = new Failure('passphrase', 'wrong-passphrase', 'No.');
  Device.refuses = refusal;
  const one = newTab();
  const waits = one.sessions();
  const failed = isTold(one, 'failed');
  await assert.rejects(waits, refusal);
  assert.equal((await failed).text, 'No.');
  await assert.rejects(one.sessions(), refusal);
});

test('a tab that was closed in line opens nothing, and takes no call', async () => {
  const one = newTab();
  assert.equal(await one.sessions(), 0);
  const two = newTab();
  await two.close();
  await one.close();
  assert.equal(Device.opened.length, 1);
  await assert.rejects(two.sessions(), { slug: 'closed' });
});

test('a listener that throws keeps events from nobody', async () => {
  const faults = [];
  const reports = mock.method(globalThis, 'queueMicrotask', report => {
    try {
      report();
    } catch (error) {
      faults.push(error.message);
    }
  });
  try {
    const one = newTab();
    assert.equal(await one.sessions(), 0);
    const two = newTab();
    one.on(() => { throw new Error('a fault'); });
    const told = [isTold(one, 'text'), isTold(two, 'text')];
    Device.opened[0].say({ kind: 'text', text: 'hello' });
    for (const event of await Promise.all(told)) assert.equal(event.text, 'hello');
    assert.deepEqual(faults, ['a fault']);
  } finally {
    reports.mock.restore();
  }
});

test('a call that is none is refused', async () => {
  const one = newTab();
  assert.equal(await one.sessions(), 0);
  const channel = new BroadcastChannel(`tabs-${count}`);
  try {
    for (const method of ['close', 'constructor', 'of a later version']) {
      const answered = new Promise(done => {
        channel.onmessage = ({ data: { answer } }) => answer && done(answer);
      });
      channel.postMessage({ call: { id: method, method, args: [] } });
      const { id, failure } = await answered;
      assert.deepEqual([id, failure.slug], [method, 'no-such-call']);
    }
    assert.equal(one.leads, true);
  } finally {
    channel.close();
  }
});

test('a tab that is being closed leads no more, and answers what it has taken', async () => {
  const one = newTab();
  assert.equal(await one.sessions(), 0);
  const two = newTab();
  const [device] = Device.opened;
  let answer;
  const asked = new Promise(done => {
    device.verify = () => new Promise(reply => {
      answer = reply;
      done();
    });
  });
  const verified = two.verify('bob');
  device.close = async () => {
    answer('what was asked for');
    await verified;
    device.end();
  };
  await asked;
  const closes = one.close();
  assert.equal(one.leads, false);
  await assert.rejects(one.sessions(), { slug: 'closed' });
  assert.equal(await verified, 'what was asked for');
  await closes;
  assert.equal(await two.sessions(), 1);
});

test('a call that is on its way when a tab comes to lead is done once', async () => {
  const one = newTab();
  assert.equal(await one.sessions(), 0);
  const [device] = Device.opened;
  let left = 0;
  device.leave = async () => ++left;
  const channel = new BroadcastChannel(`tabs-${count}`);
  try {
    const answers = [];
    const twice = new Promise(done => {
      channel.onmessage = ({ data }) => {
        if (data.answer) answers.push(data.answer);
        if (data.answer?.id === 'after') done();
      };
    });
    const call = { call: { id: 'once', method: 'leave', args: [] } };
    channel.postMessage(call);
    channel.postMessage(call); // as a tab does that is told who leads
    channel.postMessage({ call: { id: 'after', method: 'sessions', args: [] } });
    await twice;
    assert.deepEqual(answers.map(a => a.id), ['once', 'after']);
    assert.equal(left, 1);
  } finally {
    channel.close();
  }
});

test('events end when the tab is closed', async () => {
  const one = newTab();
  assert.equal(await one.sessions(), 0);
  const events = one.events();
  const first = events.next();
  Device.opened[0].say({ kind: 'text', text: 'hello' });
  assert.equal((await first).value.text, 'hello');
  const last = events.next();
  await one.close();
  assert.equal((await last).done, true);
});
