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
