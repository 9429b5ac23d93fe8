package license_test

import (
	"slices"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/license"
)

var today = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

func users(n int64) *int64 { return &n }

// Each rule stands here with both outcomes.
func TestJudge(t *testing.T) {
	llama := license.Generator{Model: "Llama-3-70B", Licence: "LicenseRef-llama3"}
	llama31 := license.Generator{Model: "Llama-3.1-70B", Licence: "llama3.1-community"}
	decision := func(d license.Decision) *license.Decision { return &d }
	for _, tt := range []struct {
		name    string
		subject license.Subject
		use     license.Use
		want    license.Verdict
		rule    string // the rule that must speak; "" for none
	}{
		{"permissive", license.Subject{Licence: "MIT"}, license.Use{Commercial: true}, license.Allowed, ""},
		{"non-commercial data, commercial use", license.Subject{Licence: "CC-BY-NC-4.0"}, license.Use{Commercial: true}, license.Denied, "licence/commercial-use"},
		{"non-commercial data, research", license.Subject{Licence: "CC-BY-NC-4.0"}, license.Use{}, license.Allowed, ""},
		{"non-commercial data with a grant", license.Subject{Licence: "CC-BY-NC-4.0", Grants: []string{"CC-BY-NC-4.0"}}, license.Use{Commercial: true}, license.Allowed, ""},
		{"a draft never denies", license.Subject{Licence: "LicenseRef-deepfloyd-if"}, license.Use{Commercial: true}, license.NeedsPerson, "licence/commercial-use"},
		{"conditions that people read", license.Subject{Licence: "LicenseRef-kimi-modified-mit"}, license.Use{Commercial: true}, license.NeedsPerson, "licence/commercial-use"},
		{"a choice takes the better one", license.Subject{Licence: "CC-BY-NC-4.0 OR MIT"}, license.Use{Commercial: true}, license.Allowed, ""},
		{"together the worse one counts", license.Subject{Licence: "CC-BY-NC-4.0 AND MIT"}, license.Use{Commercial: true}, license.Denied, "licence/commercial-use"},

		{"multimodal model in the EU", license.Subject{Licence: "LicenseRef-llama4"}, license.Use{Establishments: []string{"FR"}, Modality: "multimodal", MonthlyUsers: users(1)}, license.Denied, "licence/territory"},
		{"the EU itself", license.Subject{Licence: "LicenseRef-llama4"}, license.Use{Establishments: []string{"EU"}, Modality: "multimodal", MonthlyUsers: users(1)}, license.Denied, "licence/territory"},
		{"text model in the EU", license.Subject{Licence: "LicenseRef-llama3.3"}, license.Use{Establishments: []string{"FR"}, Modality: "text", MonthlyUsers: users(1)}, license.Allowed, ""},
		{"multimodal model elsewhere", license.Subject{Licence: "LicenseRef-llama4"}, license.Use{Establishments: []string{"US", "CH"}, Modality: "multimodal", MonthlyUsers: users(1)}, license.Allowed, ""},
		{"modality not declared", license.Subject{Licence: "LicenseRef-llama4"}, license.Use{Establishments: []string{"DE"}, MonthlyUsers: users(1)}, license.NeedsPerson, "licence/territory"},
		{"establishment not declared", license.Subject{Licence: "LicenseRef-llama4"}, license.Use{Modality: "multimodal", MonthlyUsers: users(1)}, license.NeedsPerson, "licence/territory"},

		{"too many users", license.Subject{Licence: "LicenseRef-llama3"}, license.Use{Commercial: true, MonthlyUsers: users(700_000_001)}, license.Denied, "licence/user-limit"},
		{"as many users as allowed", license.Subject{Licence: "LicenseRef-llama3"}, license.Use{Commercial: true, MonthlyUsers: users(700_000_000)}, license.Allowed, ""},
		{"too many users with a grant", license.Subject{Licence: "LicenseRef-llama3", Grants: []string{"llama3-community"}}, license.Use{Commercial: true, MonthlyUsers: users(800_000_000)}, license.Allowed, ""},
		{"users not declared", license.Subject{Licence: "LicenseRef-llama3"}, license.Use{Commercial: true}, license.NeedsPerson, "licence/user-limit"},

		{"forbidden use", license.Subject{Licence: "LicenseRef-deepseek"}, license.Use{Tags: []string{"Military"}}, license.Denied, "licence/forbidden-use"},
		{"another use", license.Subject{Licence: "LicenseRef-deepseek"}, license.Use{Tags: []string{"translation"}}, license.Allowed, ""},
		{"forbidden by a draft", license.Subject{Licence: "LicenseRef-bigcode-openrail-m"}, license.Use{Tags: []string{"malware generation"}}, license.NeedsPerson, "licence/forbidden-use"},

		{"data of one family trains another", license.Subject{Licence: "MIT", Generators: []license.Generator{llama}}, license.Use{Family: "mistral"}, license.Denied, "licence/synthetic-data"},
		{"data of one family trains itself", license.Subject{Licence: "MIT", Generators: []license.Generator{llama}}, license.Use{Family: "Llama"}, license.Allowed, ""},
		{"trained family not declared", license.Subject{Licence: "MIT", Generators: []license.Generator{llama}}, license.Use{}, license.NeedsPerson, "licence/synthetic-data"},
		{"own family by another name", license.Subject{Licence: "MIT", Generators: []license.Generator{{Model: "x", Licence: "LicenseRef-llama2", Family: "alpaca"}}}, license.Use{Family: "alpaca"}, license.Allowed, ""},
		{"a draft's family rule", license.Subject{Licence: "MIT", Generators: []license.Generator{{Licence: "LicenseRef-hunyuan"}}}, license.Use{Family: "llama"}, license.NeedsPerson, "licence/synthetic-data"},
		{"outputs of a permissive model", license.Subject{Licence: "MIT", Generators: []license.Generator{{Licence: "Apache-2.0"}}}, license.Use{Family: "mine"}, license.Allowed, ""},
		{"terms that pass on", license.Subject{Licence: "MIT", Generators: []license.Generator{{Licence: "LicenseRef-deepseek"}}}, license.Use{}, license.NeedsPerson, "licence/synthetic-data"},
		{"generator unknown", license.Subject{Licence: "MIT", Generators: []license.Generator{{}}}, license.Use{}, license.NeedsPerson, "licence/synthetic-data"},
		{"prefix through synthetic data, wrong name", license.Subject{Licence: "MIT", Generators: []license.Generator{llama31}}, license.Use{Release: true, ReleaseName: "Support-8B", Bundle: []string{"LICENSE"}}, license.Denied, "licence/synthetic-data"},
		{"prefix through synthetic data, right name", license.Subject{Licence: "MIT", Generators: []license.Generator{llama31}}, license.Use{Release: true, ReleaseName: "Llama-Support-8B", Bundle: []string{"LICENSE"}}, license.Allowed, ""},

		{"name without the prefix", license.Subject{Licence: "LicenseRef-llama3"}, license.Use{Release: true, ReleaseName: "Bot", MonthlyUsers: users(1), Bundle: []string{"NOTICE", "LICENSE"}}, license.Denied, "licence/name-prefix"},
		{"name with the prefix", license.Subject{Licence: "LicenseRef-llama3"}, license.Use{Release: true, ReleaseName: "Llama 3 Bot", MonthlyUsers: users(1), Bundle: []string{"NOTICE", "LICENSE"}}, license.Allowed, ""},
		{"no release, no name", license.Subject{Licence: "LicenseRef-llama3"}, license.Use{MonthlyUsers: users(1)}, license.Allowed, ""},

		{"notice left out", license.Subject{Licence: "Apache-2.0", Notice: true}, license.Use{Release: true, Bundle: []string{"a/LICENSE.txt", "a/model.bin"}}, license.Denied, "licence/notices"},
		{"licence left out", license.Subject{Licence: "MIT"}, license.Use{Release: true, Bundle: []string{"README.md"}}, license.Denied, "licence/notices"},
		{"notice and licence there", license.Subject{Licence: "Apache-2.0", Notice: true}, license.Use{Release: true, Bundle: []string{"LICENSE-2.0", "NOTICE.md"}}, license.Allowed, ""},
		{"no notice came along", license.Subject{Licence: "Apache-2.0"}, license.Use{Release: true, Bundle: []string{"COPYING"}}, license.Allowed, ""},
		{"bundle not declared", license.Subject{Licence: "MIT"}, license.Use{Release: true}, license.NeedsPerson, "licence/notices"},

		{"review missing", license.Subject{Licence: "LicenseRef-proprietary"}, license.Use{}, license.NeedsPerson, "licence/review"},
		{"review missing and late", license.Subject{Licence: "LicenseRef-proprietary", ReviewBy: today.AddDate(0, 0, -1)}, license.Use{}, license.Denied, "licence/review"},
		{"reviewed", license.Subject{Licence: "LicenseRef-proprietary", Digest: "sha256:1", Decision: decision(license.Decision{Digest: "sha256:1", Allows: true})}, license.Use{}, license.Allowed, ""},
		{"reviewed other bytes", license.Subject{Licence: "LicenseRef-proprietary", Digest: "sha256:2", Decision: decision(license.Decision{Digest: "sha256:1", Allows: true})}, license.Use{}, license.NeedsPerson, "licence/review"},
		{"review of no digest", license.Subject{Licence: "LicenseRef-proprietary", Decision: decision(license.Decision{Allows: true})}, license.Use{}, license.NeedsPerson, "licence/review"},
		{"review run out", license.Subject{Licence: "LicenseRef-proprietary", Digest: "d", Decision: decision(license.Decision{Digest: "d", Allows: true, Until: today.AddDate(0, 0, -1)})}, license.Use{}, license.NeedsPerson, "licence/review"},
		{"review says no", license.Subject{Licence: "LicenseRef-proprietary", Digest: "d", Decision: decision(license.Decision{Digest: "d"})}, license.Use{}, license.Denied, "licence/review"},
		{"no row in the table", license.Subject{Licence: "Zlib"}, license.Use{}, license.NeedsPerson, "licence/review"},

		{"share-alike under another licence", license.Subject{Licence: "CC-BY-SA-4.0"}, license.Use{Release: true, ReleaseLicence: "MIT", Weights: "yes"}, license.Denied, "licence/share-alike"},
		{"share-alike under its own", license.Subject{Licence: "CC-BY-SA-4.0"}, license.Use{Release: true, ReleaseLicence: "CC-BY-SA-4.0", Weights: "yes"}, license.Allowed, ""},
		{"share-alike under a later version", license.Subject{Licence: "CC-BY-SA-3.0"}, license.Use{Release: true, ReleaseLicence: "CC-BY-SA-4.0", Weights: "yes"}, license.Allowed, ""},
		{"share-alike under an earlier version", license.Subject{Licence: "CC-BY-SA-4.0"}, license.Use{Release: true, ReleaseLicence: "CC-BY-SA-3.0", Weights: "yes"}, license.Denied, "licence/share-alike"},
		{"share-alike into the GPL", license.Subject{Licence: "CC-BY-SA-4.0"}, license.Use{Release: true, ReleaseLicence: "GPL-3.0-only", Weights: "yes"}, license.Allowed, ""},
		{"a release that may be taken under another", license.Subject{Licence: "CC-BY-SA-4.0"}, license.Use{Release: true, ReleaseLicence: "CC-BY-SA-4.0 OR MIT", Weights: "yes"}, license.Denied, "licence/share-alike"},
		{"weights are no adaptation", license.Subject{Licence: "CC-BY-SA-4.0"}, license.Use{Release: true, ReleaseLicence: "MIT", Weights: "no"}, license.Allowed, ""},
		{"nobody decided about weights", license.Subject{Licence: "CC-BY-SA-4.0"}, license.Use{Release: true, ReleaseLicence: "MIT"}, license.NeedsPerson, "licence/share-alike"},
		{"release licence not declared", license.Subject{Licence: "CC-BY-SA-4.0"}, license.Use{Release: true}, license.NeedsPerson, "licence/share-alike"},
		{"no derivatives, released", license.Subject{Licence: "CC-BY-ND-4.0"}, license.Use{Release: true, ReleaseLicence: "MIT"}, license.NeedsPerson, "licence/no-derivatives"},
		{"no derivatives, kept", license.Subject{Licence: "CC-BY-ND-4.0"}, license.Use{}, license.Allowed, ""},

		{"no licence, commercial", license.Subject{}, license.Use{Commercial: true}, license.Denied, "licence/commercial-use"},
		{"no licence", license.Subject{Licence: "NOASSERTION"}, license.Use{}, license.NeedsPerson, "licence/review"},
		{"no expression", license.Subject{Licence: "free to use"}, license.Use{}, license.Unknown, "licence/expression"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := license.Judge(&tt.subject, &tt.use, today)
			if got.Verdict != tt.want {
				t.Errorf("verdict %s, want %s: %+v", got.Verdict, tt.want, got.Rulings)
			}
			spoken := slices.IndexFunc(got.Rulings, func(r license.Ruling) bool { return r.Rule == tt.rule })
			if tt.rule == "" && len(got.Rulings) > 0 || tt.rule != "" && spoken < 0 {
				t.Errorf("rulings %+v, want %q", got.Rulings, tt.rule)
			}
			for _, r := range got.Rulings {
				if r.Reason == "" || r.Remedy == "" || !slices.Contains(license.RuleIDs(), r.Rule) {
					t.Errorf("a ruling without rule, reason or remedy: %+v", r)
				}
			}
		})
	}
}

