package scenarios

import (
	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// publishing returns domains whose settings mail programs find by themselves, and find wrong.
func publishing() []Scenario {
	return []Scenario{
		{
			Lesson: Lesson{
				Number: 94, ID: "autodiscover-host-mismatch", Family: Published,
				Title:      "The certificate forgot autodiscover",
				Story:      "Outlook asks autodiscover.lab.test for the settings before it asks anybody for a password. The web server answers there with a certificate for its other names only, and so a warning comes up that nobody expects.",
				References: []string{"MS-OXDISCO section 3.1.5", "RFC 9525 section 6"},
			},
			Case: Case{
				Host:      "autodiscover.lab.test",
				Endpoints: []account.Endpoint{account.Web},
				Services:  chain(certs.Names("mail.lab.test", "www.lab.test")),
				OpenSSL:   62,
				Expect:    everywhere(finding.AutodiscoverName),
			},
		},
		{
			Lesson: Lesson{
				Number: 95, ID: "autoconfig-wrong-settings", Family: Published,
				Title:      "The domain publishes the server's old name",
				Story:      "Mail programs read the settings from a file of the domain, and nobody has touched that file since the move. It names server17.lab.test, which still leads to the server, and the certificate has only the new name.",
				References: []string{"https://wiki.mozilla.org/Thunderbird:Autoconfiguration", "MS-OXDSCLI section 2.2", "RFC 6186 section 6"},
			},
			Case: Case{
				Endpoints: account.MailEndpoints(),
				Services: []Service{{
					On: account.MailEndpoints(), Chain: []certs.Fault{certs.Names("mail.lab.test")}, PublishedHost: "server17.lab.test",
				}},
				Device: Device{Published: true},
				Expect: everywhere(finding.PublishedSettingsWrong),
			},
		},
	}
}
