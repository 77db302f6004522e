/* The steps that fill up this device's stock of KeyPackages. */
#include "device/group/packages.h"
#include "device/steps.h"

#include <stdlib.h>

static bool stock_due(struct device *d)
{
	return work_is(&d->work, ORDER_STOCK) && !d->work.planned;
}

static enum err stock_ask(struct device *d, struct request *request)
{
	(void)d;
	request->kind = REQUEST_STOCK;
	return ERR_OK;
}

/* A quota, a limit: what was published before that is a stock, too. */
static void take_refusal(struct device *d, const struct answer *answer)
{
	if (!d->work.filling)
		work_halt_refused(d, answer);
}

static enum err stock_take(struct device *d, const struct answer *answer)
{
	struct work *work = &d->work;
	enum err e = ERR_OK;

	work->planned = true;
	if (answer->result != ERR_OK) {
		take_refusal(d, answer);
		return ERR_OK;
	}
	for (size_t i = 0; i < 2; i++) {
		work->lists[i] = json_array();
		ENSURE(work->lists[i] != NULL, ERR_LOCAL_MEMORY);
	}
	TRY(packages_make(d, answer->stock, answer->stock_count, work->lists[0],
			  work->lists[1]));
out:
	return e;
}

const struct step stock_step_make = { "stock", NULL,	  stock_due,
				      NULL,    stock_ask, stock_take };

static size_t to_publish(const struct work *work)
{
	return json_array_size(work->lists[0]) +
	       json_array_size(work->lists[1]);
}

static bool publish_due(struct device *d)
{
	return work_is(&d->work, ORDER_STOCK) && to_publish(&d->work) > 0;
}

/* Both lists, decoded into one buffer; the spans point into it. */
static enum err decode(struct work *work)
{
	size_t n = 0, *ends = calloc(to_publish(work), sizeof(*ends));
	const uint8_t *at;
	const json_t *text;
	size_t i;
	enum err e;

	free(work->spans);
	work->spans = calloc(to_publish(work), sizeof(*work->spans));
	ENSURE(work->spans != NULL && ends != NULL, ERR_LOCAL_MEMORY);
	buf_reset(&work->bytes);
	for (size_t list = 0; list < 2; list++)
		json_array_foreach(work->lists[list], i, text)
		{
			TRY(text_base64(&work->bytes,
					span_of(json_string_value(text),
						json_string_length(text))));
			ends[n++] = work->bytes.n;
		}
	TRY(buf_end(&work->bytes));
	at = work->bytes.p;
	for (i = 0; i < n; i++) {
		size_t begin = i > 0 ? ends[i - 1] : 0;

		work->spans[i] = span_of(at + begin, ends[i] - begin);
	}
out:
	free(ends);
	return e;
}

static enum err publish_ask(struct device *d, struct request *request)
{
	struct work *work = &d->work;
	enum err e;

	TRY(decode(work));
	request->kind = REQUEST_PUBLISH;
	request->key_packages = work->spans;
	request->key_package_count = json_array_size(work->lists[0]);
	request->last_resorts = work->spans + request->key_package_count;
	request->last_resort_count = json_array_size(work->lists[1]);
out:
	return e;
}

static enum err publish_take(struct device *d, const struct answer *answer)
{
	for (size_t i = 0; i < 2; i++) {
		json_decref(d->work.lists[i]);
		d->work.lists[i] = NULL;
	}
	if (answer->result != ERR_OK) {
		take_refusal(d, answer);
		return ERR_OK;
	}
	d->work.filling = true;
	d->work.planned = false;
	return packages_published(d);
}

const struct step stock_step_publish = { "publish", NULL,	 publish_due,
					 NULL,	    publish_ask, publish_take };
