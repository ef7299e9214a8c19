#!/bin/sh
# First start: make the data folder, and a user who may do everything, with one database.
#   MARIADB_USER, MARIADB_DATABASE, and MARIADB_PASSWORD_FILE with the password
set -eu
if [ "$1" != mariadbd ]; then exec "$@"; fi

if [ ! -d /var/lib/mysql/mysql ]; then
    : "${MARIADB_PASSWORD_FILE:?set MARIADB_PASSWORD_FILE}"
    chown mysql: /var/lib/mysql
    mariadb-install-db --user=mysql --datadir=/var/lib/mysql --auth-root-authentication-method=socket --skip-test-db >/dev/null
    password=$(cat "$MARIADB_PASSWORD_FILE")
    # Read by the server at its first start only, before it takes connections.
    first=$(mktemp)
    cat > "$first" <<SQL
CREATE DATABASE \`$MARIADB_DATABASE\` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE USER '$MARIADB_USER'@'%' IDENTIFIED BY '$password';
GRANT ALL PRIVILEGES ON *.* TO '$MARIADB_USER'@'%' WITH GRANT OPTION;
SQL
    chown mysql: "$first"
    set -- "$@" --init-file="$first"
fi
exec "$@" --user=mysql --bind-address=0.0.0.0 --skip-name-resolve --skip-log-bin
