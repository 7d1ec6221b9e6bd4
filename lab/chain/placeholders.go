package chain

import "strings"

// A placeholder is a name that a product ships or makes up, so that it is nobody's.
type placeholder struct {
	name   string // lower case; "*" stands for anything at the beginning or the end
	source string // who ships it, and where that is written
}

// placeholders are compared with whole names: of a certificate's subject, or of the SAN.
func placeholders() []placeholder {
	const (
		reserved = "RFC 6761 sections 6.3 and 6.4, RFC 2606 section 3"
		courier  = "Courier, imapd.cnf and pop3d.cnf: https://www.courier-mta.org/imap/"
		dovecot  = "Dovecot, doc/dovecot-openssl.cnf: https://github.com/dovecot/core"
		apache   = "mod_ssl of Red Hat's packages, %post script: https://src.fedoraproject.org/rpms/httpd"
		sslCert  = "Debian's ssl-cert, make-ssl-cert and its template: https://packages.debian.org/ssl-cert"
	)
	return []placeholder{
		{"*.invalid", reserved}, {"invalid", reserved},
		{"*.localhost", reserved}, {"localhost", reserved},
		{"*.example", reserved}, {"example", reserved},
		{"example.com", reserved}, {"example.org", reserved}, {"example.net", reserved},
		{"localhost.localdomain", apache}, {"*.localdomain", apache}, {"localhost4.localdomain4", apache}, {"localhost6.localdomain6", apache},
		{"imap.example.com", dovecot}, {"dovecot mail server", dovecot},
		{"@*@", sslCert}, {"ssl-cert-snakeoil", sslCert},
		{"www.snakeoil.dom", "mod_ssl's example of a certificate: http://www.modssl.org"},
		{"snakeoil*", sslCert},
		{"automatically-generated imap ssl key", courier}, {"automatically-generated pop3 ssl key", courier},
		{"automatically-generated esmtp ssl key", courier}, {"automatically-generated tls key", courier},
		{"courier mail server", courier},
		{"plesk", "Plesk, its default certificate: https://support.plesk.com"},
		{"parallels panel", "Parallels Plesk Panel, its default certificate: https://support.plesk.com"},
		{"parallels", "Parallels Plesk Panel, its default certificate: https://support.plesk.com"},
		{"sw-soft, inc.", "Plesk before 2008: https://support.plesk.com"},
		{"swsoft", "Plesk before 2008: https://support.plesk.com"},
		{"synology", "Synology DSM: https://kb.synology.com"}, {"synology.com", "Synology DSM: https://kb.synology.com"},
		{"synology inc.", "Synology DSM: https://kb.synology.com"}, {"synology inc. ca", "Synology DSM: https://kb.synology.com"},
		{"qnap nas", "QNAP QTS: https://www.qnap.com"}, {"qnap systems, inc.", "QNAP QTS: https://www.qnap.com"},
		{"*.traefik.default", "Traefik, pkg/tls/generate: https://github.com/traefik/traefik"},
		{"traefik default cert", "Traefik, pkg/tls/generate: https://github.com/traefik/traefik"},
		{"kubernetes ingress controller fake certificate", "ingress-nginx, internal/net/ssl: https://github.com/kubernetes/ingress-nginx"},
		{"caddy local authority*", "Caddy's internal issuer: https://caddyserver.com/docs/automatic-https"},
		{"ingress.local", "ingress-nginx, internal/net/ssl: https://github.com/kubernetes/ingress-nginx"},
		{"microsoft exchange server auth certificate", "Exchange, made by its setup: https://learn.microsoft.com/exchange/architecture/client-access/certificates"},
		{"wmsvc-*", "IIS's Web Management Service, in Exchange's list of certificates: https://learn.microsoft.com/exchange/architecture/client-access/certificates"},
		{"wmsvc", "IIS's Web Management Service, in Exchange's list of certificates: https://learn.microsoft.com/exchange/architecture/client-access/certificates"},
		{"zimbra collaboration server", "Zimbra, zmcertmgr: https://wiki.zimbra.com"},
		{"rcgen self signed cert", "rcgen, the default name, as Rust programs leave it: https://docs.rs/rcgen"},
		{"internet widgits pty ltd", "OpenSSL, openssl.cnf: the organisation that its prompt proposes: https://docs.openssl.org"},
	}
}

// Placeholder reports whether a name is one that products ship or make up, such as
// "localhost.localdomain", "*.invalid", "@commonName@" or "TRAEFIK DEFAULT CERT". A name below
// example.com is none unless a product ships that very one: the user may have asked for it.
func Placeholder(name string) bool {
	name = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(name), "."))
	for _, p := range placeholders() {
		if p.fits(name) {
			return true
		}
	}
	return false
}

func (p placeholder) fits(name string) bool {
	before, after, open := strings.Cut(p.name, "*")
	if !open {
		return name == p.name
	}
	return len(name) > len(before)+len(after) && strings.HasPrefix(name, before) && strings.HasSuffix(name, after)
}
