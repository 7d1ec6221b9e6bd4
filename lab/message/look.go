package message

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// Look returns the one look that would tell whether it is this code: a line to paste into a shell.
// For a server that is not known, "" and 0, HOST stands for its name, and the port is left out, or is
// that of IMAP where a command must have one. A name that could not be one of a server is treated as
// unknown: it may come from a stranger's log.
func Look(code finding.Code, host string, port int) string {
	l := newLooker(host, port)
	if line := l.network(code); line != "" {
		return line
	}
	if line := l.handshake(code); line != "" {
		return line
	}
	if line := l.certificate(code); line != "" {
		return line
	}
	return l.diagnose()
}

// A looker writes commands about one server.
type looker struct {
	host string // as a command takes it
	port int    // 0 where it is not known
}

func newLooker(host string, port int) looker {
	if host == "" || account.CheckHost(host) != nil || strings.HasPrefix(host, "-") {
		host = "HOST"
	}
	if port < 0 || port > 65535 {
		port = 0
	}
	return looker{host, port}
}

// diagnose is the look with this program.
func (l looker) diagnose() string {
	if l.port == 0 {
		return "mailtlslab diagnose " + l.host
	}
	return "mailtlslab diagnose " + net.JoinHostPort(l.host, strconv.Itoa(l.port))
}

// client is openssl s_client, which speaks to one port.
func (l looker) client(flags ...string) string {
	port, start := l.port, ""
	if port == 0 {
		port = account.IMAPS.Port()
	}
	switch port {
	case 25, 587, 2525:
		start = " -starttls smtp"
	case 143:
		start = " -starttls imap"
	case 110:
		start = " -starttls pop3"
	case 4190:
		start = " -starttls sieve"
	}
	name := " -servername " + l.host
	if net.ParseIP(l.host) != nil || slices.Contains(flags, "-noservername") {
		name = ""
	}
	line := "openssl s_client -connect " + net.JoinHostPort(l.host, strconv.Itoa(port)) + start + name
	for _, f := range flags {
		line += " " + f
	}
	return line + " </dev/null"
}

// shown is one thing about the certificate that the server shows.
func (l looker) shown(what string) string {
	return l.client() + " 2>/dev/null | openssl x509 -noout " + what
}

func (l looker) network(code finding.Code) string {
	switch code {
	case finding.HostNotFound:
		return fmt.Sprintf("dig +short A %s; dig +short AAAA %s", l.host, l.host)
	case finding.CaptivePortal:
		return "curl -sSI http://neverssl.com/"
	case finding.DANEMismatch:
		return fmt.Sprintf("dig +short TLSA _25._tcp.%s; posttls-finger -t 30 -l dane %s", l.host, l.host)
	case finding.MTASTSMismatch:
		return "curl -sS https://mta-sts.DOMAIN/.well-known/mta-sts.txt; dig +short MX DOMAIN"
	case finding.PublishedSettingsWrong:
		return "mailtlslab diagnose USER@DOMAIN"
	case finding.ClientClock:
		return "date -u; curl -sSI https://www.example.com/ | grep -i '^date:'"
	case finding.CredentialsRefused, finding.OAuthRequired:
		return l.login()
	}
	return ""
}

// login asks for the password at the terminal, and shows which kinds of login the server takes.
func (l looker) login() string {
	port, scheme := l.port, "imaps"
	if port == 0 {
		port = account.IMAPS.Port()
	}
	switch port {
	case 25, 587, 2525:
		scheme = "smtp"
	case 465:
		scheme = "smtps"
	case 143:
		scheme = "imap"
	case 110:
		scheme = "pop3"
	case 995:
		scheme = "pop3s"
	}
	return fmt.Sprintf("curl -v --ssl-reqd --user USER %s://%s/", scheme, net.JoinHostPort(l.host, strconv.Itoa(port)))
}

func (l looker) handshake(code finding.Code) string {
	switch code {
	case finding.ProtocolTooOld:
		return l.client("-tls1_2")
	case finding.ClientTooOld:
		return l.client("-tls1_2") + "; " + l.client("-tls1_3")
	case finding.NoCommonCipher, finding.HandshakeRefused, finding.HandshakeDropped, finding.ConnectionReset:
		return l.client("-msg") + " 2>&1 | grep -E 'error|alert|Cipher is|Alert'"
	case finding.WeakDH:
		return l.client("-tls1_2", "-cipher DHE") + " 2>&1 | grep -E 'Temp Key|error'"
	case finding.ClientCertificateRequired, finding.ClientCertificateRefused:
		return l.client() + " 2>&1 | grep -E 'Acceptable client certificate|alert'"
	case finding.ServerHasNoSuchName, finding.SNIMissing, finding.DefaultInstallationCertificate:
		return l.client("-noservername") + " 2>&1 | grep -E 'subject=|alert'"
	case finding.StapleRequired, finding.StaleStaple:
		return l.client("-status") + " 2>/dev/null | grep -A9 'OCSP response'"
	case finding.KeyDoesNotMatch, finding.CertificateNotLoaded, finding.KeyMissing, finding.KeyUnreadable, finding.KeyEncrypted, finding.CertificateFileMissing:
		return "mailtlslab diagnose --cert fullchain.pem --key privkey.pem --host " + l.host
	case finding.OutdatedConfiguration:
		return "dovecot --version; doveconf -n >/dev/null"
	}
	return ""
}

func (l looker) certificate(code finding.Code) string {
	switch code {
	case finding.NameMismatch, finding.OutgoingServerName, finding.NoSAN, finding.ConnectByIP, finding.WildcardDepth, finding.AutodiscoverName, finding.IDNEncoding:
		return l.shown("-subject -ext subjectAltName")
	case finding.Expired, finding.NotYetValid, finding.ExpiresSoon, finding.LifetimeTooLong, finding.RenewedNotLoaded, finding.MailServiceNotReloaded:
		return l.shown("-dates")
	case finding.SelfSigned, finding.LocalInterception, finding.Interception, finding.InterceptionOnMailPort, finding.ExceptionStale:
		return l.shown("-subject -issuer -fingerprint -sha256")
	case finding.MissingIntermediate, finding.IssuerNotTrusted, finding.IssuerUnknown, finding.RootMissingOnDevice, finding.IntermediateExpired,
		finding.RootExpired, finding.IssuerKeyMismatch, finding.IssuerNotACA, finding.PathLengthExceeded, finding.CANotAllowedForName:
		return l.client("-showcerts") + " 2>&1 | grep -E ' [si]:|NotAfter|Verify return code'"
	case finding.WrongPurpose, finding.IntermediateWrongPurpose, finding.KeyUsageForbids, finding.CAUsedAsServer, finding.UnknownCriticalExtension:
		return l.shown("-ext extendedKeyUsage,keyUsage,basicConstraints")
	case finding.WeakKey, finding.WeakSignature, finding.UnsupportedAlgorithm, finding.BadSignature, finding.MalformedCertificate:
		return l.shown("-text") + " | grep -E 'Signature Algorithm|Public Key'"
	case finding.Revoked, finding.RevocationUnknown:
		return l.shown("-serial -ocsp_uri -ext crlDistributionPoints")
	}
	return ""
}
