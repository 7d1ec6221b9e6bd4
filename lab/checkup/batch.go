package checkup

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
	"github.com/mailtlslab/mailtlslab/lab/roots"
)

// Bounds of one line of a batch. Host names longer than DNS allows are judged, since no
// certificate can be for one; absurd ones are not.
const (
	maxBatchLine  = 10 << 20 // bytes
	maxBatchChain = 2000     // certificates, and roots as many again
	maxBatchHost  = 1000     // bytes
	maxBatchID    = 1000
)

// lineShape is asked about before a line is decoded.
func lineShape() bound.Shape {
	return bound.Shape{Bytes: maxBatchLine, Depth: 64, Objects: 1000, Values: 3 * maxBatchChain}
}

// maxBatchAhead is how many bytes of lines are read ahead of the judging; one line is always taken.
// maxBatchKept is how many are kept for the next line.
const (
	maxBatchAhead = 4 << 20
	maxBatchKept  = 1 << 20
)

// A ChainCase is one line of a batch. Roots that are not given are those of the batch.
type ChainCase struct {
	ID    json.RawMessage `json:"id"`
	Chain [][]byte        `json:"chain"`
	Roots json.RawMessage `json:"roots"`
	Host  string          `json:"host"`
	Time  *time.Time      `json:"time"`
	Usage chain.Usage     `json:"usage"`
}

// A ChainAnswer is what is said of one. A chain is never unjudged: crypto/x509 accepts it or does not.
type ChainAnswer struct {
	ID       json.RawMessage `json:"id,omitempty"` // as it was given
	Verdict  Verdict         `json:"verdict,omitempty"`
	Causes   []string        `json:"causes"`            // the errors in the words of the corpora of other projects
	Findings []finding.Code  `json:"findings"`          // all that was found
	Primary  finding.Code    `json:"primary,omitempty"` // the gravest
}

// A LineError is what is said of a line that is no case.
type LineError struct {
	ID    json.RawMessage `json:"id,omitempty"` // as it was given, if it could be read
	Error string          `json:"error"`        // why it cannot be judged
}

// A Batch judges many chains: a JSON value each, line by line. Nothing is fetched, and nothing but
// the roots is known.
type Batch struct {
	Roots []chain.Root // of lines that bring none
	At    time.Time    // of lines that bring none
}

// Run judges the lines of r side by side and gives the answers to take, in their order: a
// ChainAnswer or a LineError each, and whether another one waits already. Only a few lines for each
// core are in memory at a time. The error is take's, ctx's, or that of reading r.
func (b Batch) Run(ctx context.Context, r io.Reader, take func(answer any, more bool) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	order, unread := b.start(ctx, r)
	for {
		var j batchJob
		ok := false
		select {
		case j, ok = <-order:
		case <-ctx.Done(): // the reader may wait for a line that never comes; it ends with the program
			return ctx.Err()
		}
		if !ok {
			break
		}
		if err := take(<-j.done, len(order) > 0); err != nil {
			return err
		}
	}
	return <-unread
}

// start has the lines judged on all cores. Each job is in order as soon as it was read, and done
// when it was judged; unread tells once order is closed what went wrong with reading.
func (b Batch) start(ctx context.Context, r io.Reader) (order chan batchJob, unread chan error) {
	workers := runtime.GOMAXPROCS(0)
	work := make(chan batchJob)
	order, unread = make(chan batchJob, 2*workers), make(chan error, 1)
	shared := judgeOf(b.Roots)
	ahead := &ledger{most: maxBatchAhead, freed: make(chan struct{}, 1)}
	for range workers {
		go func() {
			w := batchWorker{judge: shared, at: b.At}
			for j := range work {
				j.done <- w.answer(j.number, j.line, j.failed)
				ahead.give(len(j.line))
			}
		}()
	}
	go func() {
		defer close(order)
		defer close(work)
		unread <- batchLines(r, func(number int, line []byte, failed error) bool {
			j := batchJob{number, line, failed, make(chan any, 1)}
			if !ahead.take(ctx, len(line)) {
				return false
			}
			select {
			case order <- j:
				work <- j
				return true
			case <-ctx.Done():
				return false
			}
		})
	}()
	return order, unread
}

type batchJob struct {
	number int
	line   []byte
	failed error
	done   chan any
}

var errLongLine = fmt.Errorf("it is longer than %d MB", maxBatchLine>>20)

