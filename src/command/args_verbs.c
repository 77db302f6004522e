#include "command/args_verbs.h"

const enum verb_in_chat args_in_chat[VERB_COUNT] = {
	[VERB_JOIN] = CHAT_AS_IS,	   [VERB_INVITE] = CHAT_IN_SESSION,
	[VERB_SAVE] = CHAT_IN_SESSION,	   [VERB_MEMBERS] = CHAT_IN_SESSION,
	[VERB_SAFETY] = CHAT_IN_SESSION,   [VERB_ROTATE] = CHAT_IN_SESSION,
	[VERB_REMOVE] = CHAT_IN_SESSION,   [VERB_ROLE] = CHAT_IN_SESSION,
	[VERB_BAN] = CHAT_IN_SESSION,	   [VERB_UNBAN] = CHAT_IN_SESSION,
	[VERB_UNINVITE] = CHAT_IN_SESSION, [VERB_ALGORITHM] = CHAT_IN_SESSION,
	[VERB_RENAME] = CHAT_IN_SESSION,   [VERB_LEAVE] = CHAT_IN_SESSION,
	[VERB_OUTBOX] = CHAT_AS_IS,	   [VERB_RESOLVE] = CHAT_IN_SESSION,
	[VERB_ACCEPT] = CHAT_AS_IS,	   [VERB_INVITATIONS] = CHAT_AS_IS,
	[VERB_DECLINE] = CHAT_AS_IS,	   [VERB_BLOCK] = CHAT_AS_IS,
	[VERB_UNBLOCK] = CHAT_AS_IS,	   [VERB_VERIFY] = CHAT_AS_IS,
	[VERB_UPGRADE] = CHAT_IN_SESSION,  [VERB_SUBJECT] = CHAT_IN_SESSION,
	[VERB_PICTURE] = CHAT_IN_SESSION,
};

