# The gateway (target `gateway`, the default) and the local backends (target `backends`) as images.
#
#   docker build -t synapse-gateway .
#   docker build --target backends -t synapse-backends .
#
# Both install the Debian packages that scripts/package.sh makes in a stage before. Needs BuildKit, or
# buildah or podman: caches keep what apt, npm and the compiler have done for the next build. podman and
# buildah keep the health check with `--format docker` only.

# Another mirror's image, or a pinned one: --build-arg DEBIAN_IMAGE=debian:12-slim@sha256:…
ARG DEBIAN_IMAGE=debian:12-slim

# ---- compilers and node: nothing of this stage and the next is in the images ----
FROM ${DEBIAN_IMAGE} AS tools
WORKDIR /src
ENV CCACHE_DIR=/cache/ccache npm_config_cache=/cache/npm
COPY scripts/install_dependencies.sh scripts/help.sh scripts/debian-packages.txt scripts/
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean && \
    scripts/install_dependencies.sh build package

# ---- the packages ----
FROM tools AS build
COPY scripts/build_dashboard.sh scripts/help.sh scripts/
COPY static static
RUN --mount=type=cache,target=/cache/npm scripts/build_dashboard.sh --strict
COPY . .
RUN --mount=type=cache,target=/cache/ccache scripts/package.sh

# By itself: buildah 1.28 cannot mount folders of a stage that it has taken from its cache as a whole.
FROM scratch AS packages
COPY --from=build /src/build/package /

# ---- what both images are made of ----
FROM ${DEBIAN_IMAGE} AS base
# The numbers are those of manifests and compose.yaml; the packages take a user that is there. Programs
# that give more rights than their caller has are of no use to anybody here.
RUN groupadd --gid 10001 synapse && \
    useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin synapse && \
    find / -xdev -type f -perm /6000 -exec chmod a-s {} +
ENV LANG=C.UTF-8
STOPSIGNAL SIGTERM

# ---- six small backends that need no GPU ----
FROM base AS backends
RUN --mount=type=bind,from=packages,source=/,target=/packages \
    --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \
    apt-get -q update && \
    DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends \
      /packages/synapse-local-backends_*.deb && \
    find / -xdev -type f -perm /6000 -exec chmod a-s {} + && \
    rm -f /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log
USER 10001:10001
EXPOSE 8081 8082 8004 8010 8011 8012
# Recordings lie in /tmp while they are worked at: with a read-only root it needs a tmpfs.
ENTRYPOINT ["/usr/bin/synapse-backends"]
CMD ["--host", "0.0.0.0"]
# Last, so that a new revision is a new label and not a new installation.
ARG SOURCE=
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Synapse local backends" \
      org.opencontainers.image.description="Small stand-ins for the backends of the Synapse gateway; no GPU" \
      org.opencontainers.image.licenses=MIT \
      org.opencontainers.image.source=${SOURCE} \
      org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION}

# ---- the gateway ----
FROM base AS gateway
RUN --mount=type=bind,from=packages,source=/,target=/packages \
    --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \
    apt-get -q update && \
    DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends \
      ca-certificates /packages/synapse-gateway_*.deb && \
    find / -xdev -type f -perm /6000 -exec chmod a-s {} + && \
    rm -f /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log && \
    install -d -o 10001 -g 10001 -m 750 /data /data/voices
# A mounted file or ConfigMap takes its place.
COPY config/backends.yaml /config/backends.yaml
ENV SYNAPSE_HOST=0.0.0.0
USER 10001:10001
# Voices and stored settings of models: the only place it writes to; the root may be read-only.
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 \
  CMD ["/usr/bin/synapse-gateway", "--probe"]
ENTRYPOINT ["/usr/bin/synapse-gateway"]
ARG SOURCE=
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Synapse" \
      org.opencontainers.image.description="One endpoint in front of the AI services of a cluster" \
      org.opencontainers.image.licenses=MIT \
      org.opencontainers.image.source=${SOURCE} \
      org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION}
