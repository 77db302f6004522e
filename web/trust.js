// Whether a person has compared numbers with another one, in the words of the command.
import { el, icon } from './dom.js';
import { say } from './words.js';

const WORDS = { yes: 'verified', no: 'unverified', changed: 'CHANGED' };

/** "verified", "unverified", "CHANGED", or nothing where it is one's own account. */
export const trustOf = compared => WORDS[compared] && say(WORDS[compared]);

export function trustMark(compared) {
  if (!WORDS[compared]) return undefined;
  return el('span', { class: `trust ${compared}` },
    compared === 'yes' ? icon('check') : compared === 'changed' ? icon('warning') : '',
    trustOf(compared));
}

/** The users of a session, each once: {username, compared, own, role, devices…}. What one
 * device of an account is, the account is. */
export function usersOf(session) {
  const users = new Map();
  for (const member of session.members) {
    if (member.departed) continue;
    const known = users.get(member.username) ??
      { username: member.username, compared: member.compared, role: member.role,
        account: member.account, own: false, devices: [], read: 0, delivered: 0 };
    known.own ||= member.own;
    known.devices.push(member);
    users.set(member.username, known);
  }
  return [...users.values()];
}
