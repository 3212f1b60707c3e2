// What the demo shows, in order. Everything it says was just done: commands run in the node, pods are made by containerd.

import { renderTable } from "../../src/cli/table.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { startContainerd } from "../../test/harness/containerd.ts";
import { connectPods, type Pod, podPort } from "../../test/harness/cri.ts";
import { conflistPath, headcniDaemon } from "../../test/harness/headcni.ts";
import { kubeadmFiles } from "../../test/harness/kubeadm.ts";
import { leftovers, noLeftovers } from "../../test/harness/leftovers.ts";
import { checkout, type Node, type NodeProcess } from "../../test/harness/node.ts";
import { command, good, note, output, step } from "./show.ts";

const podNames = ["web", "api", "db"];

/** The disk of the demo's node. */
export const nodeFiles = kubeadmFiles({ podCIDR: "10.244.1.0/24" });

/** Tells the whole story on a node with `nodeFiles`. Disposing the node ends it at any point. */
export async function tell(node: Node): Promise<void> {
  await showDisk(node);
  await showPodCIDR(node);
  const runtime = await startRuntime(node);
  using kubelet = connectPods(node);
  const daemon = await startDaemon(node);
  await waitUntil("containerd finds the conflist", async () => (await kubelet.network()).isReady);
  good("containerd now says NetworkReady=true");
  const pods = await showPods(kubelet);
  await showReach(pods);
  await showRepairs(node, daemon);
  await showStatus(node);
  await showEnd(node, pods, [daemon, runtime]);
}

async function showDisk(node: Node): Promise<void> {
  step(
    "A kubeadm node whose kubelet was given its PodCIDR",
    "It has a kubelet and a control plane's manifests on its disk, but nothing that connects pods.",
  );
  await run(node, "grep cluster-cidr /etc/kubernetes/manifests/*");
  await run(node, "grep podCIDR /var/lib/kubelet/config.yaml");
  await run(node, "ls /etc/cni/net.d");
}

async function showPodCIDR(node: Node): Promise<void> {
  step(
    "Which addresses may this node give to its pods?",
    "HeadCNI reads that from the node's own files. It says which file and line, and everything it asked before.",
  );
  await run(node, "headcni podcidr");
}

async function startRuntime(node: Node): Promise<NodeProcess> {
  step("A container runtime without a network", "containerd is what the kubelet uses to run pods.");
  command("containerd &");
  const containerd = await startContainerd(node);
  using kubelet = connectPods(node);
  const { isReady, message } = await kubelet.network();
  output(`${await kubelet.version()}: NetworkReady=${isReady}, ${message}`);
  return containerd;
}

async function startDaemon(node: Node): Promise<NodeProcess> {
  step(
    "The daemon gives the node its network configuration",
    "It writes one file, which every container runtime reads: bridge the pods, take addresses from the node's range.",
  );
  command("headcni-daemon &");
  const daemon = await node.spawn([headcniDaemon, "--log-format", "pretty"]);
  await waitUntil("the daemon writes the conflist", () => node.exists(conflistPath));
  await waitUntil("the daemon serves its status", () => daemon.output().includes("Status and metrics are served"));
  output(logLines(daemon, 0));
  await run(node, `cat ${conflistPath}`);
  return daemon;
}

async function showPods(kubelet: ReturnType<typeof connectPods>): Promise<Pod[]> {
  step("Three pods", "Made over CRI at the same time, by the calls a kubelet makes (by hand: crictl run).");
  const startedAt = performance.now();
  const pods = await Promise.all(podNames.map((name) => kubelet.runPod({ name })));
  output(
    renderTable(
      ["pod", "address"],
      pods.map(({ name, addresses }) => [name, addresses.join(", ")]),
    ),
  );
  note(`up after ${Math.round(performance.now() - startedAt)} ms`);
  return pods;
}

