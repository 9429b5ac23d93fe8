package gateway

import "net/http"

// Strict gives every answer of the admin listener the headers that a browser needs to hold its pages apart from
// everything else: by TLS only (RFC 6797), in no frame, with nothing from elsewhere, told to nobody, kept by no cache. A
// page that needs more of its policy sets its own.
func Strict(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		if r.TLS != nil {
			head["Strict-Transport-Security"] = []string{"max-age=63072000; includeSubDomains"}
		}
		head["Content-Security-Policy"] = []string{"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"}
		head["X-Frame-Options"] = []string{"DENY"}
		head["X-Content-Type-Options"] = []string{"nosniff"}
		head["Referrer-Policy"] = []string{"no-referrer"}
		head["Cross-Origin-Opener-Policy"] = []string{"same-origin"}
		head["Cross-Origin-Resource-Policy"] = []string{"same-origin"}
		head["Permissions-Policy"] = []string{"camera=(), geolocation=(), microphone=()"}
		head["Cache-Control"] = []string{"no-store"}
		h.ServeHTTP(w, r)
	})
}
