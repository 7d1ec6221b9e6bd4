package remedy

import (
	"fmt"
	"slices"

	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// besides puts the file that another port of the same host uses already before any new certificate:
// what another code's advice says of ordering one is left out, and how a file is put in place stays.
func (a Advice) besides(f finding.Finding, chosen []action.Action) Advice {
	port := 0
	for _, c := range chosen {
		if c.Kind == action.SharePair {
			port = c.Port
		}
	}
	missing := f.Code == finding.MissingIntermediate && f.Facts.Beside > 0
	switch {
	case port > 0:
		a.Short.Admin = fmt.Sprintf("Have this service use the certificate and key files that port %d already uses, and reload it.", port)
		a.Short.You = "Nothing on the device needs changing: tell the provider that another port of {host} has the right certificate."
		a.Short.Device = Nothing
		a.Admin = slices.DeleteFunc(a.Admin, func(s Steps) bool { return s.Procedure.Task != InstallPair && s.Procedure.Task != Reload })
		if left := slices.DeleteFunc(slices.Clone(a.User), func(s Steps) bool { return s.Effect != "" && s.Effect != Nothing && s.Effect != Meanwhile }); len(left) > 0 {
			a.User = left
		}
	case missing:
		port = f.Facts.Beside
		a.Short.Admin = fmt.Sprintf("Have this service use the file that port %d already uses, which has the full chain, and reload it.", port)
	default:
		return a
	}
	a.Short.Server = Change
	a.Admin = append([]Steps{{
		For:    "any server",
		Effect: Change,
		Steps: []string{
			fmt.Sprintf("Look up in the configuration of the service on port %d which certificate and key files it uses.", port),
			"Name the same files for the service at fault, and reload it. No new certificate is needed.",
		},
		Known: Known{How: Inference},
	}}, a.Admin...)
	return a
}
