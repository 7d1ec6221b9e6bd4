package preflight_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/preflight"
)

const host = "mail.lab.test"

func now() time.Time { return time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC) }

// pairs makes pairs under one root.
type pairs struct {
	authority *certs.Authority
	judge     chain.Judge
}

func newPairs(t testing.TB) pairs {
	t.Helper()
	a, err := certs.NewAuthority(certs.Options{Now: now()})
	if err != nil {
		t.Fatal(err)
	}
	var roots []chain.Root
	for _, c := range a.Roots() {
		roots = append(roots, chain.Root{Certificate: c})
	}
	return pairs{a, chain.Judge{Knowledge: chain.NewKnowledge(roots, nil)}}
}

func (p pairs) make(t testing.TB, faults ...certs.Fault) (cert, key []byte) {
	t.Helper()
	b, err := p.authority.Build(certs.Spec{Host: host, Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	cert, key, err = b.PEM()
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func file(name string, parts ...[]byte) preflight.File {
	return preflight.File{Name: name, Data: bytes.Join(parts, nil)}
}

func lost(name string, err error) preflight.File {
	return preflight.File{Name: name, Err: &os.PathError{Op: "open", Path: name, Err: err}}
}

// A caseOf is a pair and what is to be said of it.
type caseOf struct {
	name      string
	cert, key preflight.File
	want      string // "code code | a word of each problem"
}

func cases(t testing.TB, p pairs) []caseOf {
	t.Helper()
	cert, key := p.make(t)
	old, oldKey := p.make(t, certs.Expired(certs.Leaf, 3))
	blocks := strings.SplitAfter(string(cert), "-----END CERTIFICATE-----\n")
	leaf, rest := []byte(blocks[0]), []byte(strings.Join(blocks[1:], ""))
	locked := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte{48, 3, 2, 1, 1}})
	block, _ := pem.Decode(cert)
	damaged := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{48, 3, 2, 1, 1}})
	crt, pk := file("a.crt", cert), file("a.key", key)
	return []caseOf{
		{"a pair", crt, pk, " | "},
		{"one file, the key first", file("a.pem", key, cert), file("a.pem", key, cert), " | "},
		{"one file, the key last", file("a.pem", cert, key), preflight.File{}, " | "},
		{"no key given", crt, preflight.File{}, " | "},
		{"no key there", crt, lost("a.key", fs.ErrNotExist), "key-missing | "},
		{"no right to the key", crt, lost("a.key", fs.ErrPermission), "key-unreadable | "},
		{"a key on a broken disk", crt, lost("a.key", errors.New("input/output error")), " | input/output"},
		{"an empty key file", crt, file("a.key", []byte("\n")), "key-missing | "},
		{"the certificate as the key", crt, file("a.key", cert), "key-missing | "},
		{"an encrypted key", crt, file("a.key", locked), "key-encrypted | "},
		{"an encrypted key in one file", file("a.pem", locked, cert), preflight.File{}, "key-encrypted | "},
		{"half a key", crt, file("a.key", key[:len(key)/2]), " | cut off"},
		{"two keys", crt, file("a.key", key, oldKey), " | more than one"},
		{"the key of another", crt, file("a.key", oldKey), "key-does-not-match-certificate | "},
		{"the key of another, expired", file("a.crt", old), pk, "key-does-not-match-certificate expired | "},
		{"expired", file("a.crt", old), file("a.key", oldKey), "expired | "},
		{"expired, and no key", file("a.crt", old), lost("a.key", fs.ErrNotExist), "key-missing expired | "},
		{"the leaf last", file("a.crt", rest, leaf), pk, "chain-order | "},
		{"the leaf last, no key there", file("a.crt", rest, leaf), lost("a.key", fs.ErrNotExist), "key-missing chain-order | "},
		{"the leaf alone", file("a.crt", leaf), pk, "issuer-unknown | "},
		{"no certificate there", lost("a.crt", fs.ErrNotExist), pk, "certificate-file-missing | "},
		{"neither there", lost("a.crt", fs.ErrNotExist), lost("a.key", fs.ErrNotExist), "certificate-file-missing key-missing | "},
		{"the one file not there", lost("a.pem", fs.ErrNotExist), lost("a.pem", fs.ErrNotExist), "key-missing | "},
		{"no right to the certificate", lost("a.crt", fs.ErrPermission), pk, "server-cannot-load-certificate | "},
		{"garbage for a certificate", file("a.crt", []byte("garbage")), pk, "malformed-certificate | "},
		{"the key as the certificate", file("a.crt", key), pk, "malformed-certificate | "},
		{"an empty certificate", file("a.crt"), pk, "malformed-certificate | "},
		{"a damaged certificate", file("a.crt", damaged), preflight.File{}, "malformed-certificate | "},
		{"not in PEM form", file("a.crt", block.Bytes, nil), pk, "issuer-unknown | DER form"},
	}
}

