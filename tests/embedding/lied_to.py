"""A device that listens, and says what it is told.

    lied_to.py HOME SERVER NAME

A line of input names a session that it joins. Then each event is a line [kind, session, text],
and what has failed is ["failed", slug, sentence]; a text "join ID" or "block NAME" is done.
"""
import json
import os
import sys

from hermetic import Device, Event, EventKind, Failure

home, server, name = sys.argv[1:]


def say(*words: str) -> None:
    print(json.dumps(words), flush=True)


def do(me: Device, verb: str, whom: str) -> None:
    try:
        me.join(whom) if verb == "join" else me.block(whom)
        say("done", verb, whom)
    except Failure as failure:
        say("failed", failure.slug, str(failure))


def hear(me: Device, event: Event) -> None:
    say(event.kind.name, event.session, event.text)
    if event.kind == EventKind.TEXT and event.text.split(" ")[0] in ("join", "block"):
        do(me, *event.text.split(" "))


with Device(home, os.environ["PASSPHRASE"], server=server, username=name,
            scrypt_n=16384, stock=5) as me:
    me.register()
    say("registered")
    me.join(sys.stdin.readline().strip())
    say("joined")
    sys.stdin.readline()
    me.listen()
    say("listens")
    over = False
    while not over:
        try:
            for event in me.step(60):
                hear(me, event)
                over = over or event.text == "end"
        except Failure as failure:
            say("failed", failure.slug, str(failure))
            for event in me.taken():
                hear(me, event)
    say("devices", json.dumps([device.name for device in me.devices()]))
