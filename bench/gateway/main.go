// Command gatewaybench measures what a gateway before a language model costs, and whether it keeps its records.
//
// It has a mock upstream (OpenAI and Ollama dialects), a bare httputil.ReverseProxy as the baseline, a load generator
// that checks every answer, a runner that compares programs in one run, and the trials that no ratio shows: records
// after kill -9, records beyond capacity, policy reloads under load. Linux only: CPU time and memory come from /proc.
//
//	gatewaybench run      [-rounds 3] [-d 3s] [-scenarios c1,c32,burst,paced] [-isolate] [-goals '...']   (targets: SUT_* variables)
//	gatewaybench torture  -reeve PATH [-kills 200]
//	gatewaybench saturate -reeve PATH [-d 10s]
//	gatewaybench reload   -reeve PATH [-reloads 100] [-requests 100000]
//	gatewaybench mock     [-addr 127.0.0.1:9001] [-tokens 100] [-interval 0]
//	gatewaybench revproxy [-addr 127.0.0.1:9002] -upstream http://127.0.0.1:9001 [-buffer]
//	gatewaybench load     -url http://127.0.0.1:9002 -s c32 [-d 3s] [-pid N] [-H 'Key: value']...
//
// README.md in the folder above explains the scenarios and the figures.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

func main() {
	commands := map[string]func([]string){
		"run":      runMain,
		"torture":  tortureMain,
		"saturate": saturateMain,
		"reload":   reloadMain,
		"mock":     mockMain,
		"revproxy": revproxyMain,
		"load":     loadMain,
	}
	if len(os.Args) < 2 {
		fatal("usage: gatewaybench run|torture|saturate|reload|mock|revproxy|load [flags]")
	}
	command, ok := commands[os.Args[1]]
	if !ok {
		fatal("unknown subcommand ", os.Args[1])
	}
	command(os.Args[2:])
}

func fatal(v ...any) {
	fmt.Fprintln(os.Stderr, append([]any{"gatewaybench:"}, v...)...)
	os.Exit(1)
}

// serve listens, prints the address on one line (the runner reads it) and serves until killed.
func serve(addr string, h http.Handler) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		fatal(err)
	}
	fmt.Println(l.Addr())
	s := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	fatal(s.Serve(l))
}
