// What the two JavaScript drivers share: reading the steps and reporting what a client made of the answer.
import { text } from "node:stream/consumers";

// headers are what the test wants sent with every request, besides the key.
export const headers = JSON.parse(process.env.REEVE_HEADERS || "{}");

export const steps = async () => JSON.parse(await text(process.stdin));

// pick gives the result of one choice, growing the list as needed.
export function pick(out, index) {
  while (out.choices.length <= index) out.choices.push({ text: "", reasoning: "", finish: "", tool_calls: [] });
  return out.choices[index];
}

// report runs one step and prints its line. refused turns a client's own error about a status into
// {status, code, message, headers}; any other error is printed by its class.
export async function report(step, run, refused) {
  const out = { name: step.name, choices: [], chunks: 0, sizes: [], models: [], exchange: "", policy: "" };
  const head = (headers) => {
    out.exchange = headers?.get("reeve-exchange") ?? "";
    out.policy = headers?.get("reeve-policy") ?? "";
  };
  try {
    await run(out, head);
  } catch (e) {
    const r = refused(e);
    if (r) head(r.headers);
    out.error = { class: e.constructor.name, status: r?.status ?? 0, code: r?.code ?? "", message: e.message };
  }
  console.log(JSON.stringify(out));
}
