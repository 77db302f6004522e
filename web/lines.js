// What entries of the log say that are no messages, in the words of the command.
import { el, phrase } from './dom.js';
import { trustOf } from './trust.js';
import { listOf, plain, say } from './words.js';

const userOf = identity => identity.split('/')[0];
const once = list => [...new Set(list)];

/** The sender, and whether numbers were compared with it. */
function senderOf(entry) {
  const trust = trustOf(entry.compared);
  return el('span', {}, el('bdi', {}, entry.from ?? ''), trust && ` (${trust})`);
}

const names = list => el('bdi', {}, listOf(list));

/** Who came in or went: devices of the sender's own account are no other people. */
function added(entry) {
  const users = once((entry.added ?? []).map(userOf));
  const others = users.filter(u => u !== entry.from);
  return [
    others.length > 0 && ['lineAdded', { whom: names(others) }],
    users.length > others.length && ['lineAddedDevice', {}],
  ];
}

function commit(entry) {
  const { removed = [], roles = [], banned, unbanned, invited, uninvited, closed } = entry;
  const gone = once(removed.map(userOf));
  const listed = (list, key) => list?.length > 0 && [key, { whom: names(list) }];
  const told = [
    ...added(entry),
    listed(gone, 'lineRemoved'),
    ...roles.map(({ user, role }) => ['lineRole', { whom: user, role: say(role) }]),
    listed(banned, 'lineBanned'), listed(unbanned, 'lineUnbanned'),
    listed(invited, 'lineInvited'), listed(uninvited, 'lineUninvited'),
  ].filter(Boolean);
  if (told.length === 0) told.push(['lineKeys', {}]);
  if (closed?.length > 0) told.push(['lineClosed', { whom: names(once(closed.map(userOf))) }]);
  if (entry.reason) told.push(['lineItself', {}]);
  return told;
}

function room(entry) {
  const { name, subject, picture } = entry;
  return [
    name !== undefined && ['lineName', { name }],
    subject !== undefined && ['lineSubject', { subject }],
    picture !== undefined && [picture ? 'linePicture' : 'linePictureGone', {}],
  ].filter(Boolean);
}

function refused(entry) {
  const { broken, device, rule, reason } = entry;
  if (broken) return [['lineBroken', { device: (device ?? '').slice(0, 8) }]];
  return rule ? [['lineRefusedCommit', { why: rule }]] : [['lineUnreadable', { why: reason }]];
}

/** Kind → the sentences: [name of the text, values]. */
const LINES = {
  commit,
  room,
  refused,
  joined: e => [[e.removed ? 'lineJoinedAgain' : 'lineJoined', {}]],
  departed: e => [['lineDeparted', { device: (e.device ?? '').slice(0, 8) }],
    e.heir && ['lineHeir', { whom: e.heir }]].filter(Boolean),
  name: e => [['lineName', { name: e.text ?? '' }]],
  moved: e => [[e.goes_over ? 'lineOver' : 'lineMoved', { algorithm: e.algorithm }]],
  removed: () => [['lineYouRemoved', {}]],
  unreadable: e => [['lineUnreadable', { why: e.reason ?? '' }]],
  expired: () => [['lineExpired', {}]],
};

const ABOUT_OTHERS = new Set(['edit', 'delete', 'reaction', 'receipt', 'text']);

/** Whether it is a line of its own. */
export const isLine = entry => !ABOUT_OTHERS.has(entry.kind);

/** The sentences of an entry, as nodes. */
export function linesOf(entry) {
  const told = LINES[entry.kind]?.(entry) ?? [['lineLater', { kind: entry.kind }]];
  return told.map(([key, values]) =>
    el('p', {}, phrase(key, { who: senderOf(entry), ...values })));
}

/** What stands under a session in the list: the last thing that happened. */
export function previewOf(entry) {
  if (!entry) return say('nothingSaid');
  const made = el('span');
  if (entry.kind === 'text') {
    const { deleted, expired, edited_text: edited, text, file } = entry;
    if (entry.from && !entry.own) made.append(el('bdi', {}, entry.from), ': ');
    made.append(deleted ? say('deletedText') : expired ? say('expiredText')
      : el('bdi', {}, edited ?? (text || plain(file?.name ?? ''))));
  } else if (entry.kind === 'reaction' || entry.kind === 'edit') {
    made.append(el('bdi', {}, entry.from ?? ''), `: ${entry.text ?? ''}`);
  } else if (entry.kind === 'delete') {
    made.textContent = say('deletedText');
  } else {
    made.append(linesOf(entry)[0]?.textContent ?? '');
  }
  return made;
}
