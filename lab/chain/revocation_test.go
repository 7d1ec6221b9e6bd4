package chain_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

const (
	responderURL = "http://ocsp.example/"
	listURL      = "http://crl.example/1.crl"
)

// A ca is a root, its issuing CA, and the leaf that is asked about.
type ca struct {
	t                  testing.TB
	root, issuer, leaf *forged
}

func mayRevoke(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCRLSign }

func names(urls ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		for _, u := range urls {
			if strings.Contains(u, "ocsp") {
				c.OCSPServer = append(c.OCSPServer, u)
			} else {
				c.CRLDistributionPoints = append(c.CRLDistributionPoints, u)
			}
		}
	}
}

func promise(c *x509.Certificate) {
	c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}, Value: []byte{0x30, 3, 2, 1, 5}})
}

func newCA(t testing.TB, more ...func(*x509.Certificate)) ca {
	root := forge(t, "Root", "", nil, mayRevoke)
	issuer := forge(t, "Issuing", "", root, mayRevoke, serial(7))
	return ca{t, root, issuer, forge(t, host, host, issuer, append(more, serial(4711))...)}
}

func serial(n int64) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.SerialNumber = big.NewInt(n) }
}

// response returns an OCSP response: good, fresh and by the issuer but for what more changes.
func (c ca) response(more ...func(*ocsp.Response)) []byte { return c.signed(c.issuer, nil, more...) }

// signed is the same by another signer, whose certificate comes along if there is one.
func (c ca) signed(by *forged, along *x509.Certificate, more ...func(*ocsp.Response)) []byte {
	r := ocsp.Response{Status: ocsp.Good, SerialNumber: c.leaf.SerialNumber, ThisUpdate: now().Add(-time.Hour), NextUpdate: now().Add(time.Hour), Certificate: along}
	for _, m := range more {
		m(&r)
	}
	der, err := ocsp.CreateResponse(c.issuer.Certificate, by.Certificate, r, by.Key)
	if err != nil {
		c.t.Fatal(err)
	}
	return der
}

// delegate returns a responder's certificate, issued by another.
func (c ca) delegate(issuer *forged, more ...func(*x509.Certificate)) *forged {
	return forge(c.t, "Responder", "ocsp.example", issuer, append([]func(*x509.Certificate){func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
	}}, more...)...)
}

func gone(reason int) func(*ocsp.Response) {
	return func(r *ocsp.Response) {
		r.Status, r.RevokedAt, r.RevocationReason = ocsp.Revoked, now().AddDate(0, 0, -2), reason
	}
}

func between(from, until time.Duration) func(*ocsp.Response) {
	return func(r *ocsp.Response) { r.ThisUpdate, r.NextUpdate = now().Add(from), now().Add(until) }
}

// list returns a CRL: empty, fresh and by the issuer but for what more changes.
func (c ca) list(by *forged, more ...func(*x509.RevocationList)) []byte {
	l := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now().Add(-time.Hour), NextUpdate: now().Add(time.Hour)}
	for _, m := range more {
		m(l)
	}
	der, err := x509.CreateRevocationList(rand.Reader, l, by.Certificate, by.Key)
	if err != nil {
		c.t.Fatal(err)
	}
	return der
}

func entry(n int64, reason int) func(*x509.RevocationList) {
	return func(l *x509.RevocationList) {
		l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: big.NewInt(n), RevocationTime: now().AddDate(0, 0, -2), ReasonCode: reason})
	}
}

// point is a critical IssuingDistributionPoint with this content (RFC 5280 section 5.2.5).
func point(content ...byte) func(*x509.RevocationList) {
	return func(l *x509.RevocationList) {
		l.ExtraExtensions = append(l.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: append([]byte{0x30, byte(len(content))}, content...)})
	}
}

func shard(url string) func(*x509.RevocationList) {
	n := byte(len(url))
	return point(append([]byte{0xa0, n + 4, 0xa0, n + 2, 0x86, n}, url...)...)
}

