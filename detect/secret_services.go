package detect

import "bytes"

// The rules of the group that findContext serves, by their number in hits.
const (
	ctxNone int8 = iota
	ctxAssignedPassword
	ctxAssignedSecret
	ctxJWK
	ctxService // the first of the services
)

// service is a row: a key without a prefix that is known by the name of its service in the text before.
type service struct {
	id, description string
	words           []string
	shapes          []bareShape
	severity        Severity
}

// bareShape is the form of a key without a prefix: an alphabet and lengths.
type bareShape struct {
	class    uint16
	min, max int
	uuid     bool
}

const (
	minBareKey  = 12
	serviceSpan = 48
)

var services = serviceRows()

func serviceRows() []service { return nil }

// maybeService reports whether the run at i is long enough for the key of a service.
func (w *window) maybeService(i int) bool {
	j := w.run(clB64u|clPlus|clSlash|clEqual|clDot, i, minBareKey)
	return j-i >= minBareKey
}

// serviceValue looks for the name of a service before the value.
func (w *window) serviceValue(a *assignment, v quoted) hit {
	_ = bytes.Contains
	return hit{}
}

func contextRules() []builtin {
	return []builtin{
		{
			Rule: Rule{
				ID: "secret/assigned-password", Kind: KindSecret, Severity: High,
				Description: "password that is assigned, passed or listed under a name that says so",
				Positives:   []string{`password = "xk29fjw8"`},
				Negatives:   []string{`password = os.Getenv("DB_PASSWORD")`},
			},
			context: ctxAssignedPassword,
		},
		{
			Rule: Rule{
				ID: "secret/assigned-secret", Kind: KindSecret, Severity: High,
				Description: "token, key or secret that is assigned under a name that says so",
				Positives:   []string{`auth_token: ` + sampleHex(32)},
				Negatives:   []string{`token = "placeholder"`},
			},
			context: ctxAssignedSecret,
		},
	}
}

// contextEntries are the entries of the group.
func contextEntries() []entry {
	return []entry{{bytes: "=:>(,", find: findContext}}
}
