package upstream

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

func TestAttachments(t *testing.T) {
	text := base64.StdEncoding.EncodeToString([]byte("Grüße, jane"))
	long := strings.Repeat("QUJD", 300)
	for _, tt := range []struct{ name, part, want string }{
		{"image", `{"image_url":{"url":"data:image/png;base64,AAAA"}}`, "opaque"},
		{"image, in words", `{"content":"data:image/png;base64,AAAA"}`, "unread"},
		{"images", `{"images":["AAAA"]}`, "unread"},
		{"no images", `{"images":[]}`, "none"},
		{"text", `{"file":{"file_data":"data:text/plain;charset=utf-8;base64,` + text + `"}}`, "Grüße, jane"},
		{"no media type", `{"x":"data:;base64,` + text + `"}`, "Grüße, jane"},
		{"json", `{"x":"data:application/json;base64,` + text + `"}`, "Grüße, jane"},
		{"in other letters", `{"x":"DATA:Text/Plain;BASE64,` + text + `"}`, "Grüße, jane"},
		{"escaped", `{"x":"\u0064ata:text/plain;base64,` + text + `"}`, "Grüße, jane"},
		{"pdf", `{"x":"data:application/pdf;base64,` + text + `"}`, "unread"},
		{"a false media type", `{"x":"data:text/plain;base64,//79"}`, "unread"},
		{"no base64", `{"x":"data:text/plain;base64,???"}`, "unread"},
		{"in the clear", `{"x":"data:text/plain,hello"}`, "none"},
		{"words", `{"x":"data: and more"}`, "none"},
		{"bare file", `{"file_data":"` + long + `"}`, "unread"},
		{"bare sound", `{"input_audio":{"data":"` + long + `"}}`, "opaque"},
		{"short", `{"data":"QUJD"}`, "none"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r Request
			ep := Endpoints()[0]
			if err := r.Parse(&ep, fmt.Appendf(nil, `{"model":"m","messages":[%s]}`, tt.part)); err != nil {
				t.Fatal(err)
			}
			got := "none"
			for _, a := range r.Attachments {
				got = "unread"
				if a.Opaque {
					got = "opaque"
				}
				if b, ok := r.AppendAttachment(nil, a); ok {
					got = string(b)
					if head, _, _ := strings.Cut(string(r.Doc.Text(a.Node)), ","); string(r.Attach(a, b)) != head+","+text {
						t.Errorf("put back as %s", r.Attach(a, b))
					}
				}
			}
			if got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			if got != "none" && len(r.Texts) > 0 {
				t.Errorf("it is a text too: %v", r.Texts)
			}
		})
	}
}

// FuzzAttachment puts what it read from a file back, and reads the same again.
func FuzzAttachment(f *testing.F) {
	f.Add("data:text/plain;base64,R3LDvMOfZQ==")
	f.Add("data:;base64,")
	f.Add("DATA:application/json;charset=utf-8;base64,e30=")
	f.Add("data:text/plain;base64,====")
	f.Fuzz(func(t *testing.T, s string) {
		var r Request
		ep := Endpoints()[0]
		body := append(AppendQuoted([]byte(`{"model":"m","messages":[{"content":"`), []byte(s)), `"}]}`...)
		if err := r.Parse(&ep, body); err != nil {
			return
		}
		for _, a := range r.Attachments {
			text, ok := r.AppendAttachment(nil, a)
			if !ok {
				continue
			}
			var again Request
			back := append(AppendQuoted([]byte(`{"model":"m","messages":[{"content":"`), r.Attach(a, text)), `"}]}`...)
			if err := again.Parse(&ep, back); err != nil || len(again.Attachments) != 1 {
				t.Fatalf("%v: %s", err, back)
			}
			if got, ok := again.AppendAttachment(nil, again.Attachments[0]); !ok || string(got) != string(text) {
				t.Fatalf("%q became %q", text, got)
			}
		}
	})
}
