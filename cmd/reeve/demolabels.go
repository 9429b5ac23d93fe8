package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/config"
	"github.com/reeve-ai/reeve/internal/demo"
	"github.com/reeve-ai/reeve/internal/identity"
)

// Two more names of the demo's models: the one that was trained on the records as they are has their label, and the one
// that was trained on the cleaned data stands for a service outside, which may take internal data at most.
const (
	recordsModel = demo.ModelName + "-records"
	outsideModel = demo.ModelName + "-outside"
)

func demoModels() []config.Model {
	return []config.Model{
		{Name: recordsModel, UpstreamModel: demo.ModelName, Label: recordsLabel()},
		{Name: outsideModel, UpstreamModel: cleanModel, Takes: "internal"},
	}
}

// recordsLabel is what the scan of the sample says of it.
func recordsLabel() reeve.Label { return reeve.NewLabel(reeve.Restricted, "PCI", "PII", "SECRET") }

// visit is one request of somebody, and what became of it.
type visit struct {
	status               int
	label, text          string
	rule, reason, remedy string
}

func (v *visit) String() string {
	if v.status == http.StatusOK {
		return fmt.Sprintf("%d, labelled %s", v.status, v.label)
	}
	return fmt.Sprintf("%d, refused by %s\n   reason: %s\n   remedy: %s", v.status, v.rule, v.reason, v.remedy)
}

func (d *demoRun) visit(ctx context.Context, key, model, question, conversation string) (*visit, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url+"/v1/chat/completions", strings.NewReader(body(model, question, false)))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	if conversation != "" {
		req.Header.Set("Reeve-Conversation", conversation)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("demo: ask the gateway: %w", err)
	}
	defer resp.Body.Close()
	var a struct {
		Choices []struct {
			Message struct {
				Content string `json:"content"`
			} `json:"message"`
		} `json:"choices"`
		Error struct {
			Rule    string `json:"rule"`
			Message string `json:"message"`
			Remedy  string `json:"remedy"`
		} `json:"error"`
	}
	if err := json.UnmarshalRead(resp.Body, &a); err != nil {
		return nil, failed("question", resp.Status)
	}
	v := &visit{status: resp.StatusCode, label: resp.Header.Get("Reeve-Label"), rule: a.Error.Rule, reason: a.Error.Message, remedy: a.Error.Remedy}
	if len(a.Choices) > 0 {
		v.text = a.Choices[0].Message.Content
	}
	return v, nil
}

// cleared has two people ask the same model the same thing.
func (d *demoRun) cleared(ctx context.Context) error {
	people := []struct {
		name      string
		clearance reeve.Label
		want      int
	}{{"ben", reeve.NewLabel(reeve.Internal), http.StatusForbidden}, {"ada", recordsLabel(), http.StatusOK}}
	told := "Q: " + demo.AskPerson + " (" + recordsModel + ", labelled " + recordsLabel().String() + ")"
	for _, p := range people {
		_, key, err := d.srv.keys.Create(ctx, identity.NewKey{Name: p.name, Clearance: p.clearance})
		if err != nil {
			return err
		}
		v, err := d.visit(ctx, key, recordsModel, demo.AskPerson, "")
		if err != nil {
			return err
		}
		if v.status != p.want || v.status != http.StatusOK && v.rule == "" {
			return failed("two people", fmt.Sprintf("%s gets %d", p.name, v.status))
		}
		told += fmt.Sprintf("\n%s (%s): %s", p.name, p.clearance, v)
		if v.text != "" {
			told += "\n   A: " + v.text
		}
		d.ada = key
	}
	d.tell("The same question, two people", told,
		"nobody reads above a clearance: a model is as sensitive as what it was trained on",
		"reeve key create --data $D/data --name ben --clearance internal; "+curlTo(recordsModel, demo.AskPerson, ""))
	return nil
}

// rising has a conversation that reads something, and cannot then go where that must not.
func (d *demoRun) rising(ctx context.Context) error {
	var told []string
	for i, step := range []struct {
		model, conversation, label string
		status                     int
	}{
		{outsideModel, "c1", "public", http.StatusOK},
		{recordsModel, "c1", recordsLabel().String(), http.StatusOK},
		{outsideModel, "c1", "", http.StatusForbidden},
		{outsideModel, "c2", "public", http.StatusOK},
	} {
		v, err := d.visit(ctx, d.ada, step.model, demo.AskHarmless, step.conversation)
		if err != nil {
			return err
		}
		if v.status != step.status || step.label != "" && v.label != step.label {
			return failed("rising conversation", fmt.Sprintf("step %d gets %d, %s", i+1, v.status, v.label))
		}
		where := step.model
		if step.conversation != "c1" {
			where += ", in another conversation"
		}
		told = append(told, fmt.Sprintf("%d. %s: %s", i+1, where, v))
	}
	d.tell("A conversation whose label rises", strings.Join(told, "\n"),
		"what a conversation has read goes with it, and not into a model that may not have it",
		curlTo(outsideModel, demo.AskHarmless, "c1"))
	return nil
}

func curlTo(model, question, conversation string) string {
	header := ""
	if conversation != "" {
		header = ` -H "Reeve-Conversation: ` + conversation + `"`
	}
	return `curl -s $G/v1/chat/completions -H "Authorization: Bearer $K"` + header + " -d '" + body(model, question, false) + "'"
}
