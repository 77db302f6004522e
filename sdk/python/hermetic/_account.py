"""The account of a device: its own life, the recovery key, its other devices."""
import ctypes as c
from collections.abc import Callable

from . import _native
from ._handle import Handle
from ._native import lib
from ._structs import _text
from ._values import OwnDevice


class Account(Handle):
    """What a person does with the account, and with the devices that it has."""

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
