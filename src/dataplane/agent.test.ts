// The agent on a kernel for tests: what it holds by what is known of the tailnet, what it repairs, and each condition provoked.

import { describe, expect, test } from "bun:test";
import { createConditionStore } from "../agent/condition-store.ts";
import { createLatest } from "../agent/latest.ts";
import type { MetricLabels } from "../agent/metrics.ts";
import { parseAddr } from "../cidr/addr.ts";
import { type PodCIDRs, parsePodCIDRs } from "../cidr/pod-cidrs.ts";
import { parsePrefix } from "../cidr/prefix.ts";
import type { LoadedConfig } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { fakeMonitor } from "../kernel/testing.ts";
import { fakeClock, memoryLog, tempRoot, testSystem } from "../sys/testing.ts";
import type { ClaimsView } from "../tailnet/claims-view.ts";
import type { TailnetDamage } from "../tailnet/tailnet-damage.ts";
import { createDataplaneAgent, type DataplanePeers } from "./agent.ts";
import type { NodeRanges } from "./dataplane-plan.ts";
import { type FakeKernel, fakeKernel } from "./testing.ts";

const prefixes = (...texts: string[]) => texts.map(parsePrefix);
const own = parsePodCIDRs("10.1.2.0/24");
const peer: DataplanePeers = { podCIDRs: prefixes("10.1.3.0/24"), serving: [] };
const ranges: NodeRanges = {
  podCIDRs: own,
  clusterCIDRs: prefixes("10.1.0.0/16"),
  isGuess: false,
  current: { podCIDRs: own },
};

async function start(config = "{}") {
  const root = tempRoot();
  const kernel = fakeKernel();
  const clock = fakeClock();
  const log = memoryLog();
  const system = testSystem(root, { exec: kernel.exec, follow: fakeMonitor().follow, clock, log });
  const signal = new AbortController().signal;
  const configs = createLatest<LoadedConfig | undefined>(undefined);
  const assignment = createLatest<NodeRanges | undefined>(ranges);
  const peers = createLatest<DataplanePeers | undefined>(undefined);
  const damage = createLatest<TailnetDamage | undefined>(undefined);
  const configure = async (text: string): Promise<void> => {
    root.write("/etc/headcni/config.yaml", text);
    configs.set(await loadConfig(system));
  };
  await configure(config);
  const claims = createLatest<ClaimsView | undefined>(undefined);
  const held = createLatest<PodCIDRs | undefined>(undefined);
  /** An agent, as each daemon makes one. */
  const daemon = () => {
    const conditions = createConditionStore(system);
    const counted: string[] = [];
    const record = (_kind: unknown, _value: number, labels: MetricLabels = {}): void =>
      void counted.push(labels.part ?? "");
    const agent = createDataplaneAgent(system, {
      conditions,
      config: configs,
      assignment,
      peers,
      damage,
      claims,
      held,
      record,
    });
    return {
      agent,
      counted,
      step: () => agent.once(signal, Promise.resolve()),
      codes: () => conditions.list().map(({ code }) => code),
      texts: () => conditions.list().map(({ text }) => text),
    };
  };
  return {
    root,
    kernel,
    clock,
    log,
    configure,
    claims,
    held,
    assignment,
    peers,
    damage,
    daemon,
    [Symbol.dispose]: () => root[Symbol.dispose](),
  };
}

type Scene = Awaited<ReturnType<typeof start>>;

const iptablesForward = {
  chain: { family: "ip", table: "filter", name: "FORWARD", type: "filter", hook: "forward", policy: "drop" },
};
const closed = { policy: "DROP" as const, rules: [] as string[] };

