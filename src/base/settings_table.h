/*
 * Every setting of the server's processes: .env.example and the table in
 * docs/operations.md are made of this (tools/write-tables.mjs), and so are the
 * defaults and bounds. What is not here, and is not of the command or of
 * ./dev, is told at the start.
 */
#ifndef HERMETIC_BASE_SETTINGS_TABLE_H
#define HERMETIC_BASE_SETTINGS_TABLE_H

/* The processes that read it. */
enum setting_process {
	SETTING_API = 1,
	SETTING_ROTATION = 2, /* and hermetic-admin */
	SETTING_PLUGIN = 4,
	SETTING_BRIDGE = 8,
	SETTING_ADMIN = 16 /* the API of the administration */
};

/* GROUP(words of the settings that follow)
 * SETTING(name without HERMETIC_, kind, default or NULL when it must be given,
 *         least, most, processes, what .env.example shows or NULL for the
 *         default) */
#define SETTINGS(GROUP, SETTING)                                               \
	GROUP("Where the API listens: a numeric address (:: is all of IPv4 "   \
	      "and IPv6) and a port from 1024.")                               \
	SETTING(HOST, TEXT, "127.0.0.1", 0u, 0u, SETTING_API, NULL)            \
	SETTING(PORT, PARSED, "8000", 0u, 0u, SETTING_API, NULL)               \
	GROUP("TLS on this port: files of the certificate with its "           \
	      "chain, and of its key (PEM). New ones are taken within a "      \
	      "second, without a restart. Empty: in the clear, for a "         \
	      "proxy in front.")                                               \
	SETTING(TLS_CERTIFICATE, TEXT, "", 0u, 0u, SETTING_API, NULL)          \
	SETTING(TLS_KEY, TEXT, "", 0u, 0u, SETTING_API, NULL)                  \
	GROUP("Worker processes, and the connections that each may hold.")     \
	SETTING(WORKERS, NUMBER, "2", 1u, 64u, SETTING_API, NULL)              \
	SETTING(CONNECTIONS, NUMBER, "8192", 16u, 1000000u, SETTING_API, NULL) \
	GROUP("PostgreSQL, as the role of the API. Or "                        \
	      "HERMETIC_DATABASE_URL_FILE: a file with the URL in its "        \
	      "first line.")                                                   \
	SETTING(DATABASE_URL, SECRET_TEXT, NULL, 0u, 0u, SETTING_API,          \
		"postgresql://hermetic_api:password@localhost/hermetic")       \
	GROUP("When the URL above is a PgBouncer's in transaction mode: "      \
	      "one past it, for LISTEN, as the same role. Nothing is "         \
	      "kept in a connection then. Otherwise empty.")                   \
	SETTING(DATABASE_LISTEN_URL, SECRET_TEXT, "", 0u, 0u, SETTING_API,     \
		NULL)                                                          \
	GROUP("A standby that history may be read from, as the same "          \
	      "role, by clients that say what they have seen "                 \
	      "(Hermetic-Position in docs/protocol.md). Or empty.")            \
	SETTING(DATABASE_READ_URL, SECRET_TEXT, "", 0u, 0u, SETTING_API, NULL) \
	GROUP("A file that remembers which PostgreSQL cluster was seen, and "  \
	      "its newest timeline: a node or bridge then refuses a primary "  \
	      "that was replaced also after a restart. Those of one machine "  \
	      "and one user may share it. Empty: until it ends.")              \
	SETTING(DATABASE_SEEN_FILE, TEXT, "", 0u, 0u,                          \
		SETTING_API | SETTING_BRIDGE, NULL)                            \
	GROUP("Where sessions are spread over several machines "               \
	      "(docs/scaling.md): how many shards there are, or a "            \
	      "multiple of it. Otherwise 1.")                                  \
	SETTING(DATABASE_BUCKETS, NUMBER, "1", 1u, 1024u,                      \
		SETTING_API | SETTING_BRIDGE, NULL)                            \
	GROUP("The key-encryption key: 32 bytes in base64 (openssl rand "      \
	      "-base64 32). Signing keys are in the database only "            \
	      "wrapped under it. Or HERMETIC_KEK_FILE.")                       \
	SETTING(KEK, KEY, NULL, 0u, 0u, SETTING_API | SETTING_ROTATION, "")    \
	GROUP("The key-encryption key before this one, while "                 \
	      "`hermetic-admin rekey` has not finished; otherwise empty. "     \
	      "Or HERMETIC_KEK_PREVIOUS_FILE.")                                \
	SETTING(KEK_PREVIOUS, KEY, "", 0u, 0u, SETTING_API | SETTING_ROTATION, \
		NULL)                                                          \
	GROUP("Who issues the access tokens, and for whom: claims iss "        \
	      "and aud.")                                                      \
	SETTING(ISSUER, TEXT, "hermetic", 0u, 0u,                              \
		SETTING_API | SETTING_PLUGIN, NULL)                            \
	SETTING(AUDIENCE, TEXT, "hermetic-api", 0u, 0u,                        \
		SETTING_API | SETTING_PLUGIN, NULL)                            \
	GROUP("How long tokens are good for, in seconds. Nodes and the "       \
	      "broker refuse an access token that is good for longer than "    \
	      "they would give: they have this setting alike, and who raises " \
	      "it does so at all of them at once.")                            \
	SETTING(ACCESS_TOKEN_SECONDS, NUMBER, "900", 5u, 86400u,               \
		SETTING_API | SETTING_PLUGIN | SETTING_ROTATION, NULL)         \
	SETTING(REFRESH_TOKEN_SECONDS, NUMBER, "2592000", 60u, 31536000u,      \
		SETTING_API, NULL)                                             \
	GROUP("So long, in seconds, the same refresh token gets the same "     \
	      "answer again: for two tabs, and for an answer that was lost. "  \
	      "Later its use ends all tokens of that login.")                  \
	SETTING(REFRESH_GRACE_SECONDS, NUMBER, "10", 0u, 300u, SETTING_API,    \
		NULL)                                                          \
	GROUP("Algorithms that sessions may use, best first.")                 \
	SETTING(ALGORITHMS, PARSED,                                            \
		"aes-256-gcm,chacha20-poly1305,twofish-256-gcm", 0u, 0u,       \
		SETTING_API | SETTING_ROTATION, NULL)                          \
	GROUP("How far the time in a message's nonce may be from the "         \
	      "server's, in seconds.")                                         \
	SETTING(NONCE_WINDOW_SECONDS, NUMBER, "600", 5u, 86400u,               \
		SETTING_API | SETTING_BRIDGE | SETTING_ROTATION, NULL)         \
	GROUP("A session's keys are due for rotation after so many "           \
	      "seconds or messages; so much later messages under old "         \
	      "keys are refused until they are renewed.")                      \
	SETTING(ROTATION_SECONDS, NUMBER, "604800", 1u, 31536000u,             \
		SETTING_API | SETTING_BRIDGE | SETTING_ROTATION |              \
		    SETTING_ADMIN,                                             \
		NULL)                                                          \
	SETTING(ROTATION_MESSAGES, NUMBER, "10000", 1u, 100000000u,            \
		SETTING_API | SETTING_BRIDGE, NULL)                            \
	SETTING(ROTATION_GRACE_SECONDS, NUMBER, "86400", 0u, 31536000u,        \
		SETTING_API | SETTING_BRIDGE | SETTING_ROTATION, NULL)         \
	SETTING(ROTATION_GRACE_MESSAGES, NUMBER, "1000", 0u, 100000000u,       \
		SETTING_API | SETTING_BRIDGE, NULL)                            \
	GROUP("The rotation worker: PostgreSQL as its own role (or "           \
	      "HERMETIC_ROTATION_DATABASE_URL_FILE), and how often it "        \
	      "looks (seconds).")                                              \
	SETTING(ROTATION_DATABASE_URL, SECRET_TEXT, NULL, 0u, 0u,              \
		SETTING_ROTATION,                                              \
		"postgresql://hermetic_rotation:password@localhost/hermetic")  \
	SETTING(ROTATION_INTERVAL_SECONDS, NUMBER, "10", 1u, 3600u,            \
		SETTING_ROTATION, NULL)                                        \
	GROUP("How long it waits until it asks the next member to renew "      \
	      "a session's keys.")                                             \
	SETTING(ROTATION_ASK_SECONDS, NUMBER, "15", 1u, 3600u,                 \
		SETTING_ROTATION, NULL)                                        \
	GROUP("A session that nobody has used for so long ends; what is "      \
	      "left of an ended one goes after so long; messages go when "     \
	      "they are so old (0: never).")                                   \
	SETTING(SESSION_IDLE_SECONDS, NUMBER, "7776000", 1u, 3153600000u,      \
		SETTING_ROTATION | SETTING_ADMIN, NULL)                        \
	SETTING(SESSION_KEEP_SECONDS, NUMBER, "2592000", 0u, 3153600000u,      \
		SETTING_ROTATION, NULL)                                        \
	SETTING(HISTORY_SECONDS, NUMBER, "0", 0u, 3153600000u,                 \
		SETTING_ROTATION, NULL)                                        \
	GROUP("A Welcome that nobody took goes after so long. A device "       \
	      "with fewer KeyPackages of an algorithm than this is told "      \
	      "to make more.")                                                 \
	SETTING(WELCOME_SECONDS, NUMBER, "2592000", 1u, 3153600000u,           \
		SETTING_ROTATION, NULL)                                        \
	SETTING(KEY_PACKAGES_LOW, NUMBER, "25", 0u, 100u, SETTING_ROTATION,    \
		NULL)                                                          \
	GROUP("How long one key signs access tokens, and how long a new "      \
	      "one is published before it signs.")                             \
	SETTING(SIGNING_KEY_SECONDS, NUMBER, "2592000", 1u, 315360000u,        \
		SETTING_ROTATION | SETTING_ADMIN, NULL)                        \
	SETTING(SIGNING_KEY_OVERLAP_SECONDS, NUMBER, "60", 5u, 86400u,         \
		SETTING_ROTATION, NULL)                                        \
	GROUP("Limits in bytes: one envelope (the longest text of a client, "  \
	      "65535 bytes, and what it is sealed in), one request, and how "  \
	      "far one WebSocket may lag.")                                    \
	SETTING(ENVELOPE_BYTES, NUMBER, "66560", 1024u, 1048576u,              \
		SETTING_API | SETTING_BRIDGE, NULL)                            \
	SETTING(BODY_BYTES, NUMBER, "1048576", 4096u, 67108864u, SETTING_API,  \
		NULL)                                                          \
	SETTING(WEBSOCKET_BYTES, NUMBER, "1048576", 65536u, 67108864u,         \
		SETTING_API, NULL)                                             \
	GROUP("What may wait for PostgreSQL in one worker; beyond it the "     \
	      "answer is 503.")                                                \
	SETTING(QUEUE_MESSAGES, NUMBER, "8192", 16u, 1000000u,                 \
		SETTING_API | SETTING_BRIDGE, NULL)                            \
	SETTING(QUEUE_BYTES, NUMBER, "33554432", 1048576u, 1073741824u,        \
		SETTING_API | SETTING_BRIDGE, NULL)                            \
	SETTING(QUEUE_STATEMENTS, NUMBER, "4096", 16u, 1000000u, SETTING_API,  \
		NULL)                                                          \
	GROUP("Who may register: open, closed, or token (whoever has one "     \
	      "that `hermetic-admin token` has made).")                        \
	SETTING(REGISTRATION, PARSED, "open", 0u, 0u, SETTING_API, NULL)       \
	GROUP("For how many seconds the name of an account that was erased "   \
	      "is not given out again: whoever knew it would take the next "   \
	      "account for the first one.")                                    \
	SETTING(NAME_HOLD_SECONDS, NUMBER, "31536000", 0u, 3153600000u,        \
		SETTING_API | SETTING_ROTATION, NULL)                          \
	GROUP("Password hashing: threads of one worker, and how many may "     \
	      "wait for one.")                                                 \
	SETTING(LOGIN_THREADS, NUMBER, "2", 1u, 64u, SETTING_API, NULL)        \
	SETTING(LOGIN_QUEUE, NUMBER, "32", 1u, 1024u, SETTING_API, NULL)       \
	GROUP("Limits of tries (docs/operations.md); 0: none. Logins of one "  \
	      "account from one address a minute (ten times as many from one " \
	      "address for all accounts), wrong passphrases for one account "  \
	      "from anywhere an hour, new accounts from one address an hour. " \
	      "Of IPv6, 64 bits are one address.")                             \
	SETTING(LOGINS_PER_MINUTE, NUMBER, "30", 0u, 100000u, SETTING_API,     \
		NULL)                                                          \
	SETTING(GUESSES_PER_HOUR, NUMBER, "100", 0u, 100000u, SETTING_API,     \
		NULL)                                                          \
	SETTING(REGISTRATIONS_PER_HOUR, NUMBER, "100", 0u, 1000000u,           \
		SETTING_API, NULL)                                             \
	GROUP("Claims of KeyPackages: by one account a minute, of one "        \
	      "account by another one an hour; and how many an hour of one "   \
	      "account by all others get one that is used once. Later ones "   \
	      "get the last-resort one.")                                      \
	SETTING(CLAIMS_PER_MINUTE, NUMBER, "600", 0u, 1000000u, SETTING_API,   \
		NULL)                                                          \
	SETTING(CLAIMS_OF_ONE_PER_HOUR, NUMBER, "10", 0u, 1000000u,            \
		SETTING_API, NULL)                                             \
	SETTING(CLAIMED_PER_HOUR, NUMBER, "30", 0u, 1000000u, SETTING_API,     \
		NULL)                                                          \
	GROUP("So many requests of one account a minute that write something " \
	      "which has no limit of its own.")                                \
	SETTING(WRITES_PER_MINUTE, NUMBER, "1200", 0u, 1000000u, SETTING_API,  \
		NULL)                                                          \
	GROUP("So many links a minute for one account's log; sessions that "   \
	      "one account makes a day; invitations that it gives a day, and " \
	      "that one other account may have of it without following them.") \
	SETTING(LINKS_PER_MINUTE, NUMBER, "30", 0u, 1000000u, SETTING_API,     \
		NULL)                                                          \
	SETTING(SESSIONS_PER_DAY, NUMBER, "200", 0u, 1000000u, SETTING_API,    \
		NULL)                                                          \
	SETTING(INVITATIONS_PER_DAY, NUMBER, "200", 0u, 1000000u, SETTING_API, \
		NULL)                                                          \
	SETTING(INVITATIONS_PENDING, NUMBER, "20", 0u, 1000000u, SETTING_API,  \
		NULL)                                                          \
	GROUP("Messages of one device a minute and their bytes, and messages " \
	      "of one session a minute.")                                      \
	SETTING(MESSAGES_PER_MINUTE, NUMBER, "1200", 0u, 100000000u,           \
		SETTING_API | SETTING_BRIDGE, NULL)                            \
	SETTING(BYTES_PER_MINUTE, NUMBER, "67108864", 0u, 4294967295u,         \
		SETTING_API | SETTING_BRIDGE, NULL)                            \
	SETTING(SESSION_MESSAGES_PER_MINUTE, NUMBER, "12000", 0u, 100000000u,  \
		SETTING_API | SETTING_BRIDGE, NULL)                            \
	GROUP("Typing notices: of one device a minute.")                       \
	SETTING(TYPING_PER_MINUTE, NUMBER, "120", 0u, 100000000u,              \
		SETTING_API | SETTING_BRIDGE, NULL)                            \
	GROUP("How much there may be: devices of one account, KeyPackages of " \
	      "one device and algorithm, devices in one session, WebSockets "  \
	      "of one account and of one address in one worker, sessions "     \
	      "that one WebSocket follows.")                                   \
	SETTING(DEVICES, NUMBER, "32", 1u, 10000u, SETTING_API, NULL)          \
	SETTING(KEY_PACKAGES, NUMBER, "200", 1u, 100000u, SETTING_API, NULL)   \
	SETTING(SESSION_MEMBERS, NUMBER, "5000", 2u, 1000000u, SETTING_API,    \
		NULL)                                                          \
	SETTING(WEBSOCKETS, NUMBER, "64", 1u, 1000000u, SETTING_API, NULL)     \
	SETTING(ADDRESS_WEBSOCKETS, NUMBER, "4096", 1u, 1000000u, SETTING_API, \
		NULL)                                                          \
	SETTING(SUBSCRIPTIONS, NUMBER, "1024", 1u, 100000u, SETTING_API, NULL) \
	GROUP("Files: bytes of one, as it is stored; bytes and files that "    \
	      "an account may have stored, and those of a session; how many "  \
	      "files a worker takes and gives at a time; and how many files "  \
	      "one account begins to store a minute.")                         \
	SETTING(FILE_BYTES, NUMBER, "4294967296", 0u, 281474976710656u,        \
		SETTING_API, NULL)                                             \
	SETTING(FILE_ACCOUNT_BYTES, NUMBER, "10737418240", 0u,                 \
		281474976710656u, SETTING_API, NULL)                           \
	SETTING(FILE_ACCOUNT_COUNT, NUMBER, "10000", 0u, 10000000u,            \
		SETTING_API, NULL)                                             \
	SETTING(FILE_SESSION_BYTES, NUMBER, "53687091200", 0u,                 \
		281474976710656u, SETTING_API, NULL)                           \
	SETTING(FILE_SESSION_COUNT, NUMBER, "50000", 0u, 10000000u,            \
		SETTING_API, NULL)                                             \
	SETTING(FILE_TRANSFERS, NUMBER, "16", 1u, 10000u, SETTING_API, NULL)   \
	SETTING(FILES_PER_MINUTE, NUMBER, "120", 0u, 1000000u, SETTING_API,    \
		NULL)                                                          \
	GROUP(                                                                 \
	    "Where the bytes of new files go: postgres, or s3: to a store "    \
	    "that speaks S3's protocol (docs/operations.md). What was stored " \
	    "before stays where it is.")                                       \
	SETTING(FILES_STORE, PARSED, "postgres", 0u, 0u, SETTING_API, NULL)    \
	GROUP(                                                                 \
	    "That store: the URL of its bucket, "                              \
	    "https://HOST[:PORT]/BUCKET[/PREFIX], or empty; its region; the "  \
	    "key, and the secret that goes with it (or "                       \
	    "HERMETIC_OBJECTS_SECRET_KEY_FILE); a file of authorities (PEM), " \
	    "where the system's are not those of its certificate.")            \
	SETTING(OBJECTS_URL, TEXT, "", 0u, 0u, SETTING_API | SETTING_ROTATION, \
		NULL)                                                          \
	SETTING(OBJECTS_REGION, TEXT, "us-east-1", 0u, 0u,                     \
		SETTING_API | SETTING_ROTATION, NULL)                          \
	SETTING(OBJECTS_ACCESS_KEY, TEXT, "", 0u, 0u,                          \
		SETTING_API | SETTING_ROTATION, NULL)                          \
	SETTING(OBJECTS_SECRET_KEY, SECRET_TEXT, "", 0u, 0u,                   \
		SETTING_API | SETTING_ROTATION, NULL)                          \
	SETTING(OBJECTS_CA, TEXT, "", 0u, 0u, SETTING_API | SETTING_ROTATION,  \
		NULL)                                                          \
	GROUP("A file that no message names goes when nothing was stored of "  \
	      "it for so long, which is noted by the hour; one whose last "    \
	      "message has gone goes within a quarter of it.")                 \
	SETTING(FILE_UNNAMED_SECONDS, NUMBER, "86400", 7200u, 86400u,          \
		SETTING_ROTATION, NULL)                                        \
	GROUP("Proxies in front of the nodes, as addresses or networks "       \
	      "(10.0.0.0/8, ::1): the client's address is what they say "      \
	      "in X-Forwarded-For.")                                           \
	SETTING(TRUSTED_PROXIES, PARSED, "", 0u, 0u, SETTING_API, NULL)        \
	GROUP("Origins whose pages may call the API from a browser, with "     \
	      "commas between, such as https://chat.example; * is any. "       \
	      "Empty: none.")                                                  \
	SETTING(CORS_ORIGINS, PARSED, "", 0u, 0u, SETTING_API, NULL)           \
	GROUP("1: a node serves a page at /, by which people use it in a "     \
	      "browser; and the directory where that page is installed. Who "  \
	      "serves a page can read all that is said there "                 \
	      "(docs/threat-model.md).")                                       \
	SETTING(WEB, NUMBER, "0", 0u, 1u, SETTING_API, NULL)                   \
	SETTING(WEB_DIRECTORY, TEXT, "/usr/share/hermetic/web", 0u, 0u,        \
		SETTING_API, NULL)                                             \
	GROUP("MQTT (docs/mqtt.md). PostgreSQL as the plugin's and as "        \
	      "the bridge's role, and the word by which the plugin knows "     \
	      "the bridge. Or the same names with _FILE.")                     \
	SETTING(MQTT_DATABASE_URL, SECRET_TEXT, NULL, 0u, 0u, SETTING_PLUGIN,  \
		"postgresql://hermetic_mqtt:password@localhost/hermetic")      \
	SETTING(                                                               \
	    MQTT_BRIDGE_DATABASE_URL, SECRET_TEXT, NULL, 0u, 0u,               \
	    SETTING_BRIDGE,                                                    \
	    "postgresql://hermetic_mqtt_bridge:password@localhost/hermetic")   \
	SETTING(MQTT_BRIDGE_SECRET, SECRET_TEXT, NULL, 0u, 0u,                 \
		SETTING_PLUGIN | SETTING_BRIDGE, "")                           \
	GROUP("A secret by which the API vouches to the plugin for the keys "  \
	      "that sign tokens: 24 random characters or more, the same for "  \
	      "both. Empty: the API vouches for none, and there is no "        \
	      "broker. Or HERMETIC_MQTT_KEYS_SECRET_FILE.")                    \
	SETTING(MQTT_KEYS_SECRET, SECRET_TEXT, "", 0u, 0u,                     \
		SETTING_API | SETTING_PLUGIN, NULL)                            \
	GROUP("The broker's Unix socket, and where the bridge listens "        \
	      "for clients: a numeric address; :: is all of IPv4 and IPv6.")   \
	SETTING(MQTT_SOCKET, TEXT, NULL, 0u, 0u, SETTING_BRIDGE,               \
		"/run/hermetic/mqtt.sock")                                     \
	SETTING(MQTT_HOST, TEXT, "127.0.0.1", 0u, 0u, SETTING_BRIDGE, NULL)    \
	SETTING(MQTT_PORT, NUMBER, "1883", 1u, 65535u, SETTING_BRIDGE, NULL)   \
	GROUP("The bridge's limits: bytes of a packet, clients, the "          \
	      "seconds of messages told again after a break, and how "         \
	      "long the broker keeps one for who is away.")                    \
	SETTING(MQTT_PACKET_BYTES, NUMBER, "262144", 1024u, 268435455u,        \
		SETTING_BRIDGE, NULL)                                          \
	SETTING(MQTT_CONNECTIONS, NUMBER, "4096", 1u, 1000000u,                \
		SETTING_BRIDGE, NULL)                                          \
	SETTING(MQTT_REPLAY_SECONDS, NUMBER, "60", 0u, 86400u, SETTING_BRIDGE, \
		NULL)                                                          \
	SETTING(MQTT_EXPIRY_SECONDS, NUMBER, "604800", 1u, 31536000u,          \
		SETTING_BRIDGE, NULL)                                          \
	GROUP("How long a client may take from its connection to the "         \
	      "broker's CONNACK, in seconds; and how many new sessions a day " \
	      "the broker keeps for one device (0: any number).")              \
	SETTING(MQTT_CONNECT_SECONDS, NUMBER, "10", 1u, 3600u, SETTING_BRIDGE, \
		NULL)                                                          \
	SETTING(MQTT_SESSIONS_PER_DAY, NUMBER, "16", 0u, 1000000u,             \
		SETTING_BRIDGE, NULL)                                          \
	GROUP("How long a client may take, in seconds: for a request's "       \
	      "head (and a TLS handshake), for its body, between two "         \
	      "requests; and after how much silence a WebSocket is "           \
	      "pinged, and then given up.")                                    \
	SETTING(HEAD_SECONDS, NUMBER, "10", 1u, 3600u, SETTING_API, NULL)      \
	SETTING(BODY_SECONDS, NUMBER, "30", 1u, 3600u, SETTING_API, NULL)      \
	SETTING(IDLE_SECONDS, NUMBER, "60", 1u, 3600u, SETTING_API, NULL)      \
	SETTING(PING_SECONDS, NUMBER, "30", 1u, 3600u, SETTING_API, NULL)      \
	GROUP("Asked to stop, a node says so much longer that it is not "      \
	      "ready, and still answers, before it ends: seconds, for a "      \
	      "balancer to notice.")                                           \
	SETTING(DRAIN_SECONDS, NUMBER, "3", 0u, 600u, SETTING_API, NULL)       \
	GROUP("GET /metrics for Prometheus, on a port of its own that no "     \
	      "client may reach; 0: none. Of a node, of the bridge and "       \
	      "of the rotation worker.")                                       \
	SETTING(METRICS_HOST, TEXT, "127.0.0.1", 0u, 0u,                       \
		SETTING_API | SETTING_BRIDGE | SETTING_ROTATION, NULL)         \
	SETTING(METRICS_PORT, NUMBER, "0", 0u, 65535u, SETTING_API, NULL)      \
	SETTING(MQTT_METRICS_PORT, NUMBER, "0", 0u, 65535u, SETTING_BRIDGE,    \
		NULL)                                                          \
	SETTING(ROTATION_METRICS_PORT, NUMBER, "0", 0u, 65535u,                \
		SETTING_ROTATION, NULL)                                        \
	GROUP("The API of the administration, a process of its own "           \
	      "(docs/operations.md): where it listens, which no client may "   \
	      "reach, and PostgreSQL as its role. Or "                         \
	      "HERMETIC_ADMIN_DATABASE_URL_FILE.")                             \
	SETTING(ADMIN_HOST, TEXT, "127.0.0.1", 0u, 0u, SETTING_ADMIN, NULL)    \
	SETTING(ADMIN_PORT, NUMBER, "8002", 1u, 65535u, SETTING_ADMIN, NULL)   \
	SETTING(ADMIN_DATABASE_URL, SECRET_TEXT, NULL, 0u, 0u, SETTING_ADMIN,  \
		"postgresql://hermetic_admin:password@localhost/hermetic")     \
	GROUP("TLS on its port, as HERMETIC_TLS_CERTIFICATE and "              \
	      "HERMETIC_TLS_KEY; and how many wrong tokens one address may "   \
	      "send in a minute (0: any number).")                             \
	SETTING(ADMIN_TLS_CERTIFICATE, TEXT, "", 0u, 0u, SETTING_ADMIN, NULL)  \
	SETTING(ADMIN_TLS_KEY, TEXT, "", 0u, 0u, SETTING_ADMIN, NULL)          \
	SETTING(ADMIN_WRONG_TOKENS_PER_MINUTE, NUMBER, "10", 0u, 100000u,      \
		SETTING_ADMIN, NULL)                                           \
	GROUP("1: a node logs a line for each request: its id "                \
	      "(X-Request-Id, the client's or one of ours), route, "           \
	      "status, bytes, microseconds, and its place in a trace "         \
	      "(traceparent). No path, no address, no token.")                 \
	SETTING(ACCESS_LOG, NUMBER, "0", 0u, 1u, SETTING_API | SETTING_ADMIN,  \
		NULL)                                                          \
	GROUP("debug, info, warn or error.")                                   \
	SETTING(LOG_LEVEL, PARSED, "info", 0u, 0u,                             \
		SETTING_API | SETTING_PLUGIN | SETTING_BRIDGE |                \
		    SETTING_ROTATION | SETTING_ADMIN,                          \
		NULL)

#define SETTING_NO_GROUP(words)
enum setting_id {
#define SETTING_ID(name, kind, otherwise, min, max, processes, example)        \
	SETTING_##name,
	SETTINGS(SETTING_NO_GROUP, SETTING_ID)
#undef SETTING_ID
	    SETTING_COUNT
};

#endif
