// Both agents of the mesh as they run, phases as data: network maps and answers of peers in; the document, conditions and metrics out.

import { afterEach, describe, expect, test } from "bun:test";
import { createConditionStore } from "../agent/condition-store.ts";
import { createLatest } from "../agent/latest.ts";
import { parsePodCIDRs } from "../cidr/pod-cidrs.ts";
import { parsePrefix } from "../cidr/prefix.ts";
import type { Config, LoadedConfig } from "../config/config.ts";
import { defaultConfig } from "../config/defaults.ts";
import type { ConnectOutcome } from "../sys/net/connect.ts";
import { createSystem } from "../sys/system.ts";
import { fakeClock, memoryLog } from "../sys/testing.ts";
import type { Tailnet, TailnetPeer } from "../tailnet/tailnet.ts";
import { createMeshAgent, type MeshAssignment } from "./agent.ts";
import { decodeMesh } from "./document-schema.ts";
import type { Mesh } from "./mesh.ts";
import { createProofAgent, type Proofs } from "./proof/agent.ts";
import { offline, peerOf, selfOf } from "./testing.ts";
import type { PeerPodCIDRs } from "./unchanged.ts";

let stop = new AbortController();
afterEach(() => stop.abort());

const answered: ConnectOutcome = { kind: "answered", isRefused: true, rttMs: 0.5 };
const silent: ConnectOutcome = { kind: "silent" };

function loaded(parts: Partial<Config> = {}): LoadedConfig {
  const config = { ...defaultConfig, ...parts };
  return { config, file: undefined, hostFile: "/etc/headcni/config.yaml", origins: new Map(), warnings: [] };
}

/** A node whose agents run, and what it is told. */
function runNode() {
  stop = new AbortController();
  const clock = fakeClock();
  const log = memoryLog();
  /** What a connect gets, by `from>to`; the longest prefix that is there counts. */
  const answers = new Map<string, ConnectOutcome>();
  const connects: string[] = [];
  const tryConnect = async ({
    from,
    to,
    port,
  }: {
    from: string;
    to: string;
    port: number;
  }): Promise<ConnectOutcome> => {
    connects.push(`${from}>${to}:${port}`);
    return answers.get(`${from}>${to}`) ?? answers.get(to) ?? silent;
  };
  const system = { ...createSystem(), clock, log, tryConnect, random: () => 0.5 };
  const conditions = createConditionStore(system);
  const config = createLatest<LoadedConfig | undefined>(loaded());
  const assignment = createLatest<MeshAssignment | undefined>({
    podCIDRs: parsePodCIDRs("10.244.1.0/24"),
    clusterCIDRs: [parsePrefix("10.244.0.0/16")],
  });
  const tailnet = createLatest<Tailnet | undefined>(undefined);
  const mesh = createLatest<Mesh | undefined>(undefined);
  const peers = createLatest<PeerPodCIDRs | undefined>(undefined);
  const proofs = createLatest<Proofs | undefined>(undefined);
  const isShutOut = createLatest(false);
  const shared = { conditions, config, assignment, tailnet, mesh, peers, proofs, isShutOut };
  const meshAgent = createMeshAgent(system, shared);
  const proofAgent = createProofAgent(system, shared);
  const ended = Promise.all(
    [conditions, meshAgent, proofAgent].map((agent) => agent.run(stop.signal, Promise.resolve())),
  );
  const status = () => meshAgent.status();
  return {
    ...shared,
    /** Lets what is due happen, then time go by. */
    pass: async (ms: number): Promise<void> => {
      await clock.advance(0);
      await clock.advance(ms);
    },
    log,
    answers,
    connects,
    ended,
    status,
    proofStatus: () => proofAgent.status().document,
    join: (...list: TailnetPeer[]) => tailnet.set({ kind: "ready", self: selfOf(), peers: list }),
    document: () => decodeMesh(status().document) ?? { nodes: [], conflicts: [] },
    routes: () => (decodeMesh(status().document)?.nodes ?? []).map(({ name, route }) => `${name} ${route}`),
    codes: () => conditions.list().map(({ code }) => code),
    textOf: (code: string) => conditions.list().find((one) => one.code === code)?.text,
    said: () => log.entries.filter(({ level }) => level === "info").map(({ message }) => message),
    metrics: () =>
      Object.fromEntries(
        status().samples.map(({ kind, value, labels }) => [`${kind.name}{${Object.values(labels ?? {})}}`, value]),
      ),
  };
}

