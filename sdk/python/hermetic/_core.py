"""The device without input and output: hermetic/hermetic.h has the words."""
import ctypes as c
import json
from collections.abc import Iterator, MutableMapping
from typing import Any

from . import (Act, Event, Failure, OrderKind, Result, Sent, _creation, _made,
               _native, _saying, _text)
from ._native import lib


class Core:
    """Orders are generators: of (method, path, body), each to be answered by send()
    with (status, body); or of a number, the seconds to wait. The records are kept in
    a mapping, which holds keys: who writes it to a disk seals it. What the mapping
    raises is raised by the call that used it.
    """

    def __init__(self, username: str, device_id: str,
                 records: MutableMapping[str, bytes], *,
                 algorithms: str | None = None, stock: int = 0) -> None:
        self._records = records
        self._before: dict[str, bytes | None] = {}
        self._raised: BaseException | None = None
        self._store = self._make_store()
        config = _native.CoreConfig(
            username=_text(username), device_id=_text(device_id),
            algorithms=_text(algorithms), store=c.pointer(self._store),
            stock=stock)
        self._core = c.c_void_p()
        try:
            self._must(lib.hermetic_core_new(config, c.byref(self._core)))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        lib.hermetic_core_free(self._core)
        self._core = c.c_void_p()

    def _failure(self, result: int) -> Failure:
        return Failure(result, lib.hermetic_core_why(self._core).decode(),
                       lib.hermetic_core_slug(self._core).decode())

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
              **creation: Any) -> Iterator[Any]:
        order = _native.Order(kind=kind, session=_text(session),
                              text=_text(text), whom=_text(whom))
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
        self._must(Result.OK if kept else result)
        o = outcome.contents
        why = lib.hermetic_core_why(self._core).decode() if kept else ""
        return o.session.decode(), Sent(o.number, o.item, kept, why)

    def push(self, message: bytes) -> None:
        self._must(lib.hermetic_core_push(self._core, message, len(message)))

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
