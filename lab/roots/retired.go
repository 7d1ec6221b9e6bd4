package roots

import (
	_ "embed"
	"encoding/asn1"
	"iter"
	"time"
)

// retiredDER are the certificates of the roots below, one behind the other in the same order, as
// Mozilla's root list had them (published under MPL 2.0).
//
//go:embed retired.der
var retiredDER string

// A retirement is a root that devices were sold with, and no longer are.
type retirement struct {
	name   string    // of the root: its Common Name, or what it has instead
	since  time.Time // the day on which it is known to be gone; it may have gone a little earlier
	source string
}

// expired is the source of a root that no programme took away: its own last day did.
const expired = "its own dates"

// retirements are in the order of their dates, which is the order of retiredDER. They are the roots
// for servers that Mozilla's list had in 2016 or later and has no longer, with the day of the first
// list, or of the first announcement, without them.
func retirements() []retirement {
	const (
		debian = "Debian's ca-certificates, changelog of "

		wosign         = "Mozilla on WoSign and StartCom: https://blog.mozilla.org/security/2016/10/24/distrusting-new-wosign-and-startcom-certificates/"
		bundle2018     = "in Mozilla's list of September 2016, and not in that of January 2018: https://github.com/certifi/gocertifi"
		symantec       = "Chrome's plan to distrust Symantec certificates: https://security.googleblog.com/2017/09/chromes-plan-to-distrust-symantec.html"
		debian2020     = debian + "20200601, Mozilla's list 2.40: https://tracker.debian.org/pkg/ca-certificates"
		debian2021     = debian + "20210119, Mozilla's list 2.46: https://tracker.debian.org/pkg/ca-certificates"
		debian2021late = debian + "20211004, Mozilla's list 2.50: https://tracker.debian.org/pkg/ca-certificates"
		debian2023     = debian + "20230311, Mozilla's list 2.60: https://tracker.debian.org/pkg/ca-certificates"
		debian2024     = debian + "20240203, Mozilla's list 2.64: https://tracker.debian.org/pkg/ca-certificates"
		debian2025     = debian + "20250419, Mozilla's list 2.74: https://tracker.debian.org/pkg/ca-certificates"
		debian2026     = debian + "20250419~deb12u2: https://tracker.debian.org/pkg/ca-certificates"
		lifecycles     = "Mozilla's schedule for old roots: https://wiki.mozilla.org/CA/Root_CA_Lifecycles"
		bundle2026     = "in Mozilla's list of April 2025, and not in that of October 2026: https://pkg.go.dev/golang.org/x/crypto/x509roots/fallback"
	)
	on := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	return []retirement{
		{"Buypass Class 2 CA 1", on(2016, 10, 13), expired},
		{"CA WoSign ECC Root", on(2016, 10, 21), wosign},
		{"CA 沃通根证书", on(2016, 10, 21), wosign},
		{"Certification Authority of WoSign G2", on(2016, 10, 21), wosign},
		{"Certification Authority of WoSign", on(2016, 10, 21), wosign},
		{"StartCom Certification Authority G2", on(2016, 10, 21), wosign},
		{"StartCom Certification Authority", on(2016, 10, 21), wosign},
		{"StartCom Certification Authority", on(2016, 10, 21), wosign},
		{"Microsec e-Szigno Root CA", on(2017, 4, 6), expired},
		{"TÜBİTAK UEKAE Kök Sertifika Hizmet Sağlayıcısı - Sürüm 3", on(2017, 8, 21), expired},
		{"DST ACES CA X6", on(2017, 11, 20), expired},
		{"ApplicationCA", on(2017, 12, 12), expired},
		{"TÜRKTRUST Elektronik Sertifika Hizmet Sağlayıcısı", on(2017, 12, 22), expired},
		{"ACEDICOM Root", on(2018, 1, 18), bundle2018},
		{"AddTrust Class 1 CA Root", on(2018, 1, 18), bundle2018},
		{"AddTrust Public CA Root", on(2018, 1, 18), bundle2018},
		{"AddTrust Qualified CA Root", on(2018, 1, 18), bundle2018},
		{"CA Disig Root R1", on(2018, 1, 18), bundle2018},
		{"CNNIC ROOT", on(2018, 1, 18), bundle2018},
		{"Certinomis - Autorité Racine", on(2018, 1, 18), bundle2018},
		{"Certum CA", on(2018, 1, 18), bundle2018},
		{"Chambers of Commerce Root", on(2018, 1, 18), bundle2018},
		{"China Internet Network Information Center EV Certificates Root", on(2018, 1, 18), bundle2018},
		{"GeoTrust Global CA 2", on(2018, 1, 18), bundle2018},
		{"Global Chambersign Root", on(2018, 1, 18), bundle2018},
		{"PSCProcert", on(2018, 1, 18), bundle2018},
		{"Root CA Generalitat Valenciana", on(2018, 1, 18), bundle2018},
		{"Secure Certificate Services", on(2018, 1, 18), bundle2018},
		{"Swisscom Root CA 1", on(2018, 1, 18), bundle2018},
		{"Swisscom Root CA 2", on(2018, 1, 18), bundle2018},
		{"Swisscom Root EV CA 2", on(2018, 1, 18), bundle2018},
		{"Trusted Certificate Services", on(2018, 1, 18), bundle2018},
		{"TÜRKTRUST Elektronik Sertifika Hizmet Sağlayıcısı H6", on(2018, 1, 18), bundle2018},
		{"UTN-USERFirst-Hardware", on(2018, 1, 18), bundle2018},
		{"WellsSecure Public Root Certificate Authority", on(2018, 1, 18), bundle2018},
		{"RSA Security 2048 V3", on(2018, 1, 18), bundle2018},
		{"Security Communication EV RootCA1", on(2018, 1, 18), bundle2018},
		{"GeoTrust Global CA", on(2018, 10, 23), symantec},
		{"GeoTrust Primary Certification Authority - G2", on(2018, 10, 23), symantec},
		{"GeoTrust Primary Certification Authority - G3", on(2018, 10, 23), symantec},
		{"GeoTrust Primary Certification Authority", on(2018, 10, 23), symantec},
		{"GeoTrust Universal CA 2", on(2018, 10, 23), symantec},
		{"GeoTrust Universal CA", on(2018, 10, 23), symantec},
		{"VeriSign Class 3 Public Primary Certification Authority - G3", on(2018, 10, 23), symantec},
		{"VeriSign Class 3 Public Primary Certification Authority - G4", on(2018, 10, 23), symantec},
		{"VeriSign Class 3 Public Primary Certification Authority - G5", on(2018, 10, 23), symantec},
		{"VeriSign Universal Root Certification Authority", on(2018, 10, 23), symantec},
		{"thawte Primary Root CA - G2", on(2018, 10, 23), symantec},
		{"thawte Primary Root CA - G3", on(2018, 10, 23), symantec},
		{"thawte Primary Root CA", on(2018, 10, 23), symantec},
		{"Class 2 Primary CA", on(2019, 7, 6), expired},
		{"Deutsche Telekom Root CA 2", on(2019, 7, 9), expired},
		{"Staat der Nederlanden Root CA - G2", on(2020, 3, 25), expired},
		{"AddTrust External CA Root", on(2020, 5, 30), expired},
		{"Certinomis - Root CA", on(2020, 6, 1), debian2020},
		{"Certplus Root CA G1", on(2020, 6, 1), debian2020},
		{"Certplus Root CA G2", on(2020, 6, 1), debian2020},
		{"OpenTrust Root CA G1", on(2020, 6, 1), debian2020},
		{"OpenTrust Root CA G2", on(2020, 6, 1), debian2020},
		{"OpenTrust Root CA G3", on(2020, 6, 1), debian2020},
		{"TÜRKTRUST Elektronik Sertifika Hizmet Sağlayıcısı H5", on(2020, 6, 1), debian2020},
		{"Visa eCommerce Root", on(2020, 6, 1), debian2020},
		{"EE Certification Centre Root CA", on(2021, 1, 19), debian2021},
		{"LuxTrust Global Root 2", on(2021, 1, 19), debian2021},
		{"OISTE WISeKey Global Root GA CA", on(2021, 1, 19), debian2021},
		{"Government Root Certification Authority", on(2021, 1, 19), debian2021},
		{"QuoVadis Root Certification Authority", on(2021, 3, 17), expired},
		{"Sonera Class2 CA", on(2021, 4, 6), expired},
		{"DST Root CA X3", on(2021, 9, 30), expired},
		{"Staat der Nederlanden Root CA - G3", on(2021, 10, 7), debian2021late},
		{"Trustis FPS Root CA", on(2021, 10, 7), debian2021late},
		{"Chambers of Commerce Root - 2008", on(2021, 10, 7), debian2021late},
		{"Global Chambersign Root - 2008", on(2021, 10, 7), debian2021late},
		{"Cybertrust Global Root", on(2021, 12, 15), expired},
		{"GlobalSign", on(2021, 12, 15), expired},
		{"Staat der Nederlanden EV Root CA", on(2022, 12, 8), expired},
		{"E-Tugra Certification Authority", on(2023, 3, 3), expired},
		{"Hellenic Academic and Research Institutions RootCA 2011", on(2023, 3, 11), debian2023},
		{"Network Solutions Certificate Authority", on(2023, 3, 11), debian2023},
		{"Hongkong Post Root CA 1", on(2023, 5, 15), expired},
		{"Security Communication RootCA1", on(2023, 9, 30), expired},
		{"E-Tugra Global Root CA ECC v3", on(2024, 2, 4), debian2024},
		{"E-Tugra Global Root CA RSA v3", on(2024, 2, 4), debian2024},
		{"TrustCor ECA-1", on(2024, 2, 4), debian2024},
		{"TrustCor RootCert CA-1", on(2024, 2, 4), debian2024},
		{"TrustCor RootCert CA-2", on(2024, 2, 4), debian2024},
		{"AAA Certificate Services", on(2025, 4, 15), lifecycles},
		{"Baltimore CyberTrust Root", on(2025, 4, 15), lifecycles},
		{"Entrust.net Certification Authority (2048)", on(2025, 4, 15), lifecycles},
		{"GlobalSign Root CA", on(2025, 4, 15), lifecycles},
		{"XRamp Global Certification Authority", on(2025, 4, 15), lifecycles},
		{"Go Daddy Class 2 Certification Authority", on(2025, 4, 15), lifecycles},
		{"Starfield Class 2 Certification Authority", on(2025, 4, 15), lifecycles},
		{"ePKI Root Certification Authority", on(2025, 4, 15), lifecycles},
		{"Entrust Root Certification Authority - G4", on(2025, 4, 19), debian2025},
		{"SecureSign RootCA11", on(2025, 4, 19), debian2025},
		{"Security Communication RootCA3", on(2025, 4, 19), debian2025},
		{"SwissSign Silver CA - G2", on(2025, 4, 19), debian2025},
		{"COMODO Certification Authority", on(2026, 4, 15), lifecycles},
		{"Certigna", on(2026, 4, 15), lifecycles},
		{"DigiCert Assured ID Root CA", on(2026, 4, 15), lifecycles},
		{"DigiCert Global Root CA", on(2026, 4, 15), lifecycles},
		{"DigiCert High Assurance EV Root CA", on(2026, 4, 15), lifecycles},
		{"Entrust Root Certification Authority", on(2026, 4, 15), lifecycles},
		{"QuoVadis Root CA 2", on(2026, 4, 15), lifecycles},
		{"QuoVadis Root CA 3", on(2026, 4, 15), lifecycles},
		{"Secure Global CA", on(2026, 4, 15), lifecycles},
		{"SecureTrust CA", on(2026, 4, 15), lifecycles},
		{"SwissSign Gold CA - G2", on(2026, 4, 15), lifecycles},
		{"TeliaSonera Root CA v1", on(2026, 4, 15), lifecycles},
		{"certSIGN ROOT CA", on(2026, 4, 15), lifecycles},
		{"emSign ECC Root CA - G3", on(2026, 10, 20), debian2026},
		{"AffirmTrust Commercial", on(2026, 10, 30), bundle2026},
		{"AffirmTrust Networking", on(2026, 10, 30), bundle2026},
		{"AffirmTrust Premium ECC", on(2026, 10, 30), bundle2026},
		{"AffirmTrust Premium", on(2026, 10, 30), bundle2026},
		{"Atos TrustedRoot 2011", on(2026, 10, 30), bundle2026},
		{"CommScope Public Trust ECC Root-01", on(2026, 10, 30), bundle2026},
		{"CommScope Public Trust ECC Root-02", on(2026, 10, 30), bundle2026},
		{"CommScope Public Trust RSA Root-01", on(2026, 10, 30), bundle2026},
		{"CommScope Public Trust RSA Root-02", on(2026, 10, 30), bundle2026},
		{"Entrust Root Certification Authority - EC1", on(2026, 10, 30), bundle2026},
		{"Entrust Root Certification Authority - G2", on(2026, 10, 30), bundle2026},
		{"FIRMAPROFESIONAL CA ROOT-A WEB", on(2026, 10, 30), bundle2026},
		{"GLOBALTRUST 2020", on(2026, 10, 30), bundle2026},
		{"GTS Root R2", on(2026, 10, 30), bundle2026},
		{"SecureSign Root CA12", on(2026, 10, 30), bundle2026},
		{"TUBITAK Kamu SM SSL Kok Sertifikasi - Surum 1", on(2026, 10, 30), bundle2026},
		{"Trustwave Global Certification Authority", on(2026, 10, 30), bundle2026},
		{"Trustwave Global ECC P256 Certification Authority", on(2026, 10, 30), bundle2026},
		{"Trustwave Global ECC P384 Certification Authority", on(2026, 10, 30), bundle2026},
		{"emSign ECC Root CA - C3", on(2026, 10, 30), bundle2026},
		{"emSign Root CA - C1", on(2026, 10, 30), bundle2026},
	}
}

// retired returns the roots of retirements, each with its certificate (DER), which is
// not to be changed.
func retired() iter.Seq2[retirement, []byte] {
	return func(yield func(retirement, []byte) bool) {
		rest := []byte(retiredDER)
		for _, r := range retirements() {
			var whole asn1.RawValue
			after, err := asn1.Unmarshal(rest, &whole)
			if err != nil || !yield(r, rest[:len(rest)-len(after)]) {
				return
			}
			rest = after
		}
	}
}
