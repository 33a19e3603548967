package main

import "unicode/utf8"

// Whether a byte can stand in a JSON string as it is.
var isPlain [256]bool

func init() {
	for c := 0x20; c < utf8.RuneSelf; c++ {
		isPlain[c] = c != '"' && c != '\\'
	}
}

const hex = "0123456789abcdef"

// Appends the content of a string: what JSON does not take is escaped, a byte that is not UTF-8 becomes U+FFFD.
func appendString(to, text []byte) []byte {
	start := 0
	for i := 0; i < len(text); {
		c := text[i]
		if isPlain[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(text[i:])
			if r == utf8.RuneError && size == 1 {
				to = append(append(to, text[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += size
			continue
		}
		to = append(to, text[start:i]...)
		switch c {
		case '"', '\\':
			to = append(to, '\\', c)
		case '\n':
			to = append(to, '\\', 'n')
		case '\r':
			to = append(to, '\\', 'r')
		case '\t':
			to = append(to, '\\', 't')
		case '\b':
			to = append(to, '\\', 'b')
		case '\f':
			to = append(to, '\\', 'f')
		default:
			to = append(to, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	return append(to, text[start:]...)
}
