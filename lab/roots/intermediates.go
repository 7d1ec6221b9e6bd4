package roots

import (
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/internal/dn"
)

// An issuer are intermediates of a public CA, by the names that it gives them.
type issuer struct {
	organization string // of the subject, as plain words
	// commonNames is how their Common Names begin, as plain words. None means that all that bears
	// the organisation is an issuer of public certificates.
	commonNames []string
	source      string
}

// issuers are the public intermediates that mail servers are found under. A CA makes new ones every
// year or so, and numbers them: what is held fast is how it names them. Names that a private CA of
// the same company could bear are no row.
func issuers() []issuer {
	return []issuer{
		{"let's encrypt", nil, "https://letsencrypt.org/certificates/"},
		{"isrg", []string{"root y"}, "https://letsencrypt.org/certificates/"}, // cross-signed by ISRG Root X1 and X2
		{"google trust services", nil, "https://pki.goog/repository/"},
		{"google trust services llc", nil, "https://pki.goog/repository/"},
		{"zerossl", nil, "https://zerossl.com"},
		{"zerossl gmbh", nil, "https://zerossl.com"},
		{"sectigo limited", []string{"sectigo rsa", "sectigo ecc", "sectigo public server authentication"}, "https://www.sectigo.com/knowledge-base/detail/Sectigo-Intermediate-Certificates/kA01N000000rfBO"},
		{"comodo ca limited", []string{"comodo rsa", "comodo ecc", "comodo high-assurance", "positivessl ca", "essentialssl ca"}, "https://www.sectigo.com/knowledge-base"},
		{"the usertrust network", []string{"usertrust rsa", "usertrust ecc"}, "https://www.sectigo.com/knowledge-base"},
		{"cpanel inc", []string{"cpanel"}, "https://docs.cpanel.net/whm/ssl-tls/manage-autossl/"},
		{"cpanel llc", []string{"cpanel"}, "https://docs.cpanel.net/whm/ssl-tls/manage-autossl/"},
		{"gandi", []string{"gandi"}, "https://docs.gandi.net/en/ssl/"},
		{"gandi sas", []string{"gandi"}, "https://docs.gandi.net/en/ssl/"},
		{"geant vereniging", []string{"geant"}, "https://wiki.geant.org/display/TCSNT"},
		{"hellenic academic and research institutions ca", nil, "https://repo.harica.gr"},
		{"greek universities network (gunet)", []string{"harica"}, "https://repo.harica.gr"},
		{"network solutions l l c", []string{"network solutions"}, "https://www.networksolutions.com"},
		{"trustasia technologies inc", []string{"trustasia"}, "https://www.trustasia.com"},
		{"digicert inc", []string{"digicert", "geotrust", "rapidssl", "thawte", "encryption everywhere", "secure site"}, "https://www.digicert.com/kb/digicert-root-certificates.htm"},
		{"digicert ireland limited", []string{"digicert"}, "https://www.digicert.com/kb/digicert-root-certificates.htm"},
		{"quovadis limited", []string{"quovadis global ssl", "quovadis ev ssl"}, "https://www.digicert.com/kb/digicert-root-certificates.htm"},
		{"quovadis trustlink b v", []string{"quovadis"}, "https://www.digicert.com/kb/digicert-root-certificates.htm"},
		{"globalsign nv-sa", []string{"globalsign", "alphassl"}, "https://support.globalsign.com/ca-certificates/intermediate-certificates"},
		{"globalsign", []string{"globalsign"}, "https://support.globalsign.com/ca-certificates/intermediate-certificates"},
		{"godaddy com inc", []string{"go daddy secure certificate authority", "godaddy"}, "https://certs.godaddy.com/repository"},
		{"starfield technologies inc", []string{"starfield secure certificate authority"}, "https://certs.godaddy.com/repository"},
		{"amazon", []string{"amazon rsa 2048 m", "amazon rsa 4096 m", "amazon ecdsa 256 m", "amazon ecdsa 384 m"}, "https://www.amazontrust.com/repository/"},
		{"microsoft corporation", []string{"microsoft azure", "microsoft rsa tls", "microsoft ecc tls", "microsoft tls", "microsoft it tls", "microsoft public rsa"}, "https://www.microsoft.com/pkiops/docs/repository.htm"},
		{"apple inc", []string{"apple public server", "apple public ev server", "apple ist ca"}, "https://www.apple.com/certificateauthority/public/"},
		{"actalis s p a", []string{"actalis"}, "https://www.actalis.com"},
		{"actalis s p a /03358520967", []string{"actalis"}, "https://www.actalis.com"},
		{"buypass as-983163327", []string{"buypass class"}, "https://www.buypass.com/security/buypass-root-certificates"},
		{"ssl corp", nil, "https://www.ssl.com/repository/"},
		{"ssl corporation", nil, "https://www.ssl.com/repository/"},
		{"entrust inc", []string{"entrust"}, "https://www.entrust.com/resources/certificate-solutions/tools/root-certificate-downloads"},
		{"entrust limited", []string{"entrust"}, "https://www.entrust.com/resources/certificate-solutions/tools/root-certificate-downloads"},
		{"affirmtrust", []string{"affirmtrust"}, "https://www.affirmtrust.com"},
		{"unizeto technologies s a", []string{"certum"}, "https://www.certum.eu/en/cert_expertise_root_certificates/"},
		{"asseco data systems s a", []string{"certum"}, "https://www.certum.eu/en/cert_expertise_root_certificates/"},
		{"identrust", []string{"trustid", "identrust", "hydrantid"}, "https://www.identrust.com/support/downloads"},
		{"hydrantid (avalanche cloud corporation)", []string{"hydrantid"}, "https://www.hydrantid.com"},
		{"swisssign ag", []string{"swisssign"}, "https://www.swisssign.com"},
		{"telia finland oyj", []string{"telia"}, "https://cps.trust.telia.com"},
		{"telia company ab", []string{"telia"}, "https://cps.trust.telia.com"},
		{"d-trust gmbh", []string{"d-trust ssl", "d-trust ev", "d-trust br", "d-trust ca 2"}, "https://www.d-trust.net"},
		{"deutsche telekom security gmbh", []string{"telekom security serverid", "telekom security dv", "telekom security ov", "telekom security ev", "telesec serverpass"}, "https://www.telesec.de"},
		{"t-systems international gmbh", []string{"telesec serverpass"}, "https://www.telesec.de"},
		{"t-systems enterprise services gmbh", []string{"t-telesec"}, "https://www.telesec.de"},
		{"verein zur foerderung eines deutschen forschungsnetzes e v", []string{"dfn-verein"}, "https://www.pki.dfn.de"},
		{"atos", []string{"atos trustedroot server"}, "https://pki.atos.net"},
		{"e-szigno", []string{"e-szigno"}, "https://e-szigno.hu"},
		{"microsec ltd", []string{"e-szigno"}, "https://e-szigno.hu"},
		{"dhimyotis", []string{"certigna"}, "https://www.certigna.com"},
		{"certsign sa", []string{"certsign"}, "https://www.certsign.ro"},
		{"emudhra technologies limited", []string{"emsign ssl", "emsign ev"}, "https://www.emsign.com"},
		{"cybertrust japan co ltd", []string{"cybertrust japan", "suretrust"}, "https://www.cybertrust.ne.jp"},
		{"secom trust systems co ltd", []string{"secom passport", "nii open domain", "fuji ssl"}, "https://repository.secomtrust.net"},
		{"taiwan-ca", []string{"twca"}, "https://www.twca.com.tw"},
		{"taiwan-ca inc", []string{"twca"}, "https://www.twca.com.tw"},
		{"chunghwa telecom co ltd", []string{"public certification authority", "hipki ov", "hipki ev", "hipki dv"}, "https://eca.hinet.net"},
		{"wotrus ca limited", []string{"wotrus"}, "https://www.wotrus.com"},
		{"xin net technology corp", []string{"xinnet"}, "https://www.sectigo.com/knowledge-base"},
		{"home pl s a", []string{"certyfikatssl"}, "https://home.pl"},
		{"nazwa pl sp z o o", []string{"nazwassl"}, "https://www.nazwa.pl"},
		{"corporation service company", []string{"corporation service company", "trusted secure certificate authority"}, "https://www.cscglobal.com"},
		{"symantec corporation", []string{"symantec class 3"}, "Chrome's plan to distrust Symantec certificates: https://security.googleblog.com/2017/09/chromes-plan-to-distrust-symantec.html"},
		{"geotrust inc", []string{"geotrust", "rapidssl"}, "Chrome's plan to distrust Symantec certificates: https://security.googleblog.com/2017/09/chromes-plan-to-distrust-symantec.html"},
		{"thawte inc", []string{"thawte"}, "Chrome's plan to distrust Symantec certificates: https://security.googleblog.com/2017/09/chromes-plan-to-distrust-symantec.html"},
		{"verisign inc", []string{"verisign class 3"}, "Chrome's plan to distrust Symantec certificates: https://security.googleblog.com/2017/09/chromes-plan-to-distrust-symantec.html"},
		{"startcom ltd", []string{"startcom class"}, "Mozilla on WoSign and StartCom: https://blog.mozilla.org/security/2016/10/24/distrusting-new-wosign-and-startcom-certificates/"},
		{"wosign ca limited", []string{"wosign"}, "Mozilla on WoSign and StartCom: https://blog.mozilla.org/security/2016/10/24/distrusting-new-wosign-and-startcom-certificates/"},
	}
}

// leastTelling is the length from which on the beginning of a Common Name is taken for a public
// CA's where no organisation is said: "R12" is anybody's, "Sectigo RSA Domain Validation …" is not.
const leastTelling = 10

// intermediateNamed reports whether the words are those of a public intermediate.
func intermediateNamed(n dn.Name) bool {
	organization, commonName := plain(n.Organization), plain(n.CommonName)
	for _, i := range issuers() {
		if organization == i.organization && i.commonNames == nil {
			return true
		}
		for _, start := range i.commonNames {
			told := organization == i.organization || organization == "" && len(start) >= leastTelling
			if told && strings.HasPrefix(commonName, start) {
				return true
			}
		}
	}
	return organization == "" && strings.HasPrefix(commonName, "let's encrypt authority x")
}
