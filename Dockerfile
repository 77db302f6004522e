# Two images: of the target `mqtt`, which has the broker, and without a target one for all
# else. What runs is chosen by the first argument (deploy/entrypoint.sh). deploy/pinned.env
# has the digest of a BASE (docs/operations.md, "The images").
#
# What builds runs on the builder's own processor, also for images of another one. Builders
# other than BuildKit say neither BUILDPLATFORM nor TARGETARCH; "linux" is as the builder is.
ARG BASE=debian:bookworm-slim

FROM --platform=${BUILDPLATFORM:-linux} ${BASE} AS build
ARG TARGETARCH
WORKDIR /src
COPY tools/packages.txt tools/image.sh tools/
RUN sh tools/image.sh install
# What `all` is made of, and no more: a change of anything else compiles nothing.
COPY Makefile ./
COPY mk mk
COPY tools tools
COPY sql sql
COPY src src
COPY workers workers
RUN sh tools/image.sh make

# The page for browsers. OpenSSL, which takes minutes, is built before what changes more often
# is there. apt's lists stay: by them tools/wasm-sources finds where Debian is.
FROM --platform=${BUILDPLATFORM:-linux} ${BASE} AS page
WORKDIR /src
COPY tools/packages.txt tools/packages.txt
RUN apt-get update \
 && awk '$1 == "page" { print $2 }' tools/packages.txt \
  | xargs apt-get install -y --no-install-recommends make pkg-config
COPY Makefile ./
COPY mk mk
COPY tools tools
RUN make -s -j"$(nproc)" build/wasm/openssl/libcrypto.a
COPY src src
COPY sdk/js sdk/js
COPY web web
RUN make -s -j"$(nproc)" web

# What Debian has mended since BASE comes by the upgrade.
FROM ${BASE} AS node
RUN apt-get update \
 && apt-get upgrade -y \
 && apt-get install -y --no-install-recommends kore libpq5 libjwt0 \
    libjansson4 libgcrypt20 libssl3 libsqlite3-0 libcurl4 libwebsockets17 \
    libwslay1 libmosquitto1 libutf8proc2 libqrcodegen1 libcbor0.8 libedit2 \
    ca-certificates \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/hermetic
COPY --from=build /src/build/release/hermetic.so \
  /src/build/release/hermetic_admin.so ./
COPY kore.conf ./
COPY --from=build /src/build/release/hermetic-migrate \
  /src/build/release/hermetic-rotation /src/build/release/hermetic-admin \
  /src/build/release/hermetic-mqtt-bridge /src/build/release/hermetic \
  /usr/local/bin/
COPY --from=build /src/build/release/lib/libhermetic.so.0 /usr/local/lib/
# A builder that took one processor for the other ends here.
RUN hermetic --version && hermetic-admin --help >/dev/null
COPY migrations migrations
COPY --from=page /src/build/web /usr/share/hermetic/web
COPY deploy/entrypoint.sh deploy/healthcheck.sh deploy/sbom.sh /usr/local/lib/hermetic/
RUN sh /usr/local/lib/hermetic/sbom.sh hermetic >/usr/local/lib/hermetic/sbom.json
# Volumes begin as what they cover, its owner included.
RUN install -d -o 10001 -g 10001 /run/hermetic /var/lib/hermetic/seen
RUN sed -i 's|^\(\s*load\s\+\)[^ ]*hermetic\.so|\1./hermetic.so|' kore.conf \
 && sed 's|\./hermetic\.so|./hermetic_admin.so|' kore.conf >kore-admin.conf
# scrypt goes through 128 MiB in all directions: in large pages it takes a fifth
# less (docs/performance.md).
ENV GLIBC_TUNABLES=glibc.malloc.hugetlb=1
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --retries=5 --start-period=300s \
  CMD ["bash", "/usr/local/lib/hermetic/healthcheck.sh"]
ENTRYPOINT ["bash", "/usr/local/lib/hermetic/entrypoint.sh"]
CMD ["api"]

FROM node AS mqtt
USER 0:0
RUN apt-get update \
 && apt-get install -y --no-install-recommends mosquitto \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o 10001 -g 10001 /var/lib/hermetic/mqtt \
 && sh /usr/local/lib/hermetic/sbom.sh hermetic-mqtt \
    >/usr/local/lib/hermetic/sbom.json
COPY --from=build /src/build/release/hermetic_mqtt.so /usr/local/lib/hermetic/
COPY deploy/mosquitto.conf deploy/mosquitto-websocket.conf /usr/local/lib/hermetic/
USER 10001:10001
HEALTHCHECK --interval=5s --timeout=3s --retries=5 --start-period=10s \
  CMD ["test", "-S", "/run/hermetic/mqtt.sock"]
CMD ["mqtt"]
ARG VERSION=unreleased
ARG REVISION=unknown
ENV HERMETIC_VERSION=${VERSION} HERMETIC_REVISION=${REVISION}
LABEL org.opencontainers.image.title="hermetic-mqtt" \
  org.opencontainers.image.description="The MQTT broker of Hermetic" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"

FROM node
ARG VERSION=unreleased
ARG REVISION=unknown
ENV HERMETIC_VERSION=${VERSION} HERMETIC_REVISION=${REVISION}
LABEL org.opencontainers.image.title="hermetic" \
  org.opencontainers.image.description="Sealed messaging on PostgreSQL" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
