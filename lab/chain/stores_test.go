package chain_test

import (
	"crypto/x509"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// removed is an entry of a root programme's list for one root.
func removed(name string, keyID []byte) chain.Removal {
	return chain.Removal{Name: name, KeyID: hex.EncodeToString(keyID), Since: now().AddDate(-1, 0, 0), Source: "a test"}
}

const umlaut, ascii = "münchen.lab.test", "xn--mnchen-3ya.lab.test"

// rareStoreRows are the chains of the later faults, each with near misses.
func rareStoreRows() []built {
	long := func(days int) []certs.Fault { return with(certs.ValidFor(days)) }
	return []built{
		{"expired cross-sign", "expired-cross-sign", "", false, with(certs.ExpiredCrossSign())},
		{"expired cross-sign, root sent", "root-also-sent expired-cross-sign", "", false, with(certs.ExpiredCrossSign(), certs.RootAlsoSent())},
		{"removed, and nobody says so", "issuer-not-trusted", "", false, with(certs.DistrustedRoot())},
		{"another domain's ca", "ca-not-allowed-for-name", "", false, with(certs.NameConstraint("other.test"))},
		{"its own domain's ca", "", "", false, with(certs.Names(host), certs.NameConstraint("lab.test"))},
		{"leaf signs leaf", "issuer-not-a-ca", "", false, with(certs.LeafIssuer())},
		{"leaf signs leaf, expired", "issuer-not-a-ca expired", "", false, with(certs.LeafIssuer(), certs.Expired(certs.Leaf, 3))},
		{"u-label", "idn-encoding", ascii, false, with(certs.ULabel(umlaut))},
		{"u-label in capitals", "idn-encoding", ascii, false, with(certs.ULabel("MüNCHEN.lab.test"))},
		{"u-label, expired and not sent", "missing-intermediate idn-encoding expired", ascii, false, with(certs.ULabel(umlaut), certs.Expired(certs.Leaf, 3), certs.OmitIntermediate())},
		{"u-label, self-signed", "self-signed idn-encoding", ascii, false, with(certs.ULabel(umlaut), certs.SelfSigned())},
		{"u-label, damaged", "idn-encoding bad-signature", ascii, false, with(certs.ULabel(umlaut), certs.CorruptSignature())},
		{"u-label of another name", "name-mismatch idn-encoding", "", false, with(certs.ULabel(umlaut))},
		{"825 days", "", "", false, long(825)},
		{"826 days", "lifetime-too-long", "", false, long(826)},
		{"900 days, private", "issuer-not-trusted lifetime-too-long", "", false, with(certs.ValidFor(900), certs.PrivateCA())},
		{"900 days, self-signed", "self-signed", "", false, with(certs.ValidFor(900), certs.SelfSigned())},
		{"md5", "weak-signature", "", false, with(certs.MD5())},
		{"md5, damaged", "bad-signature", "", false, with(certs.MD5(), certs.CorruptSignature())},
		{"sha-1 above", "weak-signature", "", false, with(certs.SHA1Intermediate())},
		{"sha-1 twice", "weak-signature weak-signature", "", false, with(certs.SHA1Intermediate(), certs.SHA1())},
		{"key may not sign", "key-usage", "", false, with(certs.KeyUsage("keyEncipherment", "keyAgreement"))},
		{"key may sign too", "", "", false, with(certs.KeyUsage("keyAgreement", "digitalSignature"))},
		{"unheard-of and critical", "unknown-critical-extension", "", false, with(certs.CriticalExtension())},
	}
}

// storeRows are one chain on devices with other stores, or other news of them.
func storeRows(t testing.TB) []row {
	t.Helper()
	a := newAuthority(t)
	healthy, fallen, unsent := a.Chain(t), a.Chain(t, certs.DistrustedRoot()), a.Chain(t, certs.OmitIntermediate())
	know, gone := a.Knowledge(false), a.Distrusted()[0]
	name, key := gone.Subject.CommonName, gone.SubjectKeyId
	lacking := func(sent [][]byte, own ...[]byte) chain.Evidence {
		e := served(sent, host, now())
		e.MissingRoots, e.Roots = []string{finding.Fingerprint(a.Root().Raw), "no such root"}, own
		return e
	}
	return []row{
		{name: "a device without the root", evidence: lacking(healthy), know: know, codes: "root-missing-on-device"},
		{name: "a device without the root, not sent", evidence: lacking(unsent), know: know, codes: "root-missing-on-device"},
		{name: "a device that was given the root", evidence: lacking(healthy, a.Root().Raw), know: know},
		{name: "a removed root", evidence: served(fallen, host, now()), know: know.Distrusting([]chain.Removal{removed(name, key)}), codes: "root-distrusted"},
		{name: "a removed root of that name", evidence: served(fallen, host, now()), know: know.Distrusting([]chain.Removal{removed(name, key[1:])}), codes: "issuer-not-trusted"},
		{name: "a removed root with that key", evidence: served(fallen, host, now()), know: know.Distrusting([]chain.Removal{removed("Another", key)}), codes: "issuer-not-trusted"},
		{name: "removed, and trusted here", evidence: lacking(fallen, gone.Raw), know: know.Distrusting([]chain.Removal{removed(name, key)})},
	}
}

// timedRows are one chain under a root that was removed, or that only others have.
func timedRows(t testing.TB) []row {
	t.Helper()
	root, other := forge(t, "Root", "", nil), forge(t, "Other Root", "", nil)
	ca := forge(t, "CA", "", root)
	const day = 24 * time.Hour
	leaf, long := forge(t, host, host, ca, window(-60*day, 60*day)), forge(t, host, host, ca, window(350*day, 450*day))
	upper := forge(t, "CA", "", root, window(-60*day, 3*365*day))
	longer := forge(t, host, host, upper, window(350*day, 450*day))
	month := now().AddDate(0, -1, 0)
	gone := []chain.Removal{{Name: "Root", Certificate: root.Raw, Since: month, Source: "a test"}}
	ended := []chain.Removal{{Name: "Root", Certificate: root.Raw, Since: root.NotAfter, Expired: true, Source: "its own dates"}}
	here := trusting(other)
	at := func(name, codes string, know *chain.Knowledge, when time.Time, certs ...*forged) row {
		return row{name: name, codes: codes, know: know, evidence: served(raws(certs...), host, when)}
	}
	lacking := at("removed later, and this device never had it", "issuer-not-trusted", here.Distrusting(gone).Sold(), month.Add(-time.Hour), leaf, ca)
	lacking.evidence.MissingRoots = []string{finding.Fingerprint(root.Raw)}
	public := func(name string) bool { return name == "CN=CA" }
	return []row{
		at("removed later", "", here.Distrusting(gone).Sold(), month.Add(-time.Hour), leaf, ca),
		at("removed later, intermediate known", "missing-intermediate", trusting(other, ca).Distrusting(gone).Sold(), month.Add(-time.Hour), leaf),
		at("removed by then", "root-distrusted", here.Distrusting(gone).Sold(), now(), leaf, ca),
		at("removed by then, root sent", "root-distrusted", here.Distrusting(gone).Sold(), now(), leaf, ca, root),
		at("removed later, own roots", "root-missing-on-device", here.Distrusting(gone), month.Add(-time.Hour), leaf, ca),
		at("removed by then, own roots", "root-distrusted", here.Distrusting(gone), now(), leaf, ca),
		at("removed by then, trusted all the same", "", trusting(root).Distrusting(gone), now(), leaf, ca),
		at("retired by its dates, before", "", here.Distrusting(ended).Sold(), now(), leaf, ca),
		at("retired by its dates, after", "root-expired", here.Distrusting(ended).Sold(), now().AddDate(1, 1, 0), longer, upper),
		at("retired by its dates, with its CA", "intermediate-expired root-expired", here.Distrusting(ended).Sold(), now().AddDate(1, 1, 0), long, ca),
		at("another root of the name", "issuer-not-trusted", here.Distrusting([]chain.Removal{{Name: "Root", Certificate: forge(t, "Root", "", nil).Raw, Since: month, Source: "a test"}}).Sold(), now(), leaf, ca),
		at("others have the root", "root-missing-on-device", here.Elsewhere([]chain.Root{{Certificate: root.Certificate}}), now(), leaf, ca),
		at("others have the root, which was sent", "root-missing-on-device", here.Elsewhere([]chain.Root{{Certificate: root.Certificate}}), now(), leaf, ca, root),
		at("others have it, and this one too", "", trusting(root).Elsewhere([]chain.Root{{Certificate: root.Certificate}}), now(), leaf, ca),
		at("a public intermediate by its name", "missing-intermediate", here.Naming(public), now(), leaf),
		at("a public intermediate by its name, expired", "missing-intermediate expired", here.Naming(public), now().AddDate(2, 0, 0), leaf),
		at("no public intermediate by its name", "issuer-unknown", here.Naming(public), now(), forge(t, host, host, root)),
		lacking,
	}
}

func TestStoresInTime(t *testing.T) {
	for _, r := range timedRows(t) {
		t.Run(r.name, r.check)
	}
}

func TestStores(t *testing.T) {
	for _, r := range storeRows(t) {
		t.Run(strings.ReplaceAll(r.name, " ", "-"), func(t *testing.T) { r.check(t) })
	}
}

// TestFallenForLater: a root programme that accepts older certificates only says so by a
// constraint, and crypto/x509 then gives no reason of its own.
func TestFallenForLater(t *testing.T) {
	a := newAuthority(t)
	refuse := func([]*x509.Certificate) error { return errors.New("issued too late") }
	know := chain.NewKnowledge([]chain.Root{{Certificate: a.Root(), Constraint: refuse}}, a.Intermediates())
	r := row{evidence: served(a.Chain(t), host, now()), know: know, codes: "root-distrusted"}
	r.check(t)
	r.evidence, r.codes = served(a.Chain(t, certs.Expired(certs.Leaf, 3)), host, now()), "root-distrusted expired"
	r.check(t)
}

// TestPublicLifetimes: the limit depends on the kind of root and on the day of issue.
func TestPublicLifetimes(t *testing.T) {
	root := forge(t, "Root", "", nil, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now().AddDate(-20, 0, 0), now().AddDate(20, 0, 0) })
	at := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		issued time.Time
		days   int
		public bool
		want   finding.Severity
	}{
		{at(2017, 5, 1), 1100, true, ""}, {at(2018, 3, 1), 825, true, ""}, {at(2018, 3, 1), 826, true, finding.Error},
		{at(2020, 8, 31), 825, true, ""}, {at(2020, 9, 1), 398, true, ""}, {at(2020, 9, 1), 399, true, finding.Error}, {at(2020, 9, 1), 399, false, ""},
		{at(2026, 3, 14), 398, true, ""}, {at(2026, 3, 15), 200, true, ""}, {at(2026, 3, 15), 201, true, finding.Warning},
		{at(2027, 3, 15), 101, true, finding.Warning}, {at(2029, 3, 14), 100, true, ""}, {at(2029, 3, 15), 48, true, finding.Warning}, {at(2029, 3, 15), 47, true, ""},
		{at(2019, 6, 30), 2000, false, ""}, {at(2019, 7, 1), 826, false, finding.Error}, {at(2029, 3, 15), 825, false, ""},
	} {
		leaf := forge(t, host, host, root, func(x *x509.Certificate) { x.NotBefore, x.NotAfter = c.issued, c.issued.AddDate(0, 0, c.days) })
		know := chain.NewKnowledge([]chain.Root{{Certificate: root.Certificate, Preinstalled: c.public}}, nil)
		found := chain.Judge{Knowledge: know}.Judge(chain.Evidence{Certificates: raws(leaf), Host: host, At: c.issued.Add(time.Hour)}).Findings
		var got finding.Severity
		for _, f := range found {
			if f.Code == finding.LifetimeTooLong {
				got = f.Severity
			}
		}
		if got != c.want || len(found) > 1 {
			t.Errorf("%d days from %s, public %v: %q of %v, want %q", c.days, c.issued.Format(time.DateOnly), c.public, got, finding.Codes(found), c.want)
		}
	}
}

