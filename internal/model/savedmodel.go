package model

import (
	"io"
	"strings"
)

// savedDangerous are operators of TensorFlow that run Python, or read or write files and the network when the graph runs.
var savedDangerous = newSet(`PyFunc PyFuncStateless EagerPyFunc ReadFile WriteFile MatchingFiles PrintV2 DebugIdentity DebugIdentityV2 DebugNumericSummary DebugNanCount
	SaveSlices SaveDataset SaveDatasetV2 LoadDataset SnapshotDataset SnapshotDatasetV2 CacheDataset CacheDatasetV2 TextLineDataset TFRecordDataset TFRecordDatasetV2 FixedLengthRecordDataset FixedLengthRecordDatasetV2
	TextLineReader TextLineReaderV2 TFRecordReader TFRecordReaderV2 WholeFileReader WholeFileReaderV2 FixedLengthRecordReader FixedLengthRecordReaderV2 LMDBReader LMDBDataset SqlDataset
	CreateSummaryFileWriter CreateSummaryDbWriter WriteGraphSummary WriteRawProtoSummary GenerateBigQueryReaderPartitions BigQueryReader RemoteCall RpcCall RpcClient RpcServer
	DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3 DataServiceDatasetV4 RegisterDataset RegisterDatasetV2 DistributedSave DeleteRandomSeedGenerator ImmutableConst
	IgniteDataset KafkaDataset ExtractJpegFromFile LoadAndRemapMatrix GenerateVocabRemapping InitializeTableFromTextFile`)

// savedBenign are operators of every saved model that name files of its own folder.
var savedBenign = newSet(`SaveV2 RestoreV2 MergeV2Checkpoints ShardedFilename Save Restore RestoreSlice InitializeTableFromTextFileV2 StaticRegexFullMatch StringJoin Print Assert`)

// savedModel walks a saved model of TensorFlow (tensorflow/core/protobuf/saved_model.proto): the operators of its graphs and functions.
func (j *job) savedModel(where string, r *io.SectionReader) {
	s := savedScan{j: j, where: where}
	err := newWire(r).each(func(f field) error {
		if f.number == 2 && f.kind == 2 {
			return s.metaGraph(newWire(r).into(f))
		}
		return nil
	})
	if err != nil {
		j.note(Invalid, "damaged", where, "the model is no sound protocol buffer", "take the file from its source again")
	}
}

// graphDef walks a graph of TensorFlow that stands alone, as frozen graphs do.
func (j *job) graphDef(where string, r *io.SectionReader) {
	s := savedScan{j: j, where: where}
	if err := s.graph(newWire(r)); err != nil {
		j.note(Invalid, "damaged", where, "the model is no sound protocol buffer", "take the file from its source again")
	}
}

type savedScan struct {
	j     *job
	where string
}

func (s *savedScan) metaGraph(w *wire) error {
	return w.each(func(f field) error {
		switch {
		case f.kind == 2 && f.number == 2:
			return s.graph(w.into(f))
		case f.kind == 2 && f.number == 6: // AssetFileDef
			return w.into(f).each(func(g field) error {
				if g.kind == 2 && g.number == 2 && leadsOut(w.text(g)) {
					s.j.note(Malicious, "path-traversal", s.where, "an asset is a file outside of the model's folder", "do not load this model")
				}
				return nil
			})
		}
		return nil
	})
}

func (s *savedScan) graph(w *wire) error {
	return w.each(func(f field) error {
		switch {
		case f.kind == 2 && f.number == 1:
			return s.node(w.into(f))
		case f.kind == 2 && f.number == 2:
			return s.library(w.into(f))
		}
		return nil
	})
}

// library walks FunctionDefLibrary.function[].node_def[].
func (s *savedScan) library(w *wire) error {
	return w.each(func(f field) error {
		if f.kind != 2 || f.number != 1 {
			return nil
		}
		return w.into(f).each(func(g field) error {
			if g.kind == 2 && g.number == 3 {
				return s.node(w.into(g))
			}
			return nil
		})
	})
}

func (s *savedScan) node(w *wire) error {
	return w.each(func(f field) error {
		if f.kind != 2 || f.number != 2 {
			return nil
		}
		op := w.text(f)
		switch {
		case savedDangerous[op]:
			s.j.note(Malicious, "savedmodel-op", s.where, "the graph has the operator "+quoteName("", op)[1:]+", which runs Python or reaches files or the network", "do not load this model")
		case savedBenign[op]:
		case strings.ContainsAny(op, "> ") || !isOperatorName(op):
			s.j.note(Review, "savedmodel-op", s.where, "the graph has operators of a library of its own", "have the library reviewed that brings them")
		}
		return nil
	})
}

// isOperatorName reports whether a name is written as TensorFlow writes its own operators, or calls of functions of the graph.
func isOperatorName(op string) bool {
	return op != "" && (op[0] >= 'A' && op[0] <= 'Z' || op[0] == '_' || strings.HasPrefix(op, "__inference_") || strings.HasPrefix(op, "__forward_"))
}
