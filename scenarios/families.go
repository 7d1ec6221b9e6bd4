package scenarios

import "slices"

// Families returns the families in the order of the catalogue.
func Families() []Family {
	return []Family{Controls, Trust, Names, Time, Keys, Usage, Revoking, Protocol, StartTLS, Settings, Network,
		Portal, Published, LifeCycle}
}

// Valid reports whether f is one of Families.
func (f Family) Valid() bool { return slices.Contains(Families(), f) }

// Introduction says what somebody who has never heard of the family should know first.
func (f Family) Introduction() string { return introductions()[f] }

func introductions() map[Family]string {
	return map[Family]string{
		Controls:  "Accounts with nothing wrong. Whoever finds a fault here is wrong himself, so every lesson and every test begins with them.",
		Trust:     "A certificate is believed because somebody vouches for it: the server's is signed by an intermediate, that one by a root, and the root is on the device. Here a link of that chain is missing, wrong, or leads nowhere.",
		Names:     "A certificate says for which names it holds. Here it is sound, and for somebody else than the account connects to.",
		Time:      "Every certificate has a first and a last day, and so have those above it.",
		Keys:      "Keys can be too short, signatures made with methods that have been broken, and the key on the server can belong to another certificate.",
		Usage:     "A certificate says what it may be used for. Here that is something else than proving who a mail server is.",
		Revoking:  "A CA can withdraw a certificate before its last day. It says so in a list, or answers when asked, or has the server bring the answer along.",
		Protocol:  "Both sides must agree on a version of TLS and on a cipher before any certificate is looked at.",
		StartTLS:  "On three ports a connection begins readable and is encrypted on request. That request is where things go wrong, by mistake or on purpose.",
		Settings:  "The server is in order, and the account on the device does not fit it; or two lines of a configuration were mixed up.",
		Network:   "Nothing of TLS is ever seen, because the connection does not come about.",
		Portal:    "Something in between answers in the server's place: a hotspot, an antivirus program, a company's proxy.",
		Published: "A mail program can set itself up from what the domain publishes. Here that is wrong, or comes from a server that does not prove its name.",
		LifeCycle: "Servers as years of neglect leave them: several faults at once, or one that comes and goes.",
	}
}
