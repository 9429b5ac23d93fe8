package scim

// Config is the document of ServiceProviderConfig (RFC 7643 section 5).
func Config(maxResults int) map[string]any {
	no := map[string]any{"supported": false}
	return map[string]any{
		"schemas":        []any{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"patch":          map[string]any{"supported": true},
		"bulk":           map[string]any{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
		"filter":         map[string]any{"supported": true, "maxResults": maxResults},
		"changePassword": no, "sort": no, "etag": map[string]any{"supported": true},
		"authenticationSchemes": []any{map[string]any{
			"type": "oauthbearertoken", "name": "Bearer token", "description": "The token of the SCIM client, from identity.scim_token", "primary": true,
		}},
		"meta": map[string]any{"resourceType": "ServiceProviderConfig", "location": "/scim/v2/ServiceProviderConfig"},
	}
}

// ResourceTypes are the documents of ResourceTypes (RFC 7643 section 6).
func ResourceTypes() []any {
	kind := func(name, schema string, extensions ...any) map[string]any {
		return map[string]any{
			"schemas": []any{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"}, "id": name, "name": name, "endpoint": "/" + name + "s", "schema": schema,
			"schemaExtensions": append([]any{}, extensions...), "meta": map[string]any{"resourceType": "ResourceType", "location": "/scim/v2/ResourceTypes/" + name},
		}
	}
	return []any{kind("User", UserSchema, map[string]any{"schema": EnterpriseSchema, "required": false}), kind("Group", GroupSchema)}
}

func attr(name, kind string, change func(map[string]any)) map[string]any {
	a := map[string]any{
		"name": name, "type": kind, "multiValued": false, "description": "", "required": false, "caseExact": false, "mutability": "readWrite", "returned": "default", "uniqueness": "none",
	}
	if change != nil {
		change(a)
	}
	return a
}

func required(a map[string]any) { a["required"], a["uniqueness"] = true, "server" }
func fixed(a map[string]any)    { a["mutability"] = "readOnly" }

func list(subs ...any) func(map[string]any) {
	return func(a map[string]any) { a["multiValued"], a["subAttributes"] = true, subs }
}

// Schemas are the documents of Schemas (RFC 7643 section 7): what of the core schemas is kept here.
func Schemas() []any {
	doc := func(id, name string, attributes ...any) map[string]any {
		return map[string]any{
			"schemas": []any{"urn:ietf:params:scim:schemas:core:2.0:Schema"}, "id": id, "name": name, "description": name, "attributes": attributes,
			"meta": map[string]any{"resourceType": "Schema", "location": "/scim/v2/Schemas/" + id},
		}
	}
	return []any{
		doc(UserSchema, "User",
			attr("userName", "string", required), attr("displayName", "string", nil), attr("active", "boolean", nil), attr("externalId", "string", func(a map[string]any) { a["caseExact"] = true }),
			attr("name", "complex", func(a map[string]any) {
				a["subAttributes"] = []any{attr("formatted", "string", nil), attr("givenName", "string", nil), attr("familyName", "string", nil)}
			}),
			attr("emails", "complex", list(attr("value", "string", nil), attr("primary", "boolean", nil), attr("type", "string", nil))),
			attr("groups", "complex", func(a map[string]any) {
				list(attr("value", "string", fixed), attr("display", "string", fixed))(a)
				fixed(a)
			})),
		doc(EnterpriseSchema, "EnterpriseUser", attr("department", "string", nil)),
		doc(GroupSchema, "Group", attr("displayName", "string", required), attr("externalId", "string", func(a map[string]any) { a["caseExact"] = true }),
			attr("members", "complex", list(attr("value", "string", nil), attr("type", "string", nil), attr("display", "string", fixed)))),
	}
}
