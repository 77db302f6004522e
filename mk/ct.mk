# Constant time: valgrind is told which bytes are secret, and reports what
# branches on them or reads memory by them.
#
#   make ct

CT_OBJECT := $(B)/tests/ct/ct.o
CT_LIBS = $(foreach f,session check mls wire twofish crypto base,$(call lib,$(f)))

$(CT_OBJECT): CFLAGS_FOLDER := $(call pkg_cflags,libcrypto)
-include $(CT_OBJECT:.o=.d)

$(B)/tests/ct/ct: $(CT_OBJECT) $(CT_LIBS)
	$(CC) $(LDFLAGS_ALL) -o $@ $< -Wl,--start-group $(CT_LIBS) \
	    -Wl,--end-group $(call pkg_libs,libcrypto libgcrypt jansson)

.PHONY: ct ct-program
ct-program: $(B)/tests/ct/ct
ct:
	@$(MAKE) --no-print-directory -s VARIANT=ct ct-program
	@tests/ct/run.sh build/ct/tests/ct/ct
