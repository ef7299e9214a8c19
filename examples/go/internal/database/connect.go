// Package database connects to PostgreSQL and brings its schema up to date.
package database

import (
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Settings say where the database is, as ECS injects them into the container.
type Settings struct {
	Host, Port, Name, User, Password, SSLMode string
}

// FromEnvironment reads DB_HOST, DB_USER, DB_PASSWORD and DB_NAME; DB_PORT (5432) and DB_SSLMODE (prefer) may be left out.
// The error names every variable that is missing.
func FromEnvironment() (Settings, error) {
	found := Settings{
		Host:     os.Getenv("DB_HOST"),
		Port:     or(os.Getenv("DB_PORT"), "5432"),
		Name:     os.Getenv("DB_NAME"),
		User:     os.Getenv("DB_USER"),
		Password: os.Getenv("DB_PASSWORD"),
		SSLMode:  or(os.Getenv("DB_SSLMODE"), "prefer"),
	}
	var missing []string
	for _, each := range []struct{ name, value string }{
		{"DB_HOST", found.Host}, {"DB_NAME", found.Name}, {"DB_USER", found.User}, {"DB_PASSWORD", found.Password},
	} {
		if each.value == "" {
			missing = append(missing, each.name)
		}
	}
	if len(missing) > 0 {
		return Settings{}, fmt.Errorf("not set: %s; the database cannot be reached without", strings.Join(missing, ", "))
	}
	return found, nil
}

// Open returns a pool of connections; the first one is made when it is needed.
func Open(settings Settings) (*sql.DB, error) {
	address := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(settings.User, settings.Password),
		Host:     net.JoinHostPort(settings.Host, settings.Port),
		Path:     "/" + settings.Name,
		RawQuery: url.Values{"sslmode": {settings.SSLMode}, "connect_timeout": {"5"}}.Encode(),
	}
	return sql.Open("pgx", address.String())
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
