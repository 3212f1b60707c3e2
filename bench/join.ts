// A new node's way to its first answer from a pod of another node, under each way of approval, beside what tailscaled and Headscale take by
// themselves. Needs the real programs.

import { chmodSync } from "node:fs";
import { waitUntil } from "../src/sys/testing.ts";
import { configFile } from "../test/daemon/daemon.ts";
import { headcni, headcniDaemon } from "../test/harness/headcni.ts";
import { checkout, createNode, type Node } from "../test/harness/node.ts";
import { joinTailnet } from "../test/harness/tailnet/join.ts";
import type { TailnetPrograms } from "../test/harness/tailnet/programs.ts";
import { allPairs, type Cluster, createCluster } from "../test/tailnet/cluster.ts";
import { createReal, type TestTailnet } from "../test/tailnet/tailnets.ts";
import { serve, withProbe } from "./ends.ts";
import { ratio, type Table, threeOf } from "./report.ts";
import { median } from "./sample.ts";

/** By hand with what tailscaled and Headscale have, or by the daemon; the yardstick of each daemon's is the one by hand before it. */
const ways = {
  policy: "by hand, policy",
  "headcni-policy": "headcni-daemon, policy",
  api: "by hand, approved by the API",
  "headcni-node": "headcni-daemon, approval: node",
  "headcni-controller": "headcni-daemon, approval: controller",
} as const;
type Way = keyof typeof ways;
const yardsticks: Partial<Record<Way, Way>> = {
  "headcni-policy": "policy",
  "headcni-node": "api",
  "headcni-controller": "api",
};

/** Seconds from the start. */
interface Join {
  /** Undefined by hand. */
  readonly asked: number | undefined;
  readonly routed: number;
  readonly answered: number;
}

export async function benchJoin(programs: TailnetPrograms, joins: number): Promise<Table[]> {
  const tailnet = await createReal(programs);
  await using cluster = await createCluster({ name: "real", title: "real", create: async () => tailnet }, { nodes: 2 });
  await allPairs(cluster.members);
  const target = cluster.members[1];
  if (target === undefined) throw new Error("No members");
  await serve({ node: target.node, pod: target.pod.name, address: target.pod.address });
  const scene = { cluster, tailnet, key: await tailnet.authKey(), apiKey: await tailnet.headscale.makeApiKey() };
  const names = Object.keys(ways) as Way[];
  const times = new Map<Way, Join[]>(names.map((way) => [way, []]));
  for (let round = 0; round < joins; round++) {
    for (const [at, way] of names.entries()) {
      times.get(way)?.push(await timeOfJoin(scene, { way, number: 100 + names.length * round + at }));
    }
  }
  const of = (way: Way, phase: keyof Join): number[] => (times.get(way) ?? []).flatMap((join) => join[phase] ?? []);
  const rows = names.map((way) => {
    const yardstick = yardsticks[way];
    const answered = of(way, "answered");
    const asked = of(way, "asked");
    return [
      ...threeOf(ways[way], answered, 2),
      yardstick === undefined ? "" : ratio(median(answered), median(of(yardstick, "answered"))),
      asked.length === 0 ? "" : median(asked).toFixed(2),
      median(of(way, "routed")).toFixed(2),
    ];
  });
  return [
    {
      title: "A new node's first answer",
      text: `Seconds until a pod of another node answers the new node's pod gateway, ${joins} nodes each way in turn: joined by hand with its route, and
from the start of the daemon, which logs it in. Aim: 1.2 of the same approval by hand. Medians of two moments on the way: the daemon
asks tailscaled to log in, and tailscaled has the way to the other pod in the kernel.`,
      columns: ["what", "min", "median", "max", "of by hand", "login asked", "routes there"],
      rows,
    },
  ];
}

interface Scene {
  readonly cluster: Cluster;
  readonly tailnet: TestTailnet;
  readonly key: string;
  readonly apiKey: string;
}

