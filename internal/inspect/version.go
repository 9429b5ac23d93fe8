package inspect

// Version changes whenever answers may change: it names the engine with its rules and options, and the tagger.
func (in *Inspector) Version() string {
	v := in.engine.Version()
	if in.readings {
		v += "+readings"
	}
	if in.known != nil {
		v += "+without " + in.knownID
	}
	if in.tagger == nil {
		return v
	}
	return v + "+" + in.tagger.Version()
}
