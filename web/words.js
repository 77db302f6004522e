// Every text of the page. A translation is another table with the same names; braces hold what
// is put in. A text with numbers has a form for each of Intl.PluralRules.
const LANGUAGE = 'en';

const TEXTS = {
  // ---- the door ----
  product: 'Hermetic',
  tagline: 'Sealed messages, which the server cannot read.',
  logIn: 'Log in',
  register: 'Register',
  username: 'User name',
  usernameHint: 'a-z, 0-9, dot, hyphen and underscore; 32 characters at most.',
  passphrase: 'Passphrase',
  passphraseAgain: 'Passphrase again',
  passphraseHint: 'It seals what this browser stores, and logs you in. Nobody can give you ' +
    'another one for what is stored here.',
  passphraseShow: 'Show the passphrase',
  passphrasesDiffer: 'The two passphrases differ.',
  usernameMissing: 'A user name is wanted.',
  passphraseMissing: 'A passphrase is wanted.',
  deviceName: 'Name of this device',
  browserName: 'browser',
  deviceNameHint: 'Shown in the list of your devices.',
  registrationToken: 'Registration token',
  registrationTokenHint: 'Only where the server lets those register who have one.',
  unlock: 'Unlock',
  unlockText: 'This browser has a sealed device. Its passphrase opens it.',
  otherAccount: 'Forget this device',
  otherAccountText: 'All that this browser stores of the device goes: its keys, and every ' +
    'message that was read here. Other devices of the account keep theirs.',
  forget: 'Forget it',
  working: 'One moment. Deriving keys of a passphrase takes time on purpose.',
  trustServer: 'A page is the program of whoever serves it: {host} could give you another one ' +
    'that reads along. The command and an own copy of this page do not take that on trust.',
  noDevice: 'No other device is left',
  recoveryUse: 'It lets this device in without another one.',
  codeTitle: 'This device waits to be approved',
  codeText: 'On another device of yours, approve this code. Nobody else may see it.',
  codeDrawing: 'The code as a QR code, for the camera of another device of yours',
  codeCommand: 'In a terminal: hermetic devices approve {code}',
  codeWaits: 'Waiting for the other device.',
  codeCancel: 'Do not wait',
  noCrypto: 'This page needs HTTPS, or a server on this machine: the browser gives no ' +
    'cryptography to a page without.',
  noStorage: 'This browser stores nothing for this page: {why} Allow it to store data, or use ' +
    'a window that is not private, and load the page again.',
  loadAgain: 'Load the page again',

  // ---- the frame ----
  sessions: 'Sessions',
  noSessions: 'No sessions yet. Begin one, or wait to be invited.',
  noSession: 'Choose a session, or begin one.',
  newSession: 'New session',
  trouble: '{session}: {why}',
  account: 'Account and devices',
  lock: 'Lock',
  search: 'Search',
  back: 'Back to the sessions',
  close: 'Close',
  cancel: 'Cancel',
  done: 'Done',
  offline: 'The server is not reached. What you write is kept, and sent later.',
  unread: { one: '{count} unread message', other: '{count} unread messages' },
  left: 'You are not in this session any more.',
  removed: 'You were removed from this session.',
  you: 'you',
  nothingSaid: 'Nothing was said yet',

  // ---- trust: the words of the command ----
  verified: 'verified',
  unverified: 'unverified',
  CHANGED: 'CHANGED',
  changedText: 'That account is another one than when you compared numbers. Compare again.',
  serverSays: '{who}, as the server says',

  // ---- the conversation ----
  messages: 'Messages of {session}',
  memberCount: { one: '{count} member', other: '{count} members' },
  details: 'Members and safety number',
  older: 'Earlier messages',
  notShown: { one: 'At least {count} message that you have not read stands above these. ' +
    'Nothing counts as read before you have opened it.',
  other: 'At least {count} messages that you have not read stand above these. ' +
    'Nothing counts as read before you have opened them.' },
  newBelow: 'New messages',
  unreadFromHere: 'Not read yet',
  message: 'Message',
  messageTo: 'Message to {session}',
  send: 'Send',
  sending: 'Sending',
  waits: 'Waits',
  waitsWhy: 'Waits: {why}',
  refused: 'Refused: {why}',
  forgetItem: 'Do not send it',
  writeAgain: 'Write it again',
  fieldTaken: 'Send first what you are writing, or clear it.',
  deletedText: 'Deleted',
  expiredText: 'Expired',
  edited: 'edited',
  replyTo: 'Reply to {who}',
  replyGone: 'a message that is not here',
  reply: 'Reply',
  react: 'React',
  reactWith: 'React with {emoji}',
  reactOther: 'Another reaction',
  edit: 'Edit',
  editing: 'Edit your message',
  delete: 'Delete',
  deleteText: 'Those who have read it may have kept it. Delete it for the others?',
  copy: 'Copy the text',
  copyFailed: 'The browser did not let the text be copied: {why}',
  wholeText: 'Show all of it',
  messageMenu: 'What to do with this message',
  reactionBy: '{emoji}: {who}',
  deliveredTo: 'Arrived at {who}',
  readBy: 'Read by {who}',
  mentionsYou: 'mentions you',
  typing: { one: '{who} is typing.', other: '{who} are typing.' },
  newMembers: 'New since you looked last',
  newMember: '{who}, device {device}',
  newMembersText: 'Nothing is sealed for them until you have looked.',
  looked: 'I have looked',
  stopped: 'This session is stopped: {why}.',
  stopForked: 'members have seen different histories of it. The server, or a member, showed ' +
    'them different things: compare the safety number with the others before you go on',
  stopCopied: 'another copy of this device\'s state is used somewhere. End the other one ' +
    'first: two of one device lock each other out',
  stopBehind: 'this device could not follow a change that the server shows, and has found no ' +
    'way from the group it knows to the one of today. If you go on, it joins whatever group ' +
    'the server shows: look at the members and the safety number afterwards',
  goOn: 'Go on from here',
  goOnText: 'You take on trust what the server shows of this session from here on.',

  // ---- lines of the log ----
  lineAdded: '{who} added {whom}; new keys',
  lineAddedDevice: '{who} brought in a new device',
  lineRemoved: '{who} removed {whom}; new keys',
  lineRole: '{who} made {whom} {role}',
  lineBanned: '{who} banned {whom}',
  lineUnbanned: '{who} took back the ban of {whom}',
  lineInvited: '{who} invited {whom}',
  lineUninvited: '{who} took back the invitation of {whom}',
  lineKeys: '{who} changed the keys',
  lineItself: 'This device did that by itself',
  lineJoined: '{who} joined; new keys',
  lineJoinedAgain: '{who} joined again; new keys',
  lineDeparted: '{who} left with device {device}',
  lineHeir: '{whom} is to be owner',
  lineClosed: 'Account closed: {whom}',
  lineName: '{who} calls this session {name}',
  lineSubject: '{who} says that this session is about {subject}',
  linePicture: '{who} gave this session a picture',
  linePictureGone: '{who} took the picture of this session away',
  lineMoved: '{who} moved this session to {algorithm}',
  lineOver: '{who} took this session over to accounts ({algorithm})',
  lineYouRemoved: '{who} removed this device',
  lineUnreadable: 'Not readable: {why}',
  lineRefusedCommit: 'A commit was refused, members and keys are as before: {why}',
  lineBroken: '{who}, device {device}, signed a commit that cannot be processed. This device ' +
    'joins again',
  lineExpired: 'The server says that it does not keep this message any more',
  lineLater: 'This is for a later version: {kind}',
  lineCopy: 'by another copy of this device\'s state',

  // ---- files ----
  attach: 'Attach a file',
  fileSave: 'Save {name}',
  fileUnnamed: 'a file without a name',
  fileSending: 'Sending {name}: {percent}',
  fileSaving: 'Fetching {name}: {percent}',
  fileCancel: 'Stop',
  fileNotSent: 'The file {name} was not sent: {why}',
  fileNotSaved: 'The file {name} was not fetched: {why}',

  // ---- a new session ----
  sessionName: 'Name',
  sessionNameHint: 'Members read it; the server does not.',
  with: 'With',
  withHint: 'User names, with spaces between.',
  verifiedOnly: 'Send to verified people only',
  openSession: 'Anybody who has its id may join',
  create: 'Begin',

  // ---- details ----
  members: 'Members',
  device: 'device {device}',
  thisDevice: 'this device',
  newNotSeen: 'new: not seen yet',
  brokenCommits: 'signed commits that cannot be processed',
  owner: 'owner',
  admin: 'admin',
  member: 'member',
  safetyNumber: 'Safety number of the session',
  safetyHint: 'All members see the same digits while they have the same members and keys.',
  sealedBy: 'Sealed by {algorithm}',
  aboutSession: 'About: {subject}',
  inviteSomebody: 'Invite',
  inviteHint: 'A user name.',
  invitedLater: '{who} may join now.',
  invitedNow: { one: '{count} device of {who} was added.',
    other: '{count} devices of {who} were added.' },
  invitedList: 'Invited: {who}',
  bannedList: 'Banned: {who}',
  ban: 'Ban',
  banText: 'Remove {who}, and keep them out? What they have read stays with them.',
  unban: 'Take back the ban',
  roleOf: 'Role of {who}',
  rename: 'Rename',
  subject: 'About',
  save: 'Save',
  newKeys: 'New keys',
  newKeysHint: 'Whoever has copied the keys of a member reads nothing that is said afterwards.',
  newKeysDone: 'The keys were changed.',
  leaveSession: 'Leave',
  leaveText: 'What you have read stays here. To come back, somebody has to invite you.',
  removeMember: 'Remove',
  removeText: 'Remove {who} from the session? What they have read stays with them.',
  sessionId: 'Id: {id}',

  // ---- verification ----
  verify: 'Compare numbers',
  verifyTitle: 'Compare numbers with {who}',
  verifyText: 'Read these digits to each other, by a call or side by side: not in this ' +
    'session, where whoever sits between could change them.',
  verifyOwn: 'Yours',
  verifyOther: 'Those of {who}',
  verifyYes: 'You have compared these numbers.',
  verifyNo: 'You have not compared these numbers yet.',
  verifyChanged: 'The account has changed since you compared the numbers: compare them again.',
  verifyForked: 'There are two logs of this account that contradict each other.',
  verifyClosed: 'This account is closed.',
  verifyOtherAccount: 'The server shows another account under that name: {digits}',
  verifyAccept: 'The name means that account from now on',
  verifySame: 'They are the same',

  // ---- invitations ----
  invitations: 'Invitations',
  invitedBy: 'Invited by {who}',
  invitedSigned: 'signed by {who}',
  inviterGone: 'somebody whose account does not exist any more',
  accept: 'Accept',
  decline: 'Decline',

  // ---- account ----
  accountOf: 'Account {who}',
  yourNumbers: 'Your numbers',
  devices: 'Devices',
  deviceWaits: 'A device of yours waits to be approved.',
  deviceNumber: 'device {number} of the account',
  deviceApprove: 'Approve a device',
  deviceApproveText: 'Type the code that the new device shows. Approve no code that somebody ' +
    'has sent you.',
  code: 'Code',
  approve: 'Approve',
  approved: 'Approved {name}.',
  approvedSessions: { one: 'It was brought into {count} session.',
    other: 'It was brought into {count} sessions.' },
  refuse: 'Refuse',
  revoke: 'Remove',
  revokeText: 'Remove {name} from the account? It is taken out of every session.',
  pending: 'waits to be approved',
  notInLog: 'not in the account\'s log: the server names it',
  blocks: 'Blocked people',
  blocksHint: 'Their invitations are not shown.',
  noBlocks: 'Nobody.',
  block: 'Block',
  unblock: 'Unblock',
  wishes: 'What you tell others',
  receiptsWish: 'Tell others how far you have read',
  typingWish: 'Tell others when you type',
  recovery: 'Recovery',
  recoveryText: 'A recovery key lets you back in when all your devices are lost.',
  recoveryKey: 'Recovery key',
  recoveryHas: 'Your account has a recovery key.',
  recoveryNone: 'Your account has no recovery key yet.',
  recoveryNew: 'Make a recovery key',
  recoveryWrite: 'Write it down, on paper. It lets you back in when all your devices are lost: ' +
    'without one the account is lost with them. Whoever has it can add a device to your ' +
    'account. It is not shown again.',
  recoveryWritten: 'I have written it down',
  recoveryCheck: 'Type it from what you have written. It counts from then on.',
  recoveryAgain: 'Show it again',
  recoverySet: 'Set the recovery key',
  recoveryLater: 'Not now',
  recoveryOld: 'The recovery key that stands',
  recoveryStands: 'Your account has a recovery key. Type it: it signs the new one.',
  recoveryDone: 'The recovery key is set.',
  goNext: 'Go on',
  logOut: 'Log out',
  logOutText: 'The server forgets the login. What is stored here stays sealed under your ' +
    'passphrase.',
  logOutForget: 'Also forget all that this browser stores',
  blocked: 'blocked',

  // ---- what to do about a failure (next.js) ----
  nextCompare: 'Open the person in the members of the session, and compare numbers.',
  nextRemoveOrCompare: 'In the members of the session, compare numbers with that person, or remove ' +
    'them.',
  nextBlocked: 'In your account, take that person out of the blocked people, and accept then.',
  nextApprove: 'On another device of yours, open the account, and approve this one.',
  nextBringIn: 'On a device of yours that is in the session, open the account and approve this ' +
    'device again: that brings it in.',
  nextMembers: 'Look at the members of the session.',
  nextRemove: 'An admin or the owner removes that device in the members of the session.',
  nextStopped: 'Open the session: it says what you can do.',
  nextUnban: 'An admin or the owner takes a ban back in the members of the session.',
  nextNewKeys: 'Change the keys in the members of the session.',
  nextDelete: 'Delete messages with files that nobody needs any more.',
  nextAccount: 'Open your account: its devices are there.',
  nextAnew: 'Log out, forget what this browser stores, and log in as a new device.',
  nextPassphrase: 'Type the passphrase again. It may also be the user name.',
  nextLogIn: 'Log in again.',
  nextLook: 'Look at how it stands now, and try again.',
  nextAsk: 'Ask somebody who may: an admin of the session, or another of your devices.',
  nextLater: 'Try again later.',
  nextStorage: 'Look at this machine: the browser may have no room left.',

  // ---- what has failed, where a person meets it before there is a device (next.js) ----
  failedCredentials: 'No account has this user name with this passphrase.',
  failedPassphrase: 'That passphrase does not open what this browser stores.',
  failedTaken: 'Somebody has this user name already. Choose another one, or log in.',
  failedModule: 'The part of this page that seals was not loaded.',

  // ---- search ----
  searchFor: 'Words',
  searchNothing: 'Nothing was found in what this device has read.',
  searchHits: { one: '{count} message', other: '{count} messages' },
};

