"""People: comparing, blocking, and what they are told of this device."""
import ctypes as c
import json
from collections.abc import Sequence
from typing import Any

from . import _native
from ._handle import Handle
from ._native import lib
from ._structs import _made, _text
from ._values import Blocked, KeyChange, Person, Wish


class People(Handle):
    """Those with whom a person talks by a device."""

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

    def json_person(self, user: str) -> dict[str, Any]:
        return json.loads(self._given(lib.hermetic_json_person, _text(user)))

    def account_log(self, user: str | None = None) -> str:
        """What the server says that an account's log is: nothing of it is verified."""
        return self._given(lib.hermetic_account_log, _text(user))

    def check_log(self, pages: str) -> dict[str, Any]:
        """Verifies such pages, without a server; the device need not be open."""
        given = pages.encode()
        return json.loads(self._given(lib.hermetic_check_log, given, len(given)))
