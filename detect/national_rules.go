package detect

import "slices"

// identityRules are the rules of all tables of identifiers.
func identityRules() (out []builtin) {
	for _, row := range slices.Concat(usIdentities(), ukIdentities(), germanIdentities(), latinIdentities(), northernIdentities(),
		easternIdentities(), asianIdentities(), southernIdentities(), americanIdentities(), bankIdentities()) {
		out = append(out, row.builtin())
	}
	out = append(out, deviceRules()...)
	out = append(out, gpsRule(), mrzRule())
	return append(out, walletRules()...)
}
