package detect

import (
	"encoding/base64"
	"strings"
)

func assignedPasswordRule() builtin {
	pw := "xk29" + "fjw8q"
	return builtin{
		Rule: Rule{
			ID: "secret/assigned-password", Kind: KindSecret, Severity: High,
			Description: "password that is assigned, passed or listed under a name that says so",
			Positives: []string{
				`password = "` + pw + `"`, `'Password': 'bxqvjn',`, "DB_PASS=" + pw, "<password>" + pw + "</password>", `setPassword("` + pw + `")`, `client.login("jo", "` + pw + `")`, `HTTPBasicAuth('jo', '` + pw + `')`, `get(u, auth=('jo', '` + pw + `'))`, `<property name="db.password">` + pw + `</property>`, `"password": "40` + `82917"`,
				`$cfg['pwd'] = '` + pw + `';`, "passwort: " + pw, `<add key="Password" value="` + pw + `" />`, "jdbc:x;user=sa;Password=" + pw + ";", `"пароль": "` + pw + `"`,
				`String passwd = new String("` + pw + `");`, `s:8:"password";s:9:"` + pw + `";`, "mysql --password=" + pw,
			},
			Negatives: []string{
				`password = os.Getenv("DB_PASSWORD")`, "password: Enter your password", `password = "changeme"`, "password=${DB_PASSWORD}", `password: '<password>'`,
				"password = getPassword()", `password_file = "/run/secrets/db"`, `passwordField = "mat-input-7"`, "password: true", `"password": ""`, "passport: X1234567",
				"compass: 3f9k2x8q", "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-8Xk2Lp", `password="{{ db_password }}"`, `login("form", "submit")`, `password: 123456`, `connect('click', 'onClick2')`, "--- PASS: TestSplit42", `password_length = 1200000`, "password: string", `pass = args["pass"]`, "password=********",
			},
		},
		context: ctxAssignedPassword,
	}
}

func assignedSecretRule() builtin {
	return builtin{
		Rule: Rule{
			ID: "secret/assigned-secret", Kind: KindSecret, Severity: High,
			Description: "token, key or secret that is assigned under a name that says so",
			Positives: []string{
				"auth_token: " + sampleHex(32), `"client_secret": "` + sampleB62(24) + `"`, `apiKey => '` + sampleLower(20) + `'`, "?access_token=" + sampleB62(32) + "&x=1",
				`secretKey := []byte("` + sampleB62(32) + `")`, `cookieValidationKey = "` + sampleB62(32) + `"`, `secret_key = createSecretKey(Buffer.from('` + sampleHex(64) + `', 'hex'))`,
				`"nonce_str":"` + sampleB62(32) + `"`, `set("session_secret", "` + sampleB62(20) + `")`, "API key: " + sampleB62(30),
				`"auth": "` + base64.StdEncoding.EncodeToString([]byte("svc:Kx7w2pQz")) + `"`, "?sv=2022&sp=r&sig=" + sampleB62(41) + "%3D",
			},
			Negatives: []string{
				`token = "placeholder"`, "public_key: " + sampleB62(43), "sort_key = " + sampleHex(32), "csrf_token=" + sampleB62(40), `"tokenizer": "` + sampleB62(20) + `"`,
				"monkey: " + sampleB62(32), `secret_name = "` + sampleB62(20) + `"`, "token: the one that you got", `"key": "states/s3/state1"`, "author: jane-doe-2024-xk",
				`access_token_url = "https://host.example/oauth/token"`, `key = "RSA_2048"`, "token = request.headers.get('x')", "max_tokens: 4096", `auth = "` + strings.Repeat("ab/+", 900) + `"`, "PublicKeyToken=" + sampleHex(16), "issuerKeyHash=" + sampleHex(40), "token: " + sampleB62(12) + "...",
			},
		},
		context: ctxAssignedSecret,
	}
}
