"""Says something in a new session:  send.py HOME SERVER NAME WHOM TEXT"""
import os
import sys

import hermetic

home, server, name, whom, text = sys.argv[1:]
with hermetic.Device(home, os.environ["PASSPHRASE"], server=server,
                     username=name) as me:
    me.open() if me.exists else me.register()
    print(me.send(me.create(users=[whom]), text))
