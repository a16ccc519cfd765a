package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// How this side learns that its connection is lost, and when PostgreSQL learns it, which frees the lock then: a
// command is ended (pingEvery + answerWithin + endWithin = 23 s at most) before another may begin.
const (
	pingEvery          = 3 * time.Second
	answerWithin       = 10 * time.Second
	serverNoticesAfter = 35 * time.Second

	connectWithin = 10 * time.Second
	writeWithin   = 30 * time.Second
)

// session is the one connection of a run. It holds the locks, and all that the run marks is written through it: where
// the lock is gone, so is the connection, and nothing can be marked any more.
type session struct {
	conn *pgx.Conn
	// wait is what is left of the time that locks may be waited for.
	wait *waiting
}

// databaseConfig reads LEDGER_URL. No error repeats it: it holds a password.
func databaseConfig(asker string) (*pgx.ConnConfig, error) {
	url := os.Getenv("LEDGER_URL")
	if url == "" {
		return nil, refused("LEDGER_URL is empty, expected the URL of a PostgreSQL database")
	}
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, refused("LEDGER_URL is not the URL of a PostgreSQL database, as in postgresql://user:password@host/name")
	}
	config.ConnectTimeout = connectWithin
	config.DialFunc = (&net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 5 * time.Second, Interval: 5 * time.Second, Count: 3,
	}}).DialContext
	// Cut by PostgreSQL to 63 bytes; it names the holder of the lock to others.
	config.RuntimeParams["application_name"] = "ledger " + asker
	return config, nil
}

// connect opens a session whose lock is safe to rely on.
func connect(ctx context.Context, config *pgx.ConnConfig) (*session, error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	s := &session{conn: conn}
	if err := s.prepare(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// prepare sets what a role's or database's own defaults might have otherwise, and refuses poolers: they give the
// session that holds the lock to others.
func (s *session) prepare(ctx context.Context) error {
	// First of all, and by its full name: whoever may create functions could have others mean something else.
	if _, err := s.conn.Exec(ctx, `select pg_catalog.set_config('search_path', 'pg_catalog', false)`); err != nil {
		return err
	}
	var backend uint32
	if err := s.conn.QueryRow(ctx, `select pg_backend_pid()`).Scan(&backend); err != nil {
		return err
	}
	if backend != s.conn.PgConn().PID() {
		return refused("LEDGER_URL leads to a connection pooler, expected PostgreSQL itself: a pooler does not keep locks")
	}
	_, err := s.conn.Exec(ctx, `
		select set_config(name, value, false)
		from (values
			('statement_timeout', '0'),
			('lock_timeout', '0'),
			('idle_session_timeout', '0'),
			('default_transaction_isolation', 'read committed'),
			('default_transaction_read_only', 'off'),
			('tcp_keepalives_idle', '15'),
			('tcp_keepalives_interval', '5'),
			('tcp_keepalives_count', '4'),
			('tcp_user_timeout', $1)
		) as wanted (name, value)
		join pg_catalog.pg_settings using (name)
		union all
		select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'`,
		fmt.Sprint(serverNoticesAfter.Milliseconds()))
	return err
}

// close ends the session, and with it the lock.
func (s *session) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.conn.Close(ctx)
}

// ping asks whether the session is alive and has the lock.
func (s *session) ping(ctx context.Context) error {
	var held bool
	if err := s.conn.QueryRow(ctx, holdsLock, runLock).Scan(&held); err != nil {
		return err
	}
	if !held {
		return errors.New("the lock is not held any more")
	}
	return nil
}

// reason is what an error of the database says to people: without addresses, users and the like.
func reason(err error) string {
	var fromServer *pgconn.PgError
	if errors.As(err, &fromServer) {
		return fmt.Sprintf("%s (%s)", fromServer.Message, fromServer.Code)
	}
	var network *net.OpError
	if errors.As(err, &network) {
		return network.Err.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	if errors.Is(err, context.Canceled) {
		return "told to end"
	}
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) && connecting.Unwrap() != nil {
		return innermost(connecting).Error()
	}
	return err.Error()
}

func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// isFinal tells the errors of a database that asking again does not mend: credentials, names, rights.
func isFinal(err error) bool {
	var fromServer *pgconn.PgError
	if !errors.As(err, &fromServer) {
		return false
	}
	switch fromServer.Code {
	case "28000", "28P01", "3D000", "42501":
		return true
	}
	return false
}

// asOutcome makes a refusal or a plain line of any error of the database.
func asOutcome(doing string, err error) error {
	var no refusal
	var late tooLate
	switch {
	case err == nil:
		return nil
	case errors.As(err, &no):
		return no
	case errors.As(err, &late):
		return late
	case isFinal(err):
		return refused("%s: %s", doing, reason(err))
	}
	return fmt.Errorf("%s: %s", doing, reason(err))
}
