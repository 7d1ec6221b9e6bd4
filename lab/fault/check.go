package fault

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// longest is the longest delay of a plan: that of RFC 5321 section 4.5.3.2.1 for a greeting.
const longest = 5 * time.Minute

// Check refuses a plan that says what the wire does not know: it would be served as if it said
// nothing.
func (p Plan) Check() error {
	if !p.Accept.Valid() {
		return fmt.Errorf("accept: there is no way %q to take a connection; it may be reset, hang or close", p.Accept)
	}
	if p.CutAfter < 0 {
		return errors.New("cutAfter: it must be a number of bytes, and is below 0")
	}
	if p.Delay < 0 || p.Delay > longest {
		return fmt.Errorf("delay: it must be from 0 to %s in nanoseconds, and is %d", longest, p.Delay)
	}
	if !p.Hello.Then.Valid() {
		return fmt.Errorf("hello.then: there is no way %q to end a connection; it may be reset, hang or close", p.Hello.Then)
	}
	if p.Hello.Over < 0 {
		return errors.New("hello.over: it must be a number of bytes, and is below 0")
	}
	for i, l := range p.Lines {
		if l.Command == "" {
			return fmt.Errorf("lines[%d].command: it is empty; it must be a word such as STARTTLS", i)
		}
		if !l.Then.Valid() {
			return fmt.Errorf("lines[%d].then: nothing is known of %q; it may be close, stay or tls", i, l.Then)
		}
	}
	return nil
}

// Valid reports whether a is one of the ways to receive a connection.
func (a Accept) Valid() bool { return slices.Contains([]Accept{Serve, Reset, Hang, Close}, a) }

// Valid reports whether t is one of those that can follow an answer.
func (t Then) Valid() bool { return slices.Contains([]Then{GoOn, Drop, Stay, Go}, t) }
