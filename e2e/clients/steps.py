"""What the two Python drivers share: reading the steps and reporting what a client made of the answer."""
import json
import os
import sys

# What the test wants sent with every request, besides the key.
headers = json.loads(os.environ.get("REEVE_HEADERS") or "{}")


def steps():
    return json.load(sys.stdin)


def pick(out, index):
    """The result of one choice, growing the list as needed."""
    while len(out["choices"]) <= index:
        out["choices"].append({"text": "", "reasoning": "", "finish": "", "tool_calls": []})
    return out["choices"][index]


def report(step, run, refused):
    """Run one step and print its line.

    refused turns a client's own error about a status into (status, code, headers); for any other error it gives None
    and the class alone is printed.
    """
    out = {"name": step["name"], "choices": [], "chunks": 0, "sizes": [], "models": [], "exchange": "", "policy": ""}

    def head(headers):
        out["exchange"] = headers.get("reeve-exchange", "")
        out["policy"] = headers.get("reeve-policy", "")

    try:
        run(out, head)
    except Exception as e:  # noqa: BLE001 - the test decides which error is right
        status, code = 0, ""
        known = refused(e)
        if known:
            status, code, headers = known
            head(headers)
        out["error"] = {"class": type(e).__name__, "status": status, "code": code or "", "message": str(e)}
    print(json.dumps(out), flush=True)
