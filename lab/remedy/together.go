package remedy

import (
	"slices"
	"strings"
)

// Together returns the advice about several findings of one answer so that no piece of it takes back
// another: where one says what to change on the device, or on the server, "nothing needs changing"
// of another becomes "nothing else needs changing".
func Together(all []Advice) []Advice {
	out := make([]Advice, len(all))
	for i, a := range all {
		out[i] = a.clone()
		others := slices.Concat(all[:i], all[i+1:])
		if slices.ContainsFunc(others, func(b Advice) bool { return alters(b.Short.Device) }) {
			out[i].Short.You, out[i].Short.Device = nothingElse(a.Short.You), rest(a.Short.Device)
			elseIn(out[i].User)
		}
		if slices.ContainsFunc(others, func(b Advice) bool { return alters(b.Short.Server) }) {
			out[i].Short.Admin, out[i].Short.Server = nothingElse(a.Short.Admin), rest(a.Short.Server)
			elseIn(out[i].Admin)
		}
	}
	return out
}

// alters reports whether something is to be changed, or may be.
func alters(e Effect) bool {
	return e == Change || e == Check || e == Meanwhile || e == AcceptRisk
}

func rest(e Effect) Effect {
	if e == Nothing {
		return Rest
	}
	return e
}

func elseIn(all []Steps) {
	for i := range all {
		if all[i].Effect != Nothing {
			continue
		}
		all[i].Effect = Rest
		for j, step := range all[i].Steps {
			all[i].Steps[j] = nothingElse(step)
		}
	}
}

// nothingElse says the same beside other advice. A test holds the texts to these forms.
func nothingElse(s string) string {
	return strings.NewReplacer(
		"othing on the ", "othing else on the ",
		"hange nothing on ", "hange nothing else on ",
		"hange nothing about ", "hange nothing else about ",
		"because nothing there ", "because nothing else there ",
	).Replace(s)
}
