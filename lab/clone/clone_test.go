package clone_test

import (
	"context"
	"crypto/tls"
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/clone"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/lab/roots"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// cloneOf serves a case on imaps, looks as closely as a diagnosis does, and clones.
func cloneOf(t *testing.T, c scenarios.Case, o clone.Options) scenarios.Scenario {
	t.Helper()
	authority, err := certs.NewAuthority(certs.Options{Permit: c.Hosts()})
	if err != nil {
		t.Fatal(err)
	}
	server := lab.StartCase(t, c, &lab.Options{Authority: authority})
	prober := &probe.Prober{}
	judge := diagnose.Judge{Knowledge: roots.Of(authority.Roots(), authority.Intermediates()).Knowledge(), Closer: true}
	survey := prober.Survey(context.Background(), []account.Settings{server.Device(account.IMAPS).Settings}, true)
	report, survey := judge.Examine(survey, func(asks []probe.Ask) []probe.Further { return prober.Answer(context.Background(), asks) })
	s, err := clone.Survey(survey, []clone.Judged{{Findings: report.Endpoints[0].Findings, Path: report.Endpoints[0].Path}}, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What other clients than the account's would see is cloned where it can be, and not expected of a look
// that does not see it.
func TestOtherClients(t *testing.T) {
	s := cloneOf(t, scenarios.Case{Services: []scenarios.Service{{MinVersion: tls.VersionTLS13}}}, clone.Options{})
	if len(s.Services) != 1 || s.Services[0].MinVersion != tls.VersionTLS13 || len(s.Expect) != 1 || len(s.Expect[0].Findings) != 0 ||
		!strings.Contains(strings.Join(s.NotCloned, " "), "nothing newer than TLS 1.2") {
		t.Errorf("%+v", s)
	}
}

func TestVersionAndKeys(t *testing.T) {
	leaf := certs.Certificate{ID: "leaf", Issuer: "ca", Subject: []string{"C=DE", "O=Firma Süd", "CN=imap.shop.example"}, Names: []string{"imap.shop.example"}, Key: "rsa-2048", ExtKeyUsage: []string{"serverAuth", "clientAuth"}, KeyUsage: []string{"digitalSignature"}}
	ca := certs.Certificate{ID: "ca", Subject: []string{"O=Firma Süd", "CN=Firma Root"}, Key: "p384", BasicConstraints: "CA:TRUE", KeyUsage: []string{"keyCertSign"}, Trusted: true}
	c := scenarios.Case{Host: "imap.shop.example", Services: []scenarios.Service{{Outline: certs.Outline{Certificates: []certs.Certificate{leaf, ca}}, MaxVersion: tls.VersionTLS12}}}
	s := cloneOf(t, c, clone.Options{})
	got := s.Services[0].Outline.Certificates
	if s.Host != "imap.shop.example" || s.Services[0].MaxVersion != tls.VersionTLS12 || len(got) != 2 || got[0].Key != "rsa-2048" || got[1].Key != "p384" ||
		!slices.Equal(got[0].Subject, leaf.Subject) || !slices.Equal(got[0].Names, leaf.Names) || !slices.Equal(got[0].ExtKeyUsage, leaf.ExtKeyUsage) || !got[1].Trusted || len(s.Services[0].Outline.Sent) != 0 {
		t.Errorf("%+v", s.Services)
	}
	exact := cloneOf(t, c, clone.Options{Exact: true})
	if raw := exact.Services[0].Outline.Certificates; len(raw[0].Raw) == 0 || len(exact.Expect) > 0 || !strings.Contains(strings.Join(exact.NotCloned, " "), string(finding.KeyDoesNotMatch)) {
		t.Errorf("%+v", exact)
	}
	fixed := cloneOf(t, c, clone.Options{Fixed: true})
	if from := fixed.Services[0].Outline.Certificates[0].From; !strings.HasPrefix(from, "20") || !strings.HasSuffix(from, "Z") {
		t.Errorf("the date is %s", from)
	}
}

// Keys beyond what anybody computes with are not made, and that is said.
func TestHugeKeysAreNotMade(t *testing.T) {
	for _, bits := range []string{"rsa-8192", "rsa-1023", "rsa-99999"} {
		if _, err := certs.CheckOutline(certs.Outline{Certificates: []certs.Certificate{{ID: "leaf", Key: bits}}}); err == nil {
			t.Errorf("%s is made", bits)
		}
	}
}

// Every code that comes back with a clone is one of the vocabulary, and the others are said.
func TestNothingIsLeftOutInSilence(t *testing.T) {
	o := probe.Observation{Settings: account.For(account.IMAPS, "mail.lab.test"), Listed: true, Stage: probe.Reading, Outcome: probe.TimedOut}
	for _, code := range finding.All() {
		s, err := clone.Survey(probe.Survey{Observations: []probe.Observation{o}}, []clone.Judged{{Findings: []finding.Finding{{Code: code.Code}}}}, clone.Options{})
		if code.Code == finding.NotOffered {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", code.Code, err)
		}
		said := strings.Contains(strings.Join(s.NotCloned, " "), string(code.Code))
		if !said && code.Family != finding.Trust && len(s.Services) == 0 && s.Device == (scenarios.Device{}) && s.DNS == (scenarios.DNS{}) && s.Path == "" && code.Stage < finding.Handshaking {
			t.Errorf("%s: nothing is wrong with the clone, and it says nothing of that", code.Code)
		}
	}
}

// Nobody is told to trust a root of which a file has the certificate alone: who has its key could be
// anybody.
func TestForeignRootsAreNotExported(t *testing.T) {
	s := cloneOf(t, scenarios.Case{Services: []scenarios.Service{{Chain: []certs.Fault{certs.RootAlsoSent()}}}}, clone.Options{Exact: true})
	for _, c := range s.Services[0].Outline.Certificates {
		if c.ID == "root" && !c.Trusted {
			t.Fatal("the root is not trusted, so that nothing is tried")
		}
	}
	server := lab.StartCase(t, s.Case, nil)
	pem := string(server.RootPEM())
	if n := strings.Count(pem, "BEGIN CERTIFICATE"); n != 1 {
		t.Errorf("%d roots are given out", n)
	}
}
