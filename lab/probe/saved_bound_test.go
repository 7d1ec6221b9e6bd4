package probe

import (
	"strings"
	"testing"
)

// What would become large when it is decoded is not decoded.
func TestSavedIsBoundedBefore(t *testing.T) {
	within := func(list string) []byte {
		return []byte(`{"mailtlslabSurvey":1,"survey":{"observations":[` + list + `]}}`)
	}
	for want, data := range map[string][]byte{
		"objects":        within(strings.Repeat("{},", 200_000) + "{}"),
		"values":         within(`{"resolved":[` + strings.Repeat(`"",`, 200_000) + `""]}`),
		"deep":           []byte(strings.Repeat(`{"survey":`, 100_000)),
		"more than 8192": make([]byte, 9<<20),
	} {
		if _, err := ReadSaved(data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
