// The calls of a device, in whichever tab it is.

/** What is made of other calls; `on` and `ended` are those of who has them. */
export class Calls {
  /** The events from now on, for `for await`, until the client is closed. */
  async *events() {
    const waiting = [];
    let wake, over = false;
    const off = this.on(event => {
      waiting.push(event);
      wake?.();
    });
    this.ended.then(() => {
      over = true;
      wake?.();
    });
    try {
      for (;;) {
        while (waiting.length > 0) yield waiting.shift();
        if (over) return;
        await new Promise(done => { wake = done; });
      }
    } finally {
      off();
    }
  }

  async members(session) {
    return (await this.describe(session)).members;
  }

  // A number that is none is null in JSON, which the device refuses.
  reply(session, about = null, text, more) {
    return this.send(session, text, { ...more, about });
  }

  react(session, about = null, emoji, more) {
    return this.send(session, emoji, { ...more, about, act: 'react' });
  }

  edit(session, about = null, text, more) {
    return this.send(session, text, { ...more, about, act: 'edit' });
  }

  delete(session, about = null, more) {
    return this.send(session, '', { ...more, about, act: 'delete' });
  }
}
