package main

import (
	"context"
	"errors"
	"os"

	"github.com/jackc/pgx/v5"
)

// begun is a run whose beginning is marked.
type begun struct {
	asked request
	// number is the run's own row.
	number int64
}

// begin writes the live releases, asks whether the migration is to run, and marks its beginning: all of it or
// nothing. A run that is not begun is either refused or has nothing to do.
func (s *session) begin(ctx context.Context, asked request) (run *begun, nothingToDo string, err error) {
	if err := s.lock(ctx, liveLock, s.wait); err != nil {
		return nil, "", asOutcome("the live releases could not be locked", err)
	}
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	if err := s.ensureTables(ctx); err != nil {
		return nil, "", asOutcome("the ledger's tables could not be created", err)
	}
	var no error
	err = pgx.BeginFunc(ctx, s.conn, func(tx pgx.Tx) error {
		wasLive, err := declaringIsLive(ctx, tx, asked)
		if err != nil {
			return err
		}
		if err := writeLive(ctx, tx, asked); err != nil {
			return err
		}
		live, err := readLive(ctx, tx, asked.Product)
		if err != nil {
			return err
		}
		was, err := readKnown(ctx, tx, asked)
		if err != nil {
			return err
		}
		nothingToDo, no = judge(asked, was, live)
		if no != nil && !wasLive && asked.Migration.Phase == "expand" {
			// It gets no request without its expand, and is not to stand in the way of others.
			return removeLive(ctx, tx, asked, *asked.declaring())
		}
		if no != nil || nothingToDo != "" {
			return nil
		}
		if was != nil && was.state == stateRunning {
			say("the run of %s did not end; it is run again", was.who())
		}
		run, err = markBegin(ctx, tx, asked)
		return err
	})
	if err == nil && !asked.takesAway() {
		err = s.unlock(ctx, liveLock)
	}
	if err != nil {
		return nil, "", asOutcome("the run could not be begun", err)
	}
	return run, nothingToDo, no
}

// declaringIsLive tells whether the release that asks was live before; one that undoes is never taken away.
func declaringIsLive(ctx context.Context, tx pgx.Tx, asked request) (bool, error) {
	declaring := asked.declaring()
	if declaring == nil || asked.Migration.Direction == "down" {
		return true, nil
	}
	return isLive(ctx, tx, asked, *declaring)
}

func readKnown(ctx context.Context, tx pgx.Tx, asked request) (*known, error) {
	var was known
	err := tx.QueryRow(ctx, `
		select state, checksum, channel, version, attempt, started_at, finished_at
		from release_channels.migration where product = $1 and id = $2`, asked.Product, asked.Migration.ID).
		Scan(&was.state, &was.checksum, &was.channel, &was.version, &was.attempt, &was.started, &was.finished)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return &was, err
}

func markBegin(ctx context.Context, tx pgx.Tx, asked request) (*begun, error) {
	m := asked.Migration
	_, err := tx.Exec(ctx, `
		insert into release_channels.migration
			(product, id, checksum, phase, state, channel, version, attempt, started_at)
		values ($1, $2, $3, $4, 'running', $5, $6, $7, clock_timestamp())
		on conflict (product, id) do update
		set checksum = excluded.checksum, phase = excluded.phase, state = excluded.state, channel = excluded.channel,
			version = excluded.version, attempt = excluded.attempt, started_at = excluded.started_at,
			finished_at = null, done = null, total = null`,
		asked.Product, m.ID, m.Checksum, m.Phase, asked.Channel, m.Version, asked.Attempt)
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	run := &begun{asked: asked}
	err = tx.QueryRow(ctx, `
		insert into release_channels.run
			(product, migration, direction, checksum, channel, version, transition, attempt, host, started_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp())
		returning number`,
		asked.Product, m.ID, m.Direction, m.Checksum, asked.Channel, m.Version, asked.Transition, asked.Attempt, host).
		Scan(&run.number)
	return run, err
}

// markEnd says how the run ended, in the session that has the lock.
func (s *session) markEnd(run *begun, state string, code int, report *progressReport) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeWithin)
	defer cancel()
	return pgx.BeginFunc(ctx, s.conn, func(tx pgx.Tx) error {
		var held bool
		if err := tx.QueryRow(ctx, holdsLock, runLock).Scan(&held); err != nil {
			return err
		}
		if !held {
			return errors.New("the lock is not held any more")
		}
		if report != nil {
			if err := writeProgress(ctx, tx, run.asked, *report); err != nil {
				return err
			}
		}
		marked, err := tx.Exec(ctx, `
			update release_channels.migration set state = $3, finished_at = clock_timestamp()
			where product = $1 and id = $2 and state = 'running'`,
			run.asked.Product, run.asked.Migration.ID, state)
		if err != nil {
			return err
		}
		if marked.RowsAffected() != 1 {
			return errors.New("its row was changed by somebody else")
		}
		_, err = tx.Exec(ctx, `
			update release_channels.run set finished_at = clock_timestamp(), exit_code = $2 where number = $1`,
			run.number, code)
		return err
	})
}

// markProgress does not wait for disks or standbys: it is a courtesy, and no reason to lose the lock.
func (s *session) markProgress(ctx context.Context, run *begun, report progressReport) error {
	return pgx.BeginFunc(ctx, s.conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `set local synchronous_commit = off`); err != nil {
			return err
		}
		return writeProgress(ctx, tx, run.asked, report)
	})
}

func writeProgress(ctx context.Context, tx pgx.Tx, asked request, report progressReport) error {
	_, err := tx.Exec(ctx,
		`update release_channels.migration set done = $3, total = $4 where product = $1 and id = $2`,
		asked.Product, asked.Migration.ID, *report.Done, report.Total)
	return err
}
