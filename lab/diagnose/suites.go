package diagnose

import (
	"crypto/tls"
	"slices"
)

// fallbackSCSV is TLS_FALLBACK_SCSV of RFC 7507: no suite, but the word of a client that it has
// come back with an older version than it could speak.
const fallbackSCSV = 0x5600

// anonymousSuites are the suites of TLS 1.2 and older that need no certificate, those with AES that
// OpenSSL has: RFC 5246 appendix A.5, RFC 5288, RFC 8422 section 6. It prefers them to the others.
func anonymousSuites() []uint16 {
	return []uint16{0x00A7, 0x00A6, 0x006D, 0x006C, 0x003A, 0x0034, 0xC019, 0xC018}
}

// anonymousName returns the name of an anonymous suite, "" for any other.
func anonymousName(suite uint16) string {
	return map[uint16]string{
		0x0034: "TLS_DH_anon_WITH_AES_128_CBC_SHA", 0x003A: "TLS_DH_anon_WITH_AES_256_CBC_SHA",
		0x006C: "TLS_DH_anon_WITH_AES_128_CBC_SHA256", 0x006D: "TLS_DH_anon_WITH_AES_256_CBC_SHA256",
		0x00A6: "TLS_DH_anon_WITH_AES_128_GCM_SHA256", 0x00A7: "TLS_DH_anon_WITH_AES_256_GCM_SHA384",
		0xC018: "TLS_ECDH_anon_WITH_AES_128_CBC_SHA", 0xC019: "TLS_ECDH_anon_WITH_AES_256_CBC_SHA",
	}[suite]
}

// fallbackSuites are the anonymous ones with the word of a client that could do more.
func fallbackSuites() []uint16 { return append(anonymousSuites(), fallbackSCSV) }

// certifiedSuites are all suites of TLS 1.2 and older in the registry of IANA that need a
// certificate of the server and no secret shared before: those that crypto/tls has first, then
// the ranges between the anonymous ones and those with PSK, Kerberos or SRP.
func certifiedSuites() []uint16 {
	var out []uint16
	add := func(suite uint16) {
		if !slices.Contains(out, suite) {
			out = append(out, suite)
		}
	}
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if suite.SupportedVersions[0] < tls.VersionTLS13 {
			add(suite.ID)
		}
	}
	for _, r := range [][2]uint16{
		{0x0001, 0x0016}, {0x002F, 0x0033}, {0x0035, 0x0039}, {0x003B, 0x0045}, {0x0067, 0x006B}, {0x0084, 0x0088},
		{0x0096, 0x009A}, {0x009C, 0x00A5}, {0x00BA, 0x00BE}, {0x00C0, 0x00C4}, // AES, 3DES, Camellia, SEED
		{0xC001, 0xC014}, {0xC023, 0xC032}, // elliptic curves
		{0xC03C, 0xC045}, {0xC048, 0xC059}, {0xC05C, 0xC063}, // ARIA
		{0xC072, 0xC083}, {0xC086, 0xC08D}, // Camellia
		{0xC09C, 0xC0A3}, {0xC0AC, 0xC0AF}, {0xCCA8, 0xCCAA}, // CCM, ChaCha20
		{0xC100, 0xC102}, // GOST
	} {
		for suite := r[0]; suite <= r[1]; suite++ {
			add(suite)
		}
	}
	return out
}

// finiteSuites are those of TLS 1.3: offered by hand, they go with the groups of RFC 7919 alone.
func finiteSuites() []uint16 {
	return []uint16{tls.TLS_AES_128_GCM_SHA256, tls.TLS_AES_256_GCM_SHA384, tls.TLS_CHACHA20_POLY1305_SHA256}
}

// suiteName returns the name of a suite, also of those with DHE that are in use and that crypto/tls
// does not have; the number of any other.
func suiteName(suite uint16) string {
	name, ok := map[uint16]string{
		0x0016: "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA", 0x0033: "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", 0x0039: "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
		0x0067: "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256", 0x006B: "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256",
		0x009E: "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", 0x009F: "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
		0xCCAA: "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
	}[suite]
	if !ok {
		return tls.CipherSuiteName(suite)
	}
	return name
}
