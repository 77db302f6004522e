"""The functions and structs of hermetic/hermetic.h, for ctypes."""
import ctypes as c
import ctypes.util
import os


def _load() -> c.CDLL:
    name = os.environ.get("HERMETIC_LIBRARY") or ctypes.util.find_library("hermetic")
    return c.CDLL(name or "libhermetic.so.0")


lib = _load()

ALL_ITEMS = 2 ** 64 - 1


class Sized(c.Structure):
    """A struct that is handed in: it begins with its size."""

    def __init__(self, **members: object) -> None:
        super().__init__(**members)
        self.size = c.sizeof(self)


class Config(Sized):
    _fields_ = [("size", c.c_size_t)] + [(n, c.c_char_p) for n in (
        "home", "passphrase", "server", "username", "device_name", "algorithms",
        "ca", "mqtt")] + [("scrypt_n", c.c_uint32), ("stock", c.c_uint32),
                          ("receipts", c.c_bool), ("agent", c.c_bool),
                          ("patient", c.c_bool)]


SHOW = c.CFUNCTYPE(None, c.c_void_p, c.c_char_p)
KEY = c.CFUNCTYPE(c.c_void_p, c.c_void_p)


class Approval(Sized):
    _fields_ = [("size", c.c_size_t), ("show", SHOW), ("context", c.c_void_p),
                ("recovery_key", KEY)]


class Session(c.Structure):
    _fields_ = [("id", c.c_char_p), ("name", c.c_char_p),
                ("algorithm", c.c_char_p), ("standing", c.c_int),
                ("inviter", c.c_char_p), ("last", c.c_uint64),
                ("stop", c.c_char_p), ("unread", c.c_uint64),
                ("subject", c.c_char_p)]


class Invitation(c.Structure):
    _fields_ = [("session", c.c_char_p), ("algorithm", c.c_char_p),
                ("inviter", c.c_char_p), ("added", c.c_bool)]


class Label(c.Structure):
    _fields_ = [("session", c.c_char_p), ("label", c.c_char_p)]


class Letter(c.Structure):
    _fields_ = [("by", c.c_char_p), ("compared", c.c_int)]


class Member(c.Structure):
    _fields_ = [("username", c.c_char_p), ("device", c.c_char_p),
                ("role", c.c_char_p), ("own", c.c_bool), ("seen", c.c_bool),
                ("compared", c.c_int), ("mark", c.c_char_p),
                ("delivered", c.c_uint64), ("read", c.c_uint64)]


class Receipt(c.Structure):
    _fields_ = [("username", c.c_char_p), ("read", c.c_bool)]


class KeyChange(c.Structure):
    _fields_ = [(n, c.c_char_p) for n in (
        "username", "device", "scheme", "known", "offered")]


class Creation(Sized):
    _fields_ = [("size", c.c_size_t), ("name", c.c_char_p),
                ("users", c.POINTER(c.c_char_p)), ("user_count", c.c_size_t),
                ("open", c.c_bool), ("verified_only", c.c_bool),
                ("algorithms", c.c_char_p)]


class Saying(Sized):
    _fields_ = [("size", c.c_size_t), ("act", c.c_int), ("about", c.c_uint64),
                ("key", c.c_char_p), ("to_new_members", c.c_bool),
                ("topic", c.c_char_p), ("expires_s", c.c_uint64),
                ("bytes", c.c_char_p), ("count", c.c_size_t)]


class Sent(c.Structure):
    _fields_ = [("number", c.c_uint64), ("item", c.c_uint64)]


class Item(c.Structure):
    _fields_ = [("session", c.c_char_p), ("text", c.c_char_p),
                ("key", c.c_char_p), ("item", c.c_uint64),
                ("queued_at", c.c_uint64), ("refused", c.c_bool),
                ("reason", c.c_char_p)]


class Event(c.Structure):
    _fields_ = [("kind", c.c_int), ("session", c.c_char_p),
                ("number", c.c_uint64), ("item", c.c_uint64),
                ("from_", c.c_char_p), ("device", c.c_char_p),
                ("own", c.c_bool), ("text", c.c_char_p), ("about", c.c_uint64),
                ("sent_at", c.c_uint64), ("json", c.c_char_p),
                ("topic", c.c_char_p), ("mentioned", c.c_bool)]


class Search(Sized):
    _fields_ = [("size", c.c_size_t), ("session", c.c_char_p),
                ("words", c.c_char_p), ("after", c.c_uint64),
                ("since_ms", c.c_uint64), ("last", c.c_uint64),
                ("before", c.c_uint64), ("topic", c.c_char_p)]


