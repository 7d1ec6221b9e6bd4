package chain

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/internal/dn"
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
	const kaspersky = "Kaspersky, encrypted connections: https://support.kaspersky.com/common/windows/11239"
	return []interceptor{
		{"AdGuard", true, "Adguard Personal CA", "", "https://adguard.com/kb/general/https-filtering/what-is-https-filtering/"},
		{"Avast Antivirus", true, "avast! Web/Mail Shield", "", byChromium},
		{"Avast Antivirus", true, "Avast Web/Mail Shield", "", byReports},
		{"AVG Antivirus", true, "AVG Web/Mail Shield", "", byReports},
		{"Avira", true, "Avira Web/Mail Shield", "", byReports},
		{"BullGuard", true, "BullGuard SSL Proxy CA", "", byReports},
		{"Norton Antivirus", true, "Norton Web/Mail Shield", "", byReports},
		{"Bitdefender", true, "Bitdefender Personal CA", "", byChromium},
		{"ESET", true, "ESET SSL Filter CA", "", "https://github.com/the-last-byte/ESET-NPM-Breakage-Fix and https://forum.eset.com/topic/40702, users' reports"},
		{"ESET", true, "", "ESET, spol. s r. o.", byReports},
		{"Kaspersky", true, "Kaspersky Anti-Virus Personal Root", "", byChromium},
		{"Kaspersky", true, "Kaspersky Endpoint Security Personal Root", "", kaspersky},
		{"Kaspersky", true, "Kaspersky Web Anti-Virus", "", kaspersky},
		{"Kaspersky", true, "", "AO Kaspersky Lab", kaspersky},
		{"Superfish", true, "Superfish, Inc.", "", "US-CERT TA15-051A: https://www.cisa.gov/news-events/alerts/2015/02/20/lenovo-superfish-adware-vulnerable-https-spoofing"},
		{"Burp Suite", true, "PortSwigger CA", "", "https://portswigger.net/burp/documentation/desktop/tools/proxy/manage-certificates"},
		{"Charles Proxy", true, "Charles Proxy CA", "", "https://www.charlesproxy.com/documentation/using-charles/ssl-certificates/"},
		{"Charles Proxy", true, "", "XK72 Ltd", "https://www.charlesproxy.com/documentation/using-charles/ssl-certificates/"},
		{"Fiddler", true, "DO_NOT_TRUST_FiddlerRoot", "", "https://docs.telerik.com/fiddler/configure-fiddler/tasks/trustfiddlerrootcert"},
		{"Fiddler", true, "Fiddler Root Certificate Authority", "", "https://docs.telerik.com/fiddler-everywhere"},
		{"HTTP Toolkit", true, "HTTP Toolkit CA", "", "https://httptoolkit.com/docs/"},
		{"mitmproxy", true, "mitmproxy", "", "https://docs.mitmproxy.org/stable/concepts/certificates/"},
		{"Proxyman", true, "Proxyman CA", "", "https://docs.proxyman.com"},
		{"OWASP ZAP", true, "OWASP Zed Attack Proxy Root CA", "", "https://www.zaproxy.org/docs/desktop/addons/network/options/servercertificates/"},
		{"OWASP ZAP", true, "ZAP Root CA", "", "https://www.zaproxy.org/docs/desktop/addons/network/options/servercertificates/"},
		{"Barracuda", false, "", "Barracuda Networks", byReports},
		{"Cato Networks", false, "Cato Networks", "", byReports},
		{"Check Point", false, "Check Point", "", byReports},
		{"Cisco Umbrella", false, "Cisco Umbrella Root CA", "Cisco", byChromium},
		{"Cisco Umbrella", false, "Cisco Umbrella Primary SubCA", "Cisco", byChromium},
		{"Cisco Umbrella", false, "Cisco Umbrella Secondary SubCA", "Cisco", byReports},
		{"Cloudflare Gateway", false, "Gateway CA - Cloudflare Managed", "", "https://developers.cloudflare.com/cloudflare-one/connections/connect-devices/user-side-certificates/"},
		{"Cloudflare Gateway", false, "Cloudflare for Teams ECC Certificate Authority", "", "https://developers.cloudflare.com/cloudflare-one/connections/connect-devices/user-side-certificates/"},
		{"ContentKeeper", false, "ContentKeeper Appliance CA (", "ContentKeeper Technologies", byChromium},
		{"Cyberoam", false, "", "Cyberoam Certificate Authority", byChromium},
		{"Cyberoam", false, "Cyberoam SSL CA", "", byReports},
		{"Forcepoint", false, "Forcepoint Cloud CA", "Forcepoint LLC", byChromium},
		{"Forcepoint", false, "", "Websense, Inc", byReports},
		{"FortiGate", false, "", "Fortinet", byChromium + "; https://community.fortinet.com/t5/FortiCache/How-to-Regenerate-the-Fortinet-CA-SSLProxy-CA-certificate-used/ta-p/198478"},
		{"FortiGate", false, "FortiGate CA", "", byReports},
		{"FortiGate", false, "Fortinet_CA_", "", byReports},
		{"FortiGate", false, "Fortinet Untrusted CA", "", byReports},
		{"McAfee Web Gateway", false, "McAfee Web Gateway", "", byChromium},
		{"Netskope", false, "", "Netskope", "https://docs.netskope.com/en/certificates/"},
		{"NetSpark", false, "www.netspark.com", "NetSpark", byChromium},
		{"Palo Alto Networks", false, "", "Palo Alto Networks", byReports},
		{"Smoothwall", false, "Smoothwall-default-root-certificate-authority", "", byChromium},
		{"SonicWall", false, "", "HTTPS Management Certificate for SonicWALL", byChromium},
		{"SonicWall", false, "SonicWALL Firewall DPI-SSL", "", "https://www.sonicwall.com/support/knowledge-base"},
		{"Sophos", false, "Sophos SSL CA_", "Sophos", byChromium},
		{"Sophos", false, "Sophos_CA_", "", byChromium},
		{"Sophos", false, "SecurityAppliance_SSL_CA", "", "https://docs.sophos.com/nsg/sophos-firewall/latest/help/en-us/webhelp/onlinehelp/"},
		{"Sophos UTM", false, "sophosutm Proxy CA", "sophosutm", byChromium},
		{"Sophos Web Appliance", false, "Sophos Web Appliance", "Sophos Plc", byChromium},
		{"Symantec Blue Coat", false, "", "Blue Coat", byChromium},
		{"Trend Micro IWSS", false, "IWSS.TREND", "", byChromium},
		{"Untangle", false, "", "Untangle", "https://wiki.edge.arista.com/index.php/SSL_Inspector"},
		{"WatchGuard", false, "Fireware HTTPS Proxy", "", "https://www.watchguard.com/help/docs/help-center/en-us/Content/en-US/Fireware/certificates/cert_https_proxy_resign_c.html"},
		{"WatchGuard", false, "", "WatchGuard", byReports},
		{"Zscaler", false, "", "Zscaler", byChromium},
		{"Zscaler", false, "Zscaler ", "", "https://help.zscaler.com/zia/about-ssl-tls-inspection"},
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
		{"ssl proxy", false}, {"https proxy", false}, {"ssl filter", true}, {"ssl forward proxy", false}, {"dpi-ssl", false}, {"web filter", false},
		{"goskope.com", false},
	} {
		out = append(out, interceptor{local: w.local, commonName: w.words, source: "by its own name"})
	}
	return out
}