// answers are what is to be fetched, by address; a missing one is nothing but an error.
type answers map[string][]byte

// examined returns the evidence of one connection with this staple, and all that was asked.
func (c ca) examined(staple []byte, all answers) chain.Evidence {
	e := served(raws(c.leaf, c.issuer), host, now())
	e.Handshake.Staple = staple
	for range 2 { // the responder, then the list
		for _, a := range (chain.Judge{Knowledge: trusting(c.root)}).Judge(e).Asks {
			answer := chain.Answer{Ask: a, Response: all[a.URL]}
			if answer.Response == nil {
				answer.Error = "connection refused"
			}
			e.Answers = append(e.Answers, answer)
		}
	}
	return e
}

// A heard is one certificate, what is said of it, and what must follow: code and detail.
type heard struct {
	name   string
	leaf   []func(*x509.Certificate)
	staple func(ca) []byte
	ocsp   func(ca) []byte
	crl    func(ca) []byte
	want   string // "code detail"
}

func staples() []heard {
	good := func(c ca) []byte { return c.response() }
	return []heard{
		{name: "good", staple: good},
		{name: "good, kept promise", leaf: []func(*x509.Certificate){promise}, staple: good},
		{name: "no promise, no staple"},
		{name: "broken promise", leaf: []func(*x509.Certificate){promise}, want: "staple-required"},
		{name: "revoked", staple: func(c ca) []byte { return c.response(gone(ocsp.Superseded)) }, want: "revoked superseded"},
		{name: "revoked, no reason", staple: func(c ca) []byte { return c.response(gone(0)) }, want: "revoked unspecified"},
		{name: "revoked, reason of the future", staple: func(c ca) []byte { return c.response(gone(99)) }, want: "revoked unspecified"},
		{name: "revoked and out of date", staple: func(c ca) []byte { return c.response(gone(1), between(-3*time.Hour, -2*time.Hour)) }, want: "revoked key-compromise, stale-staple expired"},
		{name: "expired", staple: func(c ca) []byte { return c.response(between(-3*time.Hour, -2*time.Hour)) }, want: "stale-staple expired"},
		{name: "within the slack", staple: func(c ca) []byte { return c.response(between(-3*time.Hour, -4*time.Minute)) }},
		{name: "of the future", staple: func(c ca) []byte { return c.response(between(time.Hour, 2*time.Hour)) }, want: "stale-staple not-yet-valid"},
		{name: "soon enough", staple: func(c ca) []byte { return c.response(between(4*time.Minute, time.Hour)) }},
		{name: "unknown", staple: func(c ca) []byte { return c.response(func(r *ocsp.Response) { r.Status = ocsp.Unknown }) }, want: "stale-staple unknown-status"},
		{name: "of another certificate", staple: func(c ca) []byte { return c.response(func(r *ocsp.Response) { r.SerialNumber = big.NewInt(1) }) }, want: "stale-staple other-certificate"},
		{name: "by a stranger", staple: func(c ca) []byte { return c.signed(forge(c.t, "Issuing", "", nil), nil) }, want: "stale-staple other-signer"},
		{name: "revoked by a stranger", staple: func(c ca) []byte { return c.signed(forge(c.t, "Issuing", "", nil), nil, gone(1)) }, want: "stale-staple other-signer"},
		{name: "by the leaf itself", staple: func(c ca) []byte { return c.signed(c.leaf, nil) }, want: "stale-staple other-signer"},
		{name: "by the root", staple: func(c ca) []byte { return c.signed(c.root, nil) }, want: "stale-staple other-signer"},
		{name: "by the issuer, whose certificate comes along", staple: func(c ca) []byte { return c.signed(c.issuer, c.issuer.Certificate) }},
		{name: "by a delegate", staple: func(c ca) []byte { d := c.delegate(c.issuer); return c.signed(d, d.Certificate) }},
		{name: "revoked by a delegate", staple: func(c ca) []byte { d := c.delegate(c.issuer); return c.signed(d, d.Certificate, gone(1)) }, want: "revoked key-compromise"},
		{name: "by a delegate without the purpose", staple: func(c ca) []byte {
			d := c.delegate(c.issuer, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
			return c.signed(d, d.Certificate)
		}, want: "stale-staple other-signer"},
		{name: "by another server of the same CA", staple: func(c ca) []byte {
			d := forge(c.t, "x", "x.lab.test", c.issuer)
			return c.signed(d, d.Certificate)
		}, want: "stale-staple other-signer"},
		{name: "by a delegate of another CA", staple: func(c ca) []byte {
			d := c.delegate(forge(c.t, "Issuing", "", nil))
			return c.signed(d, d.Certificate)
		}, want: "stale-staple other-signer"},
		{name: "by a delegate of the root", staple: func(c ca) []byte { d := c.delegate(c.root); return c.signed(d, d.Certificate) }, want: "stale-staple other-signer"},
		{name: "by an expired delegate", staple: func(c ca) []byte {
			d := c.delegate(c.issuer, func(c *x509.Certificate) { c.NotAfter = now().Add(-time.Hour) })
			return c.signed(d, d.Certificate)
		}, want: "stale-staple other-signer"},
		{name: "by somebody else than its certificate says", staple: func(c ca) []byte { return c.signed(c.leaf, c.delegate(c.issuer).Certificate) }, want: "stale-staple unreadable"},
		{name: "try later", staple: func(ca) []byte { return ocsp.TryLaterErrorResponse }, want: "stale-staple error-status"},
		{name: "truncated", staple: func(c ca) []byte { r := c.response(); return r[:len(r)-1] }, want: "stale-staple unreadable"},
		{name: "trailing bytes", staple: func(c ca) []byte { return append(c.response(), 0) }, want: "stale-staple unreadable"},
		{name: "a megabyte of nothing", staple: func(ca) []byte { return make([]byte, 1<<20) }, want: "stale-staple unreadable"},
		{name: "a certificate", staple: func(c ca) []byte { return c.issuer.Raw }, want: "stale-staple unreadable"},
	}
}

func lookups() []heard {
	both := []func(*x509.Certificate){names(responderURL, listURL)}
	responder, list := []func(*x509.Certificate){names(responderURL)}, []func(*x509.Certificate){names(listURL)}
	old := func(c ca) []byte { return c.response(between(-3*time.Hour, -2*time.Hour)) }
	empty := func(c ca) []byte { return c.list(c.issuer) }
	return []heard{
		{name: "responder says good", leaf: responder, ocsp: func(c ca) []byte { return c.response() }},
		{name: "responder says revoked", leaf: responder, ocsp: func(c ca) []byte { return c.response(gone(4)) }, want: "revoked superseded"},
		{name: "responder down", leaf: responder, want: "revocation-unknown unreachable"},
		{name: "responder down, list good", leaf: both, crl: empty},
		{name: "responder down, list revokes", leaf: both, crl: func(c ca) []byte { return c.list(c.issuer, entry(4711, 5)) }, want: "revoked cessation-of-operation"},
		{name: "both down", leaf: both, want: "revocation-unknown unreachable"},
		{name: "responder's old word", leaf: responder, ocsp: old, want: "revocation-unknown expired"},
		{name: "responder does not know it", leaf: responder, ocsp: func(c ca) []byte { return c.response(func(r *ocsp.Response) { r.Status = ocsp.Unknown }) }, want: "revocation-unknown unknown-status"},
		{name: "old staple, good responder", leaf: responder, staple: old, ocsp: func(c ca) []byte { return c.response() }, want: "stale-staple expired"},
		{name: "old staple, responder down", leaf: responder, staple: old, want: "stale-staple expired, revocation-unknown unreachable"},
		{name: "good staple, nobody is asked", leaf: both, staple: func(c ca) []byte { return c.response() }},
		{name: "broken promise, responder revokes", leaf: []func(*x509.Certificate){promise, names(responderURL)}, ocsp: func(c ca) []byte { return c.response(gone(1)) }, want: "revoked key-compromise, staple-required"},
		{name: "list good", leaf: list, crl: empty},
		{name: "list of others", leaf: list, crl: func(c ca) []byte { return c.list(c.issuer, entry(1, 1), entry(4712, 1)) }},
		{name: "list revokes", leaf: list, crl: func(c ca) []byte { return c.list(c.issuer, entry(1, 1), entry(4711, 1)) }, want: "revoked key-compromise"},
		{name: "list on hold", leaf: list, crl: func(c ca) []byte { return c.list(c.issuer, entry(4711, 6)) }, want: "revoked certificate-hold"},
		{name: "old list", leaf: list, crl: func(c ca) []byte {
			return c.list(c.issuer, func(l *x509.RevocationList) { l.NextUpdate = now().Add(-10 * time.Minute) })
		}, want: "revocation-unknown expired"},
		{name: "old list revokes", leaf: list, crl: func(c ca) []byte {
			return c.list(c.issuer, entry(4711, 3), func(l *x509.RevocationList) { l.NextUpdate = now().Add(-10 * time.Minute) })
		}, want: "revoked affiliation-changed"},
		{name: "list of the future", leaf: list, crl: func(c ca) []byte {
			return c.list(c.issuer, func(l *x509.RevocationList) { l.ThisUpdate = now().Add(10 * time.Minute) })
		}, want: "revocation-unknown not-yet-valid"},
		{name: "list by a stranger of that name", leaf: list, crl: func(c ca) []byte { return c.list(forge(c.t, "Issuing", "", nil, mayRevoke), entry(4711, 1)) }, want: "revocation-unknown other-signer"},
		{name: "list of the root", leaf: list, crl: func(c ca) []byte { return c.list(c.root, entry(4711, 1)) }, want: "revocation-unknown other-signer"},
		{name: "list truncated", leaf: list, crl: func(c ca) []byte { l := c.list(c.issuer); return l[:len(l)/2] }, want: "revocation-unknown unreadable"},
		{name: "list is a page", leaf: list, crl: func(ca) []byte { return []byte("<html>log in here</html>") }, want: "revocation-unknown unreadable"},
		{name: "the named part of the list", leaf: list, crl: func(c ca) []byte { return c.list(c.issuer, shard(listURL), entry(4711, 1)) }, want: "revoked key-compromise"},
		{name: "another part of the list", leaf: list, crl: func(c ca) []byte { return c.list(c.issuer, shard("http://crl.example/2.crl")) }, want: "revocation-unknown other-scope"},
		{name: "list of CAs only", leaf: list, crl: func(c ca) []byte { return c.list(c.issuer, point(0x82, 1, 0xff)) }, want: "revocation-unknown other-scope"},
		{name: "list of users, as named", leaf: list, crl: func(c ca) []byte { return c.list(c.issuer, point(0x81, 1, 0xff)) }},
		{name: "indirect list", leaf: list, crl: func(c ca) []byte { return c.list(c.issuer, point(0x84, 1, 0xff)) }, want: "revocation-unknown other-scope"},
		{name: "list of some reasons", leaf: list, crl: func(c ca) []byte { return c.list(c.issuer, point(0x83, 2, 0, 0x40)) }, want: "revocation-unknown other-scope"},
		{name: "scope of nonsense", leaf: list, crl: func(c ca) []byte { return c.list(c.issuer, point(0xff)) }, want: "revocation-unknown other-scope"},
		{name: "changes to a list", leaf: list, crl: func(c ca) []byte {
			return c.list(c.issuer, func(l *x509.RevocationList) {
				l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 27}, Critical: true, Value: []byte{2, 1, 1}}}
			})
		}, want: "revocation-unknown other-scope"},
		{name: "only addresses that are not asked", leaf: []func(*x509.Certificate){names("ldap://crl.example", "https://ocsp.example")}, want: "revocation-unknown not-asked"},
	}
}

