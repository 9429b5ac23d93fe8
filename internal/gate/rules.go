package gate

import "slices"

// Rule is something that the gate looks at.
type Rule struct {
	ID    string
	What  string // what it asks for
	Final bool   // nobody may waive it: what it guards is integrity, or who may decide
}

// rules are in the order in which a model comes to be.
var rules = []Rule{
	{"target/empty", "the target has files", true},
	{"target/file", "every file of the target is a regular file inside of it that can be read", true},
	{"target/changed", "the files are those that were signed, and do not change while the gate looks at them", true},
	{"target/ungoverned", "every file with weights in the repository belongs to a model that the gate looks at", true},
	{"statement/malformed", "files of statements can be read", true},
	{"statement/signature", "signatures of known keys verify", true},
	{"statement/signer", "statements are signed by a key of the policy that may make them and was good at the time", true},
	{"statement/expired", "statements have not ended", true},
	{"statement/future", "no statement is from the future", true},
	{"origin/missing", "every file comes from a training, a conversion or a merge, or from a model of others that the policy lists", false},
	{"origin/uncovered", "no file lies in the target that nobody speaks of", true},
	{"origin/failed", "the training ended well, and its inputs did not change while it ran", false},
	{"origin/grade", "whoever signed for the origin read the bytes of inputs and outputs", false},
	{"data/missing", "every data set that went in has an audit", false},
	{"data/changed", "the data set is the one that was audited", false},
	{"data/findings", "the audit found no more than the policy takes", false},
	{"data/not-scanned", "the audit read everything", false},
	{"data/suppressed", "not more findings were left out of the count than the policy takes", false},
	{"data/residual", "not more is left after redaction than the policy takes", false},
	{"data/label", "the data is not labelled higher than the policy takes", false},
	{"data/use", "the handling rules of the data's label do not forbid the use", false},
	{"data/sourcing", "there is a manifest of the data's sources", false},
	{"data/licence", "the licences of the data's sources allow the declared use", false},
	{"scan/missing", "every file was scanned", false},
	{"scan/verdict", "the scan found every file harmless", false},
	{"evaluation/missing", "the evaluation was made", false},
	{"evaluation/metric", "its numbers are within their bounds", false},
	{"base/missing", "the model that the target was made from is known by its bytes and has a verdict of its own", false},
	{"base/verdict", "that verdict is a pass", true},
	{"licence/missing", "the licence of every model that went in is known", false},
	{"licence/verdict", "the licences of models allow the declared use", false},
	{"approval/missing", "enough people have approved", false},
	{"approval/rejected", "nobody who may approve has refused", true},
	{"signature/missing", "the target is signed", false},
	{"signature/invalid", "the signature verifies", true},
	{"bill/missing", "there is a bill of materials", false},
	{"bill/differs", "the bill of materials names the bytes that are there", true},
	{"waiver/invalid", "waivers hold for one rule and these bytes, in time, by somebody who may", true},
}

// Rules lists the rules.
func Rules() []Rule { return slices.Clone(rules) }
