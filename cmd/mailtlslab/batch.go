package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// Bounds of one line of a batch. Host names longer than DNS allows are judged, since no
// certificate can be for one; absurd ones are not.
const (
	maxBatchLine  = 10 << 20 // bytes
	maxBatchChain = 2000     // certificates, and roots as many again
	maxBatchHost  = 1000     // bytes
	maxBatchID    = 1000
)

// chainCase is one line of a batch. Roots that are not given are those of the command.
type chainCase struct {
	ID    json.RawMessage `json:"id"`
	Chain [][]byte        `json:"chain"`
	Roots json.RawMessage `json:"roots"`
	Host  string          `json:"host"`
	Time  time.Time       `json:"time"`
	Usage string          `json:"usage"`
}

// chainAnswer is what is said of one. Other programs rely on these fields.
type chainAnswer struct {
	ID       json.RawMessage `json:"id,omitempty"`
	Verdict  string          `json:"verdict"`
	Causes   []string        `json:"causes"`
	Findings []finding.Code  `json:"findings"`
	Primary  finding.Code    `json:"primary,omitempty"`
}

// chainError is what is said of a line that is no case.
type chainError struct {
	ID    json.RawMessage `json:"id,omitempty"`
	Error string          `json:"error"`
}

// batch judges the lines of a file side by side and answers in their order. Only a few lines for
// each core are in memory at a time.
func batch(cmd *cobra.Command, f diagnoseFlags, e *exam) error {
	in := cmd.InOrStdin()
	if f.batch != "-" {
		file, err := os.Open(f.batch)
		if err != nil {
			return usage("cannot read --batch: %w", err)
		}
		defer file.Close()
		in = file
	}
	if e.at.IsZero() {
		e.at = time.Now()
	}
	ctx := cmd.Context()
	order, unread := judgeLines(ctx, in, e.roots, e.at)
	fails := 0
	out := bufio.NewWriterSize(cmd.OutOrStdout(), 64<<10)
	for {
		var j batchJob
		ok := false
		select {
		case j, ok = <-order:
		case <-ctx.Done(): // the reader may wait for a line that never comes; it ends with the program
			return interrupted()
		}
		if !ok {
			break
		}
		a := <-j.done
		if judged, is := a.(chainAnswer); !is || judged.Verdict != "ok" {
			fails++
		}
		err := writeLine(out, a)
		if err == nil && len(order) == 0 {
			err = out.Flush() // whoever waits for an answer gets it before he writes the next line
		}
		if err != nil {
			return environment(err)
		}
	}
	if err := out.Flush(); err != nil {
		return environment(err)
	}
	if err := <-unread; err != nil {
		return environment(fmt.Errorf("cannot read --batch to its end: %w", err))
	}
	if fails > 0 {
		return &status{code: exitFindings}
	}
	return nil
}

