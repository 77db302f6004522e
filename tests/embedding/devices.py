"""A device lets in another one of its account, and ends it; and what is asked about people.

    devices.py HOME OTHER_HOME SERVER NAME WHOM
"""
import os
import sys
import threading
import time

from hermetic import Device, Failure, Result, Wish

home, other_home, server, name, whom = sys.argv[1:]


def device(where: str, called: str) -> Device:
    return Device(where, os.environ["PASSPHRASE"], server=server, username=name,
                  device_name=called, scrypt_n=16384, stock=5, receipts=True)


def refused(slug: str, function, *arguments) -> None:
    try:
        function(*arguments)
    except Failure as failure:
        assert failure.slug == slug, failure
    else:
        raise AssertionError(slug)


with device(home, "first") as me, device(other_home, "second") as other:
    me.register()
    session = me.create("Two devices")
    codes: list[str] = []
    shown = threading.Event()

    def show(code: str) -> None:
        codes.append(code)
        shown.set()

    login = threading.Thread(target=other.login, args=[show])
    login.start()
    shown.wait()
    assert me.someone_waits
    [waits] = [d for d in me.devices() if d.waits]
    assert any(row["device_id"] == waits.id for row in me.last_json)
    assert (waits.name, waits.pending, waits.stands) == ("second", True, False)
    refused("code", me.approve, "no code")
    number = me.approve(codes[0])
    assert me.last_json == {"device_id": waits.id, "name": "second", "number": number}
    assert not me.someone_waits and me.last_json is None
    while True:
        try:
            me.link(number)
            break
        except Failure as failure:
            assert failure.slug == "not-ready", failure
            time.sleep(0.2)
    assert me.last_json == [{"session_id": session, "devices": 1, "missing": 0}], me.last_json
    login.join()
    assert other.last_json["sessions"] == [{"session_id": session}], other.last_json
    assert other.last_json["device_id"] == other.device_id == waits.id
    assert [s.name for s in other.sessions()] == ["Two devices"]
    assert not me.began_anew
    # a file: cut off behind its first look, and gone on with
    path = os.path.join(home, "notes.txt")
    with open(path, "wb") as notes:
        notes.write(bytes(range(256)) * 1000)
    refused("interrupted", lambda: me.send_file(session, path,
                                                watch=lambda done, of: False))
    steps: list[tuple[int, int]] = []
    sent = me.send_file(session, path, "my notes", to_new_members=True,
                        watch=lambda *step: not steps.append(step))
    assert steps[-1] == (256016, 256016) and sent.number > 0, (steps, sent)
    once = [me.send_file(session, path, key="notes", to_new_members=True).number
            for _ in range(2)]
    assert once[0] == once[1] > sent.number, once
    other.refresh(session)
    assert other.save_file(session, sent.number, other_home) == "notes.txt"
    with open(os.path.join(other_home, "notes.txt"), "rb") as saved:
        assert saved.read() == bytes(range(256)) * 1000
    refused("no-file", other.save_file, session, 1, other_home)
    refused("not-asking", me.refuse, waits.id)
    refused("no-such-device", me.revoke, "nobody")
    me.revoke(waits.id[:13])
    assert [d.stands for d in me.devices() if d.own] == [True]
    assert not any(d.id == waits.id and d.stands for d in me.devices())

    assert me.block(whom) and [b.username for b in me.blocks()] == [whom]
    me.unblock(whom)
    assert me.blocks() == []
    person = me.verify(whom)
    assert person.other_fingerprint is None
    try:
        me.accept(whom, "00" * 32)
        raise AssertionError
    except Failure as failure:
        assert failure.result is Result.GONE
    assert me.wish(Wish.RECEIPTS)
    me.set_wish(Wish.RECEIPTS, False)
    assert not me.wish(Wish.RECEIPTS) and me.wish(Wish.TYPING)
    print("done", flush=True)
