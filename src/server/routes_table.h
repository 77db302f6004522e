/*
 * The surface of the API: a row for each method of a path. docs/openapi.yaml has the
 * same rows, held by a test.
 *
 * Whether the caller is a member of the session, and what its role lets it do, is no
 * column: the statement that answers asks it under the session's lock, and roles are
 * the group's (src/check/rules.h).
 */
#ifndef HERMETIC_SERVER_ROUTES_TABLE_H
#define HERMETIC_SERVER_ROUTES_TABLE_H

#include "door/bearer.h"
#include "server/edge/request.h"

/* A request as its handler gets it. */
struct call {
	struct request *req;
	struct identity who; /* the caller, where the row asks for one */
	struct uuid session; /* the path's {session_id}, where it has one */
};

/* Answers call->req exactly once, at once or later; `call` itself is gone when the
 * handler returns. */
typedef void call_handler(const struct call *call);

/* ROUTE(method, path, who may call, limit, handler), and STREAMED() with the same where the
 * body is taken as it comes (request_take_body()).
 *
 * who may call: ANYBODY; DEVICE, with an access token; WAITING, also a device that
 * waits to be approved; OWN_WAITING, the same, but such a device for the path's
 * {username} only if that is its own.
 * limit, charged before the handler is called: ADDRESS_LOGINS and REFRESHES, to the
 * address; CLAIMS, LINKS, APPROVALS and FILES, to the account of the caller, and WRITES, of
 * all that write something and have no limit of their own; BODY: the handler charges
 * it, by what the body says; NONE: what only reads. */
#define ROUTES(ROUTE, STREAMED)                                                \
	ROUTE(GET, "/", ANYBODY, NONE, web_page)                               \
	ROUTE(GET, "/web/{folder}/{file}", ANYBODY, NONE, web_file)            \
	ROUTE(GET, "/healthz", ANYBODY, NONE, health_live)                     \
	ROUTE(GET, "/readyz", ANYBODY, NONE, health_ready)                     \
	ROUTE(GET, "/.well-known/jwks.json", ANYBODY, NONE, keys_get)          \
	ROUTE(POST, "/auth/register", ANYBODY, BODY, auth_register)            \
	ROUTE(POST, "/auth/login", ANYBODY, ADDRESS_LOGINS, auth_login)        \
	ROUTE(POST, "/auth/refresh", ANYBODY, REFRESHES, auth_refresh)         \
	ROUTE(POST, "/auth/logout", WAITING, WRITES, auth_logout)              \
	ROUTE(POST, "/auth/password", DEVICE, ADDRESS_LOGINS, auth_password)   \
	ROUTE(POST, "/auth/close", DEVICE, ADDRESS_LOGINS, auth_close)         \
	ROUTE(GET, "/users/{username}/devices", DEVICE, NONE, devices_list)    \
	ROUTE(GET, "/users/{username}/log", OWN_WAITING, NONE,                 \
	      account_logs_get)                                                \
	ROUTE(POST, "/users/{username}/log", OWN_WAITING, LINKS,               \
	      account_log_post)                                                \
	ROUTE(POST, "/users/{username}/log/branch", OWN_WAITING, LINKS,        \
	      account_branch_post)                                             \
	ROUTE(POST, "/users/logs", DEVICE, NONE, account_logs_ask)             \
	ROUTE(GET, "/devices/requests", DEVICE, NONE, device_requests_list)    \
	ROUTE(POST, "/devices/requests", WAITING, APPROVALS,                   \
	      device_requests_post)                                            \
	ROUTE(GET, "/devices/requests/{device_id}", WAITING, NONE,             \
	      device_requests_get)                                             \
	ROUTE(POST, "/devices/requests/{device_id}", DEVICE, WRITES,           \
	      device_requests_answer)                                          \
	ROUTE(DELETE, "/devices/requests/{device_id}", DEVICE, WRITES,         \
	      device_requests_refuse)                                          \
	ROUTE(DELETE, "/devices/{device_id}", DEVICE, WRITES, devices_remove)  \
	ROUTE(GET, "/blocks", DEVICE, NONE, blocks_list)                       \
	ROUTE(POST, "/blocks", DEVICE, WRITES, blocks_add)                     \
	ROUTE(DELETE, "/blocks/{username}", DEVICE, WRITES, blocks_remove)     \
	ROUTE(GET, "/invitations", DEVICE, NONE, invitations_list)             \
	ROUTE(DELETE, "/invitations/{session_id}", DEVICE, WRITES,             \
	      invitations_decline)                                             \
	ROUTE(GET, "/key-packages", DEVICE, NONE, key_packages_count)          \
	ROUTE(POST, "/key-packages", DEVICE, WRITES, key_packages_publish)     \
	ROUTE(POST, "/key-packages/claim", DEVICE, CLAIMS, key_packages_claim) \
	ROUTE(GET, "/welcomes", DEVICE, NONE, welcomes_list)                   \
	ROUTE(POST, "/session/create", DEVICE, WRITES, session_create)         \
	ROUTE(POST, "/session/join", DEVICE, WRITES, commits_join)             \
	ROUTE(GET, "/sessions", DEVICE, NONE, sessions_list)                   \
	ROUTE(GET, "/session/{session_id}", DEVICE, NONE, sessions_item)       \
	ROUTE(GET, "/session/{session_id}/members", DEVICE, NONE,              \
	      sessions_members)                                                \
	ROUTE(POST, "/session/{session_id}/invite", DEVICE, WRITES,            \
	      sessions_invite)                                                 \
	ROUTE(GET, "/session/{session_id}/letter", DEVICE, NONE,               \
	      invitations_letter)                                              \
	ROUTE(GET, "/session/{session_id}/group-info", DEVICE, NONE,           \
	      group_infos_get)                                                 \
	ROUTE(GET, "/session/{session_id}/tree", DEVICE, NONE,                 \
	      group_infos_tree)                                                \
	ROUTE(POST, "/session/{session_id}/commit", DEVICE, WRITES,            \
	      commits_post)                                                    \
	ROUTE(POST, "/session/{session_id}/move", DEVICE, WRITES, move_post)   \
	ROUTE(POST, "/session/{session_id}/send", DEVICE, BODY, messages_send) \
	ROUTE(POST, "/session/{session_id}/typing", DEVICE, BODY, typing_post) \
	ROUTE(POST, "/session/{session_id}/leave", DEVICE, WRITES,             \
	      departures_post)                                                 \
	ROUTE(GET, "/session/{session_id}/messages", DEVICE, NONE,             \
	      messages_list)                                                   \
	ROUTE(GET, "/session/{session_id}/messages/{seq}", DEVICE, NONE,       \
	      messages_get)                                                    \
	STREAMED(POST, "/session/{session_id}/files/{file_id}", DEVICE, FILES, \
		 uploads_create)                                               \
	STREAMED(PATCH, "/session/{session_id}/files/{file_id}", DEVICE,       \
		 WRITES, uploads_append)                                       \
	ROUTE(GET, "/session/{session_id}/files/{file_id}", DEVICE, NONE,      \
	      downloads_get)                                                   \
	ROUTE(DELETE, "/session/{session_id}/files/{file_id}", DEVICE, WRITES, \
	      files_delete)                                                    \
	/* the token may come as a subprotocol */                              \
	ROUTE(GET, "/ws", ANYBODY, NONE, ws_open)

#define ROUTE_HANDLER(method, path, who, limit, handler) call_handler handler;
ROUTES(ROUTE_HANDLER, ROUTE_HANDLER)
#undef ROUTE_HANDLER

#endif
