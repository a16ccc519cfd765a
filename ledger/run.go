package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

const (
	// endWithin is how long a command gets to end by itself when the lock is lost.
	endWithin = 10 * time.Second
	// stopWithin is the same when the pod is told to end: less than the 30 seconds that Kubernetes gives it.
	stopWithin = 20 * time.Second
)

// run does what is to be done for a migration, and returns the command's exit code.
func run(ctx context.Context, arguments, environment []string, signals <-chan os.Signal) (int, error) {
	asked, err := readRequest()
	if err != nil {
		return 0, err
	}
	if asked.Migration == nil {
		return 0, refused("LEDGER_REQUEST names no migration to run")
	}
	s, err := hold(ctx, asked, runLock)
	if err != nil {
		return 0, err
	}
	defer s.close()
	marked, nothingToDo, err := s.begin(ctx, asked)
	if err != nil {
		return 0, err
	}
	if nothingToDo != "" {
		say("migration %s: %s", asked.Migration.ID, nothingToDo)
		return 0, nil
	}
	if asked.Migration.Direction == "down" {
		say("migration %s: undoing it", asked.Migration.ID)
	} else {
		say("migration %s: running it", asked.Migration.ID)
	}
	return s.runMarked(marked, arguments, environment, signals)
}

// runMarked runs the command and marks how it ended, unless the lock was lost in the meantime.
func (s *session) runMarked(run *begun, arguments, environment []string, signals <-chan os.Signal) (int, error) {
	var reported progress
	c, err := start(arguments, environment, &reported)
	if err != nil {
		code := 126
		var missing notStarted
		if errors.As(err, &missing) {
			code = missing.code
		}
		say("%s", err)
		return s.end(run, code, false, nil)
	}
	k := keep(s, &reported, func(ctx context.Context, report progressReport) error {
		return s.markProgress(ctx, run, report)
	})
	code, stopped, lost := c.wait(signals, k.lost)
	c.finish()
	k.end()
	if lost == nil {
		select {
		case lost = <-k.lost:
		default:
		}
	}
	if lost != nil {
		return 0, unmarked(code, lost)
	}
	var last *progressReport
	if report, pending := reported.take(); pending {
		last = &report
	}
	return s.end(run, code, stopped, last)
}

// wait returns how the command ended, whether it was told to, and what took the lock from it.
func (c *command) wait(signals <-chan os.Signal, lock <-chan error) (code int, stopped bool, lost error) {
	var deadline <-chan time.Time
	for {
		select {
		case code = <-c.ended:
			return code, stopped, lost
		case received := <-signals:
			say("%s: passed on to the command", received)
			c.signal(received.(syscall.Signal))
			if !stopped && lost == nil {
				deadline = time.After(stopWithin)
			}
			stopped = true
		case lost = <-lock:
			say("the lock is lost (%s): ending the command", reason(lost))
			c.signal(syscall.SIGTERM)
			deadline = time.After(endWithin)
		case <-deadline:
			say("the command did not end in time: killing it")
			c.signal(syscall.SIGKILL)
		}
	}
}

// end marks the run. What was told to end counts as failed, also where it said 0: it may have stopped halfway.
func (s *session) end(run *begun, code int, stopped bool, last *progressReport) (int, error) {
	if stopped && code == 0 {
		code = 128 + int(syscall.SIGTERM)
	}
	state := stateApplied
	switch {
	case code != 0:
		state = stateFailed
	case run.asked.Migration.Direction == "down":
		state = stateUndone
	}
	if err := s.markEnd(run, state, code, last); err != nil {
		return 0, unmarked(code, err)
	}
	say("migration %s: %s", run.asked.Migration.ID, state)
	return told(code), nil
}

// unmarked is a run whose end is not known to the ledger: the next one repeats it.
func unmarked(code int, lost error) error {
	return fmt.Errorf("the lock was lost (%s), so the run is not marked and will be repeated; the command ended with %d",
		reason(lost), code)
}

// told is the code that a command's own becomes: those that the ledger has a meaning for are not the command's to
// give. psql, for one, ends with 3 where a script fails.
func told(code int) int {
	if code == codeRefused || code == codeUnavailable {
		say("the command ended with %d, told as 1", code)
		return 1
	}
	return code
}
