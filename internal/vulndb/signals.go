package vulndb

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

const (
	signalsFile = "signals.jsonl"
	maxSignals  = 2_000_000
	maxFeed     = 1 << 30 // bytes, unpacked
)

// Signals is the file of a snapshot that says which flaws are exploited, or likely to be.
type Signals struct {
	Stored
	Records int       `json:"records"`
	EPSS    time.Time `json:"epss,omitzero"` // day of the scores
	KEV     time.Time `json:"kev,omitzero"`  // release of the catalog
}

// Signal is what is known of the exploitation of a flaw. EPSS is FIRST's estimate that it is exploited within 30 days, from 0 to 1,
// with its percentile among all; KEV is the day on which CISA's catalog of known exploited vulnerabilities took it up.
type Signal struct {
	EPSS       float64 `json:"epss,omitzero"`
	Percentile float64 `json:"epss_percentile,omitzero"`
	KEV        string  `json:"kev,omitzero"`
	Due        string  `json:"kev_due,omitzero"` // by when CISA asks for action
	Ransomware bool    `json:"kev_ransomware,omitzero"`
}

// signalLine is a line of the file, which search looks through as through those of packages.
type signalLine struct {
	Name string `json:"name"` // CVE
	Signal
}

// ImportSignals adds EPSS scores (CSV as FIRST publishes it, also gzipped) and the KEV catalog (CISA's JSON) to the snapshot in dir.
// Either path may be "": what the snapshot has of it stays. It returns ErrRollback (wrapped) for one that is older. The snapshot's
// signature is removed with the manifest that it spoke of.
func ImportSignals(dir, epss, kev string) (*Manifest, error) {
	m, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	all, err := readSignals(dir, m)
	if err != nil {
		return nil, err
	}
	next := Signals{}
	if m.Signals != nil {
		next.EPSS, next.KEV = m.Signals.EPSS, m.Signals.KEV
	}
	if epss != "" {
		if next.EPSS, err = readFeed(epss, next.EPSS, func(r io.Reader) (time.Time, error) { return readEPSS(r, all) }); err != nil {
			return nil, fmt.Errorf("import %s: %w", epss, err)
		}
	}
	if kev != "" {
		if next.KEV, err = readFeed(kev, next.KEV, func(r io.Reader) (time.Time, error) { return readKEV(r, all) }); err != nil {
			return nil, fmt.Errorf("import %s: %w", kev, err)
		}
	}
	if next.Stored, next.Records, err = writeSignals(dir, all); err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	m.Signals = &next
	if err := m.write(dir); err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	return m, nil
}

// readFeed reads a feed that must not be older than before.
func readFeed(path string, before time.Time, read func(io.Reader) (time.Time, error)) (time.Time, error) {
	f, err := os.Open(path)
	if err != nil {
		return before, err
	}
	defer f.Close()
	b := bufio.NewReader(f)
	var r io.Reader = b
	if magic, err := b.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		if r, err = gzip.NewReader(b); err != nil {
			return before, errors.New("no sound gzip")
		}
	}
	day, err := read(io.LimitReader(r, maxFeed))
	if err == nil && day.Before(before) {
		err = fmt.Errorf("%w: of %s, before of %s", ErrRollback, day.Format(time.DateOnly), before.Format(time.DateOnly))
	}
	return day, err
}

// readEPSS reads FIRST's CSV: a comment with the day, then cve, epss, percentile. It replaces all scores.
func readEPSS(r io.Reader, all map[string]Signal) (time.Time, error) {
	for id, s := range all {
		s.EPSS, s.Percentile = 0, 0
		all[id] = s
	}
	b := bufio.NewReader(r)
	first, err := b.ReadString('\n')
	_, date, dated := strings.Cut(first, "score_date:")
	if err != nil || !dated || len(date) < len(time.DateOnly) {
		return time.Time{}, errors.New("no EPSS scores: the first line names no score_date")
	}
	day, err := time.Parse(time.DateOnly, date[:len(time.DateOnly)])
	if err != nil {
		return time.Time{}, errors.New("no EPSS scores: the first line names no score_date")
	}
	c := csv.NewReader(b)
	c.ReuseRecord = true
	head, err := c.Read()
	if err != nil || len(head) != 3 || head[0] != "cve" || head[1] != "epss" || head[2] != "percentile" {
		return day, errors.New("no EPSS scores: the columns are not cve, epss, percentile")
	}
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return day, nil
		}
		if err != nil {
			return day, errors.New("no EPSS scores: no sound CSV")
		}
		score, err1 := strconv.ParseFloat(row[1], 64)
		percentile, err2 := strconv.ParseFloat(row[2], 64)
		if err1 != nil || err2 != nil || !(score >= 0 && score <= 1) || !(percentile >= 0 && percentile <= 1) || !isCVE(row[0]) {
			return day, errors.New("no EPSS scores: a row that is no CVE with two numbers from 0 to 1")
		}
		if len(all) >= maxSignals {
			return day, fmt.Errorf("more than %d scores", maxSignals)
		}
		s := all[strings.Clone(row[0])]
		s.EPSS, s.Percentile = score, percentile
		all[strings.Clone(row[0])] = s
	}
}

