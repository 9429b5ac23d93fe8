// Package surrogate makes values that look like the ones they stand for and belong to nobody.
//
// A surrogate is a function of the key, the kind of value and the value without its separators and case: the same person
// has the same surrogate in every file and on every machine that holds the key, and without the key nobody can tell which
// value a surrogate came from, nor try all values until one fits. Nothing is remembered, so no table of values can leak.
//
// The shape stays: network and grouping of a card, country and length of an IBAN, layout of a phone number, words and
// case of a name, check digits everywhere. Where a standard or a regulator keeps values free for fiction, those are used:
//
//   - e-mail: host names below example.com, example.net and example.org (RFC 2606, section 3)
//   - phone: the numbers that regulators reserve for drama, see phone_reserved.go
//   - IP: 198.18.0.0/15 (RFC 2544, appendix C.2.2) and 2001:db8::/32 (RFC 3849)
//   - MAC: locally administered, unicast addresses (IEEE 802, clause 8.4)
//   - US SSN: areas 900 to 999, which are never assigned (20 CFR 422.103), with groups that no ITIN has
//
// Where nobody reserves any, the part that names the institution is zeros: the digits of a card after those of its
// network, the bank in an IBAN. For all other numbers the digits are drawn until the rule that found the value accepts the
// surrogate in its place; such a number may by chance be somebody's, as any number may.
//
// A small range has to serve many values, so two values may share a surrogate: telephone numbers (30,000 in the United
// States), IPv4 networks (512), names (2,700 for each word). Where equal must mean equal, use hash or encrypt instead.
package surrogate
