// Drives the openai client from npm through the steps on stdin and prints one JSON line a step. See steps_test.go.
import { createRequire } from "node:module";
import { steps, report, pick, headers } from "./steps.mjs";

const { OpenAI } = createRequire(process.env.REEVE_CLIENTS + "/")("openai");
const client = new OpenAI({ baseURL: process.env.REEVE_URL + "/v1", apiKey: process.env.REEVE_KEY, maxRetries: 0, defaultHeaders: headers });

const calls = {
  chat: (args, o) => client.chat.completions.create(args, o),
  completion: (args, o) => client.completions.create(args, o),
  embedding: (args, o) => client.embeddings.create(args, o),
  models: (args, o) => client.models.list(o),
};

// add folds one whole answer or one streamed chunk into the step's result.
function add(out, part) {
  for (const c of part.choices ?? []) {
    const to = pick(out, c.index);
    const m = c.delta ?? c.message ?? {};
    to.text += m.content ?? c.text ?? "";
    to.reasoning += m.reasoning ?? m.reasoning_content ?? "";
    for (const t of m.tool_calls ?? []) {
      const call = (to.tool_calls[t.index ?? to.tool_calls.length] ??= { name: "", arguments: "" });
      call.name += t.function?.name ?? "";
      call.arguments += t.function?.arguments ?? "";
    }
    to.finish = c.finish_reason ?? to.finish;
  }
}

for (const step of await steps()) {
  await report(step, async (out, head) => {
    const { data, response } = await calls[step.call](step.args).withResponse();
    head(response.headers);
    if (step.args?.stream) {
      for await (const chunk of data) {
        add(out, chunk);
        if (++out.chunks === step.abort_after) {
          data.controller.abort();
          break;
        }
      }
    } else if (step.call === "embedding") {
      out.sizes = data.data.map((d) => d.embedding.length);
    } else if (step.call === "models") {
      out.models = data.data.map((m) => m.id);
    } else {
      add(out, data);
    }
  }, (e) => (e.headers && e.status ? { status: e.status, code: e.code ?? "", message: e.message, headers: e.headers } : null));
}