// judgeLines has the lines judged on all cores. Each job is in order as soon as it was read, and
// done when it was judged; unread tells once order is closed what went wrong with reading.
func judgeLines(ctx context.Context, in io.Reader, roots []diagnose.Root, at time.Time) (order chan batchJob, unread chan error) {
	workers := runtime.GOMAXPROCS(0)
	work := make(chan batchJob)
	order, unread = make(chan batchJob, 2*workers), make(chan error, 1)
	shared := judgeOf(roots)
	for range workers {
		go func() {
			w := batchWorker{judge: shared, at: at}
			for j := range work {
				j.done <- w.answer(j.number, j.line, j.failed)
			}
		}()
	}
	go func() {
		defer close(order)
		defer close(work)
		unread <- batchLines(in, func(number int, line []byte, failed error) bool {
			j := batchJob{number, line, failed, make(chan any, 1)}
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
			if !take(number, bytes.Clone(line), nil) {
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
	judge diagnose.Judge // of lines without roots
	at    time.Time      // of lines without a time
	roots []byte
	last  diagnose.Judge // by roots, once there were any
}

func (w *batchWorker) answer(number int, line []byte, failed error) any {
	var c chainCase
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
		return chainError{c.ID, fmt.Sprintf("line %d cannot be judged: %s", number, clip(failed.Error()))}
	}
	if c.Time.IsZero() {
		c.Time = w.at
	}
	found, accepted := judge.Chain(diagnose.Chain{Certificates: c.Chain, Host: c.Host, At: c.Time, Usage: diagnose.Usage(c.Usage)})
	return answerOf(c.ID, found, accepted)
}

func checkCase(c chainCase) error {
	switch {
	case len(c.ID) > maxBatchID:
		return fmt.Errorf("its id has %d bytes, and %d are the most", len(c.ID), maxBatchID)
	case len(c.Chain) == 0:
		return errors.New(`there is no certificate in "chain"`)
	case len(c.Chain) > maxBatchChain:
		return fmt.Errorf("its chain has %d certificates, and %d are the most", len(c.Chain), maxBatchChain)
	case len(c.Host) > maxBatchHost:
		return fmt.Errorf("its host name has %d bytes, and %d are the most", len(c.Host), maxBatchHost)
	case !slices.Contains([]string{"", "server", "client", "email", "any"}, c.Usage):
		return fmt.Errorf("its usage is %q, and must be server, client, email or any", clip(c.Usage))
	}
	return nil
}

// judgeOf judges by some roots, and by nothing else that is known.
func judgeOf(roots []diagnose.Root) diagnose.Judge {
	return diagnose.Judge{Knowledge: diagnose.NewKnowledge(roots, nil)}
}

// own returns the judge by a line's own roots. A root that cannot be read anchors nothing.
func (w *batchWorker) own(raw []byte) (diagnose.Judge, error) {
	if bytes.Equal(w.roots, raw) {
		return w.last, nil
	}
	var ders [][]byte
	if err := json.Unmarshal(raw, &ders); err != nil {
		return diagnose.Judge{}, err
	}
	if len(ders) > maxBatchChain {
		return diagnose.Judge{}, fmt.Errorf("it has %d roots, and %d are the most", len(ders), maxBatchChain)
	}
	w.roots, w.last = bytes.Clone(raw), judgeOf(diagnose.ParseRoots(ders))
	return w.last, nil
}

func answerOf(id json.RawMessage, found []finding.Finding, accepted bool) chainAnswer {
	a := chainAnswer{ID: id, Verdict: "fail", Causes: []string{}, Findings: finding.Codes(found)}
	if accepted {
		a.Verdict = "ok"
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

// causesOf returns the words that the corpora use for an error.
func causesOf(f finding.Finding) []string {
	if f.Severity != finding.Error {
		return nil
	}
	if f.Code == finding.IssuerUnknown && f.Facts.Detail == finding.DetailPublicCA {
		return []string{"missing_intermediate"}
	}
	return causeWords()[f.Code]
}

// causeWords is what the errors of a chain are called in the corpora of other projects.
func causeWords() map[finding.Code][]string {
	return map[finding.Code][]string{
		finding.SelfSigned:                     {"self_signed"},
		finding.DefaultInstallationCertificate: {"self_signed", "hostname_mismatch"},
		finding.IssuerNotTrusted:               {"untrusted_ca"},
		finding.IssuerUnknown:                  {"untrusted_ca"},
		finding.RootMissingOnDevice:            {"untrusted_ca"},
		finding.LocalInterception:              {"untrusted_ca"},
		finding.Interception:                   {"untrusted_ca"},
		finding.InterceptionOnMailPort:         {"untrusted_ca"},
		finding.RootDistrusted:                 {"distrusted"},
		finding.MissingIntermediate:            {"missing_intermediate"},
		finding.IssuerKeyMismatch:              {"bad_signature"},
		finding.BadSignature:                   {"bad_signature"},
		finding.IssuerNotACA:                   {"not_a_ca"},
		finding.PathLengthExceeded:             {"path_length"},
		finding.CANotAllowedForName:            {"name_constraints"},
		finding.TooComplex:                     {"too_complex"},
		finding.NameMismatch:                   {"hostname_mismatch"},
		finding.NoSAN:                          {"hostname_mismatch"},
		finding.ConnectByIP:                    {"hostname_mismatch"},
		finding.WildcardDepth:                  {"hostname_mismatch"},
		finding.IDNEncoding:                    {"hostname_mismatch"},
		finding.SNIMissing:                     {"hostname_mismatch"},
		finding.OutgoingServerName:             {"hostname_mismatch"},
		finding.AutodiscoverName:               {"hostname_mismatch"},
		finding.Expired:                        {"expired"},
		finding.IntermediateExpired:            {"expired"},
		finding.RootExpired:                    {"expired"},
		finding.MailServiceNotReloaded:         {"expired"},
		finding.NotYetValid:                    {"not_yet_valid"},
		finding.IntermediateNotYetValid:        {"not_yet_valid"},
		finding.RootNotYetValid:                {"not_yet_valid"},
		finding.ClientClock:                    nil, // nor for a device that is wrong
		finding.LifetimeTooLong:                nil, // nor for what only some clients refuse
		finding.MalformedCertificate:           {"malformed"},
		finding.WeakSignature:                  {"weak_signature"},
		finding.WeakKey:                        {"weak_key"},
		finding.WrongPurpose:                   {"wrong_usage"},
		finding.IntermediateWrongPurpose:       {"wrong_usage"},
		finding.KeyUsageForbids:                nil, // the same
		finding.CAUsedAsServer:                 nil, // the corpora have no word for it
		finding.UnknownCriticalExtension:       {"unknown_critical_extension"},
		finding.Revoked:                        {"revoked"},
		finding.KeyMissing:                     nil, // nor for keys: a chain has none
		finding.KeyUnreadable:                  nil,
		finding.KeyEncrypted:                   nil,
		finding.Unexplained:                    {"other"},
	}
}
