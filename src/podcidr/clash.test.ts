// What the chain makes of a range that is somebody else's: by what says it, and by what is in force.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parsePodCIDRs } from "../cidr/pod-cidrs.ts";
import { type Prefix, parsePrefix } from "../cidr/prefix.ts";
import type { Config, LoadedConfig } from "../config/config.ts";
import { defaultConfig } from "../config/defaults.ts";
import { ConfigError } from "../sys/errors.ts";
import { runs, tempRoot, testSystem } from "../sys/testing.ts";
import type { Assignment, PodCIDRAnswer } from "./answer.ts";
import { choosePodCIDR } from "./chain.ts";
import { findConfigFaults } from "./operator/config-faults.ts";
import { networksOf } from "./validation/testing.ts";

interface Given {
  readonly nodeLocal?: string | Readonly<Record<string, string>>;
  readonly base?: string;
  readonly env?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly addresses?: readonly string[];
  readonly routes?: readonly string[];
  /** In force, with its source. */
  readonly current?: readonly [string, Assignment["source"]];
}

const configFile = "/etc/headcni/config.yaml";
const flannelFile = "/run/flannel/subnet.env";
const nodeFile = "/var/lib/rancher/k3s/agent/etc/node-w1.yaml";
const flannel = (gateway: string): Record<string, string> => ({ [flannelFile]: `FLANNEL_SUBNET=${gateway}\n` });
const nodeObject = (name: string, podCIDR: string): string =>
  `apiVersion: v1\nkind: Node\nmetadata: {name: ${name}}\nspec:\n  podCIDR: ${podCIDR}\n`;

function loadedOf({ nodeLocal, base }: Given): LoadedConfig {
  const { network } = defaultConfig;
  const podCIDR: Config["network"]["podCIDR"] = {
    ...network.podCIDR,
    nodeLocal:
      nodeLocal === undefined
        ? undefined
        : typeof nodeLocal === "string"
          ? { kind: "any", podCIDRs: parsePodCIDRs(nodeLocal) }
          : {
              kind: "byNode",
              podCIDRs: new Map(Object.entries(nodeLocal).map(([name, text]) => [name, parsePodCIDRs(text)])),
            },
    base: base === undefined ? undefined : parsePodCIDRs(base),
  };
  const origins = new Map([
    ["network.podCIDR.nodeLocal", { source: "file", file: configFile, line: 4 }],
    ["network.podCIDR.base", { source: "file", file: configFile, line: 7 }],
  ] as const);
  const config = { ...defaultConfig, network: { ...network, podCIDR } };
  return { config, file: configFile, hostFile: configFile, origins, warnings: [] };
}

function nodeOf({ addresses = [], routes = [], current }: Given) {
  return {
    networks: networksOf(addresses, routes),
    current:
      current === undefined
        ? undefined
        : { podCIDRs: parsePodCIDRs(current[0]), source: current[1], file: undefined, line: undefined },
  };
}

function choose(given: Given): PodCIDRAnswer {
  using root = tempRoot();
  for (const [path, content] of Object.entries(given.files ?? {})) root.write(path, content);
  const system = testSystem(root, { env: given.env === undefined ? {} : { NODE_POD_CIDR: given.env } });
  return choosePodCIDR(system, { nodeName: "w1", config: loadedOf(given) }, nodeOf(given));
}

