package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/admission"
	"github.com/reeve-ai/reeve/internal/config"
	"github.com/reeve-ai/reeve/internal/console"
	"github.com/reeve-ai/reeve/internal/control"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/gateway"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/oidc"
	"github.com/reeve-ai/reeve/internal/store"
	"github.com/reeve-ai/reeve/internal/transit"
	"github.com/reeve-ai/reeve/internal/upstream"
)

// server is a gateway with everything it stands on. open wires it, run serves, close gives everything back.
type server struct {
	settings *settings
	log      *slog.Logger
	out      io.Writer

	ring        *keyring.Ring
	custody     *custody.Log
	db          *store.DB
	keys        *identity.Directory
	providers   *oidc.Providers       // nil: none
	authorities *identity.Authorities // of client certificates; nil: they mean nothing
	clients     []*upstream.Client
	access      *access.Engine
	gateway     *gateway.Gateway
	admission   *admission.Controller // nil where no model needs a verdict
	verdicts    *gateJudge
	hasher      *admission.Hasher
	measuring   []io.Closer
	// admissionReady is closed when admission is set: the kernel may tell of a change before.
	admissionReady chan struct{}
	metrics        *prometheus.Registry
	broken         prometheus.Counter // how often somebody broke the glass
	watcher        *config.Watcher    // of the policy files; nil without any
	acme           *transit.ACME      // nil unless certificates come from an ACME authority
	postureLock    sync.Mutex
	posture        [32]byte // guarded by postureLock: digest of the one on record

	callers, admin net.Listener    // admin may be nil
	control        *control.Socket // commands reach this server by it
	house          *house          // what they reach
	loops          []func(context.Context) error
	watch          *monitors      // what watches the exchanges
	teams          *gateway.Teams // exchanges by department
	brokenAt       atomic.Int64   // when somebody broke the glass last, Unix nanoseconds; 0: nobody
}

// openServer opens the data directory and the listeners. Where it fails, it leaves nothing open.
func openServer(ctx context.Context, set *settings, out io.Writer) (*server, error) {
	s := &server{settings: set, out: out, metrics: prometheus.NewRegistry(), admissionReady: make(chan struct{})}
	s.broken = prometheus.NewCounter(prometheus.CounterOpts{Name: "reeve_break_glass_total", Help: "Times that somebody broke the glass."})
	s.metrics.MustRegister(s.broken)
	s.log = slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: slog.LevelInfo}))
	for _, open := range []func(context.Context) error{s.openData, s.openGateway, s.openControl, s.openMonitor, s.listen, s.announce} {
		if err := open(ctx); err != nil {
			_ = s.close() // what was opened so far; the error that counts is the first
			return nil, err
		}
	}
	return s, nil
}

// openData opens keys, log and store. The log comes first: it holds the lock on the directory.
func (s *server) openData(ctx context.Context) (err error) {
	set := s.settings
	if s.ring, err = keyring.Open(keyring.Options{Dir: set.data, Root: set.root}); err != nil {
		return err
	}
	witnesses, err := set.witnesses()
	if err != nil {
		return err
	}
	s.custody, err = custody.Open(custody.Options{
		Dir: set.data, Keys: s.ring, SegmentBytes: int64(set.Custody.Segment), Witnesses: witnesses,
		CheckpointEvery: time.Duration(set.Custody.Checkpoint), QueueRecords: set.Custody.Queue,
	})
	if err != nil {
		return err
	}
	return s.openIdentity(ctx)
}

