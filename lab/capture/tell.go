package capture

import "fmt"

// tell says what was read of a session and what was not, a sentence each.
func (s Session) tell() (read, not []string) {
	if !s.Connected && len(s.Chain)+len(s.Listed) == 0 {
		return nil, nil
	}
	leaf := s.Leaf()
	described := leaf.Subject != "" || !leaf.NotAfter.IsZero() || len(leaf.Names) > 0
	switch {
	case s.Settings.Host != "":
		what := "the server " + clip(s.Settings.Host)
		if s.Settings.Port != 0 {
			what += fmt.Sprintf(", port %d", s.Settings.Port)
		}
		if s.Upgraded {
			what += ", with STARTTLS"
		}
		read = append(read, what)
	case len(s.Chain) > 0 || described:
		not = append(not, "which server it was: without its name the certificate's names are not judged")
	}
	switch {
	case len(s.Chain) > 0 && s.Whole:
		read = append(read, count(len(s.Chain), "certificate")+", as sent by the server")
	case len(s.Chain) > 0:
		read = append(read, "the server's own certificate")
		not = append(not, "the certificates that the server sent with it: -showcerts shows them, and without them the chain is not judged")
	case described:
		until := ""
		if !leaf.NotAfter.IsZero() {
			until = " (valid until " + leaf.NotAfter.Format("2 January 2006 15:04 UTC") + ")"
		}
		read = append(read, "what "+string(s.Tool)+" says of the server's certificate"+until)
		not = append(not, "the certificate itself, which "+string(s.Tool)+" did not show: its purpose, keys and chain are not judged, only what it says")
	}
	return read, not
}
