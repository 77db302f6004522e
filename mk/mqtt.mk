# MQTT: the broker's plugin, and the bridge beside it. Like the server they link
# nothing that could hold a message key.

MQTT_PLUGIN_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard src/mqtt/*.c))
MQTT_PLUGIN_LIBS = $(foreach f,door store base,$(call lib,$(f)))
MQTT_PLUGIN_PKGS := libpq libjwt jansson

$(MQTT_PLUGIN_OBJECTS): CFLAGS_FOLDER := $(call pkg_cflags,$(MQTT_PLUGIN_PKGS))
$(MQTT_PLUGIN_OBJECTS): $(B)/gen/store/statements.h
-include $(MQTT_PLUGIN_OBJECTS:.o=.d)

# Not with a sanitizer: with its runtime preloaded the broker, which is not
# instrumented itself, hangs in libc's gettext as soon as libpq asks for it. What
# of it parses is tested with one in the bridge and by fuzzing.
ifeq ($(VARIANT),asan)
.PHONY: $(B)/plain/hermetic_mqtt.so
$(B)/plain/hermetic_mqtt.so:
	$(MAKE) VARIANT=debug B=$(B)/plain $@
$(B)/hermetic_mqtt.so: $(B)/plain/hermetic_mqtt.so
	cmp -s $< $@ || cp $< $@
else
$(B)/hermetic_mqtt.so: $(MQTT_PLUGIN_OBJECTS) $(MQTT_PLUGIN_LIBS)
	$(CC) $(LDFLAGS_ALL) -shared -Wl,-Bsymbolic,-z,nodelete -o $@ \
	    $(MQTT_PLUGIN_OBJECTS) -Wl,--start-group $(MQTT_PLUGIN_LIBS) \
	    -Wl,--end-group $(call pkg_libs,$(MQTT_PLUGIN_PKGS)) -lpthread
endif

server: $(B)/hermetic_mqtt.so

MQTT_BRIDGE_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard workers/mqtt_bridge/*.c))
MQTT_BRIDGE_LIBS = $(foreach f,door store wire base,$(call lib,$(f)))
MQTT_BRIDGE_PKGS := libpq jansson libmosquitto

$(MQTT_BRIDGE_OBJECTS): CFLAGS_FOLDER := -Iworkers \
	$(call pkg_cflags,$(MQTT_BRIDGE_PKGS))
$(MQTT_BRIDGE_OBJECTS): $(B)/gen/store/statements.h
-include $(MQTT_BRIDGE_OBJECTS:.o=.d)

$(B)/hermetic-mqtt-bridge: $(MQTT_BRIDGE_OBJECTS) $(B)/src/mqtt/topic.o \
		$(MQTT_BRIDGE_LIBS)
	$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) -Wl,--start-group \
	    $(MQTT_BRIDGE_LIBS) -Wl,--end-group \
	    $(call pkg_libs,$(MQTT_BRIDGE_PKGS))

programs: $(B)/hermetic-mqtt-bridge

# The fuzz targets of what comes from outside.
MQTT_PARSERS := $(addprefix $(B)/,workers/mqtt_bridge/packet.o \
	workers/mqtt_bridge/payload.o src/mqtt/topic.o)
$(B)/tests/fuzz/fuzz_mqtt.o $(B)/tests/fuzz/fuzz_gate.o: CFLAGS_FOLDER := -Iworkers
$(B)/tests/fuzz/fuzz_gate.o: $(B)/gen/store/statements.h
$(B)/tests/fuzz/replay_mqtt $(B)/tests/fuzz/run_mqtt: $(MQTT_PARSERS)
$(B)/tests/fuzz/replay_gate $(B)/tests/fuzz/run_gate: $(MQTT_PARSERS) \
	$(B)/workers/mqtt_bridge/waiting.o
%/replay_gate %/run_gate: FUZZ_EXTRA_LIBS := -Wl,--wrap=connect
