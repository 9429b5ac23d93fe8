package config

import (
	"fmt"
	"net/url"
	"path/filepath"
)

// admission checks that whatever is to be enforced can be measured.
func (v *validator) admission(c *Config) {
	for i := range c.Gateway.Upstreams {
		v.runtime(fmt.Sprintf("gateway.upstreams[%d].runtime", i), &c.Gateway.Upstreams[i].Runtime)
	}
	known := map[string]bool{}
	for i := range c.Gateway.Upstreams {
		u := &c.Gateway.Upstreams[i]
		known[u.Name] = u.Runtime.Kind != "" || u.Runtime.Agent != ""
	}
	const remedy = "say it with gateway.upstreams[].runtime; until then none of its models would be served"
	for i, m := range c.Gateway.Models {
		upstream := m.Upstream
		if upstream == "" && len(c.Gateway.Upstreams) == 1 {
			upstream = c.Gateway.Upstreams[0].Name
		}
		if has, ok := known[upstream]; m.Admission == "enforce" && ok && !has {
			v.add(fmt.Sprintf("gateway.models[%d].admission", i), "nobody knows where the files of its runtime are", remedy)
		}
	}
	for i := range c.Gateway.Upstreams {
		if c.Admission.Mode == "enforce" && !known[c.Gateway.Upstreams[i].Name] {
			v.add("admission.mode", "nobody knows where the files of the runtime "+c.Gateway.Upstreams[i].Name+" are", remedy)
		}
	}
}

func (v *validator) runtime(at string, r *Runtime) {
	if r.Agent != "" {
		u, err := url.Parse(r.Agent)
		switch {
		case err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/":
			v.add(at+".agent", "want an address such as https://gpu1.example.org:8410", "")
		case r.CA == "" || r.Cert == "" || r.Key == "":
			v.add(at+".agent", "an agent and a gateway show each other certificates: ca, cert and key", "`reeve agent certificates` makes them")
		case r.Kind == "":
			v.add(at+".kind", "of what kind is the agent's runtime?", "ollama, llamacpp or vllm")
		case r.Models != "" || len(r.Paths) > 0:
			v.add(at+".models", "the agent measures the runtime, so its files are told to the agent", "remove models and paths")
		}
		return
	}
	switch {
	case r.CA != "" || r.Cert != "" || r.Key != "":
		v.add(at+".agent", "certificates are given, but no agent", "")
	case r.Kind == "ollama" && (r.Models == "" || len(r.Paths) > 0):
		v.add(at+".models", "the folder of Ollama's models is needed, and nothing else", "OLLAMA_MODELS of its service; often /usr/share/ollama/.ollama/models")
	case (r.Kind == "llamacpp" || r.Kind == "vllm") && (len(r.Paths) == 0 || r.Models != ""):
		v.add(at+".paths", "the files or folders that the runtime was started with are needed, and nothing else", "")
	case r.Kind == "" && (r.Models != "" || len(r.Paths) > 0):
		v.add(at+".kind", "of what kind is the runtime?", "ollama, llamacpp or vllm")
	}
	for i, p := range append([]string{r.Models}, r.Paths...) {
		if p != "" && !filepath.IsAbs(p) && filepath.Clean(p) == "." {
			v.add(at+".paths", fmt.Sprintf("path %d is the folder of this file itself", i), "")
		}
	}
}
