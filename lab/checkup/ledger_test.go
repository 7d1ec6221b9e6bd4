package checkup

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
)

// A counter says how much of what it holds was read.
type counter struct {
	r io.Reader
	n atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// Whoever does not take answers is not read ahead of by more than the bound and a line.
func TestBatchReadsLittleAhead(t *testing.T) {
	line := []byte(`{"id":"` + strings.Repeat("x", 3<<20) + `"}` + "\n")
	in := &counter{r: bytes.NewReader(bytes.Repeat(line, 20))}
	answers := 0
	most := int64(0)
	err := Batch{}.Run(t.Context(), in, func(any, bool) error {
		answers++
		most = max(most, in.n.Load()-int64(answers*len(line)))
		return nil
	})
	if err != nil || answers != 20 {
		t.Fatalf("%d answers, %v", answers, err)
	}
	if bound := int64(maxBatchAhead + 2*len(line) + 64<<10); most > bound {
		t.Errorf("%d bytes were read ahead, and %d are the most", most, bound)
	}
}

func TestLedger(t *testing.T) {
	l := &ledger{most: 10, freed: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	if !l.take(ctx, 100) {
		t.Error("a line alone must be taken whatever its size")
	}
	l.give(100)
	for range 200 { // nobody waits for whoever gives back
		l.take(ctx, 1)
		l.give(1)
	}
	l.take(ctx, 8)
	cancel()
	if l.take(ctx, 3) {
		t.Error("more was taken than is within the bound")
	}
}

// What would become large when it is decoded is not.
func TestBatchLineShape(t *testing.T) {
	w := batchWorker{judge: judgeOf(nil)}
	for want, line := range map[string]string{
		"deep":    `{"id":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`,
		"values":  `{"id":1,"chain":[` + strings.Repeat(`"",`, 500_000) + `""]}`,
		"objects": `{"id":[` + strings.Repeat(`{},`, 500_000) + `{}]}`,
	} {
		if got := fmt.Sprint(w.answer(1, []byte(line), nil)); !strings.Contains(got, want) {
			t.Errorf("%s: %.200s", want, got)
		}
	}
}
