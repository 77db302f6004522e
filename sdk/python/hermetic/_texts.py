"""Saying something: texts, files, and what waits to be sent."""
import ctypes as c
import json
from collections.abc import Callable
from typing import Any

from . import _native
from ._handle import Handle
from ._native import lib
from ._structs import _saying, _text, _watch
from ._values import Act, Item, Result, Sent


class Texts(Handle):
    """What a person says by a device."""

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

    def json_outbox(self, session: str | None = None) -> list[dict[str, Any]]:
        return json.loads(self._given(lib.hermetic_json_outbox, _text(session)))
