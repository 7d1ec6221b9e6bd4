package chain

import (
	"fmt"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// interception finds a chain that somebody in between has signed in the server's place, by the
// names of known products. A device that trusts the signer is warned all the same: no public
// root has such a name.
func interception(ev *evidence) []fault {
	who, name := intercepting(ev.path)
	if who == nil {
		return nil
	}
	top := ev.path.top()
	signer := finding.Clip(name.CommonName)
	if signer == "" {
		signer = finding.Clip(name.String())
	}
	var f finding.Finding
	switch {
	case ev.path.end == Trusted:
		f = finding.New(finding.InterceptedButValid, fmt.Sprintf("the certificate comes from %s, %s, and not from the server's CA; this device trusts it", signer, who.guess()))
	case who.local:
		f = finding.New(finding.LocalInterception, fmt.Sprintf("the certificate comes from %s, %s: a program on the device opens the connection", signer, who.guess()))
	default:
		f = finding.New(finding.Interception, fmt.Sprintf("the certificate comes from %s, %s: something on the way opens the connection", signer, who.guess()))
	}
	f.Evidence = []string{
		fmt.Sprintf("the issuer calls itself %s (known: %s)", signer, who.source),
		"a name proves nothing: the same server, looked at from another network and another device, would",
	}
	f.Facts.Subject, f.Facts.Issuer, f.Facts.Certificate = Name(ev.path.leaf()), signer, top.Raw
	f.Facts.About, f.Facts.Detail = ev.about(ev.path.leaf()), who.kind()
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditNetwork, Text: fmt.Sprintf("without %s in between, the server's own certificate would come", signer)}
	return []fault{{Finding: f}} // what undoes it undoes the distrust that it causes
}

// guess says who it probably is.
func (i interceptor) guess() string {
	switch {
	case i.product != "":
		return "probably " + i.product
	case i.local:
		return "probably an antivirus program"
	}
	return "probably a proxy that inspects"
}

func (i interceptor) kind() finding.Detail {
	if i.local {
		return finding.DetailAntivirus
	}
	return finding.DetailProxy
}

// Interceptions returns the codes that say that somebody in between has signed.
func Interceptions() []finding.Code {
	return []finding.Code{finding.LocalInterception, finding.Interception, finding.InterceptionOnMailPort, finding.InterceptedButValid}
}
