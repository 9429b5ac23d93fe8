package console

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"sync"
)

//go:embed static
var staticFiles embed.FS

// types are the media types of the assets; no other file is served.
var types = map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8"}

// digests are the first bytes of the assets' SHA-256, so that an address changes with its content and can be kept for ever.
var digests = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	entries, err := staticFiles.ReadDir("static")
	if err != nil {
		return out
	}
	for _, e := range entries {
		if text, err := staticFiles.ReadFile("static/" + e.Name()); err == nil {
			sum := sha256.Sum256(text)
			out[e.Name()] = hex.EncodeToString(sum[:6])
		}
	}
	return out
})

// Asset is the address of a file of the console.
func (v *view) Asset(name string) string { return Home + "static/" + name + "?v=" + digests()[name] }

// asset serves a file. It is no secret: the page for signing in uses it before anybody has.
func asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	text, err := staticFiles.ReadFile("static/" + name)
	media := types[path.Ext(name)]
	if err != nil || media == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", media)
	w.Header().Set("Cache-Control", "no-cache")
	if v := r.URL.Query().Get("v"); v != "" && v == digests()[name] {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	_, _ = w.Write(text)
}
