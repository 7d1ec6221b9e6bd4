package integration

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

// A fault is one row of the table: how it is planted, and what must then be found. Nothing here
// reaches the diagnosis.
type fault struct {
	name string
	// chain are the faults of the certificate; none is a healthy one.
	chain []certs.Fault
	// host is the account's server name, where it is not Host.
	host string
	// plant does the deed, with the files of a pair with that chain, and returns what the CA has
	// issued to the server last; nil installs the pair.
	plant func(context.Context, *subject, Pair) (Pair, error)
	// account changes the account and leaves the server alone.
	account func(account.Settings) account.Settings

	wire  want // what the endpoints show
	files want // what server and files show, compared; nil: the same as wire
	pair  want // what the check of the two files finds; nil: nothing
	log   want // what the server's log says; nil: nothing

	// cure are the actions that must be chosen for the server, by product or for all (""), and task
	// how they are carried out where that is not the usual way.
	cure map[string]string
	task remedy.Task
	// device are the actions that the diagnosis offers the person with the device, each of which
	// must be enough.
	device string
	// short has it in the short run, with the race detector.
	short bool
	// not says on which products it cannot be planted, and why.
	not map[string]string
}

// A want is what must be found: by product and endpoint, by product, by endpoint, or by
// everything ("").
type want map[string][]finding.Code

func (w want) on(p Product, e account.Endpoint) []finding.Code {
	for _, key := range []string{p.Name + " " + string(e), p.Name, string(e)} {
		if codes, ok := w[key]; ok {
			return codes
		}
	}
	return w[""]
}

func all(codes ...finding.Code) want { return want{"": codes} }

// but returns w with an exception.
func (w want) but(key string, codes ...finding.Code) want {
	out := maps.Clone(w)
	out[key] = codes
	return out
}

// or returns w, or other where nothing is said of its own.
func (w want) or(other want) want {
	if w == nil {
		return other
	}
	return w
}

func by(kinds string) map[string]string { return map[string]string{"": kinds} }

func (f fault) cures(p Product) string {
	if kinds, ok := f.cure[p.Name]; ok {
		return kinds
	}
	return f.cure[""]
}

const (
	nginx  = "nginx 1.22"
	exim   = "Exim 4.96"
	asRoot = "it opens the key as root, whom no mode keeps out"
)

// notLoaded is what the wire shows where the pair cannot be loaded: nginx refuses to load it, and
// goes on with the old one.
func notLoaded() want { return all(finding.CertificateNotLoaded).but(nginx) }

// faults returns all of them, in the table's order.
func faults() []fault { return slices.Concat(certificateFaults(), pairFaults(), settingFaults()) }

// certificateFaults are those of what the CA issued. Every server presents it as it is.
func certificateFaults() []fault {
	return []fault{
		{name: "expired", short: true, chain: []certs.Fault{certs.Expired(certs.Leaf, 1)}, wire: all(finding.Expired), pair: all(finding.Expired), cure: by("renew-certificate")},
		{name: "not yet valid", chain: []certs.Fault{certs.NotYetValid(certs.Leaf, 2)}, wire: all(finding.NotYetValid), pair: all(finding.NotYetValid), cure: by("renew-certificate")},
		{name: "wrong name", chain: []certs.Fault{certs.Names("other.lab.test")}, wire: all(finding.NameMismatch), pair: all(finding.NameMismatch), cure: by("reissue-for-names"), device: "use-host"},
		{name: "no SAN", chain: []certs.Fault{certs.NoSAN()}, wire: all(finding.NoSAN), pair: all(finding.NoSAN), cure: by("reissue-for-names")},
		{name: "self-signed", chain: []certs.Fault{certs.SelfSigned()}, wire: all(finding.SelfSigned), pair: all(finding.SelfSigned), cure: by("reissue-from-trusted-ca")},
		{name: "missing intermediate", chain: []certs.Fault{certs.OmitIntermediate()}, wire: all(finding.MissingIntermediate), pair: all(finding.MissingIntermediate), cure: by("send-intermediate")},
		{name: "untrusted CA", chain: []certs.Fault{certs.PrivateCA()}, wire: all(finding.IssuerNotTrusted), pair: all(finding.IssuerNotTrusted), cure: by("reissue-from-trusted-ca"), device: "trust-root"},
		{name: "expired intermediate", chain: []certs.Fault{certs.Expired(certs.Intermediate, 1)}, wire: all(finding.IntermediateExpired), pair: all(finding.IntermediateExpired), cure: by("reissue-from-trusted-ca")},
		{name: "wrong purpose", chain: []certs.Fault{certs.ExtKeyUsage("clientAuth")}, wire: all(finding.WrongPurpose), pair: all(finding.WrongPurpose), cure: by("reissue-for-servers")},
	}
}

