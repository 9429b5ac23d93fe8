package detect

// dataTokens are the keys of data stores and observability services.
func dataTokens() []token {
	return []token{
		{
			id: "supabase-key", description: "Supabase access token or secret key", severity: Critical,
			shapes:    []string{"sbp_[x40]", "sb_secret_[u31-45]"},
			positives: []string{"sbp_" + sampleHex(40), "sb_secret_" + sampleB62(31)},
			negatives: []string{"sbp_" + sampleHex(20), "sb_publishable_" + sampleB62(31)},
		},
		{
			id: "planetscale-token", description: "PlanetScale password, OAuth or service token", severity: Critical,
			shapes:    []string{"pscale_pw_[t32-64]", "pscale_tkn_[t32-64]", "pscale_oauth_[t32-64]"},
			positives: []string{"pscale_pw_" + sampleB62(43)},
			negatives: []string{"pscale_pw_" + sampleB62(10)},
		},
		{
			id: "neon-key", description: "Neon API key", severity: Critical,
			shapes:    []string{"napi_[w64]"},
			positives: []string{"napi_" + sampleB62(64)},
			negatives: []string{"napi_value"},
		},
		{
			id: "mongodb-atlas-secret", description: "MongoDB Atlas service account secret", severity: Critical,
			shapes:    []string{"mdb_sa_sk_[u40]"},
			positives: []string{"mdb_sa_sk_" + sampleB62(40)},
			negatives: []string{"mdb_sa_id_" + sampleHex(24)},
		},
		{
			id: "dynatrace-token", description: "Dynatrace token", severity: Critical,
			shapes:    []string{"dt0c01.[U24].[U64]"},
			positives: []string{"dt0c01." + sampleUpper(24) + "." + sampleUpper(64)},
			negatives: []string{"dt0c01." + sampleUpper(24)},
		},
		{
			id: "posthog-key", description: "PostHog personal key", severity: High,
			shapes:    []string{"phx_[u41-49]"},
			positives: []string{"phx_" + sampleB62(43)},
			negatives: []string{"phc_" + sampleB62(43)},
		},
		{
			id: "openshift-token", description: "OpenShift user token", severity: Critical,
			shapes:    []string{"sha256~[u43]"},
			positives: []string{"--token=sha256~" + sampleB62(43)},
			negatives: []string{"sha256:" + sampleHex(64), "sha256~" + sampleB62(10)},
		},
		{
			id: "prefect-key", description: "Prefect API key", severity: High,
			shapes:    []string{"pnu_[w36]"},
			positives: []string{"pnu_" + sampleB62(36)},
			negatives: []string{"pnu_" + sampleB62(12)},
		},
		{
			id: "artifactory-key", description: "JFrog Artifactory key or reference token", severity: Critical,
			shapes:    []string{"AKCp[w68-70]", "cmVmd[w59]"},
			positives: []string{"AKCp" + sampleB62(69)},
			negatives: []string{"AKCp" + sampleB62(20), "cmVmd" + sampleB62(20)},
		},
		{
			id: "yandex-key", description: "Yandex Cloud key", severity: High,
			shapes:    []string{"AQVN[u35-38]"},
			positives: []string{"AQVN" + sampleB62(36)},
			negatives: []string{"AQVN" + sampleB62(12)},
		},
	}
}
