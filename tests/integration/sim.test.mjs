// The simulator (tests/sim): a minute of it, honest and with an adversary; that
// a seed replays to the byte; and that it finds faults that are put back.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

import { build, root } from '../testlib/stack.mjs';

const seconds = Number(process.env.HERMETIC_SIM_SECONDS ?? 60);

function sim(...args) {
  return new Promise(done => {
    execFile(join(build, 'tests/sim/sim'), args.map(String),
      { cwd: root, maxBuffer: 1 << 28 },
      (error, stdout) => done({ code: error?.code ?? 0, stdout }));
  });
}

test('a seed replays to the byte', async () => {
  const [one, two] = await Promise.all(
    [1, 2].map(() => sim('--seed', 7, '--honest', '--trace')));
  const timed = /^.* a second$/m;
  assert.equal(one.stdout.replace(timed, ''), two.stdout.replace(timed, ''));
  assert.match(one.stdout, /the adversary stops/);
});

test('an honest server and honest members raise no alarm', async () => {
  const { code, stdout } = await sim('--honest', '--seconds', seconds / 3);
  assert.equal(code, 0, stdout);
});

test('whatever the adversary does, what must hold holds', async () => {
  const { code, stdout } = await sim('--seconds', seconds / 3);
  assert.equal(code, 0, stdout);
});

for (const what of [['--accounts'], ['--devices'], ['--people', '--content']])
  for (const mode of [[], ['--honest']])
    test(`it holds with ${[...what, ...mode].join(' ')}`, async () => {
      const { code, stdout } = await sim(...what, ...mode, '--seconds',
        seconds / 9);
      assert.equal(code, 0, stdout);
    });

// What they broke is mended. Odd ones have no plot, so that they stay what they
// are when plots come.
for (const [seed, ...how] of [[600476], [20109], [20313], [42527], [42743], [50359],
  [211609], [212283],
  [827, '--honest'], [4595, '--honest'], [5031, '--accounts'],
  [206, '--devices'], [900179, '--devices'], [142, '--accounts'], [900066, '--accounts'],
  [900111, '--accounts'],
  [900086, '--honest']])
  test(`seed ${[seed, ...how].join(' ')} holds`, async () => {
    const { code, stdout } = await sim('--seed', seed, ...how, '--quiet');
    assert.equal(code, 0, stdout);
  });

test('sessions of before go over to accounts', async () => {
  const { code, stdout } = await sim('--over', 10);
  assert.equal(code, 0, stdout);
});

test('a device is added, removed and recovered, at the same cost each time',
  async () => {
    const { code, stdout } = await sim('--cycles', 40);
    assert.equal(code, 0, stdout);
  });

// One seed each; tests/sim/run --faults finds the seeds of all.
for (const [name, seed, invariant, ...how] of [
  ['SEALS_FOR_UNSEEN', 2, /: (shown|secrecy): /],
  ['SENT_BY_ANSWER', 1, /: sent: /],
  ['DONE_BY_ANSWER', 2, /: (done|shown): /],
  ['JOINS_OLD_GROUP', 54, /: ancestry: /],
  ['JOINS_COPIED_LEAVES', 56, /: ancestry: /],
  ['BEGINS_ANYWHERE', 42, /: determinism: /],
  ['RULES_UNCHECKED', 7, /: rights: /],
  ['PLAINTEXT_POSTED', 1, /: secrecy: /],
  ['SERVER_VIEWS_UNCHECKED', 20, /: no-veto: /],
  ['COPY_UNNOTICED', 11, /: determinism: /],
  ['DEPARTURES_UNSIGNED', 26, /: rights: /],
  ['PUSHED_OVER_WELCOME', 28, /: no-veto: /],
  ['BREAKS_ARE_CHARGED', 34, /: no-veto: /],
  ['KEY_NOT_IN_LOG', 14, /: rights: /, '--accounts'],
  ['SEALS_FOR_REMOVED', 10, /: removal-takes: /, '--devices'],
  ['GROWN_UNNOTED', 2, /: removal-takes: /, '--devices'],
  ['APPROVED_WITHOUT_CODE', 14, /: let-in: /, '--devices'],
  ['VERIFIED_STAYS', 2, /: verified: /, '--devices'],
  ['SEALS_FOR_UNVERIFIED', 6, /: verified: /, '--devices'],
  ['BRANCH_IGNORED', 30, /: removal-takes: /, '--devices'],
  ['EDITED_BY_ANYBODY', 16, /: content: /, '--content'],
  ['DELETED_STAYS', 16, /: content: /, '--content'],
  ['EXPIRED_STAYS', 4, /: content: /, '--content'],
  ['READ_UNSEEN', 8, /: receipts: /, '--content', '--honest'],
  ['RECEIPTS_OUTLIVE', 12, /: receipts: /, '--content'],
  ['BANNED_COMES_IN', 5, /: rights: /, '--people'],
  ['UNINVITED_COMES_IN', 9, /: rights: /, '--people'],
  ['SESSION_WISH_FORGOTTEN', 13, /: verified: /, '--people'],
  ['CLOSED_BY_WISH', 17, /: closed: /, '--people'],
  ['BLOCKED_BRINGS_IN', 21, /: blocked: /, '--people'],
  ['OVER_FORGETS_SHOWN', 1, /: over: /, '--over', 1],
  ['OVER_TAKES_REMOVED', 8, /: over: /, '--over', 1],
  ['BRANCH_IGNORED', 4, /: removal-takes: /, '--over', 1],
]) {
  test(`${[name, ...how].join(' ')} is found`, async () => {
    const { stdout } = await sim('--fault', name, '--seed', seed, '--quiet',
      ...how);
    assert.match(stdout, invariant);
  });
}
