//go:build e2e

package console

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// browser is a tab of a real Chromium.
type browser struct {
	t   testing.TB
	ctx context.Context
}

func openBrowser(t testing.TB) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(need(t, "REEVE_E2E_CHROMIUM")), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.WindowSize(1280, 800))
	ctx, cancel := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	must(t, chromedp.Do(ctx)) // starts it
	ctx, cancel = context.WithTimeout(ctx, 8*time.Minute)
	t.Cleanup(cancel)
	b := &browser{t, ctx}
	b.size(1280, 800)
	return b
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	must(b.t, chromedp.Do(b.ctx, steps...))
}

func (b *browser) size(width, height int64) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, height))
}

func (b *browser) open(address string) { b.t.Helper(); b.do(chromedp.Navigate(address)) }
func (b *browser) click(css string)    { b.t.Helper(); b.do(chromedp.Click(chromedp.CSS(css))) }

func (b *browser) fill(css, text string) {
	b.t.Helper()
	b.do(chromedp.SendKeys(chromedp.CSS(css), text))
}

func (b *browser) text(css string) string {
	b.t.Helper()
	s, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS(css)))
	must(b.t, err)
	return s
}

func (b *browser) address() string {
	b.t.Helper()
	s, err := chromedp.Run(b.ctx, chromedp.Location())
	must(b.t, err)
	return s
}

// eval runs a script as the person at the browser's own console would.
func eval[T any](b *browser, script string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	must(b.t, err)
	return v
}

// until waits until a script says true.
func (b *browser) until(what, script string) {
	b.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		if eval[bool](b, `(() => { try { return document.readyState === "complete" && Boolean(`+script+`) } catch { return false } })()`) {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%s does not happen; %s says: %.2000s", what, b.address(), b.text("body"))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// says waits until the page says something.
func (b *browser) says(words ...string) {
	b.t.Helper()
	for _, w := range words {
		text, _ := json.Marshal(w)
		b.until("\""+w+"\"", `document.querySelector("main").innerText.includes(`+string(text)+`)`)
	}
}

// authenticator adds a virtual passkey device.
func (b *browser) authenticator() {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, webauthn.Enable, webauthn.EnableParams{})
	must(b.t, err)
	_, err = chromedp.Call(b.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	must(b.t, err)
}

// picture keeps a picture of the page where REEVE_SCREENSHOTS asks for it.
func (b *browser) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("REEVE_SCREENSHOTS")
	if dir == "" {
		return
	}
	shot, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	must(b.t, err)
	must(b.t, os.MkdirAll(dir, 0o755))
	must(b.t, os.WriteFile(filepath.Join(dir, name+".png"), shrink(b.t, shot), 0o644))
}

// shrink gives a picture a palette of its commonest colours, which is enough for a page.
func shrink(t testing.TB, shot []byte) []byte {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(shot))
	must(t, err)
	counts := map[color.RGBA]int{}
	bounds := img.Bounds()
	at := func(x, y int) color.RGBA {
		r, g, b, _ := img.At(x, y).RGBA()
		const mask = 0xf8
		return color.RGBA{uint8(r>>8) & mask, uint8(g>>8) & mask, uint8(b>>8) & mask, 255}
	}
	exact := map[color.RGBA]color.RGBA{} // white stays white
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := at(x, y)
			counts[c]++
			if _, known := exact[c]; !known || counts[c] == 64 {
				r, g, b, _ := img.At(x, y).RGBA()
				exact[c] = color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}
			}
		}
	}
	common := make([]color.RGBA, 0, len(counts))
	for c := range counts {
		common = append(common, c)
	}
	sort.Slice(common, func(i, k int) bool { return counts[common[i]] > counts[common[k]] })
	palette := color.Palette{}
	for _, c := range common[:min(len(common), 48)] {
		palette = append(palette, exact[c])
	}
	index := map[color.RGBA]uint8{}
	out := image.NewPaletted(bounds, palette)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := at(x, y)
			i, known := index[c]
			if !known {
				i = uint8(palette.Index(exact[c]))
				index[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	var b bytes.Buffer
	must(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, out))
	return b.Bytes()
}

// accessible runs axe-core on the page.
func (b *browser) accessible(name string) {
	b.t.Helper()
	found := eval[[]string](b, `axe.run(document, {resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(r => r.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map(n => n.target.join(" ") + " " + (n.any[0]?.message ?? "")).join(" | ")))`)
	if len(found) > 0 {
		b.t.Errorf("%s: %s", name, strings.Join(found, "\n\t"))
	}
}

// noScript switches scripts off.
func (b *browser) noScript() {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	must(b.t, err)
}

// openBrowserTab is another tab of the same browser.
func openBrowserTab(b *browser) *browser {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	must(b.t, chromedp.Do(ctx))
	return &browser{b.t, ctx}
}
