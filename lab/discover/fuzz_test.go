package discover

import (
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// Whatever a web server sends, what comes of it can be dialled and printed, and is not much.
func FuzzDocuments(f *testing.F) {
	f.Add([]byte(healthy))
	f.Add([]byte(outlook))
	f.Add([]byte(`<!DOCTYPE x [<!ENTITY a "b">]><clientConfig>&a;</clientConfig>`))
	f.Add([]byte("<Autodiscover><Response><Account><Protocol><Type>IMAP</Type><Server>%00</Server></Protocol></Account></Response></Autodiscover>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		read := func(all []account.Settings, err error) {
			if err != nil && len(all) > 0 || len(all) > maxSettings {
				t.Errorf("%d settings, and %v", len(all), err)
			}
			for _, s := range all {
				if err := check(s); err != nil || !s.Endpoint.Valid() || !s.Mode.Valid() {
					t.Errorf("%+v: %v", s, err)
				}
			}
		}
		read(readAutoconfig(data, "lab.test"))
		read(readAutodiscover(data))
	})
}
