"""Drives the ollama client from PyPI through the steps on stdin and prints one JSON line a step. See steps_test.go."""
import json
import os

import ollama
from steps import headers, pick, report, steps

last = {}  # the headers of the latest answer: the client itself does not hand them out


def keep(response):
    last.clear()
    last.update({k.lower(): v for k, v in response.headers.items()})


client = ollama.Client(
    host=os.environ["REEVE_URL"],
    headers={"Authorization": "Bearer " + os.environ["REEVE_KEY"], **headers},
    event_hooks={"response": [keep]},
)

calls = {
    "chat": client.chat,
    "completion": client.generate,
    "embedding": client.embed,
    "models": client.list,
    "show": client.show,
    "pull": client.pull,
    "delete": client.delete,
}


def add(out, part):
    """Fold one whole answer or one streamed line into the step's result."""
    to = pick(out, 0)
    m = part.get("message")
    to["text"] += (m.content if m else part.get("response")) or ""
    to["reasoning"] += (m.thinking if m else part.get("thinking")) or ""
    for t in (m and m.tool_calls) or []:
        to["tool_calls"].append(
            {"name": t.function.name, "arguments": json.dumps(t.function.arguments, separators=(",", ":"))}
        )
    to["finish"] = part.get("done_reason") or to["finish"]


def run(step, out, head):
    args = step.get("args") or {}
    data = calls[step["call"]](**args)
    if args.get("stream"):
        for part in data:
            head(last)
            add(out, part)
            out["chunks"] += 1
            if out["chunks"] == step.get("abort_after"):
                data.close()
                break
        return
    head(last)
    if step["call"] == "embedding":
        out["sizes"] = [len(e) for e in data.embeddings]
    elif step["call"] == "models":
        out["models"] = [m.model for m in data.models]
    elif step["call"] == "show":
        out["models"] = [data.details.family]
    else:
        add(out, data)


def refused(e):
    if isinstance(e, ollama.ResponseError):
        return e.status_code, "", last
    return None


for step in steps():
    last.clear()
    report(step, lambda out, head, step=step: run(step, out, head), refused)
