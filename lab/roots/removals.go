package roots

import (
	"time"

	"github.com/mailtlslab/mailtlslab/lab/chain"
)

// Removals returns roots that mail servers may still be found under, and that devices no longer come
// with. What a programme accepts in part is no entry here: the built-in bundle says so itself, by a
// constraint.
func Removals() []chain.Removal {
	out := []chain.Removal{
		{Name: "DigiNotar Root CA", KeyID: "8868bfe08e35c43b386b62f7283b8481c80cd74d", Since: time.Date(2011, 8, 29, 0, 0, 0, 0, time.UTC),
			Source: "Mozilla on DigiNotar: https://blog.mozilla.org/security/2011/08/29/fraudulent-google-com-certificate/"},
	}
	for r, der := range retired() {
		out = append(out, chain.Removal{Name: r.name, Since: r.since, Expired: r.source == expired, Source: r.source, Certificate: der})
	}
	return out
}
