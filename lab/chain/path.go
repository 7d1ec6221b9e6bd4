package chain

import (
	"bytes"
	"crypto"
	"crypto/md5" // to tell a weak signature from a wrong one
	"crypto/rsa"
	"crypto/x509"
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
)

// Bounds of the search for an explanation. crypto/x509 has its own for verification.
const (
	maxSent      = 64                   // certificates of a chain that are looked at
	maxSentBytes = bound.MaxCertificate // of all of them, as crypto/tls has it
	maxDepth     = 12                   // certificates in a path
	maxSteps     = 96                   // links tried
)

// An End is where a path stops.
type End string

// The ends of a path. A chain whose leaf cannot be read has no path, and so no end.
const (
	Trusted    End = "trusted"     // at a trust anchor
	SelfIssued End = "self-issued" // at a root that is not trusted
	Dangling   End = "dangling"    // at a certificate whose issuer nobody here has
)

// A Link is what one signature of a path is worth.
type Link string

// What a signature can be worth.
const (
	Sound    Link = "sound"
	Weak     Link = "weak"      // made with a hash that is broken, and correct otherwise
	WrongKey Link = "wrong-key" // the issuer's name is right, its key identifier says that it has another key
	Broken   Link = "broken"    // the signature does not fit, and nothing says why
	Unusable Link = "unusable"  // made with an algorithm, or a key, that cannot be judged, so nobody can tell
	Foreign  Link = "foreign"   // correct, and made in a way that crypto/x509 does not verify
)

// A path is one explanation of how the leaf was meant to be trusted: the leaf first, then its
// issuers as far as they can be found. It is a hypothesis; crypto/x509 decides what holds.
type path struct {
	certs []*x509.Certificate
	links []Link // links[i] is the signature of certs[i] by certs[i+1]
	end   End
}

func (p path) leaf() *x509.Certificate { return p.certs[0] }
func (p path) top() *x509.Certificate  { return p.certs[len(p.certs)-1] }

// bestPath returns the path that needs the least to be forgiven. Where it ends for want of an issuer,
// it is looked for again among those whose names are equal and written otherwise.
func bestPath(sent []*x509.Certificate, k *Knowledge, at time.Time, misread map[*x509.Certificate]*reading) path {
	s := search{sent: sent, know: k, at: at, misread: misread}
	if s.run(); s.best.end == Dangling {
		s.names = map[*x509.Certificate]string{}
		s.run()
	}
	return s.best
}

type search struct {
	sent []*x509.Certificate
	know *Knowledge
	at   time.Time
	// misread certificates are taken where there is no other.
	misread map[*x509.Certificate]*reading
	steps   int
	// names are the canonical subjects of certificates, where names are compared that way.
	names map[*x509.Certificate]string
	best  path
	cost  int
}

func (s *search) run() {
	s.steps, s.best, s.cost = 0, path{certs: s.sent[:1], end: Dangling}, 1<<30
	s.extend(path{certs: s.sent[:1:1]}, s.price(s.sent[0]))
}

// What a path costs. Only the order matters: a missing certificate is likelier than a date in
// the wrong place, and both than an issuer that nobody knows. A signature that fits is proof, so
// one that does not costs more than any end.
const (
	costMissing   = 1
	costDates     = 2
	costNotCA     = 3
	costWeak      = 3
	costUntrusted = 6
	costDangling  = 8
	costBroken    = 100
	costWrongKey  = 110
)

func linkCost(l Link) int {
	switch l {
	case Sound:
		return 0
	case WrongKey:
		return costWrongKey
	case Broken:
		return costBroken
	}
	return costWeak
}

func (s *search) price(c *x509.Certificate) int {
	cost := 0
	if s.at.Before(c.NotBefore) || s.at.After(c.NotAfter) {
		cost += costDates
	}
	if s.misread[c] != nil {
		cost += costNotCA
	}
	return cost
}

func (s *search) extend(p path, cost int) {
	if cost >= s.cost {
		return
	}
	top := p.top()
	if s.know.trusts(top) {
		s.take(p, Trusted, cost)
		return
	}
	if selfSigned(top) {
		s.take(p, SelfIssued, cost+costUntrusted)
		return
	}
	issuers := s.issuers(p)
	if len(issuers) == 0 && ownIssuer(top) {
		s.take(p, SelfIssued, cost+costUntrusted+costBroken)
		return
	}
	if len(issuers) == 0 {
		s.take(p, Dangling, cost+costDangling)
		return
	}
	for _, issuer := range issuers {
		if s.steps++; s.steps > maxSteps || len(p.certs) >= maxDepth {
			s.take(p, Dangling, cost+costDangling)
			return
		}
		state := link(top, issuer)
		step := s.price(issuer) + linkCost(state)
		anchor := s.know.trusts(issuer)
		if !mayIssue(issuer, anchor) {
			step += costNotCA
		}
		if !anchor && !containsCert(s.sent, issuer) {
			step += costMissing
		}
		s.extend(path{
			certs: append(p.certs[:len(p.certs):len(p.certs)], issuer),
			links: append(p.links[:len(p.links):len(p.links)], state),
		}, cost+step)
	}
}

