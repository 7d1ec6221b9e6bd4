package checkup

import (
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/mailtlslab/mailtlslab/lab/capture"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/dn"
	"github.com/mailtlslab/mailtlslab/lab/message"
	"github.com/mailtlslab/mailtlslab/lab/roots"
)

// words judges a session that shows no certificate: by what the tool says of it in words. Nobody
// here saw it, so that only what the words decide is a finding.
func (p *filePlace) words(s capture.Session, at time.Time) {
	leaf := s.Leaf()
	p.dates(s, at)
	p.names(s)
	if s.NoSNI || strings.Contains(strings.ToLower(leaf.Subject), "no sni provided") {
		if slices.ContainsFunc(s.Claims, func(c capture.Claim) bool { return c.Depth >= 0 || aboutTheRoot(c.Code()) }) {
			p.add(p.plain(finding.SNIMissing, s, "no server name was sent, and the server presents "+called(leaf.Subject)))
		}
	}
	trust := false
	for _, c := range s.Claims {
		c.Codes = inDate(c.Codes, leaf, at)
		switch {
		case c.Code() == finding.WeakSignature && leaf.Subject != "" && leaf.Subject == leaf.Issuer:
			// Nobody relies on the signature that a certificate has from itself.
		case aboutTrust(c):
			trust = true
		case c.Code() == finding.SelfSigned:
			p.selfSigned(s, c)
		case len(c.Codes) > 1:
			p.later = append(p.later, c)
		default:
			p.add(p.finding(c))
		}
	}
	if trust {
		p.trust(s)
	} else if unsaid(s) {
		p.selfSigned(s, capture.Claim{Codes: []finding.Code{finding.SelfSigned}, By: string(s.Tool), Text: "subject and issuer are the same: " + finding.Clip(leaf.Subject), Depth: 0})
	}
}

// unsaid reports whether a tool lists a server's certificate that names itself as its issuer, and leaves it to
// the reader to see that: sslscan, nmap and openssl x509 list and do not judge. A CA's own certificate
// has no names.
func unsaid(s capture.Session) bool {
	leaf := s.Leaf()
	return leaf.Subject != "" && leaf.Subject == leaf.Issuer && (s.Connected || len(leaf.Names) > 0) && !s.Accepted &&
		!slices.ContainsFunc(s.Claims, func(c capture.Claim) bool { return c.Code() == finding.SelfSigned })
}

// inDate turns what is said of the leaf into what it means of its issuers, where the leaf is in date by
// the same text.
func inDate(codes []finding.Code, leaf capture.Described, at time.Time) []finding.Code {
	if codes[0] == finding.Expired && !leaf.NotAfter.IsZero() && at.Before(leaf.NotAfter) {
		return []finding.Code{finding.IntermediateExpired}
	}
	return codes
}

// dates judges the dates that a tool tells.
func (p *filePlace) dates(s capture.Session, at time.Time) {
	for i, d := range s.Listed {
		expired, early := finding.Expired, finding.NotYetValid
		if i > 0 {
			expired, early = finding.IntermediateExpired, finding.IntermediateNotYetValid
		}
		switch {
		case i > 0 && s.Accepted && s.Sent > 2 && !d.NotAfter.IsZero() && at.After(d.NotAfter):
			// The tool came by another way to a root that it trusts.
			f := p.plain(finding.ExpiredCrossSign, s, fmt.Sprintf("%s accepted the chain, though it says that %s, which was sent along, expired on %s", s.Tool, called(d.Subject), finding.Day(d.NotAfter)))
			f.Facts.At, f.Facts.Subject = d.NotAfter, commonName(d.Subject)
			p.add(f)
		case !d.NotAfter.IsZero() && at.After(d.NotAfter):
			f := p.plain(expired, s, fmt.Sprintf("according to %s %s expired on %s", s.Tool, called(d.Subject), finding.Day(d.NotAfter)))
			f.Facts.At, f.Facts.Subject, f.Facts.Issuer = d.NotAfter, commonName(d.Subject), commonName(d.Issuer)
			f.Counterfactual = &finding.Counterfactual{Edit: finding.EditTime, Text: fmt.Sprintf("until %s it was valid", finding.Day(d.NotAfter))}
			p.add(f)
		case !d.NotBefore.IsZero() && at.Before(d.NotBefore):
			f := p.plain(early, s, fmt.Sprintf("according to %s %s is valid only from %s", s.Tool, called(d.Subject), finding.Day(d.NotBefore)))
			f.Facts.At, f.Facts.Subject, f.Facts.Issuer = d.NotBefore, commonName(d.Subject), commonName(d.Issuer)
			f.Counterfactual = &finding.Counterfactual{Edit: finding.EditTime, Text: fmt.Sprintf("from %s it will be valid", finding.Day(d.NotBefore))}
			p.add(f)
		}
	}
}

