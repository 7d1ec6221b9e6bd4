package bound

import (
	"fmt"
)

// A Shape is the most that a JSON text may hold, whatever it says. A few bytes of it, such as "{},",
// can become a value of a thousand.
type Shape struct {
	Bytes   int
	Depth   int // lists and objects in each other
	Objects int
	Values  int // entries of lists and objects
}

// JSON says how a text goes beyond a shape. It takes no memory, and leaves it to the decoder to find
// out whether the text is JSON at all.
func (s Shape) JSON(text []byte) error {
	if len(text) > s.Bytes {
		return fmt.Errorf("it has more than %d kB", s.Bytes>>10)
	}
	depth, objects, values := 0, 0, 1
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = endOfString(text, i)
		case '{':
			objects++
			depth++
		case '[':
			depth++
		case '}', ']':
			depth--
		case ',', ':':
			values++
		}
		switch {
		case depth > s.Depth:
			return fmt.Errorf("its lists and objects are more than %d deep in each other", s.Depth)
		case objects > s.Objects:
			return fmt.Errorf("it holds more than %d objects", s.Objects)
		case values > s.Values:
			return fmt.Errorf("it holds more than %d values", s.Values)
		}
	}
	return nil
}

// endOfString returns where the string ends that begins at start.
func endOfString(text []byte, start int) int {
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text)
}