func TestMix(t *testing.T) {
	for _, tt := range []struct {
		name     string
		licences []string
		use      license.Use
		want     []license.Verdict
	}{
		{"two that both ask", []string{"CC-BY-SA-4.0", "GFDL-1.3-only"}, license.Use{Release: true, Weights: "yes"}, []license.Verdict{license.Denied}},
		{"undecided", []string{"CC-BY-SA-4.0", "ODbL-1.0"}, license.Use{Release: true}, []license.Verdict{license.NeedsPerson}},
		{"one", []string{"CC-BY-SA-4.0", "MIT", "CC-BY-SA-4.0"}, license.Use{Release: true, Weights: "yes"}, nil},
		{"versions of one", []string{"CC-BY-SA-4.0", "CC-BY-SA-3.0"}, license.Use{Release: true, Weights: "yes"}, nil},
		{"kept inside", []string{"CC-BY-SA-4.0", "GFDL-1.3-only"}, license.Use{Weights: "yes"}, nil},
		{"no adaptation", []string{"CC-BY-SA-4.0", "GFDL-1.3-only"}, license.Use{Release: true, Weights: "no"}, nil},
		{"a choice", []string{"CC-BY-SA-4.0 OR MIT", "GFDL-1.3-only"}, license.Use{Release: true, Weights: "yes"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []license.Verdict
			for _, r := range license.Mix(tt.licences, &tt.use) {
				got = append(got, r.Verdict)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// The table keeps its own rules: unique ids, identifiers that parse, marks that are known, a source for what claims one.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, l := range license.Table() {
		if l.ID == "" || seen[l.ID] {
			t.Errorf("id %q is empty or stands twice", l.ID)
		}
		seen[l.ID] = true
		if l.SPDX != "NONE" {
			if _, err := license.Parse(l.SPDX); err != nil {
				t.Errorf("%s: %v", l.ID, err)
			}
		}
		if l.Verified != license.ByMemory && (l.Source == "" || l.Source == "none") {
			t.Errorf("%s is marked %s and names no source", l.ID, l.Verified)
		}
		if !slices.Contains([]license.Verified{license.ByText, license.BySecondary, license.ByMemory, license.ByPolicy}, l.Verified) {
			t.Errorf("%s: mark %q", l.ID, l.Verified)
		}
		if l.Kind == "" || l.Commercial == "" || l.Name == "" {
			t.Errorf("%s lacks a kind, a name or what it says of commercial use", l.ID)
		}
		if license.ByID(l.ID) != l {
			t.Errorf("%s is not found by its id", l.ID)
		}
	}
	if len(seen) < 62 {
		t.Errorf("%d licences", len(seen))
	}
}

// No draft denies anything, whatever is declared.
func TestDraftsNeverDeny(t *testing.T) {
	for _, l := range license.Table() {
		if !l.Draft() || license.BySPDX(l.SPDX) != l {
			continue
		}
		use := license.Use{
			Commercial: true, Establishments: []string{"DE", "GB", "KR"}, Modality: "multimodal", MonthlyUsers: users(1 << 40), Tags: l.ForbiddenUses,
			Release: true, ReleaseName: "x", ReleaseLicence: "MIT", Weights: "yes", Bundle: []string{}, Family: "other",
		}
		subject := license.Subject{Licence: l.SPDX, Notice: true, ReviewBy: today.AddDate(-1, 0, 0), Generators: []license.Generator{{Licence: l.SPDX}}}
		if got := license.Judge(&subject, &use, today); got.Verdict == license.Denied {
			t.Errorf("%s denies: %+v", l.ID, got.Rulings)
		}
	}
}

func TestLookup(t *testing.T) {
	for hf, want := range map[string]string{"llama3.1": "LicenseRef-llama3.1", "CC-BY-4.0": "CC-BY-4.0", "apache-2.0": "Apache-2.0", "other": "NONE", "gpl-2.0": "GPL-2.0-only"} {
		if l := license.ByHF(hf); l == nil || l.SPDX != want {
			t.Errorf("%s: %+v", hf, l)
		}
	}
	for id, want := range map[string]string{"GPL-3.0-or-later": "gpl-3.0", "GPL-3.0": "gpl-3.0", "gpl-3.0+": "gpl-3.0", "Apache-2.0": "apache-2.0", "CC-BY-NC-4.0": "cc-by-nc-4.0"} {
		if l := license.BySPDX(id); l == nil || l.ID != want {
			t.Errorf("%s: %+v", id, l)
		}
	}
	if license.ByHF("") != nil || license.BySPDX("NONE") != nil {
		t.Error("something is found for nothing")
	}
}
