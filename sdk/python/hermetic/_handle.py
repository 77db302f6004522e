"""The device that the library holds for a Device, and how it is called."""
import ctypes as c
import json
from typing import Any, Self

from . import _native
from ._native import lib
from ._structs import T, _made, _text
from ._values import Failure, Result


class Handle:
    """A device of the library from its first call to its last. Each call goes by the
    functions below, and what has failed becomes a Failure."""

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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def last_json(self) -> Any:
        """What the last call has given, with members that the classes here do not have;
        None where it has given nothing."""
        given = lib.hermetic_json(self._h)
        return json.loads(given) if given else None

    @property
    def clock_ahead(self) -> int:
        """Milliseconds that the server's clock is ahead, as it says."""
        return lib.hermetic_clock_ahead(self._h)

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

    def _given(self, function: Any, *arguments: object) -> str:
        text = c.c_char_p()
        self._must(function(self._h, *arguments, c.byref(text)))
        return (text.value or b"").decode()
