// The chat as a person has it, in a real terminal; and what is read back.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { startProxy } from '../testlib/proxy.mjs';
import { Terminal } from '../testlib/terminal.mjs';
import { Person, twoPeople } from '../testlib/people.mjs';
import { build, hermetic, newHome, startNode, startPostgres, until }
  from '../testlib/stack.mjs';

const family = '👨‍👩‍👧', hindi = 'नमस्ते दोस्त', persian = 'می‌خواهم', cjk = '日本語の文';

/** Columns of a text: those of Han and kana are two wide, a joiner is none. */
const columnsOf = text => [...text].reduce((sum, c) =>
  sum + (/[\p{Script=Han}\p{Script=Hiragana}]/u.test(c) ? 2
    : /\p{Join_Control}/u.test(c) ? 0 : 1), 0);

describe('the chat', { concurrency: false }, () => {
  let postgres, node, alice, bob;
  const open = [];

  before(async () => {
    postgres = await startPostgres();
    node = await startNode({ postgres });
    [alice, bob] = await twoPeople(node.url);
  });
  after(async () => {
    for (const terminal of open) terminal.close();
    await node?.stop();
    await postgres?.stop();
  });

  const envOf = person => ({ HERMETIC_HOME: person.home,
    HERMETIC_PASSPHRASE: person.passphrase, HERMETIC_SERVER: person.server,
    TZ: 'UTC', HOME: person.home, ...person.env });

  function chatOf(person, { words = [], ...options } = {}) {
    const terminal = new Terminal([join(build, 'hermetic'), ...words],
      { ...options, env: envOf(person) });
    open.push(terminal);
    return terminal;
  }

  async function session(name) {
    const [{ session_id: id }] = await alice.does('create', '--name', name,
      '--invite', bob.name);
    await bob.does('join', id);
    await alice.does('read', id);
    return id;
  }

  const shown = (person, ...args) =>
    hermetic(args, { ...person, env: { ...person.env, TZ: 'UTC' } });

  test('a session goes by its name, and nobody can take it over', async () => {
    const id = await session('Lunch');
    await bob.does('send', 'lunch', 'by its name');
    await bob.does('send', id.slice(0, 8), 'by its id');
    assert.deepEqual(await alice.texts('LUNCH'), ['by its name', 'by its id']);
    // whoever calls another session so, or as an id begins, gets no message by that
    const other = await session('\u200blunch');
    const which = await alice.cannot('ambiguous', 'send', 'lunch', 'to whom?');
    assert.ok(which.includes(id.slice(0, 8)) &&
      which.includes(other.slice(0, 8)), which);
    await bob.does('rename', other, id.slice(0, 8));
    await alice.does('read', other);
    await alice.cannot('ambiguous', 'send', id.slice(0, 8), 'to whom?');
    await bob.does('rename', other, id);
    await alice.does('read', other);
    await alice.does('send', id, 'to this one'); // a whole id is no name
    await alice.cannot('no-such-session', 'send', 'dinner', 'to whom?');
  });

  test('what was not read is counted, read back and searched', async () => {
    const id = await session('Tickets');
    const find = async (...args) => (await alice.does(...args))
      .filter(m => m.kind === 'text').map(m => m.text);
    for (const text of ['The Train to Bern', 'ﬁrst class', 'no ticket',
      'train and ticket'])
      await bob.does('send', 'tickets', text);
    await alice.does('send', 'tickets', 'my own train');
    const unread = async () => (await alice.does('sessions'))
      .find(s => s.session_id === id).unread;
    assert.equal(await unread(), 4); // a script has not read it
    const { out } = await shown(alice, 'read', 'tickets', '--last', '2');
    assert.match(out, /^-- \w+day, +\d+ \w+ \d{4} --\n#\d+ .*train and ticket\n#\d+ .*my own train\n$/);
    assert.equal(await unread(), 4); // others stand before, and were not shown
    await shown(alice, 'read', 'tickets', '--last', '5');
    assert.equal(await unread(), 0);
    assert.deepEqual(await find('read', id, '--search', 'TRAIN'),
      ['The Train to Bern', 'train and ticket', 'my own train']);
    assert.deepEqual(await find('read', id, '--search', 'first'), ['ﬁrst class']);
    assert.deepEqual(await find('read', id, '--since', '1h', '--last', '1'),
      ['my own train']);
    assert.deepEqual(await find('read', id, '--since', '2099-01-01'), []);
    const [, { seq }] = (await alice.does('search', 'train'))
      .filter(m => m.session_id === id);
    await bob.does('delete', id, String(seq));
    await alice.does('read', id);
    assert.deepEqual(await find('search', 'ticket train'), []);
    assert.deepEqual(await find('search', 'train', '--in', 'tickets',
      '--last', '1'), ['my own train']);
    await bob.does('send', 'tickets', 'of which nothing is known here yet');
    assert.equal(await unread(), 1);
  });

  test('a session is opened where one was, and nothing is passed over in silence',
    async () => {
      await session('Beside'); // the only one opens by itself
      const id = await session('Away');
      const receipts = { ...alice, env: { ...alice.env, HERMETIC_RECEIPTS: 'on' } };
      const says = async lines => {
        const saying = bob.start();
        saying.child.stdin.end(`/open ${id}\n${lines}`);
        await saying.ended;
      };
      const numbered = (word, count) =>
        Array.from({ length: count }, (_, i) => `${word} ${i}\n`).join('');
      await says(numbered('read', 10));
      await shown(receipts, 'read', id);
      await says('read 10\nread 11\n');
      await shown(receipts, 'read', id);
      const chat = chatOf(alice, { rows: 300 });
      await chat.shows('/help lists');
      chat.type('/open away');
      chat.press('Enter');
      const ten = await chat.shows(/read 11\n/); // messages, whatever stands between
      assert.deepEqual(ten.filter(row => /: read \d+$/.test(row))
        .map(row => row.match(/read \d+/)[0]),
      Array.from({ length: 10 }, (_, i) => `read ${i + 2}`));
      chat.type('/open nowhere');
      chat.press('Enter');
      await chat.shows('no session nowhere here. See: /list');
      chat.press('C-c');
      await says(numbered('news', 105));
      const again = chatOf(alice, { rows: 300 });
      await again.shows('105 not read');
      again.type('/open away');
      again.press('Enter');
      const rows = await again.shows('news 104');
      const more = rows.findIndex(row =>
        /^\* 5 more that you have not read are not shown: \/history 5 \d+$/.test(row));
      assert.match(rows.slice(more + 1).join('\n'),
        /^-- Not read yet --\n-- .* --\n#\d+ .*: news 5\n/);
      again.type('/list');
      again.press('Enter');
      await again.shows(/"Away", 105 not read\nAway>/);
      again.type(rows[more].match(/\/history.*/)[0]);
      again.press('Enter');
      await again.shows(/: news 0\n[^]*: news 4\nAway>/);
      await bob.does('send', id, 'at last');
      await again.shows('at last');
      again.type('/list');
      again.press('Enter');
      await again.shows(/"Away"\n/);
      again.press('C-c');
    });

  for (const [columns, name] of [[80, 'Wide room'], [40, 'Narrow room']])
    test(`scripts of the world on ${columns} columns`, async () => {
      const id = await session(name);
      const chat = chatOf(alice, { columns });
      await chat.shows('/help lists');
      chat.type(`/open ${name.slice(0, 3).toLowerCase()}`);
      chat.press('Tab', 'Enter');
      await chat.shows(`${name}>`);
      for (const text of [family, hindi, persian, cjk]) {
        // one character goes whole, wherever the cursor is, and comes again
        chat.type(`${text}${text}`);
        await chat.shows(`${name}> ${text}${text}`);
        chat.press('Left', 'BSpace');
        chat.press('C-e', 'C-u');
        await chat.shows(rows => rows.includes(`${name}>`), 'an empty line');
        chat.type(`a${text}${family}`);
        chat.press('BSpace', 'Enter');
      }
      // a line that comes in leaves what is typed as it is, cursor included
      const draft = `${name}> ${cjk} ${persian} ok`;
      chat.type(draft.slice(name.length + 2));
      await chat.shows(draft);
      const end = columnsOf(draft);
      await until(() => chat.cursor().x === end, { name: 'the end of the line' });
      chat.press('Left');
      await until(() => chat.cursor().x === end - 1, { name: 'a move' });
      const said = `${hindi} ${family} ${persian} ${cjk}`;
      await bob.does('send', id, said);
      const words = text => text.replace(/\s+/g, '');
      const rows = await chat.shows((all, text) => all.includes(draft) &&
        words(text).includes(words(said)), 'both');
      // no word has come apart: a row ends where one does
      for (const word of [...hindi.split(' '), persian])
        assert.ok(rows.some(row => row.includes(word)), word);
      await until(() => {
        const { x, y } = chat.cursor();
        return x === end - 1 && y === rows.indexOf(draft);
      }, { name: 'the cursor where it was' });
      chat.press('C-c');
      await alice.does('read', id);
      assert.deepEqual((await bob.texts(id)).slice(0, 4),
        [family, hindi, persian, cjk].map(text => `a${text}`));
    });

  test('a paste is one message, which is asked about where it is long', async () => {
    const id = await session('Pastes');
    const chat = chatOf(alice);
    await chat.shows('/help lists');
    chat.type('/open pastes');
    chat.press('Enter');
    await chat.shows('Pastes>');
    chat.type('see: ');
    chat.paste('one\n\ttwo\n');
    chat.type('three');
    chat.press('M-Enter');
    chat.type('four');
    await chat.shows(/> see: one\n {4}two\nthree\nfour/);
    chat.press('Enter');
    await chat.shows(/: see: one\n/); // in the log
    const long = Array.from({ length: 200 }, (_, i) => `line ${i}\n`).join('');
    chat.paste(long);
    chat.press('Enter');
    await chat.shows('Send 200 lines, 1.6 kB, as one message?');
    chat.type('no');
    chat.press('Enter');
    await chat.shows('It was not sent');
    chat.press('Up', 'Up', 'Enter');
    await chat.shows('as one message?');
    chat.type('Y');
    chat.press('Enter');
    await chat.shows('line 199');
    chat.paste('x'.repeat(70000));
    await chat.shows('too long for a message');
    chat.type('//shrug');
    chat.press('Enter');
    await chat.shows(/: \/shrug/);
    chat.type('/reply 3 ‮ok');
    chat.press('Enter');
    await chat.shows('(to #3): \\u{202e}ok');
    chat.type('/rename Old  Pastes');
    chat.press('Enter');
    await chat.shows('Old  Pastes>');
    chat.press('C-c');
    await alice.does('read', id);
    assert.deepEqual(await bob.texts(id), ['see: one\n\ttwo\nthree\nfour',
      long.trimEnd(), '/shrug', '‮ok']);
  });

  test('a key that is awaited holds nothing up, nor ends the chat', async () => {
    const id = await session('Keys');
    const chat = chatOf(alice);
    await chat.shows('/help lists');
    chat.type(`/open ${id}`);
    chat.press('Enter');
    await chat.shows('Keys>');
    chat.press('C-x'); // begins what has two keys
    await bob.does('send', id, 'heard meanwhile');
    await chat.shows('heard meanwhile');
    chat.type('still here');
    chat.press('Enter');
    await chat.shows(/: still here\n/);
    chat.press('C-r');
    chat.type('here'); // is in what was typed before, and is not appended to it
    await chat.shows('(search: here) still here');
    chat.press('C-e', 'C-u');
    await chat.shows(/Keys> ?$/m);
    chat.type(`/ban${' a'.repeat(40)}`);
    chat.press('Enter');
    await chat.shows('/ban takes at most 31 words');
  });

  test('a session that is not open gives notice, and is shown from where one was',
    async () => {
      const [here, there] = [await session('Here'), await session('There')];
      const chat = chatOf(alice);
      await chat.shows('/help lists');
      chat.type('/open here');
      chat.press('Enter');
      await chat.shows('Here>');
      const news = Array.from({ length: 15 }, (_, i) => `news ${i}\n`).join('');
      bob.start().child.stdin.end(`/open ${there}\n${news}`);
      const said = await chat.shows(`* ${bob.name} writes in "There": /open ${there.slice(0, 8)}`);
      assert.doesNotMatch(said.join('\n'), /news/);
      await until(async () => /15 not read  "There"/.test(
        (await shown(alice, 'sessions')).out), { name: 'all the news' });
      chat.type('/open there');
      chat.press('Enter');
      const rows = await chat.shows('news 14');
      assert.ok(rows.some(row => row.endsWith(': news 0')), rows.join('\n'));
      const file = join(newHome(), 'a file.txt');
      writeFileSync(file, 'what is in it');
      chat.type(`/send ${dirname(file)}/a`);
      chat.press('Tab', 'Enter');
      const [, seq] = (await chat.shows(/"a file.txt", 13 bytes: .save (\d+)\)/))
        .join('\n').match(/save (\d+)\)/);
      const folder = newHome();
      chat.type(`/save ${seq} ${folder}`);
      chat.press('Enter');
      await chat.shows('Saved as');
      chat.type('/search NEWS 3');
      chat.press('Enter');
      await chat.shows(/news 3\n#\d+ .*: news 13\n/);
      chat.type('/history 2');
      chat.press('Enter');
      await chat.shows(/news 14\n.*a file.txt.*\nThere>/);
      chat.type(`/history 1 ${seq}`);
      chat.press('Enter');
      await chat.shows(/\n-- .* --\n#\d+ .*news 14\nThere>/);
      for (const line of ['/topic lunch soup?', 'in between']) {
        chat.type(line);
        chat.press('Enter');
        await chat.shows(new RegExp(`${line.split(' ').at(-1)
          .replace('?', '\\?')}.*\nThere>`));
      }
      await chat.press('C-c');
      assert.equal((await alice.does('sessions'))
        .find(s => s.session_id === there).unread, 0);
      await bob.does('read', here);
    });

  test('in a topic its messages alone are shown, and what is said is in it',
    async () => {
      const id = await session('Meals');
      const chat = chatOf(alice);
      const does = (line, shows) => {
        chat.type(line);
        chat.press('Enter');
        return chat.shows(shows);
      };
      await chat.shows('/help lists');
      await does('/open meals', 'Meals>');
      await does('/topic', /There is no topic.*\nMeals>/);
      await does('/topic lunch soup?', /soup\?\nMeals>/);
      await does('in between', /: in between\nMeals>/);
      await does('/topic lunch', // nothing stands between
        /in between\n-- .* --\n#3 .*soup\?\nMeals "lunch">/);
      await does('with bread', /\(topic "lunch"\).*: with bread\nMeals "lunch">/);
      await bob.does('send', id, 'something else');
      await bob.does('send', id, 'and more of it');
      await does('/reply 4 later',
        /\* You said #\d+ outside of this topic: \/topic\nMeals "lunch">/);
      await does('/history 1', /\n-- .* --\n#\d+ .*: with bread\nMeals "lunch">/);
      const said = (await bob.does('read', id)).find(m => m.text === 'with bread');
      assert.equal(said.topic, 'lunch');
      await bob.does('send', id, '--reply', String(said.seq), 'and salt');
      await bob.does('react', id, String(said.seq), '+1');
      const rows = await chat.shows(/: and salt\n.*reacted to #\d+: \+1\nMeals "lunch">/);
      assert.equal(rows.filter(row => row.includes(
        `${bob.name} writes outside of this topic: /topic`)).length, 1);
      assert.ok(!rows.join('\n').includes('else'));
      assert.equal((await alice.does('sessions'))
        .find(s => s.session_id === id).unread, 3); // nothing of it was passed over
      await does('/topic', /something else\n[^]*and more of it\n[^]*Meals>/);
      await does('/topic', /\* Topics: "lunch"\nMeals>/);
      await does('/topic "tea time" who?', /who\?\nMeals>/);
      await does('/topic tea time', // no word is said in another topic
        /who\?\nMeals "tea time">/);
      await does('/topic', /who\?\nMeals>/);
      assert.equal((await alice.does('sessions'))
        .find(s => s.session_id === id).unread, 0);
      chat.press('C-c');
    });

  test('who types is shown above the prompt, and nowhere else', async () => {
    const id = await session('Typing');
    const [hers, his] = [chatOf(alice), chatOf(bob)];
    const plain = chatOf(alice, { term: 'dumb' });
    for (const terminal of [hers, his, plain]) {
      await terminal.shows('/help lists');
      terminal.type('/open Typing');
      terminal.press('Enter');
      await terminal.shows('* "Typing" (');
    }
    const status = `${bob.name} is typing`;
    // a command is nobody's matter
    his.type('/members');
    await his.shows('/members');
    his.press('Enter');
    await his.shows('(this one)');
    hers.type('/members');
    hers.press('Enter');
    const before = await hers.shows('(this one)');
    assert.ok(!before.join('\n').includes('is typing'));
    // A notice may be lost, so a person who is to be seen goes on typing.
    const typed = (from, to, what) => {
      let last = 0;
      return to.shows((_, text) => {
        if (Date.now() - last > 1000) {
          from.type('.');
          last = Date.now();
        }
        return text.match(what);
      }, `${what}`);
    };
    his.type('see you');
    await typed(his, hers, new RegExp(`^${status}\\nTyping> ?$`, 'm'));
    // what was erased is taken back, before it would end by itself
    his.press('C-u');
    await hers.shows((_, text) => !text.includes(status), 'nobody who types');
    his.type('at noon');
    await typed(his, hers, status);
    // her own line stays where it is
    hers.type('I am');
    await hers.shows(/Typing> I am$/m);
    await typed(hers, his, `${alice.name} is typing`);
    his.press('Enter');
    await hers.shows((_, text) => text.includes('at noon') &&
      !text.includes(status), 'the text and nobody who types');
    assert.ok(!plain.rows().join('\n').includes('is typing'));

    // who does not want to tell does not, and sees the others
    assert.deepEqual(await bob.does('account', 'typing', 'off'),
      [{ typing: false }]);
    his.type('quietly');
    await his.shows('quietly');
    hers.type(' here');
    await typed(hers, his, `${alice.name} is typing`);
    hers.press('Enter');
    await his.shows(/: I am\.* here/);
    assert.ok(!hers.rows().join('\n').includes(status), hers.rows().join('\n'));
    assert.equal((await bob.does('read', id)).filter(m =>
      m.kind === 'text').length, 2);
  });

  test('what is kept is shown while the server is away', async () => {
    const id = await session('Kept');
    await bob.does('send', id, 'it was kept');
    await alice.does('read', id);
    const cut = { ...alice, server: '127.0.0.1:9' };
    const { code, out, err } = await shown(cut, 'sessions');
    assert.match(out, /1 not read  "Kept"/);
    assert.equal(code, 3, err);
    const chat = chatOf(cut);
    await chat.shows('/help lists');
    chat.type('/open kept');
    chat.press('Enter');
    const rows = await chat.shows(/: it was kept\nKept>/);
    assert.equal(rows.filter(row => row.includes('Cannot reach')).length, 1,
      rows.join('\n'));
    chat.press('C-c');
    const found = await shown(alice, 'search', 'never said by anybody');
    assert.deepEqual([found.code, found.out], [0, 'Nothing found.\n']);
    assert.equal((await shown(alice, 'search', ' ')).code, 2);
  });

  test('a server that says nothing keeps nobody from typing, nor from leaving', async () => {
    const id = await session('Deaf'), proxy = await startProxy(node.url);
    try {
      const chat = chatOf({ ...alice, server: proxy.url });
      await chat.shows('/help lists');
      chat.type('/open deaf');
      chat.press('Enter');
      await chat.shows('Deaf>');
      proxy.hooks.request = () => new Promise(() => {});
      proxy.hooks.upgrade = () => {};
      proxy.cut();
      await chat.shows('Connection lost');
      chat.type('into the void');
      chat.press('Enter');
      await chat.shows(/Waiting \(item \d+\)/);
      chat.type('/history 1');
      chat.press('Enter');
      const rows = await chat.shows(/Deaf>$/m);
      assert.equal(rows.join('\n').match(/Connection lost/g).length, 1, rows.join('\n'));
      assert.doesNotMatch(rows.join('\n'), /\(connection lost\)/);
      const ended = Date.now();
      chat.press('C-d');
      await until(() => chat.isOver(), { name: 'the end of the chat' });
      assert.ok(Date.now() - ended < 5000);
      // nor where it was so from the start
      const other = chatOf({ ...alice, server: proxy.url });
      await other.shows('/help lists');
      other.press('C-d');
      await until(() => other.isOver(), { name: 'the end of the other' });
    } finally { await proxy.stop(); }
    // what was typed is sent by the next one
    await alice.does('outbox', id, '--flush');
    await bob.does('read', id);
    assert.ok((await bob.texts(id)).includes('into the void'));
  });

  test('no prompt stands in what is printed', async () => {
    const carol = await new Person('carol', node.url).register('--no-recovery');
    const rows = await chatOf(carol).shows('no recovery key');
    assert.ok(rows.includes('* Your account has no recovery key. Make one: ' +
      'hermetic recovery'), rows.join('\n'));
  });

  test('what a command of the chat has said is told once', async () => {
    const id = await session('Once'), path = join(alice.home, 'once.txt');
    writeFileSync(path, 'once');
    const chat = alice.start();
    chat.child.stdin.write(
      `/open ${id}\n/subject dinner\n/send ${path}\n/rename Twice\n`);
    await chat.line(m => m.kind === 'name' && m.text === 'Twice');
    chat.child.stdin.end();
    assert.equal((await chat.ended).code, 0);
    const told = chat.lines().filter(m => m.session_id === id && m.kind)
      .map(m => m.seq);
    assert.deepEqual(told, [...new Set(told)].sort((a, b) => a - b));
    const { out } = await shown({ ...alice,
      input: `/open ${id}\n/subject supper\n` });
    assert.equal(out.match(/^#\d+ .*supper/gm)?.length, 1, out);
    assert.doesNotMatch(out, /Sent #/);
  });

  test('a line of a pipe that was refused is no success', async () => {
    await session('Two'); // none opens by itself
    for (const lines of ['x\n', '/open nosuch\nx\n']) {
      const chat = alice.starts();
      chat.child.stdin.end(lines);
      const { code, out, err } = await chat.ended;
      assert.equal(code, 1, out);
      assert.match(err, /^hermetic: (No session is open|There is no session nosuch)/m);
    }
  });

  test('lines are clean where nothing can be drawn, or shall be', async () => {
    const name = 'Clean';
    await session(name);
    for (const how of [{ term: 'dumb' }, { words: ['--plain'] }]) {
      const out = join(newHome(), 'out');
      const chat = chatOf(alice, how);
      chat.tmux(['pipe-pane', `cat >'${out}'`]);
      await chat.shows('/help lists');
      chat.type(`/open ${name}`);
      chat.press('Enter');
      await chat.shows('members: 2');
      chat.type(`${hindi} 1`);
      chat.press('Enter');
      await chat.shows(`: ${hindi} 1`);
      assert.doesNotMatch(readFileSync(out, 'utf8'), /\u001b/);
      chat.press('C-d');
    }
  });
});
