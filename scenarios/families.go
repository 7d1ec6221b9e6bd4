package scenarios

import "slices"

// Families returns the families in the order of the catalogue.
func Families() []Family {
	return []Family{Controls, Trust, Names, Time, Keys, Usage, Revoking, Protocol, StartTLS, Settings, Network,
		Portal, Published, LifeCycle}
}

// Valid reports whether f is one of Families.
func (f Family) Valid() bool { return slices.Contains(Families(), f) }