// TestFetchedFrom: the finding says where the missing certificate was found.
func TestFetchedFrom(t *testing.T) {
	root := forge(t, "Root", "", nil)
	ca := forge(t, "CA", "", root)
	leaf := forge(t, host, host, ca, aia("http://aia.test/ca.der"))
	know := trusting(root).Fetching([]chain.Fetched{{URL: "http://aia.test/ca.der", Certificate: ca.Raw}})
	f := row{evidence: served(raws(leaf), host, now()), know: know}.judge().Findings
	if len(f) != 1 || f[0].Facts.Detail != finding.DetailAIA || !strings.Contains(strings.Join(f[0].Evidence, " "), "http://aia.test/ca.der") {
		t.Errorf("%+v", f)
	}
}

// TestStaticRSA: where the client encrypts to the server's key, nothing needs to be signed by it.
func TestStaticRSA(t *testing.T) {
	a := newAuthority(t)
	e := served(a.Chain(t, certs.SmallRSA(1024), certs.KeyUsage("keyEncipherment")), host, now())
	row{evidence: e, know: a.Knowledge(false), codes: "weak-key key-usage"}.check(t)
	e.Handshake.StaticRSA = true
	row{evidence: e, know: a.Knowledge(false), codes: "weak-key"}.check(t)
}

