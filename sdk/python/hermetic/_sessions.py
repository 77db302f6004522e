"""Sessions: coming in, who is in them, and their rules."""
import ctypes as c
import json
from collections.abc import Sequence
from typing import Any

from . import _native
from ._handle import Handle
from ._native import lib
from ._structs import _creation, _text
from ._values import Invitation, Label, Letter, Member, Session, Where


class Sessions(Handle):
    """The sessions of a device."""

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

    def json_session(self, session: str) -> dict[str, Any]:
        return json.loads(self._given(lib.hermetic_json_session, _text(session)))
