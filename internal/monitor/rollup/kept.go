package rollup

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/monitor/record"
)

// Kept is a record that is kept as a whole beside the counters, because few of its kind are read often: acts about incidents
// and canaries.
type Kept struct {
	Seq    uint64
	Time   time.Time
	ID     custody.ID
	Act    string
	Object string
	Result string
	Names  map[string]string
}

// prefixes of the acts that are kept.
var prefixes = [...]string{"incident.", "canary."}

// keepCanaries is for how long before the newest record results of canaries are kept.
const keepCanaries = 100 * 24 * time.Hour

func keeps(r *record.Record) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(r.Act, p) {
			return true
		}
	}
	return false
}

func keep(r *record.Record) Kept {
	return Kept{r.Seq, r.When(), r.ID, r.Act, r.Object, r.Result, r.Names}
}

func writeKept(ctx context.Context, tx *sql.Tx, list []Kept, newest int64) error {
	for i := range list {
		k := &list[i]
		names, err := json.Marshal(k.Names, json.Deterministic(true))
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO acts (seq, t, ulid, act, object, result, names) VALUES (?, ?, ?, ?, ?, ?, ?)`, k.Seq, k.Time.UnixNano(), k.ID[:], k.Act, k.Object, k.Result, names); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM acts WHERE act LIKE 'canary.%' AND t < ?`, time.Unix(newest, 0).Add(-keepCanaries).UnixNano())
	return err
}

// Acts are the kept acts whose names begin with a prefix, such as "incident.", in the order of the log. It catches up first.
func (s *Store) Acts(ctx context.Context, prefix string) ([]Kept, error) {
	if err := s.CatchUp(ctx); err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, `SELECT seq, t, ulid, act, object, result, names FROM acts WHERE substr(act, 1, length(?1)) = ?1 ORDER BY seq`, prefix)
	if err != nil {
		return nil, fmt.Errorf("rollups: %w", err)
	}
	defer rows.Close()
	var out []Kept
	for rows.Next() {
		var k Kept
		var t int64
		var id, names []byte
		if err := rows.Scan(&k.Seq, &t, &id, &k.Act, &k.Object, &k.Result, &names); err != nil {
			return nil, fmt.Errorf("rollups: %w", err)
		}
		k.Time = time.Unix(0, t).UTC()
		copy(k.ID[:], id)
		if err := json.Unmarshal(names, &k.Names); err != nil {
			return nil, fmt.Errorf("rollups: %w", err)
		}
		out = append(out, k)
	}
	return out, rows.Err()
}
