package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

// request is LEDGER_REQUEST: who asks, which releases are live, and which migration is to run.
type request struct {
	Product    string `json:"product"`
	Channel    string `json:"channel"`
	Transition string `json:"transition"`
	Attempt    int    `json:"attempt"`
	// Live are all releases of the channel that are live, or about to be, after the step that asks.
	Live []release `json:"live"`
	// Migration is nil where only the live releases are recorded.
	Migration         *migration `json:"migration"`
	LockWithinSeconds int        `json:"lockWithinSeconds"`
}

// release is one that is live on the database. Writes and Reads are versions of the data schema; it says either
// both or neither.
type release struct {
	Version    string   `json:"version"`
	Release    string   `json:"release"`
	Writes     *int     `json:"writes"`
	Reads      []int    `json:"reads"`
	Migrations []string `json:"migrations"`
}

type migration struct {
	ID       string `json:"id"`
	Checksum string `json:"checksum"`
	// Phase is expand, backfill, switch or contract.
	Phase string `json:"phase"`
	// Direction is up or down.
	Direction string `json:"direction"`
	// Version is that of the release that declares it.
	Version string `json:"version"`
}

func (r request) lockWithin() time.Duration {
	return time.Duration(r.LockWithinSeconds) * time.Second
}

// asker names whose run it is, as in "canary 1.1.0 0003-customers".
func (r request) asker() string {
	if r.Migration == nil {
		return r.Channel
	}
	return r.Channel + " " + r.Migration.Version + " " + r.Migration.ID
}

// takesAway tells whether a live release might miss afterwards what was there before.
func (r request) takesAway() bool {
	return r.Migration.Phase == "contract" || r.Migration.Direction == "down"
}

// readRequest reads LEDGER_REQUEST. What is not understood is refused, not ignored: it may be a rule.
func readRequest() (request, error) {
	var asked request
	text := os.Getenv("LEDGER_REQUEST")
	if text == "" {
		return asked, refused("LEDGER_REQUEST is empty, expected JSON that says who asks for what")
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&asked); err != nil {
		return asked, refused("LEDGER_REQUEST is not understood by this ledger: %s", plain(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return asked, refused("LEDGER_REQUEST goes on behind its JSON")
	}
	return asked, asked.check()
}

func plain(err error) string {
	return strings.TrimPrefix(err.Error(), "json: ")
}

func (r request) check() error {
	for _, field := range []struct{ name, value string }{
		{"product", r.Product},
		{"channel", r.Channel},
		{"transition", r.Transition},
	} {
		if field.value == "" {
			return refused("LEDGER_REQUEST: found no %s", field.name)
		}
	}
	if r.Attempt < 1 {
		return refused("LEDGER_REQUEST: found attempt %d, expected 1 or more", r.Attempt)
	}
	if r.LockWithinSeconds < 0 {
		return refused("LEDGER_REQUEST: found lockWithinSeconds %d, expected 0 or more", r.LockWithinSeconds)
	}
	if r.Live == nil {
		return refused("LEDGER_REQUEST: found no live, expected a list of releases")
	}
	for _, one := range r.Live {
		if err := one.check(); err != nil {
			return err
		}
	}
	if r.Migration == nil {
		return nil
	}
	return r.Migration.check(r)
}

func (r release) check() error {
	if r.Release == "" {
		return refused("LEDGER_REQUEST: found a live release without its id")
	}
	if !isVersion(r.Version) {
		return refused("LEDGER_REQUEST: found live version %q, expected one such as 1.2.3", r.Version)
	}
	if (r.Writes == nil) != (len(r.Reads) == 0) {
		return refused("LEDGER_REQUEST: release %s says only one of writes and reads, expected both or neither", r.Version)
	}
	return nil
}

func (m migration) check(asked request) error {
	if m.ID == "" || m.Checksum == "" {
		return refused("LEDGER_REQUEST: found a migration without id or checksum")
	}
	switch m.Phase {
	case "expand", "backfill", "switch", "contract":
	default:
		return refused("LEDGER_REQUEST: found phase %q, expected expand, backfill, switch or contract", m.Phase)
	}
	if !isVersion(m.Version) {
		return refused("LEDGER_REQUEST: found version %q, expected one such as 1.2.3", m.Version)
	}
	switch m.Direction {
	case "down":
		return nil
	case "up":
		// Without it the releases would be judged without the one that the migration is for.
		if asked.declaring() == nil {
			return refused("LEDGER_REQUEST: release %s asks for migration %s and is not among the live ones", m.Version, m.ID)
		}
		return nil
	}
	return refused("LEDGER_REQUEST: found direction %q, expected up or down", m.Direction)
}

// declaring is the live release that asks for the migration; nil where it is not live any more.
func (r request) declaring() *release {
	for i := range r.Live {
		if r.Live[i].Version == r.Migration.Version {
			return &r.Live[i]
		}
	}
	return nil
}

// isVersion tells full semantic versions, without a leading v, from anything else.
func isVersion(text string) bool {
	v := "v" + text
	return semver.IsValid(v) && semver.Canonical(v)+semver.Build(v) == v
}

func isOlder(version, than string) bool {
	return semver.Compare("v"+version, "v"+than) < 0
}
