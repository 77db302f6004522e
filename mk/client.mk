# The `hermetic` command. The default variant leaves it at build/hermetic too.

CLIENT_LIBS = $(foreach f,command qr hermetic reach device session content \
	mls check wire twofish crypto base,\
	$(if $(wildcard src/$(f)/*.c),$(call lib,$(f))))

$(CLIENT_MAIN): CFLAGS_FOLDER := $(call pkg_cflags,$(PKGS_command))

# Which commit it was built from, as --version says: in a tree that was packed the
# file `commit` has it (tools/dev/package.sh); "" outside of both.
$(B)/gen/command/commit.h: FORCE
	@mkdir -p $(@D)
	@printf '#define COMMIT "%s"\n' \
	    "$$(cat commit 2>/dev/null || git rev-parse --short=12 HEAD 2>/dev/null)" \
	    > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(CLIENT_MAIN): $(B)/gen/command/commit.h
.PHONY: FORCE
FORCE:

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

# make install-command PREFIX=/usr/local [DESTDIR=]: the command, its man page, and
# completions for bash, zsh and fish, which are made from its --help; needs node.
.PHONY: install-command
install-command: $(B)/hermetic
	install -D -m 0755 $(B)/hermetic $(INSTALLED)/bin/hermetic
	node tools/command-docs.mjs $(B)/hermetic $(INSTALLED)/share
