package chain

import (
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// hostName judges whom the certificate is for. crypto/x509 decides whether the name fits (RFC 6125
// and 9525: the SAN only, a wildcard for one whole label); what follows says why it does not.
func hostName(ev *evidence) []fault {
	leaf := ev.path.leaf()
	if ev.host == "" || leaf.VerifyHostname(ev.host) == nil {
		return nil
	}
	f := nameFinding(leaf, ev.host)
	f.Facts.Host, f.Facts.Names, f.Facts.About = ev.host, Names(leaf), ev.about(leaf)
	f.Evidence = append(f.Evidence, fmt.Sprintf("the certificate names %s; the account connects to %s", finding.Listed(Names(leaf)), ev.host))
	f.Counterfactual = &finding.Counterfactual{
		Edit: finding.EditName, Text: fmt.Sprintf("if the certificate named %s, or the account used a name that it has, the name would fit", ev.host),
	}
	return []fault{{f, unnamed}}
}

func nameFinding(leaf *x509.Certificate, host string) finding.Finding {
	names := Names(leaf)
	cn := leaf.Subject.CommonName
	switch {
	case net.ParseIP(host) != nil && len(leaf.DNSNames) > 0:
		return finding.New(finding.ConnectByIP, fmt.Sprintf("the account connects to the address %s, and the certificate is for the name %s", host, finding.Listed(leaf.DNSNames)))
	case len(names) == 0 && strings.EqualFold(cn, strings.TrimSuffix(host, ".")):
		f := finding.New(finding.NoSAN, fmt.Sprintf("the certificate names %s only in its Common Name, which clients no longer read", Name(leaf)))
		f.Evidence = []string{"there is no subject alternative name (RFC 9525 section 2 forbids the Common Name)"}
		return f
	case tooDeep(names, host) != "":
		return finding.New(finding.WildcardDepth, fmt.Sprintf("%s covers one level only, and %s is deeper", finding.Clip(tooDeep(names, host)), host))
	}
	f := finding.New(finding.NameMismatch, fmt.Sprintf("the certificate is for %s, not for %s", finding.Listed(names), host))
	f.Facts.Detail = mismatchDetail(names, cn, host)
	switch f.Facts.Detail {
	case finding.DetailCommonNameIgnored:
		f.Evidence = []string{fmt.Sprintf("its Common Name is %s, but a certificate with subject alternative names is judged by them alone", Name(leaf))}
	case finding.DetailParentDomainOnly:
		f.Evidence = []string{"it holds for the domain itself, and a domain does not cover the names below it"}
	case finding.DetailProviderDefault:
		f.Evidence = []string{"it holds for a whole domain of somebody else: it looks like a hosting provider's own certificate"}
	case finding.DetailNoNames:
		f.Summary = fmt.Sprintf("the certificate names no server at all, and the account connects to %s", host)
	}
	return f
}

// mismatchDetail says which sort of mismatch it is, as far as the names alone can tell.
func mismatchDetail(names []string, cn, host string) finding.Detail {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	switch {
	case len(names) == 0:
		return finding.DetailNoNames
	case strings.EqualFold(cn, host):
		return finding.DetailCommonNameIgnored
	case slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(host, "."+strings.ToLower(n)) }):
		return finding.DetailParentDomainOnly
	case slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "*.") && domain(n) != domain(host) }):
		return finding.DetailProviderDefault
	case slices.ContainsFunc(names, func(n string) bool { return domain(n) == domain(host) }):
		return finding.DetailSameDomain
	}
	return finding.DetailAnotherDomain
}

// domain returns the last two labels of a name: a rough guess at who owns it, used for wording only.
func domain(n string) string {
	labels := strings.Split(strings.ToLower(strings.TrimSuffix(n, ".")), ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}

// tooDeep returns the wildcard that would cover host if it covered several labels.
func tooDeep(names []string, host string) string {
	for _, n := range names {
		rest, ok := strings.CutPrefix(strings.ToLower(n), "*.")
		if !ok {
			continue
		}
		if below, ok := strings.CutSuffix(strings.ToLower(strings.TrimSuffix(host, ".")), "."+rest); ok && strings.Contains(below, ".") {
			return n
		}
	}
	return ""
}

// defaultInstallation recognises the certificate that a package makes up when it is installed:
// signed by itself, for a name that is nobody's.
func defaultInstallation(ev *evidence) []fault {
	leaf := ev.path.leaf()
	names := append(slices.Clone(leaf.DNSNames), leaf.Subject.CommonName)
	genuine := func(n string) bool { return n != "" && !Placeholder(n) }
	if ev.path.end != SelfIssued || len(ev.path.certs) > 1 || leaf.VerifyHostname(ev.host) == nil || slices.ContainsFunc(names, genuine) || strings.Join(names, "") == "" {
		return nil
	}
	f := finding.New(finding.DefaultInstallationCertificate, fmt.Sprintf("the server still has the certificate for %s that was made up when it was installed", Name(leaf)))
	f.Evidence = []string{"it is signed by itself", fmt.Sprintf("it is for %s, which is a placeholder", finding.Listed(Names(leaf)))}
	f.Facts.Host, f.Facts.Names, f.Facts.About = ev.host, Names(leaf), ev.about(leaf)
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditCertificate, Text: fmt.Sprintf("a certificate for %s from a trusted CA would be accepted", ev.host)}
	return []fault{{f, func(w *world) {
		unnamed(w)
		w.anchor = len(w.certs) - 1
	}}}
}

// unnamed takes the question for the name away. To write the name into the copy would raise
// another one: whether the CA may issue for it.
func unnamed(w *world) { w.host = "" }
