package certs

import "slices"

// A Document is something a CA publishes over plain HTTP.
type Document struct {
	Path string // below Spec.Publisher
	Type string // media type
	Body []byte
}

// NeedsPublisher reports whether a chain with these faults names addresses of its CA.
func NeedsPublisher(faults []Fault) bool {
	return slices.ContainsFunc(faults, func(f Fault) bool { return f.Kind == kindFetchable })
}

// Documents returns what the CA of b publishes about its leaf.
func (b *Bundle) Documents() []Document { return b.leaf.documents }
