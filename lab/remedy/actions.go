package remedy

import (
	"net"
	"slices"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// Actions returns what can be done about one finding on the connection with settings s, each on
// its own enough. They come from what the diagnosis found, never from how a scenario was made; and
// what somebody else chose, such as the names in a certificate, is proposed only where it is the
// account's own. Between servers, on port 25, they are those of the admin.
func Actions(f finding.Finding, s account.Settings) []action.Action {
	var own []string
	switch f.Code {
	case finding.OutgoingServerName, finding.HostNotFound: // the first is the account's name for receiving
		if len(f.Facts.Names) > 0 && usable(f.Facts.Names[0]) {
			own = f.Facts.Names[:1]
		}
	}
	return offerable(shared(f, actions(f, s)), s, own...)
}

// shared takes a good certificate that another port of the same host has already before any new one.
// What is only missing from the chain there is sent.
func shared(f finding.Finding, all []action.Action) []action.Action {
	if f.Facts.Beside <= 0 || f.Code == finding.MissingIntermediate || !slices.ContainsFunc(all, func(a action.Action) bool { return a.Kind.Reissues() }) {
		return all
	}
	out := []action.Action{{Kind: action.SharePair, Port: f.Facts.Beside}}
	return append(out, slices.DeleteFunc(slices.Clone(all), func(a action.Action) bool { return a.Kind.Reissues() || a.Kind == action.TrustRoot })...)
}

func actions(f finding.Finding, s account.Settings) []action.Action {
	switch f.Code {
	case finding.NameMismatch, finding.ConnectByIP, finding.WildcardDepth:
		return nameActions(f, s)
	case finding.NoSAN: // no other server name would do
		return []action.Action{{Kind: action.ReissueForNames, Names: hostFirst(s.Host, f.Facts.Names)}}
	case finding.IssuerUnknown:
		if f.Facts.Detail == finding.DetailPublicCA { // the certificate is good, and its intermediate is what is missing
			return []action.Action{{Kind: action.SendChain}}
		}
	case finding.WrongPurpose:
		if f.Facts.Detail == finding.DetailForClients {
			return []action.Action{{Kind: action.ReissueClient}}
		}
	case finding.SiblingPortOpen, finding.WrongEncryptionType:
		return portActions(f)
	case finding.OutgoingServerName:
		return nameActions(f, s)
	case finding.SNIMissing:
		return []action.Action{{Kind: action.UpdateClient}, {Kind: action.DefaultCert}}
	case finding.ServerHasNoSuchName:
		return []action.Action{{Kind: action.ServeName, Host: s.Host}}
	case finding.AutodiscoverName:
		return []action.Action{{Kind: action.CoverName, Names: hostFirst(s.Host, f.Facts.Names)}}
	case finding.HostNotFound:
		return hostActions(f, s)
	case finding.IssuerNotTrusted:
		return []action.Action{{Kind: action.ReissueTrusted}, {Kind: action.TrustRoot, Certificate: f.Facts.Certificate}}
	case finding.Interception, finding.InterceptionOnMailPort:
		return []action.Action{{Kind: action.TrustRoot, Certificate: f.Facts.Certificate}, {Kind: action.ExemptMail}, {Kind: action.LeaveNetwork}}
	case finding.InterceptedButValid:
		return []action.Action{{Kind: action.ExemptMail}, {Kind: action.LeaveNetwork}}
	case finding.Intermittent:
		if info, ok := finding.Lookup(f.Facts.Cause); ok && info.Stage != finding.Certifying {
			return []action.Action{{Kind: action.RestartService}}
		}
		return []action.Action{{Kind: action.RepairBackends, Fingerprint: f.Facts.Fingerprint}}
	case finding.ExceptionStale:
		return []action.Action{{Kind: action.ReissueTrusted}, {Kind: action.TrustAgain, Fingerprint: f.Facts.Fingerprint}}
	case finding.DefaultInstallationCertificate:
		return []action.Action{{Kind: action.InstallReal, Names: []string{s.Host}}}
	case finding.MissingIntermediate:
		return []action.Action{{Kind: action.SendChain, Certificate: f.Facts.Certificate}}
	}
	if f.Severity == finding.Note && f.Code == finding.RevocationUnknown {
		return nil // nobody asked, so nothing needs repair
	}
	if kind, ok := rare(f, s); ok {
		return []action.Action{kind}
	}
	if kinds := several(f.Code); kinds != nil {
		return kinds
	}
	if kind, ok := single(f.Code); ok {
		return []action.Action{{Kind: kind}}
	}
	return nil
}

// several returns the actions of a code that has more than one and needs no parameters.
func several(c finding.Code) []action.Action {
	switch c {
	case finding.CapabilityStripped, finding.LargeHelloIntolerant:
		return []action.Action{{Kind: action.LeaveNetwork}, {Kind: action.ExemptMail}}
	case finding.ClientTooOld:
		return []action.Action{{Kind: action.UpdateClient}, {Kind: action.RaiseVersion}}
	}
	return nil
}

// single returns the action of a code that needs no parameters.
func single(c finding.Code) (action.Kind, bool) {
	kind, ok := map[finding.Code]action.Kind{
		finding.PortClosed:                action.OpenPort,
		finding.ConnectTimeout:            action.OpenPort,
		finding.SlowServer:                action.SpeedUp,
		finding.PreauthBlocksTLS:          action.StopPreauth,
		finding.PlaintextLoginAllowed:     action.DenyPlaintext,
		finding.HandshakeRefused:          action.RestartService,
		finding.NoCommonCipher:            action.EnableCiphers,
		finding.ConnectionReset:           action.RestartService,
		finding.NoGreeting:                action.RestartService,
		finding.ServiceUnavailable:        action.RestartService,
		finding.HandshakeDropped:          action.RestartService,
		finding.HandshakeTimeout:          action.RestartService,
		finding.CaptivePortal:             action.LeaveNetwork,
		finding.WrongService:              action.RightService,
		finding.PortSpeaksPlaintext:       action.EnableTLS,
		finding.StartTLSNotOffered:        action.EnableStartTLS,
		finding.StartTLSRefused:           action.EnableStartTLS,
		finding.StartTLSDropped:           action.EnableStartTLS,
		finding.NotTLSAfterStartTLS:       action.EnableStartTLS,
		finding.InjectedPlaintext:         action.EnableStartTLS,
		finding.ProtocolTooOld:            action.RaiseVersion,
		finding.ClientCertificateRequired: action.NoClientCert,
		finding.ClientCertificateRefused:  action.NoClientCert,
		finding.WeakDH:                    action.EnableCiphers,
		finding.KeyDoesNotMatch:           action.MatchKey,
		finding.CertificateNotLoaded:      action.RepairPair,
		finding.CertificateFileMissing:    action.RepairPair,
		finding.KeyMissing:                action.MatchKey,
		finding.KeyUnreadable:             action.AllowKey,
		finding.KeyEncrypted:              action.DecryptKey,
		finding.SelfSigned:                action.ReissueTrusted,
		finding.IssuerUnknown:             action.ReissueTrusted,
		finding.IssuerKeyMismatch:         action.ReissueTrusted,
		finding.IssuerNameEncoding:        action.ReissueTrusted,
		finding.IssuerNotACA:              action.ReissueTrusted,
		finding.PathLengthExceeded:        action.ReissueTrusted,
		finding.CANotAllowedForName:       action.ReissueTrusted,
		finding.IntermediateExpired:       action.ReissueTrusted,
		finding.IntermediateNotYetValid:   action.ReissueTrusted,
		finding.IntermediateWrongPurpose:  action.ReissueTrusted,
		finding.RootExpired:               action.ReissueTrusted,
		finding.RootNotYetValid:           action.ReissueTrusted,
		finding.ChainOrder:                action.SortChain,
		finding.UnrelatedCertificate:      action.SortChain,
		finding.RootAlsoSent:              action.SortChain,
		finding.Expired:                   action.Renew,
		finding.NotYetValid:               action.Renew,
		finding.ExpiresSoon:               action.Renew,
		finding.MalformedCertificate:      action.Reinstall,
		finding.BadSignature:              action.Reinstall,
		finding.WeakSignature:             action.Reinstall,
		finding.UnsupportedAlgorithm:      action.Reinstall,
		finding.UnknownCriticalExtension:  action.Reinstall,
		finding.WeakKey:                   action.ReissueKey,
		finding.WrongPurpose:              action.ReissueUsage,
		finding.CAUsedAsServer:            action.ReissueLeaf,
		finding.Revoked:                   action.ReplaceRevoked,
		finding.StapleRequired:            action.FixStapling,
		finding.StaleStaple:               action.FixStapling,
		finding.RevocationUnknown:         action.FixRevocation,
		finding.CredentialsRefused:        action.EnterPassword,
		finding.LocalInterception:         action.StopScanning,
		finding.MailServiceNotReloaded:    action.ReloadMail,
		finding.RenewedNotLoaded:          action.ReloadMail,
		finding.StaleSession:              action.ForgetSession,
		finding.ClientClock:               action.SetClock,
		finding.AddressFamilyDifference:   action.FixAddresses,
		finding.PublishedSettingsWrong:    action.FixPublished,
		finding.RootDistrusted:            action.ReissueTrusted,
		finding.ExpiredCrossSign:          action.DropCross,
		finding.LifetimeTooLong:           action.Renew,
		finding.KeyUsageForbids:           action.ReissueUsage,
	}[c]
	return kind, ok
}

// rare returns the action of a code whose parameters, or whose kind, the case decides.
func rare(f finding.Finding, s account.Settings) (action.Action, bool) {
	switch f.Code {
	case finding.HandshakeRefused: // no_application_protocol, RFC 7301 section 3.2
		return action.Action{Kind: action.RightService}, f.Facts.Alert == 120
	case finding.RootMissingOnDevice:
		return action.Action{Kind: action.TrustRoot, Certificate: f.Facts.Certificate}, true
	case finding.IDNEncoding:
		return action.Action{Kind: action.ReissueForNames, Names: hostFirst(s.Host, f.Facts.Names)}, true
	case finding.WeakSignature, finding.BadSignature, finding.UnsupportedAlgorithm, finding.UnknownCriticalExtension:
		// What is wrong with a CA's certificate, the server's own cannot cure.
		return action.Action{Kind: action.ReissueTrusted}, f.Facts.About.OfCA()
	}
	return action.Action{}, false
}

// nameActions offers the certificate's own name to the account, where it has one that can be
// typed in, and the account's name to the certificate.
func nameActions(f finding.Finding, s account.Settings) []action.Action {
	var out []action.Action
	for _, n := range f.Facts.Names {
		if usable(n) && !strings.EqualFold(n, s.Host) && (mine(n, s.Host) || f.Code == finding.OutgoingServerName || net.ParseIP(s.Host) != nil) {
			out = append(out, action.Action{Kind: action.UseHost, Host: n})
			break
		}
	}
	names := f.Facts.Names
	if net.ParseIP(s.Host) != nil && len(out) > 0 {
		// Public CAs hardly certify addresses: the account is what should change.
		return out
	}
	return append(out, action.Action{Kind: action.ReissueForNames, Names: hostFirst(s.Host, names)})
}

// hostFirst returns the account's name and then the others.
func hostFirst(host string, names []string) []string {
	out := []string{host}
	for _, n := range names {
		if !strings.EqualFold(n, host) {
			out = append(out, n)
		}
	}
	return out
}

func portActions(f finding.Finding) []action.Action {
	var out []action.Action
	if _, _, known := encrypted(f.Facts); known {
		out = append(out, action.Action{Kind: action.UseServer, Port: f.Facts.Port, Mode: f.Facts.Mode})
	}
	if f.Code == finding.SiblingPortOpen {
		out = append(out, action.Action{Kind: action.OpenPort})
	}
	return out
}

// Leaves returns what an action leaves behind of the finding that it is offered for. To trust
// the root of a proxy ends the warnings, and the proxy goes on reading.
func Leaves(c finding.Code, k action.Kind) []finding.Code {
	if k == action.TrustRoot && (c == finding.Interception || c == finding.InterceptionOnMailPort) {
		return []finding.Code{finding.InterceptedButValid}
	}
	return nil
}

// hostActions offers the name to DNS, and to the account another one where one is known to work.
func hostActions(f finding.Finding, s account.Settings) []action.Action {
	out := []action.Action{{Kind: action.FixName, Host: s.Host}}
	for _, n := range f.Facts.Names {
		if usable(n) && !strings.EqualFold(n, s.Host) {
			return append(out, action.Action{Kind: action.UseHost, Host: n})
		}
	}
	return out
}
