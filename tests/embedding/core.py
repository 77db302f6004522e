"""A device without input and output, driven over urllib: it makes an account, creates a
session with somebody, and talks until it has heard the word "end".

    core.py SERVER NAME WHOM
"""
import json
import sys
import time
import urllib.error
import urllib.request

import hermetic
from hermetic import Core, OrderKind

NOWHERE = "00000000-0000-4000-8000-000000000000"
server, name, whom = sys.argv[1:]
token = ""


def ask(method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
    request = urllib.request.Request(server + path, data=body, method=method)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as problem:
        return problem.code, problem.read()


def drive(turns):
    """Runs an order to its end: (session, Sent)."""
    answer = None
    try:
        while True:
            turn = turns.send(answer)
            answer = None
            if isinstance(turn, tuple):
                answer = ask(*turn)
            else:
                time.sleep(turn)
    except StopIteration as ended:
        return ended.value


login = {"username": name, "password": hermetic.password(name, "a passphrase")}
assert ask("POST", "/auth/register", json.dumps(login).encode())[0] == 201
login["device_name"] = "core"
status, answer = ask("POST", "/auth/login", json.dumps(login).encode())
assert status == 200, answer
token = json.loads(answer)["access_token"]
records: dict[str, bytes] = {}
device_id = json.loads(answer)["device_id"]
core = Core(name, device_id, records, stock=2)
drive(core.order(OrderKind.ACCOUNT))
drive(core.order(OrderKind.STOCK))
session, _ = drive(core.order(OrderKind.CREATE, users=[whom], name="core"))
_, sent = drive(core.order(OrderKind.SEND, session, text="who is there?",
                           to_new_members=True))
assert not drive(core.order(OrderKind.FLUSH, session))[1].kept
assert sent.number > 0 and not sent.kept
print(json.dumps({"session": session, "number": sent.number}), flush=True)

# another core over the same records is the same device
core.close()
core = Core(name, device_id, records, stock=2)
heard = []
while "end" not in heard:
    drive(core.order(OrderKind.REFRESH, session))
    heard += [e.text for e in core.events()
              if e.kind == hermetic.EventKind.TEXT and not e.own]
print(json.dumps({"heard": heard, "sessions": core.sessions(),
                  "name": core.describe(session)["name"]}), flush=True)

# what it has kept is found, and what it asks of its server is answered
assert core.find("CORE") == session
assert [len(row["entries"]) for row in core.search("ME")] == [1]
read, unread = core.unread(session)
assert (read, unread) == (0, 2)
core.read_to(session, core.describe(session)["last_seq"])
assert core.unread(session)[1] == 0 and core.outbox() == []
drive(core.order(OrderKind.BLOCK, whom=whom))
assert core.value == {"known": True}
drive(core.order(OrderKind.BLOCKS))
assert [row["username"] for row in core.value] == [whom]
drive(core.order(OrderKind.UNBLOCK, whom=whom))
drive(core.order(OrderKind.DEVICES))
assert [(row["own"], row["stands"]) for row in core.value] == [(True, True)]
assert core.due()[1] is None and core.type(session) is None
core.set_wish(hermetic.Wish.TYPING, False)
assert core.person(whom)["username"] == whom

# a file is sealed, stored and said, and is opened again
def move(file, sealed: bytes = b"") -> bytes:
    """Runs the transfer to its end; what was fetched."""
    came, answer, turns = b"", None, file.turns()
    try:
        while True:
            turn, answer = turns.send(answer), None
            if not isinstance(turn, tuple):
                time.sleep(turn)
                continue
            method, path, headers, at, count = turn
            request = urllib.request.Request(
                server + path, method=method,
                data=sealed[at:at + count] if method != "GET" else None)
            for line in headers + [f"Authorization: Bearer {token}"]:
                request.add_header(*line.split(": ", 1))
            with urllib.request.urlopen(request) as got:
                body = got.read() if got.status == 206 else b""
                offset = got.headers["Upload-Offset"]
                answer = (got.status, None, offset and int(offset), len(body))
                came += body
    except StopIteration:
        return came


def seal(file, data: bytes) -> bytes:
    return b"".join(file.pass_(data[i:i + 50000])
                    for i in range(0, len(data), 50000)) + file.end()


BYTES = b"what was written down " * 20000
with core.seal(session, "notes.txt", "a key of mine") as file:
    sealed = seal(file, BYTES)
    assert BYTES[:20] not in sealed and len(sealed) == len(BYTES) + 16
    move(file, sealed)
    _, sent = drive(core.order(OrderKind.SEND, session, text="notes", file=file,
                               to_new_members=True))
# under its key it was said, and the server has it
with core.seal(session, "notes.txt", "a key of mine") as file:
    assert seal(file, BYTES) == sealed and list(file.turns()) == []
    assert drive(core.order(OrderKind.SEND, session, text="notes", file=file,
                            to_new_members=True))[1] == sent
for called, data in (("note.txt", BYTES), ("notes.txt", BYTES[1:])):
    try:
        with core.seal(session, called, "a key of mine") as file:
            seal(file, data)
        raise AssertionError(called)
    except hermetic.Failure as failure:
        assert failure.slug == "key-reused", failure
drive(core.order(OrderKind.REFRESH, session))
for wrong in (False, True):
    with core.open(session, sent.number) as file:
        assert file.facts["name"] == "notes.txt" and file.facts["size"] == len(BYTES)
        came = move(file)
        assert came == sealed
        opened = file.pass_(came[:-16])
        try:
            file.end(came[-16:] if not wrong else bytes(16))
            assert opened == BYTES and not wrong
        except hermetic.Failure as failure:
            assert wrong and failure.slug == "file-differs"

# what cannot be is refused, with a sentence
try:
    drive(core.order(OrderKind.SEND, NOWHERE, text="nowhere"))
except hermetic.Failure as failure:
    print(json.dumps({"refused": failure.result.name, "why": str(failure),
                      "advice": failure.advice}))
core.close()


class Full(dict):
    """Records on a disk that is full."""

    def __setitem__(self, name: str, value: bytes) -> None:
        raise OSError("the disk is full")


core = Core(name, device_id, Full(records), stock=2)
try:
    drive(core.order(OrderKind.SEND, session, text="not kept"))
except OSError as error:
    print(error)
core.close()
try:
    core.sessions()
    raise AssertionError
except hermetic.Failure as failure:
    assert failure.slug == "closed", failure.slug

# A file outlives neither its end nor its device; a library of later tells what this one
# does not know.
core = Core(name, device_id, records, stock=2)
kept = core.open(session, sent.number)
turns = kept.turns()
assert len(next(turns)) == 5
for end in core, kept:
    end.close()
    for call in lambda: turns.send((0, None, None, 0)), lambda: next(kept.turns()), \
            lambda: kept.facts if end is kept else kept.pass_(b""):
        try:
            call()
            raise AssertionError(end)
        except (hermetic.Failure, StopIteration) as failure:
            assert isinstance(failure, StopIteration) or failure.slug == "closed", failure
assert hermetic.EventKind(99) == 99 and hermetic.EventKind(99).name == "UNKNOWN_99"
