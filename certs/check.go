package certs

import "fmt"

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
