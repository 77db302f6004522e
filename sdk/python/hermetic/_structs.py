"""From the values of Python to the library's structs, and back."""
import ctypes as c
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from . import _native
from ._values import Act, Comparison, EventKind, Standing

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
