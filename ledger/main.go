// Command ledger runs a migration under the lock of its database and keeps, in that database, what ran and which
// releases are live on it. README.md says what it promises.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
)

const usage = `expected one of
  ledger run -- COMMAND [ARGUMENT...]
  ledger record
  ledger status
  ledger install FOLDER`

// Kernel settings of the command (see command.go) belong to the thread that started it: that one stays.
func init() {
	runtime.LockOSThread()
}

func main() {
	environment := os.Environ()
	// LEDGER_URL alone says where the database is: PGHOST and the like are there for the command.
	for _, variable := range environment {
		if strings.HasPrefix(variable, "PG") {
			name, _, _ := strings.Cut(variable, "=")
			os.Unsetenv(name)
		}
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, stopSignals...)
	// Caught so that output nobody reads any more ends neither this program nor, by inheritance, changes the command.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

	code, err := dispatch(os.Args[1:], environment, signals)
	if err != nil {
		say("%s", err)
		code = exitCode(err)
	}
	os.Exit(code)
}

func dispatch(arguments, environment []string, signals <-chan os.Signal) (int, error) {
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals...)
	defer stop()
	switch {
	case len(arguments) > 2 && arguments[0] == "run" && arguments[1] == "--":
		return run(ctx, arguments[2:], withoutLedger(environment), signals)
	case len(arguments) == 1 && arguments[0] == "record":
		return 0, record(ctx)
	case len(arguments) == 1 && arguments[0] == "status":
		return 0, status(ctx)
	case len(arguments) == 2 && arguments[0] == "install":
		return 0, install(arguments[1])
	}
	return 0, refused("%s", usage)
}

const (
	codeRefused     = 3
	codeUnavailable = 4
)

// refusal is a no that repeating does not change.
type refusal struct{ why string }

func (r refusal) Error() string { return "refused: " + r.why }

func refused(format string, values ...any) error {
	return refusal{fmt.Sprintf(format, values...)}
}

func exitCode(err error) int {
	var no refusal
	if errors.As(err, &no) {
		return codeRefused
	}
	return codeUnavailable
}

// say tells people something, apart from what the command prints: on stderr, each line marked as the ledger's.
func say(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "ledger: "+format+"\n", values...)
}

// withoutLedger is the environment that a command gets: it has no business with the ledger.
func withoutLedger(environment []string) []string {
	kept := make([]string, 0, len(environment))
	for _, variable := range environment {
		if !strings.HasPrefix(variable, "LEDGER_") {
			kept = append(kept, variable)
		}
	}
	return kept
}