const n2 = peerOf("n2", "10.244.2.0/24", { path: { kind: "direct", endpoint: "192.0.2.2:41641" } });
const n3 = peerOf("n3", "10.244.3.0/24", { path: { kind: "relay", relay: "fra" } });

describe("the agents of the mesh", () => {
  test("say nothing before a tailnet was seen", async () => {
    const node = runNode();
    await node.pass(100);
    expect(node.status()).toMatchObject({
      document: { nodes: [], conflicts: [] },
      summary: { mesh: "-" },
      samples: [],
    });
    expect(node.mesh.value).toBeUndefined();
    expect(node.peers.value).toBeUndefined();
    expect(node.codes()).toEqual([]);
  });

  test("say why there is no mesh", async () => {
    const node = runNode();
    node.tailnet.set({ kind: "needs-login", why: "tailscaled is not logged in" });
    await node.pass(100);
    expect(node.status().summary).toEqual({ mesh: "tailscaled is not logged in" });
    expect(node.connects).toEqual([]);
  });

  test("show nodes whose routes packets have proven", async () => {
    const node = runNode();
    for (const gateway of ["10.244.2.1", "10.244.3.1"]) node.answers.set(gateway, answered);
    node.join(n3, n2);
    await node.pass(100);
    expect(node.document()).toEqual({
      nodes: [
        {
          name: "node-1",
          self: true,
          podCIDRs: ["10.244.1.0/24"],
          waitingPodCIDRs: [],
          tailnetAddresses: ["100.64.0.1", "fd7a:115c:a1e0::1"],
          online: true,
          path: "unknown",
          relay: null,
          rttSeconds: null,
          route: "live",
          since: "2026-01-01T00:00:00.000Z",
        },
        {
          name: "n2",
          self: false,
          podCIDRs: ["10.244.2.0/24"],
          waitingPodCIDRs: [],
          tailnetAddresses: ["100.64.0.2", "fd7a:115c:a1e0::2"],
          online: true,
          path: "direct",
          relay: null,
          rttSeconds: 0.0005,
          route: "live",
          since: "2026-01-01T00:00:00.000Z",
        },
        {
          name: "n3",
          self: false,
          podCIDRs: ["10.244.3.0/24"],
          waitingPodCIDRs: [],
          tailnetAddresses: ["100.64.0.3", "fd7a:115c:a1e0::3"],
          online: true,
          path: "relay",
          relay: "fra",
          rttSeconds: 0.0005,
          route: "live",
          since: "2026-01-01T00:00:00.000Z",
        },
      ],
      conflicts: [],
    });
    expect(node.connects.toSorted()).toEqual(["10.244.1.1>10.244.2.1:9", "10.244.1.1>10.244.3.1:9"]);
    expect(node.status().summary).toEqual({ mesh: "3 nodes, 2 of 2 others online, 1 direct, 2 routes live" });
    expect(node.metrics()).toEqual({
      "headcni_mesh_nodes{}": 3,
      "headcni_mesh_conflicts{}": 0,
      "headcni_route_state{live}": 1,
      "headcni_mesh_peer_route_state{n2,live}": 1,
      "headcni_mesh_peer_route_state{n3,live}": 1,
      "headcni_mesh_peer_up{n2}": 1,
      "headcni_mesh_peer_direct{n2}": 1,
      "headcni_mesh_peer_rtt_seconds{n2}": 0.0005,
      "headcni_mesh_peer_up{n3}": 1,
      "headcni_mesh_peer_direct{n3}": 0,
      "headcni_mesh_peer_rtt_seconds{n3}": 0.0005,
    });
    expect(node.peers.value?.podCIDRs.map(String)).toEqual(["10.244.2.0/24", "10.244.3.0/24"]);
    expect(node.proofStatus()).toEqual({ route: "live", asked: 2, answered: 2, causes: {} });
  });

  test("publish the kernel's part anew only when it changed", async () => {
    const node = runNode();
    node.join(n2);
    await node.pass(100);
    const { value: peers } = node.peers;
    const { value: mesh } = node.mesh;
    node.join({ ...n2, path: { kind: "unknown" } });
    await node.pass(100);
    expect(node.peers.value).toBe(peers);
    expect(node.mesh.value).not.toBe(mesh);
    node.join(n2, n3);
    await node.pass(100);
    expect(node.peers.value).not.toBe(peers);
    // Of a node that is away the PodCIDRs stay, and tailscaled has no route.
    const shown = () => node.peers.value?.serving.map(({ podCIDRs, addresses }) => `${podCIDRs} by ${addresses[0]}`);
    expect(shown()).toEqual(["10.244.2.0/24 by 100.64.0.2", "10.244.3.0/24 by 100.64.0.3"]);
    node.join(n2, { ...n3, isOnline: false, primaryRoutes: [] });
    await node.pass(100);
    expect(node.peers.value?.podCIDRs.map(String)).toEqual(["10.244.2.0/24", "10.244.3.0/24"]);
    expect(shown()).toEqual(["10.244.2.0/24 by 100.64.0.2"]);
  });

  test("keep the mesh while tailscaled is away, and say that it is the last known", async () => {
    const node = runNode();
    node.join(n2);
    await node.pass(100);
    const asked = node.connects.length;
    node.tailnet.set({ kind: "absent", why: "there is no socket", isExpected: true });
    await node.pass(600_000);
    expect(node.document().nodes.map(({ name }) => name)).toEqual(["node-1", "n2"]);
    expect(node.status().document.staleBecause).toBe("there is no socket");
    expect(node.status().summary.mesh).toEndWith("(last known: there is no socket)");
    expect(node.connects.length).toBe(asked);
    expect(node.routes()).toEqual(["node-1 unknown", "n2 unknown"]);
    expect(node.codes()).toEqual([]);
  });

  test("tell since when a node is as it is", async () => {
    const node = runNode();
    node.answers.set("10.244.2.1", answered);
    node.join(n2);
    await node.pass(60_000);
    expect(node.status().summary.mesh).toBe("2 nodes, 1 of 1 others online, 1 direct, 1 route live");
    node.join(offline("n2"));
    await node.pass(60_000);
    expect(node.document().nodes[1]).toMatchObject({
      online: false,
      podCIDRs: ["10.244.2.0/24"],
      route: "unknown",
      since: "2026-01-01T00:01:00.000Z",
    });
    node.join(offline("n2", { path: { kind: "unknown" } }));
    await node.pass(60_000);
    expect(node.document().nodes[1]?.since).toBe("2026-01-01T00:01:00.000Z");
  });

  test("log what changes, once", async () => {
    const node = runNode();
    node.join(n2);
    await node.pass(100);
    node.join(n2, n3);
    await node.pass(100);
    node.join(offline("n2"), n3);
    await node.pass(100);
    node.join(offline("n2"));
    await node.pass(100);
    expect(node.said()).toEqual([
      "The mesh has 2 nodes",
      "A node joined the mesh: n3, 10.244.3.0/24",
      "A node of the mesh changed: n2, 10.244.2.0/24, offline",
      "A node left the mesh: n3, 10.244.3.0/24",
    ]);
  });

  test("take the configured tags and port", async () => {
    const node = runNode();
    node.config.set(
      loaded({ tailscale: { ...defaultConfig.tailscale, nodeTags: ["tag:k8s"] }, mesh: { probePort: 4240 } }),
    );
    node.join(n2, { ...n3, tags: ["tag:k8s"] });
    await node.pass(100);
    expect(node.document().nodes.map(({ name }) => name)).toEqual(["node-1", "n3"]);
    expect(node.connects[0]).toBe("10.244.1.1>10.244.3.1:4240");
  });
});