describe("the dataplane agent", () => {
  test("puts nothing in place until a tailnet has been seen, and everything then", async () => {
    using node = await start();
    node.kernel.nftChains = [iptablesForward];
    node.kernel.forward["iptables-nft"] = { policy: "DROP", rules: [] };
    const { agent, step, codes } = node.daemon();
    await step();
    expect([node.kernel.table, node.kernel.bridge, node.kernel.ipRules]).toEqual([undefined, undefined, []]);
    expect(node.kernel.calls.filter((call) => !call.includes(" list "))).toEqual([]);
    node.peers.set(peer);
    await step();
    expect(node.kernel.table).toContain("elements = { 10.1.2.0/24, 10.1.3.0/24 }");
    expect(node.kernel.ipRules.length).toBe(3);
    expect(node.kernel.forward["iptables-nft"].rules.length).toBe(2);
    expect(node.kernel.bridge?.addresses.map(String)).toEqual(["10.1.2.1/24"]);
    expect(codes()).toEqual([]);
    expect(agent.status()).toMatchObject({
      document: { tailnet: "used", masquerade: "bridge", keptNetworks: 2, forward: ["iptables-nft"] },
      summary: { "pod sources": "kept between 2 networks" },
    });
  });

  test("goes by the name that tailscaled's device has, also while tailscaled restarts", async () => {
    using node = await start();
    node.assignment.set({ ...ranges, clusterCIDRs: prefixes("10.1.0.0/16") });
    node.peers.set(peer);
    node.kernel.tailnetDevice = "ts0";
    const { step } = node.daemon();
    await step();
    expect(node.kernel.table).toContain('oifname "tailscale0"');
    node.kernel.tailnetMtuBytes = 1280;
    await step();
    expect(node.kernel.table).toContain('oifname "ts0"');
    node.kernel.tailnetMtuBytes = undefined;
    await step();
    expect(node.kernel.table).toContain('oifname "ts0"');
  });

  test.each([
    ["enabled", "{ enabled: true }"],
    ["logged in to", "{ login: { server: 'https://headscale.example.com', authKeyFile: /etc/headcni/key } }"],
  ])("is ready for a tailnet that shall be %s before one has been seen, and only then", async (_what, tailscale) => {
    using node = await start(`tailscale: ${tailscale}`);
    const { step, agent } = node.daemon();
    node.assignment.set({ ...ranges, isGuess: true });
    await step();
    expect([node.kernel.table, node.kernel.bridge, node.kernel.ipRules]).toEqual([undefined, undefined, []]);
    node.assignment.set({ ...ranges, current: { podCIDRs: parsePodCIDRs("10.1.9.0/24") } });
    await step();
    expect([node.kernel.bridge, node.held.value]).toEqual([undefined, undefined]);
    expect(node.kernel.ipRules.length).toBe(3);
    // On a node that is new to HeadCNI the login waits for the bridge, while conflist and plugins are seen to.
    node.assignment.set({ ...ranges, current: undefined });
    await step();
    expect(node.kernel.bridge?.addresses.map(String)).toEqual(["10.1.2.1/24"]);
    expect(String(node.held.value)).toBe("10.1.2.0/24");
    expect(node.kernel.table).toContain("elements = { 10.1.2.0/24 }");
    expect(agent.status()).toMatchObject({ document: { tailnet: "used", keptNetworks: 1 } });
    node.peers.set(peer);
    await step();
    expect(node.kernel.table).toContain("elements = { 10.1.2.0/24, 10.1.3.0/24 }");
    await node.configure("tailscale: { enabled: false }");
    await step();
    expect([node.kernel.table, node.kernel.ipRules]).toEqual([undefined, []]);
  });

  test("gives up gateway and rule with a claim that is lost, and not while a pod hangs on the bridge", async () => {
    using node = await start();
    node.peers.set(peer);
    const { step } = node.daemon();
    await step();
    expect(String(node.held.value)).toBe("10.1.2.0/24");
    const podCIDRs = parsePodCIDRs("10.1.2.0/24");
    const given = { isAdvertised: true, holdsGateway: false, startsPods: false, isKept: true, isWon: false };
    if (node.kernel.bridge !== undefined) node.kernel.bridge = { ...node.kernel.bridge, ports: ["veth1"] };
    node.claims.set({ claim: { podCIDRs, ...given }, taken: [], isProbing: true });
    await step();
    expect(node.kernel.bridge?.ports).toEqual(["veth1"]);
    if (node.kernel.bridge !== undefined) node.kernel.bridge = { ...node.kernel.bridge, ports: [] };
    await step();
    expect([node.kernel.bridge, node.held.value]).toEqual([undefined, undefined]);
    expect(node.kernel.ipRules.filter((rule) => rule.includes("5200"))).toEqual([]);
    node.claims.set(undefined);
    await step();
    expect(node.kernel.bridge?.addresses.map(String)).toEqual(["10.1.2.1/24"]);
    expect(node.kernel.ipRules.length).toBe(3);
  });

  test("changes nothing in a second step, and elements alone when a peer comes", async () => {
    using node = await start();
    node.peers.set(peer);
    const { step, counted } = node.daemon();
    await step();
    const changing = () => node.kernel.calls.filter((call) => / (add|del|-f) /.test(call));
    const before = changing().length;
    await step();
    expect(changing().length).toBe(before);
    const table = node.kernel.table;
    node.peers.set({ ...peer, podCIDRs: prefixes("10.1.3.0/24", "10.1.4.0/24") });
    await step();
    expect(node.kernel.table).toBe(table?.replace("10.1.3.0/24", "10.1.3.0/24, 10.1.4.0/24") ?? "");
    expect(counted).toEqual([]);
  });

  test("keeps the peers an earlier daemon knew until the tailnet is seen again", async () => {
    using node = await start();
    node.peers.set(peer);
    await node.daemon().step();
    const [table, rules] = [node.kernel.table, node.kernel.ipRules];
    node.peers.set(undefined);
    const { agent, step } = node.daemon();
    await step();
    expect([node.kernel.table, node.kernel.ipRules]).toEqual([table, rules]);
    expect(agent.status().document.tailnet).toBe("used");
    node.peers.set({ ...peer, podCIDRs: [] });
    await step();
    expect(node.kernel.table).toContain("elements = { 10.1.2.0/24 }");
  });

  test("keeps traffic on the tailnet from the first step after a reboot, also where nothing says the cluster's CIDR any more", async () => {
    using node = await start();
    node.peers.set(peer);
    await node.daemon().step();
    const [table, rules] = [node.kernel.table, node.kernel.ipRules];
    Object.assign(node.kernel, { table: undefined, bridge: undefined, ipRules: [] });
    node.peers.set(undefined);
    node.assignment.set({ ...ranges, clusterCIDRs: [] });
    const { agent, step, codes } = node.daemon();
    await step();
    expect([node.kernel.table, node.kernel.ipRules]).toEqual([table, rules]);
    expect(agent.status().document.tailnet).toBe("used");
    expect(codes()).toEqual([]);
    // What is said now counts more than what was.
    node.assignment.set({ ...ranges, clusterCIDRs: prefixes("10.0.0.0/12") });
    await step();
    expect(node.kernel.ipRules.filter((rule) => rule.includes("blackhole"))).toEqual([
      "-4 priority 5281 to 10.0.0.0/12 blackhole protocol 72",
    ]);
  });

  test.each([
    ["was taken out", (node: Scene) => node.daemon().agent.cleanUp({ isDryRun: false })],
    [
      "wants no tailnet",
      async (node: Scene) => {
        await node.configure("tailscale: {enabled: false}");
        await node.daemon().step();
        await node.configure("{}");
      },
    ],
  ])("remembers no tailnet once HeadCNI %s", async (_why, undo) => {
    using node = await start();
    node.peers.set(peer);
    await node.daemon().step();
    expect(JSON.parse(node.root.read("/var/lib/headcni/tailnet.json"))).toEqual({
      version: 1,
      clusterCIDRs: ["10.1.0.0/16"],
      peers: ["10.1.3.0/24"],
    });
    node.peers.set(undefined);
    await undo(node);
    expect(node.root.exists("/var/lib/headcni/tailnet.json")).toBe(false);
    await node.daemon().step();
    expect([node.kernel.table, node.kernel.ipRules]).toEqual([undefined, []]);
  });

  test("takes a memory that cannot be read for none, and writes it anew", async () => {
    using node = await start();
    node.root.write("/var/lib/headcni/tailnet.json", "{");
    const { step } = node.daemon();
    await step();
    expect(node.kernel.ipRules).toEqual([]);
    node.peers.set(peer);
    await step();
    expect(node.root.read("/var/lib/headcni/tailnet.json")).toContain("10.1.3.0/24");
  });

  test("makes the bridge only once the PodCIDR is in force", async () => {
    using node = await start();
    node.peers.set(peer);
    node.assignment.set({ ...ranges, current: { podCIDRs: parsePodCIDRs("10.1.9.0/24") } });
    const { step } = node.daemon();
    await step();
    expect(node.kernel.bridge).toBeUndefined();
    node.assignment.set(ranges);
    await step();
    expect(node.kernel.bridge?.addresses.map(String)).toEqual(["10.1.2.1/24"]);
  });

  test("puts right what something else changed, counts it, and slows down when that goes on", async () => {
    using node = await start();
    node.peers.set(peer);
    const { step, counted, codes, texts } = node.daemon();
    await step();
    node.kernel.ipRules = [];
    node.kernel.table = undefined;
    await step();
    expect(node.kernel.ipRules.length).toBe(3);
    expect(counted.toSorted()).toEqual(["rules", "table"]);
    expect(node.log.entries.filter(({ level }) => level === "warn").map(({ message }) => message)).toEqual([
      "Put the nftables table right: something else had changed it",
      "Put the routing rules right: something else had changed it",
    ]);
    for (let fight = 0; fight < 30; fight++) {
      node.kernel.ipRules = [];
      await step();
    }
    expect(codes()).toEqual(["RulesContested"]);
    expect(texts()[0]).toContain("The routing rules had to be put right 21 times within a minute");
    expect(counted.length).toBe(22);
    await node.clock.advance(120_000);
    await step();
    await node.clock.advance(120_000);
    await step();
    expect(codes()).toEqual([]);
    expect(node.kernel.ipRules.length).toBe(3);
  });

  test("lists nftables at rest only now and then, since that tells of changes, and iptables-legacy with each look", async () => {
    using node = await start();
    node.root.write("/proc/net/ip_tables_names", "filter\n");
    node.kernel.forward["iptables-legacy"] = { policy: "DROP", rules: [] };
    node.peers.set(peer);
    const { agent, step } = node.daemon();
    await step();
    const stop = new AbortController();
    const ended = agent.run(stop.signal, Promise.resolve());
    await node.clock.advance(0);
    const from = node.kernel.calls.length;
    node.kernel.forward["iptables-legacy"].rules = [];
    for (let second = 0; second < 290; second++) await node.clock.advance(1000);
    const calls = node.kernel.calls.slice(from);
    expect(calls.filter((call) => call.startsWith("nft "))).toEqual([]);
    expect(calls.filter((call) => call === "iptables-legacy -w 5 -S FORWARD").length).toBe(9);
    expect(node.kernel.forward["iptables-legacy"].rules.length).toBe(2);
    for (let second = 0; second < 20; second++) await node.clock.advance(1000);
    expect(node.kernel.calls.slice(from).filter((call) => call.startsWith("nft ")).length).toBe(2);
    stop.abort();
    await ended;
  });

  test("takes everything out, whatever left it, and nothing of others'", async () => {
    using node = await start();
    node.kernel.nftChains = [iptablesForward];
    const forward = { policy: "DROP" as const, rules: ["-j ts-forward"] };
    node.kernel.forward["iptables-nft"] = forward;
    node.kernel.ipRules = ["-4 priority 5270 to 10.9.0.0/16 lookup 52 protocol 3"];
    node.peers.set(peer);
    await node.daemon().step();
    expect(node.kernel.ipRules.length).toBe(4);
    const asText = (): string => JSON.stringify([node.kernel.table, node.kernel.bridge, node.kernel.ipRules, forward]);
    const before = asText();
    const would = await node.daemon().agent.cleanUp({ isDryRun: true });
    expect(asText()).toBe(before);
    expect(would.map(({ what }) => what)).toEqual([
      "Would remove the nftables table inet headcni",
      "Would remove the routing rules 5200, 5280 and 5281",
      "Would remove the rules in iptables' FORWARD",
      "Would remove the pod bridge headcni0",
    ]);
    const done = await node.daemon().agent.cleanUp({ isDryRun: false });
    expect(done.length).toBe(would.length);
    expect(node.kernel).toMatchObject({ table: undefined, bridge: undefined });
    expect(node.kernel.ipRules).toEqual(["-4 priority 5270 to 10.9.0.0/16 lookup 52 protocol 3"]);
    expect(forward.rules).toEqual(["-j ts-forward"]);
    expect(await node.daemon().agent.cleanUp({ isDryRun: false })).toEqual([]);
  });

  test("leaves a bridge on which a pod hangs, and says so", async () => {
    using node = await start();
    node.kernel.bridge = { addresses: [parsePrefix("10.1.2.1/24")], ports: ["veth1"] };
    expect(await node.daemon().agent.cleanUp({ isDryRun: false })).toEqual([
      { kind: "left", what: expect.stringContaining("headcni0, on which 1 pod of this node hang") },
    ]);
    expect(node.kernel.bridge).toBeDefined();
  });

  test("says everything that clean-up could not take out, after taking out the rest", async () => {
    using node = await start();
    node.peers.set(peer);
    const { agent, step } = node.daemon();
    await step();
    node.kernel.nftFault = "Operation not permitted";
    await expect(agent.cleanUp({ isDryRun: false })).rejects.toThrow("Cannot list the table inet headcni");
    expect(node.kernel.ipRules).toEqual([]);
  });
});

