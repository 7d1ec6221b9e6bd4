package certs

import (
	"fmt"
	"slices"
)

// CheckFaults refuses faults that Build does not know, that say what their kind does not use, or
// that undo each other. at is the index of the one. What only fails when it is built, because the
// chain has nothing for it to break, passes.
func CheckFaults(faults []Fault) (at int, err error) {
	for i, f := range faults {
		r, ok := ruleOf(f.Kind)
		if !ok {
			return i, fmt.Errorf("there is no certificate fault %q", f.Kind)
		}
		if err := r.check(f); err != nil {
			return i, fmt.Errorf("fault %s: %w", f.Kind, err)
		}
		if err := contradiction(faults[:i], f); err != nil {
			return i, err
		}
	}
	return 0, nil
}

// CheckChain is CheckFaults for faults that are applied to an outline, or to the healthy chain where
// that is zero.
func CheckChain(o Outline, faults []Fault) (at int, err error) {
	if at, err := CheckFaults(faults); err != nil {
		return at, err
	}
	for i, f := range faults {
		if err := o.takes(f); err != nil {
			return i, err
		}
	}
	return 0, nil
}

// takes refuses a fault that an outline has no place for.
func (o Outline) takes(f Fault) error {
	structure := []Kind{
		kindRootAlsoSent, kindSelfSigned, kindIssuedByRoot, kindPrivateCA, kindPrivateRootOnly, kindOmitIntermediate, kindWrongIntermediate, kindReversed,
		kindSameNameIssuer, kindDefaultInstallation, kindExpiredCrossSign, kindDistrustedRoot, kindLeafIssuer, kindMD5,
	}
	switch {
	case o.IsZero():
		return nil
	case slices.Contains(structure, f.Kind):
		return fmt.Errorf("fault %s: an outline says itself which certificates there are, and who signs them how", f.Kind)
	case len(o.Certificates[0].Raw) > 0:
		return fmt.Errorf("fault %s: the certificate is sent as it is, and nothing can be changed about it", f.Kind)
	}
	return nil
}
