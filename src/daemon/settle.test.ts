import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { PodCIDRs } from "../cidr/pod-cidrs.ts";
import { parsePrefix } from "../cidr/prefix.ts";
import type { PodCIDRSource } from "../podcidr/answer.ts";
import { type HeldPodCIDR, type PodCount, podWords, type SettleKind, settlePodCIDR, sourceWords } from "./settle.ts";
import { answerOf } from "./testing.ts";

const confDir = "/etc/cni/net.d";
const none: PodCount = { bridgePorts: 0, leases: 0 };
const some: PodCount = { bridgePorts: 2, leases: 3 };
const held = (source: PodCIDRSource | undefined, podCIDRs: string[], file?: string): HeldPodCIDR => ({
  podCIDRs: new PodCIDRs(podCIDRs.map(parsePrefix)),
  source,
  file,
  line: undefined,
});

type Row = [
  name: string,
  held: HeldPodCIDR | undefined,
  answer: [PodCIDRSource, string[]],
  pods: PodCount,
  kind: SettleKind,
  inForce: string[],
  conditions: string[],
];
const a = ["10.1.0.0/24"];
const b = ["10.2.0.0/24"];
const guess = "PodCIDRNotAuthoritative";

const rows: Row[] = [
  ["a node never seen", undefined, ["file", a], none, "new", a, []],
  ["a node never seen that has pods", undefined, ["file", a], some, "new", a, []],
  ["a node never seen, by hash", undefined, ["hash", a], none, "new", a, [guess]],
  ["a node never seen, by default", undefined, ["default", a], none, "new", a, [guess]],
  ["nothing changed", held("file", a), ["file", a], some, "steady", a, []],
  ["the same from a better source", held("hash", a), ["config", a], some, "steady", a, []],
  ["the same from a worse source", held("file", a), ["hash", a], some, "steady", a, []],
  ["the same guess", held("hash", a), ["hash", a], none, "steady", a, [guess]],
  ["the same, held by the conflist alone", held(undefined, a), ["file", a], some, "steady", a, []],
  ["another assignment without pods", held("file", a), ["file", b], none, "replace", b, []],
  ["another assignment with pods", held("file", a), ["file", b], some, "blocked", a, ["PodCIDRChangeBlocked"]],
  [
    "an assignment after a guess, with pods",
    held("hash", a),
    ["config", b],
    some,
    "blocked",
    a,
    ["PodCIDRChangeBlocked", guess],
  ],
  ["an assignment after a guess, without", held("hash", a), ["config", b], none, "replace", b, []],
  ["another guess without pods", held("hash", a), ["hash", b], none, "replace", b, [guess]],
  ["a hash after an assignment", held("file", a), ["hash", b], none, "kept", a, ["PodCIDRSourceLost"]],
  [
    "the default after an assignment, with pods",
    held("env", a),
    ["default", b],
    some,
    "kept",
    a,
    ["PodCIDRSourceLost"],
  ],
  ["the default after a hash", held("hash", a), ["default", b], none, "kept", a, ["PodCIDRSourceLost", guess]],
  [
    "another CNI's conflist that was moved aside",
    held("file", a, `${confDir}/10-x.conflist`),
    ["hash", b],
    none,
    "kept",
    a,
    [],
  ],
  [
    "leases but no device",
    held("file", a),
    ["file", b],
    { bridgePorts: 0, leases: 1 },
    "blocked",
    a,
    ["PodCIDRChangeBlocked"],
  ],
  [
    "devices but no lease",
    held("file", a),
    ["file", b],
    { bridgePorts: 1, leases: 0 },
    "blocked",
    a,
    ["PodCIDRChangeBlocked"],
  ],
  [
    "a bridge nobody can see",
    held("file", a),
    ["file", b],
    { bridgePorts: undefined, leases: 0 },
    "blocked",
    a,
    ["PodCIDRChangeBlocked"],
  ],
  ["a family that comes", held("file", a), ["file", [...a, "fd00::/64"]], some, "new", [...a, "fd00::/64"], []],
  ["a family that goes", held("file", [...a, "fd00::/64"]), ["file", a], some, "new", a, []],
  ["one family for the other", held("file", a), ["file", ["fd00::/64"]], some, "blocked", a, ["PodCIDRChangeBlocked"]],
  [
    "one of two families changed",
    held("file", [...a, "fd00::/64"]),
    ["file", [...b, "fd00::/64"]],
    some,
    "blocked",
    [...a, "fd00::/64"],
    ["PodCIDRChangeBlocked"],
  ],
  ["another length", held("file", a), ["file", ["10.1.0.0/25"]], some, "blocked", a, ["PodCIDRChangeBlocked"]],
  [
    "held by the bridge alone, with pods",
    held(undefined, a),
    ["file", b],
    some,
    "blocked",
    a,
    ["PodCIDRChangeBlocked"],
  ],
  ["held by the conflist alone, without pods", held(undefined, a), ["hash", b], none, "replace", b, [guess]],
];