// batchLines gives each line that is not empty to take, and of a line that is too long only that.
func batchLines(r io.Reader, take func(number int, line []byte, failed error) bool) error {
	in := bufio.NewReaderSize(r, 64<<10)
	var line []byte
	long := false
	for number := 1; ; {
		part, err := in.ReadSlice('\n')
		if long = long || len(line)+len(part) > maxBatchLine; !long {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		line = bytes.TrimSpace(line)
		switch {
		case long:
			if !take(number, nil, errLongLine) {
				return nil
			}
		case len(line) > 0:
			whole := line
			if len(line) > maxBatchKept {
				line = nil // handed on, and not held twice
			} else {
				whole = bytes.Clone(line)
			}
			if !take(number, whole, nil) {
				return nil
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		line, long = line[:0], false
		number++
	}
}

// A batchWorker judges lines. It keeps the roots of the last one: mostly they are those of the next.
type batchWorker struct {
	judge chain.Judge // of lines without roots
	at    time.Time   // of lines without a time
	roots []byte
	last  chain.Judge // by roots, once there were any
}

func (w *batchWorker) answer(number int, line []byte, failed error) any {
	var c ChainCase
	if failed == nil {
		failed = lineShape().JSON(line)
	}
	if failed == nil {
		failed = json.Unmarshal(line, &c)
	}
	if failed == nil {
		failed = checkCase(c)
	}
	judge := w.judge
	if failed == nil && len(c.Roots) > 0 && !bytes.Equal(c.Roots, []byte("null")) {
		judge, failed = w.own(c.Roots)
	}
	if len(c.ID) > maxBatchID {
		c.ID = nil
	}
	if failed != nil {
		return LineError{c.ID, fmt.Sprintf("line %d cannot be judged: %s", number, finding.Clip(failed.Error()))}
	}
	at := w.at
	if c.Time != nil {
		at = *c.Time
	}
	j := judge.Judge(chain.Evidence{Certificates: c.Chain, Host: c.Host, At: at, Usage: c.Usage})
	return answerOf(c.ID, j.Findings, j.Accepted)
}

func checkCase(c ChainCase) error {
	switch {
	case len(c.ID) > maxBatchID:
		return fmt.Errorf("its id has %d bytes, and %d are the most", len(c.ID), maxBatchID)
	case len(c.Chain) == 0:
		return errors.New(`there is no certificate in "chain"`)
	case len(c.Chain) > maxBatchChain:
		return fmt.Errorf("its chain has %d certificates, and %d are the most", len(c.Chain), maxBatchChain)
	case len(c.Host) > maxBatchHost:
		return fmt.Errorf("its host name has %d bytes, and %d are the most", len(c.Host), maxBatchHost)
	case c.Time != nil && c.Time.IsZero():
		return errors.New("its time is the first moment of the year 1, which stands for none; no certificate reaches back before 1950")
	case !slices.Contains([]chain.Usage{"", chain.Server, chain.Client, chain.Email, chain.Any}, c.Usage):
		return fmt.Errorf("its usage is %q, and must be server, client, email or any", finding.Clip(string(c.Usage)))
	}
	return nil
}

// judgeOf judges by some roots, and by nothing else that is known.
func judgeOf(trusted []chain.Root) chain.Judge {
	return chain.Judge{Knowledge: roots.Store{Roots: trusted}.Knowledge()}
}

// own returns the judge by a line's own roots. A root that cannot be read anchors nothing.
func (w *batchWorker) own(raw []byte) (chain.Judge, error) {
	if bytes.Equal(w.roots, raw) {
		return w.last, nil
	}
	var ders [][]byte
	if err := json.Unmarshal(raw, &ders); err != nil {
		return chain.Judge{}, err
	}
	if len(ders) > maxBatchChain {
		return chain.Judge{}, fmt.Errorf("it has %d roots, and %d are the most", len(ders), maxBatchChain)
	}
	judge := judgeOf(chain.ParseRoots(ders))
	if len(raw) <= maxBatchKept {
		w.roots, w.last = bytes.Clone(raw), judge
	}
	return judge, nil
}

func answerOf(id json.RawMessage, found []finding.Finding, accepted bool) ChainAnswer {
	a := ChainAnswer{ID: id, Verdict: Fail, Causes: []string{}, Findings: finding.Codes(found)}
	if accepted {
		a.Verdict = OK
	}
	worst := finding.Worst(found)
	for _, f := range found {
		if f.Severity == worst && a.Primary == "" {
			a.Primary = f.Code
		}
		for _, cause := range causesOf(f) {
			if !slices.Contains(a.Causes, cause) {
				a.Causes = append(a.Causes, cause)
			}
		}
	}
	return a
}
