# Debian 13: Dovecot 2.4 and Postfix 3.10, as the distribution sets them up.
FROM debian:trixie-slim
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install -y --no-install-recommends \
      dovecot-imapd dovecot-pop3d postfix openssl ca-certificates \
    && rm -rf /var/lib/apt/lists/*
