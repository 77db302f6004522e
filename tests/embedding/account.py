"""Recovery keys, the passphrase and the end of an account.

    account.py FOLDER SERVER NAME OTHER
"""
import os
import sys

from hermetic import Device, Result
from refusals import refused

folder, server, name, other = sys.argv[1:]
OLD, NEW = os.environ["PASSPHRASE"], "a passphrase of later"


def device(home: str, who: str = name, passphrase: str | None = OLD) -> Device:
    return Device(os.path.join(folder, home), passphrase, server=server,
                  username=who, device_name=home, scrypt_n=16384, stock=5)


os.makedirs(folder, exist_ok=True)
with device("first") as me, device("second") as second, \
        device("other", other) as guest:
    me.register()
    guest.register()
    session = me.create("The end", users=[other])
    guest.join(session)
    me.shown(session, me.members(session))

    # a recovery key counts once it is set, and signs the one after it
    refused(Result.USAGE, "not-open", second.recovery_key)
    assert not me.has_recovery_key
    first_key = me.recovery_key()
    assert not me.has_recovery_key
    refused(Result.REFUSED, "recovery-key", me.set_recovery_key, "no key")
    me.set_recovery_key(first_key)
    assert me.has_recovery_key
    refused(Result.CONFLICT, "recovery-key-stands", me.recovery_key)
    never_set = me.recovery_key(standing=first_key)
    key = me.recovery_key(standing=first_key)
    me.set_recovery_key(key, standing=first_key)

    # a new device comes in by it
    refused(Result.LOOK, "approval-needed", second.login)
    refused(Result.REFUSED, "recovery-key", second.recover, never_set)
    with device("asked") as asked:
        refused(Result.REFUSED, "recovery-key", asked.login, None, lambda: never_set)
        asked.login(recovery_key=lambda: key)
    second.recover(key)
    refused(Result.USAGE, "usage", second.recover, key)
    me.verify(name)  # reads the own log
    [came] = [d for d in me.devices() if d.id == second.device_id]
    assert came.stands and not came.pending, came
    with device("second") as again:
        refused(Result.CONFLICT, "in-account", again.recover, key)
        refused(Result.CONFLICT, "in-account", again.begin_anew)

    # the passphrase, where a device is open, listens, and where it is not even open
    me.listen()
    refused(Result.PASSPHRASE, "passphrase", me.change_passphrase, "")
    me.change_passphrase(NEW, end_others=True)
    me.step()
    assert [s.id for s in me.sessions(invitations=True)] == [session]
    with device("first") as again:
        refused(Result.PASSPHRASE, None, again.open)
    second.close()
    with device("second") as again:
        again.change_passphrase(NEW)
        assert again.username == ""
        again.open()
        assert again.username == name
        again.devices()
    with device("nowhere") as again:
        refused(Result.NO_ACCOUNT, "no-state", again.change_passphrase, NEW)

    # one that is asked for when it is needed
    with device("second", passphrase=None) as again:
        refused(Result.PASSPHRASE, "passphrase-needed", again.open)
        refused(Result.PASSPHRASE, "passphrase-needed", again.change_passphrase, OLD)
        again.set_passphrase(OLD)
        refused(Result.PASSPHRASE, "wrong-passphrase", again.open)
        again.set_passphrase(NEW)
        again.open()
    with device("nowhere", passphrase=None) as again:
        refused(Result.NO_ACCOUNT, "no-state", again.open)
        refused(Result.PASSPHRASE, "passphrase-needed", again.register)

    # to verified people only
    assert not me.verified_only
    me.verified_only = True
    sent = me.send(session, "to whom I know")
    assert sent.kept and me.verified_only, sent
    me.verify(other)
    me.compared(other)
    assert me.flush(session) and me.outbox(session) == []

    # another account under the same name
    with device("third", f"{other}-3") as third:
        third.register()
    assert me.verify(f"{other}-3").other_digits is None
    with device("anew", f"{other}-3") as anew:
        refused(Result.LOOK, "approval-needed", anew.login)
        anew.begin_anew()
    shown = me.verify(f"{other}-3")
    assert shown.other_digits not in (None, shown.digits), shown
    assert shown.other_fingerprint is not None
    assert shown.slug == "identity-changed" and f"{other}-3" in shown.why, shown
    assert me.last_json["other_digits"] == shown.other_digits
    me.accept(f"{other}-3", shown.other_fingerprint)
    assert me.verify(f"{other}-3").digits == shown.other_digits

    # the end
    assert not me.closing
    me.close_account()
    assert me.last_json == [{"session_id": session, "left": True}], me.last_json
    assert not me.exists and me.username == "" and me.fileno() == -1
    refused(Result.USAGE, "not-open", me.sessions)
    refused(Result.NO_ACCOUNT, None, me.open)
    guest.refresh(session)
    assert guest.verify(name).closed
    print("done", flush=True)
