package chain_test

import (
	"fmt"
	"time"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/chain"
)

// A chain is judged without a network: what a server sent, the name it must be for, and a day.
// Here the intermediate is missing, and the judge knows it from elsewhere.
func ExampleJudge() {
	now := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	ca, err := certs.NewAuthority(certs.Options{Now: now})
	if err != nil {
		fmt.Println(err)
		return
	}
	sent, err := ca.Build(certs.Spec{Faults: []certs.Fault{certs.OmitIntermediate(), certs.Expired(certs.Leaf, 3)}})
	if err != nil {
		fmt.Println(err)
		return
	}
	judge := chain.Judge{Knowledge: chain.NewKnowledge(chain.ParseRoots([][]byte{ca.Root().Raw}), ca.Intermediates())}
	judgement := judge.Judge(chain.Evidence{Certificates: sent.Raw, Host: "mail.lab.test", At: now})

	fmt.Println("accepted:", judgement.Accepted)
	for _, f := range judgement.Findings {
		fmt.Println(f.Severity, f.Code)
	}
	path := judgement.Path
	fmt.Println(len(path.Certificates), "certificates to the root, of which", len(sent.Raw), "was sent;", "the path is", path.End)
	// Output:
	// accepted: false
	// error missing-intermediate
	// error expired
	// 3 certificates to the root, of which 1 was sent; the path is trusted
}
