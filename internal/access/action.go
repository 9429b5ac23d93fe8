package access

import (
	"slices"
	"strings"

	"github.com/reeve-ai/reeve"
)

// Action is what somebody wants to do. The part before the colon says to what kind of resource.
type Action string

// Actions on models and on the server itself, which the gateway asks about. Actions lists all of them.
const (
	ModelUse     Action = "model:use"     // send a request to a model
	ModelList    Action = "model:list"    // see that a model exists
	AdminMetrics Action = "admin:metrics" // read the metrics
	AdminStatus  Action = "admin:status"  // read health, versions and the state of the log
	AdminReload  Action = "admin:reload"  // have policy and configuration read again
)

// Kinds of resources.
const (
	KindModel    = "model"
	KindDataset  = "dataset"
	KindFineTune = "finetune"
	KindExchange = "exchange" // a prompt and its answer
	KindRecord   = "record"   // a record of the custody log
	KindReview   = "review"   // an item that waits for a reviewer
	KindPolicy   = "policy"
	KindKey      = "key"
	KindUser     = "user"
	KindReport   = "report"
	KindAdmin    = "admin" // the server: admin API and console
)

// verbs says what can be done to each kind of resource. The schema that ships declares the same actions, with the groups
// that they are in; a test compares the two.
var verbs = map[string][]string{
	KindModel:    {"use", "list", "inspect", "register", "update", "approve", "delete", "share", "propose-relabel", "relabel"},
	KindDataset:  {"list", "read", "create", "update", "scan", "redact", "train", "export", "delete", "share", "propose-relabel", "relabel"},
	KindFineTune: {"list", "inspect", "start", "stop", "approve", "delete", "share", "propose-relabel", "relabel"},
	KindExchange: {"list", "read", "export", "share", "propose-relabel", "relabel"},
	KindRecord:   {"list", "read", "prove", "verify", "search", "export", "erase", "hold", "release", "share", "propose-relabel", "relabel"},
	KindReview:   {"list", "read", "reveal", "decide", "assign"},
	KindPolicy:   {"list", "read", "test", "write", "activate"},
	KindKey:      {"list", "create", "revoke"},
	KindUser:     {"list", "read", "create", "update", "delete", "grant", "revoke-session"},
	KindReport:   {"list", "read", "create", "export"},
	KindAdmin:    {"metrics", "status", "console", "config", "reload", "backup", "break-glass", "incident"},
}

// Actions lists every action on every kind of resource, sorted.
func Actions() []Action {
	var all []Action
	for kind, list := range verbs {
		for _, verb := range list {
			all = append(all, Action(kind+":"+verb))
		}
	}
	slices.Sort(all)
	return all
}

// kindOf is the kind of resource that an action is done to.
func kindOf(a Action) (kind string, known bool) {
	kind, verb, _ := strings.Cut(string(a), ":")
	return kind, slices.Contains(verbs[kind], verb)
}

// Resource is what is acted on. Everything in it comes from stored or signed state. Its label is part of the request, so
// that a decision needs nothing else.
type Resource struct {
	Kind             string      // KindModel …
	Name             string      // what it is called among its kind; "*" for all of them, where an action lists
	Owner            string      // id of the principal who owns it; "": nobody
	SharedWith       []string    // ids of principals, and of groups as "group:NAME"
	Department       string      // "": none
	Label            reeve.Label // what the resource holds at most
	Regions          []string    // countries where it may be used; none: everywhere
	Purposes         []string    // purposes it may be used for; none: any
	RequiredTraining []string    // trainings that who uses it must have
}

// Model is a model as a resource.
func Model(name string, label reeve.Label) Resource {
	return Resource{Kind: KindModel, Name: name, Label: label}
}

// Admin is the server itself as a resource.
func Admin() Resource { return Resource{Kind: KindAdmin} }
