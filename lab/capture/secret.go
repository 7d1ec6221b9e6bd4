package capture

import "strings"

// secrets find a password where a program or a configuration writes one. Prose that speaks of
// passwords has none.
var secrets = []pattern{
	lazily(`(?i)(\bAUTH(?:ENTICATE)? (?:PLAIN|LOGIN|XOAUTH2|OAUTHBEARER) )([A-Za-z0-9+/=]{8,})`),
	lazily(`(^|> |C: )(PASS \S{3,}$)`),
	lazily(`(\b[A-Za-z0-9.]{1,16} LOGIN "?[^\s"]+"? )("[^"]+"|\S+)`),
	lazily(`(?i)([\w.-]*(?:pass(?:word|wd|phrase|wort)?|kennwort|wachtwoord|contraseña|mot de passe)["']?\s*=\s*["']?)([^\s"',;&<>]+)`),
	lazily(`(?i)(["'][\w.-]*pass(?:word|wd|phrase)?["']\s*:\s*["'])([^"']+)`),
	lazily(`(?i)(^[\w.-]*pass(?:word|wd|phrase)?: )(\S+)$`),
	lazily(`(://[^\s/:@]+:)([^\s/@]+)@`),
	lazily(`((?:-u|--user|-au|--auth-user|-ap|--auth-password)[ =]["']?[^\s:"']+:)([^\s"']+)`),
	lazily(`((?:-ap|--auth-password|--password)[ =]["']?)([^\s"']+)`),
	lazily(`(?i)((?:password|passwort|kennwort|wachtwoord|contraseña) (?:is|ist|lautet|es|:) ?["'“„]?)(\S*[0-9!?#$%&*]\S*)`),
	lazily(`(?i)(\blogin\(\s*["'][^"']+["']\s*,\s*["'])([^"']+)`),
	lazily(`(?i)(Bearer )([A-Za-z0-9._~+/-]{16,}=*)`),
}

// redacted takes passwords out of what is quoted.
func redacted(s string) string {
	for _, r := range secrets {
		s = r.without(s, "$1…")
	}
	return s
}

// maxWords is the most bytes of a program's words that are kept: a whole sentence of a dialog.
const maxWords = 400

// words is what is kept of a program's words: without passwords, and bounded.
func words(s string) string {
	s = strings.TrimSpace(redacted(s))
	if len(s) <= maxWords {
		return strings.ToValidUTF8(s, "�")
	}
	return strings.ToValidUTF8(s[:maxWords], "") + "…"
}

// hasSecret reports whether a password is in a line.
func hasSecret(s string) bool {
	if !secretHint.in(s) {
		return false
	}
	for _, r := range secrets {
		if m := r.find(s); m != nil && !placeholder.in(m[2]) {
			return true
		}
	}
	return false
}

var (
	secretHint  = lazily(`(?i)pass|auth|login|://|-u |bearer|-ap|kennwort|wachtwoord|contrase|mot de`)
	placeholder = lazily(`(?i)^["'<{$%*x.…]|^(?:secret|password|passwd|xxx+|\*+|hidden|redacted|changeme|yes|no|true|false|null|none|prompt)["']?$`)
)