describe("what tailscaled has lost", () => {
  const none: TailnetDamage = { hasLostChains: false, lostRoutes: [], lostAddresses: [] };
  const lost: TailnetDamage = {
    hasLostChains: true,
    lostRoutes: prefixes("10.1.3.0/24"),
    lostAddresses: [parseAddr("100.64.0.2")],
  };
  const serving = [{ podCIDRs: prefixes("10.1.3.0/24"), addresses: [parseAddr("100.64.0.2")] }];
  const chains = { policy: "ACCEPT" as const, rules: ["-j ts-forward"] };
  const ip6 = { chain: { ...iptablesForward.chain, family: "ip6" } };

  /** A node on whose kernel tailscaled has everything. */
  async function joined() {
    const node = await start();
    node.peers.set({ ...peer, serving });
    node.kernel.nftChains = [iptablesForward, ip6];
    for (const program of ["iptables-nft", "ip6tables-nft"]) {
      node.kernel.forward[program] = { ...chains, rules: [...chains.rules] };
    }
    node.kernel.tailnetMtuBytes = 1280;
    node.kernel.tailscaleRoutes = ["10.1.3.0/24", "100.64.0.2"];
    return node;
  }

  /** As `iptables -F` leaves it; one family alone is flushed by it. */
  const flush = ({ kernel }: Scene): void => {
    kernel.forward["iptables-nft"] = { policy: "ACCEPT", rules: [] };
    kernel.tailscaleRoutes = [];
  };

  test("is published until it is back", async () => {
    using node = await joined();
    const { step } = node.daemon();
    await step();
    expect(node.damage.value).toEqual(none);
    flush(node);
    await step();
    expect(node.damage.value).toEqual(lost);
    // A flush of everything leaves no chain at all.
    node.kernel.nftChains = [];
    await step();
    expect(node.damage.value).toEqual(lost);
    node.peers.set({ podCIDRs: [], serving: [] });
    await step();
    expect(node.damage.value).toEqual({ ...none, hasLostChains: true });
  });

  test("is found when it was lost before the daemon began", async () => {
    using node = await joined();
    flush(node);
    await node.daemon().step();
    expect(node.damage.value).toEqual(lost);
  });

  test("is nothing of a node that is away, whose route tailscaled takes out itself", async () => {
    using node = await joined();
    const { step } = node.daemon();
    await step();
    node.kernel.tailscaleRoutes = ["100.64.0.2"];
    node.peers.set({ ...peer, serving: [] });
    await step();
    expect(node.damage.value).toEqual(none);
  });

  test.each<[string, (node: Scene) => void]>([
    ["that is not there", ({ kernel }) => Object.assign(kernel, { tailnetMtuBytes: undefined })],
    ["without an address yet", ({ kernel }) => Object.assign(kernel, { tailnetAddresses: [] })],
  ])("is nothing of a tailscaled %s", async (_what, harm) => {
    using node = await joined();
    flush(node);
    harm(node);
    await node.daemon().step();
    expect(node.damage.value).toEqual(none);
  });

  test("is nothing of a family that tailscaled does not use", async () => {
    using node = await joined();
    node.kernel.forward["ip6tables-nft"] = { policy: "ACCEPT", rules: [] };
    node.kernel.tailnetAddresses = prefixes("100.64.0.1/32");
    const podCIDRs = prefixes("10.1.3.0/24", "fd00:3::/64");
    node.peers.set({ podCIDRs, serving: [{ podCIDRs, addresses: [parseAddr("fd7a:115c:a1e0::2")] }] });
    await node.daemon().step();
    expect(node.damage.value).toEqual(none);
  });

  test("is no address that a route around it leads to", async () => {
    using node = await joined();
    node.kernel.tailscaleRoutes = ["10.1.3.0/24", "100.64.0.0/10"];
    await node.daemon().step();
    expect(node.damage.value).toEqual(none);
  });
});

