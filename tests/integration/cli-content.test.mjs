// Replies, edits, reactions and deletions: what the others see, what everybody
// keeps, and what nobody may do to another's message.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { conversation, Person, twoPeople } from '../testlib/people.mjs';
import { build, hermetic, startNode, startPostgres, until } from '../testlib/stack.mjs';

describe('what refers to a message', { concurrency: false }, () => {
  let postgres, node, alice, bob, id;
  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres });
    [alice, bob] = await twoPeople(node.url);
    id = await conversation(alice, bob);
  });
  after(async () => {
    await node?.stop();
    await postgres?.stop();
  });

  const says = async (person, ...args) =>
    (await person.does('send', id, ...args))[0].seq;
  const at = async (person, seq) =>
    (await person.does('read', id)).find(m => m.seq === seq);
  const lines = async person => (await hermetic(['read', id], person)).out;

  test('a reply names its message, at both ends', async () => {
    const asked = await says(alice, 'lunch?');
    await bob.does('read', id);
    const answer = await says(bob, '--reply', String(asked), 'at noon');
    for (const person of [alice, bob]) {
      const entry = await at(person, answer);
      assert.equal(entry.kind, 'text');
      assert.equal(entry.text, 'at noon');
      assert.equal(entry.reply_to, asked);
      assert.match(await lines(person), new RegExp(`\\(to #${asked}\\): at noon`));
    }
    // the id of a message is the same for everybody
    assert.equal((await at(alice, asked)).id, (await at(bob, asked)).id);
    assert.match((await at(alice, answer)).id, /^01[0-9a-f]{62}$/);
    await says(alice, '--reply', String(answer), 'fine');
  });

  test('a topic goes with a message, and with what answers it', async () => {
    const [{ seq: asked }] = await alice.does('send', id, '--topic', 'lunch',
      'soup?');
    await says(alice, 'something else');
    await bob.does('read', id);
    const answer = await says(bob, '--reply', String(asked), 'rather not');
    const edit = await says(bob, '--edit', String(answer), 'yes');
    for (const person of [alice, bob]) {
      assert.equal((await at(person, answer)).topic, 'lunch');
      assert.equal((await at(person, edit)).topic, 'lunch');
      assert.match(await lines(person),
        new RegExp(`\\(topic "lunch"\\) \\(to #${asked}\\).*: yes`));
      const of = await person.does('read', id, '--topic', 'lunch');
      assert.deepEqual(of.map(m => m.seq), [asked, answer, edit]);
    }
    await bob.does('delete', id, String(answer));
    assert.equal((await at(alice, answer)).topic, undefined);
    await alice.cannot('topic', 'send', id, '--topic', 'x'.repeat(129), 'no');
  });

  test('a member who is named is told so, by the account', async () => {
    await bob.does('verify', alice.name); // so he knows her by her name
    const said = await says(alice, '--id', 'm',
      `*@${bob.name}*, mail a@${bob.name} @nobody`);
    await bob.does('read', id);
    const entry = await at(bob, said);
    assert.equal(entry.text, `*@${bob.name}*, mail a@${bob.name} @nobody`);
    assert.deepEqual(entry.mentions, [bob.name]);
    assert.equal(entry.mentioned, true);
    assert.match(await lines(bob), /\(mentions you\) .*: .*@nobody$/m);
    const own = await at(alice, said);
    assert.equal(own.mentions.length, 1);
    assert.equal(own.mentioned, undefined);
    // what is kept is the account
    const members = await bob.does('members', id);
    assert.ok(members.find(m => m.username === entry.mentions[0]).account);
    const self = await says(alice, `I, @${alice.name}`);
    assert.equal((await at(alice, self)).mentioned, undefined);
    assert.equal((await at(bob, self)).mentioned, undefined);
    assert.deepEqual((await at(bob, self)).mentions, [alice.name]);
    assert.equal(await says(alice, '--id', 'm',
      `*@${bob.name}*, mail a@${bob.name} @nobody`), said, 'once');
    const edit = await says(alice, '--edit', String(self), `no: @${bob.name}`);
    assert.equal((await at(bob, edit)).mentioned, true);
    assert.equal((await at(bob, self)).mentioned, true);
    assert.deepEqual((await at(bob, self)).mentions, [bob.name]);
    await says(alice, '--edit', String(self), 'no, nobody');
    assert.equal((await at(bob, self)).mentioned, undefined);
    assert.equal((await at(bob, self)).mentions, undefined);
    await alice.does('delete', id, String(said));
    assert.equal((await at(bob, said)).mentioned, undefined);
  });

  test('an edit is shown, and loses nothing', async () => {
    const first = await says(alice, 'helo');
    const edit = await says(alice, '--edit', String(first), 'hello');
    for (const person of [alice, bob]) {
      const entry = await at(person, first);
      assert.equal(entry.text, 'helo');
      assert.equal(entry.edited, edit);
      assert.equal(entry.edited_text, 'hello');
      assert.equal((await at(person, edit)).of, first);
      assert.match(await lines(person), new RegExp(`\\(edited by #${edit}\\): hello`));
    }
    // the edit of an edit is one of the message
    const again = await says(alice, '--edit', String(edit), 'hello!');
    assert.equal((await at(bob, again)).of, first);
    assert.equal((await at(bob, first)).edited_text, 'hello!');
    await bob.cannot('not-yours', 'send', id, '--edit', String(first), 'no');
    await bob.cannot('not-yours', 'delete', id, String(first));
  });

  test('the longest text has room in an envelope, as servers take it by default', async () => {
    const longest = 'x'.repeat(65535);
    assert.equal((await at(bob, await says(alice, longest))).text, longest);
    await alice.cannot('too-large', 'send', id, `${longest}x`);
  });

  test('a text of which nothing shows is refused', async () => {
    for (const blank of ['', ' ', '\t\n', '\u3000\u200b'])
      await alice.cannot('empty', 'send', id, blank);
    await alice.cannot('empty', 'send', id, '--edit', String(await says(alice, 'text')), ' ');
    await alice.cannot('empty', 'react', id, String(await says(alice, 'and')), ' ');
  });

  test('a reaction counts once, and can be taken back', async () => {
    const said = await says(alice, 'done');
    await bob.does('read', id);
    const [one] = await bob.does('react', id, String(said), '👍');
    const [two] = await bob.does('react', id, String(said), '👍');
    assert.equal((await at(alice, two.seq)).again, true);
    await alice.does('react', id, String(said), '👍');
    for (const person of [alice, bob])
      assert.deepEqual((await at(person, said)).reactions,
        { '👍': [bob.name, alice.name] });
    assert.match(await lines(bob), new RegExp(`\\("👍" ${bob.name}, ${alice.name}\\).*: done`));
    await bob.cannot('again', 'delete', id, String(two.seq));
    await bob.does('delete', id, String(one.seq));
    for (const person of [alice, bob])
      assert.deepEqual((await at(person, said)).reactions,
        { '👍': [alice.name] });
    assert.match(await lines(alice), new RegExp(`#${one.seq} .* reacted to #${said} \\(deleted`));
    // what has gone is neither changed nor liked; and what is not read yet is looked for
    const unread = await says(alice, 'not read yet');
    await bob.does('react', id, String(unread), '👍');
    await alice.does('delete', id, String(unread));
    await bob.does('read', id);
    await bob.cannot('deleted', 'react', id, String(unread), '👍');
    await alice.cannot('deleted', 'send', id, '--edit', String(unread), 'back again');
    await alice.cannot('deleted', 'delete', id, String(unread));
    await bob.cannot('deleted', 'delete', id, String(one.seq));
    await bob.cannot('no-such-message', 'react', id, '100000', '👍');
    await alice.cannot('too-large', 'react', id, String(said), 'x'.repeat(65));
  });

  test('what was deleted is out of what is kept', async () => {
    const said = await says(alice, 'a secret');
    const edit = await says(alice, '--edit', String(said), 'no secret');
    await bob.does('read', id);
    const [gone] = await alice.does('delete', id, String(said));
    for (const person of [alice, bob]) {
      assert.equal((await at(person, said)).text, undefined);
      assert.equal((await at(person, said)).deleted, gone.seq);
      assert.equal((await at(person, edit)).text, undefined);
      const text = await lines(person);
      assert.doesNotMatch(text, /secret/);
      assert.match(text, new RegExp(`\\(deleted by #${gone.seq}\\)`));
    }
  });

  test('a text with a time goes everywhere when it has come', async () => {
    const long = await says(alice, '--expires', '1h', 'for an hour');
    const entry = await at(bob, long);
    assert.equal(entry.text, 'for an hour');
    assert.ok(Math.abs(entry.expires_at - Date.now() - 3600_000) < 120_000);
    assert.match(await lines(bob), /\(until \d{4}-.*\): for an hour/);
    assert.equal(await postgres.psql(`SELECT (extract(epoch FROM expires_at)
        * 1000)::bigint FROM hermetic.message_expiry
      WHERE session_id = '${id}' AND seq = ${long}`), String(entry.expires_at));
    const short = await says(alice, '--expires', '1s', 'a secret of a second');
    for (const person of [alice, bob]) {
      const over = await until(async () => {
        const found = await at(person, short);
        return found.expired && found;
      }, { name: 'its end' });
      assert.equal(over.text, undefined);
      assert.equal(over.kind, 'text');
      const text = await lines(person);
      assert.doesNotMatch(text, /of a second/);
      assert.match(text, new RegExp(`#${short} .* \\(expired\\)`));
      assert.equal((await at(person, long)).text, 'for an hour');
    }
    // once under its key, although its end is another one each time
    const one = await says(alice, '--id', 'e', '--expires', '1h', 'me');
    assert.equal(await says(alice, '--id', 'e', '--expires', '2h', 'me'), one);
    for (const time of ['1', 'h', '0d', '1y', '99999999w'])
      assert.notEqual((await hermetic(['send', id, '--expires', time, 'x'],
        alice)).code, 0, time);
  });

  test('receipts: who has it, and who has read it', async () => {
    const { HERMETIC_RECEIPTS: off, ...env } = alice.env;
    assert.equal(off, 'off');
    const loud = [alice, bob].map(person => Object.assign(
      Object.create(Object.getPrototypeOf(person)), person, { env }));
    const session = await conversation(...loud);
    const [anna, bert] = loud;
    const [{ seq }] = await anna.does('send', session, 'have you read this?');
    const own = async () => {
      await anna.does('read', session);
      return (await anna.does('read', session)).find(m => m.seq === seq);
    };
    const of = async who => (await anna.does('members', session))
      .find(m => m.username === who.name);
    await bert.does('read', session); // a script has read it, not a person
    assert.deepEqual((await own()).delivered_to, [bert.name]);
    assert.equal((await own()).read_by, undefined);
    assert.equal((await of(bert)).read, undefined);
    assert.ok((await of(bert)).delivered >= seq);
    const read = await until(async () => {
      assert.equal((await hermetic(['read', session], bert)).code, 0);
      const found = await own();
      return found.read_by && found;
    }, { name: 'that it was read' });
    assert.deepEqual(read.read_by, [bert.name]);
    const text = (await hermetic(['read', session], anna)).out;
    assert.match(text, new RegExp(`\\(read by ${bert.name}\\): have you read this\\?`));
    assert.doesNotMatch(text, /has read #/, 'a receipt is no line');
    assert.match((await hermetic(['members', session], anna)).out,
      new RegExp(`${bert.name} .*has read #${(await of(bert)).read}`));
    // none answers another one, so there are few
    const receipts = (await anna.does('read', session))
      .filter(m => m.kind === 'receipt');
    assert.ok(receipts.every(m => m.from === bert.name));
    assert.ok(receipts.length <= 2 + (receipts.at(-1).sent_at -
      receipts[0].sent_at) / 5000);
    const bytes = Number(await postgres.psql(`SELECT max(octet_length(envelope))
      FROM hermetic.message WHERE session_id = '${session}'
        AND seq IN (${receipts.map(m => m.seq)})`));
    assert.ok(bytes > 200 && bytes <= 512, `a receipt of ${bytes} bytes`);
    // whoever does not want to tell does not
    await bert.does('account', 'receipts', 'off');
    assert.deepEqual(await bert.does('account', 'receipts'),
      [{ receipts: false }]);
    const [later] = await anna.does('send', session, 'and this?');
    assert.equal((await hermetic(['read', session], bert)).code, 0);
    assert.equal((await anna.does('read', session)).at(-1).seq, later.seq);
  });

  test('the name of a session reaches who comes in by oneself', async () => {
    const [{ session_id: open }] = await alice.does('create', '--open',
      '--name', 'The crew');
    const named = async person => (await person.does('sessions'))
      .find(s => s.session_id === open)?.name;
    await bob.does('join', open);
    await alice.does('members', open); // so she has seen him
    await alice.does('read', open);
    await bob.does('read', open);
    assert.equal(await named(bob), 'The crew');
    const said = async () => (await alice.does('read', open))
      .filter(m => m.kind === 'name').length;
    const before = await said();
    assert.equal(before, await said(), 'once');
    await bob.does('members', open);
    await bob.does('rename', open, 'The other crew');
    await alice.does('read', open);
    for (const person of [alice, bob])
      assert.equal(await named(person), 'The other crew');
    await alice.cannot('name', 'rename', open, 'x'.repeat(129));
  });

  test('what a session is about, and its picture, reach who comes in',
    async () => {
      const png = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'),
        Buffer.alloc(900, 7)]);
      const file = join(alice.home, 'crew.png');
      writeFileSync(file, png);
      const [{ session_id: open }] = await alice.does('create', '--open',
        '--name', 'The crew');
      const about = async (person, session) => {
        const { name, subject, picture } = (await person.does('sessions'))
          .find(s => s.session_id === session);
        return { name, subject, picture };
      };
      const [set] = await alice.does('subject', open, 'soup');
      assert.deepEqual([set.kind, set.subject], ['room', 'soup']);
      await alice.does('picture', open, file);
      await bob.does('join', open); // by a commit of his own
      await alice.does('members', open);
      await alice.does('read', open);
      const read = await bob.does('read', open);
      assert.equal(read.at(-1).kind, 'room');
      // the name stands by itself, for clients that know no more, and once
      assert.deepEqual(read.filter(m => m.kind === 'name' || m.name)
        .map(m => m.text), ['The crew']);
      assert.deepEqual(await about(bob, open), { name: 'The crew',
        subject: 'soup', picture: { type: 'image/png', size: png.length } });
      assert.match(await hermetic(['read', open], bob).then(r => r.out),
        /says of this session: it is about "soup", it has a picture/);
      const out = join(bob.home, 'out.png');
      const run = promisify(execFile);
      await run('sh', ['-c', `"$0" picture "$1" >"$2"`, join(build, 'hermetic'),
        open, out], { env: { ...process.env, ...bob.env,
        HERMETIC_HOME: bob.home, HERMETIC_PASSPHRASE: bob.passphrase,
        HERMETIC_SERVER: bob.server } });
      assert.deepEqual(readFileSync(out), png);
      const repeats = (await alice.does('read', open)).length;
      assert.equal(repeats, (await alice.does('read', open)).length, 'once');
      await bob.does('members', open);
      await bob.does('picture', open, '');
      await alice.does('read', open);
      assert.deepEqual(await about(alice, open), { name: 'The crew',
        subject: 'soup', picture: undefined });
      // by a Welcome, without a name
      const [{ session_id: by }] = await alice.does('create');
      await alice.does('subject', by, 'tea');
      await alice.does('invite', by, bob.name);
      await bob.does('join', by);
      await bob.does('read', by);
      assert.deepEqual(await about(bob, by), { name: undefined,
        subject: 'tea', picture: undefined });
      writeFileSync(file, 'no picture');
      await alice.cannot('picture', 'picture', by, file);
      writeFileSync(file, Buffer.concat([png, Buffer.alloc(16384)]));
      await alice.cannot('too-large', 'picture', by, file);
      await alice.cannot('subject', 'subject', by, 'x'.repeat(513));
    });

  test('what was taken back does not return with who comes in again',
    async () => {
      const carol = await new Person('carol', node.url).register();
      const [{ session_id: open }] = await alice.does('create', '--open');
      const subject = async person => (await person.does('sessions'))
        .find(s => s.session_id === open).subject;
      const adds = async (by, person) => {
        await by.does('invite', open, person.name);
        await person.does('join', open);
        await person.does('read', open);
      };
      await alice.does('subject', open, 'soup');
      await adds(alice, bob);
      assert.equal(await subject(bob), 'soup');
      await alice.does('remove', open, bob.name);
      await bob.does('read', open);
      await alice.does('subject', open, '');
      await adds(alice, bob);
      assert.equal(await subject(bob), undefined);
      await adds(bob, carol);
      for (const person of [carol, alice, bob]) {
        await person.does('read', open);
        assert.equal(await subject(person), undefined, person.name);
      }
      const told = (await carol.does('read', open)).at(-1);
      assert.deepEqual([told.kind, told.subject], ['room', '']);
    });

  test('once, however often it is tried', async () => {
    const said = await says(alice, 'first');
    const one = await says(alice, '--id', 'k', '--reply', String(said), 'me');
    const two = await says(alice, '--id', 'k', '--reply', String(said), 'me');
    assert.equal(one, two);
    await alice.cannot('key-reused', 'send', id, '--id', 'k', '--reply',
      String(said), 'you');
  });

  test('numbers of nothing are refused', async () => {
    await alice.cannot('no-such-message', 'react', id, '1', '👍');
    await alice.cannot('no-such-message', 'delete', id, '99999');
    for (const args of [['react', id, 'x', '👍'], ['delete', id, '0'],
      ['send', id, '--reply', '1', '--edit', '2', 'both']])
      assert.equal((await hermetic(args, alice)).code, 2, args.join(' '));
  });

  test('a new device reads what comes after it, and says so', async () => {
    const said = await says(alice, 'before');
    const other = await bob.newDevice();
    await alice.does('members', id); // she has seen it
    const answer = await says(alice, '--reply', String(said), 'after');
    const entry = (await other.does('read', id)).find(m => m.seq === answer);
    assert.equal(entry.text, 'after');
    assert.equal(entry.reply_to, 0);
  });
});
