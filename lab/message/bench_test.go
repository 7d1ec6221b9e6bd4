package message

import (
	"testing"

	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// Lines of a day on which nothing is wrong, of some 120 bytes.
func everydayLines() []string {
	return []string{
		"Nov  7 08:01:16 mx1 postfix/smtpd[1749]: disconnect from mta4.example.net[192.0.2.50] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5",
		"Nov  7 08:00:01 mx1 dovecot: imap-login: Login: user=<anna@example.com>, method=PLAIN, rip=192.0.2.147, lip=198.51.100.25, mpid=5056, TLS",
		"2026-11-07 08:07:31 1vGx2C-003Els-1p <= anna@example.net H=mta4.example.net [192.0.2.90] P=esmtps X=TLS1.3:ECDHE_X25519:256 CV=no S=4120",
		"Nov  7 08:02:10 mx1 postfix/cleanup[1751]: 4bXk2C0qzXz1r: message-id=<20261107080210.0123456@mta4.example.net> warning: connection error server",
	}
}

func BenchmarkFindNothing(b *testing.B) {
	lines := everydayLines()
	for i := range lines {
		lines[i] = Fold(lines[i])
	}
	Find("", Server) // builds the index
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if m, ok := FindFolded(lines[i%len(lines)], Server); ok {
			b.Fatal(m)
		}
		i++
	}
}

func BenchmarkFold(b *testing.B) {
	lines := everydayLines()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		Fold(lines[i%len(lines)])
		i++
	}
}

func BenchmarkFindSomething(b *testing.B) {
	line := Fold("Nov  3 09:14:21 mx1 postfix/smtpd[21877]: warning: TLS library problem: error:0A000418:SSL routines::tlsv1 alert unknown ca:../ssl/record/rec_layer_s3.c:1601:SSL alert number 48:")
	b.ReportAllocs()
	for b.Loop() {
		if m, ok := FindFolded(line, Server); !ok || m.Codes[0] != finding.IssuerNotTrusted {
			b.Fatal(m)
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		newIndex(rows())
	}
}
