// What a person does next about a failure, in this page: the library's sentence says what holds
// for every program, and its advice is for who writes one.
import { plain, say } from './words.js';

const BY_SLUG = {
  'identity-changed': 'nextCompare', 'key-changed': 'nextRemoveOrCompare',
  'account-forked': 'nextCompare', 'member-forked': 'nextRemoveOrCompare',
  'not-verified': 'nextRemoveOrCompare', 'not-met': 'nextCompare',
  'own-account-forked': 'nextAccount', 'own-log-differs': 'nextAccount',
  'device-not-in-log': 'nextApprove', 'device-pending': 'nextApprove',
  'link-needed': 'nextBringIn', 'not-in': 'nextBringIn', 'not-ready': 'nextLater',
  'device-ended': 'nextAnew', 'device-gone': 'nextAnew', 'not-approved': 'nextAnew',
  blocked: 'nextBlocked', banned: 'nextUnban',
  'new-members': 'nextMembers', 'no-such-user': 'nextRemove', 'ended-device': 'nextRemove',
  'accounts-missing': 'nextRemove', 'two-accounts': 'nextRemove', 'came-again': 'nextRemove',
  'keys-before': 'nextNewKeys',
  'history-differs': 'nextStopped', 'history-expired': 'nextStopped',
  'not-continued': 'nextStopped', 'copied-state': 'nextStopped', behind: 'nextStopped',
  'files-full': 'nextDelete',
};

const BY_RESULT = {
  passphrase: 'nextPassphrase', 'no-account': 'nextLogIn', gone: 'nextLook',
  conflict: 'nextLook', denied: 'nextAsk', look: 'nextLook', unreachable: 'nextLater',
  busy: 'nextLater', local: 'nextStorage',
};

const SENTENCES = {
  'bad-credentials': 'failedCredentials', 'wrong-passphrase': 'failedPassphrase',
  'username-taken': 'failedTaken', 'no-module': 'failedModule',
};

/** What has failed: the library's sentence, or the page's where a server has said it. A sentence
 * may have words of a server in it. */
export const sentenceOf = ({ message, slug }) =>
  Object.hasOwn(SENTENCES, slug ?? '') ? say(SENTENCES[slug]) : plain(message);

/** A sentence; "" where there is nothing to do but to read what has failed. */
export function nextStep({ slug, result }) {
  const name = (Object.hasOwn(BY_SLUG, slug ?? '') && BY_SLUG[slug]) ||
    (Object.hasOwn(BY_RESULT, result ?? '') && BY_RESULT[result]);
  return name ? say(name) : '';
}

/** What has failed, and the next step where the failure says more than its kind. */
export const reasonOf = ({ message, slug }) => [sentenceOf({ message, slug }), nextStep({ slug })]
  .filter(Boolean).join(' ');
