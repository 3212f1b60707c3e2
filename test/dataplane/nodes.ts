// Two nodes that a stand-in for the tailnet joins: a device called tailscale0 on each, the other's routes in table 52, and tailscaled's
// rules and chains as they were read off the real one. Pods are made by the real bridge plugin.

import { realExec } from "../../src/sys/process/exec.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { conflistPath } from "../harness/headcni.ts";
import { checkout, createNode, type Node, type NodeProcess } from "../harness/node.ts";

/** What the agent is given in place of the values of the daemon's other agents. */
export interface AgentInputs {
  readonly podCIDRs: string;
  /** @default podCIDRs */
  readonly current?: string;
  readonly clusterCIDRs?: readonly string[];
  /** Undefined: no tailnet has been seen. */
  readonly peers?: readonly string[];
  /** The peers' own. @default none */
  readonly addresses?: readonly string[];
}

export interface Step {
  readonly count: number;
  readonly codes: readonly string[];
  readonly texts: readonly string[];
  readonly document: Readonly<Record<string, unknown>>;
  readonly damage?: {
    readonly hasLostChains: boolean;
    readonly lostRoutes: readonly string[];
    readonly lostAddresses: readonly string[];
  };
}

const bun = `${checkout}/node_modules/.bin/bun`;
const script = `${checkout}/test/dataplane/run-agent.ts`;
const inputsFile = "/inputs.json";

/** The agent of one node, as long as it runs. */
export interface RunningAgent {
  readonly process: NodeProcess;
  /** Gives it other values. */
  give(inputs: AgentInputs): void;
  last(): Step;
  output(): string;
  /** How often it put this part right. */
  repairs(part: string): number;
}

export async function runAgent(node: Node, inputs: AgentInputs): Promise<RunningAgent> {
  node.write(inputsFile, JSON.stringify(inputs));
  const process = await node.spawn([bun, script, "run", inputsFile], { log: `/var/log/agent-${Date.now()}.log` });
  const steps = (): Step[] =>
    process
      .output()
      .split("\n")
      .flatMap((line) => (line.startsWith("step ") ? [JSON.parse(line.slice(5))] : []));
  const running: RunningAgent = {
    process,
    output: () => process.output(),
    give: (next) => {
      node.write(inputsFile, JSON.stringify(next));
      process.kill("SIGHUP");
    },
    last: () => {
      const step = steps().at(-1);
      if (step === undefined) throw new Error(`The agent made no step: ${process.output()}`);
      return step;
    },
    repairs: (part) => process.output().split(`count headcni_dataplane_repairs_total 1 {"part":"${part}"}`).length - 1,
  };
  await waitUntil("the agent has made two steps", () => (steps().at(-1)?.count ?? 0) >= 2, 20_000).catch((error) => {
    throw new Error(`${error.message}; it said: ${process.output()}`);
  });
  return running;
}

/** One step, as `--once` makes it. */
export async function onceAgent(node: Node, inputs: AgentInputs): Promise<Step> {
  node.write(inputsFile, JSON.stringify(inputs));
  const output = await node.must([bun, script, "once", inputsFile], { timeoutMs: 30_000 });
  const line = output.split("\n").findLast((each) => each.startsWith("step "));
  return JSON.parse((line ?? "step {}").slice(5));
}

export async function cleanAgent(node: Node): Promise<string> {
  return node.must([bun, script, "clean", inputsFile], { timeoutMs: 30_000 });
}

/** The node's number is in all its addresses: 100.64.0.N, 10.244.N.0/24, fd00:N::/64. */
export interface TailnetNode {
  readonly node: Node;
  readonly number: number;
}

export interface JoinedNodesOptions {
  readonly files?: Readonly<Record<string, string>>;
  /** Whether the bridge plugin masquerades. @default true */
  readonly ipMasq?: boolean;
}

