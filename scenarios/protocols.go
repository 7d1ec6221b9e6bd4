package scenarios

import (
	"crypto/tls"

	"mailtlslab/lab/finding"
)

// protocols returns servers whose TLS handshake goes wrong for a reason that is not the certificate's.
func protocols() []Scenario {
	return []Scenario{
		{
			Number: 57, ID: "tls10-only", Family: Protocol,
			Title:      "The server speaks only a version from 1999",
			Story:      "The server's encryption has not been renewed since TLS 1.0. Devices of today no longer speak it, and refuse before they ever see the certificate.",
			References: []string{"RFC 8996", "RFC 8314 section 4.1"},
			Services:   []Service{{MaxVersion: tls.VersionTLS10}},
			Expect:     everywhere(finding.ProtocolTooOld),
		},
		{
			Number: 61, ID: "client-cert-required", Family: Protocol,
			Title:      "The server wants to see the device's own certificate",
			Story:      "Usually only the server shows a certificate; this one turns away every device that has none. It is meant for closed company networks and was left on for everybody.",
			References: []string{"RFC 8446 section 4.3.2", "RFC 8446 section 6.2 (certificate_required)"},
			Services:   []Service{{ClientCertificate: true}},
			Expect:     everywhere(finding.ClientCertificateRequired),
		},
	}
}
