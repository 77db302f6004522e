"""The device without input and output: hermetic/hermetic.h has the words."""
import ctypes as c
import json
from collections.abc import Iterator, MutableMapping
from typing import Any

from . import _native
from ._native import lib
from ._structs import _creation, _made, _saying, _search, _text
from ._values import Act, Event, Failure, OrderKind, Result, Sent, Wish


class Core:
    """Orders are generators: of (method, path, body), each to be answered by send()
    with (status, body); or of a number, the seconds to wait. The records are kept in
    a mapping, which holds keys: who writes it to a disk seals it. What the mapping
    raises is raised by the call that used it.
    """

    def __init__(self, username: str, device_id: str,
                 records: MutableMapping[str, bytes], *,
                 algorithms: str | None = None, stock: int = 0,
                 receipts: bool = False) -> None:
        #: what the last order gave: of DEVICES the list, for example
        self.value: Any = None
        #: of ENROL, which is refused with Result.LOOK: what its person brings to
        #: another device
        self.code: str | None = None
        #: of JOIN and RESOLVE: what was stored was damaged, and is lost
        self.anew = False
        self._records = records
        self._before: dict[str, bytes | None] = {}
        self._raised: BaseException | None = None
        self._store = self._make_store()
        config = _native.CoreConfig(
            username=_text(username), device_id=_text(device_id),
            algorithms=_text(algorithms), store=c.pointer(self._store),
            stock=stock, receipts=int(receipts))
        self._handle = c.c_void_p()
        try:
            self._must(lib.hermetic_core_new(config, c.byref(self._handle)))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Wipes what was secret. What is called afterwards is refused."""
        handle, self._handle = self._handle, c.c_void_p()
        lib.hermetic_core_free(handle)

    def __del__(self) -> None:
        if hasattr(self, "_handle"):
            self.close()

    @property
    def _core(self) -> c.c_void_p:
        if not self._handle:
            raise Failure(Result.USAGE, "The device was closed.", "closed")
        return self._handle

    def _failure(self, result: int) -> Failure:
        if not self._handle:
            return Failure(result, "There is no memory for a device.", "failed")
        return Failure(result, lib.hermetic_core_why(self._core).decode(),
                       lib.hermetic_core_slug(self._core).decode(),
                       lib.hermetic_core_about(self._core))

    def _raise(self) -> None:
        """Raises what the records raised meanwhile: C cannot pass it on."""
        raised, self._raised = self._raised, None
        if raised is not None:
            raise raised

    def _must(self, result: int) -> None:
        self._raise()
        if result != Result.OK:
            raise self._failure(result)

    # ---- records ----

    def _make_store(self) -> _native.Store:
        fields = dict(_native.Store._fields_)

        def begin(_: int, changed: Any) -> int:
            self._before.clear()
            return Result.OK

        def commit(_: int) -> int:
            self._before.clear()
            return Result.OK

        def rollback(_: int) -> None:
            for name, value in self._before.items():
                if value is None:
                    self._records.pop(name, None)
                else:
                    self._records[name] = value
            self._before.clear()

        def get(_: int, name: bytes, give: Any, to: int) -> int:
            value = self._records.get(name.decode())
            if value is None:
                return Result.GONE
            give(to, value, len(value))
            return Result.OK

        def put(_: int, name: bytes, value: int, size: int) -> int:
            key = name.decode()
            self._before.setdefault(key, self._records.get(key))
            self._records[key] = c.string_at(value, size)
            return Result.OK

        def remove(_: int, name: bytes) -> int:
            key = name.decode()
            self._before.setdefault(key, self._records.get(key))
            self._records.pop(key, None)
            return Result.OK

        def guarded(function: Any) -> Any:
            def call(*arguments: Any) -> Any:
                try:
                    return function(*arguments)
                except BaseException as raised:
                    self._raised = self._raised or raised
                    return None if function is rollback else Result.LOCAL
            return call

        made = {f.__name__: fields[f.__name__](guarded(f))
                for f in (begin, commit, rollback, get, put, remove)}
        return _native.Store(**made)

    # ---- orders ----

    def order(self, kind: OrderKind, session: str | None = None, *,
              text: str | None = None, whom: str | None = None,
              act: Act = Act.SAY, about: int = 0, key: str | None = None,
              to_new_members: bool = False, topic: str | None = None,
              file: "File | None" = None, **creation: Any) -> Iterator[Any]:
        order = _native.Order(kind=kind, session=_text(session),
                              text=_text(text), whom=_text(whom),
                              file=file.handle if file else None)
        saying = _saying(act, about, key, to_new_members, topic)
        order.saying = c.pointer(saying)
        made = _creation(creation.get("name"), creation.get("users", ()),
                         creation.get("open", False),
                         creation.get("verified_only", False))
        order.creation = c.pointer(made)
        self._must(lib.hermetic_core_start(self._core, order))
        return self._turns()

    def _turns(self) -> Iterator[Any]:
        request = c.POINTER(_native.Request)()
        wait_ms = c.c_uint32()
        while True:
            turn = lib.hermetic_core_turn(self._core, c.byref(request),
                                          c.byref(wait_ms))
            if turn == 2:
                return self._outcome()
            if turn == 1:
                yield wait_ms.value / 1000
                continue
            asked = request.contents
            status, body = yield (asked.method.decode(), asked.path.decode(),
                                  asked.body)
            lib.hermetic_core_answer(self._core, status, body, len(body or b""),
                                     0)

    def _outcome(self) -> tuple[str, Sent]:
        outcome = c.POINTER(_native.Outcome)()
        result = lib.hermetic_core_outcome(self._core, c.byref(outcome))
        kept = result == Result.KEPT
        o = outcome.contents
        self.value = json.loads(o.json) if o.json else None
        self.code = o.code.decode() if o.code else None
        self.anew = o.anew
        self._must(Result.OK if kept else result)
        why = lib.hermetic_core_why(self._core).decode() if kept else ""
        slug = lib.hermetic_core_slug(self._core).decode() if kept else ""
        return o.session.decode(), Sent(o.number, o.item, kept, why, slug)

    def push(self, message: bytes) -> None:
        self._must(lib.hermetic_core_push(self._core, message, len(message)))

    def hear(self, message: bytes) -> tuple[OrderKind, str | None] | None:
        """Whatever came by WebSocket; the order that is to be given then."""
        order = c.POINTER(_native.Order)()
        self._must(lib.hermetic_core_hear(self._core, message, len(message),
                                          c.byref(order)))
        return self._wanted(order)

    def due(self) -> tuple[int, tuple[OrderKind, str | None] | None]:
        """When there may be something to do next, Unix milliseconds; and the order
        that is to be given now."""
        at, order = c.c_uint64(), c.POINTER(_native.Order)()
        self._must(lib.hermetic_core_due(self._core, c.byref(at),
                                         c.byref(order)))
        return at.value, self._wanted(order)

    def _wanted(self, order: Any) -> tuple[OrderKind, str | None] | None:
        if not order:
            return None
        o = order.contents
        return OrderKind(o.kind), o.session.decode() if o.session else None

    def events(self) -> Iterator[Event]:
        while event := lib.hermetic_core_next_event(self._core):
            yield _made(Event, event.contents)
        self._raise()

    # ---- asking ----

    def _json(self, function: Any, *arguments: object) -> Any:
        text = c.c_char_p()
        self._must(function(self._core, *arguments, c.byref(text)))
        return json.loads(text.value or b"null")

    def sessions(self) -> list[str]:
        return self._json(lib.hermetic_core_sessions)

    def describe(self, session: str) -> dict[str, Any]:
        return self._json(lib.hermetic_core_describe, _text(session))

    def entry(self, session: str, number: int) -> dict[str, Any]:
        return self._json(lib.hermetic_core_entry, _text(session), number)

    def shown(self, session: str, marks: list[str]) -> None:
        texts = (c.c_char_p * len(marks))(*map(_text, marks))
        self._must(lib.hermetic_core_shown(self._core, _text(session), texts,
                                           len(marks)))

    def outbox(self, session: str | None = None) -> list[dict[str, Any]]:
        return self._json(lib.hermetic_core_outbox, _text(session))

    def drop(self, session: str, item: int | None = None) -> None:
        """Forgets an item, or all of the session."""
        self._must(lib.hermetic_core_drop(
            self._core, _text(session),
            _native.ALL_ITEMS if item is None else item))

    def person(self, user: str) -> dict[str, Any]:
        return self._json(lib.hermetic_core_person, _text(user))

    def compared(self, user: str) -> None:
        self._must(lib.hermetic_core_compared(self._core, _text(user)))

    def accept(self, user: str, fingerprint: str) -> None:
        self._must(lib.hermetic_core_accept(self._core, _text(user),
                                            _text(fingerprint)))

    def invitations(self, answer: bytes) -> list[dict[str, Any]]:
        """Of what the server has answered to GET /invitations."""
        return self._json(lib.hermetic_core_invitations, answer, len(answer))

    def search(self, words: str | None = None, *, session: str | None = None,
               after: int = 0, before: int = 0, since_ms: int = 0,
               last: int = 0, topic: str | None = None) -> list[dict[str, Any]]:
        search = _search(words, session, after, before, since_ms, last, topic)
        return self._json(lib.hermetic_core_search, search)

    def find(self, word: str) -> str:
        found = c.create_string_buffer(37)
        self._must(lib.hermetic_core_find(self._core, _text(word), found))
        return found.value.decode()

    def unread(self, session: str) -> tuple[int, int]:
        """Up to where the person has read, and how many texts stand behind."""
        read, count = c.c_uint64(), c.c_uint64()
        self._must(lib.hermetic_core_unread(self._core, _text(session),
                                            c.byref(read), c.byref(count)))
        return read.value, count.value

    def read_to(self, session: str, number: int) -> None:
        self._must(lib.hermetic_core_read_to(self._core, _text(session),
                                             number))

    def type(self, session: str, types: bool = True) -> bytes | None:
        """What is to be sent by WebSocket, or None."""
        frame = c.c_char_p()
        self._must(lib.hermetic_core_type(self._core, _text(session), types,
                                          c.byref(frame)))
        return frame.value

    def wish(self, wish: Wish) -> bool:
        on = c.c_bool()
        self._must(lib.hermetic_core_wish(self._core, wish, c.byref(on)))
        return on.value

    def set_wish(self, wish: Wish, on: bool) -> None:
        self._must(lib.hermetic_core_set_wish(self._core, wish, on))

    # ---- files ----

    def seal(self, session: str, name: str, key: str,
             type: str | None = None) -> "File":
        """A file that is about to be sent: see File. What was said under that key before
        is said once: its turns() are none, and the order gives the number of before."""
        handle = c.c_void_p()
        wish = _native.FileWish(session=_text(session), name=_text(name),
                                type=_text(type), key=_text(key))
        self._must(lib.hermetic_core_file_seal(self._core, wish,
                                               c.byref(handle)))
        return File(self, handle)

    def open(self, session: str, number: int) -> "File":
        """The file that an entry names."""
        handle = c.c_void_p()
        self._must(lib.hermetic_core_file_open(self._core, _text(session),
                                               number, c.byref(handle)))
        return File(self, handle)


class File:
    """One that is sealed, then stored and named by an order; or that is fetched, and
    opened meanwhile. What was opened is shown to nobody before end() has verified it.
    """

    def __init__(self, core: Core, handle: c.c_void_p) -> None:
        self._owner = core
        self._handle = handle

    def close(self) -> None:
        """Wipes its key. What is called afterwards is refused."""
        handle, self._handle = self._handle, c.c_void_p()
        lib.hermetic_file_free(handle)

    def __del__(self) -> None:
        self.close()

    @property
    def handle(self) -> c.c_void_p:
        if not self._handle:
            raise Failure(Result.USAGE, "The file was closed.", "closed")
        return self._handle

    def __enter__(self) -> "File":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def facts(self) -> dict[str, Any]:
        """id, name, type, size and sealed_size."""
        facts = lib.hermetic_file_facts(self.handle).contents
        return {name: value.decode() if isinstance(value, bytes) else value
                for name, value in ((name, getattr(facts, name))
                                    for name, _ in facts._fields_)}

    def pass_(self, piece: bytes) -> bytes:
        """The next bytes, sealed or opened."""
        out = c.create_string_buffer(len(piece) + 1)
        self._owner._must(lib.hermetic_core_file_pass(
            self._owner._core, self.handle, piece, len(piece), out))
        return out.raw[:len(piece)]

    def end(self, tag: bytes = bytes(16)) -> bytes:
        """Gives the tag of what was sealed; verifies that of what was opened."""
        given = c.create_string_buffer(tag, 17)
        self._owner._must(lib.hermetic_core_file_end(
            self._owner._core, self.handle, given))
        return given.raw[:16]

    def turns(self) -> Iterator[Any]:
        """Of (method, path, headers, from, count), each to be answered by send() with
        (status, body of a problem, Upload-Offset or None, bytes fetched); or of a
        number, the seconds to wait."""
        transfer = c.POINTER(_native.Transfer)()
        wait_ms = c.c_uint32()
        while (turn := lib.hermetic_core_file_turn(
                self._owner._core, self.handle, c.byref(transfer),
                c.byref(wait_ms))) != 2:
            if turn == 1:
                yield wait_ms.value / 1000
                continue
            asked, headers = transfer.contents, []
            while asked.headers[len(headers)]:
                headers.append(asked.headers[len(headers)].decode())
            status, body, offset, fetched = yield (
                asked.method.decode(), asked.path.decode(), headers, asked.from_,
                asked.count)
            lib.hermetic_core_file_answer(
                self._owner._core, self.handle, status, body, len(body or b""),
                _native.ALL_ITEMS if offset is None else offset, fetched)
        self._owner._must(lib.hermetic_core_file_outcome(
            self._owner._core, self.handle))
