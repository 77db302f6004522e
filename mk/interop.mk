# Members of our engine that tests/interop drives beside another's.

INTEROP_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard tests/interop/*.c))
INTEROP_LIBS = $(foreach f,mls wire twofish crypto base,$(call lib,$(f)))

$(INTEROP_OBJECTS): CFLAGS_FOLDER := $(call pkg_cflags,jansson libcrypto)
-include $(INTEROP_OBJECTS:.o=.d)

$(B)/tests/interop/members: $(INTEROP_OBJECTS) $(INTEROP_LIBS)
	$(CC) $(LINK_$(VARIANT)) -o $@ $(INTEROP_OBJECTS) -Wl,--start-group \
	    $(INTEROP_LIBS) -Wl,--end-group \
	    $(call pkg_libs,jansson libcrypto libgcrypt)

unit-tests: $(B)/tests/interop/members

# make VARIANT=asan interop: with core-crypto, where `npm ci --prefix tests/peers` has
# brought it, and says so where not.
.PHONY: interop
interop: $(B)/tests/interop/members
	@node tests/interop/mixed.mjs --build $(B)
