"""What a device knows as JSON, and an account's log that is kept and looked at.

    views.py HOME SERVER NAME WHOM
"""
import json
import os
import sys
import uuid

from hermetic import Device, Result
from refusals import refused

home, server, name, whom = sys.argv[1:]


def device() -> Device:
    return Device(home, os.environ["PASSPHRASE"], server=server, username=name,
                  scrypt_n=16384, stock=5)


with device() as me:
    refused(Result.USAGE, "not-open", me.account_log)
    me.register()
    session = me.create("Views")
    me.verified_only = True
    me.invite(session, whom)
    sent = me.send(session, "who is verified?")
    for nowhere in str(uuid.uuid4()), "nowhere", "":
        refused(Result.GONE, "no-such-session", me.json_session, nowhere)
        refused(Result.GONE, "no-such-session", me.members, nowhere)
        refused(Result.GONE, "no-such-session", me.send, nowhere, "is anybody there?")
        refused(Result.GONE, "no-such-session", me.leave, nowhere)
    refused(Result.GONE, "no-account-log", me.json_person, "stranger")
    refused(Result.GONE, None, me.account_log, "stranger-of-all")
    refused(Result.USAGE, "usage", me.account_log, "no name")
    me.verify(whom)
    pages = me.account_log()
    shown = {"session": me.json_session(session), "outbox": me.json_outbox(),
             "person": me.json_person(whom), "pages": pages,
             "log": [json.loads(page) for page in pages.splitlines()]}

with device() as nobody:  # is not open: pages are looked at without a device
    shown["checked"] = nobody.check_log(pages)
    refused(Result.REFUSED, "no-account-log", nobody.check_log, "{}")
    refused(Result.USAGE, "usage", nobody.check_log, "")
    page = dict(shown["log"][0], username="somebody")
    refused(Result.REFUSED, "another-name", nobody.check_log, json.dumps(page))
    page = dict(shown["log"][0], links=shown["log"][0]["links"][:1] * 2)
    refused(Result.REFUSED, "link-invalid", nobody.check_log, json.dumps(page))
print(json.dumps(shown), flush=True)
