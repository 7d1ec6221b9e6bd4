package finding

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// A Pointer says which certificate a finding is about. Names do not: two certificates of one chain
// may have the same. The zero value points at none.
type Pointer struct {
	Fingerprint string `json:"fingerprint"` // SHA-256 of the DER, lower-case hex: see Fingerprint
	From        Origin `json:"from"`
	// Position counts from 1 in what was sent or what the file holds; 0 for one that is only known.
	Position int  `json:"position,omitempty"`
	Role     Role `json:"role"`
}

// IsZero reports whether p points at no certificate.
func (p Pointer) IsZero() bool { return p == Pointer{} }

// OfCA reports whether p points at a certificate above the leaf: the server's owner cannot have it
// issued again.
func (p Pointer) OfCA() bool { return p.Role == RoleIntermediate || p.Role == RoleRoot }

// An Origin is where a certificate comes from.
type Origin string

// The origins.
const (
	// Sent: the server sent it.
	Sent Origin = "sent"
	// InFile: it is in a file that was given.
	InFile Origin = "file"
	// Known: it was neither sent nor given; a trust store, or the list of known intermediates, has it.
	Known Origin = "known"
)

// Origins returns all of them.
func Origins() []Origin { return []Origin{Sent, InFile, Known} }

// A Role is the part of a certificate in a chain, which its place on the path decides and not what
// it says of itself.
type Role string

// The roles.
const (
	// RoleLeaf: the server's own certificate.
	RoleLeaf Role = "leaf"
	// RoleIntermediate: a CA between leaf and root, and one of which that cannot be told.
	RoleIntermediate Role = "intermediate"
	// RoleRoot: the trust anchor, or a certificate that is its own issuer above the leaf.
	RoleRoot Role = "root"
)

// Roles returns all of them.
func Roles() []Role { return []Role{RoleLeaf, RoleIntermediate, RoleRoot} }

// Fingerprint returns what a certificate is told apart by: the SHA-256 of its DER, lower-case hex.
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// PointAt returns the pointer to a certificate (DER) with this role: to its place among those that
// were sent, or as one that is only known.
func PointAt(der []byte, sent [][]byte, role Role) Pointer {
	at := slices.IndexFunc(sent, func(s []byte) bool { return bytes.Equal(s, der) })
	if at < 0 {
		return Pointer{Fingerprint: Fingerprint(der), From: Known, Role: role}
	}
	return Pointer{Fingerprint: Fingerprint(der), From: Sent, Position: at + 1, Role: role}
}

// FromFile returns findings about a chain that was judged as if a server had sent it, with their
// pointers at the file that it is from: its certificates (DER) in the file's own order.
func FromFile(fs []Finding, file [][]byte) []Finding {
	out := slices.Clone(fs)
	for i := range out {
		about := &out[i].Facts.About
		at := slices.IndexFunc(file, func(der []byte) bool { return Fingerprint(der) == about.Fingerprint })
		if !about.IsZero() && at >= 0 {
			about.From, about.Position = InFile, at+1
		}
	}
	return out
}
