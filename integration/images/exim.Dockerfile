# Debian 12: Exim 4.96 with GnuTLS. It takes Postfix's place, so it has an image of its own.
FROM debian:bookworm-slim
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install -y --no-install-recommends exim4-daemon-heavy openssl ca-certificates \
    && rm -rf /var/lib/apt/lists/*
