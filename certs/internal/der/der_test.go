package der

import (
	"bytes"
	"testing"
)

func TestFlipSignature(t *testing.T) {
	in := []byte{0x30, 0x01, 0x07}
	if got := FlipSignature(in); !bytes.Equal(got, []byte{0x30, 0x01, 0x06}) || in[2] != 0x07 {
		t.Errorf("got %x, and the input is now %x", got, in)
	}
	if got := FlipSignature(nil); len(got) != 0 {
		t.Errorf("nothing became %x", got)
	}
}
