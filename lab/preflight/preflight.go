// Package preflight checks the certificate file and the key file of a server, before the server
// gets them or while it stumbles over them. It is pure: no files, no network, no clock. What
// reading a file gave is an input, because a file that is not there is what is to be found.
//
// The key is never part of a finding, nor of a sentence.
//
// A [Pair] is the two files and the circumstances; [Check] returns what is wrong with them.
package preflight

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/capture"
	"github.com/mailtlslab/mailtlslab/lab/chain"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/internal/bound"
)

// A File is what reading one gave.
type File struct {
	Name string // what to call it
	Data []byte
	Err  error // why it could not be read: fs.ErrNotExist and fs.ErrPermission are told apart
}

func (f File) given() bool { return f.Name != "" || len(f.Data) > 0 || f.Err != nil }

// A Pair is the certificate and the key that a server is to present together.
type Pair struct {
	Cert File
	// Key may be the same file as Cert, as Postfix has it with smtpd_tls_chain_files. The zero
	// value is one that nobody gave: a key in Cert then counts, and otherwise none is checked.
	Key  File
	Host string // the name that the certificate must be for; empty judges no name
	// Answers are those to what an earlier Check asked for.
	Answers []chain.Answer
}

// A Result is what was found of a pair.
type Result struct {
	// Chain are the certificates, DER, the leaf first: the one that the key belongs to, where
	// one does. Empty when there are none.
	Chain    [][]byte
	Path     chain.Path        // the way that was judged of them
	Asks     []chain.Ask       // what would settle what is left open
	Findings []finding.Finding // in the order in which they were found
	Problems []string          // what is wrong and has no code, a sentence each
	// Read and NotRead say what was understood and what was missing, a sentence each.
	Read, NotRead []string
}

// Failed reports whether something is wrong.
func (r Result) Failed() bool {
	return len(r.Problems) > 0 || finding.Worst(r.Findings) == finding.Error
}

// Check checks a pair as of a time. The judge judges the chain as if a server presented it; where
// that asks for an issuer that its knowledge lacks, Check can be asked again with the answers. Everything
// in the files, their names too, may come from a stranger: it is bounded, and to be escaped when
// printed.
func Check(p Pair, j chain.Judge, at time.Time) Result {
	c := check{pair: p}
	file := c.certificates()
	sorted := c.key(file)
	if len(sorted) == 0 {
		return c.Result
	}
	c.Chain = sorted
	if p.Host == "" {
		c.NotRead = append(c.NotRead, "a host name: the names of the certificate were not judged")
	}
	judged := j.Judge(chain.Evidence{Certificates: sorted, Host: p.Host, At: at, Answers: p.Answers})
	c.Path, c.Asks = judged.Path, judged.Asks
	earlier := finding.Codes(c.Findings)
	for _, f := range finding.FromFile(judged.Findings, file) { // several of one code are about several certificates
		if !slices.Contains(earlier, f.Code) {
			c.Findings = append(c.Findings, f)
		}
	}
	return c.Result
}

// check is the work on one pair.
type check struct {
	Result
	pair Pair
}

// certificates reads the certificate file.
func (c *check) certificates() [][]byte {
	file := c.pair.Cert
	name := called(file.Name)
	switch {
	case file.Err != nil && c.oneFile():
		return nil // one file is missed once
	case errors.Is(file.Err, fs.ErrNotExist):
		c.find(finding.CertificateFileMissing, "", fmt.Sprintf("there is no file %s, where the certificate should be", name),
			finding.EditInstallCertificate, "with the certificate in its place the server could load it")
		return nil
	case errors.Is(file.Err, fs.ErrPermission):
		c.find(finding.CertificateNotLoaded, finding.DetailPermission, fmt.Sprintf("the certificate in %s may not be read", name),
			finding.EditAllowReading, "with the permission to read it the server could load it", asWhom)
		return nil
	case file.Err != nil:
		c.problem("%s cannot be read: %s", theFile(name), finding.Clip(file.Err.Error()))
		return nil
	}
	read, err := capture.Read(file.Data, "")
	switch {
	case err != nil && read.Form == "PKCS #12", err == nil && read.Form != "PEM":
		c.problem("%s is in %s form, and mail servers want PEM: 'openssl' converts it", theFile(name), read.Form)
		if err != nil {
			return nil
		}
	case err != nil:
		c.find(finding.MalformedCertificate, finding.DetailNoCertificate, fmt.Sprintf("no certificate can be read from %s: %s", name, finding.Clip(err.Error())),
			finding.EditCertificate, "with a certificate in PEM form the server could load it")
		return nil
	}
	if !c.pair.Key.given() && read.Keys > 0 {
		c.pair.Key = file
	}
	if c.oneFile() {
		read.Keys = 0 // it is looked at
	}
	c.Read, c.NotRead = append(c.Read, read.Sentence()), append(c.NotRead, read.NotRead...)
	return read.Certificates
}

func (c *check) oneFile() bool {
	return c.pair.Key.given() && c.pair.Key.Name == c.pair.Cert.Name
}

