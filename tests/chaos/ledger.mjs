// What clients were told, and nothing else; and whether it is true.
import { nextHead } from '../testlib/api.mjs';

export class Ledger {
  constructor() {
    this.sent = new Map(); // envelope: { session, state, seq, head }
    this.told = []; // { who, session, heads: Map of seq to head, whole }
    this.wrong = [];
  }

  complain(text) {
    if (this.wrong.length < 50) this.wrong.push(text);
  }

  open(session, envelope) {
    this.sent.set(envelope, { session, state: 'open' });
  }

  /** `seq` and `head` may be unknown: an MQTT client sees a PUBACK alone. */
  acked(envelope, seq, head) {
    Object.assign(this.sent.get(envelope), { state: 'acked', seq, head });
  }

  refused(envelope) {
    this.sent.get(envelope).state = 'refused';
  }

  /** Somebody who hears a session; `whole`: every message, in order. */
  hears(who, session, whole) {
    const heard = { who, session, heads: new Map(), last: 0, whole };
    this.told.push(heard);
    return heard;
  }

  heard(heard, { seq, head }) {
    const before = heard.heads.get(seq);
    if (before !== undefined && (heard.whole || before !== head))
      this.complain(`${heard.who} heard ${seq} twice`);
    if (heard.whole && seq !== heard.last + 1)
      this.complain(`${heard.who} heard ${seq} after ${heard.last}`);
    heard.heads.set(seq, head);
    heard.last = Math.max(heard.last, seq);
  }

  get size() { return this.sent.size; }

  /** Holds it all against the logs: Map of session id to messages. */
  check(logs) {
    const sum = { checked: 0, acknowledged: 0, lost: 0, duplicated: 0,
      reordered: 0, untrue: 0 };
    const where = new Map();
    for (const [id, log] of logs)
      log.forEach((m, i) => {
        if (m.seq !== i + 1 ||
            (i > 0 && nextHead(log[i - 1].head, m) !== m.head))
          sum.reordered++;
        if (where.has(m.envelope)) sum.duplicated++;
        where.set(m.envelope, { ...m, id });
        sum.checked++;
      });
    for (const [envelope, s] of this.sent) {
      const found = where.get(envelope);
      if (s.state === 'acked') {
        sum.acknowledged++;
        if (found?.id !== s.session.id) sum.lost++;
        else if (s.seq !== undefined &&
                 (found.seq !== s.seq || found.head !== s.head))
          sum.reordered++;
      } else if (s.state === 'refused' && found) {
        sum.untrue++;
      }
    }
    for (const t of this.told) {
      const log = logs.get(t.session.id);
      for (const [seq, head] of t.heads)
        if (log[seq - 1]?.head !== head) sum.reordered++;
      if (t.whole && t.heads.size !== log.length)
        this.complain(`${t.who} heard ${t.heads.size} of ${log.length}`);
    }
    return sum;
  }
}