// intercepting returns who is likely to have signed a path in the server's place, nil when
// nobody's name says so.
func intercepting(p path) (*interceptor, *pkix.Name) {
	known, telling := interceptors(), tellingWords()
	for _, c := range p.certs {
		for _, name := range namesAbove(c) {
			if i := interceptorAmong(known, telling, name); i != nil {
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

// interceptorNamed returns the interceptor that an issuer's name is known of, nil where there is none.
func interceptorNamed(n *pkix.Name) *interceptor {
	return interceptorAmong(interceptors(), tellingWords(), n)
}

func interceptorAmong(known, telling []interceptor, n *pkix.Name) *interceptor {
	organization := strings.Join(n.Organization, " ")
	for at, i := range known {
		if beginsLike(n.CommonName, i.commonName) && beginsLike(organization, i.organization) {
			return &known[at]
		}
	}
	for at, i := range telling {
		if strings.Contains(strings.ToLower(n.CommonName), i.commonName) {
			return &telling[at]
		}
	}
	return nil
}

// Interceptor says who opens connections, by the words of an issuer's name, in any of the notations
// that tools print. The product is empty where only the kind can be told. onDevice says that it runs
// on the device itself. A name proves nothing.
func Interceptor(issuer string) (product string, onDevice, ok bool) {
	n := dn.Read(issuer)
	name := &pkix.Name{CommonName: n.CommonName, Organization: []string{n.Organization}}
	i := interceptorNamed(name)
	if i == nil && n.Organization == "" { // not said: the Common Name alone
		i = interceptorCalled(n.CommonName)
	}
	if i == nil {
		return "", false, false
	}
	return i.product, i.local, true
}

// interceptorCalled returns the interceptor with such a Common Name, whatever its organisation.
func interceptorCalled(commonName string) *interceptor {
	for _, i := range interceptors() {
		if i.commonName != "" && beginsLike(commonName, i.commonName) {
			return &i
		}
	}
	return nil
}

func beginsLike(s, start string) bool {
	return len(s) >= len(start) && strings.EqualFold(s[:len(start)], start)
}
