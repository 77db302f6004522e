#include "mls/components.h"

#include "wire/app_data.h"
#include "wire/extension.h"

enum err mls_dictionary_put(struct buf *extensions,
			    const struct mls_component *components,
			    size_t count)
{
	struct buf data = BUF_INIT;
	size_t vec = buf_open_vec(&data);
	enum err e;

	for (size_t i = 0; i < count; i++) {
		const struct wire_component one = { components[i].id,
						    components[i].data };

		ENSURE(i == 0 || components[i - 1].id < one.id, ERR_LOCAL_BUG);
		wire_component_put(&data, &one);
	}
	buf_close_vec(&data, vec);
	TRY(buf_end(&data));
	wire_extension_put(extensions, WIRE_EXTENSION_APP_DATA_DICTIONARY,
			   buf_span(&data));
	TRY(buf_end(extensions));
out:
	buf_clear(&data);
	return e;
}

enum err mls_dictionary_read(struct span extensions, struct span *components)
{
	struct span data;

	*components = SPAN_EMPTY;
	return wire_extensions_find(extensions,
				    WIRE_EXTENSION_APP_DATA_DICTIONARY, &data)
		   ? wire_dictionary_decode(data, components)
		   : ERR_OK;
}

bool mls_component_next(struct span *components,
			struct mls_component *component)
{
	struct wire_component one;

	if (!wire_components_next(components, &one))
		return false;
	*component = (struct mls_component){ one.id, one.data };
	return true;
}
