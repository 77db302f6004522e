# Members of our engine that tests/interop drives beside another's.

INTEROP_OBJECT := $(B)/tests/interop/members.o
INTEROP_LIBS = $(foreach f,mls wire twofish crypto base,$(call lib,$(f)))

$(INTEROP_OBJECT): CFLAGS_FOLDER := $(call pkg_cflags,jansson libcrypto)
-include $(INTEROP_OBJECT:.o=.d)

$(B)/tests/interop/members: $(INTEROP_OBJECT) $(INTEROP_LIBS)
	$(CC) $(LINK_$(VARIANT)) -o $@ $< -Wl,--start-group \
	    $(INTEROP_LIBS) -Wl,--end-group \
	    $(call pkg_libs,jansson libcrypto libgcrypt)

unit-tests: $(B)/tests/interop/members
