"""A guest who is asked into a session, and asks somebody else.

    guest.py HOME SERVER NAME WHOM

A line of input names the session; the next one comes when somebody else has asked WHOM.
"""
import os
import sys

from hermetic import Comparison, Device, Failure, Letter, Result

home, server, name, whom = sys.argv[1:]


def say(text: str) -> None:
    print(text, flush=True)


with Device(home, os.environ["PASSPHRASE"], server=server, username=name,
            scrypt_n=16384, stock=5) as me:
    me.register()
    say("registered")
    session, host = sys.stdin.readline().split()
    assert me.letters(session) == [Letter(host, Comparison.NO)]
    me.join(session)
    assert me.ask(session, whom) is None
    say("asked")
    sys.stdin.readline()
    assert me.ask(session, whom) is None
    me.uninvite(session, whom)
    try:
        me.uninvite(session, whom)
        raise AssertionError
    except Failure as failure:
        assert failure.result is Result.GONE and failure.slug == "not-invited"
    say("taken back")
    sys.stdin.readline()
    assert me.ask(session, whom) == host
    say("told")
