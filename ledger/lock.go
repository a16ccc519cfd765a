package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// lock is the key of a session advisory lock, which is one database's own.
type lock int64

const (
	// runLock is held by a run from before its checks until its end: "rel-chan" in ASCII.
	runLock lock = 0x72656c2d6368616e
	// liveLock guards the live releases, so that a channel can record its own while a backfill runs for hours. A
	// run that takes something away holds it to its end: what it may not take away cannot go live. "rel-live".
	liveLock lock = 0x72656c2d6c697665
)

const holdsLock = `
	select exists (
		select from pg_catalog.pg_locks
		where locktype = 'advisory' and granted and pid = pg_backend_pid() and objsubid = 1
			and database = (select oid from pg_catalog.pg_database where datname = current_database())
			and (classid::bigint << 32) | objid::bigint = $1
	)`

const lockHolder = `
	select activity.application_name || ' (process ' || lock.pid || ' of PostgreSQL)'
	from pg_catalog.pg_locks as lock join pg_catalog.pg_stat_activity as activity using (pid)
	where locktype = 'advisory' and granted and objsubid = 1
		and database = (select oid from pg_catalog.pg_database where datname = current_database())
		and (classid::bigint << 32) | objid::bigint = $1`

const (
	askEvery  = 250 * time.Millisecond
	tellEvery = 15 * time.Second
)

// waiting is one attempt to get the lock, for as long as its caller may wait.
type waiting struct {
	within time.Duration
	since  time.Time
	told   time.Time
	// obstacle is what stands in the way, in the words of the last try.
	obstacle string
}

// hold opens a session that has a lock. It goes on trying, also where the database does not answer.
func hold(ctx context.Context, asked request, wanted lock) (*session, error) {
	config, err := databaseConfig(asked.asker())
	if err != nil {
		return nil, err
	}
	wait := &waiting{within: asked.lockWithin(), since: time.Now()}
	for {
		s, err := connect(ctx, config)
		if err == nil {
			err = s.lock(ctx, wanted, wait)
			if err == nil {
				s.wait = wait
				return s, nil
			}
			s.close()
		}
		var no refusal
		var late tooLate
		if errors.As(err, &no) || errors.As(err, &late) || isFinal(err) {
			return nil, asOutcome("the database does not let the ledger in", err)
		}
		if err := wait.on(ctx, "the database does not answer: "+reason(err)); err != nil {
			return nil, err
		}
	}
}

// lock asks again and again instead of waiting in the server: a waiting statement is a transaction, which a
// CREATE INDEX CONCURRENTLY of the command that holds the lock would wait for in turn.
func (s *session) lock(ctx context.Context, wanted lock, wait *waiting) error {
	for {
		var obtained bool
		err := s.conn.QueryRow(ctx, `select pg_try_advisory_lock($1)`, wanted).Scan(&obtained)
		if err != nil || obtained {
			return err
		}
		holder := "another session"
		err = s.conn.QueryRow(ctx, lockHolder, wanted).Scan(&holder)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if err := wait.on(ctx, "the lock is held by "+holder); err != nil {
			return err
		}
	}
}

func (s *session) unlock(ctx context.Context, held lock) error {
	_, err := s.conn.Exec(ctx, `select pg_advisory_unlock($1)`, held)
	return err
}

// tooLate ends the waiting.
type tooLate struct{ why string }

func (t tooLate) Error() string { return t.why }

// on waits a little, or ends the waiting where its time is over.
func (w *waiting) on(ctx context.Context, obstacle string) error {
	if w.obstacle != obstacle || time.Since(w.told) > tellEvery {
		say("waiting: %s", obstacle)
		w.obstacle, w.told = obstacle, time.Now()
	}
	if time.Since(w.since)+askEvery > w.within {
		return tooLate{fmt.Sprintf("the lock of the database was not obtained within %s: %s", w.within, obstacle)}
	}
	select {
	case <-ctx.Done():
		return tooLate{"told to end while waiting for the lock: " + obstacle}
	case <-time.After(askEvery):
		return nil
	}
}
