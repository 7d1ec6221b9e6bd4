package chain_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// drawn writes a path as a person would draw it: the certificates and where they come from, the
// state of each link that is not sound, and the end.
func drawn(p chain.Path) string {
	var out []string
	for i, c := range p.Certificates {
		where := "known"
		switch {
		case c.Sent && c.Anchor:
			where = "sent+anchor"
		case c.Anchor:
			where = "anchor"
		case c.Sent:
			where = "sent"
		}
		out = append(out, where)
		if i < len(p.Links) && p.Links[i] != chain.Sound {
			out = append(out, string(p.Links[i]))
		}
	}
	out = append(out, string(p.End))
	if len(p.Beside) > 0 {
		out = append(out, "beside:"+strings.Repeat("*", len(p.Beside)))
	}
	return strings.Join(out, " ")
}

// The path that was judged is told as it is, and survives JSON.
func TestPath(t *testing.T) {
	a, err := certs.NewAuthority(certs.Options{Now: now()})
	if err != nil {
		t.Fatal(err)
	}
	rows := []struct {
		name   string
		faults []certs.Fault
		want   string
	}{
		{"healthy", nil, "sent sent anchor trusted"},
		{"root also sent", []certs.Fault{certs.RootAlsoSent()}, "sent sent sent+anchor trusted"},
		{"intermediate not sent", []certs.Fault{certs.OmitIntermediate()}, "sent known anchor trusted"},
		{"another intermediate", []certs.Fault{certs.WrongIntermediate()}, "sent known anchor trusted beside:*"},
		{"self-signed", []certs.Fault{certs.SelfSigned()}, "sent self-issued"},
		{"a private CA, and its root", []certs.Fault{certs.PrivateCA(), certs.RootAlsoSent()}, "sent sent sent self-issued"},
		{"issued by a root that nobody has", []certs.Fault{certs.PrivateRootOnly()}, "sent dangling"},
		{"signature damaged", []certs.Fault{certs.CorruptSignature()}, "sent broken sent anchor trusted"},
		{"SHA-1", []certs.Fault{certs.SHA1()}, "sent weak sent anchor trusted"},
		{"issuer of the same name", []certs.Fault{certs.SameNameIssuer()}, "sent sent wrong-key anchor trusted"},
		{"an expired second way", []certs.Fault{certs.ExpiredCrossSign()}, "sent sent anchor trusted beside:*"},
	}
	bundles := make([]*certs.Bundle, len(rows))
	for i, r := range rows {
		if bundles[i], err = a.Build(certs.Spec{Faults: r.faults}); err != nil {
			t.Fatalf("%s: %v", r.name, err)
		}
	}
	var roots []chain.Root
	for _, c := range a.Roots() {
		roots = append(roots, chain.Root{Certificate: c})
	}
	judge := chain.Judge{Knowledge: chain.NewKnowledge(roots, a.Intermediates())}
	for i, r := range rows {
		v := judge.Judge(chain.Evidence{Certificates: bundles[i].Raw, Host: certs.DefaultHost, At: now()})
		if got := drawn(v.Path); got != r.want {
			t.Errorf("%s: %s, want %s", r.name, got, r.want)
		}
		if leaf := v.Path.Certificates[0]; leaf.Fingerprint != finding.Fingerprint(bundles[i].Raw[0]) || !slices.Equal(leaf.DER, bundles[i].Raw[0]) || leaf.Name == "" {
			t.Errorf("%s: begins with %s, which is not the leaf", r.name, leaf.Name)
		}
		if (v.Path.Issuer != "") != (v.Path.End == chain.Dangling) {
			t.Errorf("%s: ends %s, and the missing issuer is %q", r.name, v.Path.End, v.Path.Issuer)
		}
		text, err := json.Marshal(v)
		var back chain.Judgement
		if err == nil {
			err = json.Unmarshal(text, &back)
		}
		if err != nil || !reflect.DeepEqual(v, back) {
			t.Errorf("%s: the judgement does not survive JSON: %v", r.name, err)
		}
	}
}

// Where the leaf cannot be read there is no path, and what was sent is still told.
func TestNoPath(t *testing.T) {
	judge := chain.Judge{Knowledge: chain.NewKnowledge(nil, nil)}
	for _, c := range []struct {
		raw  [][]byte
		want string
	}{
		{[][]byte{{1}, {2}, {2}}, " beside:**"},
		{nil, ""},
	} {
		v := judge.Judge(chain.Evidence{Certificates: c.raw, At: now()})
		if got := drawn(v.Path); got != c.want || v.Accepted {
			t.Errorf("%q, want %q; accepted: %v", got, c.want, v.Accepted)
		}
		if codes := finding.Codes(v.Findings); !slices.Equal(codes, []finding.Code{finding.MalformedCertificate}) {
			t.Errorf("found %v", codes)
		}
	}
}
