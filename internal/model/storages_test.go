package model_test

import (
	"testing"

	"github.com/reeve-ai/reeve/internal/model"
)

func TestStorageSizes(t *testing.T) {
	tensor := opProto + imports("torch._utils", "_rebuild_tensor_v2") + "((" + text("storage") + imports("torch", "FloatStorage") + text("0") + text("cpu") + "K\x04tQK\x00K\x04\x85K\x01\x85\x89" + imports("collections", "OrderedDict") + ")RtR."
	for name, tt := range map[string]struct {
		members []string
		want    model.Verdict
	}{
		"as it says": {[]string{"m/data.pkl", tensor, "m/data/0", "0123456789abcdef"}, model.Clean},
		"too short":  {[]string{"m/data.pkl", tensor, "m/data/0", "0123456789abcde"}, model.Malicious},
		"too long":   {[]string{"m/data.pkl", tensor, "m/data/0", "0123456789abcdefg"}, model.Malicious},
		"missing":    {[]string{"m/data.pkl", tensor, "m/data/1", "0123456789abcdef"}, model.Invalid},
	} {
		if r := scan("m.pt", zipped(t, tt.members...)); r.Verdict != tt.want {
			t.Errorf("%s: %v, want %v: %v", name, r.Verdict, tt.want, messages(r))
		}
	}
}