const own = "10.244.1.0/24";
const conflictRows: [string, TailnetPeer, string, RegExp][] = [
  ["our PodCIDR at another", peerOf("n2", own), "PodCIDRServedElsewhere", /n2 serves 10\.244\.1\.0\/24\. .*nodeLocal/],
  [
    "a piece of it",
    peerOf("n2", "10.244.1.64/26"),
    "PodCIDRSplit",
    /n2 serves 10\.244\.1\.64\/26, a part of 10\.244\.1\.0\/24/,
  ],
  [
    "a range around it",
    peerOf("corp", "10.0.0.0/8"),
    "PodCIDRSwallowed",
    /corp serves 10\.0\.0\.0\/8, which holds 10\.244\.1\.0\/24/,
  ],
];

describe("a conflict is a condition:", () => {
  test.each(conflictRows)("%s", async (_name, peer, code, text) => {
    const node = runNode();
    node.join(peer);
    await node.pass(11_000);
    expect(node.codes()).toEqual([code]);
    expect(node.textOf(code)).toMatch(text);
    expect(node.document().conflicts).toHaveLength(1);
    node.join();
    await node.pass(100);
    expect(node.codes()).toEqual([]);
  });

  test("two others with the same addresses", async () => {
    const node = runNode();
    node.join(n2, peerOf("n3", "10.244.2.0/24"));
    await node.pass(11_000);
    expect(node.textOf("OthersPodCIDRsConflict")).toMatch(/^n3 serves 10\.244\.2\.0\/24 and n2 10\.244\.2\.0\/24\./);
  });

  test("many at once, the first three by name", async () => {
    const node = runNode();
    node.join(...[2, 3, 4, 5, 6].map((at) => peerOf(`n${at}`, `10.244.1.${at * 16}/28`)));
    await node.pass(11_000);
    expect(node.textOf("PodCIDRSplit")).toContain("(and 2 more)");
  });

  test("our PodCIDR in the tailnet's range", async () => {
    const node = runNode();
    node.assignment.set({ podCIDRs: parsePodCIDRs("100.80.1.0/24"), clusterCIDRs: [] });
    node.join();
    await node.pass(100);
    expect(node.textOf("PodCIDRInTailnetRange")).toMatch(/^100\.80\.1\.0\/24 of node-1 lies in 100\.64\.0\.0\/10,/);
  });
});

