package detect

// Byte classes, one bit each, so that a class is one table lookup and unions are ors.
const (
	clDigit  uint16 = 1 << iota // 0-9
	clLower                     // a-z
	clUpper                     // A-Z
	clHexLow                    // a-f
	clHexUp                     // A-F
	clDash                      // -
	clUnder                     // _
	clDot                       // .
	clPlus                      // +
	clSlash                     // /
	clEqual                     // =
	clB32                       // A-Z 2-7
	clBech                      // upper-case bech32 alphabet
	clSpace                     // space, tab, CR, LF
	clPEM                       // what may stand between the lines of a PEM block
	clUser                      // what may stand in the userinfo or host of a URL
)

// Unions used by recognisers and token shapes.
const (
	clAlpha = clLower | clUpper
	clAlnum = clAlpha | clDigit
	clWord  = clAlnum | clUnder
	clCaps  = clUpper | clDigit
	clHex   = clDigit | clHexLow | clHexUp
	clB64u  = clAlnum | clDash | clUnder
	clB64   = clAlnum | clPlus | clSlash | clEqual
	clLocal = clAlnum | clDot | clUnder | clPlus | clDash // local part of an e-mail address
)

const bech32Upper = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"

var classOf = makeClasses()

// wordByte is the class clWord as a table of its own, for the loops that see every byte.
var wordByte = func() (t [256]bool) {
	for c := range t {
		t[c] = classOf[c]&clWord != 0
	}
	return t
}()

func makeClasses() (t [256]uint16) {
	set := func(class uint16, from, to byte) {
		for c := int(from); c <= int(to); c++ {
			t[c] |= class
		}
	}
	each := func(class uint16, bytes string) {
		for i := range len(bytes) {
			t[bytes[i]] |= class
		}
	}
	set(clDigit, '0', '9')
	set(clLower, 'a', 'z')
	set(clUpper, 'A', 'Z')
	set(clHexLow, 'a', 'f')
	set(clHexUp, 'A', 'F')
	each(clDash, "-")
	each(clUnder, "_")
	each(clDot, ".")
	each(clPlus, "+")
	each(clSlash, "/")
	each(clEqual, "=")
	set(clB32, 'A', 'Z')
	set(clB32, '2', '7')
	each(clBech, bech32Upper)
	each(clSpace, " \t\r\n")
	set(clPEM, '0', '9')
	set(clPEM, 'a', 'z')
	set(clPEM, 'A', 'Z')
	each(clPEM, "+/= \t\r\n\\\"',:;.|>")
	set(clUser, '!', '~')
	for _, c := range []byte("/?#\"<>\\^`{|}' ") {
		t[c] &^= clUser
	}
	return t
}

func isDigit(c byte) bool  { return c-'0' < 10 }
func isLetter(c byte) bool { return c|0x20-'a' < 26 }
func isUpper(c byte) bool  { return c-'A' < 26 }
func isWord(c byte) bool   { return wordByte[c] }
