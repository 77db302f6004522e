# libhermetic for other programs: a header in five parts, a shared library, a static one.
# What they show is src/hermetic/exports.map.
#
#   make install-hermetic PREFIX=/usr/local [LIB=lib] [DESTDIR=]

HERMETIC_VERSION := $(shell awk '/^\#define HERMETIC_VERSION_(MAJOR|MINOR|PATCH)/ \
	{ printf "%s%s", dot, $$3; dot = "." }' src/hermetic/hermetic.h)
HERMETIC_MAP := src/hermetic/exports.map
HERMETIC_HEADERS := $(addprefix src/hermetic/,hermetic.h account.h core.h lists.h \
	members.h)
HERMETIC_FOLDERS := hermetic reach signs device session content mls check wire twofish \
	crypto base
HERMETIC_PKGS := $(PKGS_reach) $(PKGS_content) $(PKGS_crypto)
HERMETIC_STATIC := $(B)/lib/libhermetic.a
HERMETIC_OBJECTS = $(foreach f,$(HERMETIC_FOLDERS),$(call objects,$(f)))

# A sanitizer's own functions are those of the program that clang links.
HERMETIC_DEFS := $(if $(LINK_$(VARIANT)),,-Wl$(comma)-z$(comma)defs)
$(HERMETIC_SHARED): $(HERMETIC_OBJECTS) $(HERMETIC_MAP)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS_ALL) -shared -Wl,-soname,$(HERMETIC_SONAME) \
	    -Wl,--version-script=$(HERMETIC_MAP) $(HERMETIC_DEFS) -o $@ \
	    $(HERMETIC_OBJECTS) $(call pkg_libs,$(HERMETIC_PKGS))

# One object, whose other names are its own: a program that has a buf_put() too
# keeps it.
$(HERMETIC_STATIC): $(HERMETIC_OBJECTS) $(HERMETIC_MAP)
	@mkdir -p $(@D)
	sed -n 's/^\t\(hermetic_.*\);/\1/p' $(HERMETIC_MAP) > $@.names
	$(LD) -r -o $@.o $(HERMETIC_OBJECTS)
	$(OBJCOPY) --keep-global-symbols=$@.names $@.o
	@rm -f $@
	$(AR) rcs $@ $@.o
	@rm -f $@.o $@.names

.PHONY: install-hermetic install-shared
install: install-hermetic
install-shared: $(HERMETIC_SHARED)
	install -d $(INSTALLED_LIB)
	install -m 0755 $(HERMETIC_SHARED) \
	    $(INSTALLED_LIB)/libhermetic.so.$(HERMETIC_VERSION)
	ln -sf libhermetic.so.$(HERMETIC_VERSION) $(INSTALLED_LIB)/$(HERMETIC_SONAME)
install-hermetic: $(HERMETIC_STATIC) install-shared
	install -d $(INSTALLED_LIB)/pkgconfig
	install -m 0644 $(HERMETIC_STATIC) $(INSTALLED_LIB)/libhermetic.a
	ln -sf $(HERMETIC_SONAME) $(INSTALLED_LIB)/libhermetic.so
	install -d $(INSTALLED)/include/hermetic
	install -m 0644 $(HERMETIC_HEADERS) $(INSTALLED)/include/hermetic
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIB@|$(LIB)|' -e 's|@VERSION@|$(HERMETIC_VERSION)|' \
	    -e 's|@LIBS@|$(call pkg_libs,$(HERMETIC_PKGS))|' src/hermetic/hermetic.pc.in \
	    > $(INSTALLED_LIB)/pkgconfig/hermetic.pc

# The version of all that is released together.
.PHONY: version
version:
	@echo $(HERMETIC_VERSION)

# tests/integration/embedding.test.mjs installs it.
unit-tests: $(HERMETIC_SHARED) $(HERMETIC_STATIC)
