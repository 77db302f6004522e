"""A device that listens before its server is there, and while it comes and goes.

    late.py HOME SERVER NAME

Each line of input is answered by what has happened next.
"""
import os
import sys

from hermetic import Device, EventKind

home, server, name = sys.argv[1:]
told = []


def say(text: str) -> None:
    print(text, flush=True)


def hear(me: Device, kind: EventKind) -> str:
    """Waits for the next such event: its session. What came before it is kept in `told`."""
    for event in me.events():
        told.append(event.kind)
        if event.kind == kind:
            return event.session
    raise AssertionError


def device(**more: bool) -> Device:
    return Device(home, os.environ["PASSPHRASE"], server=server, username=name,
                  scrypt_n=16384, stock=5, **more)


with device() as me:
    me.register()
say("registered")
sys.stdin.readline()
with device(patient=True) as me:
    me.open()
    me.listen()
    say("listens")
    say(f"first {hear(me, EventKind.INVITED)}")
    hear(me, EventKind.DISCONNECTED)
    say("lost")
    say(f"second {hear(me, EventKind.INVITED)}")
    hear(me, EventKind.DEVICE_WAITS)
    say("a device waits")
    sys.stdin.readline()
    hear(me, EventKind.CONNECTED)
    say("back")
    sys.stdin.readline()
    # what was told is not told again: this one is the next
    told.clear()
    say(f"third {hear(me, EventKind.INVITED)}")
    assert EventKind.DEVICE_WAITS not in told, told
