//go:build !linux

package wire

import (
	"errors"
	"fmt"
)

// A blackHole cannot be made here.
type blackHole struct{}

func openBlackHole(string) (*blackHole, error) {
	return nil, fmt.Errorf("only Linux drops connections to a port whose queue is full: %w", errors.ErrUnsupported)
}

func (*blackHole) close() {}
