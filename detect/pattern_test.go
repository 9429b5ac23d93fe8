package detect

var testPatterns []Pattern