/** What answers beside silence, and what is said when that has lasted. */
const silences: [string, TailnetPeer[], string[], string[], string, RegExp][] = [
  [
    "nobody takes our route",
    [n2, n3],
    ["100.64.0.1>100.64.0.2", "100.64.0.1>100.64.0.3"],
    ["node-1 unapproved", "n2 silent", "n3 silent"],
    "RouteNotApproved",
    /^10\.244\.1\.0\/24 is not approved .* n2, n3 answer this node.*--identifier 1 --routes 10\.244\.1\.0\/24.*"autoApprovers": \{"routes": \{"10\.244\.0\.0\/16": \["tag:k8s-node"\]\}\}/,
  ],
  [
    "the only one does not take our route",
    [n2],
    ["100.64.0.1>100.64.0.2"],
    ["node-1 silent", "n2 silent"],
    "RouteNotApproved",
    /n2 answers this node, and not its pods.*--accept-routes there$/,
  ],
  [
    "one of two does not take our route",
    [n2, n3],
    ["10.244.2.1", "100.64.0.1>100.64.0.3"],
    ["node-1 live", "n2 live", "n3 silent"],
    "PeersSilent",
    /^n3 does not take this node's route, which others do/,
  ],
  [
    "one is down, the control server has not noticed",
    [n2, n3],
    ["10.244.3.1"],
    ["node-1 live", "n2 silent", "n3 live"],
    "PeersSilent",
    /^n2 answers nothing\. Look at headcni status there$/,
  ],
  [
    "one is behind another NAT, and no relay is in reach",
    [n2, n3],
    ["10.244.2.1"],
    ["node-1 live", "n2 live", "n3 silent"],
    "PeersSilent",
    /^n3 answers nothing: no direct path leads there, and the relay fra brings nothing back/,
  ],
  [
    "none is in reach",
    [n2, n3],
    [],
    ["node-1 unknown", "n2 silent", "n3 silent"],
    "PeersSilent",
    /^n2 answers nothing, n3 answers nothing: .* Look .*the control server may have removed this node/,
  ],
  [
    "the policy forbids pods",
    [n2],
    ["100.64.0.1>100.64.0.2", "10.244.1.1>100.64.0.2"],
    ["node-1 live", "n2 silent"],
    "PolicyForbidsPods",
    /^n2 answers this node's pods on the tailnet/,
  ],
  [
    "one's gateway has no address",
    [n2, n3],
    ["10.244.2.1", "100.64.0.3"],
    ["node-1 live", "n2 live", "n3 silent"],
    "PeersSilent",
    /^n3 answers, and its pods' gateway does not\./,
  ],
];

