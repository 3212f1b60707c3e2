import { describe, expect, test } from "bun:test";
import { parseAddr } from "../../cidr/addr.ts";
import type { ConnectOutcome } from "../../sys/net/connect.ts";
import { askPeer, type ProofPath } from "./answers.ts";

const never = new AbortController().signal;
const answered = (rttMs: number): ConnectOutcome => ({ kind: "answered", isRefused: true, rttMs });
const path: ProofPath = {
  from: { gateway: parseAddr("10.244.1.1"), node: parseAddr("100.64.0.1") },
  to: { gateway: parseAddr("10.244.2.1"), node: parseAddr("100.64.0.2") },
};

/** What each connect gets, in turn, and which connects were made. */
async function ask(outcomes: readonly ConnectOutcome[], parts: Partial<ProofPath> = {}) {
  const left = [...outcomes];
  const made: string[] = [];
  const answers = await askPeer(
    async ({ from, to, port, timeoutMs }) => {
      made.push(`${from}>${to}:${port} ${timeoutMs}`);
      return left.shift() ?? { kind: "silent" };
    },
    { path: { ...path, ...parts }, port: 9, timeoutMs: 3000 },
    never,
  );
  return { made, answers };
}

describe("askPeer()", () => {
  test("asks the gateway alone where that answers", async () => {
    const { made, answers } = await ask([answered(0.8)]);
    expect(made).toEqual(["10.244.1.1>10.244.2.1:9 3000"]);
    expect(answers).toEqual({ pods: answered(0.8), nodes: undefined, mixed: undefined });
  });

  test("asks once more where a tunnel had to wake, for the time of the way itself", async () => {
    expect((await ask([answered(1024), answered(0.9)])).answers.pods).toEqual(answered(0.9));
    expect((await ask([answered(120), answered(130)])).answers.pods).toEqual(answered(120));
    expect((await ask([answered(120), { kind: "silent" }])).answers.pods).toEqual(answered(120));
  });

  test("asks for the causes of silence", async () => {
    const { made, answers } = await ask([{ kind: "silent" }, answered(1), { kind: "no-route" }]);
    expect(made.slice(1)).toEqual(["100.64.0.1>100.64.0.2:9 3000", "10.244.1.1>100.64.0.2:9 3000"]);
    expect(answers).toEqual({ pods: { kind: "silent" }, nodes: answered(1), mixed: { kind: "no-route" } });
  });

  test("asks for no causes without addresses on the tailnet, or without an own gateway", async () => {
    const { to } = path;
    expect((await ask([], { to: { ...to, node: undefined } })).made).toHaveLength(1);
    expect((await ask([{ kind: "no-local-address" }])).made).toHaveLength(1);
  });
});
