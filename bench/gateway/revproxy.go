package main

import (
	"bytes"
	"flag"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
)

// The baseline: a bare httputil.ReverseProxy, flushing at once, with enough idle upstream connections.
// -buffer reads the request body before it forwards (as any gateway that scans requests must).
func revproxyMain(args []string) {
	fs := flag.NewFlagSet("revproxy", flag.ExitOnError)
	addr := fs.String("addr", "127.0.0.1:9002", "listen address")
	up := fs.String("upstream", "http://127.0.0.1:9001", "upstream base URL")
	buffer := fs.Bool("buffer", false, "read the request body before forwarding")
	quiet := fs.Bool("quiet", false, "no error log")
	_ = fs.Parse(args) // exits on an error
	u, err := url.Parse(*up)
	if err != nil {
		fatal(err)
	}
	tr := http.DefaultTransport.(*http.Transport).Clone()
	tr.Proxy = nil
	tr.MaxIdleConnsPerHost = 1024
	tr.MaxIdleConns = 1024
	tr.DisableCompression = true
	tr.ForceAttemptHTTP2 = false
	rp := &httputil.ReverseProxy{
		Rewrite:       func(pr *httputil.ProxyRequest) { pr.SetURL(u) },
		FlushInterval: -1,
		Transport:     tr,
	}
	if *quiet {
		rp.ErrorLog = log.New(io.Discard, "", 0)
	}
	var h http.Handler = rp
	if *buffer {
		h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(b))
			rp.ServeHTTP(w, r)
		})
	}
	serve(*addr, h)
}
