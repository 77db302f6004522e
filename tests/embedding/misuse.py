"""Every function of the library with what nobody should hand in: each says so, and none ends
the program.

    misuse.py HOME SERVER NAME
"""
import ctypes as c
import os
import sys
import uuid
from collections.abc import Iterator
from typing import Any

from hermetic import Device, Result, _native
from refusals import refused

home, server, name = sys.argv[1:]
lib = _native.lib
# Texts that are none, that are no UTF-8, and that are no id and no name.
TEXTS = [None, b"", b"\xff\xfe", b"\xed\xa0\x80", b"No Name", b"x" * 1_000_000]
# These end what the others need; and these two are of the agent, which has a test of its own.
LEFT_OUT = {"new", "free", "version", "advice", "password", "logout", "leave", "decline",
            "close_account", "change_passphrase", "register", "begin_anew", "agent_serve",
            "lock"}
GIVES_AN_ID = {"find", "find_at", "create"}
session = b""


def functions(core: bool) -> Iterator[tuple[str, Any]]:
    """Those that take a handle; with `core` those of a device without input and output."""
    for line in open(os.path.join(os.path.dirname(__file__), "../../src/hermetic/abi.txt")):
        whole = line.split()[-1] if line.strip() and line[0] != "#" else ""
        word = whole.removeprefix("hermetic_")
        function = getattr(lib, whole, None) if word else None
        if function is None or not function.argtypes or word in LEFT_OUT:
            continue
        if word.startswith(("core_", "file_")) == core and not word.endswith(("free", "_new")):
            yield word, function


def usual(kind: Any) -> Any:
    """An argument as it should be."""
    if kind is c.c_char_p:
        return session or b"word"
    if isinstance(kind, type) and issubclass(kind, c._SimpleCData):
        return None if kind is c.c_void_p else kind(1)
    of = kind._type_
    return None if issubclass(of, _native.Sized) else c.pointer(of())


def misused(word: str, function: Any) -> Iterator[list[Any]]:
    kinds = function.argtypes[1:]
    for i, kind in enumerate(kinds):
        arguments = [usual(k) for k in kinds]
        values: list[Any] = []
        if word in GIVES_AN_ID:
            arguments[-1] = c.create_string_buffer(64)
        if word in GIVES_AN_ID and i == len(kinds) - 1:
            values = [None]
        elif kind is c.c_char_p:
            values = TEXTS
        elif kind is c.c_int:
            values = [-1, 99]
        elif not issubclass(kind, c._SimpleCData):
            values = [None]
            if issubclass(kind._type_, _native.Sized):
                values.append(c.pointer(kind._type_.from_buffer(bytearray(
                    c.sizeof(kind._type_)))))
        for value in values:
            yield arguments[:i] + [value] + arguments[i + 1:]


def without_handle() -> None:
    for core in False, True:
        for word, function in functions(core):
            arguments = [usual(kind) for kind in function.argtypes[1:]]
            result = function(None, *arguments)
            assert function.restype is not c.c_int or word == "fd" or \
                result in (Result.USAGE, 2), (word, result)
    for given in None, b"word":
        assert lib.hermetic_password(given, None, None) == Result.USAGE
    assert lib.hermetic_new(None, None) == Result.USAGE
    assert b"no handle" in lib.hermetic_why(None), lib.hermetic_why(None)
    assert b"no handle" in lib.hermetic_core_why(None)


def with_handle(device: Device) -> None:
    """The reason is one of what was handed in: neither of this machine, nor none."""
    for word, function in functions(False):
        for arguments in misused(word, function):
            result = function(device._h, *arguments)
            if function.restype is not c.c_int or word in ("fd", "step") or result == 0:
                continue
            why, slug = lib.hermetic_why(device._h), lib.hermetic_slug(device._h)
            assert result != Result.LOCAL and slug != b"failed" and why, \
                (word, arguments, Result(result), slug, why)


def names_what_is_wrong(me: Device, there: str) -> None:
    nowhere = str(uuid.uuid4())
    for function, more in (
            (me.entry, (1,)), (me.receipts, (1,)), (me.picture, ()), (me.outbox, ()),
            (me.json_outbox, ()), (me.read_to, (1,)), (me.read_part, (1, 2)),
            (me.drop, (1,)), (me.shown, ([],)), (me.send, ("text",)), (me.join, ())):
        for word in "nonsense", "":
            refused(Result.GONE, "no-such-session", function, word, *more)
        if function != me.join:
            refused(Result.GONE, "no-such-session", function, nowhere, *more)
    failure = refused(Result.GONE, "not-kept", me.entry, there, 99)
    assert there in str(failure), failure
    refused(Result.GONE, "not-kept", me.picture, there)
    for asked in me.invite, me.ask, me.uninvite:
        assert "No Name" in str(refused(Result.USAGE, "username", asked, there, "No Name"))
    refused(Result.USAGE, "username", me.create, users=["No Name"])
    refused(Result.GONE, "no-account-log", me.compared, "nobody-at-all")
    refused(Result.USAGE, "usage", me.accept, "nobody-at-all", "no digits")
    refused(Result.GONE, "nothing-to-accept", me.accept, "nobody-at-all", "abcd")


def from_a_callback(me: Device, there: str) -> None:
    """A function that is told how far a file is calls the same handle."""
    refusals = []

    def watch(_: object, done: int, total: int) -> bool:
        result = lib.hermetic_send(me._h, there.encode(), b"in between", None, None)
        refusals.append((result, lib.hermetic_slug(me._h)))
        lib.hermetic_free(me._h)  # does nothing now
        return True

    told = _native.Watch(watch=_native.WATCH(watch))
    assert lib.hermetic_send_file(me._h, there.encode(), __file__.encode(), None, None,
                                  told, None) == Result.OK, lib.hermetic_why(me._h)
    assert refusals and set(refusals) == {(Result.USAGE, b"in-callback")}, refusals
    assert not any(e.text == "in between" for e in me.search(session=there))


without_handle()
with Device(home, "of nobody else", server=server, username=name, scrypt_n=16384,
            stock=1) as me:
    with_handle(me)
    me.register()
    with_handle(me)
    there = me.create("There")
    session = there.encode()
    with_handle(me)
    there = me.create("Another")
    names_what_is_wrong(me, there)
    from_a_callback(me, there)
try:
    Device(home, "p", server=server, username="a\0b")
except ValueError:
    print("done")
