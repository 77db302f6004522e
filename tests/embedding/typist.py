"""Two devices in one process: one types, and the other one is told.

    typist.py HOME OTHER_HOME SERVER NAME OTHER_NAME
"""
import json
import os
import sys

from hermetic import Device, Event, EventKind

home, other_home, server, name, other_name = sys.argv[1:]


def device(where: str, who: str) -> Device:
    made = Device(where, os.environ["PASSPHRASE"], server=server, username=who,
                  scrypt_n=16384, stock=5)
    made.register()
    return made


def steps(*devices: Device) -> list[Event]:
    """Of the last one; all of them get time."""
    return [e for d in devices for e in d.step(0.1)
            if d is devices[-1] and e.kind is EventKind.TYPING]


with device(home, name) as me, device(other_home, other_name) as other:
    session = me.create("Typing", [other_name])
    other.join(session)
    me.type(session)  # nobody listens, and that is no failure
    for one in (me, other):
        one.listen()
    while not (told := steps(me, other)):
        me.type(session)
    assert [(e.session, json.loads(e.json)) for e in told] == [(session, [name])]
    me.type(session, False)
    while not (told := steps(me, other)):
        pass
    assert [json.loads(e.json) for e in told] == [[]]
    print("told", flush=True)
