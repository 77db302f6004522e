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
import dataclasses
import json
import select
from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum
from typing import Any, TypeVar

from . import _native
from ._native import lib

__all__ = ["Act", "Blocked", "Comparison", "Core", "Device", "Event", "EventKind",
           "Failure", "File", "Item", "Invitation", "KeyChange", "Label",
           "Letter", "Member", "OrderKind", "OwnDevice",
           "Person", "Receipt", "Result", "Sent", "Session", "Standing", "Where", "Wish", "password", "version"]


class Result(IntEnum):
    OK, KEPT, USAGE, PASSPHRASE, NO_ACCOUNT, GONE, CONFLICT, DENIED, LOOK, \
        REFUSED, UNREACHABLE, BUSY, LOCAL = range(13)


class Standing(IntEnum):
    MEMBER, INVITED, JOINING, LEFT = range(4)


class Comparison(IntEnum):
    NO, YES, CHANGED = range(3)


class Where(IntEnum):
    """Where a session is looked for: by ids and names at this device, by the ids of
    those that the server tells of, by the ids of both, and by all of these."""
    HERE, INVITED, IDS, ALL = range(4)


class Act(IntEnum):
    """NAME, SUBJECT and PICTURE are for send() of a Device alone."""
    SAY, EDIT, DELETE, REACT, NAME, SUBJECT, PICTURE = range(7)


class EventKind(IntEnum):
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


T = TypeVar("T")


def _made(of: type[T], struct: Any) -> T:
    """Copies what the library lends."""
    kinds = {"standing": Standing, "compared": Comparison, "kind": EventKind}
    values = {}
    for field in dataclasses.fields(of):  # type: ignore[arg-type]
        value = getattr(struct, field.name)
        if isinstance(value, bytes):
            value = value.decode(errors="replace")
        kind = kinds.get(field.name)
        values[field.name] = kind(value) if kind else value
    return of(**values)


def _text(value: str | None) -> bytes | None:
    if value is not None and "\0" in value:
        raise ValueError("a text has no U+0000")
    return None if value is None else value.encode()


def _saying(act: Act, about: int, key: str | None,
            to_new_members: bool, topic: str | None, expires: int = 0,
            picture: bytes | None = None) -> _native.Saying:
    return _native.Saying(act=act, about=about, key=_text(key),
                          to_new_members=to_new_members, topic=_text(topic),
                          expires_s=expires, bytes=picture,
                          count=len(picture or b""))


def _watch(watch: Callable[[int, int], bool] | None) -> _native.Watch | None:
    if watch is None:
        return None
    return _native.Watch(watch=_native.WATCH(
        lambda _, done, total: watch(done, total)))


def _search(words: str | None, session: str | None, after: int, before: int,
            since_ms: int, last: int, topic: str | None) -> _native.Search:
    return _native.Search(session=_text(session), words=_text(words), after=after,
                          before=before, since_ms=since_ms, last=last,
                          topic=_text(topic))


def _creation(name: str | None, users: Sequence[str], open: bool,
              verified_only: bool, algorithms: str | None = None) -> _native.Creation:
    names = (c.c_char_p * len(users))(*map(_text, users))
    made = _native.Creation(name=_text(name), user_count=len(users), open=open,
                            verified_only=verified_only,
                            algorithms=_text(algorithms),
                            users=c.cast(names, c.POINTER(c.c_char_p)))
    made.keep = names
    return made


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


