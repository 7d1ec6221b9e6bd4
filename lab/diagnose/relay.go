package diagnose

import (
	"fmt"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/probe"
)

// betweenServers makes warnings of what only some senders mind. On port 25 a sender that uses TLS
// where it is offered takes any certificate, and none where TLS is not offered (RFC 7672 section 1.3.2;
// smtp_tls_security_level = may of Postfix; RFC 3207 section 4). Whether others insist, the domains
// decide that name this server in MX: by DANE (RFC 7672) or MTA-STS (RFC 8461).
func betweenServers(found []finding.Finding) []finding.Finding {
	found = slices.Clone(found)
	for i, f := range found {
		info, _ := finding.Lookup(f.Code)
		switch {
		case f.Severity != finding.Error:
			continue
		case f.Code == finding.StartTLSNotOffered:
			found[i].Evidence = append(slices.Clone(f.Evidence), "this is port 25: servers send to it without encryption where none is offered; those that follow DANE or MTA-STS do not, where the domain publishes it")
		case info.Stage == finding.Certifying && f.Code != finding.MalformedCertificate && f.Code != finding.Unexplained && f.Code != finding.Intermittent:
			found[i].Evidence = append(slices.Clone(f.Evidence), "this is port 25: most servers that send to it take any certificate (Postfix with smtp_tls_security_level = may, Exim by default); those that follow DANE or MTA-STS refuse, where the domain publishes it")
		default:
			continue
		}
		found[i].Severity = finding.Warning
	}
	return found
}

// sendersWithoutName looks at a mail exchanger as Postfix does, which sends no server name unless it
// is told to (smtp_tls_servername), and compares with what came when the name was sent.
func sendersWithoutName(c *connection) []finding.Finding {
	if wrong, ok := c.certified(c.Observation); !ok || len(wrong) > 0 || c.Settings.SNI() == "" {
		return nil
	}
	set := c.Settings
	set.NoSNI = true
	o := c.look(set)
	if o == nil || !speaksTLS(o) {
		return nil
	}
	wrong, _ := c.certified(*o)
	if len(wrong) == 0 || sameLeaf(o, &c.Observation) {
		return nil
	}
	// Two machines in turn behind one name would look the same: without the name once more.
	once := c.ask(probe.Ask{Kind: probe.LookAgain, Settings: set})
	if once == nil || once.Observation == nil {
		return nil
	}
	if again, ok := c.certified(*once.Observation); !ok || len(again) == 0 {
		return nil
	}
	f := finding.New(finding.SNIMissing, fmt.Sprintf("senders that do not tell %s which server they want get the certificate for %s", c.target(), finding.Listed(leafNames(*o))))
	f.Severity = finding.Warning
	f.Evidence = []string{
		"with the server name " + c.Settings.SNI() + " in the ClientHello the certificate is in order; in a look without it another came: " + wrong[0].Summary,
		"Postfix sends no name by default (smtp_tls_servername); those that follow DANE or MTA-STS send it (RFC 7672 section 8.1, RFC 8461 section 4.1)",
	}
	f.Facts.Host, f.Facts.Names, f.Facts.About = c.Settings.Host, leafNames(*o), presentedLeaf(o)
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditSendServerName, Text: "with the server name in the ClientHello the right certificate comes"}
	return []finding.Finding{f}
}
