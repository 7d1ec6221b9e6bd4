package scenarios

import (
	"crypto/tls"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/fault"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// protocols returns servers whose TLS handshake goes wrong for a reason that is not the certificate's.
func protocols() []Scenario {
	return []Scenario{
		{
			Lesson: Lesson{
				Number: 57, ID: "tls10-only", Family: Protocol,
				Title:      "The server speaks only a version from 1999",
				Story:      "The server's encryption has not been renewed since TLS 1.0. Today's devices no longer speak it, and refuse before they ever see the certificate.",
				References: []string{"RFC 8996", "RFC 8314 section 4.1"},
			},
			Case: Case{
				Services: []Service{{MaxVersion: tls.VersionTLS10}},
				Expect:   everywhere(finding.ProtocolTooOld),
			},
		},
		{
			Lesson: Lesson{
				Number: 58, ID: "tls13-only-old-client", Family: Protocol,
				Title:      "The server speaks only the newest version, the device is older",
				Story:      "The server was hardened and speaks TLS 1.3 only, and this device stopped learning at TLS 1.2. Other devices connect, so it looks as if this one were broken.",
				References: []string{"RFC 8446 section 6.2 (protocol_version)", "RFC 9325 section 3.1.1"},
			},
			Case: Case{
				Services: []Service{{MinVersion: tls.VersionTLS13}},
				Device:   Device{MaxVersion: tls.VersionTLS12},
				Expect:   everywhere(finding.ClientTooOld),
			},
		},
		{
			Lesson: Lesson{
				Number: 59, ID: "legacy-ssl3-server", Family: Protocol,
				Title:      "The server speaks only a version from 1996",
				Story:      "The server answers in SSL 3.0, which was broken for good in 2014. No current device understands the answer, and none should.",
				References: []string{"RFC 7568", "RFC 6101 section 5.6.1.3"},
			},
			Case: Case{
				Services: []Service{{MaxVersion: 0x0300}},
				Expect:   everywhere(finding.ProtocolTooOld),
			},
		},
		{
			Lesson: Lesson{
				Number: 60, ID: "no-shared-cipher", Family: Protocol,
				Title:      "Server and device have no cipher in common",
				Story:      "The server allows a single cipher, which somebody chose with care and hardly any device has. The two agree on everything else and part before the certificate is shown.",
				References: []string{"RFC 5246 section 7.4.1.3", "RFC 8446 section 6.2 (handshake_failure)", "RFC 6209 (ARIA)"},
			},
			Case: Case{
				Services: []Service{{MaxVersion: tls.VersionTLS12, Ciphers: []uint16{0xC05C}}}, // TLS_ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256
				Expect:   everywhere(finding.NoCommonCipher),
			},
		},
		{
			Lesson: Lesson{
				Number: 61, ID: "client-cert-required", Family: Protocol,
				Title:      "The server wants to see the device's own certificate",
				Story:      "Usually only the server shows a certificate; this one turns away every device that has none. It is meant for closed company networks and was left on for everybody.",
				References: []string{"RFC 8446 section 4.3.2", "RFC 8446 section 6.2 (certificate_required)"},
			},
			Case: Case{
				Services: []Service{{ClientCertificate: true}},
				Expect:   everywhere(finding.ClientCertificateRequired),
			},
		},
		{
			Lesson: Lesson{
				Number: 62, ID: "alert-on-client-hello", Family: Protocol,
				Title:      "The server answers the first word of encryption with an error",
				Story:      "The device says hello and the server answers with an alert, before it has shown any certificate. The reason is on the server, mostly a certificate or key that it could not load.",
				References: []string{"RFC 8446 section 6.2 (internal_error)"},
			},
			Case: Case{
				Services: []Service{{Wire: fault.Plan{Hello: fault.Hello{Reply: []byte{21, 3, 3, 0, 2, 2, 80}, Then: fault.Close}}}},
				Expect:   everywhere(finding.HandshakeRefused),
			},
		},
		{
			Lesson: Lesson{
				Number: 63, ID: "close-after-client-hello", Family: Protocol,
				Title:      "The server hangs up at the first word of encryption",
				Story:      "The device says hello and the server closes the connection without a word. After STARTTLS it looks like a server that agrees to encrypt and then dies, which is what it is.",
				References: []string{"RFC 8446 section 6.1 (close_notify is due before closing)"},
			},
			Case: Case{
				Services: []Service{{Wire: fault.Plan{Hello: fault.Hello{Then: fault.Close}}}},
				// To a client on a port for STARTTLS this is what 68 is: a server that agrees and hangs up.
				Expect: []Expectation{
					{On: account.StartTLSEndpoints(), Findings: []finding.Code{finding.StartTLSDropped}},
					{Findings: []finding.Code{finding.HandshakeDropped}},
				},
			},
		},
		{
			Lesson: Lesson{
				Number: 64, ID: "large-client-hello-intolerant", Family: Protocol,
				Title:      "Something on the way cuts the connection at a large first packet",
				Story:      "The newest programs greet with a key that is safe from quantum computers, and the greeting no longer fits into one packet. A firewall on the way expects a single packet and cuts the line, while older programs pass.",
				References: []string{"draft-ietf-tls-ecdhe-mlkem", "https://tldr.fail/"},
			},
			Case: Case{
				Path:   account.SmallHellos,
				Expect: everywhere(finding.LargeHelloIntolerant),
			},
		},
	}
}
