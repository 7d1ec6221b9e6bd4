package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/checkup"
)

// batchLine returns one case as a line.
func batchLine(t testing.TB, m minted, id, host string) string {
	t.Helper()
	var roots [][]byte
	for _, c := range m.roots {
		roots = append(roots, c.Raw)
	}
	data, err := json.Marshal(map[string]any{
		"id": id, "chain": m.bundle.Raw, "roots": roots, "host": host, "time": time.Now(), "usage": "server",
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(data) + "\n"
}

func runBatch(t testing.TB, in io.Reader) (lines []string, r result) {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"diagnose", "--batch", "-"}, in, &out, &errs)
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n"), result{code, out.String(), errs.String()}
}

// TestBatch: a good chain, faults, and lines that are none, in their order.
func TestBatch(t *testing.T) {
	good, bad := mustMint(t, "ok-full-chain"), mustMint(t, "two-faults-at-once")
	in := batchLine(t, good, "1", "mail.lab.test") +
		"\n" +
		batchLine(t, bad, "2", "mail.lab.test") +
		"{\"id\":3,\n" +
		`{"id":"4","chain":[]}` + "\n" +
		`{"id":"5","chain":["AAAA"],"host":"x"}` + "\n" +
		`{"id":"6","chain":["!"]}` + "\n" +
		`{"id":"7","chain":["AAAA"],"usage":"bat"}` + "\n" +
		`{"id":"8","chain":["AAAA"],"host":"` + strings.Repeat("x", 10_000) + `"}` + "\n" +
		`{"id":"9","chain":["AAAA"],"roots":[7]}` + "\n" +
		`{"id":"` + strings.Repeat("y", 2000) + `","chain":["AAAA"]}` + "\n" +
		`"` + strings.Repeat("z", 10<<20) + `"` + "\n" +
		strings.TrimSpace(batchLine(t, good, "last", "other.test"))
	want := []string{
		`{"id":"1","verdict":"ok","causes":[],"findings":[]}`,
		`{"id":"2","verdict":"fail","causes":["untrusted_ca","hostname_mismatch","expired"],"findings":["issuer-not-trusted","name-mismatch","expired"],"primary":"issuer-not-trusted"}`,
		`{"error":"line 4 cannot be judged: unexpected end of JSON input"}`,
		`{"id":"4","error":"line 5 cannot be judged: there is no certificate in \"chain\""}`,
		`{"id":"5","verdict":"fail","causes":["malformed"],"findings":["malformed-certificate"],"primary":"malformed-certificate"}`,
		`{"id":"6","error":"line 7 cannot be judged: illegal base64 data at input byte 0"}`,
		`{"id":"7","error":"line 8 cannot be judged: its usage is \"bat\", and must be server, client, email or any"}`,
		`{"id":"8","error":"line 9 cannot be judged: its host name has 10000 bytes, and 1000 are the most"}`,
		`{"id":"9","error":"line 10 cannot be judged: `,
		`{"error":"line 11 cannot be judged: its id has 2002 bytes, and 1000 are the most"}`,
		`{"error":"line 12 cannot be judged: it is longer than 10 MB"}`,
		`{"id":"last","verdict":"fail","causes":["hostname_mismatch"],"findings":["name-mismatch"],"primary":"name-mismatch"}`,
	}
	got, r := runBatch(t, strings.NewReader(in))
	if r.code != exitFindings || r.errors != "" {
		t.Errorf("status %d, %s", r.code, r.errors)
	}
	if len(got) != len(want) {
		t.Fatalf("%d answers, want %d: %.2000s", len(got), len(want), r.out)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("line %d\n got %s\nwant %s", i+1, got[i], want[i])
		}
	}
	if got, r := runBatch(t, strings.NewReader(batchLine(t, good, "1", "mail.lab.test"))); r.code != exitOK || len(got) != 1 {
		t.Errorf("%+v", r)
	}
	if _, r := runBatch(t, strings.NewReader("")); r.code != exitUsage || r.out != "" || !strings.Contains(r.errors, "--batch - is empty") {
		t.Errorf("%+v", r)
	}
}

// TestBatchKeepsOrder: many lines side by side.
func TestBatchKeepsOrder(t *testing.T) {
	good, bad := mustMint(t, "ok-full-chain"), mustMint(t, "expired-leaf")
	var in strings.Builder
	const n = 300
	for i := range n {
		m := good
		if i%3 == 0 {
			m = bad
		}
		in.WriteString(batchLine(t, m, fmt.Sprint(i), "mail.lab.test"))
	}
	got, _ := runBatch(t, strings.NewReader(in.String()))
	if len(got) != n {
		t.Fatalf("%d answers", len(got))
	}
	for i, line := range got {
		var a checkup.ChainAnswer
		if err := json.Unmarshal([]byte(line), &a); err != nil || string(a.ID) != fmt.Sprintf("%q", fmt.Sprint(i)) || (a.Verdict == "fail") != (i%3 == 0) {
			t.Errorf("answer %d: %v %s", i, err, line)
		}
	}
}

// TestBatchAnswersAtOnce: whoever writes one line and waits gets its answer.
func TestBatchAnswersAtOnce(t *testing.T) {
	m := mustMint(t, "ok-full-chain")
	inRead, inWrite := io.Pipe()
	outRead, outWrite := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- run(t.Context(), []string{"diagnose", "--batch", "-"}, inRead, outWrite, io.Discard)
		outWrite.Close()
	}()
	answers := bufio.NewReader(outRead)
	for range 3 {
		if _, err := io.WriteString(inWrite, batchLine(t, m, "x", "mail.lab.test")); err != nil {
			t.Fatal(err)
		}
		if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, `"ok"`) {
			t.Fatalf("%v %s", err, line)
		}
	}
	inWrite.Close()
	if code := <-done; code != exitOK {
		t.Errorf("status %d", code)
	}
}
