// A terminal that people use, tmux, with a program in it: keys go in, and what its
// screen shows can be read.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { newHome, until } from './stack.mjs';

export class Terminal {
  /** Runs `command`, a list of words, in a terminal of that size. */
  constructor(command, { columns = 80, rows = 24, env = {}, term } = {}) {
    this.socket = join(newHome(), 'tmux');
    const quoted = command.map(word => `'${word.replaceAll("'", `'\\''`)}'`);
    this.tmux(['new-session', '-d', '-x', columns, '-y', rows,
      `${term ? `TERM=${term} ` : ''}${quoted.join(' ')}`],
    { env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...env } });
  }

  tmux(words, options = {}) {
    return execFileSync('tmux',
      ['-u', '-f', '/dev/null', '-S', this.socket, ...words.map(String)],
      { encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'], ...options });
  }

  /** Text as it is typed. */
  type(text) {
    this.tmux(['send-keys', '-l', '--', text]);
  }

  /** Keys by tmux's names: Enter, Tab, Left, M-Enter, C-w … */
  press(...keys) {
    this.tmux(['send-keys', ...keys]);
  }

  paste(text) {
    this.tmux(['load-buffer', '-'], { input: text });
    this.tmux(['paste-buffer', '-p']);
  }

  /** The rows of the screen, without spaces at their end. */
  rows() {
    return this.tmux(['capture-pane', '-p']).split('\n')
      .map(row => row.trimEnd());
  }

  /** Where the cursor is: { x, y }, from 0. */
  cursor() {
    const [x, y] = this.tmux(['display-message', '-p',
      '#{cursor_x} #{cursor_y}']).split(' ').map(Number);
    return { x, y };
  }

  /** Waits until the screen's text is so, and returns its rows. */
  async shows(what, name = `${what}`) {
    let rows = [];
    await until(() => {
      rows = this.rows();
      const text = rows.join('\n');
      return typeof what === 'function' ? what(rows, text)
        : what instanceof RegExp ? what.test(text) : text.includes(what);
    }, { name: `a screen with ${name}` }).catch(error => {
      throw new Error(`${error.message}\n${rows.join('\n')}`);
    });
    return rows;
  }

  /** The program has ended. */
  isOver() {
    try {
      this.tmux(['list-panes']);
      return false;
    } catch {
      return true;
    }
  }

  /** Ends the terminal, and with it the program, if it has not ended. */
  close() {
    try {
      this.tmux(['kill-server']);
    } catch {
      // its last program has ended, and it with that
    }
  }
}
