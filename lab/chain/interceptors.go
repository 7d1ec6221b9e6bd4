package chain

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
)

// An interceptor is something that opens TLS connections and signs them again, known by the name
// of its issuing certificate. That name is chosen by whoever sets it up, so it makes likely, and
// proves nothing. Products that come without a name of their own (Palo Alto's firewalls, for one)
// cannot be listed.
type interceptor struct {
	product string
	local   bool // runs on the device itself
	// How Common Name and organisation of the issuer begin, letter case aside; empty fits all.
	commonName, organization string
	source                   string
}

// Where the names come from. Chromium's list decides which connections it tells a user are
// intercepted by a known product.
const (
	byChromium = "Chromium, ssl_error_assistant.asciipb, mitm_software (github.com/bloomberg/chromium.bb@0d85b910)"
	byReports  = "issuer seen in users' reports, not confirmed on the maker's pages"
)

func interceptors() []interceptor {
	return []interceptor{
		{"Avast Antivirus", true, "avast! Web/Mail Shield Root", "", byChromium},
		{"Avast Antivirus", true, "Avast Web/Mail Shield Root", "", byReports},
		{"Norton Antivirus", true, "Norton Web/Mail Shield Root", "", byReports},
		{"Bitdefender", true, "Bitdefender Personal CA.Net-Defender", "", byChromium},
		{"ESET", true, "ESET SSL Filter CA", "", "https://github.com/the-last-byte/ESET-NPM-Breakage-Fix and https://forum.eset.com/topic/40702, users' reports"},
		{"Kaspersky", true, "Kaspersky Anti-Virus Personal Root", "", byChromium},
		{"Cisco Umbrella", false, "Cisco Umbrella Root CA", "Cisco", byChromium},
		{"Cisco Umbrella", false, "Cisco Umbrella Primary SubCA", "Cisco", byChromium},
		{"ContentKeeper", false, "ContentKeeper Appliance CA (", "ContentKeeper Technologies", byChromium},
		{"Cyberoam", false, "", "Cyberoam Certificate Authority", byChromium},
		{"Forcepoint", false, "Forcepoint Cloud CA", "Forcepoint LLC", byChromium},
		{"FortiGate", false, "", "Fortinet", byChromium + "; https://community.fortinet.com/t5/FortiCache/How-to-Regenerate-the-Fortinet-CA-SSLProxy-CA-certificate-used/ta-p/198478"},
		{"McAfee Web Gateway", false, "McAfee Web Gateway", "", byChromium},
		{"NetSpark", false, "www.netspark.com", "NetSpark", byChromium},
		{"Smoothwall", false, "Smoothwall-default-root-certificate-authority", "", byChromium},
		{"SonicWall", false, "", "HTTPS Management Certificate for SonicWALL", byChromium},
		{"Sophos", false, "Sophos SSL CA_", "Sophos", byChromium},
		{"Sophos", false, "Sophos_CA_", "", byChromium},
		{"Sophos UTM", false, "sophosutm Proxy CA", "sophosutm", byChromium},
		{"Sophos Web Appliance", false, "Sophos Web Appliance", "Sophos Plc", byChromium},
		{"Symantec Blue Coat", false, "", "Blue Coat", byChromium},
		{"Trend Micro IWSS", false, "IWSS.TREND", "", byChromium},
		{"Zscaler", false, "", "Zscaler Inc.", byChromium},
	}
}

// tellingWords are what an issuer that inspects connections calls itself, product unknown. No
// root of the Mozilla store has any of them in its name; a test holds that.
func tellingWords() []interceptor {
	var out []interceptor
	for _, w := range []struct {
		words string
		local bool
	}{
		{"mail shield", true}, {"antivirus", true}, {"anti-virus", true},
		{"tls inspection", false}, {"ssl inspection", false}, {"https inspection", false}, {"deep inspection", false},
		{"tls interception", false}, {"ssl interception", false}, {"ssl decrypt", false}, {"tls decrypt", false}, {"web gateway", false},
	} {
		out = append(out, interceptor{local: w.local, commonName: w.words, source: "by its own name"})
	}
	return out
}

// intercepting returns who is likely to have signed a path in the server's place, nil when
// nobody's name says so.
func intercepting(p path) (*interceptor, *pkix.Name) {
	for _, c := range p.certs {
		for _, name := range namesAbove(c) {
			if i := interceptorNamed(name); i != nil {
				return i, name
			}
		}
	}
	return nil, nil
}

// namesAbove returns the issuer of c, and its own name when it is a CA.
func namesAbove(c *x509.Certificate) []*pkix.Name {
	if c.IsCA {
		return []*pkix.Name{&c.Subject, &c.Issuer}
	}
	return []*pkix.Name{&c.Issuer}
}

func interceptorNamed(n *pkix.Name) *interceptor {
	organization := strings.Join(n.Organization, " ")
	for _, i := range interceptors() {
		if beginsLike(n.CommonName, i.commonName) && beginsLike(organization, i.organization) {
			return &i
		}
	}
	for _, i := range tellingWords() {
		if strings.Contains(strings.ToLower(n.CommonName), i.commonName) {
			return &i
		}
	}
	return nil
}

func beginsLike(s, start string) bool {
	return len(s) >= len(start) && strings.EqualFold(s[:len(start)], start)
}
