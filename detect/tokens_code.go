package detect

import (
	"bytes"
	"hash/crc32"
	"strings"
)

// codeTokens are the keys of code hosts, package registries, build and infrastructure services.
func codeTokens() []token {
	return []token{
		{
			id: "github-pat", description: "GitHub personal access token", severity: Critical, check: checkGitHub,
			shapes:    []string{"ghp_[w36]", "github_pat_[s82]"},
			positives: []string{"ghp_" + sampleB62(36), "token=github_pat_" + sampleB62(22) + "_" + sampleB62(59)},
			negatives: []string{"ghp_" + sampleB62(30), "aghp_" + sampleB62(36), "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "github_pat_" + sampleB62(22)},
		},
		{
			id: "github-token", description: "GitHub OAuth, app, server or refresh token", severity: Critical, check: checkGitHub,
			shapes:    []string{"gho_[w36]", "ghu_[w36]", "ghs_[w36]", "ghr_[w36-76]", "ghs_[t37-600]"},
			positives: []string{"gho_" + sampleB62(36), "ghs_" + sampleB62(36), "ghr_" + sampleB62(76), "ghs_123456_" + sampleB62(80) + "." + sampleB62(200) + "." + sampleB62(80)},
			negatives: []string{"gho_" + sampleB62(20), "ghx_" + sampleB62(36), "ghs_server"},
		},
		{
			id: "gitlab-pat", description: "GitLab personal access token", severity: Critical,
			shapes:    []string{"glpat-[u20]", "glpat-[u27-300].[l9]", "glpat-[u27-300].[l2].[l9]"},
			positives: []string{"glpat-" + sampleB62(20), "acme-glpat-" + sampleB62(20), "glpat-" + sampleB62(40) + ".0w" + sampleLower(7)},
			negatives: []string{"glpat-" + sampleB62(15), "glpat-xxxxxxxxxxxxxxxxxxxx"},
		},
		{
			id: "gitlab-token", description: "GitLab deploy, runner, trigger, feed, agent, job or OAuth token", severity: Critical,
			shapes: []string{
				"gldt-[u20]", "glrt-[u20]", "glrt-t[d1]_[u27-300].[l9]", "glrtr-[u20]", "glptt-[x40]", "glft-[u20]", "glimt-[u25]", "glagent-[u50]",
				"gloas-[u64]", "glsoat-[u20]", "glffct-[u20]", "glcbt-[w1-5]_[u20]", "GR1348941[u20]",
			},
			positives: []string{"gldt-" + sampleB62(20), "glptt-" + sampleHex(40), "glcbt-64_" + sampleB62(20), "GR1348941" + sampleB62(20), "glrt-t3_" + sampleB62(27) + ".0a" + sampleLower(7)},
			negatives: []string{"gldt-" + sampleB62(10), "glrt-", "GR1348942" + sampleB62(20), "glptt-" + sampleB62(20)},
		},
		{
			id: "npm-token", description: "npm access token", severity: Critical, check: checkNPM,
			shapes:    []string{"npm_[w36]"},
			positives: []string{"//registry.example/:_authToken=npm_" + sampleB62(36)},
			negatives: []string{"npm_config_registry", "npm_" + sampleB62(30)},
		},
		{
			id: "pypi-token", description: "PyPI upload token (a macaroon that names its host)", severity: Critical,
			shapes:    []string{"pypi-AgEIcHlwaS5vcmc[u50+]", "pypi-AgENdGVzdC5weXBpLm9yZw[u50+]"},
			positives: []string{"pypi-AgEIcHlwaS5vcmc" + sampleB62(120)},
			negatives: []string{"pypi-AgEIcHlwaS5vcmc" + sampleB62(20), "pypi-server"},
		},
		{
			id: "rubygems-key", description: "RubyGems API key", severity: Critical,
			shapes:    []string{"rubygems_[x48]"},
			positives: []string{"rubygems_" + sampleHex(48)},
			negatives: []string{"rubygems_mirror", "rubygems_" + sampleHex(40)},
		},
		{
			id: "docker-token", description: "Docker Hub access token or Swarm join token", severity: Critical,
			shapes:    []string{"dckr_pat_[u27]", "dckr_oat_[u32]", "SWMTKN-1-[l50-60]-[l24-30]"},
			positives: []string{"dckr_pat_" + sampleB62(27), "SWMTKN-1-" + sampleLower(50) + "-" + sampleLower(25)},
			negatives: []string{"dckr_pat_" + sampleB62(12), "SWMTKN-1-abc"},
		},
		{
			id: "hashicorp-vault-token", description: "HashiCorp Vault service, batch or recovery token", severity: Critical,
			shapes:    []string{"hvs.[u90-120]", "hvs.[u24-89]", "hvb.[u138-300]", "hvr.[u24-120]"},
			positives: []string{"VAULT_TOKEN=hvs." + sampleB62(95), "hvb." + sampleB62(160), "hvs." + sampleB62(24)},
			negatives: []string{"hvs.read", "hvb." + sampleB62(20)},
		},
		{
			id: "doppler-token", description: "Doppler personal, service, CLI, audit or SCIM token", severity: Critical,
			shapes:    []string{"dp.pt.[w40-44]", "dp.ct.[w40-44]", "dp.sa.[w40-44]", "dp.scim.[w40-44]", "dp.audit.[w40-44]", "dp.st.[w40-44]", "dp.st.[u1-35].[w40-44]"},
			positives: []string{"dp.pt." + sampleB62(43), "dp.st.dev." + sampleB62(43)},
			negatives: []string{"dp.pt." + sampleB62(10), "dp.xx." + sampleB62(43)},
		},
		{
			id: "atlassian-token", description: "Atlassian Cloud API token or Bitbucket app password", severity: Critical,
			shapes:    []string{"ATATT3[t180-220]", "ATCTT3[t180-220]", "ATBB[w24-40]"},
			positives: []string{"ATATT3" + sampleB62(177) + "=0A1B2C3D"},
			negatives: []string{"ATATT3" + sampleB62(40), "ATBBQ"},
		},
		{
			id: "linear-key", description: "Linear API key", severity: Critical,
			shapes:    []string{"lin_api_[w40]", "lin_oauth_[x64]"},
			positives: []string{"lin_api_" + sampleB62(40)},
			negatives: []string{"lin_api_" + sampleB62(20), "lin_space"},
		},
		{
			id: "postman-key", description: "Postman API key", severity: Critical,
			shapes:    []string{"PMAK-[x24]-[x34]"},
			positives: []string{"PMAK-" + sampleHex(24) + "-" + sampleHex(34)},
			negatives: []string{"PMAK-" + sampleHex(24), "PMAK-" + sampleHex(20) + "-" + sampleHex(34)},
		},
		{
			id: "new-relic-key", description: "New Relic user or insert key", severity: High,
			shapes:    []string{"NRAK-[U27]", "NRII-[u32]"},
			positives: []string{"NRAK-" + sampleUpper(27), "NRII-" + sampleB62(32)},
			negatives: []string{"NRAK-" + sampleUpper(20), "NRJS-" + sampleHex(19)},
		},
		{
			id: "sentry-token", description: "Sentry organisation or user token", severity: Critical,
			shapes:    []string{"sntrys_eyJ[b60-400]_[b43]", "sntryu_[x64]"},
			positives: []string{"sntryu_" + sampleHex(64), "sntrys_eyJ" + sampleB62(100) + "_" + sampleB62(43)},
			negatives: []string{"sntryu_" + sampleHex(30), "sntrys_eyJ" + sampleB62(10)},
		},
		{
			id: "grafana-token", description: "Grafana service account or cloud token, or legacy key", severity: Critical,
			shapes:    []string{"glsa_[w32]_[x8]", "glc_[b32-400]", "eyJrIjoi[b40-400]"},
			positives: []string{"glsa_" + sampleB62(32) + "_" + sampleHex(8), "glc_eyJ" + sampleB62(90), "eyJrIjoi" + sampleB62(70)},
			negatives: []string{"glsa_" + sampleB62(32), "glc_short", "eyJrIjoi" + sampleB62(10)},
		},
		{
			id: "circleci-token", description: "CircleCI personal token", severity: Critical,
			shapes:    []string{"CCIPAT_[w22]_[x40]"},
			positives: []string{"CCIPAT_" + sampleB62(22) + "_" + sampleHex(40)},
			negatives: []string{"CCIPAT_" + sampleB62(22)},
		},
		{
			id: "terraform-token", description: "Pulumi access token or Terraform Cloud token after its name", severity: Critical,
			shapes:    []string{"pul-[x40]", "TFE_TOKEN=[w14].atlasv1.[u60-70]"},
			positives: []string{"pul-" + sampleHex(40), "TFE_TOKEN=" + sampleB62(14) + ".atlasv1." + sampleB62(67)},
			negatives: []string{"pul-" + sampleHex(20), "TFE_TOKEN=secret"},
		},
		{
			id: "age-secret-key", description: "age encryption key", severity: Critical, check: checkBech32,
			shapes:    []string{"AGE-SECRET-KEY-1[e58]"},
			positives: []string{"AGE-SECRET-KEY-1" + sample(bech32Upper, 58)},
			negatives: []string{"AGE-SECRET-KEY-1" + sample(bech32Upper, 40), "AGE-SECRET-KEY-1" + sample("BIO1", 58)},
		},
		{
			id: "1password-token", description: "1Password service account token or account key", severity: Critical,
			shapes:    []string{"ops_eyJ[b250+]", "A3-[U6]-[U11]-[U5]-[U5]-[U5]", "A3-[U6]-[U6]-[U5]-[U5]-[U5]-[U5]"},
			positives: []string{"ops_eyJ" + sampleB62(300), "A3-" + sampleUpper(6) + "-" + sampleUpper(11) + "-" + sampleUpper(5) + "-ZK4PQ-7TRWX"},
			negatives: []string{"ops_eyJ" + sampleB62(100), "A3-size"},
		},
	}
}

// checkGitHub scores a token of the form that ends in a checksum: the last six of 36 characters are the CRC-32 of the
// first thirty, in base 62. Made-up tokens fail it and stay findings.
func checkGitHub(token []byte) float32 {
	const alphabet = digits + upper + lower
	if len(token) != 40 {
		return 0.9
	}
	sum := crc32.ChecksumIEEE(token[4:34])
	for k := 39; k > 33; k-- {
		if token[k] != alphabet[sum%62] {
			return 0.6 // made up, or of a form that is not known
		}
		sum /= 62
	}
	return 0.99
}

// checkNPM scores an npm token. That it ends in the same checksum is not documented, so that a miss says nothing.
func checkNPM(token []byte) float32 { return max(0.85, checkGitHub(token)) }

// checkBech32 scores an age key by its checksum (BIP 173, section Bech32).
func checkBech32(token []byte) float32 {
	last := bytes.LastIndexByte(token, '1')
	sum := uint32(1)
	step := func(v uint32) {
		top := sum >> 25
		sum = sum&0x1ffffff<<5 ^ v
		for i, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	for _, c := range token[:last] {
		step(uint32(c|0x20) >> 5)
	}
	step(0)
	for _, c := range token[:last] {
		step(uint32(c|0x20) & 31)
	}
	for _, c := range token[last+1:] {
		step(uint32(strings.IndexByte(bech32Upper, c)))
	}
	if sum == 1 {
		return 0.99
	}
	return 0.6
}
