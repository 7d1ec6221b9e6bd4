package certs_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/certs"
)

// A refusal is what crypto/x509 must say, by type and fields.
type refusal func(sight, error) bool

func accepted(_ sight, err error) bool { return err == nil }

func hostname(s sight, err error) bool {
	var e x509.HostnameError
	return errors.As(err, &e) && e.Host == certs.DefaultHost && e.Certificate.Equal(s.leaf)
}

// unknown is about the certificate whose issuer nobody has: the leaf, or the last one on its path.
func unknown(last bool) refusal {
	return func(s sight, err error) bool {
		var e x509.UnknownAuthorityError
		about := s.leaf
		if last {
			about = s.path[len(s.path)-1]
		}
		return errors.As(err, &e) && e.Cert.Equal(about)
	}
}

func invalid(reason x509.InvalidReason, on certs.Role) refusal {
	return func(s sight, err error) bool {
		var e x509.CertificateInvalidError
		about := s.leaf
		switch on {
		case certs.Intermediate:
			about = s.path[0]
		case certs.Root:
			about = s.path[len(s.path)-1]
		}
		return errors.As(err, &e) && e.Reason == reason && e.Cert.Equal(about)
	}
}

// weak and not being a CA reach Verify's caller as words only; the check behind it has types.
func weak(s sight, err error) bool {
	var e x509.InsecureAlgorithmError
	return unknown(false)(s, err) && errors.As(s.leaf.CheckSignatureFrom(s.path[0]), &e) && x509.SignatureAlgorithm(e) == x509.ECDSAWithSHA1
}

func weakMD5(s sight, err error) bool {
	var e x509.InsecureAlgorithmError
	return unknown(false)(s, err) && errors.As(s.leaf.CheckSignatureFrom(s.path[0]), &e) && x509.SignatureAlgorithm(e) == x509.MD5WithRSA
}

func weakIssuer(s sight, err error) bool {
	var unknown x509.UnknownAuthorityError
	var e x509.InsecureAlgorithmError
	return errors.As(err, &unknown) && unknown.Cert.Equal(s.path[0]) && errors.As(s.path[0].CheckSignatureFrom(s.path[1]), &e)
}

func unheardOf(_ sight, err error) bool { return errors.As(err, new(x509.UnhandledCriticalExtension)) }

func notACA(s sight, err error) bool {
	var e x509.ConstraintViolationError
	return unknown(false)(s, err) && errors.As(s.leaf.CheckSignatureFrom(s.path[0]), &e)
}

func damaged(s sight, err error) bool { return unknown(false)(s, err) && s.damaged() }

// TestOnlyThisIsBroken builds each fault alone: crypto/x509 refuses for that reason, and against
// the healthy chain exactly the listed facts differ. A new intermediate is a new issuer.
func TestOnlyThisIsBroken(t *testing.T) {
	for _, c := range []struct {
		fault   certs.Fault
		says    refusal
		differs string
	}{
		{certs.Names("pop.lab.test"), hostname, "san subject"},
		{certs.CommonName("imap.lab.test"), accepted, "subject"},
		{certs.NoSAN(), hostname, "extensions san"},
		{certs.RootAlsoSent(), accepted, "sent"},
		{certs.SelfSigned(), unknown(false), "extensions issuer sent"},
		{certs.CALeaf(), accepted, "ca usage"},
		{certs.IssuedByRoot(), accepted, "issuer sent"},
		{certs.PrivateCA(), unknown(true), "issuer sent"},
		{certs.PrivateRootOnly(), unknown(false), "issuer sent"},
		{certs.OmitIntermediate(), unknown(false), "sent"},
		{certs.WrongIntermediate(), unknown(false), "sent"},
		{certs.Reversed(), accepted, "issuer sent"},
		{certs.SameNameIssuer(), unknown(true), "issuer sent"},
		{certs.NotCA(), notACA, "issuer sent"},
		{certs.DefaultInstallation(), hostname, "extensions issuer san sent subject"},
		{certs.Expired(certs.Leaf, 1), invalid(x509.Expired, certs.Leaf), "dates"},
		{certs.Expired(certs.Intermediate, 1), invalid(x509.Expired, certs.Intermediate), "dates issuer sent"},
		{certs.Expired(certs.Root, 1), invalid(x509.Expired, certs.Root), "dates issuer roots sent"},
		{certs.NotYetValid(certs.Leaf, 2), invalid(x509.Expired, certs.Leaf), "dates"},
		{certs.NotYetValid(certs.Intermediate, 2), invalid(x509.Expired, certs.Intermediate), "issuer sent"},
		{certs.NotYetValid(certs.Root, 2), invalid(x509.Expired, certs.Root), "issuer roots sent"},
		{certs.ExpiresIn(3), accepted, "dates"},
		{certs.SmallRSA(1024), accepted, "key usage"},
		{certs.SHA1(), weak, "signature"},
		{certs.CorruptSignature(), damaged, ""},
		{certs.WrongKey(), accepted, "match"},
		{certs.CRL(certs.StatusGood), accepted, "extensions"},
		{certs.OCSP(certs.StatusRevoked), accepted, "extensions"},
		{certs.MustStaple(), accepted, "extensions"},
		{certs.Staple(certs.StatusRevoked), accepted, ""},
		{certs.Staple(certs.StatusExpired), accepted, "dates"},
		{certs.ExtKeyUsage("clientAuth"), invalid(x509.IncompatibleUsage, certs.Leaf), "eku"},
		{certs.FetchableIntermediate(), unknown(false), "extensions issuer sent"},
		{certs.ExpiredCrossSign(), accepted, ""}, // what is sent beside the chain is no part of it
		{certs.DistrustedRoot(), unknown(true), "issuer sent"},
		{certs.NameConstraint("other.test"), invalid(x509.CANotAuthorizedForThisName, certs.Leaf), "issuer sent"},
		{certs.LeafIssuer(), notACA, "issuer sent"},
		{certs.ULabel("münchen.lab.test"), hostname, "san"},
		{certs.ValidFor(900), accepted, "dates"},
		{certs.MD5(), weakMD5, "issuer sent signature"},
		{certs.SHA1Intermediate(), weakIssuer, "issuer sent"},
		{certs.KeyUsage("keyAgreement"), accepted, "usage"},
		{certs.CriticalExtension(), unheardOf, "extensions"},
	} {
		t.Run(strings.TrimSuffix(string(c.fault.Kind)+" "+string(c.fault.On), " "), func(t *testing.T) {
			a := authority(t)
			healthy, s := facts(look(a, built(t, a))), look(a, built(t, a, c.fault))
			if err := verify(a, s.b, certs.DefaultHost, clock()); !c.says(s, err) {
				t.Errorf("x509 says %v", err)
			}
			var differs []string
			for name, value := range facts(s) {
				if value != healthy[name] {
					differs = append(differs, name)
				}
			}
			slices.Sort(differs)
			if got := strings.Join(differs, " "); got != c.differs {
				t.Errorf("%q differ, want %q:\n%v\n%v", got, c.differs, healthy, facts(s))
			}
			soundAbove(t, c.fault, s)
		})
	}
}

