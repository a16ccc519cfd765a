package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
)

// report is what `ledger status` prints: everything that the ledger of a database knows.
type report struct {
	// Lock names whose run it is that goes on; nil where there is none.
	Lock       *string           `json:"lock"`
	Migrations []migrationStatus `json:"migrations"`
	Live       []liveStatus      `json:"live"`
	// Runs are the newest ones, newest first.
	Runs []runStatus `json:"runs"`
}

type migrationStatus struct {
	Product    string     `json:"product"`
	ID         string     `json:"id"`
	Checksum   string     `json:"checksum"`
	Phase      string     `json:"phase"`
	State      string     `json:"state"`
	Channel    string     `json:"channel"`
	Version    string     `json:"version"`
	Attempt    int        `json:"attempt"`
	StartedAt  time.Time  `json:"startedAt"`
	FinishedAt *time.Time `json:"finishedAt"`
	Done       *int64     `json:"done"`
	Total      *int64     `json:"total"`
}

type liveStatus struct {
	Product    string    `json:"product"`
	Channel    string    `json:"channel"`
	Release    string    `json:"release"`
	Version    string    `json:"version"`
	Writes     *int      `json:"writes"`
	Reads      []int     `json:"reads"`
	Migrations []string  `json:"migrations"`
	RecordedAt time.Time `json:"recordedAt"`
}

type runStatus struct {
	Product    string     `json:"product"`
	Migration  string     `json:"migration"`
	Direction  string     `json:"direction"`
	Checksum   string     `json:"checksum"`
	Channel    string     `json:"channel"`
	Version    string     `json:"version"`
	Transition string     `json:"transition"`
	Attempt    int        `json:"attempt"`
	Host       string     `json:"host"`
	StartedAt  time.Time  `json:"startedAt"`
	FinishedAt *time.Time `json:"finishedAt"`
	ExitCode   *int       `json:"exitCode"`
}

// status reads without the lock, all of one moment, and creates nothing.
func status(ctx context.Context) error {
	config, err := databaseConfig("status")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	s, err := connect(ctx, config)
	if err != nil {
		return asOutcome("the database does not answer", err)
	}
	defer s.close()
	found := report{Migrations: []migrationStatus{}, Live: []liveStatus{}, Runs: []runStatus{}}
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, s.conn, options, func(tx pgx.Tx) error { return found.read(ctx, tx) })
	if err != nil {
		return asOutcome("the ledger could not be read", err)
	}
	printer := json.NewEncoder(os.Stdout)
	printer.SetIndent("", "  ")
	return printer.Encode(found)
}

func (r *report) read(ctx context.Context, tx pgx.Tx) error {
	err := tx.QueryRow(ctx, lockHolder, runLock).Scan(&r.Lock)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	there, err := hasTables(ctx, tx)
	if err != nil || !there {
		return err
	}
	r.Migrations, err = list[migrationStatus](ctx, tx, `
		select product, id, checksum, phase, state, channel, version, attempt, started_at, finished_at, done, total
		from release_channels.migration order by product, id`)
	if err != nil {
		return err
	}
	r.Live, err = list[liveStatus](ctx, tx, `
		select product, channel, release, version, writes, reads, migrations, recorded_at
		from release_channels.live order by product, channel, release`)
	if err != nil {
		return err
	}
	r.Runs, err = list[runStatus](ctx, tx, `
		select product, migration, direction, checksum, channel, version, transition, attempt, host,
			started_at, finished_at, exit_code
		from release_channels.run order by number desc limit 100`)
	return err
}

// list reads rows whose columns are in the order of the fields.
func list[T any](ctx context.Context, tx pgx.Tx, query string) ([]T, error) {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	return orEmpty(found), err
}
