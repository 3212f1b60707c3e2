// The node's side of the product: start, conflist, chain, and what an idle daemon takes. Runs inside a node made by run.ts.

import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { conflistPath, headcni, headcniDaemon } from "../test/harness/headcni.ts";
import { kubeadmFiles } from "../test/harness/kubeadm.ts";
import { peakBytes } from "./peak.ts";
import { mebibytes, ms, ratio, type Table } from "./report.ts";
import { type Case, interleave, median, percentile, type Run } from "./sample.ts";
import { cpuMs, memory } from "./usage.ts";

export interface NodeBenchOptions {
  readonly rounds: number;
  /** How long the daemon idles before it is looked at. */
  readonly idleMs: number;
}

const bridgeVersion = "bridge VERSION";
const nodeStart = "node -e 1";
const stateFolders = [
  "/etc/cni/net.d",
  "/etc/headcni",
  "/run/headcni",
  "/var/lib/headcni",
  "/var/lib/rancher",
  "/run/flannel",
];

export async function benchNode({ rounds, idleMs }: NodeBenchOptions): Promise<Table[]> {
  const cases = startCases();
  const runs = await interleave(cases, rounds);
  const peaks = new Map<string, number>();
  for (const each of cases) {
    each.prepare?.(0);
    peaks.set(each.name, await peakBytes(each));
  }
  return [startTable(runs, peaks), await idleTable(idleMs)];
}

function startCases(): Case[] {
  const once = [headcniDaemon, "--once"];
  return [
    {
      name: bridgeVersion,
      argv: ["/usr/lib/cni/bridge"],
      env: { CNI_COMMAND: "VERSION" },
      stdin: '{"cniVersion":"1.0.0"}',
    },
    { name: nodeStart, argv: ["node", "-e", "1"] },
    { name: "headcni --version", argv: [headcni, "--version"] },
    { name: "--once, nothing there yet", argv: once, prepare: layNode },
    { name: "--once, conflist already right", argv: once },
    {
      name: "--once, configuration changed",
      argv: once,
      prepare: (round) => write("/etc/headcni/config.yaml", `network:\n  mtu: ${1400 + (round % 2)}\n`),
    },
    { name: "podcidr, answer in the 4th file", argv: [headcni, "podcidr"], prepare: layNode },
    { name: "podcidr, answer in the last of 16 files", argv: [headcni, "podcidr"], prepare: layEverySource },
  ];
}

function startTable(runs: ReadonlyMap<string, readonly Run[]>, peaks: ReadonlyMap<string, number>): Table {
  const times = new Map([...runs].map(([name, list]) => [name, list.map((run) => run.ms)]));
  const bridge = median(times.get(bridgeVersion) ?? []);
  const node = median(times.get(nodeStart) ?? []);
  const rows = [...times].map(([name, list]) => {
    const middle = median(list);
    return [
      name,
      ms(Math.min(...list)),
      ms(middle),
      ms(percentile(list, 1)),
      ratio(middle, bridge),
      ratio(middle, node),
      mebibytes(peaks.get(name) ?? Number.NaN),
    ];
  });
  const once = median(times.get("--once, nothing there yet") ?? []);
  return {
    title: "From start to conflist",
    text: `Process start to end, milliseconds, ${times.get(nodeStart)?.length} interleaved rounds, files in the page cache. The end of \`--once\` is after the
conflist is on the disk and synced. Aim: \`--once\` on an empty node under 5x bridge VERSION plus 30 ms, here ${ms(5 * bridge + 30)} ms; it took ${ms(once)}.`,
    columns: ["what", "min", "median", "max", "of bridge", "of node", "peak MiB"],
    rows,
  };
}

async function idleTable(idleMs: number): Promise<Table> {
  layNode();
  const daemon = Bun.spawn([headcniDaemon, "--log-format", "json"], { stdio: ["ignore", "ignore", "ignore"] });
  const node = Bun.spawn(["node", "-e", "setInterval(() => {}, 1e9)"], { stdio: ["ignore", "ignore", "ignore"] });
  while (!existsSync(conflistPath)) await Bun.sleep(5);
  await Bun.sleep(5000);
  const before = cpuMs(daemon.pid);
  await Bun.sleep(idleMs);
  const percent = ((cpuMs(daemon.pid) - before) / idleMs) * 100;
  const rows = [["headcni-daemon", daemon.pid] as const, ["an idle node process", node.pid] as const].map(
    ([name, pid]) => [name, mebibytes(memory(pid, "Rss")), mebibytes(memory(pid, "Anonymous"))],
  );
  daemon.kill();
  node.kill();
  await Promise.all([daemon.exited, node.exited]);
  return {
    title: "The daemon at rest",
    text: `Memory ${(idleMs + 5000) / 1000} s after the start (smaps_rollup), processor time over the last ${idleMs / 1000} s: ${percent.toFixed(3)} % of one core.
Aim: under 40 MiB anonymous, under 0.2 %. Most of RSS is the executable's own pages, which the plugin shares.`,
    columns: ["process", "RSS MiB", "anonymous MiB"],
    rows,
  };
}

/** A kubeadm node that HeadCNI has never seen. */
function layNode(): void {
  for (const folder of stateFolders) rmSync(folder, { recursive: true, force: true });
  for (const [path, content] of Object.entries(kubeadmFiles({ podCIDR: "10.244.1.0/24" }))) write(path, content);
}

/** Every source file is there, and the one that is asked last has the answer. */
function layEverySource(): void {
  layNode();
  const files: Record<string, string> = {
    ...kubeadmFiles(),
    "/var/lib/rancher/k3s/agent/etc/node-bench.yaml": "apiVersion: v1\nkind: Node\nmetadata:\n  name: other\n",
    "/etc/rancher/k3s/k3s.yaml": "apiVersion: v1\nkind: Config\nclusters: []\nusers: []\n",
    "/var/lib/rancher/k3s/agent/etc/kubelet.config":
      "kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\n",
    "/etc/kubernetes/kubeadm-config.yaml":
      "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnetworking:\n  podSubnet: 10.244.0.0/16\n",
    "/etc/kubernetes/admin.conf": "apiVersion: v1\nkind: Config\nclusters: []\nusers: []\n",
    "/etc/rancher/k3s/config.yaml": "cluster-cidr: 10.244.0.0/16\n",
    "/etc/rancher/k3s/config.yaml.d/10.yaml": "cluster-cidr: 10.244.0.0/16\n",
    "/etc/rancher/rke2/config.yaml": "cluster-cidr: 10.244.0.0/16\n",
    "/etc/rancher/rke2/config.yaml.d/10.yaml": "cluster-cidr: 10.244.0.0/16\n",
    "/run/flannel/subnet.env": "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_MTU=1450\n",
    "/var/lib/rancher/k3s/agent/etc/flannel/net-conf.json": '{ "Network": "10.244.0.0/16" }\n',
    "/etc/cni/net.d/10-containerd-net.conflist":
      '{ "cniVersion": "1.0.0", "name": "a", "plugins": [{ "type": "bridge" }] }\n',
    "/etc/cni/net.d/20-old.conflist":
      '{ "cniVersion": "1.0.0", "name": "b", "plugins": [{ "type": "bridge", "ipam": { "type": "host-local", "subnet": "10.244.9.0/24" } }] }\n',
  };
  for (const [path, content] of Object.entries(files)) write(path, content);
}

function write(path: string, content: string): void {
  mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  writeFileSync(path, content);
}
