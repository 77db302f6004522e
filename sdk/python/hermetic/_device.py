"""The device of an account for a program of its own process and its own folder."""
from ._account import Account
from ._events import Events
from ._people import People
from ._sessions import Sessions
from ._texts import Texts


class Device(Account, Sessions, Texts, Events, People):
    """A device of an account, with its sealed state in the folder `home`. Without a
    passphrase it is opened where an agent holds the keys (`agent`). One that is `patient`
    listens also while the server cannot be reached."""
