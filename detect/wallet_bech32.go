package detect

const bech32Lower = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// segwitAddress checks an address of BIP-173 and BIP-350: bech32 for version 0 with a program of 20 or 32 bytes,
// bech32m for later versions. text is in one case and begins with the prefix and 1.
func segwitAddress(text []byte, prefix int) bool {
	check := uint32(1)
	for k := range prefix {
		check = bech32Step(check) ^ uint32(text[k]|0x20)>>5
	}
	check = bech32Step(check)
	for k := range prefix {
		check = bech32Step(check) ^ uint32(text[k]|0x20)&31
	}
	data := text[prefix+1:]
	version := -1
	for _, c := range data {
		if isUpper(c) {
			c |= 0x20
		}
		v := indexByte(bech32Lower, c)
		if v < 0 {
			return false
		}
		if version < 0 {
			version = v
		}
		check = bech32Step(check) ^ uint32(v)
	}
	if version == 0 {
		return check == 1 && (len(data) == 39 || len(data) == 59)
	}
	return version <= 16 && check == 0x2bc830a3 && len(data) >= 11 && len(data) <= 72
}

// bech32Step multiplies by x in the field of the code and makes room for five bits.
func bech32Step(c uint32) uint32 {
	top := c >> 25
	c = (c & 0x1ffffff) << 5
	for k, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
		if top>>k&1 != 0 {
			c ^= g
		}
	}
	return c
}
