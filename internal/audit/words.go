package audit

import "strings"

// sentence makes a message of a rule's description: what it finds, without how.
func sentence(about, kind string) string {
	if about == "" {
		about = "a value of kind " + kind
	}
	for _, end := range []string{": ", "; ", ", "} {
		about, _, _ = strings.Cut(about, end)
	}
	return strings.ToUpper(about[:1]) + about[1:] + "."
}

// remedies tell what to do, by class of rule.
var remedies = map[string]string{
	"secret":  "Revoke it where it was issued, then remove it from the data and from the history of the repository.",
	"pii":     "Remove, mask or pseudonymise it with `reeve redact`, or record a legal basis for it in sourcing.yaml.",
	"phi":     "Remove it or de-identify the record with `reeve redact`: data concerning health needs a basis of its own (GDPR Art. 9, 45 CFR 164.514).",
	"special": "Remove it or record the exception that allows it: special categories of personal data may not be processed otherwise (GDPR Art. 9).",
	"pci":     "Remove it or mask all but the last four digits with `reeve redact` (PCI DSS requirement 3).",
}

func remedy(rule, kind string) string {
	class, _, _ := strings.Cut(rule, "/")
	if kind == "CREDIT_CARD" {
		class = "pci"
	}
	if r, ok := remedies[class]; ok {
		return r
	}
	return "Remove it, or allow it with a reason in .reeve/allow.yaml."
}