// key reads the key file and compares it with the certificates. It returns them in the order in
// which they should be.
func (c *check) key(chain [][]byte) [][]byte {
	file := c.pair.Key
	if !file.given() {
		c.NotRead = append(c.NotRead, "the private key: none was given")
		return c.inOrder(chain)
	}
	key, err := capture.ReadKey(file.Data)
	if file.Err != nil || err != nil {
		c.noKey(file, err)
		return c.inOrder(chain)
	}
	c.Read = append(c.Read, "the private key in "+called(file.Name))
	if c.oneFile() && behind(file.Data) {
		c.Read = append(c.Read, "the private key stands behind the certificate, and smtpd_tls_chain_files of Postfix wants it before")
	}
	if len(chain) == 0 {
		return nil
	}
	fits := slices.IndexFunc(chain, func(der []byte) bool { return capture.Fits(der, key) })
	switch {
	case fits < 0:
		c.fitsNothing(chain)
		return c.inOrder(chain)
	case fits > 0:
		first, _ := bound.Certificate(chain[0])
		leaf, _ := bound.Certificate(chain[fits])
		if first != nil && leaf != nil {
			c.Findings = append(c.Findings, leafNotFirst(chain, first, leaf))
		}
		return leading(chain, fits)
	}
	return chain
}

// noKey says why there is no key to compare.
func (c *check) noKey(file File, err error) {
	name := called(file.Name)
	switch {
	case errors.Is(file.Err, fs.ErrNotExist):
		c.find(finding.KeyMissing, finding.DetailNoFile, fmt.Sprintf("there is no file %s, where the private key should be", name),
			finding.EditInstallKey, "with the key that was made for the certificate in its place the server could load the two")
	case errors.Is(file.Err, fs.ErrPermission):
		c.find(finding.KeyUnreadable, finding.DetailPermission, fmt.Sprintf("the private key in %s may not be read", name),
			finding.EditAllowReading, "with the permission to read it the server could load the two", asWhom)
	case file.Err != nil:
		c.problem("%s cannot be read: %s", theFile(name), finding.Clip(file.Err.Error()))
	case errors.Is(err, capture.ErrEncrypted):
		c.find(finding.KeyEncrypted, "", fmt.Sprintf("the key file %s cannot be used: %s", name, err),
			finding.EditDecryptKey, "without its password the server could load the key")
	case errors.Is(err, capture.ErrNoKey):
		c.find(finding.KeyMissing, finding.DetailNoKey, fmt.Sprintf("the key file %s cannot be used: %s", name, err),
			finding.EditInstallKey, "with the key that was made for the certificate in it the server could load the two")
	default:
		c.problem("%s cannot be used: %s", theFile(name), err)
	}
}

// asWhom bounds what a permission says: many servers read their key as root, before they give
// the rights up.
const asWhom = "this is what the user could read who ran the check; it holds for the server where it reads the file as the same user"

func (c *check) fitsNothing(chain [][]byte) {
	subject := "the certificate"
	if leaf, err := bound.Certificate(chain[0]); err == nil {
		subject = "the certificate for " + CertName(leaf)
	}
	f := c.find(finding.KeyDoesNotMatch, "", fmt.Sprintf("the private key in %s belongs to none of the certificates in %s", called(c.pair.Key.Name), called(c.pair.Cert.Name)),
		finding.EditKey, "with the key that was made for this certificate, the pair could be installed",
		subject+" names another public key: a server either does not start with the two, or breaks off every handshake")
	f.Facts.About = finding.PointAt(chain[0], chain, finding.RoleLeaf)
	f.Facts.About.From = finding.InFile
}

func (c *check) find(code finding.Code, detail finding.Detail, summary string, edit finding.Edit, then string, evidence ...string) *finding.Finding {
	f := finding.New(code, summary)
	f.Evidence = evidence
	f.Facts.Host, f.Facts.Detail = c.pair.Host, detail
	f.Counterfactual = &finding.Counterfactual{Edit: edit, Text: then}
	c.Findings = append(c.Findings, f)
	return &c.Findings[len(c.Findings)-1]
}

func (c *check) problem(format string, args ...any) {
	c.Problems = append(c.Problems, fmt.Sprintf(format, args...))
}

func (c *check) inOrder(chain [][]byte) [][]byte {
	sorted, wrong := InOrder(chain)
	c.Findings = append(c.Findings, wrong...)
	return sorted
}

// behind reports whether the first key of a PEM file comes after its first certificate.
func behind(data []byte) bool {
	text := string(data)
	key, cert := strings.Index(text, "PRIVATE KEY-----"), strings.Index(text, "-----BEGIN CERTIFICATE-----")
	return cert >= 0 && key > cert
}

// called bounds the name of a file.
func called(name string) string {
	if name == "" {
		return "the file"
	}
	return finding.Clip(name)
}

// theFile begins a sentence about a file: a capital letter would make another name of the file's own.
func theFile(name string) string {
	if name == "" {
		return called(name)
	}
	return "the file " + called(name)
}
