package detect

// messageTokens are the keys of messaging and mail services.
func messageTokens() []token {
	return []token{
		{
			id: "slack-token", description: "Slack bot, user, app, configuration or legacy token", severity: Critical,
			shapes: []string{
				"xoxb-[d8-14]-[w18-40]", "xoxb-[d8-14]-[d8-14]-[w18-40]", "xoxp-[d8-14]-[d8-14]-[d8-14]-[w28-40]", "xoxp-[d8-14]-[d8-14]-[w18-40]",
				"xoxe-[d8-14]-[d8-14]-[d8-14]-[w28-40]", "xapp-[d1]-[U9-14]-[d8-14]-[l40-80]", "xoxe-[d1]-[w100-250]", "xoxe.xoxp-[d1]-[w100-250]",
				"xoxe.xoxb-[d1]-[w100-250]", "xoxa-[w8-48]", "xoxa-[d1]-[w8-48]", "xoxr-[w8-48]", "xoxr-[d1]-[w8-48]",
				"xoxs-[d5-14]-[d5-14]-[d5-14]-[x10-64]", "xoxo-[d5-14]-[d5-14]-[d5-14]-[x10-64]", "xoxc-[d8-14]-[d8-14]-[d8-14]-[x64]",
			},
			positives: []string{
				"xoxb-" + sampleDigit(12) + "-" + sampleDigit(13) + "-" + sampleB62(24), "xoxb-" + sampleDigit(12) + "-" + sampleB62(24),
				"xapp-1-A" + sampleUpper(10) + "-" + sampleDigit(13) + "-" + sampleHex(64), "xoxe-1-" + sampleB62(146), "xoxe.xoxp-1-" + sampleUpper(165),
				"xoxp-" + sampleDigit(11) + "-" + sampleDigit(11) + "-" + sampleDigit(12) + "-" + sampleHex(32),
			},
			negatives: []string{"xoxb-not-a-token", "xoxo, love", "xoxp-123", "xoxb-" + sampleDigit(12)},
		},
		{
			id: "slack-webhook", description: "Slack webhook address; the match is its path", severity: High, skip: len("hooks.slack.com/"),
			shapes:    []string{"hooks.slack.com/services/[p40-80]", "hooks.slack.com/workflows/[p40-90]", "hooks.slack.com/triggers/[p40-90]"},
			positives: []string{"https://hooks.slack.com/services/T" + sampleUpper(10) + "/B" + sampleUpper(10) + "/" + sampleB62(24)},
			negatives: []string{"https://hooks.slack.com/services/", "https://hooks.slack.com/docs"},
		},
		{
			id: "discord-token", description: "Discord bot token", severity: Critical,
			shapes:    discordShapes(),
			positives: []string{"token = MTE" + sampleB62(21) + "." + sampleB62(6) + "." + sampleB62(38), "NzE" + sampleB62(21) + ".Gx1abc." + sampleB62(27)},
			negatives: []string{"MTE" + sampleB62(21), "NzE" + sampleB62(21) + "." + sampleB62(6), "Module.Method.call"},
		},
		{
			id: "discord-webhook", description: "Discord webhook address; the match is its path", severity: High, skip: len("discord.com/"), free: len("discord.com/"),
			shapes:    []string{"discord.com/api/webhooks/[d17-20]/[u60-80]"},
			positives: []string{"https://discord.com/api/webhooks/" + sampleDigit(18) + "/" + sampleB62(68)},
			negatives: []string{"https://discord.com/api/webhooks/1", "https://discord.com/developers"},
		},
		{
			id: "sendgrid-key", description: "SendGrid API key", severity: Critical,
			shapes:    []string{"SG.[u22].[u43]", "SG.[t66]"},
			positives: []string{"SG." + sampleB62(22) + "." + sampleB62(43)},
			negatives: []string{"SG." + sampleB62(22), "SG.example.org", "MSG." + sampleB62(22) + "." + sampleB62(43)},
		},
		{
			id: "twilio-key", description: "Twilio API key", severity: High,
			shapes:    []string{"SK[x32]"},
			positives: []string{"SK" + sampleHex(32)},
			negatives: []string{"SK" + sampleHex(30), "SKU-123", "SK" + sampleHex(34)},
		},
		{
			id: "mailgun-key", description: "Mailgun private key", severity: Critical,
			shapes:    []string{"key-[x32]"},
			positives: []string{"api:key-" + sampleHex(32)},
			negatives: []string{"key-value", "key-" + sampleHex(12), "pubkey-" + sampleB62(30)},
		},
		{
			id: "brevo-key", description: "Brevo (Sendinblue) API or SMTP key", severity: Critical,
			shapes:    []string{"xkeysib-[x64]-[w16]", "xsmtpsib-[x64]-[w16]"},
			positives: []string{"xkeysib-" + sampleHex(64) + "-" + sampleB62(16)},
			negatives: []string{"xkeysib-" + sampleHex(64)},
		},
		{
			id: "mailersend-key", description: "MailerSend key", severity: Critical,
			shapes:    []string{"mlsn.[x30-100]"},
			positives: []string{"mlsn." + sampleHex(64)},
			negatives: []string{"mlsn.docs"},
		},
	}
}

// discordShapes are the ways in which the base64 of a user number begins.
func discordShapes() (out []string) {
	for _, p := range []string{"MT", "Mj", "Mz", "ND", "NT", "Nj", "Nz", "OD", "OT"} {
		out = append(out, p+"[w22-26].[u6].[u27-38]")
	}
	return out
}