describe("settlePodCIDR()", () => {
  test.each(rows)("decides on %s", (_name, before, [source, podCIDRs], pods, kind, inForce, conditions) => {
    const settled = settlePodCIDR({ answer: answerOf(source, podCIDRs), held: before, pods, confDir });
    expect(settled.kind).toBe(kind);
    expect(settled.inForce.podCIDRs.toJSON()).toEqual(inForce);
    expect(settled.conditions.map(({ code }) => code) as string[]).toEqual(conditions);
  });

  test("says old, new, how many pods and what to do when it blocks", () => {
    const answer = answerOf("file", b, { file: "/run/flannel/subnet.env", line: 2 });
    const [blocked] = settlePodCIDR({ answer, held: held("file", a), pods: some, confDir }).conditions;
    expect(blocked?.text).toBe(
      "10.1.0.0/24 stays in force: the PodCIDR is now 10.2.0.0/24 (file /run/flannel/subnet.env, line 2), but the old one " +
        "is still used by 3 pods (2 on headcni0, 3 with a host-local lease). Drain the node (kubectl drain) and stop what " +
        "stays, DaemonSet pods that are not on the host's network, and the change happens by itself; or set the old value again",
    );
  });

  const source = fc.constantFrom<PodCIDRSource>("config", "env", "file", "hash", "default");
  const cidrs = fc.constantFrom(a, b, [...a, "fd00::/64"], ["fd00::/64"], [...b, "fd00:1::/64"]);
  const count = fc.record({
    bridgePorts: fc.constantFrom(undefined, 0, 1, 7),
    leases: fc.constantFrom(0, 2),
  });
  const input = fc.record({
    answer: fc.tuple(source, cidrs).map(([from, podCIDRs]) => answerOf(from, podCIDRs)),
    held: fc.option(
      fc.tuple(fc.option(source, { nil: undefined }), cidrs).map(([from, podCIDRs]) => held(from, podCIDRs)),
      { nil: undefined },
    ),
    pods: count,
    confDir: fc.constant(confDir),
  });

  test("decides the same again once its decision is in force", () => {
    fc.assert(
      fc.property(input, (given) => {
        const first = settlePodCIDR(given);
        const again = settlePodCIDR({ ...given, held: first.inForce });
        expect(again.inForce).toEqual(first.inForce);
        expect(["steady", "kept", "blocked"]).toContain(again.kind);
      }),
    );
  });

  test("never takes a CIDR of a family away from pods that have it for another", () => {
    fc.assert(
      fc.property(input, (given) => {
        const pods = given.pods.bridgePorts !== 0 || given.pods.leases > 0;
        if (given.held === undefined || !pods) return;
        const { inForce } = settlePodCIDR(given);
        for (const prefix of given.held.podCIDRs) {
          const now = inForce.podCIDRs.of(prefix.family);
          expect(now === undefined || now.equals(prefix)).toBe(true);
        }
      }),
    );
  });
});

test.each([
  [{ source: "file", file: "/a", line: 3 }, "file /a, line 3"],
  [{ source: "config", file: "/c.yaml", line: 4 }, "config /c.yaml, line 4"],
  [{ source: "config", file: undefined, line: undefined }, "config"],
  [{ source: "env", file: undefined, line: undefined }, "the environment variable NODE_POD_CIDR"],
  [{ source: "hash", file: "/a", line: 1 }, "a hash of the node name over the cluster CIDR of /a"],
  [{ source: "hash", file: undefined, line: undefined }, "a hash of the node name"],
  [{ source: "default", file: undefined, line: undefined }, "the built-in default"],
  [{ source: undefined, file: undefined, line: undefined }, "what this node already had"],
] as const)("sourceWords() says where %o comes from", (given, words) => {
  expect(sourceWords(given)).toBe(words);
});

test.each([
  [{ bridgePorts: 1, leases: 0 }, "1 pod (1 on headcni0, 0 with a host-local lease)"],
  [{ bridgePorts: 0, leases: 4 }, "4 pods (0 on headcni0, 4 with a host-local lease)"],
  [
    { bridgePorts: undefined, leases: 4 },
    "an unknown number of pods (4 host-local leases; headcni0 cannot be looked at)",
  ],
])("podWords() counts %o", (count, words) => {
  expect(podWords(count)).toBe(words);
});
