package config

import (
	"encoding"
	"reflect"
	"regexp"
	"testing"

	"github.com/go-json-experiment/json"
)

// Every key of the file is in the schema with a description, and every default passes the schema's own pattern.
func TestSchemaCoversEveryKey(t *testing.T) {
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	covers(t, root, reflect.TypeFor[Config](), "")
}

func covers(t *testing.T, schema map[string]any, section reflect.Type, path string) {
	t.Helper()
	if schema["additionalProperties"] != false {
		t.Errorf("%s: unknown keys pass", path)
	}
	properties := schema["properties"].(map[string]any)
	count := 0
	fields(section, func(key string, field reflect.StructField) {
		count++
		full := join(path, key)
		p, ok := properties[key].(map[string]any)
		if key == "" || !ok {
			t.Errorf("%s (%s) is not in the schema", full, field.Name)
			return
		}
		if d, _ := p["description"].(string); d == "" {
			t.Errorf("%s has no description", full)
		}
		if pattern, ok := p["pattern"].(string); ok {
			if !regexp.MustCompile(pattern).MatchString(p["default"].(string)) {
				t.Errorf("%s: the default %q does not fit %s", full, p["default"], pattern)
			}
		}
		switch inner := field.Type; {
		case isSection(inner):
			covers(t, p, inner, full)
		case inner.Kind() == reflect.Slice && isSection(inner.Elem()):
			covers(t, p["items"].(map[string]any), inner.Elem(), full+"[]")
		}
	})
	if count != len(properties) {
		t.Errorf("%s: %d keys, %d in the schema", path, count, len(properties))
	}
}

// Every field has a kind that decode can read, and tags whose limits are values of its type.
func TestSectionsCanBeRead(t *testing.T) {
	c := Default()
	c.Gateway.Upstreams, c.Gateway.Models, c.Gateway.Routes = make([]Upstream, 1), make([]Model, 1), make([]Route, 1)
	walk(reflect.ValueOf(c).Elem(), "", func(path string, v reflect.Value, tag reflect.StructTag) {
		_, text := v.Addr().Interface().(encoding.TextUnmarshaler)
		switch v.Kind() {
		case reflect.Slice, reflect.String, reflect.Bool, reflect.Int:
		default:
			if !text {
				t.Errorf("%s has kind %s", path, v.Kind())
			}
		}
		for _, name := range []string{"min", "max"} {
			if l, ok := tag.Lookup(name); ok {
				if low := limit(v, l); name == "min" && path != "version" && v.Int() < low {
					t.Errorf("%s: the default is below its limit %s", path, l)
				}
			}
		}
	})
}
