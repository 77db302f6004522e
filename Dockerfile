# One image for the API, the migration and the command; what runs is chosen by
# the first argument (deploy/entrypoint.sh).

FROM debian:bookworm-slim AS build
WORKDIR /src
COPY tools/packages.txt tools/packages.txt
RUN apt-get update \
 && awk '$1 == "build" { print $2 }' tools/packages.txt \
  | xargs apt-get install -y --no-install-recommends \
 && rm -rf /var/lib/apt/lists/*
COPY . .
RUN make -s -j"$(nproc)" VARIANT=release all

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends kore libpq5 libjwt0 \
    libjansson4 libgcrypt20 libssl3 libsqlite3-0 libcurl4 libwebsockets17 \
    libwslay1 mosquitto libmosquitto1 libutf8proc2 libqrencode4 libcbor0.8 libedit2 \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/hermetic
COPY --from=build /src/build/release/hermetic.so \
  /src/build/release/hermetic_admin.so /src/kore.conf ./
COPY --from=build /src/build/release/hermetic-migrate \
  /src/build/release/hermetic-rotation /src/build/release/hermetic-admin \
  /src/build/release/hermetic-mqtt-bridge /src/build/release/hermetic \
  /usr/local/bin/
COPY --from=build /src/build/release/hermetic_mqtt.so /usr/local/lib/hermetic/
COPY migrations migrations
COPY deploy/entrypoint.sh deploy/healthcheck.sh deploy/mosquitto.conf \
  deploy/mosquitto-websocket.conf \
  /usr/local/lib/hermetic/
# Volumes begin as what they cover, its owner included.
RUN install -d -o 10001 -g 10001 /run/hermetic /var/lib/hermetic/mqtt \
  /var/lib/hermetic/seen
RUN sed -i 's|^\(\s*load\s\+\)[^ ]*hermetic\.so|\1./hermetic.so|' kore.conf \
 && sed 's|\./hermetic\.so|./hermetic_admin.so|' kore.conf >kore-admin.conf
# scrypt goes through 128 MiB in all directions: in large pages it takes a fifth
# less (docs/performance.md).
ENV GLIBC_TUNABLES=glibc.malloc.hugetlb=1
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --retries=5 --start-period=10s \
  CMD ["bash", "/usr/local/lib/hermetic/healthcheck.sh"]
ENTRYPOINT ["bash", "/usr/local/lib/hermetic/entrypoint.sh"]
CMD ["api"]
