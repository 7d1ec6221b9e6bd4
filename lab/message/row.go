package message

import (
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// A Row is one entry of the table.
type Row struct {
	// Words are what stays the same whoever says it: "*" stands for names, numbers and dates, "~" for a few, "{a|b}"
	// for one of these, "^" and "$" for the ends of the message.
	Words string
	Side  Side           // who must have said it, empty for either
	Codes []finding.Code // what may be behind it, the likeliest first
	By    string         // whose words they are
	// Source says where they are known from: a file of the program's source, a page, or "measured"
	// with the version of the program.
	Source string
	// Vague words say that it failed, or where, and not why. Others in the same text count before them.
	Vague bool

	extra     int // makes it more specific than its length
	vagueness int // 0, or for vague words 1 where they speak of the certificate alone, and 2 for all else
}

// Rows returns the table for documentation.
func Rows() []Row {
	all := rows()
	for i := range all {
		all[i].Codes = slices.Clone(all[i].Codes)
	}
	return all
}

func rows() []Row {
	k := known()
	all := slices.Concat(
		alertRows(k),
		openSSLRows(k), gnuTLSRows(k), nssRows(k), windowsRows(k), appleRows(k),
		javaRows(k), goRows(k), rustlsRows(k), scriptRows(k), otherLibraryRows(k),
		outlookRows(k), thunderbirdRows(k), phoneRows(k), desktopRows(k), commandRows(k), serverClientRows(k), testerRows(k),
		webRows(k), providerRows(k), serverRows(k), loadingRows(k),
		transportRows(k), startTLSRows(k), accountRows(k), interceptionRows(k), languageRows(k),
	)
	certificate := map[finding.Code]bool{}
	for _, info := range finding.All() {
		certificate[info.Code] = info.Stage == finding.Certifying && info.Family != finding.Unclear
	}
	for i, r := range all {
		switch {
		case r.Vague && slices.ContainsFunc(r.Codes, func(c finding.Code) bool { return !certificate[c] }):
			all[i].vagueness = 2
		case r.Vague:
			all[i].vagueness = 1
		}
	}
	return all
}

// said gives rows their program and their source.
func said(by, source string, rows ...Row) []Row {
	for i := range rows {
		if rows[i].By == "" {
			rows[i].By = by
		}
		if rows[i].Source == "" {
			rows[i].Source = source
		}
	}
	return rows
}

// of gives rows the side that must have spoken.
func of(side Side, rows ...Row) []Row {
	for i := range rows {
		rows[i].Side = side
	}
	return rows
}

func w(words string, codes []finding.Code) Row { return Row{Words: words, Codes: codes} }

// vague is for words that other words in the same text explain.
func vague(words string, codes []finding.Code) Row {
	return Row{Words: words, Codes: codes, Vague: true}
}

// causes are sets of codes that many words share, each with the likeliest first.
type causes struct {
	expired, notYet, time                          []finding.Code
	name, anyName, address, noSAN                  []finding.Code
	issuer, noIssuer, ownRoot, noRoot, selfSigned  []finding.Code
	revoked, revocation, staple                    []finding.Code
	purpose, caPurpose, keyUsage, critical         []finding.Code
	notCA, length, constraints, caAsServer         []finding.Code
	weakKey, weakSignature, weakEither, weakDH     []finding.Code
	signature, malformed, algorithm, tooLong       []finding.Code
	certificate                                    []finding.Code
	cipher, cipherHere, clientOld, serverOld       []finding.Code
	refused, wantsCertificate, badCertificate      []finding.Code
	clientSays                                     []finding.Code
	plain, secure, noTLS                           []finding.Code
	dropped, ended, reset                          []finding.Code
	closed, unreachable, timeout, silent, noHost   []finding.Code
	noAnswer                                       []finding.Code
	connect                                        []finding.Code
	notOffered, startTLSRefused, startTLSFailed    []finding.Code
	unavailable                                    []finding.Code
	password, anyPassword, oauth                   []finding.Code
	dane, mtaSTS                                   []finding.Code
	antivirus, proxy, proxyOrAntivirus, changed    []finding.Code
	keyMismatch, keyMissing, keyDenied, keyLocked  []finding.Code
	fileMissing, notLoaded, pairNotLoaded, version []finding.Code
	noSuchName, unexplained, clock                 []finding.Code
}

func known() causes {
	list := func(codes ...finding.Code) []finding.Code { return codes }
	return causes{
		expired: list(finding.Expired, finding.ClientClock),
		notYet:  list(finding.NotYetValid, finding.ClientClock),
		time:    list(finding.Expired, finding.NotYetValid, finding.ClientClock),
		clock:   list(finding.ClientClock),

		name:    list(finding.NameMismatch, finding.OutgoingServerName),
		anyName: list(finding.NameMismatch, finding.OutgoingServerName, finding.ConnectByIP, finding.NoSAN),
		address: list(finding.ConnectByIP, finding.NameMismatch),
		noSAN:   list(finding.NoSAN, finding.NameMismatch),

		issuer: list(finding.IssuerNotTrusted, finding.MissingIntermediate, finding.SelfSigned, finding.RootMissingOnDevice,
			finding.LocalInterception, finding.Interception),
		noIssuer:   list(finding.MissingIntermediate, finding.IssuerNotTrusted, finding.RootMissingOnDevice, finding.LocalInterception, finding.Interception),
		ownRoot:    list(finding.IssuerNotTrusted, finding.LocalInterception, finding.Interception, finding.RootMissingOnDevice),
		noRoot:     list(finding.RootMissingOnDevice, finding.IssuerNotTrusted, finding.MissingIntermediate),
		selfSigned: list(finding.SelfSigned),

		revoked:    list(finding.Revoked),
		revocation: list(finding.RevocationUnknown),
		staple:     list(finding.StapleRequired, finding.StaleStaple),

		purpose:     list(finding.WrongPurpose, finding.IntermediateWrongPurpose),
		caPurpose:   list(finding.IntermediateWrongPurpose, finding.WrongPurpose),
		keyUsage:    list(finding.KeyUsageForbids, finding.WrongPurpose),
		critical:    list(finding.UnknownCriticalExtension),
		notCA:       list(finding.IssuerNotACA),
		length:      list(finding.PathLengthExceeded),
		constraints: list(finding.CANotAllowedForName),
		caAsServer:  list(finding.CAUsedAsServer),

		weakKey:       list(finding.WeakKey),
		weakSignature: list(finding.WeakSignature),
		weakEither:    list(finding.WeakSignature, finding.WeakKey),
		weakDH:        list(finding.WeakDH),
		signature:     list(finding.BadSignature, finding.IssuerKeyMismatch),
		malformed:     list(finding.MalformedCertificate),
		algorithm:     list(finding.UnsupportedAlgorithm),
		tooLong:       list(finding.LifetimeTooLong),

		certificate: list(finding.NameMismatch, finding.Expired, finding.IssuerNotTrusted, finding.MissingIntermediate, finding.SelfSigned,
			finding.LocalInterception, finding.Interception, finding.RootMissingOnDevice, finding.ClientClock, finding.NotYetValid),

		cipher:     list(finding.NoCommonCipher, finding.ClientTooOld, finding.ProtocolTooOld, finding.ClientCertificateRequired, finding.WeakKey),
		cipherHere: list(finding.NoCommonCipher, finding.CertificateNotLoaded),
		clientOld:  list(finding.ClientTooOld),
		serverOld:  list(finding.ProtocolTooOld),
		refused:    list(finding.HandshakeRefused),

		wantsCertificate: list(finding.ClientCertificateRequired),
		badCertificate:   list(finding.ClientCertificateRefused, finding.ClientCertificateRequired),
		clientSays:       list(finding.ClientRefusedCertificate, finding.NameMismatch, finding.IssuerNotTrusted, finding.SelfSigned, finding.MissingIntermediate),

		plain:  list(finding.WrongEncryptionType, finding.PortSpeaksPlaintext),
		secure: list(finding.WrongEncryptionType),
		noTLS: list(finding.WrongEncryptionType, finding.ProtocolTooOld, finding.ClientTooOld, finding.NoCommonCipher,
			finding.StartTLSNotOffered),

		dropped: list(finding.HandshakeDropped, finding.ConnectionReset),
		ended:   list(finding.HandshakeDropped, finding.ClientCertificateRequired),
		reset:   list(finding.ConnectionReset, finding.HandshakeDropped),

		closed:      list(finding.PortClosed),
		unreachable: list(finding.HostUnreachable),
		timeout:     list(finding.ConnectTimeout, finding.NoGreeting),
		silent:      list(finding.NoGreeting, finding.WrongEncryptionType, finding.HandshakeTimeout),
		noHost:      list(finding.HostNotFound),
		noAnswer:    list(finding.HostUnreachable, finding.HostNotFound), // a resolver that gives no answer
		connect:     list(finding.PortClosed, finding.ConnectTimeout, finding.HostNotFound, finding.ConnectionReset, finding.WrongEncryptionType),

		notOffered:      list(finding.StartTLSNotOffered, finding.CapabilityStripped),
		startTLSRefused: list(finding.StartTLSRefused, finding.StartTLSNotOffered, finding.CertificateNotLoaded),
		startTLSFailed: list(finding.StartTLSRefused, finding.StartTLSNotOffered, finding.ProtocolTooOld, finding.NameMismatch,
			finding.Expired, finding.IssuerNotTrusted, finding.SelfSigned, finding.HandshakeDropped),
		unavailable: list(finding.ServiceUnavailable),

		password:    list(finding.CredentialsRefused),
		anyPassword: list(finding.CredentialsRefused, finding.OAuthRequired),
		oauth:       list(finding.OAuthRequired),
		dane:        list(finding.DANEMismatch),
		mtaSTS:      list(finding.MTASTSMismatch),

		antivirus:        list(finding.LocalInterception),
		proxy:            list(finding.Interception),
		proxyOrAntivirus: list(finding.LocalInterception, finding.Interception),
		changed:          list(finding.ExceptionStale, finding.Interception),

		keyMismatch:   list(finding.KeyDoesNotMatch),
		keyMissing:    list(finding.KeyMissing),
		keyDenied:     list(finding.KeyUnreadable),
		keyLocked:     list(finding.KeyEncrypted),
		fileMissing:   list(finding.CertificateFileMissing),
		notLoaded:     list(finding.CertificateNotLoaded),
		pairNotLoaded: list(finding.CertificateNotLoaded, finding.CertificateFileMissing, finding.KeyMissing),
		version:       list(finding.OutdatedConfiguration),

		noSuchName:  list(finding.ServerHasNoSuchName),
		unexplained: list(finding.Unexplained),
	}
}
