package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// A line that reports progress is short; longer ones are passed on unread.
	longestReport = 64 << 10
	// What ended processes left in the pipe is there at once; only one that got away could keep it open.
	drainWithin = 5 * time.Second
)

// output passes on what a command prints, byte by byte as it comes, and notes the progress that it reports.
type output struct {
	from     *os.File
	to       io.Writer
	progress *progress
	done     chan struct{}
	draining atomic.Bool
}

func forward(from *os.File, to io.Writer, p *progress) *output {
	o := &output{from: from, to: to, progress: p, done: make(chan struct{})}
	go o.copy()
	return o
}

// drain returns when all that was printed has been passed on.
func (o *output) drain() {
	o.draining.Store(true)
	_ = o.from.SetReadDeadline(time.Now().Add(drainWithin))
	<-o.done
}

func (o *output) copy() {
	defer close(o.done)
	lines := lineReader{each: o.progress.note}
	defer lines.end()
	buffer := make([]byte, 32<<10)
	for {
		if o.draining.Load() {
			_ = o.from.SetReadDeadline(time.Now().Add(drainWithin))
		}
		n, err := o.from.Read(buffer)
		// Where nobody reads any more, the command is not to stand still.
		_, _ = o.to.Write(buffer[:n])
		lines.add(buffer[:n])
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				say("a process that the command left behind still holds its output; what it prints is lost")
			}
			return
		}
	}
}

// lineReader hands on the lines of a stream of bytes, except those that are too long.
type lineReader struct {
	each func(line []byte)
	line []byte
	// long: the line at hand is skipped.
	long bool
}

func (l *lineReader) add(chunk []byte) {
	for len(chunk) > 0 {
		end := bytes.IndexByte(chunk, '\n')
		part := chunk
		if end >= 0 {
			part = chunk[:end]
		}
		if l.long = l.long || len(l.line)+len(part) > longestReport; !l.long {
			l.line = append(l.line, part...)
		}
		if end < 0 {
			return
		}
		l.end()
		chunk = chunk[end+1:]
	}
}

func (l *lineReader) end() {
	if !l.long {
		l.each(l.line)
	}
	l.line, l.long = l.line[:0], false
}

// progressReport is the progress of a line: {"progress": {"done": 10, "total": 200}}.
type progressReport struct {
	Done  *int64 `json:"done"`
	Total *int64 `json:"total"`
}

// progress is what was reported last and is not stored yet.
type progress struct {
	mutex   sync.Mutex
	pending *progressReport
}

func (p *progress) note(line []byte) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 || line[0] != '{' || !bytes.Contains(line, []byte(`"progress"`)) {
		return
	}
	var found struct {
		Progress *progressReport `json:"progress"`
	}
	if json.Unmarshal(line, &found) != nil || found.Progress == nil || found.Progress.Done == nil {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.pending = found.Progress
}

func (p *progress) take() (progressReport, bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.pending == nil {
		return progressReport{}, false
	}
	report := *p.pending
	p.pending = nil
	return report, true
}