describe("a condition of the dataplane", () => {
  const tailscaleNat = { chain: { family: "ip", table: "nat", name: "ts-postrouting" } };
  const incompatible =
    "iptables v1.8.9 (nf_tables): chain `ts-postrouting' in table `nat' is incompatible, use 'nft' tool.\n";
  type Harm = (node: Awaited<ReturnType<typeof start>>) => unknown;
  const withPod = (node: Awaited<ReturnType<typeof start>>, sysctls: Readonly<Record<string, string>>): void => {
    node.kernel.bridge = { addresses: prefixes("10.1.2.1/24"), ports: ["veth1"] };
    const right = { "net/ipv4/ip_forward": "1", "net/bridge/bridge-nf-call-iptables": "1" };
    for (const [key, value] of Object.entries({ ...right, ...sysctls }))
      node.root.write(`/proc/sys/${key}`, `${value}\n`);
  };
  const set =
    (parts: Partial<FakeKernel>): Harm =>
    ({ kernel }) =>
      Object.assign(kernel, parts);
  const rows: [string, string, Harm, string][] = [
    ["SourcesNotKept", "nft is missing", set({ nftFault: "missing" }), "Install the nftables package"],
    [
      "SourcesNotKept",
      "nft refuses",
      set({ nftFault: "Operation not permitted" }),
      "Cannot list the table inet headcni: Error: Operation not permitted. It is tried again by itself",
    ],
    [
      "RoutingRulesNotApplied",
      "ip refuses",
      set({ ipFault: "RTNETLINK answers: Operation not permitted" }),
      "failed: RTNETLINK answers: Operation not permitted",
    ],
    [
      "ForwardNotOpened",
      "iptables is missing",
      set({ nftChains: [iptablesForward], natFault: "missing" }),
      "Cannot run iptables-nft: it is not installed, or not on PATH. Install the iptables package",
    ],
    [
      "ForwardNotOpened",
      "iptables refuses",
      ({ kernel, root }) => {
        root.write("/proc/net/ip_tables_names", "nat\nfilter\n");
        kernel.forward["iptables-legacy"] = closed;
        kernel.iptablesFault =
          "Permission denied (you must be root)\nPerhaps iptables or your kernel needs to be upgraded.\n";
      },
      "iptables-legacy -w 5 -A FORWARD -i headcni0 -m comment --comment headcni -j ACCEPT failed: Permission denied",
    ],
    [
      "BridgeCannotMasquerade",
      "tailscaled is in its nftables mode",
      set({ nftChains: [tailscaleNat], natFault: incompatible }),
      "chain `ts-postrouting' in table `nat' is incompatible, use 'nft' tool. The bridge plugin masquerades by iptables",
    ],
    [
      "HostPortsNotMapped",
      "tailscaled is in its nftables mode, and portmap is chained",
      async ({ kernel, configure }) => {
        await configure("network: {masquerade: daemon}\ncni: {plugins: [{type: portmap}]}\n");
        Object.assign(kernel, { nftChains: [tailscaleNat], natFault: incompatible });
      },
      "portmap (cni.plugins) maps hostPorts by iptables",
    ],
    [
      "ForwardRefused",
      "another firewall drops",
      ({ kernel }) => {
        const chain = { family: "inet", table: "fw", name: "fwd", type: "filter", hook: "forward", policy: "drop" };
        kernel.nftChains = [{ chain }];
      },
      "Run nft insert rule inet fw fwd iifname headcni0 accept && nft insert rule inet fw fwd oifname headcni0 accept",
    ],
    [
      "ForwardRefused",
      "firewalld rejects",
      ({ kernel }) => {
        const chain = {
          family: "inet",
          table: "firewalld",
          name: "filter_FORWARD",
          type: "filter",
          hook: "forward",
          policy: "drop",
        };
        kernel.nftChains = [{ chain }];
      },
      "firewall-cmd --permanent --zone=trusted --add-interface=headcni0",
    ],
    [
      "ForwardingOff",
      "forwarding is off",
      (node) => withPod(node, { "net/ipv4/ip_forward": "0" }),
      "sysctl -w net.ipv4.ip_forward=1",
    ],
    [
      "BridgeNetfilterOff",
      "bridged packets pass iptables by",
      (node) => withPod(node, { "net/bridge/bridge-nf-call-iptables": "0" }),
      "modprobe br_netfilter",
    ],
    [
      "PodMtuTooLarge",
      "tailscale0 takes less than pods send",
      set({ tailnetMtuBytes: 1200 }),
      "Pods get an MTU of 1280, and tailscale0 takes 1200",
    ],
    [
      "TailnetNotRemembered",
      "its directory cannot be made",
      ({ root }) => root.write("/var/lib/headcni", "no directory"),
      "/var/lib/headcni",
    ],
    [
      "ClusterNotClosed",
      "Services have addresses in the cluster's CIDR",
      ({ assignment }) => assignment.set({ ...ranges, clusterCIDRs: prefixes("10.0.0.0/8") }),
      "10.0.0.0/8 holds addresses of Services too",
    ],
  ];
  test.each(rows)("%s when %s", async (code, _when, harm, text) => {
    using node = await start("network: {serviceCIDR: 10.96.0.0/12}\n");
    node.peers.set(peer);
    await harm(node);
    const { step, codes, texts } = node.daemon();
    await step();
    expect(codes()).toContain(code);
    expect(texts()[codes().indexOf(code)]).toContain(text);
  });

  test.each<[string, string, Partial<FakeKernel>]>([
    ["where the daemon masquerades", "daemon", { nftChains: [tailscaleNat], natFault: incompatible }],
    ["where nobody does", "none", { nftChains: [tailscaleNat], natFault: incompatible }],
    // k3s gives plugins one of its own.
    ["where there is no iptables", "bridge", { nftChains: [tailscaleNat], natFault: "missing" }],
    // What is said of a chain that is not there, too.
    ["without a chain of tailscaled's", "bridge", { natFault: incompatible }],
    ["where iptables knows the chain's rules", "bridge", { nftChains: [tailscaleNat] }],
  ])("BridgeCannotMasquerade not %s", async (_where, masquerade, parts) => {
    using node = await start(`network: {masquerade: ${masquerade}}\n`);
    node.peers.set(peer);
    Object.assign(node.kernel, parts);
    const { step, codes } = node.daemon();
    await step();
    expect(codes()).toEqual([]);
  });

  test("BridgeCannotMasquerade goes once tailscaled has gone back to iptables", async () => {
    using node = await start();
    node.peers.set(peer);
    Object.assign(node.kernel, { nftChains: [tailscaleNat], natFault: incompatible });
    const { step, codes } = node.daemon();
    await step();
    expect(codes()).toEqual(["BridgeCannotMasquerade"]);
    node.kernel.natFault = undefined;
    await step();
    expect(codes()).toEqual([]);
  });

  test("BridgeNotMade when ip makes no bridge, with all else in place", async () => {
    using node = await start();
    node.peers.set(peer);
    const run = node.kernel.exec.run;
    node.kernel.exec.run = async (argv, options) => {
      const isMaking = argv.join(" ").startsWith("ip link add");
      const refused = { exitCode: 2, signal: null, stdout: "", stderr: "Operation not supported", timedOut: false };
      return isMaking ? { ...refused, outputTooLong: false } : run(argv, options);
    };
    const { step, codes } = node.daemon();
    await step();
    expect(codes()).toEqual(["BridgeNotMade"]);
    expect(node.kernel.ipRules.length).toBe(3);
  });
});
