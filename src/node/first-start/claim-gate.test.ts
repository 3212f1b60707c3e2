// When a guess is not written yet.

import { expect, test } from "bun:test";
import { parsePodCIDRs } from "../../cidr/pod-cidrs.ts";
import type { Config } from "../../config/config.ts";
import { defaultConfig } from "../../config/defaults.ts";
import type { Assignment, PodCIDRSource } from "../../podcidr/answer.ts";
import { tempRoot, testSystem } from "../../sys/testing.ts";
import type { ClaimsView } from "../../tailnet/claims-view.ts";
import { awaitedClaim } from "./claim-gate.ts";

const podCIDRs = parsePodCIDRs("10.244.1.0/24");
const by = (source: PodCIDRSource): Assignment => ({ podCIDRs, source, file: undefined, line: undefined });
const claimed = (text: string, startsPods: boolean): ClaimsView => {
  const is = { isAdvertised: true, holdsGateway: true, startsPods, isKept: true, isWon: false };
  return { claim: { podCIDRs: parsePodCIDRs(text), ...is }, taken: [], isProbing: true };
};
const socket = "/run/tailscale/tailscaled.sock";

interface Node {
  readonly source?: PodCIDRSource;
  readonly current?: Assignment;
  readonly enabled?: boolean;
  readonly hasSocket?: boolean;
  readonly claims?: ClaimsView;
}

test.each<[string, Node, boolean]>([
  ["no tailscaled", { hasSocket: false }, false],
  ["one that nothing speaks of", {}, true],
  ["one that is wanted and is not there", { hasSocket: false, enabled: true }, true],
  ["one that is not to be used", { enabled: false }, false],
  ["an assigned PodCIDR", { source: "file" }, false],
  ["the default, which is claimed like any other", { source: "default" }, true],
  ["a node that has its conflist", { current: by("hash") }, false],
  ["a claim that settles", { claims: claimed("10.244.1.0/24", false) }, true],
  ["a claim that has settled", { claims: claimed("10.244.1.0/24", true) }, false],
  ["a claim to another block that has", { claims: claimed("10.244.2.0/24", true) }, true],
])("%s", (_name, { source = "hash", current, enabled, hasSocket = true, claims }, isAwaited) => {
  using root = tempRoot();
  if (hasSocket) root.write(socket, "");
  const tailscale: Config["tailscale"] = { ...defaultConfig.tailscale, enabled };
  const config = { ...defaultConfig, tailscale };
  const awaited = awaitedClaim(testSystem(root).files, { config, current, effective: by(source), claims });
  expect(awaited?.code).toBe(isAwaited ? "PodCIDRAwaitsClaim" : undefined);
});
