package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/go-json-experiment/json"
)

// Plan divides a run into shards that any machine with the same files may take. Which shard a file or a part of one falls
// into changes nothing about the merged result.
type Plan struct {
	SchemaVersion int        `json:"schema_version"`
	Rules         string     `json:"rules_digest"` // what every shard must have in force
	Today         Date       `json:"today"`        // for what expires
	Piece         int64      `json:"piece_bytes"`  // files of lines are divided at multiples of it
	Shards        []int      `json:"shards"`       // for each shard, the number of pieces up to its end
	Files         []PlanFile `json:"files"`
	Digest        string     `json:"digest"` // SHA-256 over all the rest
}

// PlanFile is a file, or what could not be read when the plan was made.
type PlanFile struct {
	Path   string `json:"path"`
	Key    string `json:"key"` // as fingerprints name it
	Size   int64  `json:"size"`
	Pieces int    `json:"pieces"`
	Skip   string `json:"skip,omitzero"`
}

const (
	planVersion = 1
	// PieceSize is how files of lines are divided unless a plan is asked for something else.
	PieceSize = 64 << 20
	// MaxShards bounds a plan.
	MaxShards = 100_000
)

// ErrPlan says that plan, shards and this program do not fit together.
var ErrPlan = errors.New("plan and shards do not fit")

// MakePlan divides what lies in the paths into shards of about the same size. piece 0 means PieceSize.
func MakePlan(ctx context.Context, paths []string, shards int, piece int64, o Options) (*Plan, error) {
	p := &Plan{
		SchemaVersion: planVersion, Rules: shardRules(&o), Today: Date(o.Today.UTC().Format(time.DateOnly)), Piece: piece, Files: []PlanFile{},
	}
	if p.Piece <= 0 {
		p.Piece = PieceSize
	}
	f := &feeder{o: &o, cache: &cache{}, listed: p.add, listedSkip: func(path, why string) {
		p.Files = append(p.Files, PlanFile{Path: path, Key: keyPath(o.Root, path), Pieces: 1, Skip: why})
	}}
	for _, path := range o.Exclude {
		if info, err := os.Stat(path); err == nil {
			f.exclude = append(f.exclude, info)
		}
	}
	if err := f.walk(ctx, paths); err != nil {
		return nil, err
	}
	p.divide(shards)
	p.Digest = p.sum()
	return p, nil
}

func (p *Plan) add(fl *file) error {
	in := PlanFile{Path: fl.path, Key: fl.key, Size: fl.size, Pieces: 1}
	if fl.size > p.Piece {
		src, err := fl.open()
		if err != nil {
			in.Skip = reason(err)
		} else {
			if lines, _ := linesIn(fl.path, src); lines != noLines {
				in.Pieces = int((fl.size + p.Piece - 1) / p.Piece)
			}
			closeSource(src)
		}
	}
	p.Files = append(p.Files, in)
	return nil
}

// divide sets the ends of n shards so that their bytes differ by less than a piece.
func (p *Plan) divide(n int) {
	var total, sum int64
	for _, f := range p.Files {
		total += f.Size
	}
	pieces := 0
	for i := range p.Files {
		for k := range p.Files[i].Pieces {
			from, to := p.Files[i].bytes(k, p.Piece)
			for len(p.Shards) < n-1 && sum >= total*int64(len(p.Shards)+1)/int64(n) && pieces > 0 {
				p.Shards = append(p.Shards, pieces)
			}
			sum += to - from
			pieces++
		}
	}
	for len(p.Shards) < n {
		p.Shards = append(p.Shards, pieces)
	}
}

// bytes is where piece k lies, before it is moved to the beginnings of lines.
func (f *PlanFile) bytes(k int, piece int64) (from, to int64) {
	if f.Pieces == 1 {
		return 0, f.Size
	}
	return int64(k) * piece, min(int64(k+1)*piece, f.Size)
}

func (p *Plan) sum() string {
	without := *p
	without.Digest = ""
	b, err := json.Marshal(&without, json.Deterministic(true))
	if err != nil {
		panic("a plan that cannot be encoded: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// ParsePlan reads a plan.
func ParsePlan(text []byte) (*Plan, error) {
	var p Plan
	if err := json.Unmarshal(text, &p, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%w: the plan cannot be read", ErrPlan)
	}
	if p.SchemaVersion != planVersion || p.Piece <= 0 || len(p.Shards) == 0 || len(p.Shards) > MaxShards {
		return nil, fmt.Errorf("%w: this is no plan of version %d", ErrPlan, planVersion)
	}
	if p.Digest != p.sum() {
		return nil, fmt.Errorf("%w: the plan was changed after it was made", ErrPlan)
	}
	return &p, nil
}

// shardRules is what shards of one plan must agree on.
func shardRules(o *Options) string {
	sum := sha256.Sum256([]byte(Rules(o) + "\x00" + o.Allow.valuesDigest(o.Today)))
	return hex.EncodeToString(sum[:])
}
