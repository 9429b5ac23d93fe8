package model

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// known is a format that holds data and no code, and that is recognised by its first bytes. What stands in it beyond that is not read;
// pickles and archives in it are looked for all the same.
type known struct {
	name, magic string
	at          int
}

var knownFormats = []known{
	{"png", "\x89PNG\r\n\x1a\n", 0},
	{"jpeg", "\xff\xd8\xff", 0},
	{"gif", "GIF8", 0},
	{"webp", "WEBP", 8},
	{"wav", "WAVE", 8},
	{"flac", "fLaC", 0},
	{"ogg", "OggS", 0},
	{"mp4", "ftyp", 4},
	{"pdf", "%PDF-", 0},
	{"parquet", "PAR1", 0},
	{"arrow", "ARROW1\x00\x00", 0},
	{"catboost", "CBM1", 0},
	{"numpy-memmap", "\x93NUMPY", 0},
	{"woff2", "wOF2", 0},
}

// recognise returns the name of a known format of data.
func recognise(head []byte) string {
	for _, k := range knownFormats {
		if len(head) >= k.at+len(k.magic) && string(head[k.at:k.at+len(k.magic)]) == k.magic {
			return k.name
		}
	}
	if len(head) > 16 && head[0] == '{' && head[1] == 'L' && bytes.Contains(head[:min(len(head), 64)], []byte("learner")) {
		return "xgboost-ubjson"
	}
	return ""
}

// isSentencePiece reports whether bytes are a ModelProto of SentencePiece (sentencepiece_model.proto): pieces, trainer, normalizer.
func isSentencePiece(r *io.SectionReader) bool {
	pieces, n := 0, 0
	w := newWire(r)
	err := w.each(func(f field) error {
		if n++; f.kind != 2 || f.number < 1 || f.number > 5 {
			return errWire
		}
		if f.number != 1 || n > 100 {
			return nil
		}
		pieces++
		return w.into(f).each(func(g field) error {
			if want, ok := map[int]int{1: 2, 2: 5, 3: 0}[g.number]; !ok || want != g.kind {
				return errWire
			}
			return nil
		})
	})
	return err == nil && pieces > 0
}

// other scans formats that are told by their beginning or by their name and structure. It reports whether there was one.
func (j *job) other(where, name string, head []byte, r *io.SectionReader, depth int) bool {
	switch {
	case len(head) > 8 && string(head[4:8]) == "TFL3":
		j.format("tflite", depth)
		j.tflite(where, r)
	case len(head) > 4 && (string(head[:4]) == "ptrt" || string(head[:4]) == "ftrt"):
		j.format("tensorrt", depth)
		j.note(Review, "engine", where, "a compiled engine is a program for the graphics card and may name plug-ins", "build the engine yourself from a model that was scanned")
	case recognise(head) != "":
		j.format(recognise(head), depth)
		if modelSuffixes[strings.ToLower(path.Ext(name))] {
			j.note(Review, "mislabelled", where, "the name promises a model, and the content is "+recognise(head), "take the file from its source again, or give it the name of what it is")
		}
	case strings.EqualFold(path.Ext(name), ".mlmodel") && isWireMessage(r):
		j.format("coreml", depth)
		j.coreml(where, r)
	case isTable(r):
		j.format("tensorflow-index", depth)
	case j.isShard(where, name):
		j.format("tensorflow-data", depth)
	case isSentencePiece(r):
		j.format("sentencepiece", depth)
	case strings.EqualFold(path.Ext(name), ".msgpack") && isMessagePack(r):
		j.format("msgpack", depth)
	default:
		return false
	}
	j.trailing(where, r, depth)
	return true
}

// isTable reports whether bytes end like a table of LevelDB, by which TensorFlow names the tensors of a checkpoint.
func isTable(r *io.SectionReader) bool {
	var magic [8]byte
	n, _ := r.ReadAt(magic[:], r.Size()-8)
	return n == 8 && r.Size() >= 48 && binary.LittleEndian.Uint64(magic[:]) == 0xdb4775248b80fb57
}

var shardName = regexp.MustCompile(`^(.+)\.data-\d{5}-of-\d{5}$`)

// isShard reports whether a file holds the raw tensors of a checkpoint of TensorFlow whose index lies beside it.
func (j *job) isShard(where, name string) bool {
	m := shardName.FindStringSubmatch(name)
	if m == nil || where != "" {
		return false
	}
	f, err := os.Open(filepath.Join(filepath.Dir(j.r.Path), m[1]+".index"))
	if err != nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	return err == nil && isTable(io.NewSectionReader(f, 0, info.Size()))
}

func isWireMessage(r *io.SectionReader) bool {
	n := 0
	return newWire(r).each(func(field) error {
		if n++; n > 10_000 {
			return errWire
		}
		return nil
	}) == nil && n > 0
}

// coreml looks for models and layers whose code an application brings along (CoreML Model.proto: customModel; NeuralNetwork.proto: custom layers).
func (j *job) coreml(where string, r *io.SectionReader) {
	custom := false
	w := newWire(r)
	_ = w.each(func(f field) error {
		custom = custom || f.number == 555
		if f.kind == 2 && (f.number == 500 || f.number == 403 || f.number == 303) {
			return w.into(f).each(func(layer field) error {
				if layer.kind == 2 && layer.number == 1 {
					return w.into(layer).each(func(g field) error {
						custom = custom || g.number == 500 && g.kind == 2
						return nil
					})
				}
				return nil
			})
		}
		return nil
	})
	if custom {
		j.note(Review, "custom-layer", where, "layers are programs of an application", "have the application's code reviewed")
	}
}

var (
	xmlOutside = regexp.MustCompile(`(?i)<!ENTITY[^>]*\b(?:SYSTEM|PUBLIC)\b|<!DOCTYPE[^>]*\bSYSTEM\b|xi:include|\blibrary\s*=\s*["'][^"']*\.(?:so|dll|dylib)|<script\b`)
	xmlCustom  = regexp.MustCompile(`(?i)\bversion\s*=\s*["'](?:extension|custom_\w*)["']|type\s*=\s*["'](?:Python|Custom)\w*["']`)
)

// xml judges models in XML (OpenVINO, PMML): entities and libraries that lead out of the file.
func (j *job) xml(where string, r *io.SectionReader) {
	forEachWindow(r, 1<<20, 4096, func(_ int64, b []byte) bool {
		if xmlOutside.Match(b) {
			j.note(Malicious, "xml-outside", where, "the XML has a reader fetch a file, a library or code", "do not load this model")
		}
		if xmlCustom.Match(b) {
			j.note(Review, "custom-layer", where, "layers are programs of an extension", "have the extension's code reviewed")
		}
		return true
	})
}
