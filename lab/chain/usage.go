package chain

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// purpose judges the extended key usages of the path: each certificate that has any must allow
// the use, except the anchor's (RFC 5280 section 4.2.1.12, nested as crypto/x509 does).
func purpose(ev *evidence) []fault {
	var out []fault
	whom, eku := wanted(ev.usage)
	proxy := len(ev.before("proxy-certificate")) > 0
	for i, c := range ev.path.certs {
		if allows(c, ev.usage) || proxy && i == 0 {
			continue
		}
		f := finding.New(finding.WrongPurpose, fmt.Sprintf("the certificate for %s is made for %s, not for %s", Name(c), purposes(c), whom))
		f.Facts.Detail = finding.DetailOtherPurpose
		if slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageEmailProtection) {
			f.Facts.Detail = finding.DetailSMIME
		}
		if i > 0 {
			f = finding.New(finding.IntermediateWrongPurpose, fmt.Sprintf("%s may issue certificates for %s only", Name(c), purposes(c)))
		}
		if ev.usage == x509.ExtKeyUsageClientAuth {
			f.Facts.Detail = finding.DetailForClients
		}
		f.Evidence = []string{"its extended key usage does not hold " + eku}
		f.Facts.About, f.Facts.Subject = ev.about(c), Name(c)
		f.Counterfactual = &finding.Counterfactual{Edit: finding.EditPurpose, Text: "with " + eku + " among its extended key usages it would be accepted"}
		out = append(out, fault{f, func(w *world) { w.certs[i].ExtKeyUsage = append(slices.Clone(c.ExtKeyUsage), w.usage) }})
	}
	return out
}

// wanted returns what a certificate is wanted for, in words and as RFC 5280 section 4.2.1.12 has it.
func wanted(usage x509.ExtKeyUsage) (whom, eku string) {
	switch usage {
	case x509.ExtKeyUsageClientAuth:
		return "clients", "clientAuth"
	case x509.ExtKeyUsageEmailProtection:
		return "messages", "emailProtection"
	}
	return "servers", "serverAuth"
}

func allows(c *x509.Certificate, usage x509.ExtKeyUsage) bool {
	if usage == x509.ExtKeyUsageAny || len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 {
		return true
	}
	return slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny) || slices.Contains(c.ExtKeyUsage, usage)
}

func purposes(c *x509.Certificate) string {
	var out []string
	for _, u := range c.ExtKeyUsage {
		switch u {
		case x509.ExtKeyUsageServerAuth:
			out = append(out, "servers")
		case x509.ExtKeyUsageClientAuth:
			out = append(out, "clients (clientAuth)")
		case x509.ExtKeyUsageEmailProtection:
			out = append(out, "signing and encrypting messages (S/MIME)")
		case x509.ExtKeyUsageCodeSigning:
			out = append(out, "signing programs")
		case x509.ExtKeyUsageTimeStamping:
			out = append(out, "time stamps")
		case x509.ExtKeyUsageOCSPSigning:
			out = append(out, "signing OCSP responses")
		default:
			out = append(out, fmt.Sprintf("purpose %d of crypto/x509", u))
		}
	}
	for _, oid := range c.UnknownExtKeyUsage {
		out = append(out, "purpose "+oid.String())
	}
	return finding.Listed(out)
}

// criticalExtensions finds extensions that must be understood and are not (RFC 5280 section 4.2).
func criticalExtensions(ev *evidence) []fault {
	var out []fault
	for i, c := range ev.path.certs {
		unhandled := slices.Clone(c.UnhandledCriticalExtensions)
		if i == 0 && len(ev.before("proxy-certificate")) > 0 {
			unhandled = slices.DeleteFunc(unhandled, func(id asn1.ObjectIdentifier) bool { return id.Equal(oidProxy) })
		}
		if len(unhandled) == 0 {
			continue
		}
		if unhandled[0].Equal(oidNameConstraints) {
			what, broken := otherForms(c, ev.path.certs[:i])
			switch {
			case broken:
				out = append(out, otherFormFault(ev, i, what))
				continue
			case len(unhandled) == 1:
				out = append(out, onlyInGo(ev, i))
				continue
			}
			unhandled = unhandled[1:]
		}
		oid := unhandled[0].String()
		f := finding.New(finding.UnknownCriticalExtension, fmt.Sprintf("%s has the critical extension %s, which clients do not know", Name(c), oid))
		f.Facts.About, f.Facts.Subject = ev.about(c), Name(c)
		f.Counterfactual = &finding.Counterfactual{Edit: finding.EditDropExtension, Text: "were the extension not critical, clients would pass over it"}
		out = append(out, fault{f, func(w *world) { w.certs[i].UnhandledCriticalExtensions = nil }})
	}
	return out
}

// onlyInGo is the finding for name constraints that the i-th certificate has, that are kept, and that
// crypto/x509 does not process for their form: other programs do.
func onlyInGo(ev *evidence, i int) fault {
	c := ev.path.certs[i]
	f := finding.New(finding.UnknownCriticalExtension, fmt.Sprintf("%s has name constraints of a form that programs in Go do not process", Name(c)))
	f.Severity = finding.Warning
	f.Evidence = []string{"OpenSSL, NSS and Schannel process them; no name below breaks them", "Go: crypto/x509 leaves constraints on directory names unhandled, and refuses them where they are critical"}
	f.Facts.About, f.Facts.Subject = ev.about(c), Name(c)
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditDropExtension, Text: "were the extension not critical, programs in Go would pass over it"}
	return fault{f, func(w *world) { w.certs[i].UnhandledCriticalExtensions = nil }}
}