class Person(c.Structure):
    _fields_ = [("username", c.c_char_p), ("digits", c.c_char_p),
                ("compared", c.c_int), ("closed", c.c_bool),
                ("forked", c.c_bool), ("other_digits", c.c_char_p),
                ("other_fingerprint", c.c_char_p), ("why", c.c_char_p),
                ("slug", c.c_char_p)]


class OwnDevice(c.Structure):
    _fields_ = [("id", c.c_char_p), ("name", c.c_char_p),
                ("number", c.c_uint64), ("own", c.c_bool),
                ("pending", c.c_bool), ("waits", c.c_bool),
                ("ready", c.c_bool), ("stands", c.c_bool)]


class Recovery(Sized):
    _fields_ = [("size", c.c_size_t), ("standing", c.c_char_p),
                ("replace", c.c_bool)]


class Blocked(c.Structure):
    _fields_ = [("username", c.c_char_p), ("fingerprint", c.c_char_p),
                ("here", c.c_bool)]


WATCH = c.CFUNCTYPE(c.c_bool, c.c_void_p, c.c_uint64, c.c_uint64)


class Watch(Sized):
    _fields_ = [("size", c.c_size_t), ("watch", WATCH), ("context", c.c_void_p),
                ("goes_on", c.CFUNCTYPE(c.c_bool, c.c_void_p))]


class FileWish(Sized):
    _fields_ = [("size", c.c_size_t)] + [(n, c.c_char_p) for n in (
        "session", "name", "type", "key")]


class FileFacts(c.Structure):
    _fields_ = [("id", c.c_char_p), ("name", c.c_char_p), ("type", c.c_char_p),
                ("size", c.c_uint64), ("sealed_size", c.c_uint64)]


class Transfer(c.Structure):
    _fields_ = [("method", c.c_char_p), ("path", c.c_char_p),
                ("headers", c.POINTER(c.c_char_p)), ("from_", c.c_uint64),
                ("count", c.c_uint64)]


GIVE = c.CFUNCTYPE(None, c.c_void_p, c.c_void_p, c.c_size_t)


class Store(Sized):
    _fields_ = [
        ("size", c.c_size_t),
        ("begin", c.CFUNCTYPE(c.c_int, c.c_void_p, c.POINTER(c.c_bool))),
        ("commit", c.CFUNCTYPE(c.c_int, c.c_void_p)),
        ("rollback", c.CFUNCTYPE(None, c.c_void_p)),
        ("get", c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_char_p, GIVE, c.c_void_p)),
        ("put", c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_char_p, c.c_void_p,
                            c.c_size_t)),
        ("remove", c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_char_p)),
        ("context", c.c_void_p)]


NOW = c.CFUNCTYPE(c.c_uint64, c.c_void_p)


class CoreConfig(Sized):
    _fields_ = [("size", c.c_size_t), ("username", c.c_char_p),
                ("device_id", c.c_char_p), ("algorithms", c.c_char_p),
                ("store", c.POINTER(Store)), ("now_ms", NOW),
                ("clock", c.c_void_p), ("stock", c.c_uint32),
                ("receipts", c.c_uint64)]


class Order(Sized):
    _fields_ = [("size", c.c_size_t), ("kind", c.c_int),
                ("session", c.c_char_p), ("text", c.c_char_p),
                ("whom", c.c_char_p), ("saying", c.POINTER(Saying)),
                ("creation", c.POINTER(Creation)), ("file", c.c_void_p)]


class Request(c.Structure):
    _fields_ = [("method", c.c_char_p), ("path", c.c_char_p),
                ("body", c.c_char_p)]


class Outcome(c.Structure):
    _fields_ = [("session", c.c_char_p), ("number", c.c_uint64),
                ("item", c.c_uint64), ("devices", c.c_size_t),
                ("code", c.c_char_p), ("json", c.c_char_p),
                ("anew", c.c_bool)]