const struct verb_row args_verbs[VERB_COUNT] = {
	[VERB_CHAT] = { "", "", "chat interactively", 0, 0,
			"Registers or logs in as needed. Type /help inside. "
			"On a terminal the line\n"
			"is edited, by libedit and your ~/.editrc; TERM=dumb "
			"or --plain: it is not.",
			"hermetic --username alice --server localhost:8000" },
	[VERB_REGISTER] = { "register", "",
			    "make an account and log this device in", 0, 0,
			    NULL,
			    "hermetic register --username alice --server "
			    "localhost:8000" },
	[VERB_LOGIN] = { "login", "", "log this device in", 0, 0,
			 "The server, the name and --ca are remembered: later "
			 "commands\n"
			 "need none of them. A new device shows a code and "
			 "waits until another one\n"
			 "has approved it. With --algorithm this device "
			 "offers these from then on.",
			 "hermetic login --username alice "
			 "--server localhost:8000\n"
			 "  hermetic login --recovery" },
	[VERB_LOGOUT] = { "logout", "",
			  "end the login; what was received stays", 0, 0, NULL,
			  "hermetic logout" },
	[VERB_SESSIONS] = { "sessions", "", "list sessions and invitations", 0,
			    0,
			    "A session whose log goes on, as the server says, "
			    "is read first. Where that\n"
			    "cannot be done, about how much more there is is "
			    "told (\"behind\" in JSON).",
			    "hermetic sessions\n  hermetic sessions --json" },
	[VERB_CREATE] = { "create", "", "start a session", 0, 0,
			  "The first algorithm of --algorithm that every "
			  "invited device\n"
			  "shares is chosen; every member checks the choice.",
			  "hermetic create --name lunch --invite bob\n"
			  "  hermetic create --algorithm twofish-256-gcm "
			  "--invite bob" },
	[VERB_JOIN] = { "join", "ID", "join a session one was invited to", 1, 1,
			NULL,
			"hermetic join 3f2a\n"
			"  hermetic join "
			"3f2a9c1e-0d5b-4c9e-9a3f-2b1f0c7d8e9a" },
	[VERB_INVITE] = { "invite", "ID USER",
			  "add a user's devices to a session", 2, 2,
			  "With --ask nobody is added: that user comes in with "
			  "hermetic accept. So\n"
			  "does one who has no device that can be added.",
			  "hermetic invite 3f2a carol\n"
			  "  hermetic invite --ask 3f2a dave" },
	[VERB_UNINVITE] = { "uninvite", "ID USER", "take an invitation back", 2,
			    2,
			    "For who made it, admins and owners. Who has come "
			    "in is removed by\n"
			    "hermetic remove.",
			    "hermetic uninvite 3f2a carol" },
	[VERB_SEND] = { "send", "ID TEXT|-", "send a message, or a file", 1, 2,
			"With - the text is standard input. @USER in it "
			"mentions a member, who is\n"
			"told so. A file that was cut off goes on with the "
			"same command.\n"
			"What cannot be sent now is kept in the outbox (exit "
			"code 4) and goes\n"
			"out with a later command.",
			"hermetic send 3f2a 'See you at noon'\n"
			"  git log -1 | hermetic send 3f2a -\n"
			"  hermetic send 3f2a --reply 12 'Me, too'\n"
			"  hermetic send 3f2a --topic lunch '@bob, soup?'\n"
			"  hermetic send 3f2a --file notes.pdf --caption "
			"'As promised'\n"
			"  hermetic send 3f2a -- --starts-with-dashes" },
	[VERB_REACT] = { "react", "ID N TEXT", "react to message number N", 3,
			 3,
			 "Once a person and reaction. hermetic delete with its "
			 "own number takes\n"
			 "it back.",
			 "hermetic react 3f2a 12 👍" },
	[VERB_DELETE] = { "delete", "ID N", "take your message number N back",
			  2, 2,
			  "It goes out of what the others keep, too, if their "
			  "devices are honest.",
			  "hermetic delete 3f2a 12" },
	[VERB_SAVE] = { "save", "ID N [DIR]",
			"save the file of message number N", 2, 3,
			"It gets its name once all of it was verified, and "
			"takes no other file's\n"
			"place. Cut off, the same command goes on.",
			"hermetic save 3f2a 12\n"
			"  hermetic save 3f2a 12 ~/Downloads" },
	[VERB_READ] = { "read", "ID", "print messages", 1, 1,
			"What is printed without --json counts as read, "
			"unless a message before it is\n"
			"not read yet.",
			"hermetic read 3f2a\n"
			"  hermetic read lunch --last 20\n"
			"  hermetic read lunch --since 2026-11-29 --search "
			"tea\n"
			"  hermetic read 3f2a --after 12 --follow --json" },
	[VERB_SEARCH] = { "search", "WORDS", "find messages", 1, 1,
			  "In the sealed state of this device, in all "
			  "sessions: the messages that\n"
			  "have all of the words, without regard to case. The "
			  "exit code is 0, too,\n"
			  "when nothing is found.",
			  "hermetic search 'train ticket'\n"
			  "  hermetic search ticket --in lunch --last 5" },
	[VERB_MEMBERS] = { "members", "ID", "list the members", 1, 1, NULL,
			   "hermetic members 3f2a" },
	[VERB_SAFETY] = { "safety", "ID", "print the session's safety number",
			  1, 1,
			  "Two people who read each other the same number talk "
			  "to each\n"
			  "other, and to nobody in between.",
			  "hermetic safety 3f2a" },
	[VERB_ROTATE] = { "rotate", "ID", "replace the session's keys", 1, 1,
			  "Opens a new epoch with fresh keys of this device.",
			  "hermetic rotate 3f2a" },
	[VERB_REMOVE] = { "remove", "ID USER[/DEVICE]",
			  "remove a user, or one of his devices", 2, 2,
			  "Takes an admin or the owner; your own devices you "
			  "may always remove.",
			  "hermetic remove 3f2a carol" },
	[VERB_ROLE] = { "role", "ID USER ROLE",
			"make a user owner, admin or member", 3, 3,
			"For owners. The roles are part of what every member "
			"checks.",
			"hermetic role 3f2a bob admin" },
	[VERB_BAN] = { "ban", "ID USER", "keep a user out of a session", 2, 2,
		       "For admins and owners. All devices of that user are "
		       "removed, and none\n"
		       "comes in again, also where anybody may join, until "
		       "hermetic unban.",
		       "hermetic ban 3f2a mallory" },
	[VERB_UNBAN] = { "unban", "ID USER", "let a user come in again", 2, 2,
			 "For admins and owners.",
			 "hermetic unban 3f2a mallory" },
	[VERB_ALGORITHM] = { "algorithm", "ID NAME",
			     "move a session to another algorithm", 2, 2,
			     "For admins and owners. Every member comes along; "
			     "what was\n"
			     "read before stays readable. Those that begin "
			     "with xwing- keep what is\n"
			     "recorded today from a quantum computer of "
			     "later. They take OpenSSL\n"
			     "3.5 at every member, and --algorithm at "
			     "its login.",
			     "hermetic algorithm 3f2a twofish-256-gcm\n"
			     "  hermetic algorithm 3f2a xwing-aes-256-gcm" },
	[VERB_UPGRADE] = { "upgrade", "ID",
			   "take a session of old rules over to accounts", 1, 1,
			   "For owners. Such a session names users, and not "
			   "accounts by their\n"
			   "fingerprints, or leaves it to the server who may "
			   "come in. Afterwards\n"
			   "only who is invited may, or anybody with --open. "
			   "Every member has to\n"
			   "have used a present version once.",
			   "hermetic upgrade 3f2a" },
	[VERB_RENAME] = { "rename", "ID NAME", "give a session another name", 2,
			  2,
			  "Only members see it. The last one counts, whoever "
			  "gave it.",
			  "hermetic rename 3f2a 'The crew'" },
	[VERB_SUBJECT] = { "subject", "ID TEXT", "say what a session is about",
			   2, 2,
			   "Only members see it. The last one counts, whoever "
			   "said it; '' is none.",
			   "hermetic subject 3f2a 'Lunch on Fridays'" },
	[VERB_PICTURE] = { "picture", "ID [FILE]",
			   "give a session a picture, or write it out", 1, 2,
			   "A PNG, JPEG, GIF or WebP of at most 16,384 bytes, "
			   "which only members see.\n"
			   "The last one counts, whoever gave it; '' is none. "
			   "Without a FILE the\n"
			   "picture goes to standard output.",
			   "hermetic picture 3f2a crew.png\n"
			   "  hermetic picture 3f2a >crew.png" },
	[VERB_LEAVE] = { "leave", "ID", "leave a session with this device", 1,
			 1,
			 "What was read stays readable here. The next member "
			 "who is\n"
			 "there renews the keys.",
			 "hermetic leave 3f2a" },
	[VERB_OUTBOX] = { "outbox", "[ID]", "list what waits to be sent", 0, 1,
			  "Also what was refused for good. An item that is "
			  "dropped may\n"
			  "have been sent all the same, if its answer was "
			  "lost.",
			  "hermetic outbox\n  hermetic outbox --flush\n"
			  "  hermetic outbox 3f2a --drop 3" },
	[VERB_RESOLVE] = { "resolve", "ID", "go on with a stopped session", 1,
			   1,
			   "Shows what stopped it and who is in it. With --yes "
			   "this device goes\n"
			   "on from there: it joins again where it has lost "
			   "track.",
			   "hermetic resolve 3f2a\n"
			   "  hermetic resolve 3f2a --yes" },
	[VERB_ACCEPT] = { "accept", "ID|USER",
			  "come in; or take what changed under a name", 1, 1,
			  "The ID of an invitation: joins that session. A "
			  "USER: shows the keys that this device knows and "
			  "those "
			  "that were delivered\n"
			  "since, and whether the server shows another "
			  "account under that name. With\n"
			  "--yes the new ones count from then on. Ask that "
			  "person first, by another\n"
			  "channel.",
			  "hermetic accept 3f2a\n"
			  "  hermetic accept bob\n  hermetic accept bob "
			  "--yes" },
	[VERB_INVITATIONS] = { "invitations", "",
			       "list who invites you, and to what", 0, 0, NULL,
			       "hermetic invitations" },
	[VERB_DECLINE] = { "decline", "ID", "do not follow an invitation", 1, 1,
			   "Where you were added already, your device "
			   "departs.",
			   "hermetic decline 3f2a" },
	[VERB_BLOCK] = { "block", "[USER]",
			 "hear no more of somebody; list them", 0, 1,
			 "No invitation of that person is shown or taken, and "
			 "to them the server\n"
			 "answers as if there was nobody of your name. You "
			 "stay in the sessions\n"
			 "that you share. Your next devices are told.",
			 "hermetic block mallory\n  hermetic block" },
	[VERB_UNBLOCK] = { "unblock", "USER", "take a block away", 1, 1, NULL,
			   "hermetic unblock mallory" },
	[VERB_DEVICES] = { "devices", "[approve [CODE]|refuse DEVICE]",
			   "list your devices; let a new one in", 0, 2,
			   "A new device shows a code: with it another one of "
			   "your devices adds it\n"
			   "to your account and to all your sessions, and "
			   "hands over who you have met\n"
			   "and compared numbers with.",
			   "hermetic devices\n"
			   "  hermetic devices approve "
			   "7K2QM-XW04D-R9ZTB-H5C1E\n"
			   "  hermetic devices refuse phone" },
	[VERB_LINK] = { "link", "",
			"bring your other devices into your sessions", 0, 0,
			"Run it on a device that is in the sessions. Those "
			"come "
			"that stand in\n"
			"your account's log.",
			"hermetic link" },
	[VERB_REVOKE] = { "revoke", "DEVICE", "end another device of yours", 1,
			  1,
			  "It is removed from your account, logged out at "
			  "once, "
			  "and removed from every\n"
			  "session. DEVICE is its name, or the beginning of "
			  "its id.",
			  "hermetic revoke phone\n  hermetic revoke 7c1e" },
	[VERB_PASSPHRASE] = { "passphrase", "", "change the passphrase", 0, 0,
			      "Asks for the old one and for the new one, and "
			      "changes it here and\n"
			      "at the server. On each other device run it "
			      "again: the old one is\n"
			      "that device's, the new one the same.",
			      "hermetic passphrase\n"
			      "  hermetic passphrase --end-others" },
	[VERB_RECOVERY] = { "recovery", "", "make a recovery key", 0, 0,
			    "Shown once, to be written down. With it you come "
			    "back into your account\n"
			    "without any other device. One that stands is "
			    "asked for.",
			    "hermetic recovery" },
	[VERB_VERIFY] = { "verify", "USER", "compare numbers with somebody", 1,
			  1,
			  "Shows your number and theirs. When you have read "
			  "them to each other\n"
			  "and they are the same: --yes. They stay the same as "
			  "devices come and go.\n"
			  "They are about accounts; for the keys of a session "
			  "compare\n"
			  "hermetic safety ID.",
			  "hermetic verify bob\n  hermetic verify bob --yes" },
	[VERB_ACCOUNT] = { "account",
			   "delete|verified-only [on|off]|receipts [on|off]|"
			   "typing [on|off]|log [USER]|verify FILE",
			   "end your account; settings; check a log", 1, 2,
			   "delete: a signed link closes the account for all "
			   "who know it, its\n"
			   "devices depart from your sessions, and the server "
			   "erases it. Without\n"
			   "--yes it says what it would do. Cut off, it goes "
			   "on where it was.\n"
			   "receipts: whether this device tells members how "
			   "far "
			   "it is, and how far you\n"
			   "have read.\n"
			   "typing: whether it tells the members who are "
			   "connected when you type.\n"
			   "log: what the server says that the log of your "
			   "account, or of USER, is.\n"
			   "verify: such a log in a file (- is standard "
			   "input). Every link is verified,\n"
			   "without a server.",
			   "hermetic account delete\n"
			   "  hermetic account log bob >bob.json\n"
			   "  hermetic account verify bob.json" },
	[VERB_AGENT] = { "agent", "", "hold the keys of the state for a time",
			 0, 0,
			 "Asks for the passphrase once. Until the time is "
			 "over, "
			 "or hermetic lock, other\n"
			 "commands of yours open the state without it, and in "
			 "a tenth of the time.\n"
			 "It stays connected: what comes is taken in, and "
			 "what waits in the outbox is sent.",
			 "hermetic agent\n  hermetic agent --for 30m" },
	[VERB_LOCK] = { "lock", "", "end the agent", 0, 0, NULL,
			"hermetic lock" },
};
