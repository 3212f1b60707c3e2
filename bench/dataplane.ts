// What the kernel's rules cost on a tailnet of 1,000 nodes, beside a kube-proxy with 1,000 services: a plan, a look, and rest. Runs
// inside a node made by run.ts.

import { createConditionStore } from "../src/agent/condition-store.ts";
import { createLatest } from "../src/agent/latest.ts";
import { parseAddr } from "../src/cidr/addr.ts";
import { type PodCIDRs, parsePodCIDRs } from "../src/cidr/pod-cidrs.ts";
import { type Prefix, parsePrefix } from "../src/cidr/prefix.ts";
import type { LoadedConfig } from "../src/config/config.ts";
import { loadConfig } from "../src/config/load.ts";
import { createDataplaneAgent, type DataplanePeers } from "../src/dataplane/agent.ts";
import type { NodeRanges } from "../src/dataplane/dataplane-plan.ts";
import { planDataplane } from "../src/dataplane/dataplane-plan.ts";
import { buildMesh, type MeshInput } from "../src/mesh/mesh.ts";
import { realExec } from "../src/sys/process/exec.ts";
import { createSystem } from "../src/sys/system.ts";
import type { ClaimsView } from "../src/tailnet/claims-view.ts";
import type { TailnetPeer } from "../src/tailnet/tailnet.ts";
import type { TailnetDamage } from "../src/tailnet/tailnet-damage.ts";
import { ms, type Table } from "./report.ts";
import { median } from "./sample.ts";
import { treeCpuMs } from "./usage.ts";

export interface DataplaneBenchOptions {
  readonly rounds: number;
  readonly restMs: number;
}

const count = 1000;
const podCIDRs = parsePodCIDRs("10.128.0.0/24");
const ranges: NodeRanges = {
  podCIDRs,
  clusterCIDRs: [parsePrefix("10.128.0.0/9")],
  isGuess: false,
  current: { podCIDRs },
};

/** The network map of a node with as many peers, each with its block. */
const meshInput: MeshInput = {
  tailnet: { self: { ...tailnetNode(0), advertisedRoutes: podCIDRs.list }, peers: peersOf(count).map(toPeer) },
  own: podCIDRs,
  clusterCIDRs: ranges.clusterCIDRs,
  nodeTags: [],
  previous: [],
};

function peersOf(many: number): readonly Prefix[] {
  return Array.from({ length: many }, (_, at) => parsePrefix(`10.${129 + (at >> 8)}.${at & 255}.0/24`));
}

function toPeer(podCIDR: Prefix, at: number): TailnetPeer {
  const routes = { primaryRoutes: [podCIDR], advertisedRoutes: [podCIDR] };
  return { ...tailnetNode(at + 1), ...routes, path: { kind: "direct", endpoint: "192.0.2.1:41641" } };
}

function tailnetNode(at: number) {
  const addresses = [parseAddr(`100.64.${at >> 8}.${at & 255}`), parseAddr(`fd7a:115c:a1e0::${(at + 1).toString(16)}`)];
  return { id: String(at), name: `node-${at}`, addresses, primaryRoutes: [], tags: ["tag:k8s-node"], isOnline: true };
}

const seen = (many: number): DataplanePeers => {
  const podCIDRs = peersOf(many);
  return { podCIDRs, serving: podCIDRs.map((podCIDR) => ({ podCIDRs: [podCIDR], addresses: [] })) };
};

