// For how long a fresh node waits for its Node object: a time that it shares with the claim, where there is a tailnet.

import { expect, test } from "bun:test";
import { createLatest } from "../../agent/latest.ts";
import { parsePodCIDRs } from "../../cidr/pod-cidrs.ts";
import type { Config, LoadedConfig } from "../../config/config.ts";
import { defaultConfig } from "../../config/defaults.ts";
import type { NodeObjectLookup } from "../../kubernetes/node-lookup.ts";
import { fakeClock, memoryLog, tempRoot, testSystem } from "../../sys/testing.ts";
import type { ChainAnswers } from "../observe.ts";
import { firstAnswer } from "./first-answer.ts";

test.each([
  [10, undefined, 10_000],
  [30, undefined, 30_000],
  [30, true, 15_000],
  [30, false, 30_000],
])("claim.timeout %p s, tailscale.enabled %p: %p ms", async (seconds, enabled, expectedMs) => {
  using root = tempRoot();
  const clock = fakeClock();
  const { network, tailscale } = defaultConfig;
  const podCIDR = {
    ...network.podCIDR,
    claim: { ...network.podCIDR.claim, timeoutMs: seconds * 1000 },
    nodeObject: { ...network.podCIDR.nodeObject, enabled: true },
  };
  const config: Config = {
    ...defaultConfig,
    network: { ...network, podCIDR },
    tailscale: { ...tailscale, enabled },
  };
  const loaded = { config, file: undefined, hostFile: "", origins: new Map(), warnings: [] } satisfies LoadedConfig;
  const nodeObject = createLatest<NodeObjectLookup | undefined>(undefined);
  const first = {
    answer: { source: "hash", podCIDRs: parsePodCIDRs("10.244.1.0/24") },
    nodeName: { name: "w1" },
  } as unknown as ChainAnswers;
  let waitedMs: number | undefined;
  const system = testSystem(root, { clock, log: memoryLog() });
  const { signal } = new AbortController();
  const answering = firstAnswer(system, { loaded, nodeObject, first, ask: () => first }, signal).then(() => {
    waitedMs = clock.monotonicMs();
  });
  const startMs = clock.monotonicMs();
  while (waitedMs === undefined) await clock.advance(500);
  await answering;
  expect(waitedMs - startMs).toBeWithin(expectedMs, expectedMs + 1000);
});
