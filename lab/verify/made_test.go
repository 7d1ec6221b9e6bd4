package verify

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"io/fs"
	"math/big"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/diagnose"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/preflight"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// A minted certificate is one that no fault of certs makes.
type minted struct {
	*x509.Certificate
	key crypto.Signer
}

// noon is what every clock of the examples says.
func noon() time.Time { return time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC) }

// mint makes a CA, or with names a leaf; without an issuer it signs itself.
func mint(t testing.TB, name string, issuer *minted, names []string, more ...func(*x509.Certificate)) *minted {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(noon().Unix()), Subject: pkix.Name{CommonName: name}, NotBefore: noon().AddDate(0, -2, 0), NotAfter: noon().AddDate(0, 2, 0),
		BasicConstraintsValid: true, IsCA: true, MaxPathLen: -1, KeyUsage: x509.KeyUsageCertSign,
	}
	if len(names) > 0 {
		c.IsCA, c.DNSNames, c.KeyUsage = false, names, x509.KeyUsageDigitalSignature
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	for _, m := range more {
		m(c)
	}
	parent, signer := c, crypto.Signer(key)
	if issuer != nil {
		parent, signer = issuer.Certificate, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return &minted{c, key}
}

// made returns the examples that are no scenario, by their words.
func made(t testing.TB) map[string]func() []finding.Finding {
	t.Helper()
	var err error
	names := []string{scenarios.DefaultHost}
	root := mint(t, "Root", nil, nil)
	ca := mint(t, "CA", root, nil)
	inner := mint(t, "Inner CA", ca, nil)
	narrow := mint(t, "Narrow CA", root, nil, func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true })
	below := mint(t, "CA below it", narrow, nil)
	messages := mint(t, "CA for messages", root, nil, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} })
	choosy := mint(t, "Choosy CA", root, nil, func(c *x509.Certificate) {
		for i := range 1100 {
			c.PermittedDNSDomains = append(c.PermittedDNSDomains, fmt.Sprintf("n%d.test", i), "lab.test")
		}
	})
	many := names
	for i := range 1000 {
		many = append(many, fmt.Sprintf("x%d.lab.test", i))
	}
	leaf := mint(t, "mail", ca, names)
	old := mint(t, "mail", ca, names, func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = noon().AddDate(0, -3, 0), noon().AddDate(0, 0, -1)
	})
	gost := bytes.ReplaceAll(leaf.Raw, []byte{0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2}, []byte{0x2a, 0x85, 3, 7, 1, 1, 3, 2})
	alias := *ca.Certificate
	if alias.RawSubject, err = asn1.Marshal(pkix.RDNSequence{{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte("CA")}}}}); err != nil {
		t.Fatal(err)
	}
	know := chain.NewKnowledge([]chain.Root{{Certificate: root.Certificate}}, nil)
	ders := func(all ...*minted) (out [][]byte) {
		for _, c := range all {
			out = append(out, c.Raw)
		}
		return out
	}
	judged := func(certificates ...[]byte) func() []finding.Finding {
		return func() []finding.Finding {
			return chain.Judge{Knowledge: know}.Judge(chain.Evidence{Certificates: certificates, Host: scenarios.DefaultHost, At: noon()}).Findings
		}
	}
	sent := func(all ...*minted) func() []finding.Finding { return judged(ders(all...)...) }
	saw := func(s probe.Survey) func() []finding.Finding {
		return func() []finding.Finding { return diagnose.Judge{Knowledge: know}.Report(s).Endpoints[0].Findings }
	}
	look := func(e account.Endpoint, stage probe.Stage, outcome probe.Outcome) probe.Observation {
		return probe.Observation{Settings: account.For(e, scenarios.DefaultHost), Listed: true, At: noon(), Stage: stage, Outcome: outcome}
	}
	closed := look(account.POP3S, probe.Connecting, probe.Refused)
	closed.Listed = false
	presents := look(account.IMAPS, probe.Done, probe.Fine)
	presents.TLS = &probe.TLS{Version: 0x0304, Chain: ders(old, ca), Complete: true}
	odd := look(account.IMAPS, probe.Handshaking, probe.BadTLS)
	odd.Error, odd.Raw, odd.TLS = "tls: the moon is in the seventh house", []byte{22, 3, 3}, &probe.TLS{Version: 0x0304}
	pair := func(key preflight.File) func() []finding.Finding {
		cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})
		cert = append(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})...)
		return func() []finding.Finding {
			p := preflight.Pair{Cert: preflight.File{Name: "fullchain.pem", Data: cert}, Key: key, Host: scenarios.DefaultHost}
			return preflight.Check(p, chain.Judge{Knowledge: know}, noon()).Findings
		}
	}
	locked := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: bytes.Repeat([]byte{48}, 64)})
	return map[string]func() []finding.Finding{
		"survey of an address without a route":                                    saw(probe.Survey{Observations: []probe.Observation{look(account.IMAPS, probe.Connecting, probe.Unreachable)}}),
		"survey of a standard port beside one that answers":                       saw(probe.Survey{Observations: []probe.Observation{closed, look(account.IMAPS, probe.Done, probe.Fine)}}),
		"survey of a server that presents an older certificate than its file has": saw(probe.Survey{Observations: []probe.Observation{presents}, Installed: ders(leaf, ca)}),
		"survey of a handshake that fails with words nobody knows":                saw(probe.Survey{Observations: []probe.Observation{odd}}),
		"chain with a CA below one whose path length is 0":                        sent(mint(t, "mail", below, names), below, narrow),
		"chain with two intermediates in the wrong order":                         sent(mint(t, "mail", inner, names), ca, inner),
		"chain with a stranger behind it":                                         sent(leaf, ca, mint(t, "Stranger", nil, nil)),
		"chain with too many names and constraints":                               sent(mint(t, "mail", choosy, many), choosy),
		"chain with a CA for S/MIME":                                              sent(mint(t, "mail", messages, names), messages),
		"chain whose issuer is written in another string type":                    sent(mint(t, "mail", &minted{&alias, ca.key}, names), ca),
		"chain whose leaf is signed with GOST R 34.10-2012":                       judged(gost, ca.Raw),
		"chain whose leaf breaks off":                                             judged(leaf.Raw[:len(leaf.Raw)-9], ca.Raw),
		"files without the key":                                                   pair(preflight.File{Name: "privkey.pem", Err: fs.ErrNotExist}),
		"files whose key may not be read":                                         pair(preflight.File{Name: "privkey.pem", Err: fs.ErrPermission}),
		"files whose key wants a password":                                        pair(preflight.File{Name: "privkey.pem", Data: locked}),
	}
}