export async function benchDataplane({ rounds, restMs }: DataplaneBenchOptions): Promise<Table[]> {
  await run(["iptables-nft-restore", "--noflush"], kubeProxyRules());
  await run(["iptables-nft", "-P", "FORWARD", "DROP"]);
  const system = createSystem();
  const config = createLatest<LoadedConfig | undefined>(await loadConfig(system));
  const peers = createLatest<DataplanePeers | undefined>(seen(count));
  const agent = createDataplaneAgent(system, {
    conditions: createConditionStore(system),
    config,
    assignment: createLatest<NodeRanges | undefined>(ranges),
    peers,
    claims: createLatest<ClaimsView | undefined>(undefined),
    held: createLatest<PodCIDRs | undefined>(undefined),
    damage: createLatest<TailnetDamage | undefined>(undefined),
    record: () => undefined,
  });
  const stop = new AbortController();
  const step = () => agent.once(stop.signal, Promise.resolve());
  const rows = [
    row("one mesh, from the network map", await measure(rounds, () => buildMesh(meshInput))),
    row("one plan", await measure(rounds, () => planAll(peersOf(count)))),
    row("the first look, which writes everything", await measure(1, step)),
    row("a look that finds all as it should be", await measure(rounds, step)),
    row(
      "one peer comes or goes",
      await measure(rounds, (round) => {
        peers.set(seen(count + (round % 2)));
        return step();
      }),
    ),
  ];
  /** Of one core, while nothing happens. */
  const percentAtRest = async (forMs: number): Promise<number> => {
    const before = treeCpuMs(process.pid);
    await system.clock.sleep(forMs);
    return ((treeCpuMs(process.pid) - before) / forMs) * 100;
  };
  const engine = await percentAtRest(restMs / 2);
  const running = agent.run(stop.signal, Promise.resolve());
  // The first look after the start, and the monitors' own, which read all rules once.
  await system.clock.sleep(5000);
  const all = await percentAtRest(restMs);
  stop.abort();
  await running;
  return [
    {
      title: "The kernel's rules with 1,000 peers",
      text:
        `Milliseconds, ${rounds} rounds, beside the rules of a kube-proxy with 1,000 services. At rest, over ${restMs / 1000} s, what ` +
        `looks and listens takes ${(all - engine).toFixed(2)} % of one core, nft and ip included, beside ${engine.toFixed(2)} % for the engine ` +
        "alone. Aim: 0.3 %.",
      columns: ["what", "min", "median", "max"],
      rows,
    },
  ];
}

function planAll(peers: readonly Prefix[]): void {
  planDataplane({
    ranges,
    serviceCIDRs: [],
    masquerade: "bridge",
    mtuBytes: 1280,
    tailnet: { kind: "used", peers },
    tailnetDevice: "tailscale0",
    isGivenUp: false,
  });
}

async function measure(rounds: number, act: (round: number) => unknown): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startedAt = performance.now();
    await act(round);
    times.push(performance.now() - startedAt);
  }
  return times;
}

function row(what: string, times: readonly number[]): readonly string[] {
  return [what, ms(Math.min(...times)), ms(median(times)), ms(Math.max(...times))];
}

/** The chains and rules of 1,000 services with one pod each, as kube-proxy writes them. */
function kubeProxyRules(): string {
  const services = Array.from({ length: count }, (_, at) => ({
    name: String(at).padStart(16, "0"),
    service: `10.96.${at >> 8}.${at & 255}`,
    pod: `10.129.${at >> 8}.${at & 255}`,
  }));
  return [
    "*nat",
    ":KUBE-SERVICES - [0:0]",
    ":KUBE-MARK-MASQ - [0:0]",
    ...services.flatMap(({ name }) => [`:KUBE-SVC-${name} - [0:0]`, `:KUBE-SEP-${name} - [0:0]`]),
    "-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000",
    ...services.flatMap(({ name, service, pod }) => [
      `-A KUBE-SERVICES -p tcp -d ${service} --dport 80 -m comment --comment "ns/${name}" -j KUBE-SVC-${name}`,
      `-A KUBE-SVC-${name} -p tcp -d ${service} --dport 80 ! -s 10.128.0.0/9 -j KUBE-MARK-MASQ`,
      `-A KUBE-SVC-${name} -m comment --comment "ns/${name} -> ${pod}:8080" -j KUBE-SEP-${name}`,
      `-A KUBE-SEP-${name} -s ${pod} -j KUBE-MARK-MASQ`,
      `-A KUBE-SEP-${name} -p tcp -j DNAT --to-destination ${pod}:8080`,
    ]),
    "COMMIT",
    "",
  ].join("\n");
}

async function run(argv: readonly string[], stdin?: string): Promise<void> {
  const { exitCode, stderr } = await realExec.run(argv, { stdin, timeoutMs: 60_000 });
  if (exitCode !== 0) throw new Error(`${argv.join(" ")} failed: ${stderr}`);
}
