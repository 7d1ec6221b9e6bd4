// Package chain judges one chain of certificates: evidence in, findings and the path that was
// judged out. It is pure: no network, no clock; the same evidence and knowledge give the same
// judgement, here or at a customer's.
//
// What verifies is decided by crypto/x509 alone. The rules only say why, and every reason they
// give is tried out: with all of them undone crypto/x509 must accept, and with any one left in
// place it must refuse. Then the judgement is complete.
package chain

import (
	"bytes"
	"crypto/x509"
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
)

// A Judge judges chains. It is safe for concurrent use.
type Judge struct {
	Knowledge *Knowledge
	// Without names rules that are switched off, to show that something then goes unnoticed.
	// As a guard a silenced rule says no: what relies on its answer goes on as if it had found
	// nothing. "rule<before" silences before as a guard of that rule alone.
	Without []string
	// Trace, when set, is told what each rule finds, before causes are folded. It may be called
	// from several goroutines where the Judge is used by several.
	Trace func(rule string, found []finding.Code)
}

// Judge judges a chain. One without certificates has nothing to be judged, and is malformed.
func (j Judge) Judge(e Evidence) Judgement {
	if len(e.Certificates) == 0 {
		return Judgement{Findings: []finding.Finding{finding.New(finding.MalformedCertificate, "there is no certificate to judge")}}
	}
	ev := j.gather(e)
	out := Judgement{Findings: ev.run()}
	out.Path = ev.judged()
	if len(ev.path.certs) > 0 {
		out.Accepted = ev.verified && ev.unread == nil && ev.misread[ev.path.leaf()] == nil && (e.Host == "" || ev.path.leaf().VerifyHostname(e.Host) == nil)
	}
	ev.askForIssuer(out.Findings)
	out.Asks = ev.asks
	return out
}

// gather prepares evidence for the rules.
func (j Judge) gather(e Evidence) *evidence {
	ev := &evidence{
		judge: j, found: map[string][]fault{},
		raw: e.Certificates, host: e.Host, at: e.At, usage: e.Usage.x509(), answers: e.Answers,
		know:    j.Knowledge.lacking(e.MissingRoots).with(parseAll(e.Roots), nil),
		missing: e.MissingRoots,
	}
	if h := e.Handshake; h != nil {
		ev.hearsay = hearsay{staple: h.Staple, stapling: !h.Deaf, asking: true}
		ev.staticRSA = h.StaticRSA
	}
	return ev
}

// askForIssuer has the issuer's certificate fetched where the certificate says where it is.
func (ev *evidence) askForIssuer(found []finding.Finding) {
	for _, f := range found {
		unsent := f.Code == finding.MissingIntermediate && f.Facts.Detail == finding.DetailPublicCA
		if f.Code != finding.IssuerUnknown && f.Code != finding.IssuerNotTrusted && !unsent {
			continue
		}
		c, err := bound.Certificate(f.Facts.Certificate)
		if err != nil {
			continue
		}
		if url := overHTTP(c.IssuingCertificateURL); url != "" {
			ev.ask(Ask{Kind: FetchIssuer, URL: url})
		}
	}
}

// evidence is the work on one chain.
type evidence struct {
	judge Judge
	raw   [][]byte
	sent  []*x509.Certificate // those of raw that can be read; sent[0] is the leaf
	host  string              // "" checks no name
	at    time.Time
	usage x509.ExtKeyUsage
	know  *Knowledge
	// missing are the fingerprints of roots that this device lacks.
	missing []string
	path    path
	// unreadable are the certificates sent that cannot be parsed; only looked for when it matters.
	unreadable []unreadable
	// verified says that path is crypto/x509's own, so that only the name is still to be judged.
	verified bool
	answers  []Answer
	asks     []Ask
	hearsay

	uLabels   []string                       // names of the leaf that are not ASCII
	unread    error                          // why crypto/x509 does not read the leaf, because of them
	misread   map[*x509.Certificate]*reading // those of sent that crypto/x509 does not read as they are
	staticRSA bool                           // the connection does without a signature by the leaf's key

	asked     Rule               // the rule that is asked now
	found     map[string][]fault // what those asked before found
	illegible error              // why the leaf cannot be read at all
	refusal   error              // what crypto/x509 says with all faults undone
	faults    []fault            // that were undone
}

// run judges a chain completely: crypto/x509 decides whether it holds, the rules say why not, and
// crypto/x509 is asked again whether their reasons are all, and each of them needed.
func (ev *evidence) run() []finding.Finding {
	if ev.illegible = ev.open(); ev.illegible != nil {
		faults := ev.askAll(whenUnread)
		if len(faults) == 0 {
			faults = []fault{unexplained(ev.illegible)}
		}
		return told(faults)
	}
	faults := fold(ev.askAll(whenRead))
	w := ev.world()
	w.verified = ev.verified
	var complete bool
	if complete, ev.refusal = explained(w, faults); ev.refusal != nil {
		ev.faults = faults
		faults = append(faults, ev.askAll(whenRefused)...)
		complete, ev.refusal = explained(w, faults)
	}
	if !complete {
		faults = append(faults, ev.unexplained())
	}
	return told(faults)
}