// readKEV reads CISA's catalog. It replaces what was known to be exploited.
func readKEV(r io.Reader, all map[string]Signal) (time.Time, error) {
	for id, s := range all {
		s.KEV, s.Due, s.Ransomware = "", "", false
		all[id] = s
	}
	var catalog struct {
		Released        time.Time `json:"dateReleased"`
		Vulnerabilities []struct {
			CVE        string `json:"cveID"`
			Added      string `json:"dateAdded"`
			Due        string `json:"dueDate"`
			Ransomware string `json:"knownRansomwareCampaignUse"`
		} `json:"vulnerabilities"`
	}
	if err := json.UnmarshalRead(r, &catalog); err != nil || catalog.Released.IsZero() {
		return time.Time{}, errors.New("no catalog of known exploited vulnerabilities: no sound JSON with dateReleased")
	}
	for _, v := range catalog.Vulnerabilities {
		if _, err := time.Parse(time.DateOnly, v.Added); err != nil || !isCVE(v.CVE) {
			return catalog.Released, errors.New("no catalog of known exploited vulnerabilities: an entry without CVE and day")
		}
		s := all[v.CVE]
		s.KEV, s.Due, s.Ransomware = v.Added, v.Due, v.Ransomware == "Known"
		all[v.CVE] = s
	}
	return catalog.Released.UTC(), nil
}

func isCVE(id string) bool {
	number, is := strings.CutPrefix(id, "CVE-")
	return is && len(id) < 40 && strings.Trim(number, "0123456789-") == ""
}

// readSignals reads what a snapshot has.
func readSignals(dir string, m *Manifest) (map[string]Signal, error) {
	all := map[string]Signal{}
	if m.Signals == nil {
		return all, nil
	}
	f, err := m.Signals.open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := bufio.NewScanner(io.NewSectionReader(f, 0, f.size))
	for s.Scan() {
		var l signalLine
		if json.Unmarshal(s.Bytes(), &l) != nil || len(all) > maxSignals {
			return nil, fmt.Errorf("%w: a line of %s", ErrCorrupt, signalsFile)
		}
		all[l.Name] = l.Signal
	}
	return all, s.Err()
}

func writeSignals(dir string, all map[string]Signal) (file Stored, n int, err error) {
	names := make([]string, 0, len(all))
	for id, s := range all {
		if s != (Signal{}) {
			names = append(names, id)
		}
	}
	slices.Sort(names) // as search compares: no name needs an escape
	file, err = replace(filepath.Join(dir, signalsFile), func(w io.Writer) error {
		for _, id := range names {
			line, err := json.Marshal(signalLine{id, all[id]})
			if err == nil {
				_, err = w.Write(append(line, '\n'))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return file, len(names), err
}

// signal is what is known of the exploitation of a flaw, by the first of its names that is a CVE; nil where nothing is.
func (db *DB) signal(v *Vulnerability) (*Signal, error) {
	if db.manifest.Signals == nil {
		return nil, nil
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.signals == nil {
		f, err := db.manifest.Signals.open(db.dir)
		if err != nil {
			return nil, err
		}
		db.signals = f
	}
	for _, id := range append([]string{v.ID}, v.Aliases...) {
		if !isCVE(id) {
			continue
		}
		line, err := search(db.signals, id)
		if err != nil || line == nil {
			if err != nil {
				return nil, err
			}
			continue
		}
		var l signalLine
		if json.Unmarshal(line, &l) != nil {
			return nil, fmt.Errorf("%w: a line of %s", ErrCorrupt, signalsFile)
		}
		return &l.Signal, nil
	}
	return nil, nil
}