func called(subject string) string {
	if cn := commonName(subject); cn != "" {
		return "the certificate of " + cn
	}
	return "the certificate"
}

// commonName returns what a certificate goes by, of its subject in words.
func commonName(subject string) string { return finding.Clip(dn.Read(subject).CommonName) }

// fits reports whether a certificate with such a name alone would be for a host.
func fits(name, host string) bool {
	return (&x509.Certificate{DNSNames: []string{name}}).VerifyHostname(host) == nil
}

// related reports whether two names are of one domain: the other names of a certificate, which a tool
// may not tell, are mostly of the same.
func related(a, b string) bool {
	x, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(strings.TrimPrefix(a, "*.")))
	y, err2 := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(b))
	return err == nil && err2 == nil && x == y
}

// names judges the names of the SAN, where a tool tells them.
func (p *filePlace) names(s capture.Session) {
	host, names := p.place.settings.Host, s.Leaf().Names
	if host == "" || len(names) == 0 || s.Named {
		return
	}
	c := x509.Certificate{}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, n)
		}
	}
	if c.VerifyHostname(host) == nil {
		p.place.Judged = append(p.place.Judged, "the names that "+string(s.Tool)+" tells, for "+finding.Clip(host))
		return
	}
	code := finding.NameMismatch
	if net.ParseIP(host) != nil {
		code = finding.ConnectByIP
	}
	f := p.plain(code, s, fmt.Sprintf("according to %s the certificate is for %s, not for %s", s.Tool, finding.Listed(names), finding.Clip(host)))
	f.Facts.Names, f.Facts.Subject = names, commonName(s.Leaf().Subject)
	p.add(f)
}

// selfSigned judges a certificate that a tool calls self-signed: what installations make up is one too,
// and so is what a program on the device shows.
func (p *filePlace) selfSigned(s capture.Session, c capture.Claim) {
	leaf := s.Leaf()
	switch {
	case p.intercepted(s):
	case p.placeholder(leaf.Subject):
		f := p.finding(c)
		f.Code = finding.DefaultInstallationCertificate
		p.add(f)
	default:
		c.Codes = []finding.Code{finding.SelfSigned}
		p.add(p.finding(c))
	}
}

// placeholder reports whether a subject is one that products make up. A name of the domain that was
// asked for is none.
func (p *filePlace) placeholder(subject string) bool {
	n := dn.Read(subject)
	if host := p.place.settings.Host; host != "" && related(n.CommonName, host) {
		return false
	}
	return n.CommonName != "" && chain.Placeholder(n.CommonName) || n.Unit != "" && chain.Placeholder(n.Unit) || n.Organization != "" && chain.Placeholder(n.Organization)
}

// intercepted reports, and says, that the issuer is a program or an appliance that opens connections.
func (p *filePlace) intercepted(s capture.Session) bool {
	for _, d := range s.Listed {
		for _, name := range []string{d.Issuer, d.Subject} {
			product, onDevice, ok := chain.Interceptor(name)
			if !ok || name == "" {
				continue
			}
			code, who := finding.Interception, "a device of the network"
			if onDevice {
				code, who = finding.LocalInterception, "a program on the device"
			}
			if product != "" {
				who = product
			}
			f := p.plain(code, s, fmt.Sprintf("the certificate is issued by %s, so that probably %s opens the connection", finding.Clip(name), who))
			f.Facts.Issuer = commonName(d.Issuer)
			p.add(f)
			return true
		}
	}
	return false
}

