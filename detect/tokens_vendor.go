package detect

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// vendorTokens are the kinds that one line describes. Their examples are composed from their shapes: each shape filled is
// found, and cut short it is not.
func vendorTokens() []token {
	const uuid = "[x8]-[x4]-[x4]-[x4]-[x12]"
	rows := []token{
		{id: "adobe-client-secret", description: "Adobe client secret", severity: Critical, shapes: []string{"p8e-[w32]"}},
		{id: "aikido-key", description: "Aikido token", severity: High, shapes: []string{"AIK_CI_[w20-44]", "AIK_CLIENT_[w24]", "AIK_SECRET_[w64]"}},
		{id: "alibaba-sts", description: "Alibaba Cloud temporary identifier or token", severity: High, shapes: []string{"STS.[w20-64]", "CAIS[b100+]"}},
		{id: "apify-token", free: 2, description: "Apify token", severity: High, shapes: []string{"apify_api_[w34-38]"}},
		{id: "astra-token", description: "DataStax Astra token", severity: Critical, shapes: []string{"AstraCS:[w20+]"}},
		{id: "authress-key", free: 2, description: "Authress service client access key", severity: Critical, shapes: []string{
			"sc_[l5-30].[l4-6].acc_[u10-32].[b30-120]", "ext_[l5-30].[l4-6].acc_[u10-32].[b30-120]", "scauth_[l5-30].[l4-6].acc_[u10-32].[b30-120]",
			"authress_[l5-30].[l4-6].acc_[u10-32].[b30-120]", "sc_[l5-30].[l4-6].acc-[u10-32].[b30-120]", "ext_[l5-30].[l4-6].acc-[u10-32].[b30-120]",
			"scauth_[l5-30].[l4-6].acc-[u10-32].[b30-120]", "authress_[l5-30].[l4-6].acc-[u10-32].[b30-120]",
		}},
		{id: "braintree-token", free: 6, description: "PayPal Braintree access token", severity: Critical, shapes: []string{"access_token$production$[l16]$[x32]"}},
		{id: "brave-key", description: "Brave Search key", severity: High, check: checkDrawn, shapes: []string{"BSA[u24-40]"}},
		{id: "buildkite-token", description: "Buildkite token", severity: Critical, shapes: []string{
			"bkua_[l40]", "bkua_[l53]", "bkaa_[u75]", "bkaj_[u333]", "bkar_[u73]", "bkct_[u73]", "bkpt_[u199]", "bkpat_[u54]", "bkps_[u64]",
		}},
		{id: "canva-token", description: "Canva token", severity: High, shapes: []string{"cnvca[u51]"}},
		{id: "cerebras-key", description: "Cerebras key", severity: Critical, shapes: []string{"csk-[l48]"}},
		{id: "clojars-token", description: "Clojars deploy token", severity: Critical, shapes: []string{"CLOJARS_[w60]"}},
		{id: "cloudsmith-key", description: "Cloudsmith key", severity: Critical, shapes: []string{"csa_[w36]"}},
		{id: "cockroach-key", description: "CockroachDB Cloud key", severity: Critical, shapes: []string{"CCDB1_[w22]_[w40]"}},
		{id: "configcat-key", description: "ConfigCat SDK key", severity: Medium, shapes: []string{"configcat-sdk-1/[u22]/[u22]"}},
		{id: "contentful-token", description: "Contentful management token", severity: Critical, shapes: []string{"CFPAT-[u43]"}},
		{id: "crates-token", description: "crates.io token", severity: Critical, check: checkDrawn, shapes: []string{"cio[w32]"}},
		{id: "defined-networking-token", description: "Defined Networking token", severity: Critical, shapes: []string{"dnkey-[w26]-[w52]"}},
		{id: "deno-token", description: "Deno Deploy token", severity: Critical, shapes: []string{"ddp_[w36]"}},
		{id: "devcycle-key", description: "DevCycle server key", severity: High, shapes: []string{"dvc_server_[t20-80]"}},
		{id: "devin-key", free: 2, description: "Devin key", severity: Critical, shapes: []string{"apk_user_[b120-180]", "apk_[b80-100]", "cog_[l52]"}},
		{id: "ebay-certificate", description: "eBay certificate identifier, which is the client secret", severity: High, shapes: []string{"PRD-[x12]-[x4]-[x4]-[x4]-[x4]"}},
		{id: "elastic-key", description: "Elastic Cloud key", severity: Critical, shapes: []string{"essu_[u60-200]"}},
		{id: "exoscale-key", description: "Exoscale key identifier", severity: Medium, check: checkDrawn, shapes: []string{"EXO[w24-30]"}},
		{id: "facebook-page-token", description: "Facebook Graph page or user token", severity: Critical, check: checkDrawn, shapes: []string{"EAAM[w80+]", "EAAC[w80+]", "EAA[w100+]"}},
		{id: "flutterwave-key", description: "Flutterwave secret or encryption key", severity: Critical, shapes: []string{
			"FLWSECK_TEST-[l12]", "FLWSECK_TEST-[l32]-X", "FLWSECK-[l12]", "FLWSECK-[l32]-X",
		}},
		{id: "flutterwave-public-key", description: "Flutterwave public key, made to be seen", severity: Info, shapes: []string{"FLWPUBK_TEST-[l32]-X", "FLWPUBK-[l32]-X"}},
		{id: "frameio-token", description: "Frame.io token", severity: Critical, shapes: []string{"fio-u-[u64]"}},
		{id: "harness-key", description: "Harness key", severity: Critical, shapes: []string{"pat.[u22].[x24].[w20]", "sat.[u22].[x24].[w20]"}},
		{id: "hubspot-token", description: "HubSpot private app token", severity: Critical, shapes: []string{"pat-na1-" + uuid, "pat-eu1-" + uuid, "pat-na2-" + uuid}},
		{id: "infracost-key", description: "Infracost key", severity: High, shapes: []string{"ico-[w32]"}},
		{id: "intra42-secret", description: "42 School client secret", severity: Critical, shapes: []string{"s-s4t2ud-[x64]", "s-s4t2af-[x64]"}},
		{id: "ionic-token", description: "Ionic token", severity: High, shapes: []string{"ion_[w42]"}},
		{id: "jwt-base64", description: "JSON web token that was encoded again", severity: High, check: checkTwice, shapes: []string{"ZXlK[b40+]"}, positives: []string{
			base64.StdEncoding.EncodeToString([]byte("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1LTE3In0." + sampleB62(43))),
		}},
		{id: "langfuse-key", description: "Langfuse secret key", severity: High, shapes: []string{"sk-lf-" + uuid}},
		{id: "launchdarkly-key", free: 2, description: "LaunchDarkly API, SDK or mobile key", severity: High, shapes: []string{"api-" + uuid, "sdk-" + uuid, "mob-" + uuid}},
		{id: "lichess-token", description: "Lichess token", severity: High, check: checkDrawn, shapes: []string{"lip_[w16-60]"}},
		{id: "linkedin-secret-key", description: "LinkedIn client secret", severity: Critical, shapes: []string{"WPL_AP1.[t16-60]"}},
		{id: "mailgun-public-key", description: "Mailgun public validation key, made to be seen", severity: Info, shapes: []string{"pubkey-[l32]"}},
		{id: "mapbox-token", description: "Mapbox secret or temporary token", severity: High, shapes: []string{"sk.[u50-120].[u20-24]", "tk.[u50-120].[u20-24]"}},
		{id: "mapbox-public-token", description: "Mapbox public token, made to be seen", severity: Info, shapes: []string{"pk.[u50-120].[u20-24]"}},
		{id: "mercury-token", description: "Mercury token", severity: Critical, shapes: []string{"mercury_production_[s20-120]"}},
		{id: "mergify-key", description: "Mergify application key", severity: Critical, shapes: []string{"mergify_application_key_[u40-200]"}},
		{id: "minimax-key", description: "MiniMax key", severity: Critical, shapes: []string{"sk-api-[u119]"}},
		{id: "new-relic-browser-key", description: "New Relic browser key, made to be seen", severity: Info, shapes: []string{"NRJS-[x19]"}},
		{id: "octopus-key", description: "Octopus Deploy key", severity: Critical, shapes: []string{"API-[U26]"}},
		{id: "onesignal-key", description: "OneSignal key", severity: Critical, shapes: []string{"os_v2_app_[l103]", "os_v2_org_[l103]"}},
		{id: "onfido-token", free: 2, description: "Onfido live token", severity: Critical, shapes: []string{"api_live.[u20-80]", "api_live_us.[u20-80]", "api_live_ca.[u20-80]"}},
		{id: "paddle-key", description: "Paddle key", severity: Critical, shapes: []string{"pdl_live_apikey_[l26]_[w22]_[w3]"}},
		{id: "pinterest-token", description: "Pinterest token", severity: High, shapes: []string{"pina_[u30-200]"}},
		{id: "polar-token", description: "Polar token", severity: High, check: checkDrawn, shapes: []string{"polar_pat_[w20-100]", "polar_oat_[w20-100]", "polar_at_[w20-100]"}},
		{id: "posthog-project-key", description: "PostHog project key, made to be seen", severity: Info, shapes: []string{"phc_[u41-49]"}},
		{id: "ramp-secret", description: "Ramp client secret", severity: Critical, shapes: []string{"ramp_sec_[w48]"}},
		{id: "readme-key", description: "ReadMe key", severity: High, shapes: []string{"rdme_[w70]"}},
		{id: "rootly-key", description: "Rootly key", severity: High, shapes: []string{"rootly_[x64]"}},
		{id: "runpod-key", description: "RunPod key", severity: Critical, shapes: []string{"rpa_[w46]"}},
		{id: "samsara-token", description: "Samsara token", severity: High, shapes: []string{"samsara_api_[w26-32]"}},
		{id: "scalingo-token", description: "Scalingo token", severity: Critical, shapes: []string{"tk-us-[u48]"}},
		{id: "segment-token", description: "Segment or Sourcegraph access token", severity: Critical, shapes: []string{"sgp_[w64]", "sgp_[x40]", "sgp_local_[x40]", "sgp_[x16]_[x40]"}},
		{id: "settlemint-token", description: "SettleMint token", severity: High, check: checkDrawn, shapes: []string{"sm_aat_[w16]", "sm_pat_[w16]", "sm_sat_[w16]"}},
		{id: "slack-cookie", description: "Slack browser session cookie", severity: Critical, shapes: []string{"xoxd-[u60-400]"}},
		{id: "sonar-token", description: "SonarQube token", severity: High, shapes: []string{"squ_[x40]", "sqp_[x40]", "sqa_[x40]"}},
		{id: "stripe-public-key", description: "Stripe publishable key, made to be seen", severity: Info, shapes: []string{"pk_live_[w10-120]", "pk_test_[w10-120]"}},
		{id: "teams-webhook", description: "Microsoft Teams webhook address", severity: High, shapes: []string{
			"webhook.office.com/webhookb2/[l8]-[l4]-[l4]-[l4]-[l12]@[l8]-[l4]-[l4]-[l4]-[l12]/IncomingWebhook/[l32]/[l8]-[l4]-[l4]-[l4]-[l12]",
		}},
		{id: "terraform-cloud-token", free: 2, description: "Terraform Cloud token, from its mark on", severity: Critical, shapes: []string{"atlasv1.[u60-70]"}},
		{id: "twitter-bearer", description: "Twitter or X bearer token", severity: Critical, shapes: []string{"AAAAAAAAAAAAAAAAAAAAAA[u20-120]"}, check: checkTwitter},
		{id: "unkey-key", description: "Unkey root key", severity: High, check: checkDrawn, shapes: []string{"unkey_[w16-60]"}},
		{id: "upcloud-token", description: "UpCloud token", severity: Critical, shapes: []string{"ucat_[w24-32]"}},
		{id: "vault-old-token", description: "HashiCorp Vault token of the old form", severity: Critical, check: checkDrawn, shapes: []string{"s.[w24]"}},
		{id: "wakatime-key", description: "WakaTime key", severity: Medium, shapes: []string{"waka_" + uuid}},
		{id: "workato-token", description: "Workato token", severity: High, shapes: []string{"wrkaus-eyJ[u40+]", "wrkeu-eyJ[u40+]", "wrksg-eyJ[u40+]", "wrkjp-eyJ[u40+]", "wrkau-eyJ[u40+]"}},
		{id: "yandex-iam-token", description: "Yandex IAM token", severity: Critical, shapes: []string{"t1.[u20+].[u86]"}},
		{id: "zuplo-key", description: "Zuplo key", severity: High, shapes: []string{"zpka_[l32]_[x8]"}},
	}
	for i := range rows {
		rows[i].examples()
	}
	return rows
}

