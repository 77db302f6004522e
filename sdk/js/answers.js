// What a server answers to what JavaScript asks it itself: hints, until the device has read
// more.
import { Failure } from './module.js';

// A word of a server may be any, also that of a member of all objects.
const RESULTS = new Map(Object.entries({ 'bad-credentials': 'passphrase',
  'username-taken': 'conflict', 'registration-closed': 'denied',
  'account-suspended': 'denied', 'quota-exceeded': 'conflict', 'too-many-requests': 'busy',
  unavailable: 'busy' }));
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const isText = value => typeof value === 'string' && value !== '';

const isId = value => isText(value) && UUID.test(value);

export const isDone = status => status >= 200 && status <= 299;

/** The object of JSON; an empty one where there is none. */
export function parse(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

const WORDS_MOST = 300; // characters of what a server says in words, as problem.c has them

/** The server's own words, which are cut between characters. */
const quoted = words => `The server says: ${[...words.slice(0, 2 * WORDS_MOST)]
  .slice(0, WORDS_MOST).join('')}`;

/** What an answer that is no success means, by its problem. */
export function refusalOf(status, text) {
  if (status === 0)
    return new Failure('unreachable', 'unreachable', 'The server was not reached.');
  const { type, detail, title } = parse(text);
  const slug = String(type ?? '').replace(/.*[/:]/, '') || 'refused';
  return new Failure(RESULTS.get(slug) ?? 'refused', slug,
    [detail, title].filter(isText).map(quoted)[0] ??
      `The server has answered with ${status}.`);
}

export const areTokens = ({ access_token: access, refresh_token: refresh }) =>
  isText(access) && isText(refresh);

/** Throws where that is no answer to a login: of that device, if there is one. */
export function checkLogin(answer, device) {
  const { user_id: user, device_id: own } = answer;
  if (areTokens(answer) && isId(user) && isId(own) && own === (device ?? own)) return;
  throw new Failure('refused', 'bad-answer',
    'The server has answered to the login with something else.');
}
