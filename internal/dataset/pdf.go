package dataset

func (rd *reader) pdf(in input) error {
	rd.skip(in.path, refusal("PDF is not supported yet"))
	return nil
}
