import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { gatewayOf, PodCIDRs } from "../cidr/pod-cidrs.ts";
import { parsePrefix } from "../cidr/prefix.ts";
import { defaultConfig } from "../config/defaults.ts";
import type { BridgeReading } from "../dataplane/bridge.ts";
import { type ObservedNode, type Plan, planNode } from "./plan.ts";
import { answerOf } from "./testing.ts";

const absent: BridgeReading = { kind: "absent" };
const present = (addresses: string[], ports: string[] = []): BridgeReading => ({
  kind: "present",
  bridge: { addresses: addresses.map(parsePrefix), mtuBytes: 1280, ports },
});

function observed(parts: Partial<ObservedNode>): ObservedNode {
  const bridge = parts.bridge ?? absent;
  const ports = bridge.kind === "present" ? bridge.bridge.ports.length : 0;
  return {
    config: defaultConfig,
    answer: answerOf("file", ["10.1.0.0/24"]),
    current: undefined,
    bridge,
    networks: { kind: "known", devices: [], addresses: [], routes: [] },
    pods: { bridgePorts: bridge.kind === "unknown" ? undefined : ports, leases: 0 },
    ...parts,
  };
}

describe("planNode()", () => {
  test("asks for a conflist and nothing else on a fresh node", () => {
    const plan = planNode(observed({}));
    expect(plan.conflist.podCIDRs.toJSON()).toEqual(["10.1.0.0/24"]);
    expect(plan).toMatchObject({ removesBridge: false, conditions: [] });
  });

  test.each([
    ["its own address", present(["10.1.0.1/24"]), false, []],
    ["no address", present([]), false, []],
    ["another address and no pod", present(["10.2.0.1/24"]), true, []],
    ["another address and a pod", present(["10.2.0.1/24"], ["veth1"]), false, ["BridgeAddressConflict"]],
    ["another IPv6 address and a pod", present(["fd00::1/64"], ["veth1"]), false, []],
    ["an unknown state", { kind: "unknown", why: "no ip" } as const, false, ["BridgeUnknown"]],
  ])("treats a bridge with %s rightly", (_name, bridge, removesBridge, codes) => {
    const plan = planNode(observed({ bridge }));
    expect(plan.removesBridge).toBe(removesBridge);
    expect(plan.conditions.map(({ code }) => code) as string[]).toEqual(codes);
  });

  test("says when the node's networks are not known, unless that is plain already", () => {
    const networks = { kind: "unknown", why: "ip -j failed" } as const;
    const codes = (parts: Partial<ObservedNode>): string[] =>
      planNode(observed(parts)).conditions.map(({ code }) => code);
    expect(codes({ networks })).toEqual(["NetworksUnknown"]);
    expect(codes({ networks, bridge: { kind: "unknown", why: "no ip" } })).toEqual(["BridgeUnknown"]);
  });

  test("says what is odd in the range of the node and of the cluster", () => {
    const answer = answerOf("config", ["10.1.0.0/24"], { doubts: ["it is odd"], clusterDoubts: ["that too"] });
    const { conditions } = planNode(observed({ answer }));
    expect(conditions.map(({ code }) => code) as string[]).toEqual(["PodCIDRQuestionable", "ClusterCIDROverlaps"]);
  });

  test("names files whose range is somebody else's", () => {
    const trace = [
      { source: "file", file: "/a", line: 3, outcome: "skipped", reason: "it is eth0's", code: "own-network" },
    ] as const;
    const { conditions } = planNode(observed({ answer: answerOf("hash", ["10.1.0.0/24"], { trace }) }));
    expect(conditions.find(({ code }) => code === "SourceFilesSkipped")?.text).toStartWith("/a:3: it is eth0's.");
  });

  test("names files the chain could not use, not those it passed over", () => {
    const answer = answerOf("hash", ["10.1.0.0/24"], {
      trace: [
        { source: "file", file: "/a", line: 3, outcome: "invalid", reason: "10.1.0.1/24 has host bits set" },
        { source: "file", file: "/b", outcome: "absent" },
        { source: "file", file: "/c", outcome: "skipped", reason: "says nothing" },
      ],
    });
    const skipped = planNode(observed({ answer })).conditions.find(({ code }) => code === "SourceFilesSkipped");
    expect(skipped?.text).toStartWith("/a:3: 10.1.0.1/24 has host bits set.");
  });
});

/** The world after the plan was carried out and a pod came, or none. */
function carriedOut(before: ObservedNode, plan: Plan): ObservedNode {
  const bridge: BridgeReading = plan.removesBridge ? absent : before.bridge;
  return { ...before, bridge, current: plan.adoption.effective };
}

test("planNode() plans nothing more once its plan is carried out", () => {
  const cidrs = fc.constantFrom(["10.1.0.0/24"], ["10.2.0.0/24"], ["10.1.0.0/24", "fd00::/64"]);
  const given = fc
    .record({
      source: fc.constantFrom("file", "hash", "default"),
      answer: cidrs,
      current: fc.option(cidrs),
      ports: fc.nat(2),
      on: cidrs,
    })
    .map(({ source, answer, current, ports, on }) =>
      observed({
        answer: answerOf(source as "file", answer),
        current:
          current === null
            ? undefined
            : { podCIDRs: new PodCIDRs(current.map(parsePrefix)), source: "file", file: undefined, line: undefined },
        bridge: present(
          on.map((cidr) => gatewayOf(parsePrefix(cidr)).toString()),
          Array.from({ length: ports }, (_, index) => `veth${index}`),
        ),
      }),
    );
  fc.assert(
    fc.property(given, (before) => {
      const plan = planNode(before);
      const again = planNode(carriedOut(before, plan));
      expect(again.conflist).toEqual(plan.conflist);
      expect(again.removesBridge).toBe(false);
      if (before.pods.bridgePorts !== 0) expect(plan.removesBridge).toBe(false);
    }),
  );
});
