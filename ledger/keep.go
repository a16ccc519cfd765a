package main

import (
	"context"
	"errors"
	"sync"
	"time"
)

// keeper watches over the lock while the command runs, and stores its progress, at most once a second.
type keeper struct {
	// lost gets what ended the session, once.
	lost chan error

	session  *session
	progress *progress
	store    func(context.Context, progressReport) error
	stop     context.CancelFunc
	stopped  sync.WaitGroup
}

const storeEvery = time.Second

func keep(s *session, p *progress, store func(context.Context, progressReport) error) *keeper {
	ctx, stop := context.WithCancel(context.Background())
	k := &keeper{lost: make(chan error, 1), session: s, progress: p, store: store, stop: stop}
	k.stopped.Go(func() { k.watch(ctx) })
	return k
}

// end gives the session back to who marks the run.
func (k *keeper) end() {
	k.stop()
	k.stopped.Wait()
}

func (k *keeper) watch(ctx context.Context) {
	answered := time.Now()
	for {
		if err := k.listen(ctx); err != nil {
			k.lost <- err
			return
		}
		if ctx.Err() != nil {
			return
		}
		report, pending := k.progress.take()
		if !pending && time.Since(answered) < pingEvery {
			continue
		}
		if err := k.ask(report, pending); err != nil {
			k.lost <- err
			return
		}
		answered = time.Now()
	}
}

// listen waits a second for the server to end the session, which nothing but reading shows at once.
func (k *keeper) listen(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, storeEvery)
	defer cancel()
	err := k.session.conn.PgConn().WaitForNotification(waiting)
	if waiting.Err() != nil && !k.session.conn.IsClosed() {
		return nil
	}
	return err
}

// ask is not cut short by the end of the command: a query that is cancelled takes the session with it.
func (k *keeper) ask(report progressReport, pending bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	if pending {
		if err := k.store(ctx, report); err != nil {
			return err
		}
	}
	err := k.session.ping(ctx)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	return err
}