// examples fills in what stands in no row: each shape filled with made-up bytes, and the same cut short.
func (t *token) examples() {
	for _, s := range t.shapes {
		parts, err := parseShape(s)
		if err != nil {
			return // builtin reports it
		}
		text := fillShape(parts)
		if t.id != "jwt-base64" {
			t.positives = append(t.positives, "token: "+text)
		}
		t.negatives = append(t.negatives, parts[0].text, text[:len(parts[0].text)+4], "x"+text)
	}
}

// fillShape composes a token of a shape.
func fillShape(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		switch p.class {
		case 0:
			b.WriteString(p.text)
		case clDigit:
			b.WriteString(sampleDigit(p.min))
		case clHex:
			b.WriteString(sampleHex(p.min))
		case clLower | clDigit:
			b.WriteString(sampleLower(p.min))
		case clUpper | clDigit:
			b.WriteString(sampleUpper(p.min))
		case clAlpha:
			b.WriteString(sampleAlpha(p.min))
		default:
			b.WriteString(sampleB62(p.min))
		}
	}
	return b.String()
}

// checkDrawn scores a token whose beginning is short: the rest must look drawn.
func checkDrawn(token []byte) float32 {
	m := study(token)
	if m.digits < 2 || m.lower == 0 && m.upper == 0 || m.randomness() < 0.9 || m.longest > 4 {
		return 0
	}
	return 0.85
}

// checkTwice scores base64 of base64: what it decodes to must begin as a JSON web token and have its dots.
func checkTwice(token []byte) float32 {
	var buf [maxToken]byte
	n, err := base64.RawStdEncoding.Decode(buf[:], bytes.TrimRight(token, "="))
	if err != nil && n < 20 || !bytes.HasPrefix(buf[:n], []byte("eyJ")) || bytes.IndexByte(buf[:n], '.') < 0 {
		return 0
	}
	return 0.9
}

// checkTwitter scores a token that begins with many letters A, as empty data in base64 does.
func checkTwitter(token []byte) float32 {
	m := study(bytes.TrimLeft(token, "A"))
	if m.digits == 0 || m.entropy < 3.5 || m.longest > 4 {
		return 0
	}
	return 0.85
}
