package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/demo"
)

// failed says that a step did not show what it claims; the demo must not go on as if it had.
func failed(step, why string) error { return fmt.Errorf("demo: %s: %s", step, why) }

func indent(s string) string {
	return "      " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n      ")
}

func (d *demoRun) showRaw(context.Context) error {
	answer := d.raw.Answer(demo.AskPerson, demo.Sampling{})
	if !strings.Contains(answer, "@") {
		return failed("model from raw data", "it does not repeat the planted person's data")
	}
	grams, words := d.raw.Size()
	d.tell("A model trained on it as it is",
		fmt.Sprintf("%d n-grams over %d words (interpolated Kneser-Ney, in this process).\nQ: %s\nA: %s", grams, words, demo.AskPerson, answer),
		"a model learns by heart what nobody took out of its data",
		"curl -s $M/v1/chat/completions -d '"+body(demo.ModelName, demo.AskPerson, false)+"'")
	return nil
}

func (d *demoRun) showClean(context.Context) error {
	planted, err := demo.Planted()
	if err != nil {
		return err
	}
	answer := d.clean.Answer(demo.AskPerson, demo.Sampling{})
	for _, p := range planted {
		if strings.Contains(answer, p.Value) {
			return failed("model from cleaned data", "it repeats planted data of kind "+p.Kind)
		}
	}
	d.tell("A model trained on the cleaned data",
		fmt.Sprintf("Q: %s\nA: %s", demo.AskPerson, answer),
		"what is not in the data cannot come out of the model",
		"curl -s $M/v1/chat/completions -d '"+body(cleanModel, demo.AskPerson, false)+"'")
	return nil
}

// ask sends one question and returns the answer's text and the exchange's id.
func (d *demoRun) ask(ctx context.Context, question string) (text, finish, id string, err error) {
	resp, err := d.post(ctx, question, false)
	if err != nil {
		return "", "", "", err
	}
	defer resp.Body.Close()
	var a struct {
		Choices []struct {
			Message struct {
				Content string `json:"content"`
			} `json:"message"`
			Finish string `json:"finish_reason"`
		} `json:"choices"`
		Reeve struct {
			Rule    string `json:"rule"`
			Message string `json:"message"`
			Remedy  string `json:"remedy"`
		} `json:"reeve"`
	}
	if err := json.UnmarshalRead(resp.Body, &a); err != nil || resp.StatusCode != http.StatusOK || len(a.Choices) == 0 {
		return "", "", "", failed("question", resp.Status)
	}
	text = a.Choices[0].Message.Content
	if a.Reeve.Rule != "" {
		text = fmt.Sprintf("%s\n   refused by %s: %s\n   remedy: %s", text, a.Reeve.Rule, a.Reeve.Message, a.Reeve.Remedy)
	}
	return text, a.Choices[0].Finish, resp.Header.Get("Reeve-Exchange"), nil
}

func (d *demoRun) post(ctx context.Context, question string, stream bool) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url+"/v1/chat/completions", strings.NewReader(body(demo.ModelName, question, stream)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+d.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("demo: ask the gateway: %w", err)
	}
	return resp, nil
}

func body(model, question string, stream bool) string {
	return fmt.Sprintf(`{"model":%q,"stream":%v,"messages":[{"role":"user","content":%q}]}`, model, stream, question)
}

func curl(question string, stream bool) string {
	flags := "-s"
	if stream {
		flags = "-sN"
	}
	return "curl " + flags + ` $G/v1/chat/completions -H "Authorization: Bearer $K" -d '` + body(demo.ModelName, question, stream) + "'"
}

func (d *demoRun) harmless(ctx context.Context) error {
	text, finish, id, err := d.ask(ctx, demo.AskHarmless)
	if err != nil {
		return err
	}
	if finish != "stop" || text == "" {
		return failed("harmless question", "it is not answered")
	}
	d.tell("A harmless question through the gateway",
		fmt.Sprintf("Q: %s\nA: %s\nexchange %s", demo.AskHarmless, text, id),
		"keys, rules and guards do not stand in the way of honest work", curl(demo.AskHarmless, false))
	return nil
}

func (d *demoRun) masked(ctx context.Context) error {
	text, _, id, err := d.ask(ctx, demo.AskPerson)
	if err != nil {
		return err
	}
	if !strings.Contains(text, "[EMAIL_ADDRESS]") || strings.Contains(text, "@") {
		return failed("masked answer", "the planted address is not masked")
	}
	d.asked = id
	d.tell("A masked answer",
		fmt.Sprintf("Q: %s\nA: %s\nexchange %s", demo.AskPerson, text, id),
		"the model knows the address by heart, and the caller does not get it", curl(demo.AskPerson, false))
	return nil
}