describe("silence is a condition once it lasts:", () => {
  test.each(silences)("%s", async (_name, list, yes, routes, code, text) => {
    const node = runNode();
    for (const pair of yes) node.answers.set(pair, answered);
    node.join(...list);
    await node.pass(10_000);
    expect(node.routes()).toEqual(routes);
    expect(node.codes()).toEqual([]);
    await node.pass(55_000);
    expect(node.codes()).toEqual([code]);
    expect(node.isShutOut.value).toBe(yes.length === 0);
    expect(node.textOf(code)).toMatch(text);
    for (const gateway of ["10.244.2.1", "10.244.3.1"]) node.answers.set(gateway, answered);
    await node.pass(25_000);
    expect(node.codes()).toEqual([]);
    expect(node.routes().every((route) => route.endsWith(" live"))).toBe(true);
  });

  test("this node's own route, which was live, is taken by nobody any more", async () => {
    const node = runNode();
    const gateways = ["10.244.2.1", "10.244.3.1"];
    for (const at of [2, 3]) node.answers.set(`100.64.0.1>100.64.0.${at}`, answered);
    node.join(n2, n3);
    await node.pass(70_000);
    expect(node.codes()).toEqual(["RouteNotApproved"]);
    expect(node.isShutOut.value).toBe(false);
    expect(node.textOf("RouteNotApproved")).not.toContain("offline");
    for (const gateway of gateways) node.answers.set(gateway, answered);
    await node.pass(70_000);
    expect(node.codes()).toEqual([]);
    for (const gateway of gateways) node.answers.delete(gateway);
    await node.pass(130_000);
    expect(node.isShutOut.value).toBe(true);
    expect(node.textOf("RouteNotApproved")).toContain("the control server may take this node for one that is offline");
    node.assignment.set({ podCIDRs: parsePodCIDRs("10.244.9.0/24"), clusterCIDRs: [parsePrefix("10.244.0.0/16")] });
    await node.pass(70_000);
    expect(node.isShutOut.value).toBe(false);
  });

  test("no node's route is approved, whether tags or only what they offer tell which are nodes", async () => {
    for (const nodeTags of [[], ["tag:k8s"]]) {
      const node = runNode();
      node.config.set(loaded({ tailscale: { ...defaultConfig.tailscale, nodeTags } }));
      for (const at of [2, 3]) node.answers.set(`100.64.0.1>100.64.0.${at}`, answered);
      const offering = (peer: TailnetPeer) => ({ ...peer, primaryRoutes: [], tags: nodeTags });
      node.join(offering(n2), offering(n3));
      await node.pass(10_000);
      expect(node.routes()).toEqual(["node-1 unapproved", "n2 unapproved", "n3 unapproved"]);
      const waiting = node.document()?.nodes.map(({ waitingPodCIDRs }) => waitingPodCIDRs);
      expect(waiting).toEqual([[], ["10.244.2.0/24"], ["10.244.3.0/24"]]);
      expect(node.codes()).toEqual([]);
      await node.pass(25_000);
      expect(node.codes()).toEqual(["RouteNotApproved"]);
      expect(node.textOf("RouteNotApproved")).toMatch(/n2, n3 answer this node.*approve-routes --identifier 1 /);
      // Of others' routes the same is said, by themselves.
      await node.pass(60_000);
      expect(node.codes()).toEqual(["RouteNotApproved"]);
      // This node's own is approved first: packets from its gateway come back from others' tailnet addresses.
      for (const at of [2, 3]) node.answers.set(`10.244.1.1>100.64.0.${at}`, answered);
      await node.pass(25_000);
      expect([node.routes()[0], node.codes()]).toEqual(["node-1 live", ["PeersWithoutRoute"]]);
      stop.abort();
    }
  });

  test("no route here", async () => {
    const node = runNode();
    node.answers.set("10.244.2.1", { kind: "no-route" });
    node.join(n2);
    await node.pass(31_000);
    expect(node.codes()).toEqual(["PeerRoutesMissing"]);
  });

  test("our gateway has no address yet, which is no verdict", async () => {
    const node = runNode();
    node.answers.set("10.244.2.1", { kind: "no-local-address" });
    node.join(n2);
    await node.pass(120_000);
    expect(node.routes()).toEqual(["node-1 unknown", "n2 unknown"]);
    expect(node.codes()).toEqual([]);
    expect(new Set(node.connects)).toEqual(new Set(["10.244.1.1>10.244.2.1:9"]));
  });

  test("a node that serves nothing", async () => {
    const node = runNode();
    node.answers.set("10.244.2.1", answered);
    node.join(n2);
    await node.pass(100);
    node.join(peerOf("n2"));
    await node.pass(61_000);
    expect(node.routes()).toEqual(["node-1 unknown", "n2 unapproved"]);
    expect(node.textOf("PeersWithoutRoute")).toMatch(/^Pods of n2 are not reached/);
  });
});

