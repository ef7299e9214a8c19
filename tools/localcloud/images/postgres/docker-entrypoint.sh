#!/bin/sh
# First start: make the database cluster, with one role that may do everything and one database of its own.
#   POSTGRES_USER (default postgres), POSTGRES_DB (default: the user), POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE
set -eu
if [ "$1" != postgres ]; then exec "$@"; fi

if [ "$(id -u)" = 0 ]; then
    # Only root may read the mounted password; the server runs as the user postgres.
    if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE"); export POSTGRES_PASSWORD; fi
    mkdir -p "$PGDATA" /run/postgresql
    chown postgres: "$PGDATA" /run/postgresql
    chmod 700 "$PGDATA"
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

user=${POSTGRES_USER:-postgres}
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    : "${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE}"
    secret=$(mktemp)
    printf '%s' "$POSTGRES_PASSWORD" > "$secret"
    initdb --username="$user" --pwfile="$secret" --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --no-instructions
    rm -f "$secret"
    echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
    # Without TCP, so that nobody connects before the database exists.
    pg_ctl --wait --options="-c listen_addresses=''" start
    database=${POSTGRES_DB:-$user}
    if [ "$database" != postgres ]; then createdb --username="$user" --maintenance-db=postgres "$database"; fi
    pg_ctl --wait --mode=fast stop
fi
unset POSTGRES_PASSWORD
exec "$@" -c listen_addresses='*'
