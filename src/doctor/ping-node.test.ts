// Whom a ping is for, and what it tells.

import { afterAll, beforeAll, expect, test } from "bun:test";
import type { JsonObject } from "../sys/json.ts";
import { tempRoot, testSystem } from "../sys/testing.ts";
import { examine } from "./examination.ts";
import { pingNode } from "./ping-node.ts";
import { type Patient, patient } from "./testing.ts";

let scene: Patient;
beforeAll(async () => {
  scene = await patient();
}, 60_000);
afterAll(() => scene[Symbol.asyncDispose]());

const ping = (target: string) => {
  const system = {
    ...scene.node.system,
    tryConnect: async () => ({ kind: "answered", isRefused: true, rttMs: 1.2 }) as const,
  };
  const node = examine(system, {}, new AbortController().signal);
  return pingNode(node, { target, count: 2, onPing: () => undefined });
};
const says = (body: JsonObject): void => {
  scene.tailscaled.answer = ({ path }) => (path.startsWith("ping") ? { status: 200, body } : undefined);
};

test.each([
  ["node-2", "10.244.2.1"],
  ["100.64.0.2", "10.244.2.1"],
  ["10.244.2.7", "10.244.2.7"],
])("%s is a node's, and a direct answer is enough", async (target, to) => {
  scene.heal();
  says({ Err: "", LatencySeconds: 0.002, Endpoint: "192.0.2.2:41641" });
  expect(await ping(target)).toEqual({
    node: "node-2",
    podCIDRs: ["10.244.2.0/24"],
    address: "100.64.0.2",
    pings: [{ path: "direct", by: "192.0.2.2:41641", rttSeconds: 0.002, why: null }],
    pods: { to, answered: true, rttSeconds: 0.0012, why: null },
  });
});

test.each([
  ["node-9", "no other node of the cluster has this name or address"],
  ["10.9.9.9", "no other node of the cluster has this name or address"],
  ["10.244.1.7", "it is this node's"],
  ["node-1", "it is this node's"],
])("%s is refused", async (target, why) => {
  scene.heal();
  await expect(ping(target)).rejects.toThrow(`Cannot ping ${target}: ${why}`);
});

test("a tailscaled that does not answer is named, with what mends it", async () => {
  using root = tempRoot();
  const node = examine(testSystem(root), {}, new AbortController().signal);
  const refusal = pingNode(node, { target: "node-2", count: 1, onPing: () => undefined });
  await expect(refusal).rejects.toMatchObject({
    message: "tailscaled does not answer",
    hint: expect.stringMatching(/tailscaled\.sock: there is no such socket; .*systemctl start tailscaled/),
  });
});
