package detect

import "bytes"

// businessTokens are the keys of payment, shop and office services.
func businessTokens() []token {
	return []token{
		{
			id: "stripe-key", description: "Stripe secret or restricted key", severity: Critical,
			shapes:    []string{"sk_live_[w10-120]", "sk_test_[w10-120]", "sk_prod_[w10-120]", "rk_live_[w10-120]", "rk_test_[w10-120]", "rk_prod_[w10-120]"},
			positives: []string{"sk_live_" + sampleB62(24), "rk_test_" + sampleB62(99)},
			negatives: []string{"sk_live_", "pk_live_" + sampleB62(24), "sk_test_xxxxxxxxxxxxxxxxxxxxxxxx", "task_live_" + sampleB62(24)},
		},
		{
			id: "stripe-webhook-secret", description: "Stripe webhook signing secret", severity: High,
			shapes:    []string{"whsec_[b32-64]"},
			positives: []string{"whsec_" + sampleB62(32)},
			negatives: []string{"whsec_", "whsec_" + sampleB62(10)},
		},
		{
			id: "square-token", description: "Square access token or OAuth secret", severity: Critical,
			shapes: []string{"sq0atp-[u22]", "sq0csp-[u43]", "EAAA[u22-60]"}, check: checkSquare,
			positives: []string{"sq0atp-" + sampleB62(22), "sq0csp-" + sampleB62(43), "EAAA" + sampleB62(60)},
			negatives: []string{"sq0atp-" + sampleB62(12), "EAAA" + sampleB62(10), "sq0idp-" + sampleB62(22)},
		},
		{
			id: "shopify-token", description: "Shopify access token or shared secret", severity: Critical,
			shapes:    []string{"shpat_[x32]", "shpca_[x32]", "shppa_[x32]", "shpss_[x32]"},
			positives: []string{"shpat_" + sampleHex(32), "shpss_" + sampleHex(32)},
			negatives: []string{"shpat_" + sampleHex(20), "shpxx_" + sampleHex(32)},
		},
		{
			id: "notion-token", description: "Notion integration token", severity: Critical,
			shapes:    []string{"ntn_[d11][w35]", "secret_[w43]"},
			positives: []string{"ntn_" + sampleDigit(11) + sampleAlpha(35), "secret_" + sampleB62(43)},
			negatives: []string{"ntn_" + sampleB62(10), "secret_name", "secret_santa_2024"},
		},
		{
			id: "dropbox-token", description: "Dropbox short-lived token", severity: Critical,
			shapes:    []string{"sl.[u130+]", "sl.u.[u130+]"},
			positives: []string{"sl." + sampleB62(140)},
			negatives: []string{"sl.example.org", "sl." + sampleB62(40)},
		},
		{
			id: "plaid-token", description: "Plaid access token", severity: Critical, free: len("access"),
			shapes: []string{
				"access-sandbox-[x8]-[x4]-[x4]-[x4]-[x12]", "access-development-[x8]-[x4]-[x4]-[x4]-[x12]", "access-production-[x8]-[x4]-[x4]-[x4]-[x12]",
			},
			positives: []string{"token access-production-" + sampleHex(8) + "-0a1b-4c2d-8e3f-" + sampleHex(12)},
			negatives: []string{"access-production-server", "access-control", "550e8400-e29b-41d4-a716-446655440000"},
		},
		{
			id: "airtable-token", description: "Airtable personal access token", severity: Critical,
			shapes:    []string{"pat[w14].[x64]"},
			positives: []string{"pat" + sampleB62(14) + "." + sampleHex(64)},
			negatives: []string{"pattern.example", "pat" + sampleB62(14)},
		},
		{
			id: "figma-token", description: "Figma personal access token", severity: High,
			shapes:    []string{"figd_[u38-42]"},
			positives: []string{"figd_" + sampleB62(40)},
			negatives: []string{"figd_" + sampleB62(12)},
		},
		{
			id: "shippo-token", description: "Shippo token", severity: High,
			shapes:    []string{"shippo_live_[x40]", "shippo_test_[x40]"},
			positives: []string{"shippo_live_" + sampleHex(40)},
			negatives: []string{"shippo_live_" + sampleHex(20)},
		},
		{
			id: "easypost-key", description: "EasyPost API key", severity: High,
			shapes:    []string{"EZAK[w54]", "EZTK[w54]"},
			positives: []string{"EZAK" + sampleB62(54)},
			negatives: []string{"EZAK" + sampleB62(20)},
		},
		{
			id: "duffel-token", description: "Duffel token", severity: High,
			shapes:    []string{"duffel_live_[u43]", "duffel_test_[u43]"},
			positives: []string{"duffel_test_" + sampleB62(43)},
			negatives: []string{"duffel_test_bag"},
		},
		{
			id: "typeform-token", description: "Typeform token", severity: High,
			shapes:    []string{"tfp_[t59]"},
			positives: []string{"tfp_" + sampleB62(59)},
			negatives: []string{"tfp_" + sampleB62(20)},
		},
	}
}

// checkSquare scores a token that begins as the base64 of small numbers does too.
func checkSquare(token []byte) float32 {
	if token[0] == 'E' && (bytes.Contains(token[4:], []byte("AAA")) || token[4] == 'A') {
		return 0
	}
	return 0.9
}
