package license

// softwareLicences are licences of software. Each row is in our own words; Verified says against what it was held.
var softwareLicences = []Licence{
	{ID: "apache-2.0", Name: "Apache License 2.0", SPDX: "Apache-2.0", HF: "apache-2.0", Kind: KindSoftware, Commercial: UseYes, NoticeIfPresent: true, Copy: true, MarkChanges: true, Terms: []string{"patent retaliation: yes"}, Verified: ByText, Source: "text in google/licensecheck v0.3.1, licenses/Apache-2.0.lre"},
	{ID: "mit", Name: "MIT License", SPDX: "MIT", HF: "mit", Kind: KindSoftware, Commercial: UseYes, Copy: true, Verified: ByText, Source: "text in google/licensecheck v0.3.1, licenses/MIT.lre"},
	{ID: "bsd-3-clause", Name: "BSD 3-Clause", SPDX: "BSD-3-Clause", HF: "bsd-3-clause", Kind: KindSoftware, Commercial: UseYes, Copy: true, Terms: []string{"no endorsement"}, Verified: ByText, Source: "text in google/licensecheck v0.3.1, licenses/BSD.lre"},
	{ID: "bsd-2-clause", Name: "BSD 2-Clause", SPDX: "BSD-2-Clause", HF: "bsd-2-clause", Kind: KindSoftware, Commercial: UseYes, Copy: true, Verified: ByText, Source: "text in google/licensecheck v0.3.1, licenses/BSD.lre"},
	{ID: "isc", Name: "ISC", SPDX: "ISC", HF: "isc", Kind: KindSoftware, Commercial: UseYes, Copy: true, Verified: ByText, Source: "text in google/licensecheck v0.3.1, licenses/ISC.lre"},
	{ID: "unlicense", Name: "The Unlicense", SPDX: "Unlicense", HF: "unlicense", Kind: KindSoftware, Commercial: UseYes, Verified: ByText, Source: "text in google/licensecheck v0.3.1, licenses/Unlicense.lre"},
	{ID: "mpl-2.0", Name: "Mozilla Public License 2.0", SPDX: "MPL-2.0", HF: "mpl-2.0", Kind: KindSoftware, Commercial: UseYes, SourceOffer: true, ShareAlike: "file-level", Verified: ByText, Source: "text in google/licensecheck v0.3.1, licenses/MPL-2.0.lre"},
	{ID: "gpl-3.0", Name: "GNU GPL v3", SPDX: "GPL-3.0-only", HF: "gpl-3.0", Kind: KindSoftware, Commercial: UseYes, SourceOffer: true, ShareAlike: "strong", Verified: ByText, Source: "text in google/licensecheck v0.3.1, licenses/GPL-3.0.lre"},
	{ID: "lgpl-3.0", Name: "GNU LGPL v3", SPDX: "LGPL-3.0-only", HF: "lgpl-3.0", Kind: KindSoftware, Commercial: UseYes, SourceOffer: true, ShareAlike: "library", Verified: ByText, Source: "text in google/licensecheck v0.3.1, licenses/LGPL-3.0.lre"},
	{ID: "agpl-3.0", Name: "GNU AGPL v3", SPDX: "AGPL-3.0-only", HF: "agpl-3.0", Kind: KindSoftware, Commercial: UseYes, SourceOffer: true, ShareAlike: "network", Verified: ByText, Source: "text in google/licensecheck v0.3.1, licenses/AGPL-3.0.lre"},
	{ID: "eupl-1.2", Name: "European Union Public Licence 1.2", SPDX: "EUPL-1.2", HF: "eupl-1.2", Kind: KindSoftware, Commercial: UseYes, SourceOffer: true, ShareAlike: "network", Verified: ByText, Source: "text in google/licensecheck v0.3.1, licenses/EUPL-1.2.lre"},
	{ID: "gpl-2.0", Name: "GNU GPL v2", SPDX: "GPL-2.0-only", HF: "gpl-2.0", Kind: KindSoftware, Commercial: UseYes, SourceOffer: true, ShareAlike: "strong", Verified: ByText, Source: "text in google/licensecheck v0.3.1, licenses/GPL-2.0.lre"},
	{ID: "lgpl-2.1", Name: "GNU LGPL v2.1", SPDX: "LGPL-2.1-only", HF: "lgpl-2.1", Kind: KindSoftware, Commercial: UseYes, SourceOffer: true, ShareAlike: "library", Verified: ByText, Source: "text in google/licensecheck v0.3.1, licenses/LGPL-2.1.lre"},
}
