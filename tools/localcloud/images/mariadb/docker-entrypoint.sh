#!/bin/sh
# First start: make the data folder, and a user who may do everything, with one database.
#   MARIADB_USER, MARIADB_DATABASE, MARIADB_PASSWORD or MARIADB_PASSWORD_FILE
set -eu
if [ "$1" != mariadbd ]; then exec "$@"; fi

if [ ! -d /var/lib/mysql/mysql ]; then
    if [ -n "${MARIADB_PASSWORD_FILE:-}" ]; then MARIADB_PASSWORD=$(cat "$MARIADB_PASSWORD_FILE"); fi
    : "${MARIADB_PASSWORD:?set MARIADB_PASSWORD or MARIADB_PASSWORD_FILE}"
    chown mysql: /var/lib/mysql
    mariadb-install-db --user=mysql --datadir=/var/lib/mysql --auth-root-authentication-method=socket --skip-test-db >/dev/null
    # Read by the server at its first start only, before it takes connections.
    first=$(mktemp)
    cat > "$first" <<SQL
CREATE DATABASE \`$MARIADB_DATABASE\` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE USER '$MARIADB_USER'@'%' IDENTIFIED BY '$MARIADB_PASSWORD';
GRANT ALL PRIVILEGES ON *.* TO '$MARIADB_USER'@'%' WITH GRANT OPTION;
SQL
    chown mysql: "$first"
    set -- "$@" --init-file="$first"
fi
unset MARIADB_PASSWORD
exec "$@" --user=mysql --bind-address=0.0.0.0 --skip-name-resolve --skip-log-bin
