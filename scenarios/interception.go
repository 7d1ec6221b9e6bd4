package scenarios

import (
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// interception returns networks that answer in the server's place.
func interception() []Scenario {
	return []Scenario{
		{
			Lesson: Lesson{
				Number: 88, ID: "mail-antivirus-proxy", Family: Portal,
				Title:      "The antivirus program listens in, and the mail program notices",
				Story:      "An antivirus program on the computer opens every mail connection to scan it, and signs it again with a root of its own. The mail program has never heard of that root and warns of the mail server, which is innocent.",
				References: []string{"https://support.norton.com/sp/en/us/norton-download-install/current/solutions/v20240108183457190", "https://www.avast.com/cs-cz/faq.php?article=AVKB91"},
			},
			Case: Case{
				Path:   account.MailAntivirus,
				Expect: everywhere(finding.LocalInterception),
			},
		},
		{
			Lesson: Lesson{
				Number: 89, ID: "corporate-proxy-untrusted", Family: Portal,
				Title:      "The company's proxy listens in, and the phone is not told",
				Story:      "In the office a proxy opens every connection and signs it again, and the company's computers have its root. A private phone on the same Wi-Fi does not, and warns on every account.",
				References: []string{"https://cookbook.fortinet.com/preventing-certificate-warnings-ca-cert-60/"},
			},
			Case: Case{
				Path:   account.CorporateProxy,
				Expect: everywhere(finding.Interception),
			},
		},
		{
			Lesson: Lesson{
				Number: 90, ID: "corporate-proxy-trusted", Family: Portal,
				Title:      "The company's proxy listens in, and nobody notices",
				Story:      "The proxy's root is on this device, so that everything looks right. Still it is the proxy that holds the other end of the line, and with it every password.",
				References: []string{"Durumeric and others, The Security Impact of HTTPS Interception, NDSS 2017"},
			},
			Case: Case{
				Device: Device{TrustsProxy: true},
				Path:   account.CorporateProxy,
				Expect: everywhere(finding.InterceptedButValid),
			},
		},
		{
			Lesson: Lesson{
				Number: 91, ID: "selective-interception", Family: Portal,
				Title:      "The proxy listens in on the mail ports only",
				Story:      "Web pages come through untouched, so that the browser shows the right certificate and everybody blames the mail server. Only what goes to the mail ports is opened and signed again.",
				References: []string{"https://cookbook.fortinet.com/preventing-certificate-warnings-ca-cert-60/", "AVG's Mail Shield names IMAP, POP3 and SMTP alone: https://support.avg.com/SupportArticleView?l=en&urlname=content-products-avg-management-consoles-configuringsettingsandpolicies-mailshield"},
			},
			Case: Case{
				Path:   account.SelectiveProxy,
				Expect: []Expectation{{On: account.MailEndpoints(), Findings: []finding.Code{finding.InterceptionOnMailPort}}},
			},
		},
		{
			Lesson: Lesson{
				Number: 92, ID: "captive-portal-plain-http", Family: Portal,
				Title:      "A hotspot's login page answers instead of the server",
				Story:      "In the hotel every connection is led to a page that wants a room number first. The mail program expects its server and gets a web page, so it reports a broken one.",
				References: []string{"RFC 8952 section 2", "RFC 6585 section 6 (511)"},
			},
			Case: Case{
				// A portal that speaks HTTP waits for the client, as does a client on a STARTTLS port.
				Endpoints: append(account.ImplicitEndpoints(), account.Web),
				Path:      account.CaptivePortal,
				Expect:    everywhere(finding.CaptivePortal),
			},
		},
		{
			Lesson: Lesson{
				Number: 93, ID: "captive-portal-certificate", Family: Portal,
				Title:      "A hotspot's certificate is on every port",
				Story:      "This hotspot speaks TLS too, and shows the certificate of its login page whatever the mail program asks for. The warning names a stranger, and the mail server was never reached.",
				References: []string{"RFC 8952 section 2", "https://captive-portal.badssl.com (https only)"},
			},
			Case: Case{
				Endpoints: append(account.ImplicitEndpoints(), account.Web),
				Path:      account.CaptivePortalTLS,
				Expect:    everywhere(finding.CaptivePortal),
			},
		},
	}
}