// TestULabelFacts: what is to be ordered is the ASCII form, also of several names.
func TestULabelFacts(t *testing.T) {
	a := newAuthority(t)
	for _, c := range []struct{ names, want []string }{
		{[]string{umlaut}, []string{ascii}},
		{[]string{"bücher.lab.test", "ليهمابتكلموشعربي؟.test", "他们为什么不说中文.test"}, // RFC 3492 section 7.1 (A) and (B)
			[]string{"xn--bcher-kva.lab.test", "xn--egbpdaj6bu4bxfgehfvwxn.test", "xn--ihqwcrb4cv8a8dqg056pqjye.test"}},
	} {
		r := row{evidence: served(a.Chain(t, certs.ULabel(c.names...)), c.want[0], now()), know: a.Knowledge(false), codes: "idn-encoding"}
		r.check(t)
		if got := r.judge().Findings[0].Facts.Names; !slices.Equal(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// FuzzULabel: whatever stands in place of a certificate with such a name is no crash.
func FuzzULabel(f *testing.F) {
	a := newAuthority(f)
	sent := a.Chain(f, certs.ULabel(umlaut))
	f.Add(sent[0])
	for _, cut := range []int{5, 40, len(sent[0]) - 3} {
		f.Add(sent[0][:cut])
	}
	know := a.Knowledge(false)
	f.Fuzz(func(t *testing.T, der []byte) {
		chain.Judge{Knowledge: know}.Judge(chain.Evidence{Certificates: [][]byte{der, sent[1]}, Host: ascii, At: now()})
	})
}
