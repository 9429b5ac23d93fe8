package detect

// cloudTokens are the keys of cloud providers and of what runs there.
func cloudTokens() []token {
	return []token{
		{
			id: "aws-access-key-id", description: "AWS access key identifier", severity: High,
			shapes:    []string{"AKIA[B16]", "ASIA[B16]", "ABIA[B16]", "ACCA[B16]"},
			positives: []string{"aws_access_key_id = AKIAQ3EGRIZ7LMN5PXTW", "ASIAZ6TYB4KWJD2QVRHC:", "id AKIAIOSFODNN7EXAMPLE"},
			negatives: []string{"AKIAQ3EGRIZ7LMN5PXT", "AKIAQ3EGRIZ7LMN5PXTWW", "XAKIAQ3EGRIZ7LMN5PXTW", "AKIAAAAAAAAAAAAAAAAA", "AKIA1111189012345678"},
		},
		{
			id: "aws-unique-id", description: "AWS identifier of a user, role, group or other principal; an identifier, not a key", severity: Low,
			shapes:    []string{"AIDA[B16-17]", "AROA[B16-17]", "AGPA[B16-17]", "AIPA[B16-17]", "ANPA[B16-17]", "ANVA[B16-17]", "APKA[B16-17]", "ASCA[B16-17]"},
			positives: []string{"AIDAQ3EGRIZ7LMN5PXTWK", "\"unique_id\": \"AROAZ6TYB4KWJD2QVRHC2\""},
			negatives: []string{"AIDAQ3EGRIZ7", "xAIDAQ3EGRIZ7LMN5PXTWK", "ANPAAAAAAAAAAAAAAAAAA"},
		},
		{
			id: "wechat-app-id", description: "WeChat application identifier; an identifier, not a key", severity: Low,
			shapes:    []string{"wx[x16]"},
			positives: []string{"appid: wx" + sampleHex(16)},
			negatives: []string{"wx" + sampleHex(15), "wx" + sampleHex(20), "wxWidgets"},
		},
		{
			id: "aws-bedrock-key", description: "Amazon Bedrock API key", severity: Critical, free: 2,
			shapes:    []string{"bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t[b0+]", "ABSK[b109-269]"},
			positives: []string{"bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t" + sampleB62(60), "key=ABSK" + sampleB62(120)},
			negatives: []string{"bedrock-api-key-YmVkcm9jay5", "ABSKshort", "bedrock-api-key-rotation"},
		},
		{
			id: "azure-storage-key", description: "Azure storage or Cosmos DB account key in a connection string", severity: Critical, skip: len("AccountKey="),
			shapes:    []string{"AccountKey=[b86-88]"},
			positives: []string{"DefaultEndpointsProtocol=https;AccountName=a;AccountKey=" + sampleB62(86) + "==;EndpointSuffix=x"},
			negatives: []string{"AccountKey=secret", "AccountKey=" + sampleB62(40), "AccountKey=${KEY}"},
		},
		{
			id: "azure-shared-access-key", description: "Azure Service Bus or Event Hubs key in a connection string", severity: Critical,
			skip: len("SharedAccessKey="), shapes: []string{"SharedAccessKey=[b43-44]"},
			positives: []string{"Endpoint=sb://x.example/;SharedAccessKeyName=Root;SharedAccessKey=" + sampleB62(43) + "="},
			negatives: []string{"SharedAccessKeyName=" + sampleB62(43) + "=", "SharedAccessKey=" + sampleB62(12)},
		},
		{
			id: "google-api-key", description: "Google API key", severity: High,
			shapes:    []string{"AIza[u35]", "AQ.Ab8RN6[u44]"},
			positives: []string{"key=AIza" + sampleB62(35), "AQ.Ab8RN6" + sampleB62(44)},
			negatives: []string{"AIza" + sampleB62(30), "xAIza" + sampleB62(35), "AIza" + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
		},
		{
			id: "google-oauth", description: "Google OAuth client secret or access token", severity: Critical,
			shapes:    []string{"GOCSPX-[u28]", "ya29.[u40+]"},
			positives: []string{"GOCSPX-" + sampleB62(28), "ya29." + sampleB62(120)},
			negatives: []string{"GOCSPX-" + sampleB62(12), "ya29.short"},
		},
		{
			id: "alibaba-access-key-id", description: "Alibaba Cloud access key identifier", severity: High,
			shapes:    []string{"LTAI[w12-20]"},
			positives: []string{"LTAI" + sampleB62(20)},
			negatives: []string{"LTAI" + sampleB62(8), "LTAILORED"},
		},
		{
			id: "digitalocean-token", description: "DigitalOcean access, personal or refresh token", severity: Critical, free: 2,
			shapes:    []string{"dop_v1_[x64]", "doo_v1_[x64]", "dor_v1_[x64]"},
			positives: []string{"dop_v1_" + sampleHex(64), "token: doo_v1_" + sampleHex(64), "dor_v1_" + sampleHex(64)},
			negatives: []string{"dop_v1_" + sampleHex(60), "dop_v2_" + sampleHex(64), "dot_v1_" + sampleHex(64)},
		},
		{
			id: "cloudflare-token", description: "Cloudflare user, account or global key", severity: Critical,
			shapes:    []string{"cfut_[u40-60]", "cfat_[u40-60]", "cfk_[u40-60]", "v1.0-[x24]-[x146]"},
			positives: []string{"cfut_" + sampleB62(48), "cfk_" + sampleB62(48), "v1.0-" + sampleHex(24) + "-" + sampleHex(146)},
			negatives: []string{"cfk_short", "v1.0-" + sampleHex(24), "cfat_" + sampleB62(20)},
		},
		{
			id: "heroku-key", description: "Heroku API key", severity: Critical,
			shapes:    []string{"HRKU-AA[u58]"},
			positives: []string{"HRKU-AA" + sampleB62(58)},
			negatives: []string{"HRKU-AA" + sampleB62(20), "HRKU-" + sampleHex(36)},
		},
		{
			id: "vercel-token", description: "Vercel token", severity: Critical,
			shapes:    []string{"vcp_[u56]", "vci_[u56]", "vca_[u56]", "vcr_[u56]", "vck_[u56]"},
			positives: []string{"vcp_" + sampleB62(56), "VERCEL=vck_" + sampleB62(56)},
			negatives: []string{"vcp_" + sampleB62(30), "vcx_" + sampleB62(56)},
		},
		{
			id: "flyio-token", description: "Fly.io access token or macaroon", severity: Critical,
			shapes:    []string{"fo1_[u43]", "fm1a_[b100+]", "fm1r_[b100+]", "fm2_[b100+]"},
			positives: []string{"fo1_" + sampleB62(43), "fm2_" + sampleB62(160)},
			negatives: []string{"fo1_" + sampleB62(20), "fm2_" + sampleB62(20)},
		},
		{
			id: "netlify-token", description: "Netlify personal access token", severity: Critical,
			shapes:    []string{"nfp_[w36-40]"},
			positives: []string{"nfp_" + sampleB62(40)},
			negatives: []string{"nfp_" + sampleB62(10)},
		},
		{
			id: "render-key", description: "Render API key", severity: Critical,
			shapes:    []string{"rnd_[w28]"},
			positives: []string{"rnd_" + sampleB62(28)},
			negatives: []string{"rnd_seed", "rnd_" + sampleB62(12)},
		},
		{
			id: "tailscale-key", description: "Tailscale API, auth or client key", severity: Critical,
			shapes:    []string{"tskey-api-[w10-40]-[w16-60]", "tskey-auth-[w10-40]-[w16-60]", "tskey-client-[w10-40]-[w16-60]"},
			positives: []string{"tskey-auth-" + sampleB62(12) + "-" + sampleB62(32)},
			negatives: []string{"tskey-auth-" + sampleB62(12), "tskey-x-" + sampleB62(12) + "-" + sampleB62(32)},
		},
	}
}