test("both families are proven, and the worse one counts", async () => {
  const node = runNode();
  node.assignment.set({
    podCIDRs: parsePodCIDRs("10.244.1.0/24,fd00:10:244:1::/64"),
    clusterCIDRs: ["10.244.0.0/16", "fd00:10:244::/48"].map(parsePrefix),
  });
  node.answers.set("10.244.2.1", answered);
  node.answers.set("fd7a:115c:a1e0::1>fd7a:115c:a1e0::2", answered);
  node.join(peerOf("n2", "10.244.2.0/24 fd00:10:244:2::/64"));
  await node.pass(100);
  expect(node.routes()).toEqual(["node-1 silent", "n2 silent"]);
  expect(node.connects.toSorted()).toEqual([
    "10.244.1.1>10.244.2.1:9",
    "fd00:10:244:1::1>fd00:10:244:2::1:9",
    "fd00:10:244:1::1>fd7a:115c:a1e0::2:9",
    "fd7a:115c:a1e0::1>fd7a:115c:a1e0::2:9",
  ]);
  node.answers.set("fd00:10:244:2::1", answered);
  await node.pass(2000);
  expect(node.routes()).toEqual(["node-1 live", "n2 live"]);
});

test("both agents end with their signal", async () => {
  const node = runNode();
  node.join(n2);
  await node.pass(100);
  stop.abort();
  await node.pass(0);
  await node.ended;
});
