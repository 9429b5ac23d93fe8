package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"regexp"
)

var sinkName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (v *validator) monitoring(m *Monitoring) {
	seen := map[string]bool{}
	for i := range m.Events {
		at := fmt.Sprintf("monitoring.events[%d]", i)
		v.named(at+".name", m.Events[i].Name, seen)
		v.sink(at, &m.Events[i])
	}
	if m.Telemetry.Endpoint != "" {
		v.address("monitoring.telemetry.endpoint", m.Telemetry.Endpoint, m.Telemetry.Insecure)
	}
	seen = map[string]bool{}
	for i := range m.Canaries {
		v.canary(fmt.Sprintf("monitoring.canaries[%d]", i), &m.Canaries[i], seen)
	}
	if len(m.Canaries) > 0 && m.CanaryKey == "" {
		v.add("monitoring.canary_key", "canaries need an API key", "make a service account for them, and name the file with its key")
	}
	v.alerts(&m.Alerts)
}

func (v *validator) named(at, name string, seen map[string]bool) {
	if !sinkName.MatchString(name) {
		v.add(at, "want a name of letters, digits, - and _, at most 64", "")
	}
	if seen[name] {
		v.add(at, "another one has this name", "")
	}
	seen[name] = true
}

func (v *validator) sink(at string, e *EventSink) {
	switch e.Kind {
	case "file":
		if e.Path == "" {
			v.add(at+".path", "kind file needs a path", "")
		}
	case "webhook":
		v.address(at+".url", e.URL, e.Insecure)
	case "syslog":
		v.syslog(at, e)
	}
}

func (v *validator) syslog(at string, e *EventSink) {
	if e.Network == "unix" || e.Network == "unixgram" {
		if e.Address == "" {
			v.add(at+".address", "want the path of a socket, such as /dev/log", "")
		}
		return
	}
	host, _, err := net.SplitHostPort(e.Address)
	switch {
	case err != nil || host == "":
		v.add(at+".address", "want host:port", "such as siem.example.org:6514")
	case e.Network != "tls" && !isLoopback(host) && !e.Insecure:
		v.add(at+".network", "events would cross the network in the clear", "use tls, or set insecure to true")
	}
}

// address checks the address of a webhook or a collector. Its messages never repeat it: it may hold a token.
func (v *validator) address(at, address string, insecure bool) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https":
		v.add(at, "want an address such as https://siem.example.org/events", "a user or password goes into authorization")
	case u.Scheme == "http" && !isLoopback(u.Hostname()) && !insecure:
		v.add(at, "this would cross the network in the clear", "use https, or set insecure to true")
	}
}

func (v *validator) canary(at string, c *Canary, seen map[string]bool) {
	v.named(at+".name", c.Name, seen)
	if c.Model == "" {
		v.add(at+".model", "which model is asked?", "")
	}
	if c.Prompt == "" {
		v.add(at+".prompt", "what is said to it?", "")
	}
	for key, expr := range map[string]string{".match": c.Match, ".absent": c.Absent} {
		if _, err := regexp.Compile(expr); err != nil {
			v.add(at+key, "this is no regular expression of RE2", "")
		}
	}
}

func (v *validator) alerts(a *Alerts) {
	if a.Webhook.URL != "" {
		v.address("monitoring.alerts.webhook.url", a.Webhook.URL, a.Webhook.Insecure)
	}
	e := &a.Email
	if e.Server == "" {
		return
	}
	host, _, err := net.SplitHostPort(e.Server)
	switch {
	case err != nil || host == "":
		v.add("monitoring.alerts.email.server", "want host:port", "such as mail.example.org:587")
	case e.Security == "none" && !isLoopback(host):
		v.add("monitoring.alerts.email.security", "alerts and the password would cross the network in the clear", "use starttls or tls")
	}
	if len(e.To) == 0 {
		v.add("monitoring.alerts.email.to", "nobody is written to", "")
	}
	for at, address := range e.addresses() {
		if parsed, err := mail.ParseAddress(address); err != nil || parsed.Address != address {
			v.add("monitoring.alerts.email."+at, "want an address such as alerts@example.org", "")
		}
	}
}

func (e *AlertEmail) addresses() map[string]string {
	all := map[string]string{"from": e.From}
	for i, to := range e.To {
		all[fmt.Sprintf("to[%d]", i)] = to
	}
	return all
}