// pairFaults are those of what became of it on the server.
func pairFaults() []fault {
	return []fault{
		{
			name: "wrong order", plant: wrongOrder, wire: notLoaded(), pair: all(finding.ChainOrder),
			log: all(finding.KeyDoesNotMatch), cure: by("sort-chain"),
		},
		{
			name: "key mismatch", short: true, plant: foreignKey, wire: notLoaded(), pair: all(finding.KeyDoesNotMatch),
			log: all(finding.KeyDoesNotMatch), cure: by("install-matching-key"),
		},
		{
			name: "encrypted key", plant: encryptedKey, wire: notLoaded(), pair: all(finding.KeyEncrypted),
			log: all(finding.KeyEncrypted), cure: by("remove-key-password"),
		},
		{
			// Dovecot does not get past reading its configuration, and keeps the old pair as well.
			name: "key missing", plant: missingKey, wire: notLoaded().but("Dovecot 2.3").but("Dovecot 2.4"), pair: all(finding.KeyMissing),
			log: all(finding.KeyMissing).but(exim, finding.CertificateNotLoaded), cure: by("install-matching-key"),
		},
		{
			name: "certificate missing", plant: missingCertificate, wire: notLoaded().but("Dovecot 2.3").but("Dovecot 2.4"),
			pair: all(finding.CertificateFileMissing).but("Postfix 3.7", finding.KeyMissing).but("Postfix 3.10", finding.KeyMissing),
			log:  all(finding.CertificateFileMissing).but(exim, finding.CertificateNotLoaded).but("Postfix 3.7", finding.KeyMissing).but("Postfix 3.10", finding.KeyMissing),
			cure: map[string]string{"": "install-pair-that-loads", "Postfix 3.7": "install-matching-key", "Postfix 3.10": "install-matching-key"},
		},
		{
			name: "unreadable key", plant: closedKey, wire: notLoaded(), pair: all(finding.KeyUnreadable),
			log: all(finding.CertificateNotLoaded), cure: by("allow-reading-key"),
			not: map[string]string{"Dovecot 2.3": asRoot, "Dovecot 2.4": asRoot, "Postfix 3.7": asRoot, "Postfix 3.10": asRoot, nginx: asRoot},
		},
		{
			name: "renewed, not loaded", chain: []certs.Fault{certs.Expired(certs.Leaf, 1)}, plant: renewedOnly,
			wire: all(finding.Expired), files: all(finding.RenewedNotLoaded), cure: by("reload-mail-services"),
			not: map[string]string{exim: "it loads a changed pair by itself, which has a test of its own"},
		},
	}
}

// settingFaults are those of the server's settings, or of the account's.
func settingFaults() []fault {
	return []fault{
		{
			name: "SNI name missing", host: "mail.second.test", wire: all(finding.NameMismatch), pair: all(finding.NameMismatch), cure: by("reissue-for-names"), task: remedy.AddName,
			not: map[string]string{nginx: "a web server has a server block for each name, which is another remedy"},
		},
		{
			name: "TLS not configured", short: true, plant: tlsOff,
			wire: want{
				"imap": {finding.StartTLSNotOffered}, "pop3": {finding.StartTLSNotOffered}, "submission": {finding.StartTLSNotOffered},
				"imaps": {finding.PortClosed}, "pop3s": {finding.PortClosed}, "submissions": {finding.PortSpeaksPlaintext}, "https": {finding.PortSpeaksPlaintext},
			},
			log:  want{exim: {finding.WrongEncryptionType}}, // of those who began with TLS
			cure: map[string]string{"": "enable-starttls open-port", "Postfix 3.7": "enable-starttls enable-tls-on-port", "Postfix 3.10": "enable-starttls enable-tls-on-port", exim: "enable-starttls enable-tls-on-port", nginx: "enable-tls-on-port"},
		},
		{
			name: "wrong port", plant: implicitOff,
			wire: want{"imaps": {finding.SiblingPortOpen}, "pop3s": {finding.SiblingPortOpen}, "submissions": {finding.SiblingPortOpen}},
			cure: by("open-port"), device: "use-port",
			not: map[string]string{nginx: "https has one port"},
		},
		{
			name: "wrong mode", account: otherMode, wire: all(finding.WrongEncryptionType), device: "use-port", log: want{exim: {finding.WrongEncryptionType}},
			not: map[string]string{nginx: "https has one mode"},
		},
	}
}

// install does what the remedy says with the files of a pair. A server that refuses has been
// given them all the same.
func install(ctx context.Context, s *subject, p Pair) (Pair, error) {
	if err := s.deliver(ctx, p); err != nil {
		return p, err
	}
	return p, s.installDelivered(ctx)
}