class Device:
    """A device of an account, with its sealed state in the folder `home`. Without a
    passphrase it is opened where an agent holds the keys (`agent`). One that is `patient`
    listens also while the server cannot be reached."""

    def __init__(self, home: str, passphrase: str | None = None, *,
                 server: str | None = None,
                 username: str | None = None, device_name: str | None = None,
                 algorithms: str | None = None, ca: str | None = None,
                 mqtt: str | None = None, scrypt_n: int = 0,
                 stock: int = 0, receipts: bool = False,
                 agent: bool = False, patient: bool = False) -> None:
        config = _native.Config(
            home=_text(home), passphrase=_text(passphrase), server=_text(server),
            username=_text(username), device_name=_text(device_name),
            algorithms=_text(algorithms), ca=_text(ca), mqtt=_text(mqtt),
            scrypt_n=scrypt_n, stock=stock, receipts=receipts, agent=agent,
            patient=patient)
        self._handle = c.c_void_p()
        try:
            self._must(lib.hermetic_new(config, c.byref(self._handle)))
        except Failure:
            self.close()
            raise

    def close(self) -> None:
        """Wipes what was secret. What is called afterwards is refused."""
        handle, self._handle = self._handle, c.c_void_p()
        lib.hermetic_free(handle)

    def __del__(self) -> None:
        if hasattr(self, "_handle"):
            self.close()

    @property
    def _h(self) -> c.c_void_p:
        if not self._handle:
            raise Failure(Result.USAGE, "The device was closed.", "closed")
        return self._handle

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def last_json(self) -> Any:
        """What the last call has given, with members that the classes here do not have;
        None where it has given nothing."""
        given = lib.hermetic_json(self._h)
        return json.loads(given) if given else None

    def _must(self, result: int) -> None:
        if result == Result.OK:
            return
        if not self._handle:
            raise Failure(result, "There is no memory for a device.", "failed")
        raise Failure(result, lib.hermetic_why(self._h).decode(),
                      lib.hermetic_slug(self._h).decode(),
                      lib.hermetic_about(self._h))

    def _list(self, of: type[T], struct: type, function: Any,
              *arguments: object) -> list[T]:
        rows = c.POINTER(c.POINTER(struct))()
        count = c.c_size_t()
        self._must(function(self._h, *arguments, c.byref(rows), c.byref(count)))
        return [_made(of, rows[i].contents) for i in range(count.value)]

    def _bool(self, function: Any, *arguments: object) -> bool:
        value = c.c_bool()
        self._must(function(self._h, *arguments, c.byref(value)))
        return value.value

    # ---- a device ----

    @property
    def exists(self) -> bool:
        return lib.hermetic_exists(self._h)

    @property
    def username(self) -> str:
        return lib.hermetic_username(self._h).decode()

    @property
    def device_id(self) -> str:
        return lib.hermetic_device_id(self._h).decode()

    def open(self) -> None:
        self._must(lib.hermetic_open(self._h))

    def register(self) -> None:
        self._must(lib.hermetic_register(self._h))

    def login(self, show: Callable[[str], None] | None = None,
              recovery_key: Callable[[], str] | None = None) -> None:
        """`show` is given the code that another device approves this one with;
        `recovery_key` has the key where it is needed, in the place of that."""
        if show is None and recovery_key is None:
            self._must(lib.hermetic_login(self._h, None))
            return
        approval, key = _native.Approval(), None

        def ask(_: object) -> int | None:
            nonlocal key
            key = c.create_string_buffer(_text(recovery_key()) or b"")
            return c.addressof(key)

        if show is not None:
            approval.show = _native.SHOW(lambda _, code: show(code.decode()))
        if recovery_key is not None:
            approval.recovery_key = _native.KEY(ask)
        self._must(lib.hermetic_login(self._h, approval))

    def recover(self, recovery_key: str) -> None:
        """Logs in as login(), by the key in the place of another device's approval."""
        self._must(lib.hermetic_recover(self._h, _text(recovery_key)))

    def begin_anew(self) -> None:
        """The same without any: another account under the same name."""
        self._must(lib.hermetic_begin_anew(self._h))

    def set_passphrase(self, passphrase: str) -> None:
        """In the place of the one before, of a device that is not open."""
        given = passphrase.encode()
        self._must(lib.hermetic_set_passphrase(self._h, given, len(given)))

    def change_passphrase(self, passphrase: str, end_others: bool = False) -> None:
        """At the server and of the state; also where nobody is logged in."""
        self._must(lib.hermetic_change_passphrase(self._h, _text(passphrase),
                                                  end_others))

    def close_account(self) -> None:
        """Ends the account for good, and what is kept of it here."""
        self._must(lib.hermetic_close_account(self._h))

    @property
    def closing(self) -> bool:
        """close_account() has asked the server before."""
        return self._bool(lib.hermetic_closing)

    def logout(self) -> None:
        self._must(lib.hermetic_logout(self._h))

    # ---- sessions ----

    def sessions(self, invitations: bool = False) -> list[Session]:
        return self._list(Session, _native.Session, lib.hermetic_sessions,
                          invitations)

    def find(self, word: str, where: Where = Where.HERE) -> str:
        """The id of the session that a person means by it: its name, or how its id
        begins."""
        found = c.create_string_buffer(37)
        self._must(lib.hermetic_find_at(self._h, where, _text(word), found))
        return found.value.decode()

    def members(self, session: str) -> list[Member]:
        return self._list(Member, _native.Member, lib.hermetic_members,
                          _text(session))

    def shown(self, session: str, members: Sequence[Member]) -> None:
        """A person was shown these members."""
        marks = (c.c_char_p * len(members))(*(_text(m.mark) for m in members))
        self._must(lib.hermetic_shown(self._h, _text(session), marks,
                                      len(members)))

    def safety_number(self, session: str) -> str:
        digits = c.c_char_p()
        self._must(lib.hermetic_safety_number(self._h, _text(session),
                                              c.byref(digits)))
        return (digits.value or b"").decode()

    def create(self, name: str | None = None, users: Sequence[str] = (),
               open: bool = False, verified_only: bool = False,
               algorithms: str | None = None) -> str:
        made = c.create_string_buffer(37)
        creation = _creation(name, users, open, verified_only, algorithms)
        self._must(lib.hermetic_create(self._h, creation, made))
        return made.value.decode()

    def join(self, session: str) -> None:
        self._must(lib.hermetic_join(self._h, _text(session)))

    def decline(self, session: str) -> None:
        """The invitation is not taken."""
        self._must(lib.hermetic_decline(self._h, _text(session)))

    @property
    def began_anew(self) -> bool:
        """The last join() or resolve() has found what was stored damaged."""
        return lib.hermetic_began_anew(self._h)

    def invite(self, session: str, user: str) -> int:
        """How many devices were added."""
        devices = c.c_size_t()
        self._must(lib.hermetic_invite(self._h, _text(session), _text(user),
                                       c.byref(devices)))
        return devices.value

    def ask(self, session: str, user: str) -> str | None:
        """Invites the user, who comes in by an act of that user's own; returns who had
        done so before, or None."""
        inviter = c.c_char_p()
        self._must(lib.hermetic_ask(self._h, _text(session), _text(user),
                                    c.byref(inviter)))
        return inviter.value.decode() if inviter.value else None

    def uninvite(self, session: str, user: str) -> None:
        self._must(lib.hermetic_uninvite(self._h, _text(session), _text(user)))

    def look(self) -> list[dict[str, Any]]:
        """All sessions, once those were read of which the server says that there is
        something new."""
        self._must(lib.hermetic_look(self._h))
        return self.last_json

    def invitations(self) -> list[Invitation]:
        return self._list(Invitation, _native.Invitation, lib.hermetic_invitations)

    def labels(self) -> list[Label]:
        """What a person may call each session of this device."""
        return self._list(Label, _native.Label, lib.hermetic_labels)

    def label(self, session: str) -> str:
        return self._given(lib.hermetic_label, _text(session))

    def letters(self, session: str) -> list[Letter]:
        """Of a session to which this account is invited."""
        return self._list(Letter, _native.Letter, lib.hermetic_letters,
                          _text(session))

    def remove(self, session: str, whom: str) -> None:
        self._must(lib.hermetic_remove(self._h, _text(session), _text(whom)))

    def set_role(self, session: str, user: str, role: str) -> None:
        """"owner", "admin" or "member"."""
        self._must(lib.hermetic_set_role(self._h, _text(session), _text(user),
                                         _text(role)))

    def ban(self, session: str, user: str) -> None:
        """The user is removed and kept out."""
        self._must(lib.hermetic_ban(self._h, _text(session), _text(user)))

    def unban(self, session: str, user: str) -> None:
        self._must(lib.hermetic_unban(self._h, _text(session), _text(user)))

    def move(self, session: str, algorithm: str) -> None:
        """What is said from now on is sealed by that algorithm."""
        self._must(lib.hermetic_move(self._h, _text(session), _text(algorithm)))

    def upgrade(self, session: str, open: bool = False) -> None:
        """A session of old rules names accounts from now on."""
        self._must(lib.hermetic_upgrade(self._h, _text(session), open))

    def rotate(self, session: str) -> None:
        self._must(lib.hermetic_rotate(self._h, _text(session)))

    def leave(self, session: str) -> None:
        self._must(lib.hermetic_leave(self._h, _text(session)))

    def resolve(self, session: str) -> None:
        self._must(lib.hermetic_resolve(self._h, _text(session)))

    def refresh(self, session: str) -> None:
        self._must(lib.hermetic_refresh(self._h, _text(session)))

    # ---- saying something ----

    def send(self, session: str, text: str, *, act: Act = Act.SAY, about: int = 0,
             key: str | None = None, to_new_members: bool = False,
             topic: str | None = None, expires: int = 0,
             picture: bytes | None = None) -> Sent:
        """`expires`: members forget it after so many seconds. `picture`: of
        Act.PICTURE."""
        sent = _native.Sent()
        return self._said(sent, lib.hermetic_send(
            self._h, _text(session), _text(text),
            _saying(act, about, key, to_new_members, topic, expires, picture),
            c.byref(sent)))

    def connect(self) -> None:
        """What is said goes by one connection, and not by a request for each."""
        self._must(lib.hermetic_connect(self._h))

    @property
    def clock_ahead(self) -> int:
        """Milliseconds that the server's clock is ahead, as it says."""
        return lib.hermetic_clock_ahead(self._h)

    def _said(self, sent: _native.Sent, result: int) -> Sent:
        kept = result == Result.KEPT
        if not kept:
            self._must(result)
        return Sent(sent.number, sent.item, kept,
                    lib.hermetic_why(self._h).decode() if kept else "",
                    lib.hermetic_slug(self._h).decode() if kept else "")

    def set_name(self, session: str, name: str) -> Sent:
        sent = _native.Sent()
        return self._said(sent, lib.hermetic_set_name(
            self._h, _text(session), _text(name), c.byref(sent)))

    def set_subject(self, session: str, subject: str) -> Sent:
        """What the session is about; empty: nothing any more."""
        sent = _native.Sent()
        return self._said(sent, lib.hermetic_set_subject(
            self._h, _text(session), _text(subject), c.byref(sent)))

    def set_picture(self, session: str, picture: bytes) -> Sent:
        """To 16,384 bytes of PNG, JPEG, GIF or WebP; empty: none any more."""
        sent = _native.Sent()
        return self._said(sent, lib.hermetic_set_picture(
            self._h, _text(session), picture, len(picture), c.byref(sent)))

    def picture(self, session: str) -> bytes:
        at, count = c.c_void_p(), c.c_size_t()
        self._must(lib.hermetic_picture(self._h, _text(session), c.byref(at),
                                        c.byref(count)))
        return c.string_at(at, count.value)

    def send_file(self, session: str, path: str, text: str = "", *, about: int = 0,
                  to_new_members: bool = False, topic: str | None = None,
                  key: str | None = None, expires: int = 0,
                  watch: Callable[[int, int], bool] | None = None) -> Sent:
        """`watch` is told how many bytes of how many are there; False ends it, and the
        next call for the same file goes on. The same file under the same `key` is sent
        once."""
        sent = _native.Sent()
        return self._said(sent, lib.hermetic_send_file(
            self._h, _text(session), _text(path), _text(text),
            _saying(Act.SAY, about, key, to_new_members, topic, expires), _watch(watch),
            c.byref(sent)))

    def save_file(self, session: str, number: int, folder: str, *,
                  watch: Callable[[int, int], bool] | None = None) -> str:
        """The file that an entry names; what it is called in the folder."""
        name = c.c_char_p()
        self._must(lib.hermetic_save_file(
            self._h, _text(session), number, _text(folder), _watch(watch),
            c.byref(name)))
        return (name.value or b"").decode()

    def outbox(self, session: str | None = None) -> list[Item]:
        return self._list(Item, _native.Item, lib.hermetic_outbox, _text(session))

    def flush(self, session: str) -> bool:
        """Sends what waits, also for a person to look. False: something waits still."""
        result = lib.hermetic_flush(self._h, _text(session))
        if result != Result.KEPT:
            self._must(result)
        return result != Result.KEPT

    def drop(self, session: str, item: int) -> None:
        self._must(lib.hermetic_drop(self._h, _text(session), item))

    def drop_all(self, session: str) -> None:
        self._must(lib.hermetic_drop(self._h, _text(session), _native.ALL_ITEMS))

    # ---- what happens ----

    def follow(self, session: str, after: int = 0) -> None:
        self._must(lib.hermetic_follow(self._h, _text(session), after))

    def listen(self) -> None:
        self._must(lib.hermetic_listen(self._h))

    def fileno(self) -> int:
        """For select, selectors and asyncio's add_reader()."""
        return lib.hermetic_fd(self._h)

    def step(self, timeout: float = 0) -> list[Event]:
        """Does what there is to do; what happened. Waits up to `timeout` seconds."""
        self._go_on(timeout)
        return self.taken()

    def _go_on(self, timeout: float) -> None:
        if timeout > 0:
            select.select([self], [], [], timeout)
        self._must(lib.hermetic_step(self._h, 0))

    def _next(self) -> Event | None:
        event = lib.hermetic_next_event(self._h)
        return _made(Event, event.contents) if event else None

    def taken(self) -> list[Event]:
        """What was not told yet; of a device that does not listen, what its calls took in."""
        return list(iter(self._next, None))

    def events(self) -> Iterator[Event]:
        """All that happens, for good. What fails for now is tried again. Whoever leaves the
        loop has the events that were not given yet with the next one."""
        while True:
            while event := self._next():
                yield event
            try:
                self._go_on(60)
            except Failure as failure:
                if failure.result == Result.USAGE:
                    raise

    def entry(self, session: str, number: int) -> Event:
        event = c.POINTER(_native.Event)()
        self._must(lib.hermetic_entry(self._h, _text(session), number,
                                      c.byref(event)))
        return _made(Event, event.contents)

    def receipts(self, session: str, number: int) -> list[Receipt]:
        """Who has a text that was said by this device."""
        return self._list(Receipt, _native.Receipt, lib.hermetic_receipts,
                          _text(session), number)

    def search(self, words: str | None = None, session: str | None = None, *,
               after: int = 0, since_ms: int = 0, last: int = 0,
               before: int = 0, topic: str | None = None) -> list[Event]:
        """What is kept, read back: of one session, or of all."""
        return self._list(Event, _native.Event, lib.hermetic_search, _search(
            words, session, after, before, since_ms, last, topic))

    def read_to(self, session: str, number: int) -> None:
        """The person has read the session up to that number."""
        self._must(lib.hermetic_read_to(self._h, _text(session), number))

    def read_part(self, session: str, first: int, last: int) -> None:
        """The person was shown these entries: they are read, where none before them is not."""
        self._must(lib.hermetic_read_part(self._h, _text(session), first, last))

    def kept(self, session: str) -> tuple[int, int]:
        """The numbers of the first and the last entry that are kept here."""
        first, last = c.c_uint64(), c.c_uint64()
        self._must(lib.hermetic_kept(self._h, _text(session), c.byref(first),
                                     c.byref(last)))
        return first.value, last.value

    def give_receipt(self, session: str) -> None:
        """Writes the receipt that is due, for a device that does not listen."""
        self._must(lib.hermetic_give_receipt(self._h, _text(session)))

    def type(self, session: str, types: bool = True) -> None:
        """The person types there, or does not any more: call it as often as it is so."""
        self._must(lib.hermetic_type(self._h, _text(session), types))

    # ---- what the device knows, as the command prints it with --json ----

    def _given(self, function: Any, *arguments: object) -> str:
        text = c.c_char_p()
        self._must(function(self._h, *arguments, c.byref(text)))
        return (text.value or b"").decode()

    def json_session(self, session: str) -> dict[str, Any]:
        return json.loads(self._given(lib.hermetic_json_session, _text(session)))

    def json_outbox(self, session: str | None = None) -> list[dict[str, Any]]:
        return json.loads(self._given(lib.hermetic_json_outbox, _text(session)))

    def json_person(self, user: str) -> dict[str, Any]:
        return json.loads(self._given(lib.hermetic_json_person, _text(user)))

    def account_log(self, user: str | None = None) -> str:
        """What the server says that an account's log is: nothing of it is verified."""
        return self._given(lib.hermetic_account_log, _text(user))

    def check_log(self, pages: str) -> dict[str, Any]:
        """Verifies such pages, without a server; the device need not be open."""
        given = pages.encode()
        return json.loads(self._given(lib.hermetic_check_log, given, len(given)))

    # ---- people ----

    def verify(self, user: str) -> Person:
        person = c.POINTER(_native.Person)()
        self._must(lib.hermetic_verify(self._h, _text(user), c.byref(person)))
        return _made(Person, person.contents)

    def compared(self, user: str) -> None:
        """A person has compared the digits with that person."""
        self._must(lib.hermetic_compared(self._h, _text(user)))

    def accept(self, user: str, fingerprint: str) -> None:
        """The person was shown the other account's digits: the name is meant for it."""
        self._must(lib.hermetic_accept(self._h, _text(user), _text(fingerprint)))

    def key_changes(self, user: str) -> list[KeyChange]:
        return self._list(KeyChange, _native.KeyChange, lib.hermetic_key_changes,
                          _text(user))

    def accept_keys(self, user: str, changes: Sequence[KeyChange]) -> int:
        """The person was shown these, and takes what is offered; how many were taken."""
        offered = (c.c_char_p * len(changes))(*(_text(k.offered) for k in changes))
        accepted = c.c_size_t()
        self._must(lib.hermetic_accept_keys(self._h, _text(user), offered,
                                            len(changes), c.byref(accepted)))
        return accepted.value

    def blocks(self) -> list[Blocked]:
        return self._list(Blocked, _native.Blocked, lib.hermetic_blocks)

    def block(self, user: str) -> bool:
        """Whether the server shows somebody of that name."""
        return self._bool(lib.hermetic_block, _text(user))

    def unblock(self, user: str) -> None:
        self._must(lib.hermetic_unblock(self._h, _text(user)))

    def wish(self, wish: Wish) -> bool:
        """Whether this device tells others of itself."""
        return self._bool(lib.hermetic_wish, wish)

    def set_wish(self, wish: Wish, on: bool) -> None:
        self._must(lib.hermetic_set_wish(self._h, wish, on))

    @property
    def verified_only(self) -> bool:
        """Nothing is sent while a member of the session is not compared."""
        return self._bool(lib.hermetic_verified_only)

    @verified_only.setter
    def verified_only(self, on: bool) -> None:
        self._must(lib.hermetic_set_verified_only(self._h, on))

    # ---- the recovery key ----

    @property
    def has_recovery_key(self) -> bool:
        return self._bool(lib.hermetic_has_recovery_key)

    def recovery_key(self, standing: str | None = None, replace: bool = False) -> str:
        """A new one, which counts once it is set."""
        key = c.c_char_p()
        self._must(lib.hermetic_recovery_key(self._h, _native.Recovery(
            standing=_text(standing), replace=replace), c.byref(key)))
        return (key.value or b"").decode()

    def set_recovery_key(self, key: str, standing: str | None = None,
                         replace: bool = False) -> None:
        """`key` as the person has typed it."""
        self._must(lib.hermetic_set_recovery_key(
            self._h, _text(key), _native.Recovery(standing=_text(standing),
                                                  replace=replace)))

    # ---- one's devices ----

    def devices(self) -> list[OwnDevice]:
        return self._list(OwnDevice, _native.OwnDevice, lib.hermetic_devices)

    @property
    def someone_waits(self) -> bool:
        """A device asks to be approved, as the server says."""
        return self._bool(lib.hermetic_someone_waits)

    def approve(self, code: str) -> int:
        """Lets in the device that has asked with this code: its number, for link()."""
        number = c.c_uint64()
        self._must(lib.hermetic_approve(self._h, _text(code), c.byref(number)))
        return number.value

    def link(self, number: int = 0) -> None:
        """One's other devices come into one's sessions. The one of that number has to go
        on before: until then it is refused with the slug "not-ready"."""
        self._must(lib.hermetic_link(self._h, number))

    def refuse(self, device: str) -> None:
        self._must(lib.hermetic_refuse(self._h, _text(device)))

    def revoke(self, device: str) -> None:
        self._must(lib.hermetic_revoke(self._h, _text(device)))


from ._core import Core, File  # noqa: E402  (it takes the classes above)