func TestCheck(t *testing.T) {
	p := newPairs(t)
	for _, c := range cases(t, p) {
		t.Run(c.name, func(t *testing.T) {
			r := preflight.Check(preflight.Pair{Cert: c.cert, Key: c.key, Host: host}, p.judge, now())
			codes, problem, _ := strings.Cut(c.want, " | ")
			if got := strings.Trim(fmt.Sprint(finding.Codes(r.Findings)), "[]"); got != codes {
				t.Errorf("found %q, want %q", got, codes)
			}
			if (problem == "") != (len(r.Problems) == 0) || !strings.Contains(strings.Join(r.Problems, "\n"), problem) {
				t.Errorf("problems %q, want %q", r.Problems, problem)
			}
			if r.Failed() != (codes+problem != "") {
				t.Errorf("failed is %v", r.Failed())
			}
			for _, f := range r.Findings {
				if at := f.Facts.About; f.Check() != nil || at.From == finding.Sent || at.From == finding.InFile && at.Position == 0 {
					t.Errorf("%s: %v, %+v", f.Code, f.Check(), at)
				}
				if f.Severity != finding.Error || f.Counterfactual == nil || f.Summary == "" {
					t.Errorf("%+v", f)
				}
			}
			keepsTheKey(t, r, c)
		})
	}
}

// keepsTheKey looks for lines of the key file in all that is told.
func keepsTheKey(t *testing.T, r preflight.Result, c caseOf) {
	t.Helper()
	all := fmt.Sprintf("%+v %q %q %q", r.Findings, r.Problems, r.Read, r.NotRead)
	for line := range strings.Lines(string(c.key.Data)) {
		if line = strings.TrimSpace(line); len(line) > 20 && !strings.HasPrefix(line, "-----") && strings.Contains(all, line) {
			t.Errorf("tells %q", line)
		}
	}
}

// The chain is given back as it should be served: the leaf first.
func TestCheckReturnsTheChain(t *testing.T) {
	p := newPairs(t)
	cert, key := p.make(t)
	wrong := slicesOf(cert)
	r := preflight.Check(preflight.Pair{Cert: file("a.crt", wrong[1], wrong[0]), Key: file("a.key", key), Host: host}, p.judge, now())
	if len(r.Chain) != 2 {
		t.Fatalf("%d certificates", len(r.Chain))
	}
	if leaf, err := x509.ParseCertificate(r.Chain[0]); err != nil || leaf.IsCA {
		t.Errorf("the first one is no leaf: %v", err)
	}
	r = preflight.Check(preflight.Pair{Cert: file("a.crt", cert)}, p.judge, now())
	if r.Failed() || !strings.Contains(strings.Join(r.NotRead, "\n"), "a host name") || !strings.Contains(strings.Join(r.NotRead, "\n"), "the private key: none") {
		t.Errorf("%+v", r)
	}
	if r = preflight.Check(preflight.Pair{}, p.judge, now()); !r.Failed() || len(r.Chain) != 0 {
		t.Errorf("nothing at all: %+v", r)
	}
}

// A sentence that begins with a file's name would give it a capital letter: Msmtprc is another file.
func TestNoProblemBeginsWithAName(t *testing.T) {
	p := newPairs(t)
	cert, _ := p.make(t)
	for _, pair := range []preflight.Pair{
		{Cert: file("fullchain", cert), Key: file("msmtprc", []byte("garbage"))},
		{Cert: preflight.File{Name: "msmtprc", Err: errors.New("input/output error")}},
	} {
		problems := preflight.Check(pair, p.judge, now()).Problems
		if len(problems) != 1 || !strings.HasPrefix(problems[0], "the file msmtprc ") {
			t.Errorf("%q", problems)
		}
	}
}

func slicesOf(cert []byte) (out [][]byte) {
	for block, rest := pem.Decode(cert); block != nil; block, rest = pem.Decode(rest) {
		out = append(out, pem.EncodeToMemory(block))
	}
	return out
}
