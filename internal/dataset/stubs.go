package dataset

import "archive/zip"

func (rd *reader) pdf(in input) error {
	rd.skip(in.path, refusal("PDF is not supported yet"))
	return nil
}

func officeKind(*zip.Reader) func(rd *reader, in input, z *zip.Reader) error { return nil }