async function timeOfJoin(
  scene: Scene,
  { way, number }: { readonly way: Way; readonly number: number },
): Promise<Join> {
  const { cluster, tailnet, key, apiKey } = scene;
  const [other, target] = cluster.members;
  if (other === undefined || target === undefined) throw new Error("No members");
  // The policy approves 10.244.0.0/16 alone.
  const podCIDR = `10.${way.endsWith("policy") ? 244 : 246}.${number}.0/24`;
  const gateway = podCIDR.replace("0/24", "1");
  await using node = await createNode({ name: `join-${number}` });
  await tailnet.join(node);
  const routes = await node.spawn(["ip", "-ts", "-o", "monitor", "route"], { log: "/var/log/routes.log" });
  const controller = way === "headcni-controller" ? await startController(scene, other.node) : undefined;
  try {
    return await withProbe({ node, address: gateway }, target.pod.address, async (answers) => {
      writeFiles(node, { way, podCIDR, tailnet, key, apiKey });
      if (!way.startsWith("headcni")) await addGateway(node, gateway);
      const startedAt = Date.now();
      const join = { node, key, podCIDR, url: tailnet.controlURL };
      const daemon = way.startsWith("headcni") ? await node.spawn([headcniDaemon]) : undefined;
      const joining = daemon === undefined ? joinByHand(join) : undefined;
      const approve = [process.execPath, `${checkout}/bench/approve.ts`, join.url, apiKey, podCIDR];
      if (way === "api") await other.node.spawn(approve);
      await waitUntil(`a pod answers the new node: ${ways[way]}`, () => answers().length > 0, 90_000);
      await joining;
      const seconds = (at: number): number => (at - startedAt) / 1000;
      const asked = daemon === undefined ? undefined : askedAt(daemon.output());
      return {
        asked: asked === undefined ? undefined : seconds(asked),
        routed: seconds(routedAt(routes.output(), target.podCIDR)),
        answered: seconds(answers()[0] ?? startedAt),
      };
    });
  } finally {
    await controller?.stop();
  }
}

function writeFiles(
  node: Node,
  { way, podCIDR, tailnet, key, apiKey }: Omit<Scene, "cluster"> & { readonly way: Way; readonly podCIDR: string },
): void {
  const approval = way.split("-").at(-1);
  const headscale =
    approval === "node" ? { approval, url: tailnet.controlURL, apiKeyFile: "/etc/headcni/api.key" } : { approval };
  const config = {
    network: { podCIDR: { nodeLocal: podCIDR, base: "10.240.0.0/12" } },
    tailscale: { login: { server: tailnet.controlURL, authKeyFile: "/etc/headcni/key" } },
    headscale,
  };
  node.write(configFile, JSON.stringify(config));
  writeSecret(node, "/etc/headcni/key", key);
  writeSecret(node, "/etc/headcni/api.key", apiKey);
}

function writeSecret(node: Node, path: string, secret: string): void {
  node.write(path, secret);
  chmodSync(node.path(path), 0o600);
}

async function addGateway(node: Node, gateway: string): Promise<void> {
  const script = `ip link add pods0 type bridge; ip addr add ${gateway}/24 dev pods0; ip link set pods0 up`;
  await node.must(["sh", "-ec", script]);
}

interface ByHand {
  readonly node: Node;
  readonly key: string;
  readonly podCIDR: string;
  readonly url: string;
}

function joinByHand({ node, key, podCIDR, url }: ByHand): Promise<unknown> {
  const headscale = { url, authKey: async () => key };
  return joinTailnet(node, { headscale, advertiseRoutes: [podCIDR], acceptRoutes: true });
}

/** One that has made its first list, beside a tailscaled that tells it of nodes. */
async function startController({ tailnet, apiKey }: Scene, node: Node) {
  const config = {
    network: { podCIDR: { base: "10.240.0.0/12" } },
    tailscale: { nodeTags: "tag:k8s-node" },
    headscale: { approval: "controller", url: tailnet.controlURL, apiKeyFile: "/etc/headcni/api.key" },
  };
  node.write("/etc/headcni/controller.json", JSON.stringify(config));
  writeSecret(node, "/etc/headcni/api.key", apiKey);
  const argv = [headcni, "controller", "--config", "/etc/headcni/controller.json", "--listen", "127.0.0.1:9470"];
  const controller = await node.spawn(argv, { log: "/var/log/controller.log" });
  await Bun.sleep(5000);
  return controller;
}

/** When the daemon asked tailscaled to log in, milliseconds since the epoch. */
function askedAt(log: string): number | undefined {
  const line = log.split("\n").find((each) => each.includes("Logging tailscaled in"));
  return line === undefined ? undefined : Date.parse(JSON.parse(line).time);
}

/** When tailscaled's table got the way to a range, as `ip -ts monitor` tells. */
function routedAt(log: string, range: string): number {
  const line = log.split("\n").find((each) => each.includes(`] ${range} dev tailscale0 table 52`));
  return Date.parse(/^\[([^\]]+)\]/.exec(line ?? "")?.[1] ?? "");
}
