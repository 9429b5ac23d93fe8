package dataset

import (
	"bytes"
	"strconv"
)

// names are the paths of the values of a file, each made once: records mostly have the same members in the same order.
type names struct {
	root  node
	count int
}

// maxNames bounds the memory for names; what comes later is made again each time.
const maxNames = 1 << 15

// node is a path.
type node struct {
	name   string // with positions in lists, for Field.Name
	prefix string // without them and with ": ", for Block.Text
	kids   []*node
	index  map[string]*node // once there are many kids
	elems  []*node
	key    string // the last step, as it stands in the file
	hint   int    // the kid that is probably asked for next
	data   *node  // stands for members whose names are data
}

func (n *node) step(name, prefix string) *node {
	kid := &node{name: name, prefix: name + ": "}
	if n.name != "" {
		kid.name = n.name + "." + name
	}
	if n.prefix != "" {
		kid.prefix = n.prefix[:len(n.prefix)-2]
		if prefix != "" {
			kid.prefix += "." + prefix
		}
		kid.prefix += ": "
	} else {
		kid.prefix = ""
		if prefix != "" {
			kid.prefix = prefix + ": "
		}
	}
	return kid
}

// member returns the path of a member. raw is its name as it stands in the file; decode gives the name itself.
func (s *names) member(n *node, raw []byte, decode func(raw []byte) string) *node {
	if n.hint < len(n.kids) && n.kids[n.hint].key == string(raw) {
		n.hint++
		return n.kids[n.hint-1]
	}
	if kid := n.find(raw); kid != nil {
		return kid
	}
	kid := n.step(cleanName(decode(raw)))
	if s.count < maxNames {
		s.count++
		kid.key = string(raw)
		n.kids = append(n.kids, kid)
		n.hint = len(n.kids)
		if n.index != nil {
			n.index[kid.key] = kid
		}
	}
	return kid
}

func (n *node) find(raw []byte) *node {
	if len(n.kids) > 16 {
		if n.index == nil {
			n.index = make(map[string]*node, 2*len(n.kids))
			for _, kid := range n.kids {
				n.index[kid.key] = kid
			}
		}
		return n.index[string(raw)]
	}
	for i, kid := range n.kids {
		if kid.key == string(raw) {
			n.hint = i + 1
			return kid
		}
	}
	return nil
}

// cleanName keeps a name on its line, and valid.
func cleanName(name string) (string, string) {
	b := []byte(validText(name))
	for i, c := range b {
		if c < ' ' {
			b[i] = ' '
		}
	}
	return string(b), string(b)
}

// dataName stands for the name of a member that is data itself, so that no finding carries it.
const dataName = "(key)"

// dataMember returns the path of members whose names are data.
func (n *node) dataMember() *node {
	if n.data == nil {
		n.data = n.step(dataName, dataName)
	}
	return n.data
}

// element returns the path of an element of a list.
func (s *names) element(n *node, i int) *node {
	if i < len(n.elems) {
		return n.elems[i]
	}
	kid := n.step(strconv.Itoa(i), "")
	if i == len(n.elems) && s.count < maxNames {
		s.count++
		n.elems = append(n.elems, kid)
	}
	return kid
}

// maxName is the longest name that is one; a longer one is data.
const maxName = 256

// isData reports whether the name of a member looks like data: an address, or a number of six digits or more.
func isData(raw []byte) bool {
	if len(raw) > maxName {
		return true
	}
	if bytes.IndexByte(raw, '\\') >= 0 {
		raw = []byte(decodeName(raw))
	}
	digits := 0
	for _, c := range raw {
		if '0' <= c && c <= '9' {
			digits++
		}
	}
	return digits >= 6 || bytes.IndexByte(raw, '@') >= 0
}