// trust judges that a tool does not know who issued the certificate, by what it tells of the chain.
func (p *filePlace) trust(s capture.Session) {
	leaf, first := s.Leaf(), firstTrust(s)
	if p.intercepted(s) {
		return
	}
	if leaf.Subject != "" && leaf.Subject == leaf.Issuer {
		p.selfSigned(s, first)
		return
	}
	issuer, top := leaf.Issuer, leaf.Issuer
	for _, d := range s.Listed[min(1, len(s.Listed)):] {
		if d.Issuer != "" {
			top = d.Issuer
		} else if d.Subject != "" {
			top = d.Subject
		}
	}
	deepest := 0
	for _, c := range s.Claims {
		deepest = max(deepest, c.Depth)
	}
	known, public := roots.Named(issuer)
	_, topPublic := roots.Named(top)
	several := s.Sent > 1
	switch {
	case !several && deepest == 0 && public && known == roots.Intermediate:
		f := p.finding(first)
		f.Code, f.Severity, f.Others = finding.MissingIntermediate, finding.Error, nil
		f.Summary = fmt.Sprintf("the server sends its own certificate alone, and its issuer %s is a public intermediate: that certificate is what is missing", finding.Clip(commonName(issuer)))
		f.Evidence = append([]string{"according to " + first.By + ": " + first.Text}, f.Evidence...)
		p.add(f)
	case (several || deepest > 0) && (topPublic || public):
		f := p.finding(first)
		f.Code, f.Severity, f.Others = finding.RootMissingOnDevice, finding.Error, nil
		f.Summary = fmt.Sprintf("the chain leads to %s, which is a public CA, and the store that %s used does not have it", finding.Clip(commonName(top)), first.By)
		f.Evidence = append([]string{"according to " + first.By + ": " + first.Text}, f.Evidence...)
		p.add(f)
	case (several || deepest > 0) && top != "":
		first.Codes = leading(first.Codes, finding.IssuerNotTrusted)
		p.add(p.finding(first))
	case p.placeholder(leaf.Subject):
		first.Codes = leading(first.Codes, finding.DefaultInstallationCertificate)
		p.add(p.finding(first))
	default:
		p.add(p.finding(first))
	}
}

// leading puts a code before all others.
func leading(codes []finding.Code, first finding.Code) []finding.Code {
	return append([]finding.Code{first}, slices.DeleteFunc(slices.Clone(codes), func(c finding.Code) bool { return c == first })...)
}

// firstTrust returns the tool's word that it does not know who issued the certificate.
func firstTrust(s capture.Session) capture.Claim {
	for _, c := range s.Claims {
		if aboutTrust(c) {
			return c
		}
	}
	return capture.Claim{Codes: []finding.Code{finding.IssuerUnknown}, By: string(s.Tool)}
}

// plain is a finding that words show.
func (p *filePlace) plain(code finding.Code, s capture.Session, summary string) finding.Finding {
	f := finding.New(code, summary)
	f.Evidence = []string{"these are the words of " + string(s.Tool) + "; nobody here saw the connection"}
	f.Facts.Host = p.place.settings.Host
	return f
}

// finding makes a finding of what a program says is wrong. A program that refused has failed, even where
// the code is elsewhere a warning.
func (p *filePlace) finding(c capture.Claim) finding.Finding {
	f := finding.New(c.Code(), saying(c))
	if len(c.Codes) > 1 {
		f.Others = c.Codes[1:]
	}
	switch {
	case c.Harmless:
		f.Severity = finding.Warning
	default:
		f.Severity = finding.Error
	}
	switch {
	case c.Product != "":
		f.Evidence = append(f.Evidence, "its last word on it: "+c.Text, "this is what the log says; nobody here saw the connection")
	case !open(c.Codes) && (c.Count > 1 || len(c.Text) > shortWords), len(c.Text) > finding.MaxQuote:
		f.Evidence = append(f.Evidence, "it says: "+c.Text, "nobody here saw the connection")
	default:
		f.Evidence = append(f.Evidence, "this is what the words say; nobody here saw the connection")
	}
	if c.Product != "" && c.Side == message.Server && scanned(c.Code()) {
		f.Evidence = append(f.Evidence, "port scanners leave such lines too: look whether the address is one of your users'")
	}
	f.Facts.Host, f.Facts.Text, f.Facts.Product = p.place.settings.Host, c.Text, c.Product
	switch c.Code() {
	case finding.KeyDoesNotMatch, finding.KeyMissing, finding.KeyEncrypted, finding.MalformedCertificate, finding.CertificateFileMissing:
		if c.Product != "" {
			f.Counterfactual = &finding.Counterfactual{Edit: finding.EditPair, Text: "with a certificate and a key that belong together and can be read the server would not say this"}
		}
	}
	return f
}

