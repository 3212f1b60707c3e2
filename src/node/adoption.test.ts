import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { PodCIDRs } from "../cidr/pod-cidrs.ts";
import { parsePrefix } from "../cidr/prefix.ts";
import type { Assignment, PodCIDRAnswer, PodCIDRSource } from "../podcidr/answer.ts";
import { ConfigError } from "../sys/errors.ts";
import { adoptPodCIDR, type PodCount, podWords, sourceWords } from "./adoption.ts";
import { answerOf } from "./testing.ts";

const confDir = "/etc/cni/net.d";
const none: PodCount = { bridgePorts: 0, leases: 0 };
const some: PodCount = { bridgePorts: 2, leases: 3 };
const given = (source: PodCIDRSource | undefined, podCIDRs: string[], file?: string): Assignment => ({
  podCIDRs: new PodCIDRs(podCIDRs.map(parsePrefix)),
  source,
  file,
  line: undefined,
});

type Row = [
  name: string,
  current: Assignment | undefined,
  answer: [PodCIDRSource, string[]],
  pods: PodCount,
  effective: string[],
  conditions: string[],
];
const a = ["10.1.0.0/24"];
const b = ["10.2.0.0/24"];
const guess = "PodCIDRNotAuthoritative";

const rows: Row[] = [
  ["a node never seen", undefined, ["file", a], none, a, []],
  ["a node never seen that has pods", undefined, ["file", a], some, a, []],
  ["a node never seen, by hash", undefined, ["hash", a], none, a, [guess]],
  ["a node never seen, by default", undefined, ["default", a], none, a, [guess]],
  ["nothing changed", given("file", a), ["file", a], some, a, []],
  ["the same from a better source", given("hash", a), ["config", a], some, a, []],
  ["the same from a worse source", given("file", a), ["hash", a], some, a, []],
  ["the same guess", given("hash", a), ["hash", a], none, a, [guess]],
  ["the same, held by the conflist alone", given(undefined, a), ["file", a], some, a, []],
  ["another assignment without pods", given("file", a), ["file", b], none, b, []],
  ["another assignment with pods", given("file", a), ["file", b], some, a, ["PodCIDRChangeBlocked"]],
  ["an assignment after a guess, with pods", given("hash", a), ["config", b], some, a, ["PodCIDRChangeBlocked", guess]],
  ["an assignment after a guess, without", given("hash", a), ["config", b], none, b, []],
  ["another guess without pods", given("hash", a), ["hash", b], none, b, [guess]],
  ["a hash after an assignment", given("file", a), ["hash", b], none, a, ["PodCIDRSourceLost"]],
  ["the default after an assignment, with pods", given("env", a), ["default", b], some, a, ["PodCIDRSourceLost"]],
  ["the default after a hash", given("hash", a), ["default", b], none, a, ["PodCIDRSourceLost", guess]],
  [
    "another CNI's conflist that was moved aside",
    given("file", a, `${confDir}/10-x.conflist`),
    ["hash", b],
    none,
    a,
    [],
  ],
  ["leases but no device", given("file", a), ["file", b], { bridgePorts: 0, leases: 1 }, a, ["PodCIDRChangeBlocked"]],
  ["devices but no lease", given("file", a), ["file", b], { bridgePorts: 1, leases: 0 }, a, ["PodCIDRChangeBlocked"]],
  [
    "a bridge nobody can see",
    given("file", a),
    ["file", b],
    { bridgePorts: undefined, leases: 0 },
    a,
    ["PodCIDRChangeBlocked"],
  ],
  ["a family that comes", given("file", a), ["file", [...a, "fd00::/64"]], some, [...a, "fd00::/64"], []],
  ["a family that goes", given("file", [...a, "fd00::/64"]), ["file", a], some, a, []],
  ["one family for the other", given("file", a), ["file", ["fd00::/64"]], some, a, ["PodCIDRChangeBlocked"]],
  [
    "one of two families changed",
    given("file", [...a, "fd00::/64"]),
    ["file", [...b, "fd00::/64"]],
    some,
    [...a, "fd00::/64"],
    ["PodCIDRChangeBlocked"],
  ],
  ["another length", given("file", a), ["file", ["10.1.0.0/25"]], some, a, ["PodCIDRChangeBlocked"]],
  ["held by the bridge alone, with pods", given(undefined, a), ["file", b], some, a, ["PodCIDRChangeBlocked"]],
  ["held by the conflist alone, without pods", given(undefined, a), ["hash", b], none, b, [guess]],
];

