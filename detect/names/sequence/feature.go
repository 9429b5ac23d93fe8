package sequence

// tableBits is the size of the weight table: 2^tableBits rows.
const tableBits = 19

// slot turns a hashed value into a row of the table; n keeps kinds of features apart.
func slot(n uint64, value uint64) uint32 {
	return uint32((value ^ n*0x9E3779B97F4A7C15) * 0xD6E8FEB86659FD93 >> (64 - tableBits))
}

// edge stands for what lies beyond the block.
var edge = token{kind: lineEnd}

func (r *Reader) at(i int) *token {
	if i < 0 || i >= len(r.tokens) {
		return &edge
	}
	return &r.tokens[i]
}

// outline is a short picture of how a token is written and what lists say.
func outline(t *token) uint64 {
	return uint64(t.kind) | t.entry.levels()<<4 | uint64(t.entry.Role())<<13
}

// features appends the rows of token i, which lies in the run of candidates from lo to hi (exclusive).
func (r *Reader) features(dst []uint32, i, lo, hi int) []uint32 {
	t, p, n, pp, nn := r.at(i), r.at(i-1), r.at(i+1), r.at(i-2), r.at(i+2)
	l := &r.lines[t.line]
	picture := uint64(l.letters)<<1 | bit(t.first)
	o, op, on := outline(t), outline(p), outline(n)
	k, kp, kn := uint64(t.kind), uint64(p.kind), uint64(n.kind)
	role, rp, rn := uint64(t.entry.Role()), uint64(p.entry.Role()), uint64(n.entry.Role())
	rpp, rnn := uint64(pp.entry.Role()), uint64(nn.entry.Role())
	lv, lp, ln := t.entry.levels(), p.entry.levels(), n.entry.levels()
	glue := bit(t.glued) | bit(n.glued)<<1
	place := min(uint64(i-lo), 3) | min(uint64(hi-1-i), 3)<<2

	dst = append(
		dst,
		slot(1, t.hash), slot(2, p.hash), slot(3, n.hash), slot(4, pp.hash), slot(5, nn.hash),
		slot(6, p.hash+t.hash*3), slot(7, t.hash+n.hash*3), slot(8, pp.hash+p.hash*3), slot(9, n.hash+nn.hash*3),
		slot(10, t.hash<<8|picture),
		slot(11, o<<8|picture), slot(12, o<<18|op), slot(13, o<<18|on), slot(14, (o<<18^op)*prime+on),
		slot(15, lv<<4|k), slot(16, (lv<<9|lp)<<8|k<<4|kp), slot(17, (lv<<9|ln)<<8|k<<4|kn),
		slot(18, k<<12|kp<<8|kn<<4|glue), slot(19, picture<<16|k<<8|place),
		slot(20, rp<<8|k), slot(21, rn<<8|k), slot(22, rpp<<8|k), slot(23, rnn<<8|k),
		slot(24, rp<<20|rn<<12|lv), slot(25, rpp<<20|rp<<12|lv), slot(26, rn<<20|rnn<<12|lv),
		slot(27, rpp<<20|rp<<12|role<<4|k), slot(28, p.hash^lv*prime), slot(29, n.hash^lv*prime),
		slot(30, p.hash^k*prime), slot(31, n.hash^k*prime),
		slot(32, uint64(l.key)<<16|lv<<4|k), slot(33, uint64(l.key)<<16|min(uint64(i)-uint64(l.value), 7)<<8|k),
		slot(34, l.keyHash^k), slot(35, place<<20|o),
	)
	if i > lo || i+1 < hi {
		before, after := Entry(0), Entry(0)
		if i > lo {
			before = r.model.Lexicon.Find(Pair(p.hash, t.hash))
		}
		if i+1 < hi {
			after = r.model.Lexicon.Find(Pair(t.hash, n.hash))
		}
		if before|after != 0 {
			dst = append(dst, slot(36, before.levels()<<9|after.levels()))
		}
	}
	// the words around the whole run, which may be far from this token
	if before := r.at(lo - 1); i > lo {
		dst = append(dst, slot(37, before.hash), slot(38, uint64(before.entry.Role())<<8|k))
	}
	if after := r.at(hi); i+1 < hi {
		last := r.at(hi - 1)
		dst = append(dst, slot(39, after.hash), slot(40, last.hash), slot(41, outline(last)<<4|k))
	}
	return r.affixes(dst, t, k)
}

// affixes appends the rows of the first and last letters.
func (r *Reader) affixes(dst []uint32, t *token, k uint64) []uint32 {
	if !t.word() {
		return dst
	}
	var memory [longest]byte
	letters := Fold(memory[:0], r.text[r.base+int(t.start):r.base+int(t.end)])
	n := len(letters)
	h := uint64(0)
	for i := 0; i < n && i < 4; i++ {
		h = (h | uint64(letters[i])) << 8
		if i >= 1 {
			dst = append(dst, slot(50+uint64(i), mix(h)))
		}
	}
	h = 0
	for i := 0; i < n && i < 5; i++ {
		h = (h | uint64(letters[n-1-i])) << 8
		if i >= 1 {
			dst = append(dst, slot(60+uint64(i), mix(h)))
		}
		if i == 2 {
			dst = append(dst, slot(66, mix(h^k)))
		}
	}
	return append(dst, slot(67, uint64(min(n, 12))<<8|k))
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
