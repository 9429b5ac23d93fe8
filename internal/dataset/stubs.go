package dataset

import "archive/zip"

func (rd *reader) arrowFile(in input) error {
	rd.skip(in.path, refusal("Arrow is not supported yet"))
	return nil
}

func (rd *reader) arrowStream(in input) error { return rd.arrowFile(in) }

func (rd *reader) pdf(in input) error {
	rd.skip(in.path, refusal("PDF is not supported yet"))
	return nil
}

func officeKind(*zip.Reader) func(rd *reader, in input, z *zip.Reader) error { return nil }
