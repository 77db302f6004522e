"""What only some members may do, a move to another algorithm, and who has a message.

    rules.py HOME GUEST_HOME SERVER NAME GUEST
"""
import json
import os
import sys
import time

from hermetic import Act, Device, Receipt, Result
from refusals import refused

home, guest_home, server, name, guest_name = sys.argv[1:]


def device(where: str, who: str) -> Device:
    return Device(where, os.environ["PASSPHRASE"], server=server, username=who,
                  scrypt_n=16384, stock=5, receipts=True)


with device(home, name) as me, device(guest_home, guest_name) as guest:
    me.register()
    guest.register()
    refused(Result.REFUSED, None, me.create, algorithms="rot13")
    other = me.create("Of another", algorithms="twofish-256-gcm")
    assert me.json_session(other)["algorithm"] == "twofish-256-gcm"
    session = me.create("Rules", users=[guest_name])
    guest.join(session)
    me.refresh(session)

    def role(of: str) -> str:
        me.refresh(session)
        return next(m.role for m in me.members(session) if m.username == of)

    assert role(guest_name) == "member"
    refused(Result.DENIED, None, guest.set_role, session, guest_name, "admin")
    refused(Result.USAGE, "usage", me.set_role, session, guest_name, "king")
    me.set_role(session, guest_name, "admin")
    assert role(guest_name) == "admin"

    [row] = [s for s in me.sessions() if s.id == session]
    wanted = "chacha20-poly1305" if "chacha" not in row.algorithm else "aes-256-gcm"
    refused(Result.USAGE, "usage", me.move, session, None)
    refused(Result.REFUSED, "no-common-algorithm", me.move, session, "rot13")
    me.move(session, wanted)
    assert [s.algorithm for s in me.sessions() if s.id == session] == [wanted]
    refused(Result.CONFLICT, None, me.upgrade, session)

    # who has a message, and who has read it; nothing is sealed, a receipt either, before
    # the guest was shown the members
    guest.refresh(session)
    guest.shown(session, guest.members(session))
    sent = me.send(session, "read me", to_new_members=True)
    assert me.receipts(session, sent.number) == []

    # what a look brings, and what of it is read
    [row] = [r for r in guest.look() if r["session_id"] == session]
    first, last = guest.kept(session)
    assert row["last_seq"] == last == sent.number and row["unread"] == 1, (row, last)
    told = [e.number for e in guest.taken()]
    assert sent.number in told and guest.taken() == [], told
    guest.read_part(session, first, last)
    [row] = [s for s in guest.sessions() if s.id == session]
    assert row.unread == 0
    assert {(n.session, n.label) for n in me.labels()} == {
        (session, "Rules"), (other, "Of another")}
    assert me.label(session) == "Rules"
    guest.listen()
    deadline = time.monotonic() + 60
    while guest.step(1) is not None and time.monotonic() < deadline:
        guest.read_to(session, sent.number)
        me.refresh(session)
        if me.receipts(session, sent.number) == [Receipt(guest_name, True)]:
            break
    else:
        raise AssertionError(me.receipts(session, sent.number), guest.members(session),
                             guest.outbox(session), guest.sessions())
    [far] = [m for m in me.members(session) if m.username == guest_name]
    assert far.read >= sent.number and far.delivered >= far.read, far
    refused(Result.GONE, None, me.receipts, session, 10 ** 6)

    # by one connection, under a key, and what the session itself is called
    assert abs(me.clock_ahead) < 60000
    me.shown(session, me.members(session))
    me.connect()
    name_it = {"act": Act.NAME, "key": "name", "to_new_members": True}
    named = me.send(session, "Renamed", **name_it)
    assert me.send(session, "Renamed", **name_it).number == named.number > sent.number
    refused(Result.CONFLICT, "key-reused", me.send, session, "Again", **name_it)
    me.send(session, "What it is about", act=Act.SUBJECT)
    [row] = [s for s in me.sessions() if s.id == session]
    assert (row.name, row.subject) == ("Renamed", "What it is about"), row
    pixel = b"\x89PNG\r\n\x1a\n" + bytes(64)
    me.send(session, "", act=Act.PICTURE, picture=pixel, key="picture")
    assert me.picture(session) == pixel
    short = me.send(session, "soon gone", expires=3600)
    assert json.loads(me.entry(session, short.number).json)["expires_at"] > 0
    refused(Result.USAGE, "usage", me.send, session, "no act", act=7)

    me.ban(session, guest_name)
    assert [m.username for m in me.members(session)] == [name]
    refused(Result.DENIED, None, guest.join, session)
    me.unban(session, guest_name)
    assert me.key_changes(guest_name) == []
    assert me.accept_keys(guest_name, []) == 0
    print("done", flush=True)
