package integration

import (
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

// A Product says what one mail or web server is like in its container: what an admin of it knows.
type Product struct {
	Name       string         // with its version, as the remedies' sources have it: "Dovecot 2.3"
	Image      string         // images/Image.Dockerfile
	Procedures remedy.Product // which of the remedies it takes
	On         []account.Endpoint
	Version    string // command that prints the version

	// Prepare makes of the distribution's state what the remedies suppose: a log file where no
	// syslog runs, a web site to serve, a place on the network.
	Prepare string
	Start   string
	Reload  string

	Config string // the folder of configuration, with the pair in it
	Log    string
	Words  string // command that prints what the server says about its pair; empty prints Log
	Cert   string // the file that the remedies install, as the server reads it
	Key    string // the same file, where key and chain are in one
	User   string // who opens the key

	// Short has it in the short run, with the race detector.
	Short bool
	// BySelf says that the server takes up a changed pair without a reload.
	BySelf bool
}

// Products returns all servers that the advice is proven on.
func Products() []Product {
	imap := []account.Endpoint{account.IMAPS, account.IMAPStartTLS, account.POP3S, account.POP3StartTLS}
	smtp := []account.Endpoint{account.Submissions, account.SubmissionStart}
	dovecot := Product{
		On: imap, Version: "dovecot --version",
		Prepare: "echo 'log_path = /var/log/dovecot.log' > /etc/dovecot/local.conf",
		Start:   "dovecot", Reload: "doveadm reload",
		Config: "/etc/dovecot", Log: "/var/log/dovecot.log", Cert: "/etc/dovecot/tls/mail.crt", Key: "/etc/dovecot/tls/mail.key", User: "root",
	}
	postfix := Product{
		On: smtp, Version: "postconf -h mail_version", Procedures: remedy.Postfix,
		Prepare: "postconf -e maillog_file=/var/log/postfix.log myhostname=mail.lab.test\n" +
			"postconf -M 'submission/inet=submission inet n - y - - smtpd'\n" +
			"postconf -P submission/inet/smtpd_helo_required=yes # an option of the admin's own, which must survive",
		Start: "postfix start", Reload: "postfix reload",
		Config: "/etc/postfix", Log: "/var/log/postfix.log", Cert: "/etc/postfix/tls/chain.pem", Key: "/etc/postfix/tls/chain.pem", User: "root",
	}
	return []Product{
		with(dovecot, func(p *Product) {
			p.Name, p.Image, p.Procedures, p.Short = "Dovecot 2.3", "bookworm", remedy.Dovecot23, true
		}),
		with(dovecot, func(p *Product) { p.Name, p.Image, p.Procedures = "Dovecot 2.4", "trixie", remedy.Dovecot24 }),
		with(postfix, func(p *Product) { p.Name, p.Image = "Postfix 3.7", "bookworm" }),
		with(postfix, func(p *Product) { p.Name, p.Image = "Postfix 3.10", "trixie" }),
		{
			Name: "Exim 4.96", Image: "exim", Procedures: remedy.Exim, On: smtp, Version: "exim4 --version",
			Prepare: `sed -i "s/^dc_eximconfig_configtype=.*/dc_eximconfig_configtype='internet'/; s/^dc_local_interfaces=.*/dc_local_interfaces=''/" /etc/exim4/update-exim4.conf.conf`,
			Start:   "update-exim4.conf && exim4 -bd -q30m -oP /run/exim4/exim.pid",
			Reload:  "kill -HUP $(cat /run/exim4/exim.pid)",
			Config:  "/etc/exim4", Log: "/var/log/exim4/mainlog", Cert: "/etc/exim4/tls/mail.crt", Key: "/etc/exim4/tls/mail.key", User: "Debian-exim",
			BySelf: true,
		},
		{
			Name: "nginx 1.22", Image: "bookworm", Procedures: remedy.Nginx, On: []account.Endpoint{account.Web}, Version: "nginx -v",
			Prepare: "printf 'server {\\n  server_name mail.lab.test;\\n  root /var/www/html;\\n  include snippets/mail-tls.conf;\\n}\\n' > /etc/nginx/sites-enabled/mail; " +
				": > /etc/nginx/snippets/mail-tls.conf; echo mail > /var/www/html/index.html",
			// An old worker may still take a connection after a new one has: the reload is over when they are gone.
			Start: "nginx", Reload: "old=$(cat /proc/$(cat /run/nginx.pid)/task/*/children); nginx -s reload && for p in $old; do timeout 10 tail -s 0.1 --pid=$p -f /dev/null; done",
			Config: "/etc/nginx", Log: "/var/log/nginx/error.log", Words: "nginx -t 2>&1 || true", Cert: "/etc/nginx/tls/mail.crt", Key: "/etc/nginx/tls/mail.key", User: "root", Short: true,
		},
	}
}

func with(p Product, change func(*Product)) Product {
	change(&p)
	return p
}