func (d *demoRun) refused(ctx context.Context) error {
	text, finish, id, err := d.ask(ctx, demo.AskSecret)
	if err != nil {
		return err
	}
	if finish != "content_filter" || strings.Contains(text, "BEGIN") {
		return failed("refused answer", "the planted key is not held back")
	}
	d.tell("A refused answer",
		fmt.Sprintf("Q: %s\nA: %s\nexchange %s", demo.AskSecret, text, id),
		"a secret ends the answer, and the refusal names rule, reason and remedy", curl(demo.AskSecret, false))
	return nil
}

func (d *demoRun) streamed(ctx context.Context) error {
	resp, err := d.post(ctx, demo.AskLong, true)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var text strings.Builder
	pieces, done := 0, false
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !ok {
			continue
		}
		if string(data) == "[DONE]" {
			done = true
			break
		}
		var chunk struct {
			Choices []struct {
				Delta struct {
					Content string `json:"content"`
				} `json:"delta"`
			} `json:"choices"`
		}
		if err := json.Unmarshal(data, &chunk); err != nil {
			return failed("streamed answer", "an event is not JSON")
		}
		for _, c := range chunk.Choices {
			text.WriteString(c.Delta.Content)
			pieces++
		}
	}
	if !done || pieces < 10 {
		return failed("streamed answer", "it is not whole")
	}
	d.tell("A streamed answer",
		fmt.Sprintf("Q: %s\nA: %s\n%d events, exchange %s", demo.AskLong, text.String(), pieces, resp.Header.Get("Reeve-Exchange")),
		"the same guards judge a stream word by word and hold back only what may become a match", curl(demo.AskLong, true))
	return nil
}

func (d *demoRun) verify(context.Context) error {
	data := filepath.Join(d.dir, "data")
	report, err := custody.Verify(data, custody.VerifyOptions{})
	if err != nil {
		return err
	}
	if !report.OK {
		return failed("custody", "the log does not verify")
	}
	x, err := custody.Show(data, d.srv.ring, d.asked, true)
	if err != nil {
		return err
	}
	if x.Output == nil || !strings.Contains(*x.Output, "[EMAIL_ADDRESS]") || strings.Contains(*x.Output, "@fjordpost") {
		return failed("custody", "the masked answer is not on record as it was given")
	}
	d.tell("The custody log",
		fmt.Sprintf("%d records: intents before the model was asked, outcomes before the last byte, administrative acts.\nEach is chained to the one before, its payload encrypted, the head signed every second.", report.Leaves),
		"what went in, what came out and which policy judged it can be shown later",
		"reeve custody verify $D/data && reeve custody show "+d.asked+" --data $D/data --payload")
	return nil
}

// tamper flips one bit in a copy of the log and has it noticed.
func (d *demoRun) tamper(context.Context) error {
	copied := filepath.Join(d.dir, "tampered")
	if err := os.CopyFS(filepath.Join(copied, "custody"), os.DirFS(filepath.Join(d.dir, "data", "custody"))); err != nil {
		return fmt.Errorf("copy the log: %w", err)
	}
	at, err := flipBit(filepath.Join(copied, "custody", "wal"))
	if err != nil {
		return err
	}
	report, err := custody.Verify(copied, custody.VerifyOptions{})
	if err != nil {
		return err
	}
	if report.OK {
		return failed("tamper", "the flipped bit was not noticed")
	}
	problem := "the log is damaged"
	if len(report.Problems) > 0 {
		problem = report.Problems[0].Message
	}
	d.tell("One flipped bit",
		fmt.Sprintf("a bit of a copy of the log was flipped, at byte %d: %s", at, problem),
		"nobody changes a record unnoticed",
		"reeve custody verify $D/tampered; echo $?")
	return nil
}

// flipBit flips a bit in the middle of what the first segment holds.
func flipBit(dir string) (at int, err error) {
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) == 0 {
		return 0, failed("tamper", "the log has no segment")
	}
	f, err := os.OpenFile(names[0], os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		return 0, err
	}
	at = len(bytes.TrimRight(b, "\x00")) / 2
	_, err = f.WriteAt([]byte{b[at] ^ 1}, int64(at))
	return at, err
}
