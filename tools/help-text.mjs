// What a program's --help says, for its manual page: a head, then parts with rows.
import { execFileSync } from 'node:child_process';

/** What PROGRAM says. Of another processor, EMULATOR in the environment runs it. */
export const says = (program, ...args) => {
  const [file, ...all] = [process.env.EMULATOR, program, ...args].filter(Boolean);
  return execFileSync(file, all, { encoding: 'utf8' });
};

/** A help text as its head and its parts: { head, parts: { Options: [line…] }, tail }. */
export function parts(text) {
  const [head, ...rest] = text.trimEnd().split(/^(?=[A-Z][A-Za-z ]*:\n)/m);
  const found = { head: head.trim(), parts: {}, tail: '' };
  for (const part of rest) {
    const [, name, body] = /^([^\n]*):\n([^]*)$/.exec(part);
    const [rows, ...after] = body.split('\n\n');
    found.parts[name] = rows.split('\n');
    found.tail += after.join('\n\n');
  }
  return found;
}

export const roff = text => text.replaceAll('\\', '\\e').replaceAll('-', '\\-')
  .replace(/^([.'])/gm, '\\&$1')
  .replace(/[^\x00-\x7f]/gu, c => `\\[u${c.codePointAt(0).toString(16)
    .toUpperCase().padStart(4, '0')}]`);

export const sentence = text => text[0].toUpperCase() + text.slice(1);

/** A row as a page has it: its name, what stands behind that, its words. */
export const option = o => ['.TP', `\\fB${roff(o.name)}\\fR${
  o.value ? ` \\fI${roff(o.value)}\\fR` : ''}`, roff(o.text)];
