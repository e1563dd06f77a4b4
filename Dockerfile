# Builds the release binary with TLS to PostgreSQL, and a Debian image that runs it without privileges.

FROM rust:1.95.0-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends libssl-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
# The caches keep crates and objects between builds. They are not part of the image, so the binary is copied out.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --features pg-tls --bin musubi \
    && cp target/release/musubi /usr/local/bin/musubi

FROM debian:12.14-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl libssl3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home --home-dir /var/lib/musubi musubi \
    && install -d -o musubi -g musubi -m 0700 /var/lib/musubi
COPY --from=build /usr/local/bin/musubi /usr/local/bin/musubi
COPY LICENSE-MIT LICENSE-APACHE /usr/share/doc/musubi/

USER musubi
WORKDIR /var/lib/musubi
# Holds the key that signs tokens, the SQLite database if DATABASE_URL is not set, and temporary files. Nothing else is
# written: the root can be read-only.
VOLUME /var/lib/musubi
ENV MUSUBI_DATA_DIR=/var/lib/musubi \
    TMPDIR=/var/lib/musubi \
    MUSUBI_LISTEN=0.0.0.0:8080 \
    MUSUBI_LOG_FORMAT=json
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD curl -fsS -o /dev/null --max-time 4 http://127.0.0.1:8080/readyz || exit 1
ENTRYPOINT ["musubi"]
CMD ["serve"]