func (s *server) openGateway(ctx context.Context) (err error) {
	declared := s.settings.Path(s.settings.Identity.File)
	gatePolicy := ""
	if s.settings.admitting() {
		gatePolicy = s.settings.Path(orString(s.settings.Admission.Policy, s.settings.Gate.Policy))
	}
	if s.settings.policy != "" || s.settings.access != "" || declared != "" || gatePolicy != "" { // watched before they are read, so that no change is missed
		if s.watcher, err = config.NewWatcher([]string{s.settings.policy, s.settings.access, declared, gatePolicy}); err != nil {
			return usage("", "watch policy: %w", err)
		}
	}
	rules, err := loadAccess(s.settings.access, s.settings.Access.Models)
	if err != nil {
		return err
	}
	if s.access, err = access.NewEngine(rules); err != nil {
		return accessError(err)
	}
	if err := s.loadShares(ctx); err != nil {
		return err
	}
	policy, err := loadPolicy(s.settings.policy)
	if err != nil {
		return err
	}
	if failures := policy.Test(); len(failures) > 0 {
		return usage("`reeve config check` lists them all", "the guard policy fails %d of its own examples: %s", len(failures), failures[0])
	}
	cfg := &s.settings.Gateway
	metrics := gateway.NewMetrics(s.metrics)
	s.teams = metrics.Teams()
	o := gateway.Options{
		MaxBody: int64(cfg.MaxBody), ReadBody: time.Duration(cfg.Timeouts.ReadBody), WriteStall: time.Duration(cfg.Timeouts.Write),
		Log: s.custody, Callers: s.keys, Access: s.access, Policy: policy,
		Diagnostics: s.log, Metrics: metrics, Trace: s.settings.Monitoring.Telemetry.Endpoint != "", BestEffort: map[string]bool{}, Purposes: map[string]string{}, Hold: map[string]string{},
	}
	if err := s.labelOptions(&o); err != nil {
		return err
	}
	for i := range cfg.Upstreams {
		u, err := s.openUpstream(ctx, &cfg.Upstreams[i])
		if err != nil {
			return err
		}
		o.Upstreams = append(o.Upstreams, u)
	}
	if err := s.openAdmission(&o); err != nil {
		return err
	}
	if s.gateway, err = gateway.New(o); err != nil {
		return &usageError{error: err}
	}
	registerLog(s.metrics, s.custody)
	return nil
}

func (s *server) openUpstream(ctx context.Context, u *config.Upstream) (gateway.Upstream, error) {
	key, err := s.settings.Secret(u.APIKey)
	if err != nil {
		return gateway.Upstream{}, usage("", "upstream %s: api_key: %w", u.Name, err)
	}
	tlsConfig, err := s.upstreamTLS(u)
	if err != nil {
		return gateway.Upstream{}, err
	}
	t := &s.settings.Gateway.Timeouts
	client, err := upstream.NewClient(upstream.Options{
		URL: u.URL, APIKey: key, TLS: tlsConfig, Dial: time.Duration(t.UpstreamConnect), FirstByte: time.Duration(t.UpstreamFirstByte), Idle: time.Duration(t.UpstreamIdle),
	})
	if err != nil {
		return gateway.Upstream{}, usage("", "upstream %s: %w", u.Name, err)
	}
	s.clients = append(s.clients, client)
	dialect := upstream.OpenAI
	switch u.Dialect {
	case "ollama":
		dialect = upstream.Ollama
	case "auto":
		dialect = detectDialect(ctx, client)
	}
	return gateway.Upstream{Name: u.Name, Dialect: dialect, Client: client, Private: private(u.URL)}, nil
}

// detectDialect asks a runtime what it is. One that does not answer yet is taken for an OpenAI one, the smaller surface.
func detectDialect(ctx context.Context, c *upstream.Client) upstream.Dialect {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	a, err := c.Do(ctx, "GET", "/api/version", nil)
	if err != nil {
		return upstream.OpenAI
	}
	defer a.Close()
	if a.Status == 200 {
		return upstream.Ollama
	}
	return upstream.OpenAI
}

func (s *server) listen(context.Context) (err error) {
	cfg := &s.settings.Gateway
	certs, err := s.certificates()
	if err != nil {
		return err
	}
	o := gateway.ListenOptions{
		Addr: cfg.Listen, Insecure: cfg.Insecure, ReadHeader: time.Duration(cfg.Timeouts.ReadHeader), IdleConn: time.Duration(cfg.Timeouts.Idle), Log: s.log,
	}
	if certs != nil {
		o.TLS = certs.Config()
		if s.authorities != nil {
			s.authorities.Ask(o.TLS)
		}
	}
	if s.callers, err = gateway.Listen(o); err != nil {
		return fmt.Errorf("listen for callers: %w", err)
	}
	if s.acme != nil {
		at := s.callers.Addr().(*net.TCPAddr)
		s.loops = append(s.loops, func(ctx context.Context) error {
			if err := s.acme.Manage(ctx, at.IP.String(), at.Port); err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		})
	}
	wait := time.Duration(cfg.Timeouts.Shutdown)
	s.loops = append(s.loops, func(ctx context.Context) error { return gateway.Serve(ctx, s.callers, s.gateway, o, wait) })
	if cfg.AdminListen == "" {
		return nil
	}
	a := o
	a.Addr = cfg.AdminListen
	if certs != nil {
		a.TLS = certs.Config() // people have no certificates
	}
	if s.admin, err = gateway.Listen(a); err != nil {
		return fmt.Errorf("listen for administration: %w", err)
	}
	h := s.gateway.Admin(gateway.AdminOptions{
		Metrics: promhttp.HandlerFor(s.metrics, promhttp.HandlerOpts{}), Open: onLoopback(s.admin), Ready: s.custody.Ready,
	})
	all, err := s.adminHandler(h)
	if err != nil {
		return err
	}
	s.loops = append(s.loops, func(ctx context.Context) error { return gateway.Serve(ctx, s.admin, gateway.Strict(all), a, wait) })
	return nil
}

