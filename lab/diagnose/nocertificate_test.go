package diagnose_test

import (
	"crypto/tls"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// takes has the server answer an offer with a ServerHello.
func takes(suite uint16) edit {
	return func(o *probe.Observation) {
		o.Outcome, o.TLS = probe.Fine, &probe.TLS{Version: tls.VersionTLS12, Cipher: suite}
	}
}

func ending(outcome probe.Outcome) edit {
	return func(o *probe.Observation) { o.Outcome, o.TLS = outcome, &probe.TLS{} }
}

// offered adds the answers to the offers that a report asks for: of the suites without a
// certificate, of those with one, and of the first by a client that could do more.
func offered(s probe.Survey, edits ...edit) probe.Survey {
	for _, a := range (diagnose.Judge{Knowledge: nothing()}).Report(s).Asks {
		if a.Kind != probe.Offer || len(edits) == 0 {
			continue
		}
		o := seen(a.Settings.Endpoint, probe.Handshaking, probe.Alert, edits[0], unlisted())
		o.Settings = a.Settings
		s.Further = append(slices.Clone(s.Further), probe.Further{Ask: a, Observation: &o})
		edits = edits[1:]
	}
	return s
}

// withoutNewest is a survey of one port that sends handshake_failure, and another alert to TLS 1.3 alone.
func withoutNewest(e account.Endpoint, newestAlert uint8) probe.Survey {
	start := []edit{alert(0, 40)}
	if e.Mode() == upgrade {
		start = append(start, greeting("220 hi"), answer("220 go"))
	}
	s := survey(seen(e, probe.Handshaking, probe.Alert, start...))
	s = told(s, e, e.Port(), e.Mode(), probe.Handshaking, probe.Alert, alert(0, newestAlert), oldest(0x0304))
	if sibling, ok := e.Sibling(); ok && e.Mode() == implicit {
		s = told(s, sibling, sibling.Port(), sibling.Mode(), probe.Handshaking, probe.Alert, alert(0, 40), greeting("220 hi"), answer("220 go"))
	}
	return s
}

func noCertificateRows() []connRow {
	const code, rule, other = "server-cannot-load-certificate", "certificate-not-loaded", "no-common-cipher"
	const anonymous, aria = 0x00A7, 0xC05C
	start, inside := withoutNewest(smtp, 70), withoutNewest(smtps, 70)
	rows := []connRow{
		say(rule, "Postfix without its chain file, after STARTTLS", code, "", offered(start, takes(anonymous), alert(0, 40), alert(0, 86))),
		say(rule, "Postfix without its chain file, on the port for TLS", code, "", offered(inside, takes(anonymous), alert(0, 40), alert(0, 86))),
		say(rule, "and without anonymous suites", code, "", offered(start, alert(0, 40), alert(0, 40), alert(0, 86))),
		say(rule, "and the anonymous offer came to nothing", code, "", offered(start, ending(probe.TimedOut), alert(0, 40), alert(0, 86))),

		miss(rule, "nobody has offered suites yet", other, "submission:587:offer submission:587:offer submission:587:offer", start),
		miss(rule, "not set to TLS 1.3, by the fallback", other, "", offered(start, takes(anonymous), alert(0, 40), takes(anonymous))),
		miss(rule, "a cipher list for nobody", other, "", offered(start, alert(0, 40), alert(0, 40), alert(0, 40))),
		miss(rule, "a suite that no client has", other, "", offered(start, takes(anonymous), takes(aria), alert(0, 86))),
		miss(rule, "the suites with a certificate are refused for another reason", other, "", offered(start, takes(anonymous), alert(0, 80), alert(0, 86))),
		miss(rule, "the suites with a certificate were not answered", other, "", offered(start, takes(anonymous), ending(probe.TimedOut), alert(0, 86))),
		miss(rule, "the fallback was not answered", other, "", offered(start, takes(anonymous), alert(0, 40), ending(probe.Closed))),
		miss(rule, "TLS 1.3 is refused for want of a cipher", "handshake-refused", "", offered(withoutNewest(smtp, 40), takes(anonymous), alert(0, 40), alert(0, 86))),
	}
	for _, about := range []uint8{71, 80} {
		s := offered(start, takes(anonymous), alert(0, 40), alert(0, 86))
		s.Observations = []probe.Observation{seen(smtp, probe.Handshaking, probe.Alert, alert(0, about), greeting("220 hi"), answer("220 go"))}
		code := map[uint8]string{71: other, 80: "handshake-refused"}[about]
		rows = append(rows, miss(rule, "refused by alert "+strconv.Itoa(int(about)), code, "", s))
	}
	return rows
}

// TestNoCertificateEvidence: what is said names the suite, and says no more than was seen.
func TestNoCertificateEvidence(t *testing.T) {
	const anonymous, aria, name = 0x00A7, 0xC05C, "TLS_DH_anon_WITH_AES_256_GCM_SHA384"
	start := withoutNewest(smtp, 70)
	for _, c := range []struct {
		survey    probe.Survey
		want, not string
	}{
		{offered(start, takes(anonymous), alert(0, 40), alert(0, 86)), "accepts " + name, "can answer alike"},
		{offered(start, alert(0, 40), alert(0, 40), alert(0, 86)), "every cipher suite that needs a certificate", name},
		{offered(start, takes(anonymous), alert(0, 40), takes(anonymous)), "accepts " + name, "set to speak"},
		{offered(start, alert(0, 40), alert(0, 40), alert(0, 40)), "no certificate at all can answer alike", name},
		{offered(start, takes(anonymous), takes(aria), alert(0, 86)), "chooses 0xC05C", "can answer alike"},
	} {
		f := diagnose.Judge{Knowledge: nothing()}.Report(c.survey).Endpoints[0].Findings[0]
		all := strings.Join(f.Evidence, "\n")
		if !strings.Contains(all, c.want) || strings.Contains(all, c.not) {
			t.Errorf("%s: want %q and not %q in %q", f.Code, c.want, c.not, f.Evidence)
		}
	}
}

// offers returns the suites of the three offers.
func offers(t *testing.T) (anonymous, certified, fallback []uint16) {
	t.Helper()
	var all [][]uint16
	for _, a := range (diagnose.Judge{Knowledge: nothing()}).Report(withoutNewest(smtp, 70)).Asks {
		if a.Kind == probe.Offer {
			all = append(all, a.Suites)
		}
	}
	if len(all) != 3 {
		t.Fatalf("%d offers", len(all))
	}
	return all[0], all[1], all[2]
}

// TestSuitesByOpenSSL: OpenSSL knows of no suite with a certificate that is not offered, and takes
// none of either kind for one of the other.
func TestSuitesByOpenSSL(t *testing.T) {
	anonymous, certified, fallback := offers(t)
	if len(certified) > 400 || !slices.Equal(fallback, append(slices.Clone(anonymous), 0x5600)) {
		t.Errorf("%d suites; fallback %x", len(certified), fallback)
	}
	out, err := exec.Command(program(t, "openssl"), "ciphers", "-V", "ALL:COMPLEMENTOFALL:@SECLEVEL=0").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) < 6 || f[3] == "TLSv1.3" || strings.Contains(f[4], "PSK") || f[4] == "Kx=SRP" {
			continue
		}
		lines++
		n, err := strconv.ParseUint(strings.ReplaceAll(strings.TrimPrefix(f[0], "0x"), ",0x", ""), 16, 16)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		suite := uint16(n)
		none := f[5] == "Au=None"
		if none && slices.Contains(certified, suite) || !none && !slices.Contains(certified, suite) || !none && slices.Contains(anonymous, suite) {
			t.Errorf("%s %s: %v %v", f[2], f[5], slices.Contains(anonymous, suite), slices.Contains(certified, suite))
		}
		if slices.Contains(anonymous, suite) && !none {
			t.Errorf("%s needs a certificate", f[2])
		}
	}
	if lines < 40 {
		t.Errorf("only %d suites were compared", lines)
	}
}

