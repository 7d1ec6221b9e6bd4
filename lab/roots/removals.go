package roots

import (
	"time"

	"github.com/mailtlslab/mailtlslab/lab/chain"
)

// Removals returns roots that mail servers may still be found under, and that the root programmes
// have removed, by name and key identifier. What a programme accepts in part is no entry here: the
// built-in bundle says so itself, by a constraint.
func Removals() []chain.Removal {
	const (
		symantec = "Chrome's plan to distrust Symantec certificates: https://security.googleblog.com/2017/09/chromes-plan-to-distrust-symantec.html"
		wosign   = "Mozilla on WoSign and StartCom: https://blog.mozilla.org/security/2016/10/24/distrusting-new-wosign-and-startcom-certificates/"
	)
	on := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	return []chain.Removal{
		{Name: "DigiNotar Root CA", KeyID: "8868bfe08e35c43b386b62f7283b8481c80cd74d", Since: on(2011, 8, 29),
			Source: "Mozilla on DigiNotar: https://blog.mozilla.org/security/2011/08/29/fraudulent-google-com-certificate/"},
		{Name: "StartCom Certification Authority", KeyID: "4e0bef1aa4405ba517698730ca346843d041aef2", Since: on(2016, 10, 21), Source: wosign},
		{Name: "Certification Authority of WoSign", KeyID: "e166cf0ed1f1b34bb7062014fe8712d5f6fefb3e", Since: on(2016, 10, 21), Source: wosign},
		{Name: "VeriSign Class 3 Public Primary Certification Authority - G5", KeyID: "7fd365a7c2ddecbbf03009f34339fa02af333133", Since: on(2018, 10, 23), Source: symantec},
		{Name: "GeoTrust Global CA", KeyID: "c07a98688d89fbab05640c117daa7d65b8cacc4e", Since: on(2018, 10, 23), Source: symantec},
	}
}
