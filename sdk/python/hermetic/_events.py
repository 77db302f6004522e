"""What happens, and what is kept of it."""
import ctypes as c
import select
from collections.abc import Iterator

from . import _native
from ._handle import Handle
from ._native import lib
from ._structs import _made, _search, _text
from ._values import Event, Failure, Receipt, Result


class Events(Handle):
    """What a device hears, and what it keeps of it."""

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
            waiting = select.poll()
            waiting.register(self, select.POLLIN)
            waiting.poll(timeout * 1000)
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
