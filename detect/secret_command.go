package detect

// commandRules are for secrets among the options of commands, where a space stands between name and value.
func commandRules() []builtin {
	pw := "Kx7w2" + "pQz"
	return []builtin{{
		Rule: Rule{
			ID: "secret/command-option", Kind: KindSecret, Severity: High,
			Description: "password or token that is given to a command: --password x, curl -u user:x, mysql -px",
			Positives: []string{
				"tool login --password " + pw + " --host h", "curl -s -u jo:" + pw + " https://h.example/", "mysql -u root -p" + pw + " shop", "sshpass -p '" + pw + "' ssh h",
				"docker login -u jo -p " + pw + " registry.example", "curl --user \"jo:" + pw + "\" h", "cli --api-token " + sampleB62(24), "wget --http-passwd " + pw,
			},
			Negatives: []string{
				"--password $PASSWORD", "--password-file /run/x", "--token <token>", "curl -u user:password h", "curl -u $USER:$PASS h", "mysql -u root -p shop", "mkdir -p build/x86",
				"--passphrase-fd 0", "--password --user jo", "well-known -p 8080", "docker run -p 8080:80 web", "nmap -p22 h",
			},
		},
		on: []entry{{bytes: "-", next: "-upP", find: findOption}},
	}}
}

// findOption looks for an option at its first hyphen.
func findOption(w *window, i int) hit {
	if p := w.before(i); p != 0 && p != ' ' && p != '\t' && p != '"' && p != '\'' && p != '[' && p != '\n' {
		return hit{}
	}
	w.lead = min(i+1, len(w.b))
	switch c := w.at(i + 1); c {
	case '-':
		return w.longOption(i)
	case 'u', 'p', 'P':
		return w.shortOption(i, c)
	}
	return hit{}
}

// longOption reads --name value.
func (w *window) longOption(i int) hit {
	name := i + 2
	end := w.run(clB64u, name, 40)
	w.lead = min(end, len(w.b))
	if w.touched || w.at(end) != ' ' {
		return hit{}
	}
	w.lead = min(end+1, len(w.b))
	if user := string(w.b[name:end]) == "user"; user {
		return w.userOption(i, end+1)
	}
	a := assignment{at: end, value: end + 1, keyFrom: name, keyTo: end, power: keyName(w.b[name:end])}
	if a.power < tokenKey || w.at(end+1) == '-' {
		return hit{}
	}
	return w.optionValue(&a)
}

func (w *window) optionValue(a *assignment) hit {
	v, ok := w.value(a)
	if !ok || w.touched {
		return hit{}
	}
	score := w.assignedScore(a, v, w.b[v.from:v.to])
	if score == 0 {
		return hit{}
	}
	return hit{start: v.from, end: v.to, resume: v.from, score: score}
}

var (
	curlWords = words("curl", "wget", "http", "https", "httpie")
	passWords = words("mysql", "mysqldump", "mysqladmin", "mysqlimport", "sshpass", "mongo", "mongodump", "mongorestore", "mongosh", "sqlcmd", "login", "psql", "mariadb", "htpasswd", "plink", "zip", "unzip", "rar")
)

// shortOption reads -u user:password and -p password behind the names of commands that take them so.
func (w *window) shortOption(i int, c byte) hit {
	from := i + 2
	space := w.at(from) == ' '
	if space {
		from++
	}
	w.lead = min(from, len(w.b))
	if w.touched {
		return hit{}
	}
	if c == 'u' {
		if !space {
			return hit{}
		}
		return w.userOption(i, from)
	}
	if !w.near(i, passWords) {
		return hit{}
	}
	a := assignment{at: i + 1, value: from, keyFrom: i + 1, keyTo: i + 1, power: passwordKey}
	return w.optionValue(&a)
}

// userOption reads user:password at from if the command speaks HTTP.
func (w *window) userOption(i, from int) hit {
	if !w.near(i, curlWords) {
		return hit{}
	}
	q := w.at(from)
	if isQuote(q) {
		from++
	}
	w.lead = min(from, len(w.b))
	end := w.recall(tagValue, from)
	for ; end < from+maxBare; end++ {
		if c := w.at(end); c <= ' ' || isQuote(c) || c == '\\' {
			break
		}
	}
	w.remember(tagValue, from, end)
	if w.touched {
		return hit{}
	}
	k := indexOf(w.b[from:end], ':')
	if k < 1 || k > maxUser || w.b[from] == '$' {
		return hit{}
	}
	password := w.b[from+k+1 : end]
	if isStandIn(password, w.b[from:from+k]) {
		return hit{}
	}
	m := study(password)
	score := float32(0.45)
	if m.randomness() >= 0.5 || m.digits > 0 {
		score = 0.8
	}
	return hit{start: from, end: end, resume: from, score: score}
}
