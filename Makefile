# Every product of Hermetic, by explicit link lines: what a process may link
# is its security boundary (docs/architecture.md, "Who may call whom").
#
#   make                 everything, variant `debug`
#   make VARIANT=asan    the same with AddressSanitizer and UBSan
#   make check-source    formatting, layers, banned functions (compiles nothing)

VARIANT ?= debug
B ?= build/$(VARIANT)
# For another machine: CROSS_COMPILE is what the names of its tools begin with, as in
# aarch64-linux-gnu-; PKG_CONFIG_LIBDIR tells pkg-config where its libraries are described,
# and PKG_CONFIG_SYSROOT_DIR below which directory they are, if that is not /. EMULATOR, as in
# qemu-aarch64-static, runs what was built, for what `install` makes of its --help.
ifeq ($(origin CC),default)
CC := $(CROSS_COMPILE)gcc
endif
ifeq ($(origin AR),default)
AR := $(CROSS_COMPILE)ar
endif
ifeq ($(origin LD),default)
LD := $(CROSS_COMPILE)ld
endif
OBJCOPY ?= $(CROSS_COMPILE)objcopy
PKG_CONFIG ?= pkg-config

PKGS_crypto := libcrypto libgcrypt
PKGS_store := libpq libcurl
PKGS_server := libpq libjwt jansson
PKGS_door := libjwt jansson
PKGS_content := libcbor
PKGS_device := jansson
PKGS_reach := sqlite3 libcurl jansson libwebsockets libmosquitto \
	libutf8proc
PKGS_hermetic := jansson
PKGS_qr := qrcodegen
PKGS_signs := libutf8proc
PKGS_command := jansson qrcodegen libutf8proc libedit

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
	-Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum -Wvla \
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef \
	-Wnull-dereference -Werror
# At -O2 the inliner sees null pointers where no path leads.
WARNINGS_release := -Wno-null-dereference
WARNINGS_ct := $(WARNINGS_release)
HARDENING := -fstack-protector-strong -fstack-clash-protection -fPIC \
	-fvisibility=hidden
OPT_debug := -O1 -g
OPT_release := -O2 -g -D_FORTIFY_SOURCE=2
# Before its version 21 clang does not say so by the macro that gcc has.
OPT_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer $(if $(findstring clang,$(CC)),-D__SANITIZE_ADDRESS__=1)
OPT_tsan := -O1 -g -fsanitize=thread
OPT_ct := $(OPT_release) -DHERMETIC_CT
OPT_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all
LINK_asan := -fsanitize=address,undefined
LINK_tsan := -fsanitize=thread
LINK_fuzz := -fsanitize=address,undefined

CFLAGS_ALL = -std=c11 -D_GNU_SOURCE -Isrc -I. -I$(B)/gen $(OPT_$(VARIANT)) \
	$(WARNINGS) $(WARNINGS_$(VARIANT)) $(HARDENING) -MMD -MP $(CFLAGS)
LDFLAGS_ALL = $(LINK_$(VARIANT)) -Wl,-z,relro,-z,now,-z,noexecstack \
	-Wl,--as-needed $(LDFLAGS)

comma := ,

# once VARIABLE,VALUE: expanded when it is first needed, and then kept.
once = $(eval $(1) := $(2))$($(1))

pkg_cflags = $(shell $(PKG_CONFIG) --cflags $(1) | sed 's/-I/-isystem /g')
pkg_libs = $(shell $(PKG_CONFIG) --libs $(1))

# Kore has a file of its own for that.
kore_cflags = $(shell sed 's|-I|-isystem $(PKG_CONFIG_SYSROOT_DIR)|g' \
	$(PKG_CONFIG_SYSROOT_DIR)/usr/share/kore/features)

# One static library a folder, with the rooms in it.
FOLDERS := base crypto twofish wire content check mls session device signs reach hermetic qr command \
	store door admin
sources = $(wildcard src/$(1)/*.c src/$(1)/*/*.c)
objects = $(patsubst %.c,$(B)/%.o,$(call sources,$(1)))
lib = $(B)/lib/libhermetic-$(1).a

# The command's main file stays out of its library.
CLIENT_MAIN := $(B)/src/command/main.o

# Several parts of mk/ name it as what has to be there before.
HERMETIC_SONAME := libhermetic.so.0
HERMETIC_SHARED := $(B)/lib/$(HERMETIC_SONAME)

.PHONY: all
all: libs programs server

include mk/*.mk

define folder_rules
$(call lib,$(1)): $(filter-out $(CLIENT_MAIN),$(call objects,$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	$(AR) rcs $$@ $$^
CFLAGS_$(1) = $$(call once,CFLAGS_$(1),$$(if $(PKGS_$(1)),\
	$$(call pkg_cflags,$(PKGS_$(1)))))
$(call objects,$(1)): CFLAGS_FOLDER = $$(CFLAGS_$(1))
-include $(patsubst %.o,%.d,$(call objects,$(1)))
endef
$(foreach f,$(FOLDERS),$(eval $(call folder_rules,$(f))))

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(CFLAGS_FOLDER) -c $< -o $@

.PHONY: libs
libs: $(foreach f,$(FOLDERS),$(if $(call sources,$(f)),$(call lib,$(f))))

.PHONY: clean
clean:
	rm -rf build