// oidProxy is the extension that makes a proxy certificate (RFC 3820 section 3.8).
var oidProxy = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 14}

// proxyCertificate finds a leaf that a user has issued to a program of his, to act in his name. That
// its issuer is no CA, and that clients do not know its extension, is what such a certificate is.
func proxyCertificate(ev *evidence) []fault {
	leaf := ev.path.leaf()
	if !slices.ContainsFunc(leaf.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidProxy) }) {
		return nil
	}
	whom, _ := wanted(ev.usage)
	f := finding.New(finding.WrongPurpose, fmt.Sprintf("the certificate for %s is a proxy certificate, with which a user lets a program act for him, and none for %s", Name(leaf), whom))
	f.Evidence = []string{"it has the extension ProxyCertInfo (RFC 3820), which mail clients do not take"}
	f.Facts.Detail = finding.DetailOtherPurpose
	if ev.usage == x509.ExtKeyUsageClientAuth {
		f.Facts.Detail = finding.DetailForClients
	}
	f.Facts.About, f.Facts.Subject = ev.about(leaf), Name(leaf)
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditPurpose, Text: "as a certificate that a CA issued for the server it would be accepted"}
	return []fault{{f, func(w *world) {
		w.certs[0].UnhandledCriticalExtensions = slices.DeleteFunc(slices.Clone(w.certs[0].UnhandledCriticalExtensions), func(id asn1.ObjectIdentifier) bool { return id.Equal(oidProxy) })
		w.certs[0].ExtKeyUsage, w.certs[0].UnknownExtKeyUsage = nil, nil
		if len(w.certs) > 1 {
			makeCA(w.certs[1])
		}
		for i, c := range w.certs {
			if i > 1 && c.BasicConstraintsValid && c.MaxPathLen == i-2 {
				c.MaxPathLen++ // one more CA than the CA knew of
			}
		}
	}}}
}

// keyUsage finds a leaf whose key may not sign the handshake, as TLS 1.3 and every ephemeral key
// exchange has it do (RFC 8446 section 4.4.2.2, RFC 5246 section 7.4.2). crypto/x509 does not mind.
func keyUsage(ev *evidence) []fault {
	leaf := ev.path.leaf()
	if leaf.KeyUsage == 0 || leaf.KeyUsage&x509.KeyUsageDigitalSignature != 0 || ev.usage != x509.ExtKeyUsageServerAuth {
		return nil
	}
	if ev.staticRSA && leaf.KeyUsage&x509.KeyUsageKeyEncipherment != 0 {
		return nil
	}
	f := finding.New(finding.KeyUsageForbids, fmt.Sprintf("the certificate for %s does not allow its key to sign, and the handshake is signed with it", Name(leaf)))
	f.Evidence = []string{"its key usage does not hold digitalSignature; Chromium and Java refuse, many mail programs do not look"}
	f.Facts.About, f.Facts.Subject = ev.about(leaf), Name(leaf)
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditKeyUsage, Text: "with digitalSignature among its key usages every client would take it"}
	return []fault{{Finding: f}}
}

// caAsServer finds a leaf that is a CA. crypto/x509 accepts it; mozilla::pkix does not.
func caAsServer(ev *evidence) []fault {
	leaf := ev.path.leaf()
	if !leaf.BasicConstraintsValid || !leaf.IsCA || ev.usage != x509.ExtKeyUsageServerAuth {
		return nil
	}
	f := finding.New(finding.CAUsedAsServer, fmt.Sprintf("the certificate for %s is a CA's: whoever holds its key can issue certificates", Name(leaf)))
	f.Evidence = []string{"its basic constraints say CA:TRUE"}
	f.Facts.About, f.Facts.Subject = ev.about(leaf), Name(leaf)
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditMakeLeaf, Text: "as an end-entity certificate (CA:FALSE) every client would take it"}
	return []fault{{Finding: f}}
}

// Apple's least key sizes, in bits, for the leaf and its issuing CAs.
const (
	leastRSA = 2048
	leastEC  = 256
)

// keyStrength finds keys that named clients refuse and crypto/x509 does not. A trust anchor's
// key is the store's business.
func keyStrength(ev *evidence) []fault {
	var out []fault
	for i, c := range ev.path.certs {
		unusable := i > 0 && ev.path.links[i-1] == Unusable
		if i > 0 && !unusable && ev.path.end == Trusted && i == len(ev.path.certs)-1 {
			continue
		}
		var bits, least int
		var kind string
		switch key := c.PublicKey.(type) {
		case *rsa.PublicKey:
			bits, least, kind = key.N.BitLen(), leastRSA, "RSA"
		case *ecdsa.PublicKey:
			bits, least, kind = key.Curve.Params().BitSize, leastEC, "EC"
		}
		if bits >= least {
			continue
		}
		f := finding.New(finding.WeakKey, fmt.Sprintf("%s has an %s key of %d bits; %d is the least that is accepted", Name(c), kind, bits, least))
		f.Evidence = []string{"Apple's mail programs and OpenSSL at security level 2 refuse it; others do not"}
		f.Facts.About, f.Facts.Subject = ev.about(c), Name(c)
		f.Counterfactual = &finding.Counterfactual{Edit: finding.EditKey, Text: fmt.Sprintf("with a key of %d bits every client would take it", least)}
		weak := fault{Finding: f}
		if unusable {
			weak.edit = func(w *world) { w.resign[i-1] = true }
		}
		out = append(out, weak)
	}
	return out
}
