package store

import (
	"context"
	"database/sql"
	"fmt"
)

// migrations lead from an empty database to the present schema, one step per version. A released step is never
// edited; a change is a new step.
var migrations = []string{
	1: `
CREATE TABLE api_keys (
	id                  TEXT   NOT NULL PRIMARY KEY,
	name                TEXT   NOT NULL,
	secret_sha256       TEXT   NOT NULL,
	role                TEXT   NOT NULL,
	clearance           TEXT   NOT NULL,
	models              TEXT   NOT NULL,
	requests_per_minute BIGINT NOT NULL,
	tokens_per_day      BIGINT NOT NULL,
	created_ms          BIGINT NOT NULL,
	expires_ms          BIGINT NOT NULL,
	revoked_ms          BIGINT NOT NULL,
	spent_day           BIGINT NOT NULL,
	spent_tokens        BIGINT NOT NULL
);
CREATE TABLE admin_outbox (
	seq      BIGINT NOT NULL PRIMARY KEY,
	at_ms    BIGINT NOT NULL,
	act      TEXT   NOT NULL,
	subject  TEXT   NOT NULL,
	details  TEXT   NOT NULL,
	recorded BIGINT NOT NULL
);
CREATE INDEX admin_outbox_open ON admin_outbox (recorded, seq);
INSERT INTO reeve_meta (name, value) VALUES ('keys_version', 0);
INSERT INTO reeve_meta (name, value) VALUES ('outbox_seq', 0);`,
	2: `
ALTER TABLE api_keys ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN source TEXT NOT NULL DEFAULT 'api';
ALTER TABLE api_keys ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
CREATE INDEX api_keys_version ON api_keys (version);
CREATE TABLE users (
	id       TEXT   NOT NULL PRIMARY KEY,
	name_key TEXT   NOT NULL UNIQUE,
	body     TEXT   NOT NULL,
	version  BIGINT NOT NULL
);
CREATE INDEX users_version ON users (version);
CREATE TABLE user_links (
	issuer  TEXT NOT NULL,
	subject TEXT NOT NULL,
	user_id TEXT NOT NULL,
	PRIMARY KEY (issuer, subject)
);
CREATE TABLE user_groups (
	id       TEXT   NOT NULL PRIMARY KEY,
	name_key TEXT   NOT NULL UNIQUE,
	body     TEXT   NOT NULL,
	version  BIGINT NOT NULL
);
CREATE INDEX user_groups_version ON user_groups (version);
CREATE TABLE sessions (
	token_sha256 TEXT   NOT NULL PRIMARY KEY,
	id           TEXT   NOT NULL UNIQUE,
	user_id      TEXT   NOT NULL,
	body         TEXT   NOT NULL,
	seen_ms      BIGINT NOT NULL,
	expires_ms   BIGINT NOT NULL,
	revoked_ms   BIGINT NOT NULL,
	version      BIGINT NOT NULL
);
CREATE INDEX sessions_version ON sessions (version);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE TABLE passkeys (
	id         TEXT   NOT NULL PRIMARY KEY,
	user_id    TEXT   NOT NULL,
	body       TEXT   NOT NULL,
	created_ms BIGINT NOT NULL
);
CREATE INDEX passkeys_user ON passkeys (user_id);
CREATE TABLE flows (
	token_sha256 TEXT   NOT NULL PRIMARY KEY,
	kind         TEXT   NOT NULL,
	body         TEXT   NOT NULL,
	expires_ms   BIGINT NOT NULL
);`,
	3: `
CREATE TABLE marks (
	id      TEXT   NOT NULL PRIMARY KEY,
	label   TEXT   NOT NULL,
	seen_ms BIGINT NOT NULL,
	ends_ms BIGINT NOT NULL,
	version BIGINT NOT NULL
);
CREATE INDEX marks_version ON marks (version);
CREATE INDEX marks_ends ON marks (ends_ms);`,
	4: `
CREATE TABLE shares (
	kind       TEXT   NOT NULL,
	name       TEXT   NOT NULL,
	with_whom  TEXT   NOT NULL,
	created_ms BIGINT NOT NULL,
	PRIMARY KEY (kind, name, with_whom)
);`,
	5: `
CREATE TABLE review_items (
	id           TEXT   NOT NULL PRIMARY KEY,
	state        TEXT   NOT NULL,
	rank_ms      BIGINT NOT NULL,
	due_ms       BIGINT NOT NULL,
	escalated_ms BIGINT NOT NULL,
	assignee     TEXT   NOT NULL,
	lease_ms     BIGINT NOT NULL,
	sources      TEXT   NOT NULL,
	outcome      TEXT   NOT NULL,
	body         TEXT   NOT NULL,
	version      BIGINT NOT NULL
);
CREATE INDEX review_items_queue ON review_items (state, rank_ms, id);
CREATE INDEX review_items_rank ON review_items (rank_ms, id);
CREATE INDEX review_items_due ON review_items (state, due_ms);
CREATE TABLE review_verdicts (
	record   TEXT   NOT NULL PRIMARY KEY,
	item     TEXT   NOT NULL,
	round    BIGINT NOT NULL,
	reviewer TEXT   NOT NULL,
	body     TEXT   NOT NULL,
	at_ms    BIGINT NOT NULL,
	UNIQUE (item, round),
	UNIQUE (item, reviewer)
);
CREATE TABLE review_feeds (
	origin TEXT   NOT NULL PRIMARY KEY,
	next   BIGINT NOT NULL
);
INSERT INTO reeve_meta (name, value) VALUES ('review_seq', 0);`,
}

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// The query that counts the tables of a database, and among them ours.
const (
	tablesOfSQLite   = `SELECT COUNT(*), COUNT(CASE WHEN name = 'reeve_meta' THEN 1 END) FROM sqlite_master WHERE type = 'table'`
	tablesOfPostgres = `SELECT COUNT(*), COUNT(CASE WHEN table_name = 'reeve_meta' THEN 1 END)
		FROM information_schema.tables WHERE table_schema = current_schema()`
)