/** Two nodes, joined. Disposing takes both away. */
export async function joinedNodes({ files = {}, ipMasq = true }: JoinedNodesOptions = {}) {
  const stack = new AsyncDisposableStack();
  const make = async (number: number): Promise<TailnetNode> => {
    const node = stack.use(
      await createNode({ name: `node-${number}`, files: { ...files, [conflistPath]: conflist(number, ipMasq) } }),
    );
    return { node, number };
  };
  const [one, two] = [await make(1), await make(2)];
  const ends = [one, two].map(({ node }) => ["tailscale0", "netns", String(node.pid)]);
  const link = [
    "ip",
    "link",
    "add",
    ...(ends[0] ?? []),
    "mtu",
    "1280",
    "type",
    "veth",
    "peer",
    "name",
    ...(ends[1] ?? []),
  ];
  const added = await realExec.run([...link, "mtu", "1280"]);
  if (added.exitCode !== 0) throw new Error(`Cannot join the nodes: ${added.stderr}`);
  await tailscaleUp(one, two);
  await tailscaleUp(two, one);
  return { one, two, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** What tailscaled does to a node's kernel, with its default of masquerading what comes over the tailnet. */
async function tailscaleUp({ node, number }: TailnetNode, peer: TailnetNode): Promise<void> {
  const far = `100.64.0.${peer.number}`;
  const route = "onlink dev tailscale0 table 52";
  await shell(node, [
    `ip addr add 100.64.0.${number}/32 dev tailscale0`,
    `ip addr add fd7a:115c:a1e0::${number}/128 dev tailscale0 nodad`,
    "ip link set tailscale0 up",
    "ip rule add pref 5210 fwmark 0x80000/0xff0000 lookup main",
    "ip rule add pref 5230 fwmark 0x80000/0xff0000 lookup default",
    "ip rule add pref 5250 fwmark 0x80000/0xff0000 unreachable",
    "ip rule add pref 5270 lookup 52",
    "ip -6 rule add pref 5270 lookup 52",
    `ip route add ${far} dev tailscale0 table 52`,
    `ip route add 10.244.${peer.number}.0/24 via ${far} ${route}`,
    `ip -6 route add fd7a:115c:a1e0::${peer.number} dev tailscale0 table 52`,
    `ip -6 route add fd00:${peer.number}::/64 via fd7a:115c:a1e0::${peer.number} ${route}`,
    ...["iptables", "ip6tables"].flatMap(tailscaleChains),
  ]);
}

function tailscaleChains(iptables: string): string[] {
  const tailnet = iptables === "iptables" ? "100.64.0.0/10" : "fd7a:115c:a1e0::/48";
  return [
    "-t nat -N ts-postrouting",
    "-t nat -A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE",
    "-t nat -I POSTROUTING -j ts-postrouting",
    "-N ts-forward",
    "-A ts-forward -i tailscale0 -j MARK --set-xmark 0x40000/0xff0000",
    "-A ts-forward -m mark --mark 0x40000/0xff0000 -j ACCEPT",
    `-A ts-forward -s ${tailnet} -o tailscale0 -j DROP`,
    "-A ts-forward -o tailscale0 -j ACCEPT",
    "-I FORWARD -j ts-forward",
  ].map((rule) => `${iptables} ${rule}`);
}

/** Runs the lines one after the other. @throws Error with what failed */
export async function shell(node: Node, lines: readonly string[]): Promise<string> {
  return node.must(["sh", "-ec", lines.join("\n")]);
}

/** The default conflist, dual stack. */
function conflist(number: number, ipMasq: boolean): string {
  const subnets = [`10.244.${number}.0/24`, `fd00:${number}::/64`];
  const ranges = subnets.map((subnet) => [{ subnet }]);
  const ipam = { type: "host-local", ranges, routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }] };
  const bridge = {
    type: "bridge",
    bridge: "headcni0",
    ipMasq,
    isGateway: true,
    hairpinMode: true,
    mtu: 1280,
    ipam,
  };
  return JSON.stringify({ cniVersion: "0.4.0", name: "headcni", plugins: [bridge] });
}

/** Counts what arrives in a pod, by the source it shows, from now on. */
export async function countSources(node: Node, pod: string, sources: Readonly<Record<string, string>>): Promise<void> {
  const rules = Object.entries(sources).map(([who, source]) => {
    const family = source.includes(":") ? "ip6" : "ip";
    const echo = family === "ip6" ? "icmpv6 type echo-request" : "icmp type echo-request";
    return `${family} saddr ${source} ${echo} counter comment "${who}"`;
  });
  const chain = ["chain i {", "type filter hook input priority 0;", ...rules, "}"];
  const table = ["table inet seen", "delete table inet seen", "table inet seen {", ...chain, "}", ""].join("\n");
  await node.must([...inPod(pod), "nft", "-f", "-"], { stdin: table });
}

/** Who has been seen in a pod since it began to count. */
export async function seenIn(node: Node, pod: string): Promise<string[]> {
  const counters = await node.must([...inPod(pod), "nft", "list", "table", "inet", "seen"]);
  return [...counters.matchAll(/counter packets [1-9].* comment "([^"]+)"/g)].map(([, who]) => who ?? "");
}

export function inPod(pod: string): string[] {
  return ["ip", "netns", "exec", pod];
}

/** Whether a ping is answered. @param from a pod, or undefined for the node itself */
export async function pings(
  node: Node,
  from: string | undefined,
  to: string,
  options: readonly string[] = [],
): Promise<boolean> {
  const argv = ["busybox", "ping", "-c1", "-W1", ...options, to];
  return (await node.run([...(from === undefined ? [] : inPod(from)), ...argv])).exitCode === 0;
}
