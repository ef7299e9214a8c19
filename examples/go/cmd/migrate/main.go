// Command migrate brings the database's schema up to date: `migrate`, `migrate status`, `migrate down`.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.com/neuraknot/internal/database"
	"github.com/pressly/goose/v3"
)

type options struct{ createDB, reset, force bool }

func main() {
	var given options
	flag.BoolVar(&given.createDB, "create-db", false, "create the database when it does not exist")
	flag.BoolVar(&given.reset, "reset", false, "drop all tables first; refused where APP_ENV is prod")
	flag.BoolVar(&given.force, "force", false, "run the files though there are tables that no migration recorded")
	flag.Parse()
	// ECS sends SIGTERM when it stops the task: the statement under way is cancelled and its file rolled back.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, given, flag.Arg(0))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", database.Reason(err))
	}
	endLog()
	if err != nil {
		os.Exit(1)
	}
}

// endLog says that nothing follows in the log, which has no end that one could see from outside. Whoever reads along has then read all of
// it, and need not wait for lines that may come late.
func endLog() {
	if end := os.Getenv("MIGRATABLE_ECS_LOG_END"); end != "" {
		fmt.Println(end)
		fmt.Fprintln(os.Stderr, end)
	}
}

func run(ctx context.Context, given options, command string) error {
	if given.reset && os.Getenv("APP_ENV") == "prod" {
		return fmt.Errorf("-reset would drop all tables, and APP_ENV is prod: leave it out")
	}
	settings, err := database.FromEnvironment()
	if err != nil {
		return err
	}
	if given.createDB {
		created, err := database.EnsureDatabase(ctx, settings)
		if err != nil {
			return err
		}
		fmt.Printf("database %s: %s\n", settings.Name, map[bool]string{true: "created", false: "exists"}[created])
	}
	db, err := database.Open(settings)
	if err != nil {
		return err
	}
	defer db.Close()
	switch command {
	case "":
		return up(ctx, db, given)
	case "status":
		return status(ctx, db)
	case "down":
		return down(ctx, db)
	}
	return fmt.Errorf("%q is no command: leave it out to migrate, or give status or down", command)
}

func up(ctx context.Context, db *sql.DB, given options) error {
	if given.reset {
		if err := database.Reset(ctx, db); err != nil {
			return err
		}
		fmt.Println("reset: all tables dropped")
	}
	if !given.force {
		if err := database.CheckTables(ctx, db); err != nil {
			return err
		}
	}
	migrations, err := database.Migrations(db)
	if err != nil {
		return err
	}
	done := 0
	for {
		result, err := migrations.UpByOne(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			break
		}
		if err != nil {
			return err
		}
		done++
		fmt.Printf("applied %s (%d ms)\n", result.Source.Path, result.Duration.Milliseconds())
	}
	version, err := migrations.GetDBVersion(ctx)
	if err == nil {
		fmt.Printf("version %d, %d files applied now\n", version, done)
	}
	return err
}

func status(ctx context.Context, db *sql.DB) error {
	migrations, err := database.Migrations(db)
	if err != nil {
		return err
	}
	found, err := migrations.Status(ctx)
	if err != nil {
		return err
	}
	for _, each := range found {
		when := ""
		if each.State == goose.StateApplied {
			when = each.AppliedAt.UTC().Format(" " + time.RFC3339)
		}
		fmt.Printf("%-8s %s%s\n", each.State, each.Source.Path, when)
	}
	return nil
}

func down(ctx context.Context, db *sql.DB) error {
	migrations, err := database.Migrations(db)
	if err != nil {
		return err
	}
	result, err := migrations.Down(ctx)
	if errors.Is(err, goose.ErrNoNextVersion) {
		fmt.Println("nothing to take back")
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Printf("took back %s (%d ms)\n", result.Source.Path, result.Duration.Milliseconds())
	return nil
}