// version reads the schema's version: 0 for an empty database. It refuses what is not ours or is newer.
func version(ctx context.Context, q querier, countTables string) (int64, error) {
	var tables, ours int64
	err := q.QueryRowContext(ctx, countTables).Scan(&tables, &ours)
	if err != nil {
		return 0, err
	}
	if ours == 0 {
		if tables > 0 {
			return 0, withHint(ErrForeign, "choose another directory with --data")
		}
		return 0, nil
	}
	var v int64
	if err := q.QueryRowContext(ctx, `SELECT value FROM reeve_meta WHERE name = $1`, counterSchema).Scan(&v); err != nil {
		return 0, fmt.Errorf("read the format version: %w", err)
	}
	if known := int64(len(migrations) - 1); v > known {
		return 0, newer(v, known)
	}
	return v, nil
}

// migrate brings the schema to the last step in one transaction: either all steps are done or none is.
func migrate(ctx context.Context, db *sql.DB, countTables string, steps []string) error {
	return inTx(ctx, db, func(tx *sql.Tx) error {
		from, err := version(ctx, tx, countTables)
		if err != nil {
			return err
		}
		last := int64(len(steps) - 1)
		if from == last {
			return nil
		}
		if from == 0 {
			if _, err := tx.ExecContext(ctx, `CREATE TABLE reeve_meta (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL)`); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO reeve_meta (name, value) VALUES ($1, 0)`, counterSchema); err != nil {
				return err
			}
		}
		for v := from + 1; v <= last; v++ {
			if _, err := tx.ExecContext(ctx, steps[v]); err != nil {
				return fmt.Errorf("migrate to format %d: %w", v, err)
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE reeve_meta SET value = $1 WHERE name = $2`, last, counterSchema)
		return err
	})
}