// facts are everything about a chain but its random numbers.
func facts(s sight) map[string]string {
	l := s.leaf
	var extensions []string
	for _, e := range l.Extensions {
		extensions = append(extensions, fmt.Sprint(e.Id, e.Critical))
	}
	return map[string]string{
		"version":    fmt.Sprint(l.Version),
		"subject":    l.Subject.String(),
		"san":        fmt.Sprint(l.DNSNames, l.IPAddresses, l.EmailAddresses, l.URIs),
		"dates":      fmt.Sprint(l.NotBefore, l.NotAfter),
		"issuer":     fmt.Sprintf("%s %x", l.Issuer, l.AuthorityKeyId),
		"key":        fmt.Sprintf("%v %T", l.PublicKeyAlgorithm, l.PublicKey),
		"usage":      fmt.Sprint(l.KeyUsage),
		"eku":        fmt.Sprint(l.ExtKeyUsage, l.UnknownExtKeyUsage),
		"ca":         fmt.Sprint(l.BasicConstraintsValid, l.IsCA, l.MaxPathLen, l.MaxPathLenZero),
		"signature":  l.SignatureAlgorithm.String(),
		"extensions": strings.Join(extensions, " "),
		"match":      fmt.Sprint(s.matches()),
		"sent":       subjects(s.sent),
		"roots":      subjects(s.a.Roots()),
	}
}

func subjects(list []*x509.Certificate) string {
	var out []string
	for _, c := range list {
		out = append(out, c.Subject.String())
	}
	return strings.Join(out, "; ")
}

// soundAbove checks what a CA of its own must share with the healthy one: all but its name, its
// key and what the fault is about.
func soundAbove(t *testing.T, f certs.Fault, s sight) {
	t.Helper()
	about := map[certs.Kind]string{certs.NotCA().Kind: "ca", certs.Expired(f.On, 1).Kind: "dates", certs.NotYetValid(f.On, 1).Kind: "dates",
		certs.SHA1Intermediate().Kind: "signature", certs.NameConstraint("a.test").Kind: "constraints"}
	for _, c := range s.path {
		if f.Kind == certs.LeafIssuer().Kind && !c.IsCA {
			continue
		}
		like := s.a.Intermediates()[0]
		if !subordinate(c) {
			like = s.a.Root()
		}
		was, is := authorityFacts(like), authorityFacts(c)
		for _, name := range slices.Sorted(maps.Keys(was)) {
			if was[name] != is[name] && name != about[f.Kind] {
				t.Errorf("%s has other %s than the healthy %s: %s, not %s", c.Subject, name, like.Subject, is[name], was[name])
			}
		}
	}
}

func authorityFacts(c *x509.Certificate) map[string]string {
	return map[string]string{
		"dates":        fmt.Sprint(c.NotBefore, c.NotAfter),
		"ca":           fmt.Sprint(c.BasicConstraintsValid, c.IsCA, c.MaxPathLen, c.KeyUsage),
		"signature":    c.SignatureAlgorithm.String(),
		"organization": fmt.Sprint(len(c.Subject.Organization)),
		"constraints":  fmt.Sprint(c.PermittedDNSDomains, c.PermittedIPRanges, c.PermittedDNSDomainsCritical),
	}
}
