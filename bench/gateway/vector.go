package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
)

const dims = 384

// vector is the mock's one embedding in both spellings: a JSON array, and base64 of little-endian floats.
type vector struct {
	array, base64 string
}

func newVector() vector {
	nums := make([]string, dims)
	raw := make([]byte, 0, 4*dims)
	for i := range nums {
		x := float32(math.Round(math.Sin(float64(i))*1e6) / 1e7)
		nums[i] = strconv.FormatFloat(float64(x), 'g', -1, 32)
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return vector{array: "[" + strings.Join(nums, ",") + "]", base64: `"` + base64.StdEncoding.EncodeToString(raw) + `"`}
}

// inputs reads how many texts are to be embedded and whether base64 is asked for.
func inputs(w http.ResponseWriter, r *http.Request) (n int, b64, ok bool) {
	var req struct {
		Input          json.RawMessage `json:"input"`
		EncodingFormat string          `json:"encoding_format"`
	}
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil || len(req.Input) == 0 {
		http.Error(w, `{"error":{"message":"input is missing","type":"invalid_request_error"}}`, http.StatusBadRequest)
		return 0, false, false
	}
	var list []json.RawMessage
	if json.Unmarshal(req.Input, &list) == nil {
		return len(list), req.EncodingFormat == "base64", true
	}
	return 1, req.EncodingFormat == "base64", true
}

func (v vector) serveOpenAI(w http.ResponseWriter, r *http.Request) {
	n, b64, ok := inputs(w, r)
	if !ok {
		return
	}
	one := v.array
	if b64 {
		one = v.base64
	}
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`{"object":"embedding","embedding":%s,"index":%d}`, one, i)
	}
	write(w, `{"object":"list","data":[`+strings.Join(list, ",")+`],"model":"mock","usage":{"prompt_tokens":8,"total_tokens":8}}`)
}

func (v vector) serveOllama(w http.ResponseWriter, r *http.Request) {
	n, _, ok := inputs(w, r)
	if !ok {
		return
	}
	list := strings.TrimSuffix(strings.Repeat(v.array+",", n), ",")
	write(w, `{"model":"mock","embeddings":[`+list+`],"total_duration":14000000,"load_duration":1000000,"prompt_eval_count":8}`)
}

func write(w http.ResponseWriter, s string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(s)))
	_, _ = io.WriteString(w, s)
}
