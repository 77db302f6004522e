/* The same on Kore as Debian packages it. */
#include <kore/kore.h>

#include <kore/http.h>

#define HANDLER __attribute__((visibility("default")))

HANDLER int bench_get(struct http_request *req);
HANDLER int bench_echo(struct http_request *req);
HANDLER void bench_message(struct connection *c, uint8_t opcode, void *data,
			   size_t n);

int bench_get(struct http_request *req)
{
	static const char body[] = "{\"status\":\"ok\"}";

	http_response_header(req, "content-type", "application/json");
	http_response(req, 200, body, sizeof(body) - 1);
	return KORE_RESULT_OK;
}

void bench_message(struct connection *c, uint8_t opcode, void *data, size_t n)
{
	kore_websocket_send(c, opcode, data, n);
}

int bench_echo(struct http_request *req)
{
	kore_websocket_handshake(req, NULL, "bench_message", NULL);
	return KORE_RESULT_OK;
}