async function showReach(pods: readonly Pod[]): Promise<void> {
  step(
    "Each reaches each",
    `Every pod opens a TCP connection to every pod, itself included, and hears the other's name (by hand: nc ADDRESS ${podPort}).`,
  );
  const rows = await Promise.all(pods.map(async (pod) => [pod.name, ...(await askAll(pod, pods))]));
  output(renderTable(["from \\ to", ...podNames], rows));
  const missing = rows.flatMap(([from, ...heard]) =>
    pods.filter(({ name }, index) => heard[index] !== `${name} answers`).map(({ name }) => `${from} to ${name}`),
  );
  if (missing.length > 0) throw new Error(`No connection from ${missing.join(", ")}`);
  good(`${pods.length * pods.length} of ${pods.length * pods.length} connections work`);
}

async function askAll(pod: Pod, others: readonly Pod[]): Promise<string[]> {
  const ask = others
    .map(({ addresses: [address] }) => `nc -w 3 ${address} ${podPort} </dev/null || echo nobody`)
    .join("; ");
  const { stdout } = await pod.exec(["sh", "-c", ask]);
  return stdout
    .trimEnd()
    .split("\n")
    .map((name) => `${name} answers`);
}

async function showRepairs(node: Node, daemon: NodeProcess): Promise<void> {
  step("Somebody breaks it", "The daemon watches the folder and puts right what is no longer as it should be.");
  const wanted = node.read(conflistPath);
  const other = "/etc/cni/net.d/00-other.conflist";
  const isRight = (): boolean => node.exists(conflistPath) && node.read(conflistPath) === wanted;
  await repair(node, daemon, { doing: `echo '{ "plugins": [' > ${conflistPath}`, isRepaired: isRight });
  await repair(node, daemon, { doing: `rm ${conflistPath}`, isRepaired: isRight });
  note("A file of another network plugin, which the runtime would prefer since its name sorts first:");
  await repair(node, daemon, { doing: `echo '{}' > ${other}`, isRepaired: () => !node.exists(other) });
  await run(node, "ls /etc/cni/net.d");
}

interface Damage {
  readonly doing: string;
  isRepaired(): boolean;
}

async function repair(node: Node, daemon: NodeProcess, { doing, isRepaired }: Damage): Promise<void> {
  const logged = daemon.output().length;
  command(doing);
  // From before the harm: the daemon can be done with the repair before the shell has ended.
  const startedAt = performance.now();
  await node.must(["sh", "-c", doing]);
  await waitUntil("the daemon repairs it", isRepaired);
  const tookMs = Math.round(performance.now() - startedAt);
  await waitUntil("the daemon says so", () => logLines(daemon, logged) !== "");
  good(`broken and repaired within ${tookMs} ms`);
  output(logLines(daemon, logged));
}

async function showStatus(node: Node): Promise<void> {
  step(
    "How is the node?",
    "The same is served for machines at http://127.0.0.1:9465 as /status, /metrics and /readyz.",
  );
  await run(node, "headcni status");
}

async function showEnd(node: Node, pods: readonly Pod[], processes: readonly NodeProcess[]): Promise<void> {
  step(
    "The end",
    "The pods are removed, daemon and containerd are stopped, and the node with all that was on it is gone.",
  );
  await Promise.all(pods.map((pod) => pod.remove()));
  const left = await leftovers(node);
  if (!Bun.deepEquals(left, noLeftovers))
    throw new Error(`The pods left something on the node: ${JSON.stringify(left)}`);
  good("no address, device, firewall rule or namespace of the pods is left on the node");
  for (const process of processes) await process.stop();
}

/** Shows a command line, runs it in the node's shell and shows what it printed, errors too: some are the point. */
async function run(node: Node, line: string): Promise<void> {
  command(line);
  const path = `${checkout}/dist:/usr/sbin:/usr/bin`;
  const { stdout, stderr } = await node.run(["sh", "-c", line], { env: { PATH: path } });
  output(`${stdout}${stderr}`);
}

/** What the daemon logged since, a line an event; the fields below each are for machines. */
function logLines(daemon: NodeProcess, since: number): string {
  const lines = daemon.output().slice(since).split("\n");
  return lines.filter((line) => line.startsWith("[")).join("\n");
}
