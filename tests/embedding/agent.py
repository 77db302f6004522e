"""A device whose keys an agent holds, or does not hold any more.

    agent.py HOME
"""
import sys

from hermetic import Device, Result
from refusals import refused

with Device(sys.argv[1]) as me:
    refused(Result.PASSPHRASE, "passphrase-needed", me.open)
with Device(sys.argv[1], agent=True) as me:
    me.open()
    print(me.username, flush=True)
    sys.stdin.readline()
with Device(sys.argv[1], agent=True) as me:
    refused(Result.PASSPHRASE, "passphrase-needed", me.open)
print("locked", flush=True)
