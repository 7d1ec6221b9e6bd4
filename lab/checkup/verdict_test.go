package checkup_test

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/checkup"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/lab/roots"
)

const host = "mail.lab.test"

// minted returns the chain of a healthy certificate with faults, as PEM, and what its client trusts.
func minted(t *testing.T, faults ...certs.Fault) ([]byte, *chain.Knowledge) {
	t.Helper()
	a, err := certs.NewAuthority(certs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := a.Build(certs.Spec{Host: host, Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	for _, der := range b.Raw {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return out, roots.Of(a.Roots(), nil).Knowledge()
}

func examine(t *testing.T, know *chain.Knowledge, e checkup.Evidence) checkup.Answer {
	t.Helper()
	a, _, err := (&checkup.Checkup{Knowledge: know}).Examine(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func codes(a checkup.Answer) string {
	var out []string
	for _, c := range a.Causes {
		out = append(out, string(c.Code))
	}
	return strings.Join(out, " ")
}

// pasted is the evidence of a text.
func pasted(t *testing.T, host, name, text string) checkup.Evidence {
	t.Helper()
	e := checkup.Evidence{Host: host}
	if err := e.Read(name, strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestVerdicts: ok only where something was judged, fail for errors, and otherwise unjudged.
func TestVerdicts(t *testing.T) {
	good, know := minted(t)
	refused := "depth=0 CN = mail.lab.test\nverify error:num=20:unable to get local issuer certificate\nCertificate chain\n 0 s:CN = mail.lab.test\n" +
		string(good) + "Verify return code: 20 (unable to get local issuer certificate)\n"
	accepted := "Certificate chain\n 0 s:CN = mail.lab.test\n" + string(good) + "Verify return code: 0 (ok)\n"
	died := "CONNECTED(00000003)\n40D7E5F3:error:0A00018A:SSL routines:tls_process_ske_dhe:dh key too small:ssl/statem/statem_clnt.c:2100:\nVerify return code: 0 (ok)\n"
	transcript := func(text string) checkup.Evidence {
		return pasted(t, host, "paste.txt", text)
	}
	log := func(text string) checkup.Evidence {
		return pasted(t, "", "mail.log", text)
	}
	postfix := "Nov 25 18:42:14 mx postfix/smtpd[298]: "
	established := postfix + "Anonymous TLS connection established from mx.example.net[192.0.2.1]: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\n"
	for _, c := range []struct {
		name     string
		evidence checkup.Evidence
		want     checkup.Verdict
		codes    string
	}{
		{"a chain", checkup.Evidence{Host: host, Chain: &checkup.ChainFile{File: checkup.File{Name: "chain.pem", Data: good}}}, checkup.OK, ""},
		{"a chain for another name", checkup.Evidence{Host: "other.test", Chain: &checkup.ChainFile{File: checkup.File{Name: "chain.pem", Data: good}}}, checkup.Fail, "name-mismatch"},
		{"a chain without a name", checkup.Evidence{Chain: &checkup.ChainFile{File: checkup.File{Name: "chain.pem", Data: good}}}, checkup.OK, ""},
		{"a tool that accepted", transcript(accepted), checkup.OK, ""},
		{"a tool without the root", transcript(refused), checkup.Fail, "root-missing-on-device"},
		{"a handshake that died proves nothing of its code 0", transcript(died), checkup.Fail, "weak-dh"},
		{"a greeting", transcript("* OK [CAPABILITY IMAP4rev1 STARTTLS] Dovecot ready.\n"), checkup.Unjudged, ""},
		{"a listing of a self-signed certificate", transcript("Nmap scan report for mail.lab.test (192.0.2.41)\n993/tcp open  imaps\n| ssl-cert: Subject: commonName=mail.lab.test\n| Subject Alternative Name: DNS:mail.lab.test\n| Issuer: commonName=mail.lab.test\n|_Not valid after:  2099-12-19T07:59:59\n"), checkup.Fail, "self-signed"},
		{"a listing of another's certificate", transcript("Nmap scan report for mail.lab.test (192.0.2.41)\n993/tcp open  imaps\n| ssl-cert: Subject: commonName=mail.lab.test\n| Subject Alternative Name: DNS:mail.lab.test\n| Issuer: commonName=R12\n|_Not valid after:  2099-12-19T07:59:59\n"), checkup.OK, ""},
		{"a listing of a CA's certificate", transcript("Certificate:\n Signature Algorithm: sha1WithRSAEncryption\n Issuer: CN = Example Root\n Subject: CN = Example Root\n Not After : Dec 19 07:59:59 2099 GMT\n"), checkup.Unjudged, ""},
		{"a key of another beside a closed port", transcript("nginx: [emerg] SSL_CTX_use_PrivateKey(\"/etc/nginx/tls/mx.key\") failed (SSL: error:05800074:x509 certificate routines::key values mismatch)\n\n$ openssl s_client -connect mail.lab.test:993\nconnect:errno=111\n"), checkup.Fail, "key-does-not-match-certificate"},
		{"a letter", transcript("Dear support, my mail does not work.\n"), checkup.Unjudged, ""},
		{"a log of TLS", log(established), checkup.OK, ""},
		{"a log without", log(postfix + "4F1A2C: from=<a@example.com>, size=1291, nrcpt=1 (queue active)\n"), checkup.Unjudged, ""},
		{"a log of a failure in words of its own", log(established + postfix + "SSL_accept error from mx.example.net[192.0.2.1]: frobnicated\n"), checkup.Fail, "unexplained"},
		{"a chain in order beside a log that says nothing", checkup.Evidence{Host: host,
			Chain: &checkup.ChainFile{File: checkup.File{Name: "chain.pem", Data: good}}, Texts: pasted(t, "", "mail.log", "hello\n").Texts}, checkup.Unjudged, ""},
	} {
		a := examine(t, know, c.evidence)
		if a.Verdict != c.want || codes(a) != c.codes {
			t.Errorf("%s: %s %q, want %s %q", c.name, a.Verdict, codes(a), c.want, c.codes)
		}
		if (a.Verdict == checkup.OK) && len(a.Judged) == 0 || a.Verdict == checkup.Unjudged && len(a.NotJudged) == 0 {
			t.Errorf("%s: %s, judged %q, open %q", c.name, a.Verdict, a.Judged, a.NotJudged)
		}
	}
}

// TestAResolverThatDoesNotAnswer has not said that there is no such name.
func TestAResolverThatDoesNotAnswer(t *testing.T) {
	seen := func(o probe.Outcome) *probe.Survey {
		return &probe.Survey{Observations: []probe.Observation{{
			Settings: account.For(account.IMAPS, host), At: time.Unix(1<<30, 0), Stage: probe.Resolving, Outcome: o, Error: "i/o timeout", Listed: true,
		}}}
	}
	know := chain.NewKnowledge(nil, nil)
	if a := examine(t, know, checkup.Evidence{Survey: seen(probe.Unresolved)}); a.Verdict != checkup.Unjudged || codes(a) != "" || !strings.Contains(strings.Join(a.NotJudged, ""), "i/o timeout") {
		t.Errorf("%s %q %q", a.Verdict, codes(a), a.NotJudged)
	}
	if a := examine(t, know, checkup.Evidence{Survey: seen(probe.NoSuchHost)}); a.Verdict != checkup.Fail || codes(a) != "host-not-found" {
		t.Errorf("%s %q", a.Verdict, codes(a))
	}
}

// TestOneJobForOneCertificate: what one new certificate ends is one job, and it says what must be
// right about that certificate.
func TestOneJobForOneCertificate(t *testing.T) {
	data, know := minted(t, certs.PrivateCA(), certs.Names("old.lab.test"), certs.Expired(certs.Leaf, 3))
	a := examine(t, know, checkup.Evidence{Host: host, Chain: &checkup.ChainFile{File: checkup.File{Name: "chain.pem", Data: data}}})
	if len(a.Jobs) != 1 {
		t.Fatalf("%d jobs: %+v", len(a.Jobs), a.Jobs)
	}
	job := a.Jobs[0]
	slices.Sort(job.Cures)
	if !slices.Equal(job.Cures, []finding.Code{finding.Expired, finding.IssuerNotTrusted, finding.NameMismatch}) ||
		job.Words != "install one new certificate for mail.lab.test, old.lab.test, issued by a CA that clients trust" {
		t.Errorf("%q ends %v", job.Words, job.Cures)
	}
	alone, know := minted(t, certs.Expired(certs.Leaf, 3))
	a = examine(t, know, checkup.Evidence{Host: host, Chain: &checkup.ChainFile{File: checkup.File{Name: "chain.pem", Data: alone}}})
	if len(a.Jobs) != 1 || a.Jobs[0].Words != "renew the certificate" {
		t.Errorf("%+v", a.Jobs)
	}
}

// TestAnswerIsAValue: it survives a round trip through JSON, and the brief one says the same.
func TestAnswerIsAValue(t *testing.T) {
	data, know := minted(t, certs.Expired(certs.Leaf, 3))
	a := examine(t, know, checkup.Evidence{Host: host, Chain: &checkup.ChainFile{File: checkup.File{Name: "chain.pem", Data: data}}})
	if a.Places[0].Path == nil || a.Causes[0].Advice == nil || len(a.Certificates) != 1 || a.Certificates[0].Left != 0 {
		t.Errorf("%+v", a)
	}
	first, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var b checkup.Answer
	if err := json.Unmarshal(first, &b); err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(b)
	if err != nil || string(first) != string(second) {
		t.Errorf("%v\n%s\n%s", err, first, second)
	}
	brief := a.Brief()
	if brief.Places[0].Path != nil || brief.Causes[0].Advice != nil || a.Causes[0].Advice == nil {
		t.Error("brief is not, or took the long parts from the answer itself")
	}
	if brief.Verdict != a.Verdict || !reflect.DeepEqual(brief.Places[0].Findings, a.Places[0].Findings) || brief.Causes[0].You != a.Causes[0].You {
		t.Error("brief says something else")
	}
}

// TestNothingToLookAt: what a program of somebody else's leaves out is an error or decides nothing.
func TestNothingToLookAt(t *testing.T) {
	c := &checkup.Checkup{Knowledge: chain.NewKnowledge(nil, nil)}
	if _, _, err := c.Examine(t.Context(), checkup.Evidence{Target: &checkup.Target{Host: host}}); err == nil || !strings.Contains(err.Error(), "no prober") {
		t.Errorf("a server and no prober: %v", err)
	}
	for name, e := range map[string]checkup.Evidence{"nothing": {}, "an empty survey": {Survey: &probe.Survey{}}} {
		if a := examine(t, chain.NewKnowledge(nil, nil), e); a.Verdict != checkup.Unjudged || len(a.NotJudged) == 0 {
			t.Errorf("%s: %s %q", name, a.Verdict, a.NotJudged)
		}
	}
}

// TestFilesThatCannotBeRead are errors, and no answers.
func TestFilesThatCannotBeRead(t *testing.T) {
	for name, e := range map[string]checkup.Evidence{
		"no certificate": {Chain: &checkup.ChainFile{File: checkup.File{Name: "x", Data: []byte("BEGIN:VCARD\n")}}},
	} {
		_, _, err := (&checkup.Checkup{Knowledge: chain.NewKnowledge(nil, nil)}).Examine(t.Context(), e)
		if err == nil || !strings.HasPrefix(err.Error(), "x: ") || !errors.Is(err, checkup.ErrUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
