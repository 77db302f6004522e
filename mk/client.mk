# The `hermetic` command. The default variant leaves it at build/hermetic too.

# What it knows of the protocol it has from libhermetic, as any other program does
# (docs/adr/0095-the-command-is-linked-to-the-library.md).

CLIENT_LIBS = $(foreach f,command qr signs base,$(call lib,$(f)))

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

# $(call client_link,FLAGS): where it looks for libhermetic.
define client_link
$(CC) $(LDFLAGS_ALL) -pie $(1) -o $@ $(CLIENT_MAIN) \
    -Wl,--start-group $(CLIENT_LIBS) -Wl,--end-group $(HERMETIC_SHARED) \
    $(call pkg_libs,$(PKGS_command))
endef

# In a build directory, and in a prefix like /usr/local.
$(B)/hermetic: $(CLIENT_MAIN) $(CLIENT_LIBS) $(HERMETIC_SHARED)
	$(call client_link,-Wl$(comma)-rpath$(comma)'$$ORIGIN/lib:$$ORIGIN/../lib')

# As it is installed: in /usr where the system looks, elsewhere beside itself.
$(B)/installed/hermetic: $(CLIENT_MAIN) $(CLIENT_LIBS) $(HERMETIC_SHARED) FORCE
	@mkdir -p $(@D)
	$(call client_link,$(if $(filter /usr,$(PREFIX)),,\
	    -Wl$(comma)-rpath$(comma)'$$ORIGIN/../$(LIB)'))

ifneq ($(wildcard src/command/main.c),)
programs: $(B)/hermetic
endif

ifeq ($(B),build/debug)
programs: build/hermetic
build/hermetic: $(B)/hermetic
	ln -sf debug/hermetic $@
endif

# make install-command PREFIX=/usr/local [LIB=lib] [DESTDIR=]: the command, the shared library
# that it needs, its man page, and completions for bash, zsh and fish, which are made from its
# --help; needs node.
.PHONY: install-command
install-command: $(B)/hermetic $(B)/installed/hermetic install-shared
	install -D -m 0755 $(B)/installed/hermetic $(INSTALLED)/bin/hermetic
	EMULATOR=$(EMULATOR) node tools/command-docs.mjs $(B)/hermetic $(INSTALLED)/share