func (h heard) evidence(t testing.TB) (ca, chain.Evidence) {
	c := newCA(t, h.leaf...)
	var staple []byte
	all := answers{}
	if h.staple != nil {
		staple = h.staple(c)
	}
	if h.ocsp != nil {
		all[responderURL] = h.ocsp(c)
	}
	if h.crl != nil {
		all[listURL] = h.crl(c)
	}
	return c, c.examined(staple, all)
}

func revocationRows(t testing.TB) []row {
	var out []row
	for _, h := range append(staples(), lookups()...) {
		c, e := h.evidence(t)
		var codes []string
		for part := range strings.SplitSeq(h.want, ", ") {
			code, _, _ := strings.Cut(part, " ")
			codes = append(codes, code)
		}
		out = append(out, row{name: h.name, evidence: e, know: trusting(c.root), codes: strings.Join(codes, " ")})
	}
	return out
}

func TestRevocation(t *testing.T) {
	for _, r := range revocationRows(t) {
		t.Run(r.name, func(t *testing.T) { r.check(t) })
	}
	for _, h := range append(staples(), lookups()...) {
		c, e := h.evidence(t)
		var got []string
		for _, f := range (chain.Judge{Knowledge: trusting(c.root)}).Judge(e).Findings {
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s%s", f.Code, f.Facts.Reason, f.Facts.Detail)))
			if f.Counterfactual == nil || len(f.Evidence) == 0 {
				t.Errorf("%s: %s has no evidence or no counterfactual", h.name, f.Code)
			}
		}
		if g := strings.Join(got, ", "); g != h.want {
			t.Errorf("%s: %q, want %q", h.name, g, h.want)
		}
	}
}

