# Debian 12: Dovecot 2.3, Postfix 3.7, nginx 1.22 and certbot 2.1, as the distribution sets them up.
FROM debian:bookworm-slim
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install -y --no-install-recommends \
      dovecot-imapd dovecot-pop3d postfix nginx-light certbot openssl ca-certificates \
    && rm -rf /var/lib/apt/lists/*
