import { expect, test } from "bun:test";
import { parsePodCIDRs } from "../../cidr/pod-cidrs.ts";
import { memoryLog } from "../../sys/testing.ts";
import { announceProof } from "./announce-proof.ts";
import type { RouteState } from "./verdict.ts";

const proof = (route: RouteState, cidr = "10.244.1.0/24") => {
  return { podCIDRs: parsePodCIDRs(cidr), own: { route, asked: 1, answered: 1 } };
};

test.each<[RouteState | undefined, RouteState, unknown[]]>([
  [undefined, "unknown", []],
  [undefined, "live", ["RouteProven"]],
  [undefined, "silent", ["RouteUnproven"]],
  ["live", "live", []],
  ["live", "unapproved", ["RouteUnproven"]],
  ["silent", "live", ["RouteProven"]],
  ["live", "unknown", []],
])("announceProof() from %p to %p", (was, is, said) => {
  const log = memoryLog();
  announceProof(log, proof(is), was && proof(was));
  expect(log.entries.map(({ code }) => code)).toEqual(said as never[]);
});

test("announceProof() begins anew for another PodCIDR", () => {
  const log = memoryLog();
  announceProof(log, proof("live"), proof("live", "10.244.2.0/24"));
  expect(log.entries.map(({ code }) => code)).toEqual(["RouteProven"]);
});