func wrongOrder(ctx context.Context, s *subject, p Pair) (Pair, error) {
	certificates := slices.Clone(p.Bundle.Raw)
	slices.Reverse(certificates)
	p.Chain = pemChain(certificates)
	return install(ctx, s, p)
}

func foreignKey(ctx context.Context, s *subject, p Pair) (Pair, error) {
	stranger, err := s.issue(Host)
	if err != nil {
		return p, err
	}
	p.Key = stranger.Key
	return install(ctx, s, p)
}

func encryptedKey(ctx context.Context, s *subject, p Pair) (Pair, error) {
	if err := s.deliver(ctx, p); err != nil {
		return p, err
	}
	if _, err := s.Machine.Run(ctx, newFiles, "openssl pkey -in privkey.pem -aes256 -passout pass:lab -out locked.pem\nmv locked.pem privkey.pem"); err != nil {
		return p, err
	}
	return p, s.installDelivered(ctx)
}

// missingKey forgets the key: as a file that is gone, or as a chain file without one.
func missingKey(ctx context.Context, s *subject, p Pair) (Pair, error) {
	if s.Key == s.Cert {
		p.Key = nil
		return install(ctx, s, p)
	}
	return s.healthy, s.run(ctx, "rm "+s.Key+"\n"+s.Product.Reload+" || true")
}

// missingCertificate loses the file that the configuration names: with one file the key as well.
func missingCertificate(ctx context.Context, s *subject, _ Pair) (Pair, error) {
	return s.healthy, s.run(ctx, "rm "+s.Cert+"\n"+s.Product.Reload+" || true")
}

func closedKey(ctx context.Context, s *subject, _ Pair) (Pair, error) {
	return s.healthy, s.run(ctx, "chown root:root "+s.Key+"\nchmod 600 "+s.Key+"\n"+s.Product.Reload)
}

// renewedOnly installs the old pair, and then puts its successor into the same files as certbot
// does without a hook: the server is told nothing.
func renewedOnly(ctx context.Context, s *subject, old Pair) (Pair, error) {
	if _, err := install(ctx, s, old); err != nil {
		return old, err
	}
	shown := func(v View) bool { return v.presents(old.Fingerprint()) }
	if v := s.await(ctx, s.client, s.accounts, shown); !shown(v) {
		return old, fmt.Errorf("%s does not present the old certificate", s.Name)
	}
	return s.healthy, s.replaceFiles(ctx, s.healthy)
}

// tlsOff turns TLS off in the server's own way.
func tlsOff(ctx context.Context, s *subject, _ Pair) (Pair, error) {
	switch s.Procedures {
	case remedy.Postfix:
		return s.healthy, s.run(ctx, "postconf -e smtpd_tls_security_level=none\n"+
			"postconf -P submission/inet/smtpd_tls_security_level=none submissions/inet/smtpd_tls_wrappermode=no\npostfix reload")
	case remedy.Exim:
		return s.healthy, s.edit(ctx, "/etc/exim4/exim4.conf.localmacros", "MAIN_TLS_ADVERTISE_HOSTS =\ntls_on_connect_ports =\n", "update-exim4.conf\n"+s.Product.Reload)
	case remedy.Nginx:
		return s.healthy, s.edit(ctx, "/etc/nginx/snippets/mail-tls.conf", "listen 443;\n", s.Product.Reload)
	}
	return s.healthy, s.edit(ctx, "/etc/dovecot/conf.d/10-ssl.conf", "ssl = no\n", s.Product.Reload)
}

// implicitOff closes the ports that speak TLS from the first byte.
func implicitOff(ctx context.Context, s *subject, _ Pair) (Pair, error) {
	switch s.Procedures {
	case remedy.Postfix:
		return s.healthy, s.run(ctx, "postconf -MX submissions/inet\npostfix reload")
	case remedy.Exim:
		return s.healthy, s.edit(ctx, "/etc/exim4/exim4.conf.localmacros", "daemon_smtp_ports = 25 : 587\n", "update-exim4.conf\n"+s.Product.Reload)
	}
	return s.healthy, s.edit(ctx, "/etc/dovecot/conf.d/10-master.conf", dovecotWithoutImplicit, s.Product.Reload)
}

const dovecotWithoutImplicit = `service imap-login {
  inet_listener imap {
    port = 143
  }
  inet_listener imaps {
    port = 0
  }
}
service pop3-login {
  inet_listener pop3 {
    port = 110
  }
  inet_listener pop3s {
    port = 0
  }
}
`

// otherMode is an account whose encryption setting belongs to the sibling port.
func otherMode(set account.Settings) account.Settings {
	if set.Mode == account.ImplicitTLS {
		set.Mode = account.StartTLS
	} else {
		set.Mode = account.ImplicitTLS
	}
	return set
}
