package console

// allPages are the pages in the order of the navigation. A room adds its own here: a handler, a template and messages.
func (c *Console) allPages() []*page {
	return []*page{
		{name: "overview", path: "{$}", nav: "overview", key: "o", action: "admin:console", load: overview},
		{name: "live", path: "exchanges", nav: "live", key: "l", action: "exchange:list", load: live},
		{name: "exchange", path: "exchanges/{id}", nav: "live", load: exchange},
		{name: "review", path: "review", nav: "review", key: "r", action: "review:list", load: reviewQueue},
		{name: "reviewstats", path: "review/stats", nav: "review", action: "review:list", load: reviewStats},
		{name: "reviewitem", path: "review/items/{id}", nav: "review", load: reviewItem},
		{name: "findings", path: "findings", nav: "findings", key: "f", action: "exchange:list", load: findings},
		{name: "datasets", path: "datasets", nav: "datasets", key: "d", action: "dataset:list", load: datasets},
		{name: "models", path: "models", nav: "models", key: "m", action: "model:list", load: models},
		{name: "model", path: "models/{name...}", nav: "models", action: "model:inspect", load: model},
		{name: "access", path: "access", nav: "access", key: "a", action: "user:list", load: people},
		{name: "keys", path: "access/keys", nav: "access", action: "key:list", load: keys},
		{name: "policies", path: "access/policies", nav: "access", action: "policy:list", load: policies},
		{name: "whocan", path: "access/who-can", nav: "access", action: "policy:test", load: whoCan},
		{name: "explain", path: "access/explain", nav: "access", action: "policy:test", load: explain},
		{name: "custody", path: "custody", nav: "custody", key: "c", action: "record:list", load: custodyPage},
		{name: "holds", path: "custody/holds", nav: "custody", action: "record:list", load: holds},
		{name: "subjects", path: "custody/subjects", nav: "custody", action: "record:search", load: subjects},
		{name: "events", path: "custody/events", nav: "custody", action: "record:list", load: events},
		{name: "settings", path: "settings", nav: "settings", key: "s", action: "admin:config", load: settings},
		{name: "version", path: "settings/versions/{id}", nav: "settings", action: "policy:read", load: ruleVersion},
		{name: "docs", path: "docs", nav: "docs", key: "h", load: docList},
		{name: "doc", path: "docs/{name}", nav: "docs", load: doc},
		{name: "search", path: "search", nav: "search", load: search},
	}
}

// acts are what forms do.
func (c *Console) acts() []act {
	return []act{
		{path: "exchanges/{id}/reveal", do: reveal},
		{path: "review/claim", action: "review:list", do: claimNext},
		{path: "review/items/{id}/claim", do: claimItem},
		{path: "review/items/{id}/giveback", do: giveBack},
		{path: "review/items/{id}/reveal", do: revealItem},
		{path: "review/items/{id}/decide", do: decideItem},
		{path: "custody/verify", action: "record:verify", do: startVerify},
		{path: "custody/holds", action: "record:hold", do: addHold},
		{path: "custody/holds/release", action: "record:release", do: releaseHold},
		{path: "custody/erase", action: "record:erase", do: erase},
		{path: "custody/subjects", action: "record:search", do: findSubject},
		{path: "access/keys/{id}/revoke", do: revokeKey},
		{path: "access/users/{id}/revoke", do: revokeUser},
	}
}
