package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	stateRunning = "running"
	stateApplied = "applied"
	stateFailed  = "failed"
	stateUndone  = "undone"
)

// known is what the ledger has of a migration; nil of one that was never begun.
type known struct {
	state    string
	checksum string
	channel  string
	version  string
	attempt  int
	started  time.Time
	finished *time.Time
}

// judge says whether the migration is to run: an error is a refusal, and a text is why there is nothing to do. It
// has to be asked under the lock: nobody else runs then, so a run that is noted as running is dead.
func judge(asked request, was *known, live []liveRelease) (nothingToDo string, err error) {
	if asked.Migration.Direction == "down" {
		return judgeDown(asked, was, live)
	}
	m := asked.Migration
	if was != nil && was.state == stateApplied && was.checksum != m.Checksum {
		return "", refused("migration %s was applied by %s with checksum %s, and is %s now: "+
			"what ran is never changed, add a new migration instead", m.ID, was.who(), was.checksum, m.Checksum)
	}
	// Another release that repeats it, as one that mends what was rolled back, has attempts of its own.
	again := was != nil && was.state == stateUndone && was.channel == asked.Channel && was.version == m.Version
	if again && asked.Attempt <= was.attempt {
		return "", refused("migration %s was undone by %s in attempt %d, and this is attempt %d: raise attempt to run it again",
			m.ID, was.who(), was.attempt, asked.Attempt)
	}
	if err := readEachOther(live); err != nil {
		return "", err
	}
	if was != nil && was.state == stateApplied {
		return fmt.Sprintf("already applied by %s; nothing to do", was.who()), nil
	}
	if m.Phase == "contract" {
		return "", noneOlder(m, live)
	}
	return "", nil
}

func judgeDown(asked request, was *known, live []liveRelease) (nothingToDo string, err error) {
	m := asked.Migration
	if was == nil {
		return "never applied; nothing to do", nil
	}
	if was.state == stateUndone {
		return fmt.Sprintf("already undone by %s; nothing to do", was.who()), nil
	}
	for _, one := range live {
		own := one.channel == asked.Channel && one.Version == m.Version
		if !own && slices.Contains(one.Migrations, m.ID) {
			return "", refused("migration %s is not undone while %s needs it", m.ID, one)
		}
	}
	return "", nil
}

// readEachOther refuses releases on one database that do not read what others write there.
func readEachOther(live []liveRelease) error {
	for _, writer := range live {
		for _, reader := range live {
			if writer.channel != reader.channel && writer.Writes == nil {
				return refused("%s does not declare what it writes and reads, and %s is live on the same database: "+
					"declare data of the former", writer, reader)
			}
			if writer.Writes == nil || len(reader.Reads) == 0 || writer.Release == reader.Release {
				continue
			}
			if !slices.Contains(reader.Reads, *writer.Writes) {
				return refused("%s writes schema %d, and %s on the same database reads %s only",
					writer, *writer.Writes, reader, numbers(reader.Reads))
			}
		}
	}
	return nil
}

// noneOlder refuses to take away what an older release may still use.
func noneOlder(m *migration, live []liveRelease) error {
	for _, one := range live {
		if isOlder(one.Version, m.Version) {
			return refused("migration %s of %s takes away what %s may use, which is live and older: "+
				"it can run once that one is retired", m.ID, m.Version, one)
		}
	}
	return nil
}

// String is as in "release 1.1.0 of stable".
func (l liveRelease) String() string {
	return fmt.Sprintf("release %s of %s", l.Version, l.channel)
}

// who is as in "canary 1.1.0 at 2026-01-31T12:00:00Z".
func (k known) who() string {
	at := k.started
	if k.finished != nil {
		at = *k.finished
	}
	return fmt.Sprintf("%s %s at %s", k.channel, k.version, at.UTC().Format(time.RFC3339))
}

func numbers(list []int) string {
	texts := make([]string, len(list))
	for i, number := range list {
		texts[i] = fmt.Sprint(number)
	}
	return strings.Join(texts, ", ")
}
