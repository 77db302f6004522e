"""Sealed messages: a device of a Hermetic account, over libhermetic.

    import hermetic
    with hermetic.Device("state", "passphrase", server="localhost:8000",
                         username="carol") as me:
        me.open() if me.exists else me.register()
        session = me.create(users=["alice"])
        me.send(session, "hello")

What hermetic/hermetic.h says holds here, too: one thread at a time uses a device.
"""
import ctypes as c

from ._core import Core, File
from ._device import Device
from ._native import lib
from ._structs import _text
from ._values import (Act, Blocked, Comparison, Event, EventKind, Failure, Invitation,
                      Item, KeyChange, Label, Letter, Member, OrderKind, OwnDevice,
                      Person, Receipt, Result, Sent, Session, Standing, Where, Wish)

__all__ = ["Act", "Blocked", "Comparison", "Core", "Device", "Event", "EventKind",
           "Failure", "File", "Invitation", "Item", "KeyChange", "Label", "Letter",
           "Member", "OrderKind", "OwnDevice", "Person", "Receipt", "Result", "Sent",
           "Session", "Standing", "Where", "Wish", "password", "version"]


def version() -> str:
    """Of the library that is loaded."""
    return lib.hermetic_version().decode()


def password(username: str, passphrase: str) -> str:
    """What the server is given for a passphrase (for Core)."""
    made = c.create_string_buffer(64)
    result = lib.hermetic_password(_text(username), _text(passphrase), made)
    if result != Result.OK:
        raise Failure(result, "The password could not be derived.", "failed")
    return made.value.decode()


# Each is called by the name that programs import, in a traceback and by pickle, too.
for _name in __all__:
    globals()[_name].__module__ = __name__