func (s *search) take(p path, e End, cost int) {
	if cost < s.cost {
		p.end = e
		s.best, s.cost = p, cost
	}
}

// issuers returns the certificates named as issuer of the top of p that are not in p already:
// those sent first, since a mail client sees only them, then those known. crypto/x509 has no CA
// twice in a path, whoever signed it.
func (s *search) issuers(p path) []*x509.Certificate {
	top := p.top()
	var out []*x509.Certificate
	add := func(c *x509.Certificate) {
		if !slices.ContainsFunc(p.certs, func(x *x509.Certificate) bool { return x == c || sameCA(x, c) }) && !containsCert(out, c) {
			out = append(out, c)
		}
	}
	for _, c := range s.sent {
		if bytes.Equal(c.RawSubject, top.RawIssuer) {
			add(c)
		}
	}
	for _, c := range s.know.issuers(top) {
		add(c)
	}
	if len(out) > 0 || s.names == nil {
		return out
	}
	want := canonical(top.RawIssuer)
	for _, list := range [][]*x509.Certificate{s.sent, s.know.roots, s.know.intermediates} {
		for _, c := range list {
			if want != "" && s.name(c) == want {
				add(c)
			}
		}
	}
	return out
}

// name returns the canonical subject of c.
func (s *search) name(c *x509.Certificate) string {
	n, ok := s.names[c]
	if !ok {
		n = canonical(c.RawSubject)
		s.names[c] = n
	}
	return n
}

func containsCert(list []*x509.Certificate, c *x509.Certificate) bool {
	for _, x := range list {
		if x == c || bytes.Equal(x.Raw, c.Raw) {
			return true
		}
	}
	return false
}

// mayIssue reports whether crypto/x509 lets c sign certificates. A version 1 certificate says
// nothing of it, and is accepted as an anchor only.
func mayIssue(c *x509.Certificate, anchor bool) bool {
	if c.Version < 3 {
		return anchor
	}
	return c.BasicConstraintsValid && c.IsCA && (c.KeyUsage == 0 || c.KeyUsage&x509.KeyUsageCertSign != 0)
}

// selfSigned reports whether c names itself as its issuer and its own key fits its signature.
func selfSigned(c *x509.Certificate) bool {
	return sameName(c.RawSubject, c.RawIssuer) && (signature(c, c) != Broken || !usable(c))
}

// ownIssuer reports whether c was meant to be signed by itself, as far as names and key
// identifiers tell. Its signature may be damaged.
func ownIssuer(c *x509.Certificate) bool {
	return sameName(c.RawSubject, c.RawIssuer) && (len(c.AuthorityKeyId) == 0 || bytes.Equal(c.AuthorityKeyId, c.SubjectKeyId))
}

// leastUsableRSA is the size in bits below which crypto/rsa refuses to verify.
const leastUsableRSA = 1024

// usable reports whether signatures can be verified with the key of c at all.
func usable(c *x509.Certificate) bool {
	key := keyOf(c)
	isRSA, is := key.(*rsa.PublicKey)
	return judgedKey(key) && !(is && isRSA.N.BitLen() < leastUsableRSA)
}

// link says what the signature of child by parent is worth.
func link(child, parent *x509.Certificate) Link {
	state := signature(child, parent)
	if state == Broken && !usable(parent) {
		return Unusable
	}
	if state == Broken && len(child.AuthorityKeyId) > 0 && len(parent.SubjectKeyId) > 0 &&
		!bytes.Equal(child.AuthorityKeyId, parent.SubjectKeyId) {
		return WrongKey
	}
	return state
}

// signature returns what the signature of child is worth, if parent made it. A hash that clients no
// longer accept is tried all the same: a weak signature and a wrong one have different remedies.
// CheckSignature still takes SHA-1, which Verify does not, and never MD5.
func signature(child, parent *x509.Certificate) Link {
	if child.SignatureAlgorithm == x509.UnknownSignatureAlgorithm || parent.PublicKey == nil {
		return foreignSignature(child, parent)
	}
	err := parent.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature)
	switch child.SignatureAlgorithm {
	case x509.SHA1WithRSA, x509.ECDSAWithSHA1:
		if err == nil {
			return Weak
		}
	case x509.MD5WithRSA:
		if md5Fits(child, parent) {
			return Weak
		}
	case x509.DSAWithSHA1, x509.DSAWithSHA256:
		return Unusable
	default:
		if err == nil {
			return Sound
		}
	}
	return Broken
}

func md5Fits(child, parent *x509.Certificate) bool {
	pub, ok := parent.PublicKey.(*rsa.PublicKey)
	sum := md5.Sum(child.RawTBSCertificate)
	return ok && rsa.VerifyPKCS1v15(pub, crypto.MD5, sum[:], child.Signature) == nil
}
