package checkup_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/checkup"
	"github.com/mailtlslab/mailtlslab/lab/probe"
	"github.com/mailtlslab/mailtlslab/lab/roots"
	"github.com/mailtlslab/mailtlslab/scenarios"
)

// served starts a scenario, and returns where its imaps is and what a client of the lab trusts.
func served(id string) (address string, know *chain.Knowledge, stop func()) {
	l, err := lab.New(lab.Options{})
	if err != nil {
		panic(err)
	}
	scenario, _ := scenarios.Lookup(id)
	srv, err := l.Serve(scenario)
	if err != nil {
		panic(err)
	}
	return srv.Addr(account.IMAPS), roots.Of(l.Roots(), nil).Knowledge(), func() { _ = l.Close() }
}

// A server is looked at as a mail program would, and again where that settles something.
func Example_host() {
	address, know, stop := served("expired-leaf")
	defer stop()
	c := &checkup.Checkup{Knowledge: know, Prober: &probe.Prober{}}
	answer, _, err := c.Examine(context.Background(), checkup.Evidence{Target: &checkup.Target{
		Host: "mail.lab.test", As: account.IMAPS, Addresses: map[string]string{"mail.lab.test:993": address},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.Verdict)
	for _, cause := range answer.Causes {
		fmt.Printf("%s: %s\n", cause.Code, cause.Title)
	}
	for _, job := range answer.Jobs {
		fmt.Printf("%s: %s\n", job.Party, job.Words)
	}
	// Output:
	// fail
	// expired: The certificate has expired
	// admin: renew the certificate
}

// A text that shows nothing is not in order: it decides nothing.
func Example_text() {
	c := &checkup.Checkup{Knowledge: chain.NewKnowledge(nil, nil), Now: func() time.Time { return time.Unix(1<<30, 0) }}
	for _, text := range []string{
		"CONNECTED(00000003)\n",
		"* Connected to mail.example.com (192.0.2.1) port 993 (#0)\n* SSL certificate problem: certificate has expired\n",
	} {
		var e checkup.Evidence
		if err := e.Read("paste.txt", strings.NewReader(text)); err != nil {
			fmt.Println(err)
			return
		}
		answer, _, err := c.Examine(context.Background(), e)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(answer.Verdict, strings.Join(answer.NotJudged, "; "))
	}
	// Output:
	// unjudged paste.txt: the text shows no chain to judge, and no word of a program that it accepted or refused one
	// fail
}
