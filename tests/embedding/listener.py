"""A device that is in two sessions, is refused in one, and talks in the other.

    listener.py HOME SERVER NAME

A line of input names the two sessions; the next one comes when this device was removed
from the second.
"""
import os
import sys

from hermetic import Device, EventKind, Result

from refusals import refused

home, server, name = sys.argv[1:]


def say(text: str) -> None:
    print(text, flush=True)


def hear(kind: EventKind, session: str) -> str:
    """Waits for such an event: its text."""
    for event in me.events():
        if (event.kind, event.session) == (kind, session):
            return event.text
    raise AssertionError


with Device(home, os.environ["PASSPHRASE"], server=server, username=name,
            scrypt_n=16384, stock=5) as me:
    me.register()
    say("registered")
    talk, left = sys.stdin.readline().split()
    me.join(talk)
    me.join(left)
    say("joined")
    sys.stdin.readline()
    me.listen()
    hear(EventKind.ENDED, left)
    say("listens")
    sent = me.send(talk, "for who is shown")
    assert sent.kept, sent
    assert not me.flush(talk)
    me.shown(talk, me.members(talk))
    assert me.flush(talk) and me.outbox() == []
    assert hear(EventKind.TEXT, talk) == "for who is shown"
    me.follow(talk)
    assert hear(EventKind.TEXT, talk) == "for who is shown"
    # and it is read back
    [session] = [s for s in me.sessions() if s.id == talk]
    assert session.unread == 0, session
    assert [e.text for e in me.search("SHOWN who")] == ["for who is shown"]
    assert me.search("shown", talk, after=session.last) == []
    assert me.find(talk[:8]) == talk
    me.read_to(talk, session.last)
refused(Result.USAGE, "closed", me.sessions)
refused(Result.USAGE, "closed", me.send, talk, "too late")
refused(Result.USAGE, "closed", next, me.events())
assert me.close() is None