// saying says what the words come to, and how often they were said. Words that may mean several things
// are quoted, and nothing is put into the mouth of whoever said them.
func saying(c capture.Claim) string {
	info, _ := finding.Lookup(c.Code())
	var words string
	switch {
	case open(c.Codes) && c.Product != "":
		words = "a line of " + c.By + " may mean it"
	case open(c.Codes) && len(c.Text) > finding.MaxQuote:
		words = c.By + " may mean it"
	case open(c.Codes):
		words = c.By + " may mean it: “" + finding.Clip(c.Text) + "”"
	case c.Product != "" || c.Count > 1 || len(c.Text) > shortWords:
		words = "according to " + c.By + ": " + lowered(info.Title)
	default:
		words = "according to " + c.By + ": " + c.Text
	}
	if c.Count > 1 {
		words += fmt.Sprintf("; %d times", c.Count)
		if c.Peers > 1 {
			words += fmt.Sprintf(", from %d addresses", c.Peers)
		}
		if c.Last != "" && c.Last != c.First {
			words += ", from " + c.First + " to " + c.Last
		}
	}
	if c.Peer != "" && c.Peers <= 1 {
		words += " (" + c.Peer + ")"
	}
	if c.File != "" {
		words += " (" + c.File + ")"
	}
	return words
}

// open reports whether words leave open what is wrong: of codes that are cases of one another the
// first says enough.
func open(codes []finding.Code) bool {
	return slices.ContainsFunc(codes[1:], func(c finding.Code) bool { return !slices.Contains(near(codes[0]), c) })
}

// near are the codes that say nearly the same as another one.
func near(c finding.Code) []finding.Code {
	switch c {
	case finding.NameMismatch:
		return []finding.Code{finding.OutgoingServerName, finding.AutodiscoverName, finding.WildcardDepth, finding.ConnectByIP, finding.NoSAN}
	case finding.Expired, finding.NotYetValid:
		return []finding.Code{finding.ClientClock}
	case finding.StartTLSNotOffered:
		return []finding.Code{finding.CapabilityStripped}
	case finding.WrongEncryptionType:
		return []finding.Code{finding.PortSpeaksPlaintext}
	case finding.PortSpeaksPlaintext:
		return []finding.Code{finding.WrongEncryptionType}
	case finding.SelfSigned:
		return []finding.Code{finding.DefaultInstallationCertificate}
	case finding.ClientCertificateRequired:
		return []finding.Code{finding.ClientCertificateRefused}
	case finding.ClientCertificateRefused:
		return []finding.Code{finding.ClientCertificateRequired}
	case finding.CredentialsRefused:
		return []finding.Code{finding.OAuthRequired}
	case finding.OAuthRequired:
		return []finding.Code{finding.CredentialsRefused}
	}
	return nil
}

// scanned reports whether those who scan ports leave lines of a code all day.
func scanned(c finding.Code) bool {
	return c == finding.WrongEncryptionType || c == finding.ClientTooOld || c == finding.NoCommonCipher || c == finding.HandshakeTimeout
}

// shortWords is the most bytes of a program's words that a summary quotes.
const shortWords = 120

// lowered lets a title go on in a sentence.
func lowered(title string) string {
	if len(title) > 1 && title[1] >= 'a' && title[1] <= 'z' {
		return strings.ToLower(title[:1]) + title[1:]
	}
	return title
}
