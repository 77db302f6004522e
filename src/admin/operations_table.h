/*
 * What an operator can do: a row for each operation, as a command of hermetic-admin
 * and as a method of a path of the administration's API. docs/openapi-admin.yaml has
 * the same paths, held by a test.
 */
#ifndef HERMETIC_ADMIN_OPERATIONS_TABLE_H
#define HERMETIC_ADMIN_OPERATIONS_TABLE_H

/* OPERATION(NAME, verb, words, method, path, scope, statement, takes, gives, without)
 *
 * verb: of the command. Where two rows have one, the command's arguments decide.
 * words: what it does, as the command's --help and the API's document say it.
 * method, path: of the API; a segment in braces is the operation's argument. ONLY and
 *   "": the API does not have it.
 * scope: what a token needs.
 * takes: the statement's parameters in their order, a letter each: n a user name, i an
 *   id, w another word, o an argument that there is not (NULL), t the API's token, a
 *   where a page begins (A an id, N a number), c how many rows, s the three times of
 *   `status`, h the hash of a new token, u its uses, d its seconds. Of n, i and w there
 *   is at most one: it is the command's argument.
 * gives: LIST; ONE; DONE, nothing; TOKEN, a new one; CHAIN, whether the record is whole.
 * without: the outcome where the statement finds nothing. */
#define OPERATIONS(OPERATION)                                                  \
	OPERATION(STATUS, "status", "Says what is due, and what comes next.",  \
		  GET, "/admin/status", READ, STATUS, "s", ONE, INTERNAL)      \
	OPERATION(STATISTICS, "statistics",                                    \
		  "Says how much there is of everything.", GET,                \
		  "/admin/statistics", READ, STATISTICS, "", ONE, INTERNAL)    \
	OPERATION(USERS, "users",                                              \
		  "Lists accounts in the order of their names.", GET,          \
		  "/admin/users", READ, USERS, "aco", LIST, OK)                \
	OPERATION(USER, "users", "Shows one account.", GET,                    \
		  "/admin/users/{username}", READ, USERS, "acn", ONE,          \
		  NO_SUCH_USER)                                                \
	OPERATION(DELETE, "delete", "Erases an account.", DELETE,              \
		  "/admin/users/{username}", ERASE, ERASE, "nt", DONE,         \
		  NO_SUCH_USER)                                                \
	OPERATION(EXPORT, "export",                                            \
		  "Writes all that is stored of an account.", POST,            \
		  "/admin/users/{username}/export", EXPORT, EXPORT, "nt", ONE, \
		  NO_SUCH_USER)                                                \
	OPERATION(SUSPEND, "suspend",                                          \
		  "Ends an account's tokens, and lets nobody log in.", POST,   \
		  "/admin/users/{username}/suspend", WRITE, SUSPEND, "nt",     \
		  DONE, NO_SUCH_USER)                                          \
	OPERATION(RESUME, "resume", "Lets an account's person log in again.",  \
		  POST, "/admin/users/{username}/resume", WRITE, RESUME, "nt", \
		  DONE, NO_SUCH_USER)                                          \
	OPERATION(SIGN_OUT, "sign-out", "Ends all tokens of an account.",      \
		  POST, "/admin/users/{username}/sign-out", WRITE, SIGN_OUT,   \
		  "nt", DONE, NO_SUCH_USER)                                    \
	OPERATION(LIMITS, "limits",                                            \
		  "Shows what an account has used of its limits.", GET,        \
		  "/admin/users/{username}/limits", READ, LIMITS, "n", LIST,   \
		  NO_SUCH_USER)                                                \
	OPERATION(RESET_LIMITS, "reset-limits",                                \
		  "Forgets what an account has used of its limits.", DELETE,   \
		  "/admin/users/{username}/limits", WRITE, LIMITS_RESET, "nt", \
		  DONE, NO_SUCH_USER)                                          \
	OPERATION(DEVICES, "devices", "Lists the devices of an account.", GET, \
		  "/admin/users/{username}/devices", READ, DEVICES, "n", LIST, \
		  NO_SUCH_USER)                                                \
	OPERATION(END_DEVICE, "end-device",                                    \
		  "Ends a device, as if its person had.", DELETE,              \
		  "/admin/devices/{device_id}", WRITE, DEVICE_END, "it", DONE, \
		  NO_DEVICE)                                                   \
	OPERATION(CONNECTED, "connected",                                      \
		  "Lists devices that are connected somewhere.", GET,          \
		  "/admin/connected", READ, CONNECTED, "Ac", LIST, OK)         \
	OPERATION(SESSIONS, "sessions", "Lists sessions with their sizes.",    \
		  GET, "/admin/sessions", READ, SESSIONS, "Aco", LIST, OK)     \
	OPERATION(SESSION, "sessions", "Shows one session.", GET,              \
		  "/admin/sessions/{session_id}", READ, SESSIONS, "Aci", ONE,  \
		  NO_SESSION)                                                  \
	OPERATION(MEMBERS, "members",                                          \
		  "Lists the devices that are members of a session.", GET,     \
		  "/admin/sessions/{session_id}/members", READ, MEMBERS, "i",  \
		  LIST, NO_SESSION)                                            \
	OPERATION(END_SESSION, "end-session",                                  \
		  "Ends a session: nobody sends in it any more.", POST,        \
		  "/admin/sessions/{session_id}/end", WRITE, SESSION_END,      \
		  "it", DONE, NO_OPEN_SESSION)                                 \
	OPERATION(TOKENS, "tokens",                                            \
		  "Lists the tokens that let people register.", GET,           \
		  "/admin/registration-tokens", READ, TOKENS, "", LIST, OK)    \
	OPERATION(TOKEN, "token", "Makes a token that lets people register.",  \
		  POST, "/admin/registration-tokens", WRITE, TOKEN, "hudt",    \
		  TOKEN, INTERNAL)                                             \
	OPERATION(END_TOKEN, "end-token", "Takes a registration token back.",  \
		  DELETE, "/admin/registration-tokens/{token_id}", WRITE,      \
		  TOKEN_END, "wt", DONE, NO_TOKEN)                             \
	OPERATION(AUDIT, "audit", "Shows the record in its order.", GET,       \
		  "/admin/audit", READ, AUDIT, "Nc", LIST, OK)                 \
	OPERATION(AUDIT_VERIFY, "audit verify",                                \
		  "Says whether the record is whole.", GET,                    \
		  "/admin/audit/verify", READ, AUDIT, "Nc", CHAIN, OK)         \
	OPERATION(API_TOKENS, "api-tokens", "Lists the tokens of the API.",    \
		  ONLY, "", NONE, API_TOKENS, "", LIST, OK)                    \
	OPERATION(END_API_TOKEN, "end-api-token",                              \
		  "Takes a token of the API back.", ONLY, "", NONE,            \
		  API_TOKEN_END, "w", DONE, NO_TOKEN)

#endif
