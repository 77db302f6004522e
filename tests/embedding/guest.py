"""A guest who is asked into a session, and asks somebody else.

    guest.py HOME SERVER NAME WHOM

A line of input names the session; the next one comes when somebody else has asked WHOM.
"""
import os
import sys

from hermetic import Comparison, Device, Failure, Letter, Result, Where
from refusals import refused

home, server, name, whom = sys.argv[1:]


def say(text: str) -> None:
    print(text, flush=True)


with Device(home, os.environ["PASSPHRASE"], server=server, username=name,
            scrypt_n=16384, stock=5) as me:
    me.register()
    say("registered")
    session, host = sys.stdin.readline().split()
    assert me.letters(session) == [Letter(host, Comparison.NO)]
    assert me.find(session[:13], Where.INVITED) == session
    for where in Where.HERE, Where.IDS, Where.ALL:
        if where == Where.HERE:
            refused(Result.GONE, "no-such-session", me.find, session[:13], where)
        else:
            assert me.find(session[:13], where) == session
    [invitation] = me.invitations()
    assert (invitation.session, invitation.inviter) == (session, host), invitation
    assert me.last_json[0]["letters"] == [{"by": host, "compared": "no"}], me.last_json
    assert me.labels() == []
    me.join(session)
    assert me.invitations() == []
    refused(Result.GONE, "no-such-invitation", me.find, session[:13], Where.INVITED)
    assert me.find(session[:13]) == me.find(session[:13], Where.ALL) == session
    refused(Result.USAGE, "usage", me.find, session, 4)
    assert me.ask(session, whom) is None
    assert me.last_json == {"devices": 0}
    say("asked")
    sys.stdin.readline()
    assert me.ask(session, whom) is None
    me.uninvite(session, whom)
    try:
        me.uninvite(session, whom)
        raise AssertionError
    except Failure as failure:
        assert failure.result is Result.GONE and failure.slug == "not-invited"
        assert failure.about == {"session": session, "name": whom}, failure.about
        assert "hermetic" not in str(failure), failure
    say("taken back")
    sys.stdin.readline()
    assert me.ask(session, whom) == host
    assert me.last_json == {"devices": 0, "invited_by": host}
    say("told")
