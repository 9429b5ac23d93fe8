"""Drives the openai client from PyPI through the steps on stdin and prints one JSON line a step. See steps_test.go."""
import os

import openai
from steps import headers, pick, report, steps

client = openai.OpenAI(
    base_url=os.environ["REEVE_URL"] + "/v1", api_key=os.environ["REEVE_KEY"], max_retries=0, default_headers=headers
)

calls = {
    "chat": client.chat.completions.with_raw_response.create,
    "completion": client.completions.with_raw_response.create,
    "embedding": client.embeddings.with_raw_response.create,
    "models": client.models.with_raw_response.list,
}


def add(out, part):
    """Fold one whole answer or one streamed chunk into the step's result."""
    for c in part.choices:
        to = pick(out, c.index)
        m = getattr(c, "delta", None) or getattr(c, "message", None)
        to["text"] += (m.content if m else c.text) or ""
        extra = (m.model_extra or {}) if m else {}
        to["reasoning"] += extra.get("reasoning") or extra.get("reasoning_content") or ""
        for i, t in enumerate((m and m.tool_calls) or []):
            at = getattr(t, "index", i)
            while len(to["tool_calls"]) <= at:
                to["tool_calls"].append({"name": "", "arguments": ""})
            to["tool_calls"][at]["name"] += t.function.name or ""
            to["tool_calls"][at]["arguments"] += t.function.arguments or ""
        to["finish"] = c.finish_reason or to["finish"]


def run(step, out, head):
    args = step.get("args") or {}
    raw = calls[step["call"]](**args)
    head(raw.headers)
    data = raw.parse()
    if args.get("stream"):
        for chunk in data:
            add(out, chunk)
            out["chunks"] += 1
            if out["chunks"] == step.get("abort_after"):
                data.close()
                break
    elif step["call"] == "embedding":
        out["sizes"] = [len(d.embedding) for d in data.data]
    elif step["call"] == "models":
        out["models"] = [m.id for m in data.data]
    else:
        add(out, data)


def refused(e):
    if isinstance(e, openai.APIStatusError):
        return e.status_code, e.code, e.response.headers
    return None


for step in steps():
    report(step, lambda out, head, step=step: run(step, out, head), refused)