func (s *server) certificates() (interface{ Config() *tls.Config }, error) {
	t := &s.settings.Gateway.TLS
	switch t.Mode {
	case "local":
		return identity.LocalTLS(s.settings.data, t.Names, nil, s.log)
	case "files":
		return identity.FileTLS(s.settings.Path(t.Cert), s.settings.Path(t.Key), nil, s.log)
	case "acme":
		a, err := transit.New(transit.Options{
			Dir: s.settings.data, Domains: t.ACME.Domains, Email: t.ACME.Email, Directory: t.ACME.Directory, CA: s.settings.Path(t.ACME.CA), Log: s.log,
		})
		if err != nil {
			return nil, usage("gateway.tls.acme says which authority is asked", "%w", err)
		}
		s.acme = a
		return a, nil
	default:
		return nil, nil
	}
}

func onLoopback(l net.Listener) bool {
	a, ok := l.Addr().(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}

// announce records what an operator must answer for, makes the first key and tells where the server is.
func (s *server) announce(ctx context.Context) error {
	if err := s.putOnRecord("policy.load", s.gateway.PolicyDigest()); err != nil {
		return err
	}
	if err := s.putOnRecord("access.load", s.access.Set().PolicyDigest()); err != nil {
		return err
	}
	if err := s.recordRules(ctx, "guard", s.gateway.PolicyDigest(), s.guardText()); err != nil {
		return err
	}
	if err := s.recordRules(ctx, "access", s.access.Set().PolicyDigest(), s.accessText()); err != nil {
		return err
	}
	if s.settings.Gateway.Insecure && s.settings.Gateway.TLS.Mode == "off" {
		if err := s.putOnRecord("listen.insecure", s.settings.Gateway.Listen); err != nil {
			return err
		}
	}
	for i := range s.settings.Gateway.Upstreams {
		if u := &s.settings.Gateway.Upstreams[i]; !private(u.URL) {
			if err := s.putOnRecord("upstream.insecure", u.Name); err != nil {
				return err
			}
		}
	}
	if err := s.recordPosture("posture.start"); err != nil {
		return err
	}
	key, err := s.keys.Bootstrap(ctx, "first administrator")
	if err != nil {
		return err
	}
	if key != "" {
		fmt.Fprintf(s.out, "reeve: administrator's key, shown this once: %s\n", key)
		if err := s.inviteFirst(ctx); err != nil {
			return err
		}
	}
	if err := s.drain(ctx); err != nil {
		return err
	}
	scheme := map[bool]string{true: "http", false: "https"}[s.settings.Gateway.TLS.Mode == "off"]
	fmt.Fprintf(s.out, "reeve: serving on %s://%s\n", scheme, s.callers.Addr())
	if s.admin != nil {
		fmt.Fprintf(s.out, "reeve: health and metrics on %s://%s\n", scheme, s.admin.Addr())
		if s.settings.Console.Enabled {
			fmt.Fprintf(s.out, "reeve: console on %s%s\n", s.adminURL(), console.Home)
		}
	}
	s.loops = append(s.loops, s.postureLoop, s.drainLoop, s.reloadLoop, s.sharesLoop)
	return nil
}

func (s *server) putOnRecord(act, object string) error {
	err := s.custody.Admin(&custody.Admin{Actor: "operator", Act: act, Object: object, Result: "ok"})
	if err != nil {
		return fmt.Errorf("record %s: %w", act, err)
	}
	return nil
}

// close ends what openServer opened, in the opposite order.
func (s *server) close() error {
	var errs []error
	for _, l := range []net.Listener{s.callers, s.admin} {
		if l != nil {
			l.Close()
		}
	}
	for _, c := range s.clients {
		c.Close()
	}
	errs = append(errs, s.closeAdmission())
	if s.acme != nil {
		s.acme.Close()
	}
	if s.control != nil {
		errs = append(errs, s.control.Close())
	}
	if s.house != nil {
		errs = append(errs, s.house.closeKeeper())
	}
	if s.keys != nil {
		errs = append(errs, s.keys.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if s.custody != nil {
		errs = append(errs, s.custody.Close())
	}
	if s.ring != nil {
		errs = append(errs, s.ring.Close())
	}
	return errors.Join(errs...)
}