describe("adoptPodCIDR()", () => {
  test.each(rows)("decides on %s", (_name, before, [source, podCIDRs], pods, effective, conditions) => {
    const adoption = adoptPodCIDR({ answer: answerOf(source, podCIDRs), current: before, pods, confDir });
    expect(adoption.effective.podCIDRs.toJSON()).toEqual(effective);
    expect(adoption.conditions.map(({ code }) => code) as string[]).toEqual(conditions);
  });

  const refusal = new ConfigError("HC_PODCIDR_CONFIG", "Cannot use it", [
    { path: "network.podCIDR.nodeLocal", message: "10.2.0.0/24 is wrong", file: "/c.yaml", line: 4 },
  ]);
  const clashes = ["10.1.0.0/24 holds this node's own address 10.1.0.7/24 on eth1"];
  test.each<[string, PodCIDRSource, string[], Partial<PodCIDRAnswer>, PodCount, string[], string[]]>([
    ["an assignment in force that clashes", "file", a, { clashes }, some, a, ["PodCIDRClash"]],
    ["the same without pods", "file", a, { clashes }, none, a, ["PodCIDRClash"]],
    [
      "a guess that clashes, with pods",
      "hash",
      b,
      { clashes },
      some,
      a,
      ["PodCIDRChangeBlocked", "PodCIDRClash", guess],
    ],
    ["a guess that clashes, without", "hash", b, { clashes }, none, b, [guess]],
    ["what was refused", "file", a, { refusal }, none, a, ["PodCIDRRefused"]],
    [
      "what was refused, while the other clashes",
      "file",
      a,
      { refusal, clashes },
      some,
      a,
      ["PodCIDRRefused", "PodCIDRClash"],
    ],
  ])("says of %s what holds", (_name, source, podCIDRs, parts, pods, effective, conditions) => {
    const answer = answerOf(source, podCIDRs, parts);
    const adoption = adoptPodCIDR({ answer, current: given(source, a), pods, confDir });
    expect(adoption.effective.podCIDRs.toJSON()).toEqual(effective);
    expect(adoption.conditions.map(({ code }) => code) as string[]).toEqual(conditions);
  });

  test("names place, device and address of what stands against it", () => {
    const answer = answerOf("file", a, { refusal, clashes, file: "/a", line: 3 });
    const [first, second] = adoptPodCIDR({ answer, current: given("file", a, "/a"), pods: none, confDir }).conditions;
    expect(first?.text).toStartWith(
      "10.1.0.0/24 stays in force. /c.yaml:4: network.podCIDR.nodeLocal: 10.2.0.0/24 is wrong. ",
    );
    expect(second?.text).toStartWith(`${clashes[0]}. It came from file /a and stays in force`);
  });

  test("says old, new, how many pods and what to do when it blocks", () => {
    const answer = answerOf("file", b, { file: "/run/flannel/subnet.env", line: 2 });
    const [blocked] = adoptPodCIDR({ answer, current: given("file", a), pods: some, confDir }).conditions;
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
    current: fc.option(
      fc.tuple(fc.option(source, { nil: undefined }), cidrs).map(([from, podCIDRs]) => given(from, podCIDRs)),
      { nil: undefined },
    ),
    pods: count,
    confDir: fc.constant(confDir),
  });

  test("decides the same again once its decision is in force", () => {
    fc.assert(
      fc.property(input, (found) => {
        const first = adoptPodCIDR(found);
        const again = adoptPodCIDR({ ...found, current: first.effective });
        expect(again.effective).toEqual(first.effective);
      }),
    );
  });

  test("never takes a CIDR of a family away from pods that have it for another", () => {
    fc.assert(
      fc.property(input, (found) => {
        const pods = found.pods.bridgePorts !== 0 || found.pods.leases > 0;
        if (found.current === undefined || !pods) return;
        const { effective } = adoptPodCIDR(found);
        for (const prefix of found.current.podCIDRs) {
          const now = effective.podCIDRs.of(prefix.family);
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
