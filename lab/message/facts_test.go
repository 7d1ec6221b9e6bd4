package message

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// A fact is a message that somebody collected, with what can be behind it in words of its own.
type fact struct {
	Client, Message, Source string
	Causes                  []string
}

func facts(t testing.TB) []fact {
	t.Helper()
	data, err := os.ReadFile("testdata/client-messages.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []fact
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// side is who says the messages of a client in that list.
func (f fact) side() Side {
	for _, server := range []string{"Postfix smtpd", "Dovecot server", "Exim"} {
		if strings.HasPrefix(f.Client, server) && !(server == "Exim" && strings.HasPrefix(f.Message, "TLS certificate") || strings.Contains(f.Message, "session")) {
			return Server
		}
	}
	return Client
}

// acceptable are the codes that say the same as a cause word of the list.
func acceptable() map[string][]finding.Code {
	return map[string][]finding.Code{
		"client-cert-required": {finding.ClientCertificateRequired, finding.ClientCertificateRefused},
		"untrusted-ca":         {finding.IssuerNotTrusted, finding.IssuerUnknown, finding.RootMissingOnDevice, finding.RootDistrusted},
		"reset":                {finding.ConnectionReset, finding.HandshakeDropped, finding.StartTLSDropped},
		"protocol-version":     {finding.ProtocolTooOld, finding.ClientTooOld},
		"hostname-mismatch":    {finding.NameMismatch, finding.OutgoingServerName, finding.WildcardDepth, finding.AutodiscoverName, finding.ServerHasNoSuchName},
		"cipher-mismatch":      {finding.NoCommonCipher, finding.WeakDH},
		"expired":              {finding.Expired, finding.IntermediateExpired, finding.RootExpired},
		"self-signed":          {finding.SelfSigned, finding.DefaultInstallationCertificate},
		"interception":         {finding.Interception, finding.LocalInterception, finding.InterceptionOnMailPort, finding.ExceptionStale},
		"client-clock-wrong":   {finding.ClientClock},
		"weak-key":             {finding.WeakKey, finding.WeakDH},
		"missing-intermediate": {finding.MissingIntermediate},
		"tls-on-plain-port":    {finding.WrongEncryptionType, finding.PortSpeaksPlaintext, finding.NotTLSAfterStartTLS},
		"wrong-key-usage":      {finding.WrongPurpose, finding.KeyUsageForbids, finding.IntermediateWrongPurpose},
		"starttls-missing":     {finding.StartTLSNotOffered, finding.StartTLSRefused},
		"not-yet-valid":        {finding.NotYetValid, finding.IntermediateNotYetValid},
		"not-a-ca":             {finding.IssuerNotACA, finding.PathLengthExceeded, finding.CAUsedAsServer},
		"timeout":              {finding.ConnectTimeout, finding.NoGreeting, finding.HandshakeTimeout, finding.SlowServer},
		"weak-signature":       {finding.WeakSignature},
		"revoked":              {finding.Revoked, finding.RevocationUnknown, finding.StaleStaple},
		"auth":                 {finding.CredentialsRefused, finding.OAuthRequired},
		"ip-address-used":      {finding.ConnectByIP},
		"connection-refused":   {finding.PortClosed},
		"dns":                  {finding.HostNotFound},
		"starttls-stripped":    {finding.CapabilityStripped},
		"plain-on-tls-port":    {finding.WrongEncryptionType},
		"no-san":               {finding.NoSAN},
		"captive-portal":       {finding.CaptivePortal},
		"too-long-validity":    {finding.LifetimeTooLong},
	}
}

// left are the messages for which the table has no code that the list gives, and why.
func left() map[string]string {
	return map[string]string{
		"lost connection after CONNECT from <client>[<ip>]":                                                                             "every port scan leaves this line: of itself it says nothing about TLS",
		"Disconnected: Connection closed (no auth attempts in 0 secs): user=<>, rip=<ip>, lip=<ip>, TLS handshaking: Connection closed": "the same from Dovecot",
		"tlsa-invalid: The domain failed DANE validation.":                                                                              "dane-mismatch, for which the list has no word",
	}
}

// TestFacts: the table has one of the causes for nearly every message that was collected, and none
// that could not be checked is said to be revoked.
func TestFacts(t *testing.T) {
	right, all := 0, 0
	codes, left := acceptable(), left()
	for _, f := range facts(t) {
		if slices.Equal(f.Causes, []string{"generic"}) {
			continue
		}
		all++
		var want []finding.Code
		for _, c := range f.Causes {
			want = append(want, codes[c]...)
		}
		m, _ := Find(f.Message, f.side())
		if slices.ContainsFunc(m.Codes, func(c finding.Code) bool { return slices.Contains(want, c) }) {
			right++
			if left[f.Message] != "" {
				t.Errorf("%q is explained after all", f.Message)
			}
		} else if left[f.Message] == "" {
			t.Errorf("%s: %q: %v by %q, want of %v", f.Client, f.Message, m.Codes, m.Words, f.Causes)
		}
		low := strings.ToLower(f.Message)
		unchecked := strings.Contains(low, "crl") || strings.Contains(low, "ocsp") || strings.Contains(low, "revocation")
		if unchecked && slices.Contains(m.Codes, finding.Revoked) {
			t.Errorf("%q is said to be revoked", f.Message)
		}
	}
	t.Logf("%d of %d messages whose cause is more than generic, %.4f", right, all, float64(right)/float64(all))
	if float64(right) < 0.97*float64(all) {
		t.Errorf("too few")
	}
}
