# The `hermetic` command. The default variant leaves it at build/hermetic too.

CLIENT_LIBS = $(foreach f,command reach device session content \
	mls check wire twofish crypto base,\
	$(if $(wildcard src/$(f)/*.c),$(call lib,$(f))))

$(CLIENT_MAIN): CFLAGS_FOLDER := $(call pkg_cflags,$(PKGS_command))

$(B)/hermetic: $(CLIENT_MAIN) $(CLIENT_LIBS)
	$(CC) $(LDFLAGS_ALL) -pie -o $@ $(CLIENT_MAIN) \
	    -Wl,--start-group $(CLIENT_LIBS) -Wl,--end-group \
	    $(call pkg_libs,$(PKGS_command) $(PKGS_reach) $(PKGS_content) $(PKGS_crypto))

ifneq ($(wildcard src/command/main.c),)
programs: $(B)/hermetic
endif

ifeq ($(B),build/debug)
programs: build/hermetic
build/hermetic: $(B)/hermetic
	ln -sf debug/hermetic $@
endif