const plurals = new Intl.PluralRules(LANGUAGE);
const lists = new Intl.ListFormat(LANGUAGE, { style: 'long', type: 'conjunction' });

/** The text of that name with its braces; `count` of the values chooses a form of it. */
export function template(key, { count = 1 } = {}) {
  const text = TEXTS[key];
  if (text === undefined) throw new Error(`there is no text ${key}`);
  return typeof text === 'string' ? text : text[plurals.select(count)];
}

/** The text with the values in it. */
export const say = (key, values = {}) =>
  template(key, values).replace(/\{(\w+)\}/g, (_, name) => plain(values[name]));

const ENDS = /[\t\n\r\u2028\u2029]+/g; // of lines
const MOST = 700; // characters: no name and no sentence that is one is longer
const HIDDEN = /[\0-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g; // what turns others round

/** Not between the two halves of a character. */
export const cut = (text, most) => text.slice(0, most).replace(/[\ud800-\udbff]$/, '');

function within(text) {
  return text.length > MOST ? `${cut(text, MOST)}…` : text;
}

/** A name, as somebody else chose it, on one line: the signs in it that would show another one
 * than its characters make are seen. */
export const plain = name => within(String(name)).replace(ENDS, ' ').replace(HIDDEN, '\ufffd');

/** "alice, bob and carol" */
export const listOf = names => lists.format(names.map(plain));

const formats = {
  time: new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' }),
  day: new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' }),
  dayOfYear: new Intl.DateTimeFormat(undefined, { dateStyle: 'full' }),
  date: new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' }),
  dateOfYear: new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' }),
  full: new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' }),
  percent: new Intl.NumberFormat(undefined, { style: 'percent' }),
};

export const formatted = (kind, value) => formats[kind].format(value);

const isThisYear = ms => new Date(ms).getFullYear() === new Date().getFullYear();

/** A day, of another year with that. */
export const dayOf = ms => formatted(isThisYear(ms) ? 'day' : 'dayOfYear', ms);

/** The time of today, else the date. */
export function shortTime(ms) {
  const isToday = new Date(ms).toDateString() === new Date().toDateString();
  return formatted(isToday ? 'time' : isThisYear(ms) ? 'date' : 'dateOfYear', ms);
}

/** "1.2 MB" */
export function sizeOf(bytes) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  let i = 0;
  for (; bytes >= 1000 && i < units.length - 1; i++) bytes /= 1000;
  return new Intl.NumberFormat(undefined, { style: 'unit', unit: units[i],
    unitDisplay: 'narrow', maximumFractionDigits: bytes < 10 && i > 0 ? 1 : 0 }).format(bytes);
}
