package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

var stopSignals = []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT}

// Names of the two settings of prctl(2).
const (
	setDumpable       = 4
	setChildSubreaper = 36
)

// command is the user's program with all that it starts: a process group of its own.
type command struct {
	pid    int
	output *output
	// ended gets the exit code, as a shell tells it: 128 and the signal's number for a process that was killed.
	ended chan int
}

// notStarted is a program that is missing or cannot be run; the code is the one of a shell.
type notStarted struct {
	code int
	why  string
}

func (n notStarted) Error() string { return n.why }

// start runs a program. Its parent's thread has to stay: the kernel kills the program when that one ends.
func start(arguments, environment []string, p *progress) (*command, error) {
	guard()
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(arguments[0], arguments[1:]...)
	cmd.Env = environment
	cmd.Stdout = writer
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	err = cmd.Start()
	writer.Close()
	if err != nil {
		reader.Close()
		return nil, cannotStart(arguments[0], err)
	}
	c := &command{pid: cmd.Process.Pid, output: forward(reader, os.Stdout, p), ended: make(chan int, 1)}
	go c.reap()
	return c, nil
}

// guard makes this process the parent of what the command leaves behind, also where it is not the first one of its
// container, and closes its environment, which holds the database's URL, to the command.
func guard() {
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0)
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setDumpable, 0, 0)
}

func cannotStart(name string, err error) error {
	why := err
	var inPath *exec.Error
	var atPath *fs.PathError
	if errors.As(err, &inPath) {
		why = inPath.Err
	} else if errors.As(err, &atPath) {
		why = atPath.Err
	}
	code := 126
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		code = 127
	}
	return notStarted{code, fmt.Sprintf("the command %s could not be started: %s", name, why)}
}

// reap waits for all children, those too that lost their own parent: as the first process of a container nobody else
// does.
func (c *command) reap() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return
		case pid == c.pid && status.Signaled():
			c.ended <- 128 + int(status.Signal())
		case pid == c.pid:
			c.ended <- status.ExitStatus()
		}
	}
}

// signal reaches every process of the group.
func (c *command) signal(sig syscall.Signal) {
	_ = syscall.Kill(-c.pid, sig)
}

// finish ends what the command left running, so that nothing of it goes on behind its mark, and returns when all its
// output has been passed on.
func (c *command) finish() {
	c.signal(syscall.SIGKILL)
	c.output.drain()
}