// TestNoCertificateByOpenSSL: an OpenSSL without a certificate is told from one whose ciphers fit
// nobody. What Postfix adds to it are the defaults, that allow anonymous suites.
func TestNoCertificateByOpenSSL(t *testing.T) {
	openssl := program(t, "openssl")
	a, err := certs.NewAuthority(certs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := a.Build(certs.Spec{})
	if err != nil {
		t.Fatal(err)
	}
	cert, key := files(t, b)
	pair := []string{"-cert", cert, "-cert_chain", cert, "-key", key}
	for _, c := range []struct {
		name, want string
		args       []string
	}{
		{"none", "server-cannot-load-certificate", []string{"-nocert", "-cipher", "ALL:@SECLEVEL=0"}},
		{"none, and no anonymous suite", "server-cannot-load-certificate", []string{"-nocert", "-cipher", "ALL:!aNULL"}},
		{"none, and no TLS 1.3", "no-common-cipher", []string{"-nocert", "-cipher", "ALL:@SECLEVEL=0", "-tls1_2"}},
		{"ciphers of another key", "no-common-cipher", append([]string{"-tls1_2", "-cipher", "ALL:!aECDSA:!aNULL"}, pair...)},
		{"and anonymous ones", "no-common-cipher", append([]string{"-tls1_2", "-cipher", "ALL:!aECDSA:@SECLEVEL=0"}, pair...)},
		{"ciphers of nobody", "no-common-cipher", append([]string{"-tls1_2", "-cipher", "ARIAGCM:!aNULL"}, pair...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"s_server", "-accept", "127.0.0.1:0"}, c.args...)
			address := strings.TrimPrefix(run(t, "ACCEPT ", openssl, args...), "ACCEPT ")
			set := account.For(account.Web, host)
			set.Addresses = map[string]string{set.Target(): address}
			p := &probe.Prober{}
			s := p.Survey(t.Context(), []account.Settings{set}, true)
			r, _ := diagnose.Judge{Knowledge: authority{Authority: a}.Knowledge(false)}.Examine(s, func(asks []probe.Ask) []probe.Further { return p.Answer(t.Context(), asks) })
			if got := said(r); got != c.want+" | " {
				t.Errorf("says %q, want %s: %+v", got, c.want, r.Endpoints[0].Findings)
			}
		})
	}
}
