"""A device that listens before its server can be reached, and learns then what has
happened meanwhile.

    patient.py HOME SERVER NAME

After each line that it says a line of input lets it go on.
"""
import os
import sys

from hermetic import Device, EventKind

home, server, name = sys.argv[1:]


def say(text: str) -> None:
    print(text, flush=True)


def hears() -> str:
    """The session of the next invitation."""
    for event in me.events():
        if event.kind == EventKind.INVITED:
            return event.session
    raise AssertionError


with Device(home, os.environ["PASSPHRASE"], server=server, username=name,
            scrypt_n=16384, stock=5, patient=True) as me:
    me.register()
    say("registered")
    sys.stdin.readline()
    me.listen()
    say("listens")
    waits = sys.stdin.readline().split()
    assert sorted(hears() for _ in waits) == sorted(waits)
    me.join(waits[0])
    say("joined")
    # the connection is lost, and what is told again is what is new
    [later] = sys.stdin.readline().split()
    assert hears() == later
    say("told")
