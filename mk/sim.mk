# The simulator: devices, a server and an adversary in one process.
#
#   make VARIANT=release sim      then build/release/tests/sim/sim
#
# Its src/device is compiled apart, with the switches that put old faults back
# (src/base/fault.h), so that no product has them.

SIM_FOLDERS := device session content mls check wire
SIM_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard tests/sim/*.c))
SIM_CORE := $(foreach f,$(SIM_FOLDERS),\
	$(patsubst src/%.c,$(B)/sim/%.o,$(call sources,$(f))))
SIM_LIBS = $(foreach f,twofish crypto base,$(call lib,$(f)))
SIM_PKGS := libcbor jansson libcrypto libgcrypt

$(SIM_OBJECTS): CFLAGS_FOLDER = $(call pkg_cflags,$(SIM_PKGS)) \
	-DHERMETIC_FAULTS
$(B)/sim/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(call pkg_cflags,$(SIM_PKGS)) -DHERMETIC_FAULTS \
	    -c $< -o $@
-include $(SIM_OBJECTS:.o=.d) $(SIM_CORE:.o=.d)

# aead_seal() is wrapped: the simulator looks at which keys seal (seals.c); and
# check_label() and leaf_verify(), so that each signature is verified once (labels.c).
SIM_WRAPS := -Wl,--wrap=aead_seal,--wrap=check_label,--wrap=leaf_verify

$(B)/tests/sim/sim: $(SIM_OBJECTS) $(SIM_CORE) $(SIM_LIBS)
	$(CC) $(LINK_$(VARIANT)) $(SIM_WRAPS) -o $@ $(SIM_OBJECTS) \
	    $(SIM_CORE) -Wl,--start-group $(SIM_LIBS) -Wl,--end-group \
	    $(call pkg_libs,$(SIM_PKGS))

.PHONY: sim
sim: $(B)/tests/sim/sim
unit-tests: $(B)/tests/sim/sim

# The fuzz target that is the adversary: all of it but its main.
SIM_PARTS := $(filter-out %/main.o %/shrink.o,$(SIM_OBJECTS)) $(SIM_CORE)
$(B)/tests/fuzz/fuzz_sim.o: CFLAGS_FOLDER = $(call pkg_cflags,$(SIM_PKGS)) \
	-DHERMETIC_FAULTS
%/replay_sim %/run_sim: FUZZ_EXTRA_LIBS := $(SIM_WRAPS)
$(B)/tests/fuzz/replay_sim $(B)/tests/fuzz/run_sim: $(SIM_PARTS)

# The model of the server beside a real node (tests/sim/compare).
COMPARE_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard tests/sim/compare/*.c))
COMPARE_PKGS := libcbor jansson libcrypto libgcrypt libcurl
$(COMPARE_OBJECTS): CFLAGS_FOLDER = $(call pkg_cflags,$(COMPARE_PKGS)) \
	-DHERMETIC_FAULTS
-include $(COMPARE_OBJECTS:.o=.d)
COMPARE_LIBS = $(call lib,reach) $(call lib,signs) $(SIM_LIBS)
$(B)/tests/sim/compare/compare: $(COMPARE_OBJECTS) $(SIM_PARTS) $(COMPARE_LIBS)
	$(CC) $(LINK_$(VARIANT)) $(SIM_WRAPS) -o $@ \
	    $(COMPARE_OBJECTS) $(SIM_PARTS) -Wl,--start-group \
	    $(COMPARE_LIBS) -Wl,--end-group $(call pkg_libs,$(COMPARE_PKGS))

.PHONY: compare
compare: $(B)/tests/sim/compare/compare
unit-tests: $(B)/tests/sim/compare/compare

# What an order costs a device (bench/device): signatures are verified each time.
BENCH_DEVICE_PARTS := $(filter-out %/labels.o,$(SIM_PARTS))
BENCH_DEVICE_OBJECT := $(B)/bench/device/cost.o
$(BENCH_DEVICE_OBJECT): CFLAGS_FOLDER = $(call pkg_cflags,$(SIM_PKGS)) \
	-DHERMETIC_FAULTS
-include $(BENCH_DEVICE_OBJECT:.o=.d)
$(B)/bench/device/cost: $(BENCH_DEVICE_OBJECT) $(BENCH_DEVICE_PARTS) $(SIM_LIBS)
	$(CC) $(LINK_$(VARIANT)) -Wl,--wrap=aead_seal,--wrap=check_label \
	    -o $@ \
	    $(BENCH_DEVICE_OBJECT) $(BENCH_DEVICE_PARTS) -Wl,--start-group $(SIM_LIBS) \
	    -Wl,--end-group $(call pkg_libs,$(SIM_PKGS))

# What a device writes of a large session.
BENCH_STORED_OBJECT := $(B)/bench/device/stored.o
$(BENCH_STORED_OBJECT): CFLAGS_FOLDER = $(call pkg_cflags,$(PKGS_command))
-include $(BENCH_STORED_OBJECT:.o=.d)
$(B)/bench/device/stored: $(BENCH_STORED_OBJECT) $(B)/tests/testlib/session_value.o \
		$(BENCH_LARGE_LIBS)
	$(CC) $(LINK_$(VARIANT)) -o $@ $(filter %.o,$^) -Wl,--start-group \
	    $(BENCH_LARGE_LIBS) -Wl,--end-group \
	    $(call pkg_libs,$(PKGS_reach) $(PKGS_content) $(PKGS_crypto))

.PHONY: bench-device
bench-device: $(B)/bench/device/cost $(B)/bench/device/stored
unit-tests: $(B)/bench/device/cost $(B)/bench/device/stored
