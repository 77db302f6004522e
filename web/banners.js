// What stands above a conversation until a person has looked at it.
import { attempt, button, confirm, el, icon, phrase } from './dom.js';
import { trustMark } from './trust.js';
import { say } from './words.js';

const STOPS = { forked: 'stopForked', copied: 'stopCopied', behind: 'stopBehind' };

/** Whoever came in and was not shown yet. Who looks at this has been shown them. */
function newMembers(model, session, flushed) {
  const news = session.members.filter(m => !m.seen && !m.own && !m.departed);
  if (news.length === 0 || session.state !== 'member') return undefined;
  const problem = el('div');
  const looked = button(say('looked'), () => attempt(problem, looked, async () => {
    await model.client.shown(session.session_id, news.map(m => m.mark));
    await model.client.flush(session.session_id);
    await model.refresh(session.session_id);
    await flushed();
  }), { class: 'main' });
  return el('section', { class: 'banner', 'aria-label': say('newMembers') }, icon('people'),
    el('div', {}, el('strong', {}, say('newMembers')),
      el('ul', {}, ...news.map(m => el('li', {}, phrase('newMember',
        { who: m.username, device: m.device_id.slice(0, 8) }), ' ', trustMark(m.compared)))),
      el('p', { class: 'hint' }, say('newMembersText')), problem), looked);
}

/** Why nothing is sent there. */
function stopped(model, session, flushed) {
  if (!STOPS[session.stop]) return undefined;
  const go = button(say('goOn'), () => confirm(say('goOn'), say('goOnText'), say('goOn'),
    async () => {
      await model.client.resolve(session.session_id);
      await model.refresh(session.session_id);
      await flushed();
    }), { class: 'danger' });
  return el('section', { class: 'banner alert', role: 'alert' }, icon('warning'),
    el('p', {}, say('stopped', { why: say(STOPS[session.stop]) })), go);
}

function changed(session) {
  const users = new Set(session.members.filter(m => m.compared === 'changed')
    .map(m => m.username));
  return [...users].map(user => el('section', { class: 'banner alert', role: 'alert' },
    icon('warning'), el('p', {}, el('strong', {}, el('bdi', {}, user), ': ', say('CHANGED')),
      ' ', say('changedText'))));
}

export const bannersOf = (model, session, flushed) => [
  stopped(model, session, flushed), ...changed(session), newMembers(model, session, flushed),
].filter(Boolean);
