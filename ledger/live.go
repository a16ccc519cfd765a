package main

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
)

// liveRelease is a release as the ledger knows it, with the channel that it is live in.
type liveRelease struct {
	channel string
	release
}

// record writes the channel's live releases, and nothing else.
func record(ctx context.Context) error {
	asked, err := readRequest()
	if err != nil {
		return err
	}
	s, err := hold(ctx, asked, liveLock)
	if err != nil {
		return err
	}
	defer s.close()
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	err = s.ensureTables(ctx)
	if err == nil {
		err = pgx.BeginFunc(ctx, s.conn, func(tx pgx.Tx) error { return writeLive(ctx, tx, asked) })
	}
	if err != nil {
		return asOutcome("the live releases could not be recorded", err)
	}
	say("recorded the live releases of %s: %s", asked.Channel, versions(asked.Live))
	return nil
}

// writeLive makes the channel's rows what the request says. A repetition of what was said before something newer
// only adds: a release that went live since is not its to remove.
func writeLive(ctx context.Context, tx pgx.Tx, asked request) error {
	outdated, err := enter(ctx, tx, asked)
	if err != nil {
		return err
	}
	if !outdated {
		if err := removeOthers(ctx, tx, asked); err != nil {
			return err
		}
	}
	for _, one := range asked.Live {
		_, err := tx.Exec(ctx, `
			insert into release_channels.live as known
				(product, channel, release, version, writes, reads, migrations, transition, recorded_at)
			values ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp())
			on conflict (product, channel, release) do update
			set version = excluded.version, writes = excluded.writes, reads = excluded.reads,
				migrations = excluded.migrations, transition = excluded.transition, recorded_at = excluded.recorded_at
			where not $9`,
			asked.Product, asked.Channel, one.Release, one.Version, one.Writes, orEmpty(one.Reads), orEmpty(one.Migrations),
			asked.Transition, outdated)
		if err != nil {
			return err
		}
	}
	return nil
}

// enter notes who speaks for the channel, and tells whether another one was first heard after it.
func enter(ctx context.Context, tx pgx.Tx, asked request) (outdated bool, err error) {
	_, err = tx.Exec(ctx, `
		insert into release_channels.entry (product, channel, transition, entered_at)
		values ($1, $2, $3, clock_timestamp()) on conflict do nothing`,
		asked.Product, asked.Channel, asked.Transition)
	if err != nil {
		return false, err
	}
	err = tx.QueryRow(ctx, `
		select exists (
			select from release_channels.entry as own join release_channels.entry as newer using (product, channel)
			where product = $1 and channel = $2 and own.transition = $3 and newer.number > own.number
		)`,
		asked.Product, asked.Channel, asked.Transition).Scan(&outdated)
	return outdated, err
}

func removeOthers(ctx context.Context, tx pgx.Tx, asked request) error {
	ids := make([]string, len(asked.Live))
	for i, one := range asked.Live {
		ids[i] = one.Release
	}
	_, err := tx.Exec(ctx,
		`delete from release_channels.live where product = $1 and channel = $2 and release <> all ($3)`,
		asked.Product, asked.Channel, ids)
	return err
}

// isLive tells whether the ledger has a release of the channel.
func isLive(ctx context.Context, tx pgx.Tx, asked request, one release) (bool, error) {
	var found bool
	err := tx.QueryRow(ctx, `
		select true from release_channels.live where product = $1 and channel = $2 and release = $3`,
		asked.Product, asked.Channel, one.Release).Scan(&found)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return found, err
}

func removeLive(ctx context.Context, tx pgx.Tx, asked request, one release) error {
	_, err := tx.Exec(ctx,
		`delete from release_channels.live where product = $1 and channel = $2 and release = $3`,
		asked.Product, asked.Channel, one.Release)
	return err
}

// readLive returns the product's live releases of all channels.
func readLive(ctx context.Context, tx pgx.Tx, product string) ([]liveRelease, error) {
	rows, err := tx.Query(ctx, `
		select channel, release, version, writes, reads, migrations
		from release_channels.live where product = $1 order by channel, release`, product)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (liveRelease, error) {
		var one liveRelease
		err := row.Scan(&one.channel, &one.Release, &one.Version, &one.Writes, &one.Reads, &one.Migrations)
		return one, err
	})
}

func versions(live []release) string {
	if len(live) == 0 {
		return "none"
	}
	list := make([]string, len(live))
	for i, one := range live {
		list[i] = one.Version
	}
	return strings.Join(list, ", ")
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
