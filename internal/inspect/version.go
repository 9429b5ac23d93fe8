package inspect

// Version changes whenever answers may change: it names the engine with its rules and options, and the tagger.
func (in *Inspector) Version() string {
	if in.tagger == nil {
		return in.engine.Version()
	}
	return in.engine.Version() + "+" + in.tagger.Version()
}
