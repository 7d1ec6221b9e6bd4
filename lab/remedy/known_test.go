package remedy

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// wronglyProven says why s may not call itself proven. What was tried on one product proves nothing
// about another, nobody has driven a menu, and panels and Exchange are known from documents only.
func wronglyProven(s Steps) string {
	if s.Known.How != Proven {
		return ""
	}
	for _, menu := range []string{"iPhone", "iPad", "Mail on a Mac", "Outlook", "Android", "Samsung", "Gmail", "Thunderbird", "Windows"} {
		if strings.Contains(s.For, menu) {
			return "nobody drove the menus of " + menu
		}
	}
	for _, panel := range notRun() {
		if strings.HasPrefix(s.For, panel) {
			return panel + " was never run"
		}
	}
	for _, product := range []string{"Postfix", "Dovecot", "Exim", "nginx", "Apache", "certbot"} {
		tried := regexp.MustCompile(product + ` \d+\.\d+(\.\d+)?`)
		if strings.Contains(s.For, product) && !tried.MatchString(s.Known.Source) {
			return "the source names no version of " + product
		}
	}
	for _, series := range []string{"2.3", "2.4"} {
		if strings.Contains(s.For, "Dovecot") && strings.Contains(s.For, series) && !strings.Contains(s.Known.Source, series+".") {
			return "the source names no Dovecot " + series
		}
	}
	return ""
}

// notRun returns the products that only their documents tell about.
func notRun() []string { return []string{"cPanel", "WHM", "Plesk", "DirectAdmin", "Exchange"} }

func TestProvenMeansTriedOnThatProduct(t *testing.T) {
	everySteps(t, func(c finding.Code, party string, s Steps) {
		if why := wronglyProven(s); why != "" {
			t.Errorf("%s, %s, %s: proven by %q: %s", c, party, s.For, s.Known.Source, why)
		}
	})
}

func TestWronglyProvenIsReported(t *testing.T) {
	for _, tt := range []struct{ product, source, want string }{
		{"Postfix 3.4 and later", "Postfix 3.7.11 on Debian 12", ""},
		{"Dovecot 2.3 and 2.4", "Dovecot 2.3.19.1; the reload on 2.4.1", ""},
		{"any server", "Exim 4.96", ""},
		{"Postfix 3.4 and later", "Exim 4.96 on Debian 12", "no version of Postfix"},
		{"Postfix and Dovecot", "Postfix 3.7.11", "no version of Dovecot"},
		{"Dovecot 2.4", "Dovecot 2.3.19.1", "no Dovecot 2.4"},
		{"iPhone and iPad, iOS 18 and later", "iOS 18.1", "menus of iPhone"},
		{"Plesk Obsidian, one domain", "Plesk 18.0", "Plesk was never run"},
		{"Exchange Server 2013 and later", "Exchange 15.2", "Exchange was never run"},
	} {
		got := wronglyProven(Steps{For: tt.product, Known: Known{How: Proven, Source: tt.source}})
		if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s by %s: %q, want %q", tt.product, tt.source, got, tt.want)
		}
	}
}

// What an admin is to do on a product that nobody ran has its source, or says that it has none.
func TestProductsThatWereNotRunSayWhere(t *testing.T) {
	documented := map[string]bool{}
	everySteps(t, func(c finding.Code, _ string, s Steps) {
		i := slices.IndexFunc(notRun(), func(panel string) bool { return strings.HasPrefix(s.For, panel) })
		if i < 0 {
			return
		}
		documented[notRun()[i]] = documented[notRun()[i]] || s.Known.How == Documented
		if s.Known.Source == "" {
			t.Errorf("%s, %s: no source", c, s.For)
		}
	})
	for _, product := range notRun() {
		if !documented[product] {
			t.Errorf("%s: no steps by its own documents", product)
		}
	}
}

// Exchange has each protocol twice, and forgets neither: both settings, and the front end and the
// back end of both services.
func TestExchangeKnowsBothProtocolsTwice(t *testing.T) {
	a, _ := open(t).For(finding.Expired)
	i := slices.IndexFunc(a.Admin, func(s Steps) bool { return strings.HasPrefix(s.For, "Exchange Server 2013") })
	if i < 0 {
		t.Fatal("no steps for Exchange")
	}
	lines := strings.FieldsFunc(a.Admin[i].Config, func(r rune) bool { return r == '\n' || r == ';' })
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	for _, want := range []string{
		"Set-ImapSettings -X509CertificateName {host}", "Set-PopSettings -X509CertificateName {host}",
		"Restart-Service MSExchangeIMAP4", "Restart-Service MSExchangeIMAP4BE",
		"Restart-Service MSExchangePOP3", "Restart-Service MSExchangePOP3BE",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q in %q", want, lines)
		}
	}
}
