"""What the calls of a device take and give: kinds, rows, and how they fail."""
import dataclasses
import json
from enum import IntEnum
from typing import Any

from ._native import lib


class OpenEnum(IntEnum):
    """A value of the library; a later version may have more of these than are named here."""

    @classmethod
    def _missing_(cls, value: object) -> "OpenEnum":
        member = int.__new__(cls, value)  # type: ignore[call-overload]
        member._name_, member._value_ = f"UNKNOWN_{value}", value
        return member


class Result(OpenEnum):
    OK, KEPT, USAGE, PASSPHRASE, NO_ACCOUNT, GONE, CONFLICT, DENIED, LOOK, \
        REFUSED, UNREACHABLE, BUSY, LOCAL = range(13)


class Standing(OpenEnum):
    MEMBER, INVITED, JOINING, LEFT = range(4)


class Comparison(OpenEnum):
    NO, YES, CHANGED = range(3)


class Where(IntEnum):
    """Where a session is looked for: by ids and names at this device, by the ids of
    those that the server tells of, by the ids of both, and by all of these."""
    HERE, INVITED, IDS, ALL = range(4)


class Act(IntEnum):
    """NAME, SUBJECT and PICTURE are for send() of a Device alone."""
    SAY, EDIT, DELETE, REACT, NAME, SUBJECT, PICTURE = range(7)


class EventKind(OpenEnum):
    TEXT, EDIT, DELETE, REACTION, ENTRY, SENT, REFUSED, ENDED, INVITED, \
        DEVICE_WAITS, CONNECTED, DISCONNECTED, TYPING, RECEIPT, \
        WAITS = range(15)


class OrderKind(IntEnum):
    REFRESH, SEND, CREATE, JOIN, INVITE, REMOVE, ROTATE, LEAVE, RESOLVE, STOCK, \
        ACCOUNT, MEET, FLUSH, ASK, UNINVITE, ASKED, ENROL, DEVICES, APPROVE, \
        LINK, REFUSE, REVOKE, BLOCKS, BLOCK, UNBLOCK, LETTERS, DECLINE, NAME, \
        SUBJECT, RECEIPT, ROLE, BAN, UNBAN, RECOVERY_KEY, RECOVERY, \
        RECOVER = range(36)


class Wish(IntEnum):
    RECEIPTS, TYPING = range(2)


class Failure(Exception):
    """A call that failed: a sentence, and what to do next. `about` says whom and what the
    sentence is about: "session", "name", "item"; the own next step goes by it and by `slug`."""

    def __init__(self, result: int, why: str, slug: str,
                 about: str | bytes | None = None) -> None:
        super().__init__(why)
        self.result = Result(result)
        self.slug = slug
        self.about: dict[str, Any] = json.loads(about) if about else {}
        self.advice: str = lib.hermetic_advice(result).decode()


@dataclasses.dataclass(frozen=True)
class Session:
    id: str
    name: str | None
    algorithm: str
    standing: Standing
    inviter: str | None
    last: int
    stop: str | None
    unread: int
    subject: str | None


@dataclasses.dataclass(frozen=True)
class Invitation:
    """The server's word, all of it."""
    session: str
    algorithm: str
    inviter: str | None
    added: bool


@dataclasses.dataclass(frozen=True)
class Label:
    session: str
    label: str


@dataclasses.dataclass(frozen=True)
class Letter:
    """Who has signed that this account is invited."""
    by: str
    compared: Comparison


@dataclasses.dataclass(frozen=True)
class Member:
    username: str
    device: str
    role: str
    own: bool
    seen: bool
    compared: Comparison
    mark: str
    delivered: int
    read: int


@dataclasses.dataclass(frozen=True)
class Receipt:
    """Another account that has a message, as it says."""
    username: str
    read: bool


@dataclasses.dataclass(frozen=True)
class KeyChange:
    """A device for which another key was offered than the known one."""
    username: str
    device: str
    scheme: str
    known: str
    offered: str


@dataclasses.dataclass(frozen=True)
class Sent:
    """Where it stands in the log; or, where it waits, its item of the outbox."""
    number: int
    item: int
    kept: bool
    why: str
    slug: str = ""


@dataclasses.dataclass(frozen=True)
class Item:
    session: str
    text: str
    key: str | None
    item: int
    queued_at: int
    refused: bool
    reason: str | None


@dataclasses.dataclass(frozen=True)
class Person:
    username: str
    digits: str
    compared: Comparison
    closed: bool
    forked: bool
    other_digits: str | None
    other_fingerprint: str | None
    why: str | None = None  # of two logs, or another account, that the server shows
    slug: str | None = None


@dataclasses.dataclass(frozen=True)
class OwnDevice:
    """What `stands` says is verified, and all else the server's word."""
    id: str
    name: str
    number: int
    own: bool
    pending: bool
    waits: bool
    ready: bool
    stands: bool


@dataclasses.dataclass(frozen=True)
class Blocked:
    username: str
    fingerprint: str | None
    here: bool


@dataclasses.dataclass(frozen=True)
class Event:
    kind: EventKind
    session: str
    number: int
    item: int
    from_: str
    device: str
    own: bool
    text: str
    about: int
    sent_at: int
    json: str
    topic: str
    mentioned: bool

    @property
    def entry(self) -> dict[str, Any]:
        """All that is kept of an entry (docs/state.md), or what the event has beside its
        text: of WAITS its "slug", "session" and "name"."""
        return json.loads(self.json) if self.json else {}
