package detect

import (
	"bytes"
	"encoding/base64"
)

func kubernetesRule() builtin {
	value := base64.StdEncoding.EncodeToString([]byte("kq8xw2zt"))
	return builtin{
		Rule: Rule{
			ID: "secret/kubernetes-secret", Kind: KindSecret, Severity: High,
			Description: "value in the data of a Kubernetes manifest of kind Secret",
			Positives: []string{
				"apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  login: " + value + "\n",
				"apiVersion: v1\ndata:\n  login: " + value + "\nkind: Secret\n",
			},
			Negatives: []string{"kind: ConfigMap\ndata:\n  login: " + value + "\n", "kind: Secret\ndata:\n  login: {{ .Values.login }}\n", "kind: Secret\nmetadata:\n  name: db-credentials\n"},
		},
		context: ctxKubernetes,
	}
}

const manifestSpan = 150 // bytes before and after a value in which the kind of the manifest must stand

// manifestValue looks for a value in the data of a Secret: base64 under any name.
func (w *window) manifestValue(a *assignment, v quoted) hit {
	text := w.b[v.from:v.to]
	if w.b[a.at] != ':' || len(text) < 8 || len(text)%4 != 0 && v.quote == 0 {
		return hit{}
	}
	for _, c := range text {
		if classOf[c]&clB64 == 0 {
			return hit{}
		}
	}
	before := w.b[max(0, a.at-manifestSpan):a.at]
	w.steps += len(before)
	data := bytes.LastIndex(before, []byte("data:\n"))
	if data < 0 || data >= 4 && bytes.HasPrefix(before[data-4:], []byte("meta")) {
		return hit{}
	}
	if !bytes.Contains(before, []byte("kind: Secret")) {
		stop := min(v.to+manifestSpan, len(w.b))
		w.steps += stop - v.to
		found := bytes.Contains(w.b[v.to:stop], []byte("kind: Secret"))
		if stop == len(w.b) && stop < v.to+manifestSpan {
			w.touch()
		}
		if !found {
			return hit{}
		}
	}
	if m := study(text); m.entropy < 2 || m.longest*2 > m.n {
		return hit{}
	}
	return hit{start: v.from, end: v.to, resume: a.value, score: 0.8, context: ctxKubernetes}
}
