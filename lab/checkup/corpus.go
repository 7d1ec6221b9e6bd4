package checkup

import "github.com/mailtlslab/mailtlslab/lab/finding"

// causesOf returns the words that the corpora use for an error.
func causesOf(f finding.Finding) []string {
	if f.Severity != finding.Error {
		return nil
	}
	if f.Code == finding.IssuerUnknown && f.Facts.Detail == finding.DetailPublicCA {
		return []string{"missing_intermediate"}
	}
	return causeWords()[f.Code]
}

// causeWords is what the errors of a chain are called in the corpora of other projects.
func causeWords() map[finding.Code][]string {
	return map[finding.Code][]string{
		finding.SelfSigned:                     {"self_signed"},
		finding.DefaultInstallationCertificate: {"self_signed", "hostname_mismatch"},
		finding.IssuerNotTrusted:               {"untrusted_ca"},
		finding.IssuerUnknown:                  {"untrusted_ca"},
		finding.RootMissingOnDevice:            {"untrusted_ca"},
		finding.LocalInterception:              {"untrusted_ca"},
		finding.Interception:                   {"untrusted_ca"},
		finding.InterceptionOnMailPort:         {"untrusted_ca"},
		finding.RootDistrusted:                 {"distrusted"},
		finding.MissingIntermediate:            {"missing_intermediate"},
		finding.IssuerKeyMismatch:              {"bad_signature"},
		finding.BadSignature:                   {"bad_signature"},
		finding.IssuerNotACA:                   {"not_a_ca"},
		finding.PathLengthExceeded:             {"path_length"},
		finding.CANotAllowedForName:            {"name_constraints"},
		finding.TooComplex:                     {"too_complex"},
		finding.NameMismatch:                   {"hostname_mismatch"},
		finding.NoSAN:                          {"hostname_mismatch"},
		finding.ConnectByIP:                    {"hostname_mismatch"},
		finding.WildcardDepth:                  {"hostname_mismatch"},
		finding.IDNEncoding:                    {"hostname_mismatch"},
		finding.SNIMissing:                     {"hostname_mismatch"},
		finding.OutgoingServerName:             {"hostname_mismatch"},
		finding.AutodiscoverName:               {"hostname_mismatch"},
		finding.Expired:                        {"expired"},
		finding.IntermediateExpired:            {"expired"},
		finding.RootExpired:                    {"expired"},
		finding.MailServiceNotReloaded:         {"expired"},
		finding.NotYetValid:                    {"not_yet_valid"},
		finding.IntermediateNotYetValid:        {"not_yet_valid"},
		finding.RootNotYetValid:                {"not_yet_valid"},
		finding.ClientClock:                    nil, // nor for a device that is wrong
		finding.LifetimeTooLong:                nil, // nor for what only some clients refuse
		finding.MalformedCertificate:           {"malformed"},
		finding.WeakSignature:                  {"weak_signature"},
		finding.WeakKey:                        {"weak_key"},
		finding.UnsupportedAlgorithm:           {"other"},
		finding.ClientRefusedCertificate:       nil, // nor for what a client says
		finding.CertificateFileMissing:         nil, // nor for files
		finding.WrongPurpose:                   {"wrong_usage"},
		finding.IntermediateWrongPurpose:       {"wrong_usage"},
		finding.KeyUsageForbids:                nil, // the same
		finding.CAUsedAsServer:                 nil, // the corpora have no word for it
		finding.UnknownCriticalExtension:       {"unknown_critical_extension"},
		finding.Revoked:                        {"revoked"},
		finding.KeyMissing:                     nil, // nor for keys: a chain has none
		finding.KeyUnreadable:                  nil,
		finding.KeyEncrypted:                   nil,
		finding.Unexplained:                    {"other"},
	}
}
