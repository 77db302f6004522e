// The calls of a device, in whichever tab it is.

/** What is made of other calls. */
export class Calls {
  async members(session) {
    return (await this.describe(session)).members;
  }

  reply(session, about, text, more) {
    return this.send(session, text, { ...more, about });
  }

  react(session, about, emoji, more) {
    return this.send(session, emoji, { ...more, about, act: 'react' });
  }

  edit(session, about, text, more) {
    return this.send(session, text, { ...more, about, act: 'edit' });
  }

  delete(session, about, more) {
    return this.send(session, '', { ...more, about, act: 'delete' });
  }
}
