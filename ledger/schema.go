package main

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"
)

//go:embed schema.sql
var schema string

const format = 1

// querier is a connection or a transaction on it.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// hasTables tells whether the ledger was used here before, in a form that this program knows.
func hasTables(ctx context.Context, db querier) (bool, error) {
	var there bool
	err := db.QueryRow(ctx, `select to_regclass('release_channels.format') is not null`).Scan(&there)
	if err != nil || !there {
		return false, err
	}
	var found int
	if err := db.QueryRow(ctx, `select version from release_channels.format`).Scan(&found); err != nil {
		return false, err
	}
	if found != format {
		return false, refused("the ledger's tables are of form %d, this ledger knows %d: use a newer one", found, format)
	}
	return true, nil
}

// ensureTables creates the tables on first use. Only then is the right to create a schema needed.
func (s *session) ensureTables(ctx context.Context) error {
	there, err := hasTables(ctx, s.conn)
	if err != nil || there {
		return err
	}
	return pgx.BeginFunc(ctx, s.conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, schema); err != nil {
			return fmt.Errorf("creating the ledger's tables: %w", err)
		}
		return nil
	})
}