def _functions() -> None:
    h, text, number = c.c_void_p, c.c_char_p, c.c_uint64

    def rows(of: type) -> list[object]:
        return [c.POINTER(c.POINTER(c.POINTER(of))), c.POINTER(c.c_size_t)]

    table: dict[str, tuple[object, list[object]]] = {
        "version": (text, []),
        "advice": (text, [c.c_int]),
        "why": (text, [h]), "slug": (text, [h]), "json": (text, [h]),
        "about": (text, [h]),
        "new": (c.c_int, [c.POINTER(Config), c.POINTER(h)]),
        "free": (None, [h]),
        "exists": (c.c_bool, [h]),
        "set_passphrase": (c.c_int, [h, text, c.c_size_t]),
        "open": (c.c_int, [h]), "register": (c.c_int, [h]),
        "begin_anew": (c.c_int, [h]), "close_account": (c.c_int, [h]),
        "recover": (c.c_int, [h, text]),
        "has_recovery_key": (c.c_int, [h, c.POINTER(c.c_bool)]),
        "recovery_key": (c.c_int, [h, c.POINTER(Recovery), c.POINTER(text)]),
        "set_recovery_key": (c.c_int, [h, text, c.POINTER(Recovery)]),
        "change_passphrase": (c.c_int, [h, text, c.c_bool]),
        "closing": (c.c_int, [h, c.POINTER(c.c_bool)]),
        "verified_only": (c.c_int, [h, c.POINTER(c.c_bool)]),
        "set_verified_only": (c.c_int, [h, c.c_bool]),
        "login": (c.c_int, [h, c.POINTER(Approval)]),
        "logout": (c.c_int, [h]),
        "username": (text, [h]), "device_id": (text, [h]),
        "sessions": (c.c_int, [h, c.c_bool, *rows(Session)]),
        "find_at": (c.c_int, [h, c.c_int, text, text]),
        "search": (c.c_int, [h, c.POINTER(Search), *rows(Event)]),
        "read_to": (c.c_int, [h, text, number]),
        "type": (c.c_int, [h, text, c.c_bool]),
        "members": (c.c_int, [h, text, *rows(Member)]),
        "safety_number": (c.c_int, [h, text, c.POINTER(text)]),
        "shown": (c.c_int, [h, text, c.POINTER(text), c.c_size_t]),
        "create": (c.c_int, [h, c.POINTER(Creation), text]),
        **{verb: (c.c_int, [h, text]) for verb in (
            "join", "rotate", "leave", "resolve", "refresh", "flush",
            "compared", "refuse", "revoke", "unblock", "decline")},
        "invite": (c.c_int, [h, text, text, c.POINTER(c.c_size_t)]),
        "ask": (c.c_int, [h, text, text, c.POINTER(text)]),
        "uninvite": (c.c_int, [h, text, text]),
        "look": (c.c_int, [h]),
        "invitations": (c.c_int, [h, *rows(Invitation)]),
        "labels": (c.c_int, [h, *rows(Label)]),
        "label": (c.c_int, [h, text, c.POINTER(text)]),
        "kept": (c.c_int, [h, text, c.POINTER(number), c.POINTER(number)]),
        "read_part": (c.c_int, [h, text, number, number]),
        "give_receipt": (c.c_int, [h, text]),
        "letters": (c.c_int, [h, text, *rows(Letter)]),
        **{verb: (c.c_int, [h, text, text]) for verb in (
            "remove", "ban", "unban", "move")},
        "set_role": (c.c_int, [h, text, text, text]),
        "upgrade": (c.c_int, [h, text, c.c_bool]),
        "receipts": (c.c_int, [h, text, number, *rows(Receipt)]),
        "key_changes": (c.c_int, [h, text, *rows(KeyChange)]),
        "accept_keys": (c.c_int, [h, text, c.POINTER(text), c.c_size_t,
                                  c.POINTER(c.c_size_t)]),
        "connect": (c.c_int, [h]), "clock_ahead": (c.c_int64, [h]),
        "send": (c.c_int, [h, text, text, c.POINTER(Saying), c.POINTER(Sent)]),
        "set_name": (c.c_int, [h, text, text, c.POINTER(Sent)]),
        "set_subject": (c.c_int, [h, text, text, c.POINTER(Sent)]),
        "set_picture": (c.c_int, [h, text, text, c.c_size_t, c.POINTER(Sent)]),
        "picture": (c.c_int, [h, text, c.POINTER(c.c_void_p),
                              c.POINTER(c.c_size_t)]),
        "outbox": (c.c_int, [h, text, *rows(Item)]),
        "drop": (c.c_int, [h, text, number]),
        "listen": (c.c_int, [h]),
        "follow": (c.c_int, [h, text, number]),
        "fd": (c.c_int, [h]), "step": (c.c_int, [h, c.c_int]),
        "next_event": (c.POINTER(Event), [h]),
        "entry": (c.c_int, [h, text, number, c.POINTER(c.POINTER(Event))]),
        "verify": (c.c_int, [h, text, c.POINTER(c.POINTER(Person))]),
        **{f"json_{of}": (c.c_int, [h, text, c.POINTER(text)]) for of in (
            "session", "outbox", "person")},
        "account_log": (c.c_int, [h, text, c.POINTER(text)]),
        "check_log": (c.c_int, [h, text, c.c_size_t, c.POINTER(text)]),
        "began_anew": (c.c_bool, [h]),
        "wish": (c.c_int, [h, c.c_int, c.POINTER(c.c_bool)]),
        "set_wish": (c.c_int, [h, c.c_int, c.c_bool]),
        "devices": (c.c_int, [h, *rows(OwnDevice)]),
        "send_file": (c.c_int, [h, text, text, text, c.POINTER(Saying),
                                c.POINTER(Watch), c.POINTER(Sent)]),
        "save_file": (c.c_int, [h, text, number, text, c.POINTER(Watch),
                                c.POINTER(text)]),
        "approve": (c.c_int, [h, text, c.POINTER(number)]),
        "someone_waits": (c.c_int, [h, c.POINTER(c.c_bool)]),
        "link": (c.c_int, [h, number]),
        "accept": (c.c_int, [h, text, text]),
        "blocks": (c.c_int, [h, *rows(Blocked)]),
        "block": (c.c_int, [h, text, c.POINTER(c.c_bool)]),
        "password": (c.c_int, [text, text, text]),
        "core_new": (c.c_int, [c.POINTER(CoreConfig), c.POINTER(h)]),
        "core_free": (None, [h]),
        "core_why": (text, [h]), "core_slug": (text, [h]),
        "core_about": (text, [h]),
        "core_start": (c.c_int, [h, c.POINTER(Order)]),
        "core_turn": (c.c_int, [h, c.POINTER(c.POINTER(Request)),
                                c.POINTER(c.c_uint32)]),
        "core_answer": (None, [h, c.c_int, text, c.c_size_t, c.c_int64]),
        "core_outcome": (c.c_int, [h, c.POINTER(c.POINTER(Outcome))]),
        "core_push": (c.c_int, [h, text, c.c_size_t]),
        "core_next_event": (c.POINTER(Event), [h]),
        "core_sessions": (c.c_int, [h, c.POINTER(text)]),
        "core_describe": (c.c_int, [h, text, c.POINTER(text)]),
        "core_entry": (c.c_int, [h, text, number, c.POINTER(text)]),
        "core_shown": (c.c_int, [h, text, c.POINTER(text), c.c_size_t]),
        "core_file_seal": (c.c_int, [h, c.POINTER(FileWish), c.POINTER(h)]),
        "core_file_open": (c.c_int, [h, text, number, c.POINTER(h)]),
        "file_free": (None, [h]),
        "file_facts": (c.POINTER(FileFacts), [h]),
        "core_file_pass": (c.c_int, [h, h, text, c.c_size_t, text]),
        "core_file_end": (c.c_int, [h, h, text]),
        "core_file_turn": (c.c_int, [h, h, c.POINTER(c.POINTER(Transfer)),
                                     c.POINTER(c.c_uint32)]),
        "core_file_answer": (None, [h, h, c.c_int, text, c.c_size_t, number,
                                    number]),
        "core_file_outcome": (c.c_int, [h, h]),
        "core_hear": (c.c_int, [h, text, c.c_size_t,
                                c.POINTER(c.POINTER(Order))]),
        "core_due": (c.c_int, [h, c.POINTER(number),
                               c.POINTER(c.POINTER(Order))]),
        "core_outbox": (c.c_int, [h, text, c.POINTER(text)]),
        "core_person": (c.c_int, [h, text, c.POINTER(text)]),
        "core_invitations": (c.c_int, [h, text, c.c_size_t, c.POINTER(text)]),
        "core_search": (c.c_int, [h, c.POINTER(Search), c.POINTER(text)]),
        "core_type": (c.c_int, [h, text, c.c_bool, c.POINTER(text)]),
        "core_unread": (c.c_int, [h, text, c.POINTER(number),
                                  c.POINTER(number)]),
        "core_find": (c.c_int, [h, text, text]),
        "core_drop": (c.c_int, [h, text, number]),
        "core_read_to": (c.c_int, [h, text, number]),
        "core_compared": (c.c_int, [h, text]),
        "core_accept": (c.c_int, [h, text, text]),
        "core_wish": (c.c_int, [h, c.c_int, c.POINTER(c.c_bool)]),
        "core_set_wish": (c.c_int, [h, c.c_int, c.c_bool]),
    }
    for name, (result, arguments) in table.items():
        function = getattr(lib, f"hermetic_{name}")
        function.restype = result
        function.argtypes = arguments


_functions()
