# make install PREFIX=/usr/local [LIB=lib] [DESTDIR=]: libhermetic (mk/library.mk), and the
# MLS engine as a library for others.
# make install-mls: that alone: libhermetic-mls.a and .so, its headers, and a
# pkg-config file.
# TWOFISH=no, for install-mls: without the suite 0xF7F1, and so without libgcrypt; in a build
# directory of its own (B=).
# make install-man: man pages, made from the headers; needs node.
# make install-server: what the services are made of, and the manual pages of what an
# operator runs, made of their --help (needs node); without units: debian/ has these.
# make install-web: the page that a node serves (mk/web.mk).

PREFIX ?= /usr/local
LIB ?= lib
MLS_VERSION := 0.1.0
MLS_SONAME := libhermetic-mls.so.0
ifeq ($(TWOFISH),no)
MLS_FOLDERS := base crypto wire mls
MLS_PKGS := libcrypto
CFLAGS_ALL += -DHERMETIC_WITHOUT_TWOFISH
else
MLS_FOLDERS := base crypto twofish wire mls
MLS_PKGS := libcrypto libgcrypt
endif
MLS_HEADERS := mls/names.h mls/mls.h mls/components.h mls/group.h mls/identity.h mls/items.h \
	mls/limits.h mls/read.h mls/rules.h base/buf.h base/err.h base/sec.h base/span.h \
	crypto/library.h crypto/rng.h crypto/sign.h crypto/suite.h
MLS_SOURCES := $(foreach f,$(MLS_FOLDERS),$(wildcard src/$(f)/*.c))
MLS_STATIC := $(B)/lib/libhermetic-mls-all.a
MLS_SHARED := $(B)/lib/$(MLS_SONAME)
INSTALLED = $(DESTDIR)$(PREFIX)
INSTALLED_LIB = $(INSTALLED)/$(LIB)

# One object, in which all names but mls_* are its own, makes both libraries.
# src/mls/names.h gives what its callers need of the lower layers such names.
MLS_SHOWN := $(patsubst %.c,$(B)/shown/%.o,$(MLS_SOURCES))
MLS_WHOLE := $(B)/shown/hermetic-mls.o
$(B)/shown/%.o: %.c src/mls/names.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(call pkg_cflags,$(MLS_PKGS)) \
	    -include src/mls/names.h -fvisibility=default -c $< -o $@
-include $(MLS_SHOWN:.o=.d)

$(MLS_WHOLE): $(MLS_SHOWN)
	$(LD) -r -o $@ $(MLS_SHOWN)
	$(OBJCOPY) --wildcard --keep-global-symbol='mls_*' $@

$(MLS_SHARED): $(MLS_WHOLE) src/mls/exports.map
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS_ALL) -shared -Wl,-soname,$(MLS_SONAME) \
	    -Wl,--version-script=src/mls/exports.map -Wl,-z,defs -o $@ \
	    $(MLS_WHOLE) $(call pkg_libs,$(MLS_PKGS))

$(MLS_STATIC): $(MLS_WHOLE)
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $(MLS_WHOLE)

.PHONY: install install-mls
install: install-mls
install-mls: $(MLS_STATIC) $(MLS_SHARED)
	install -d $(INSTALLED_LIB)/pkgconfig
	install -m 0644 $(MLS_STATIC) $(INSTALLED_LIB)/libhermetic-mls.a
	install -m 0755 $(MLS_SHARED) \
	    $(INSTALLED_LIB)/libhermetic-mls.so.$(MLS_VERSION)
	ln -sf libhermetic-mls.so.$(MLS_VERSION) $(INSTALLED_LIB)/$(MLS_SONAME)
	ln -sf $(MLS_SONAME) $(INSTALLED_LIB)/libhermetic-mls.so
	for header in $(MLS_HEADERS); do \
	    install -D -m 0644 src/$$header \
	        $(INSTALLED)/include/hermetic/$$header || exit 1; done
	for header in $(filter-out mls/names.h,$(MLS_HEADERS)); do \
	    sed -i '1i #include "mls/names.h"' \
	        $(INSTALLED)/include/hermetic/$$header || exit 1; done
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIB@|$(LIB)|' -e 's|@VERSION@|$(MLS_VERSION)|' \
	    -e 's|@PKGS@|$(MLS_PKGS)|' \
	    src/mls/hermetic-mls.pc.in \
	    > $(INSTALLED_LIB)/pkgconfig/hermetic-mls.pc

.PHONY: install-man
install-man:
	node tools/man.mjs $(INSTALLED)/share/man

# The modules, programs and data of the services. Kore and the broker load by paths, which
# are those of the place that they are installed to, DESTDIR aside.
SERVER_LIB = $(PREFIX)/lib/hermetic
SERVER_SHARE = $(INSTALLED)/share/hermetic
SERVER_MODULES := hermetic.so hermetic_admin.so hermetic_mqtt.so
SERVER_PROGRAMS := hermetic-admin hermetic-migrate hermetic-mqtt-bridge hermetic-rotation
program_man = node tools/program-man.mjs $(1) $(INSTALLED)/share/man "hermetic $(HERMETIC_VERSION)"
.PHONY: install-server
install-server: $(addprefix $(B)/,$(SERVER_MODULES) $(SERVER_PROGRAMS))
	install -d $(DESTDIR)$(SERVER_LIB) $(SERVER_SHARE)/migrations
	install -m 0644 $(addprefix $(B)/,$(SERVER_MODULES)) $(DESTDIR)$(SERVER_LIB)
	install -m 0755 $(addprefix $(B)/,$(SERVER_PROGRAMS)) $(DESTDIR)$(SERVER_LIB)
	install -m 0644 migrations/*.sql $(SERVER_SHARE)/migrations
	install -m 0644 deploy/roles.sql deploy/admin-role.sql deploy/distribute.sql $(SERVER_SHARE)
	install -m 0755 deploy/make-secrets.sh $(SERVER_SHARE)
	EMULATOR=$(EMULATOR) $(call program_man,$(B)/hermetic-admin)
	EMULATOR= $(call program_man,debian/hermetic-setup)
	sed 's|^\(load[[:space:]]*\).*|\1$(SERVER_LIB)/hermetic.so|' kore.conf \
	    > $(SERVER_SHARE)/kore.conf
	sed 's|^\(load[[:space:]]*\).*|\1$(SERVER_LIB)/hermetic_admin.so|' kore.conf \
	    > $(SERVER_SHARE)/kore-admin.conf
	sed -e 's|^plugin .*|plugin $(SERVER_LIB)/hermetic_mqtt.so|' \
	    -e 's|/run/hermetic/|/run/hermetic-mqtt/|' deploy/mosquitto.conf \
	    > $(SERVER_SHARE)/mosquitto.conf
