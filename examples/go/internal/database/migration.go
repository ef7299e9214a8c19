package database

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var files embed.FS

// ErrTablesExist: tables without a version table, so nobody knows which files made them.
var ErrTablesExist = errors.New("the database has tables but no record of migrations: give -force to run the files all the same")

// EnsureDatabase creates the database when it does not exist, and says whether it did.
func EnsureDatabase(ctx context.Context, settings Settings) (bool, error) {
	maintenance := settings
	maintenance.Name = "postgres"
	db, err := Open(maintenance)
	if err != nil {
		return false, err
	}
	defer db.Close()
	var there bool
	const query = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"
	if err := db.QueryRowContext(ctx, query, settings.Name).Scan(&there); err != nil || there {
		return false, err
	}
	_, err = db.ExecContext(ctx, "CREATE DATABASE "+pgx.Identifier{settings.Name}.Sanitize())
	return err == nil, err
}

// Reset drops the schema "public" with all that is in it, and makes it anew.
func Reset(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
	return err
}

// CheckTables returns ErrTablesExist when there are tables that no migration recorded here has made.
func CheckTables(ctx context.Context, db *sql.DB) error {
	const query = `SELECT count(*) > 0 AND NOT bool_or(tablename = $1) FROM pg_tables WHERE schemaname = 'public'`
	var unrecorded bool
	if err := db.QueryRowContext(ctx, query, goose.DefaultTablename).Scan(&unrecorded); err != nil {
		return err
	}
	if unrecorded {
		return ErrTablesExist
	}
	return nil
}

// Migrations returns goose over the files of this image; each file runs in a transaction of its own.
func Migrations(db *sql.DB) (*goose.Provider, error) {
	folder, err := fs.Sub(files, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, folder)
}

// Reason is the database's own words, without the statement that goose puts around them.
func Reason(err error) error {
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		return fmt.Errorf("%s failed and was rolled back: %w", partial.Failed.Source.Path, innermost(partial.Err))
	}
	return err
}

func innermost(err error) error {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err
}
