# The module that Kore loads. Its link line is a promise: nothing of src/mls
# and src/session, so nothing that could hold a message key.

SERVER_OBJECTS := $(patsubst %.c,$(B)/%.o,\
	$(wildcard src/server/*.c src/server/edge/*.c src/server/hub/*.c))
SERVER_LIBS = $(foreach f,door store check wire crypto twofish base,$(call lib,$(f)))
SERVER_PKGS := libpq libjwt jansson libssl libcrypto libgcrypt
KORE_FLAGS := $(subst -I,-isystem ,$(shell cat /usr/share/kore/features))

$(SERVER_OBJECTS): CFLAGS_FOLDER := $(KORE_FLAGS) \
	$(call pkg_cflags,$(SERVER_PKGS))
-include $(SERVER_OBJECTS:.o=.d)

# Kore unloads the module at its end, while exit handlers still point into it:
# hence nodelete.
$(B)/hermetic.so: $(SERVER_OBJECTS) $(SERVER_LIBS)
	$(CC) $(LDFLAGS_ALL) -shared -Wl,-Bsymbolic,-z,nodelete -o $@ $(SERVER_OBJECTS) \
	    -Wl,--start-group $(SERVER_LIBS) -Wl,--end-group \
	    $(call pkg_libs,$(SERVER_PKGS)) -lwslay

server: $(B)/hermetic.so