// open reads what was sent and finds the path to judge. It returns why the leaf cannot be read.
func (ev *evidence) open() error {
	looked := ev.raw[:within(ev.raw)]
	ev.sent = parseAll(looked)
	leaf, err := bound.Certificate(ev.raw[0])
	if err != nil {
		if leaf = ev.lenient(ev.raw[0], err); leaf == nil {
			return err
		}
		ev.sent = append([]*x509.Certificate{leaf}, ev.sent...)
	}
	if certs := ev.accepted(leaf); certs != nil {
		ev.path = path{certs: certs, links: slices.Repeat([]Link{Sound}, len(certs)-1), end: Trusted}
		ev.verified = true
		return nil
	}
	if k := ev.know.asOf(ev.at, ev.sent, ev.missing); k != ev.know {
		ev.know = k
		if certs := ev.accepted(leaf); certs != nil {
			ev.path = path{certs: certs, links: slices.Repeat([]Link{Sound}, len(certs)-1), end: Trusted}
			ev.verified = true
			return nil
		}
	}
	ev.unreadable = unreadables(looked[1:])
	ev.readRest(looked[1:])
	ev.path = bestPath(ev.sent, ev.know, ev.at, ev.misread)
	return nil
}

// lenient reads a certificate that was sent, and that crypto/x509 refuses for why. It returns nil
// where too little can be read.
func (ev *evidence) lenient(der []byte, why error) *x509.Certificate {
	r := readLeniently(der, why)
	if r == nil {
		return nil
	}
	if len(r.uLabels) > 0 {
		ev.uLabels, ev.unread = r.uLabels, why
	}
	if len(r.parts) > 0 {
		if ev.misread == nil {
			ev.misread = map[*x509.Certificate]*reading{}
		}
		ev.misread[r.cert] = r
	}
	return r.cert
}

// readRest reads those certificates leniently that could not be read otherwise, where they stand.
func (ev *evidence) readRest(ders [][]byte) {
	for _, u := range ev.unreadable {
		c := ev.lenient(u.der, u.why)
		if c == nil {
			continue
		}
		at := 1
		for _, der := range ders {
			if bytes.Equal(der, u.der) {
				break
			}
			if at < len(ev.sent) && bytes.Equal(ev.sent[at].Raw, der) {
				at++
			}
		}
		ev.sent = slices.Insert(ev.sent, at, c)
	}
}

// within returns how many certificates of a chain are looked at: the leaf, and what comes early
// enough.
func within(ders [][]byte) int {
	bytes := 0
	for i, der := range ders[:min(len(ders), maxSent)] {
		if bytes += len(der); i > 0 && bytes > maxSentBytes {
			return i
		}
	}
	return min(len(ders), maxSent)
}

// accepted returns the chain that crypto/x509 builds from what was sent, nil when it refuses.
// Dates, chain and usage are asked for here; the name is judged on its own, because Verify
// returns at the first mismatch.
func (ev *evidence) accepted(leaf *x509.Certificate) []*x509.Certificate {
	pool := x509.NewCertPool()
	for _, c := range ev.sent[1:] {
		pool.AddCert(c)
	}
	chains, err := leaf.Verify(x509.VerifyOptions{
		Roots: ev.know.pool, Intermediates: pool, CurrentTime: ev.at, KeyUsages: []x509.ExtKeyUsage{ev.usage},
	})
	if err != nil {
		return nil
	}
	return chains[0]
}

// world returns the evidence of the chosen path, unedited.
func (ev *evidence) world() *world {
	n := len(ev.path.certs)
	w := &world{
		certs: ev.path.certs, absent: make([]bool, n), resign: make([]bool, n),
		misread: make([]error, n),
		anchor:  -1, host: ev.host, at: ev.at, usage: ev.usage, unreadable: ev.unread,
	}
	if ev.path.end == Trusted {
		w.anchor = n - 1
		w.confine = ev.know.constraints[string(ev.path.top().Raw)]
	}
	for i, c := range ev.path.certs {
		w.absent[i] = i > 0 && i != w.anchor && !containsCert(ev.sent, c)
		if r := ev.misread[c]; r != nil {
			w.misread[i] = r.why
		}
	}
	return w
}

// fold drops the faults that another one brings about or hides. The other one's edit then undoes
// them as well: the consequences end with their cause.
func fold(faults []fault) []fault {
	var out []fault
	var codes []finding.Code
	for _, f := range faults {
		codes = append(codes, f.Code)
	}
	for _, f := range faults {
		if !finding.Visible(f.Code, codes) {
			continue
		}
		edits := []func(*world){f.edit}
		for _, g := range faults {
			if finding.Hides(f.Code, g.Code) {
				edits = append(edits, g.edit)
			}
		}
		edits = slices.DeleteFunc(edits, func(e func(*world)) bool { return e == nil })
		if len(edits) > 0 {
			f.edit = func(w *world) {
				for _, edit := range edits {
					edit(w)
				}
			}
		}
		out = append(out, f)
	}
	return out
}

// told returns the findings in the vocabulary's order.
func told(faults []fault) []finding.Finding {
	var out []finding.Finding
	for _, f := range faults {
		out = append(out, f.Finding)
	}
	finding.Sort(out)
	return out
}

func (ev *evidence) unexplained() fault {
	if ev.refusal != nil {
		return unexplained(ev.refusal)
	}
	f := unexplained(ev.world().refusal())
	f.Summary = "the certificate is refused, and more reasons were found than are needed to explain it"
	return f
}

func unexplained(why error) fault {
	f := finding.New(finding.Unexplained, "the certificate is refused, and these rules do not explain why")
	if why != nil {
		f.Evidence = []string{says(why)}
	}
	return fault{Finding: f}
}
