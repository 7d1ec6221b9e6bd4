package chain_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// planted is a fault and what it means when nothing else is wrong.
type planted struct {
	fault certs.Fault
	codes []finding.Code
}

func means(f certs.Fault, codes ...finding.Code) planted { return planted{f, codes} }

func plantable() []planted {
	return []planted{
		means(certs.Names("other.lab.test"), finding.NameMismatch),
		means(certs.NoSAN(), finding.NoSAN),
		means(certs.RootAlsoSent(), finding.RootAlsoSent),
		means(certs.SelfSigned(), finding.SelfSigned),
		means(certs.CALeaf(), finding.CAUsedAsServer),
		means(certs.IssuedByRoot()),
		means(certs.PrivateCA(), finding.IssuerNotTrusted),
		means(certs.PrivateRootOnly(), finding.IssuerUnknown),
		means(certs.OmitIntermediate(), finding.MissingIntermediate),
		means(certs.WrongIntermediate(), finding.MissingIntermediate, finding.UnrelatedCertificate),
		means(certs.Reversed(), finding.ChainOrder, finding.UnrelatedCertificate),
		means(certs.SameNameIssuer(), finding.IssuerKeyMismatch),
		means(certs.NotCA(), finding.IssuerNotACA),
		means(certs.DefaultInstallation(), finding.DefaultInstallationCertificate),
		means(certs.Expired(certs.Leaf, 3), finding.Expired),
		means(certs.Expired(certs.Intermediate, 3), finding.IntermediateExpired),
		means(certs.Expired(certs.Root, 3), finding.RootExpired),
		means(certs.NotYetValid(certs.Leaf, 3), finding.NotYetValid),
		means(certs.NotYetValid(certs.Intermediate, 3), finding.IntermediateNotYetValid),
		means(certs.ExpiresIn(3), finding.ExpiresSoon),
		means(certs.SmallRSA(1024), finding.WeakKey),
		means(certs.SHA1(), finding.WeakSignature),
		means(certs.CorruptSignature(), finding.BadSignature),
		means(certs.ExtKeyUsage("clientAuth"), finding.WrongPurpose),
	}
}

// TestCompleteness plants up to three compatible faults at random: what is found must be what was
// planted, less what the vocabulary says cannot be seen beside it, and it must be complete.
func TestCompleteness(t *testing.T) {
	a := newAuthority(t)
	all := plantable()
	h := tracer{}
	defer h.undeclared(t)
	rapid.Check(t, func(t *rapid.T) {
		chosen := rapid.SliceOfNDistinct(rapid.IntRange(0, len(all)-1), 1, 3, rapid.ID).Draw(t, "faults")
		var faults []certs.Fault
		var codes []finding.Code
		for _, i := range chosen {
			faults = append(faults, all[i].fault)
			codes = append(codes, all[i].codes...)
		}
		if why := otherwise(codes); why != "" {
			t.Skip(why)
		}
		bundle, err := a.Build(certs.Spec{Faults: faults})
		if err != nil {
			t.Skip("these faults contradict each other: " + err.Error())
		}
		want := visible(codes)
		v := chain.Judge{Knowledge: a.Knowledge(false), Trace: h.trace}.Judge(chain.Evidence{Certificates: bundle.Raw, Host: certs.DefaultHost, At: now()})
		fs, accepted := v.Findings, v.Accepted
		if got := sorted(finding.Codes(fs)); !slices.Equal(got, want) {
			t.Fatalf("%v: found %v, planted and visible %v", faults, got, want)
		}
		for _, f := range fs {
			if err := f.Check(); err != nil || !pointsRight(f.Facts.About, bundle.Raw) {
				t.Fatalf("%v: %v, %+v", faults, err, f.Facts.About)
			}
		}
		if refused := finding.Worst(fs) == finding.Error; accepted && refused && !policyOnly(fs) {
			t.Fatalf("%v: crypto/x509 accepts, and %v is found", faults, want)
		} else if !accepted && !refused {
			t.Fatalf("%v: crypto/x509 refuses, and only %v is found", faults, want)
		}
	})
}

// otherwise says why some faults together mean something else than each alone, "" when they do not.
func otherwise(codes []finding.Code) string {
	both := func(a finding.Code, bs ...finding.Code) bool {
		return slices.Contains(codes, a) && slices.ContainsFunc(bs, func(b finding.Code) bool { return slices.Contains(codes, b) })
	}
	private := []finding.Code{finding.IssuerNotTrusted, finding.IssuerUnknown, finding.IssuerKeyMismatch}
	switch {
	case both(finding.NoSAN, finding.NameMismatch):
		return "another name that stands only in the Common Name is one fault, not two"
	case both(finding.RootAlsoSent, private...):
		return "a root that is sent and not trusted completes the chain: it is no harmless addition"
	case both(finding.RootExpired, private...):
		return "the dates of a root that is neither trusted nor sent cannot be seen"
	}
	return ""
}

// visible returns the codes that no visible one hides, each once: what is hidden hides nothing.
func visible(codes []finding.Code) []finding.Code {
	var seen func(finding.Code) bool
	seen = func(c finding.Code) bool {
		return !slices.ContainsFunc(codes, func(by finding.Code) bool { return finding.Hides(by, c) && seen(by) })
	}
	out := slices.DeleteFunc(slices.Clone(codes), func(c finding.Code) bool { return !seen(c) })
	return slices.Compact(sorted(out))
}

func sorted(codes []finding.Code) []finding.Code { return slices.Sorted(slices.Values(codes)) }

// policyOnly reports whether all errors are those that crypto/x509 does not judge.
func policyOnly(fs []finding.Finding) bool {
	return !slices.ContainsFunc(fs, func(f finding.Finding) bool {
		return f.Severity == finding.Error && f.Code != finding.WeakKey && f.Code != finding.CAUsedAsServer
	})
}