function refused(given: Given): ConfigError {
  try {
    choose(given);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

const lan = ["10.244.1.7/24 dev eth0"];
const clash = "10.244.0.0/16 holds this node's own address 10.244.1.7/24 on eth0";

describe("an operator's range that is somebody else's", () => {
  test("is an error that names file, line, device and address, while nothing is in force", () => {
    const error = refused({ nodeLocal: "10.244.0.0/16", addresses: lan });
    expect(error.code).toBe("HC_PODCIDR_CONFIG");
    expect(error.issues).toEqual([{ path: "network.podCIDR.nodeLocal", message: clash, file: configFile, line: 4 }]);
    const byName = refused({ nodeLocal: { w1: "10.244.0.0/16" }, addresses: lan });
    expect(byName.issues[0]).toMatchObject({ path: "network.podCIDR.nodeLocal.w1", message: clash });
    expect(refused({ env: "10.244.0.0/16", addresses: lan }).message).toContain(clash);
  });

  test("does not end a node that has a PodCIDR: that stays", () => {
    for (const wanted of [{ nodeLocal: "10.244.0.0/16" }, { env: "10.244.0.0/16" }]) {
      const answer = choose({ ...wanted, addresses: lan, current: ["10.9.0.0/24", "file"] });
      expect(answer).toMatchObject({ source: "file", clashes: [] });
      expect(answer.podCIDRs.toJSON()).toEqual(["10.9.0.0/24"]);
      expect(answer.refusal?.code).toMatch(/^HC_PODCIDR_/);
      expect(answer.trace.at(-2)).toMatchObject({ outcome: "invalid", code: "own-address" });
    }
  });

  test.each([["10.244.1.7/24"], ["10.244.1.0"], ["10.244.1.0/24,10.244.2.0/24"], ["100.64.1.0/24"], ["0.0.0.0/0"]])(
    "nor does one that is wrong by itself: %s",
    (env) => {
      const answer = choose({ env, current: ["10.9.0.0/24", undefined] });
      expect(answer.podCIDRs.toJSON()).toEqual(["10.9.0.0/24"]);
      expect(answer.refusal?.message).toContain("NODE_POD_CIDR");
      expect(() => choose({ env })).toThrow("NODE_POD_CIDR");
    },
  );

  test("is kept when it is in force and the clash came later, and said", () => {
    const answer = choose({ nodeLocal: "10.244.0.0/16", addresses: lan, current: ["10.244.0.0/16", "config"] });
    expect(answer).toMatchObject({ source: "config", clashes: [clash] });
    expect(answer.refusal).toBeUndefined();
    expect(choose({ nodeLocal: "10.244.0.0/16", current: ["10.244.0.0/16", "config"] }).clashes).toEqual([]);
  });

  test("is questioned where the same configuration gives it to another node", () => {
    const answer = choose({ env: "10.244.2.0/24", nodeLocal: { w2: "10.244.2.0/24" } });
    expect(answer.podCIDRs.toJSON()).toEqual(["10.244.2.0/24"]);
    expect(answer.doubts).toEqual([
      "10.244.2.0/24 from env overlaps 10.244.2.0/24, which is node w2's by network.podCIDR.nodeLocal",
    ]);
  });

  test("is questioned as one value for every node where more nodes are known", () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n${["w1", "w2"].map((name) => `- ${JSON.stringify({ apiVersion: "v1", kind: "Node", metadata: { name }, spec: { podCIDR: "" } })}\n`).join("")}`;
    const files = { [nodeFile]: list };
    const [doubt] = choose({ nodeLocal: "10.244.1.0/24", files }).doubts ?? [];
    expect(doubt).toStartWith(
      `10.244.1.0/24 from config is for every node that reads this configuration, and there is a node w2 (the Node object in ${nodeFile}:`,
    );
    expect(choose({ nodeLocal: { w1: "10.244.1.0/24" }, files }).doubts).toEqual([]);
    expect(
      choose({ nodeLocal: "10.244.1.0/24", files: { [nodeFile]: nodeObject("w1", "10.244.1.0/24") } }).doubts,
    ).toEqual([]);
  });
});

describe("a file's range that is somebody else's", () => {
  test("is passed over, with file, line and reason", () => {
    const answer = choose({ files: flannel("10.244.1.1/24"), addresses: lan });
    expect(answer.source).toBe("default");
    const reason = "10.244.1.0/24 holds this node's own address 10.244.1.7/24 on eth0";
    expect(answer.trace.find(({ file }) => file === flannelFile)).toEqual({
      source: "file",
      file: flannelFile,
      line: 1,
      outcome: "skipped",
      reason,
      code: "own-address",
    });
    expect(answer.warnings).toContain(`${flannelFile}:1: ${reason}`);
  });

  test("is passed over for the next file's", () => {
    const files = { [nodeFile]: nodeObject("w1", "10.244.1.0/24"), ...flannel("10.244.3.1/24") };
    expect(choose({ files, addresses: lan }).podCIDRs.toJSON()).toEqual(["10.244.3.0/24"]);
    expect(choose({ files, nodeLocal: { w2: "10.244.1.0/24" } }).podCIDRs.toJSON()).toEqual(["10.244.3.0/24"]);
  });

  test("is taken although a node has it that can be this one by its full name", () => {
    const files = flannel("10.244.3.1/24");
    for (const name of ["w1.example.com", "w1.b.example"]) {
      const nodeLocal = { [name]: "10.244.3.0/24" };
      expect(choose({ files, nodeLocal })).toMatchObject({ source: "file", namedInstead: [name] });
      expect(choose({ files, nodeLocal: "10.244.3.0/24" }).doubts).toEqual([]);
    }
    expect(choose({ files, nodeLocal: { w10: "10.244.3.0/24" } }).source).toBe("default");
    expect(choose({ nodeLocal: { "w1.example.com": "10.244.0.0/24" } }).podCIDRs.toJSON()).toEqual(["10.244.1.0/24"]);
    const object = { [nodeFile]: nodeObject("w1.example.com", "10.244.3.0/24") };
    expect(choose({ files: { ...files, ...object } }).source).toBe("file");
    expect(choose({ nodeLocal: "10.244.3.0/24", files: object }).doubts).toEqual([]);
  });

  test("is kept when it is in force, and said", () => {
    const answer = choose({ files: flannel("10.244.1.1/24"), addresses: lan, current: ["10.244.1.0/24", "file"] });
    expect(answer).toMatchObject({ source: "file", file: flannelFile });
    expect(answer.clashes).toEqual(["10.244.1.0/24 holds this node's own address 10.244.1.7/24 on eth0"]);
  });

  test("is the node's where another CNI has made it so", () => {
    const addresses = ["10.244.3.1/24 dev cni0", "10.244.3.0/32 dev flannel.1", "10.0.0.7/24 dev eth0"];
    const routes = ["10.244.3.0/24 dev cni0 proto kernel", "10.244.4.0/24 via 10.244.4.0 dev flannel.1"];
    const answer = choose({ files: flannel("10.244.3.1/24"), addresses, routes });
    expect(answer).toMatchObject({ source: "file", doubts: [], warnings: [] });
    const docker = choose({ files: flannel("10.244.3.1/24"), addresses: ["10.244.3.1/24 dev docker0"] });
    expect(docker).toMatchObject({ source: "file", doubts: [], warnings: [] });
  });

  test("of a bridge that its own conflist names is the node's", () => {
    const conflist = (bridge: string): string =>
      JSON.stringify({
        cniVersion: "0.4.0",
        name: "n",
        plugins: [{ type: "bridge", bridge, isGateway: true, ipam: { type: "host-local", subnet: "10.244.3.0/24" } }],
      });
    const files = { "/etc/cni/net.d/10-x.conflist": conflist("pods7") };
    expect(choose({ files, addresses: ["10.244.3.1/24 dev pods7"] }).source).toBe("file");
    expect(choose({ files, addresses: ["10.244.3.1/24 dev eth7"] }).source).toBe("default");
  });
});

describe("a range outside of the cluster's own", () => {
  const manifest = "/etc/kubernetes/manifests/kube-controller-manager.yaml";
  const cluster = (range: string): Record<string, string> => ({
    [manifest]: `kind: Pod\napiVersion: v1\nspec:\n  containers:\n  - command:\n    - --cluster-cidr=${range}\n`,
  });
  const says = (range: string, by: string): string =>
    `is outside of the cluster CIDR ${range} (${by}), so that no other node counts it as this node's`;

  test("is questioned as an operator's", () => {
    const given = { base: "10.244.0.0/16", nodeLocal: { w1: "10.99.1.0/24" } };
    const answer = choose(given);
    expect(answer.podCIDRs.toJSON()).toEqual(["10.99.1.0/24"]);
    const doubt = `10.99.1.0/24 from config ${says("10.244.0.0/16", `network.podCIDR.base in ${configFile}:7`)}`;
    expect([answer.doubts, answer.warnings]).toEqual([[doubt], [doubt]]);
    expect(choose({ env: "10.99.1.0/24", base: "10.244.0.0/16" }).doubts).toHaveLength(1);
  });

  test("is questioned as a file's, of which it is not known which of the two is wrong", () => {
    const answer = choose({ files: { ...flannel("10.42.4.1/24"), ...cluster("10.244.0.0/16") } });
    expect(answer).toMatchObject({ source: "file", authoritative: true });
    expect(answer.doubts).toEqual([
      `10.42.4.0/24 from ${flannelFile}:1 ${says("10.244.0.0/16", `--cluster-cidr in ${manifest}:6`)}`,
    ]);
    const own = { [flannelFile]: "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.42.4.1/24\n" };
    expect(choose({ files: own }).doubts).toEqual([
      `10.42.4.0/24 from ${flannelFile}:2 ${says("10.244.0.0/16", `FLANNEL_NETWORK in ${flannelFile}:1`)}`,
    ]);
  });

  test("is none where nothing but k3s' own default says the cluster's", () => {
    const files = { ...flannel("10.99.4.1/24"), "/var/lib/rancher/k3s/agent/.keep": "" };
    const answer = choose({ files });
    expect(answer.clusterCIDRs.map(String)).toEqual(["10.42.0.0/16"]);
    expect(answer.doubts).toEqual([]);
    expect(choose({ files, nodeLocal: { w1: "10.98.4.0/24" } }).doubts).toEqual([]);
  });

  test("is none of a family whose range nothing says, nor where nothing is said at all", () => {
    expect(choose({ env: "10.244.1.0/24,fd00:7::/64", base: "10.244.0.0/16" }).doubts).toEqual([]);
    expect(choose({ env: "10.99.1.0/24,fd00:7::/64", base: "fd00:7::/56" }).doubts).toEqual([]);
    expect(choose({ env: "10.99.1.0/24" }).doubts).toEqual([]);
    expect(choose({ env: "10.99.1.0/24,fd00:7::/64", base: "10.244.0.0/16,fd00:8::/56" }).doubts).toHaveLength(2);
  });

  test("ends no guess that was made before the cluster's was known", () => {
    const answer = choose({ base: "10.244.0.0/16", current: ["10.99.1.0/24", "file"] });
    expect(answer.clashes).toEqual([]);
  });
});

describe("a guess", () => {
  test("passes over what is somebody else's, and says so", () => {
    const given = { base: "10.244.0.0/16" };
    const [own] = choose(given).podCIDRs.list;
    const address = `${own?.first.plus(7n)}/24`;
    const answer = choose({ ...given, addresses: [`${address} dev eth0`] });
    expect(answer.podCIDRs.toJSON()).not.toEqual([String(own)]);
    expect(answer.trace.at(-1)?.reason).toEndWith(
      `; ${own} was passed over: it holds this node's own address ${address} on eth0`,
    );
    expect(answer.clusterDoubts?.[0]).toContain(`10.244.0.0/16 holds this node's own address ${address} on eth0`);
  });

  test("by default begins at 10.244.0.0/24 and passes over it likewise", () => {
    const answer = choose({ addresses: ["10.244.0.9/23 dev eth0"] });
    expect(answer.podCIDRs.toJSON()).toEqual(["10.244.2.0/24"]);
    expect(answer.trace.at(-1)?.reason).toBe(
      "10.244.0.0/24 was passed over: it holds this node's own address 10.244.0.9/23 on eth0",
    );
  });

  test("ends, or leaves what is in force, where nothing is free", () => {
    const given = { addresses: ["10.0.0.9/8 dev eth0"] };
    expect(refused({ ...given, base: "10.244.0.0/16" }).issues[0]?.message).toContain(
      "has no block that is free: 10.244.",
    );
    expect(refused(given).message).toBe("Cannot find a PodCIDR for this node");
    const kept = choose({ ...given, current: ["10.244.7.0/24", "hash"] });
    expect(kept.podCIDRs.toJSON()).toEqual(["10.244.7.0/24"]);
    expect(kept.refusal).toBeDefined();
    expect(kept.clashes?.[0]).toContain("lies in 10.0.0.0/8, the network this node is on with eth0");
  });

  test("lives with a route around all of what it chooses from", () => {
    const routes = ["10.0.0.0/8 via 192.168.1.1 dev eth0"];
    expect(choose({ base: "10.244.0.0/16", routes }).podCIDRs.equals(choose({ base: "10.244.0.0/16" }).podCIDRs)).toBe(
      true,
    );
  });

  test("in force says what it overlaps now, and where it would go", () => {
    const given = { base: "10.244.0.0/16" };
    const own = String(choose(given).podCIDRs);
    const addresses = [`${parsePrefix(own).first.plus(7n)}/24 dev eth1`];
    const answer = choose({ ...given, addresses, current: [own, "hash"] });
    expect(String(answer.podCIDRs)).not.toBe(own);
    expect(answer.clashes).toHaveLength(1);
  });
});

describe("a macvlan's network", () => {
  const lanFile = "/etc/cni/net.d/20-lan.conf";
  const conf = (ipam: object): string =>
    JSON.stringify({ cniVersion: "0.4.0", name: "lan", type: "macvlan", master: "eth0", ipam });
  test.each<[string, object]>([
    ["host-local", { type: "host-local", subnet: "10.244.0.0/23" }],
    ["whereabouts", { type: "whereabouts", range: "10.244.0.64/23" }],
    ["whereabouts' list", { type: "whereabouts", ipRanges: [{ range: "10.244.0.64/23" }] }],
    ["static", { type: "static", addresses: [{ address: "10.244.0.9/23", gateway: "10.244.0.1" }] }],
  ])("by %s is nobody's PodCIDR", (_, ipam) => {
    const files = { [lanFile]: conf(ipam) };
    expect(choose({ files }).podCIDRs.toJSON()).toEqual(["10.244.2.0/24"]);
    const error = refused({ files, nodeLocal: "10.244.1.0/24" });
    expect(error.issues[0]?.message).toContain(`overlaps 10.244.0.0/23, which is of the network that macvlan attaches`);
    expect(error.issues[0]?.message).toContain(`(${lanFile}:1)`);
  });

  test("that Multus adds beside the pods' own is one too", () => {
    const delegates = [
      { type: "flannel", delegate: { ipam: { type: "host-local", subnet: "10.244.3.0/24" } } },
      { type: "macvlan", ipam: { type: "host-local", subnet: "10.244.0.0/24" } },
    ];
    const files = {
      "/etc/cni/net.d/00-multus.conf": JSON.stringify({
        cniVersion: "0.3.1",
        name: "multus",
        type: "multus",
        delegates,
      }),
    };
    expect(choose({ files })).toMatchObject({ source: "file", warnings: [] });
    expect(() => choose({ files, nodeLocal: "10.244.0.0/24" })).toThrow("Cannot use");
  });
});

describe("findConfigFaults() of a file before a daemon does", () => {
  const check = (given: Given, nodeName: string | undefined = "w1") => {
    using root = tempRoot();
    return findConfigFaults(testSystem(root), { config: loadedOf(given), nodeName, node: nodeOf(given) });
  };

  test("holds this node's own entry against its networks, not another's", () => {
    const given = { nodeLocal: { w1: "10.244.1.0/24", w2: "10.0.0.0/24" }, addresses: ["10.0.0.7/24 dev eth0"] };
    expect(check(given)).toEqual({ faults: [], doubts: [] });
    expect(check(given, "w2").faults[0]).toMatchObject({ path: "network.podCIDR.nodeLocal.w2", line: 4 });
    expect(check(given, undefined)).toEqual({ faults: [], doubts: [] });
  });

  test("only warns where a PodCIDR is in force", () => {
    const given = { nodeLocal: "10.244.0.0/16", addresses: lan };
    expect(check(given)).toMatchObject({ faults: [{ message: clash }], doubts: [] });
    expect(check({ ...given, current: ["10.9.0.0/24", "file"] })).toMatchObject({
      faults: [],
      doubts: [{ message: clash }],
    });
  });

  test("questions what the daemon would", () => {
    expect(check({ nodeLocal: "10.0.0.0/12" }).doubts[0]?.message).toContain("is larger than a /16");
    const { faults, doubts } = check({ base: "10.244.0.0/16", addresses: lan });
    expect([faults, doubts[0]?.path, doubts[0]?.message]).toEqual([[], "network.podCIDR.base", clash]);
  });
});

test("whatever is said and is around, no range comes into force that is somebody else's", () => {
  const block = fc.integer({ min: 0, max: 15 }).map((at) => `10.244.${at}.0/24`);
  const lanOf = fc
    .tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 1, max: 254 }), fc.constantFrom(21, 22, 24, 26, 32))
    .map(([at, host, bits]) => `10.244.${at}.${host}/${bits}`);
  const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
  const given = fc.record({
    nodeLocal: optional(fc.oneof(block, fc.dictionary(fc.constantFrom("w1", "w2", "w3"), block, { maxKeys: 2 }))),
    env: optional(block),
    base: optional(fc.constantFrom("10.244.0.0/20", "10.244.0.0/16")),
    flannel: optional(block),
    macvlan: optional(block),
    addresses: fc.array(fc.tuple(lanOf, fc.constantFrom("eth0", "eth1", "docker0", "cni0")), { maxLength: 3 }),
    routes: fc.array(fc.tuple(block, fc.constantFrom("eth0", "wg0", "flannel.1")), { maxLength: 2 }),
  });
  fc.assert(
    fc.property(given, ({ flannel: subnet, macvlan, addresses, routes, nodeLocal, env, base }) => {
      const files = {
        ...(subnet === undefined ? {} : flannel(subnet.replace("0/", "1/"))),
        ...(macvlan === undefined
          ? {}
          : {
              "/etc/cni/net.d/20-lan.conf": `{"cniVersion":"0.4.0","name":"l","type":"macvlan","ipam":{"type":"host-local","subnet":"${macvlan}"}}`,
            }),
      };
      let answer: PodCIDRAnswer;
      try {
        answer = choose({
          ...(nodeLocal === undefined ? {} : { nodeLocal }),
          ...(env === undefined ? {} : { env }),
          ...(base === undefined ? {} : { base }),
          files,
          addresses: addresses.map(([address, device]) => `${address} dev ${device}`),
          routes: routes.map(([range, device]) => `${range} via 10.1.0.1 dev ${device}`),
        });
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        return;
      }
      const others: Prefix[] = [
        ...addresses.filter(([, device]) => device.startsWith("eth")).map(([address]) => parsePrefix(address)),
        ...routes.map(([range]) => parsePrefix(range)),
        ...(macvlan === undefined ? [] : [parsePrefix(macvlan)]),
      ];
      expect(others.filter((other) => answer.podCIDRs.overlaps(other)).map(String)).toEqual([]);
      const owners = typeof nodeLocal === "object" ? Object.entries(nodeLocal).filter(([name]) => name !== "w1") : [];
      const shared = owners.filter(([, range]) => answer.podCIDRs.overlaps(parsePrefix(range)));
      // What an operator says twice is questioned.
      if (shared.length > 0) expect(answer.doubts).not.toEqual([]);
    }),
    { numRuns: runs(150) },
  );
});
