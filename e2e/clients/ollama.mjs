// Drives the ollama client from npm through the steps on stdin and prints one JSON line a step. See steps_test.go.
import { createRequire } from "node:module";
import { steps, report, pick, headers } from "./steps.mjs";

const { Ollama } = createRequire(process.env.REEVE_CLIENTS + "/")("ollama");
let last; // the headers of the latest answer: the client itself does not hand them out
const client = new Ollama({
  host: process.env.REEVE_URL,
  headers: { Authorization: `Bearer ${process.env.REEVE_KEY}`, ...headers },
  fetch: async (...args) => {
    const response = await fetch(...args);
    last = response.headers;
    return response;
  },
});

const calls = {
  chat: (args) => client.chat(args),
  completion: (args) => client.generate(args),
  embedding: (args) => client.embed(args),
  models: () => client.list(),
  show: (args) => client.show(args),
  pull: (args) => client.pull(args),
  delete: (args) => client.delete(args),
};

// add folds one whole answer or one streamed line into the step's result.
function add(out, part) {
  const to = pick(out, 0);
  to.text += part.message?.content ?? part.response ?? "";
  to.reasoning += part.message?.thinking ?? part.thinking ?? "";
  for (const t of part.message?.tool_calls ?? []) {
    to.tool_calls.push({ name: t.function.name, arguments: JSON.stringify(t.function.arguments) });
  }
  to.finish = part.done_reason ?? to.finish;
}

for (const step of await steps()) {
  last = undefined;
  await report(step, async (out, head) => {
    const data = await calls[step.call](step.args);
    head(last);
    if (step.args?.stream) {
      try {
        for await (const part of data) {
          add(out, part);
          if (++out.chunks === step.abort_after) data.abort();
        }
      } catch (e) {
        if (e.name !== "AbortError") throw e;
      }
    } else if (step.call === "embedding") {
      out.sizes = data.embeddings.map((e) => e.length);
    } else if (step.call === "models") {
      out.models = data.models.map((m) => m.name);
    } else if (step.call === "show") {
      out.models = [data.details.family];
    } else {
      add(out, data);
    }
  }, (e) => (e.status_code ? { status: e.status_code, code: "", message: e.message, headers: last } : null));
}