// Where the CA's word would prove nothing it is not asked for.
func TestTheCAIsNotAsked(t *testing.T) {
	c := newCA(t, names(responderURL, listURL))
	late := newCA(t, names(listURL), promise, func(c *x509.Certificate) { c.NotAfter = now().Add(-time.Hour) })
	other := newCA(t)
	for _, r := range []row{
		{name: "nobody trusts the root", evidence: served(raws(c.leaf, c.issuer), host, now()), know: nothing(), codes: "issuer-not-trusted"},
		{name: "nobody knows the issuer", evidence: served(raws(c.leaf), host, now()), know: trusting(c.root), codes: "issuer-unknown"},
		{name: "the signature does not fit", evidence: served(raws(c.leaf, other.issuer), host, now()), know: trusting(other.root), codes: "issuer-key-mismatch"},
		{name: "expired", evidence: served(raws(late.leaf, late.issuer), host, now()), know: trusting(late.root), codes: "expired staple-required"},
	} {
		t.Run(r.name, func(t *testing.T) { r.check(t) })
	}
	// An old staple is no news about an old certificate, and a revocation is.
	for detail, staple := range map[string][]byte{
		"expired staple-required": nil,
		"expired":                 late.response(between(-3*time.Hour, -2*time.Hour)),
		"expired revoked":         late.response(gone(1)),
	} {
		e := served(raws(late.leaf, late.issuer), host, now())
		e.Handshake.Staple = staple
		row{name: detail, evidence: e, know: trusting(late.root), codes: detail}.check(t)
	}
	// What was taken from the records of another handshake had no staple to be seen.
	e := served(raws(late.leaf, late.issuer), host, now())
	e.Handshake.Deaf = true
	row{name: "from records", evidence: e, know: trusting(late.root), codes: "expired"}.check(t)
	// A file holds no handshake, so nothing is missing in it.
	if fs := (chain.Judge{Knowledge: trusting(late.root)}).Judge(chain.Evidence{Certificates: raws(late.leaf, late.issuer), At: now()}).Findings; len(fs) != 1 || fs[0].Code != finding.Expired {
		t.Errorf("a file: %v", finding.Codes(fs))
	}
}
