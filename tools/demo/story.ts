// What the demo shows, in order. Everything it says was just done: commands run on the machines, pods are made by containerd.

import { waitUntil } from "../../src/sys/testing.ts";
import { startContainerd } from "../../test/harness/containerd.ts";
import { connectPods, type Pod, type PodRuntime } from "../../test/harness/cri.ts";
import { conflistPath, headcniDaemon } from "../../test/harness/headcni.ts";
import { leftovers, noLeftovers } from "../../test/harness/leftovers.ts";
import { checkout, type Node, type NodeProcess } from "../../test/harness/node.ts";
import { type Machine, type Machines, machineTable, writeConfig } from "./machines.ts";
import { type DemoPod, reachTable, startAsking } from "./reach.ts";
import { command, good, note, output, step } from "./show.ts";

/** A machine with its runtime, its kubelet's connection and its daemon. */
interface RunningMachine extends Machine {
  readonly runtime: PodRuntime;
  readonly programs: readonly NodeProcess[];
  readonly daemon: NodeProcess;
}

/** Tells the whole story. Disposing the machines ends it at any point. */
export async function tell(machines: Machines): Promise<void> {
  const [first] = machines.list;
  step("Three machines, three networks", "They have a container runtime, and nothing that connects pods.");
  output(machineTable(machines));
  await showPodCIDR(first.node);
  await startTailnet(machines);
  const running = await startAll(machines);
  const pods = await showPods(running);
  await showReach(pods);
  await showMesh(first.node);
  await showRepairs(running, pods);
  await showStatus(first.node);
  await showEnd(running, pods);
}

async function showPodCIDR(node: Node): Promise<void> {
  step(
    "Which addresses may this node give to its pods?",
    "HeadCNI reads that from the node's own files. It says which file and line, and everything it asked before.",
  );
  await run(node, "headcni podcidr");
}

async function startTailnet({ list, tailnet, kind }: Machines): Promise<void> {
  step(
    "A tailnet",
    kind === "real"
      ? "Headscale on a fourth machine, with a policy that approves routes of tagged nodes; tailscaled on each, logged in nowhere."
      : "The lab's, since tailscaled and Headscale are not on PATH: it does to the kernel what they do, and speaks as they speak.",
  );
  for (const machine of list) {
    machine.tailscaled = await tailnet.join(machine.node, machine.lan);
    await writeConfig(machine, tailnet);
  }
  command("cat /etc/headcni/config.yaml   # on home-2; the key is in a file of its own");
  output(list[2].node.read("/etc/headcni/config.yaml"));
}

async function startAll({ list }: Machines): Promise<RunningMachine[]> {
  step(
    "The daemon on each",
    "It writes the one file every runtime reads, logs tailscaled in, offers the PodCIDR to the tailnet and accepts the others'.",
  );
  const running = await Promise.all(list.map(start));
  const [first] = running;
  if (first === undefined) return [];
  command(`headcni-daemon &   # on ${first.node.name}`);
  output(logLines(first.daemon, 0));
  await run(first.node, `cat ${conflistPath}`);
  await waitUntil("containerd finds the conflist", async () => (await first.runtime.network()).isReady);
  good("containerd now says NetworkReady=true");
  return running;
}

async function start(machine: Machine): Promise<RunningMachine> {
  const { node } = machine;
  const containerd = await startContainerd(node);
  const daemon = await node.spawn([headcniDaemon, "--log-format", "pretty"]);
  await waitUntil("the daemon writes the conflist", () => node.exists(conflistPath), 20_000);
  await waitUntil("the daemon serves its status", () => daemon.output().includes("Status and metrics are served"));
  return { ...machine, daemon, runtime: connectPods(node), programs: [daemon, containerd] };
}

async function showPods(running: readonly RunningMachine[]): Promise<DemoPod[]> {
  step("Four pods", "Made over CRI at the same time, by the calls a kubelet makes (by hand: crictl run).");
  const startedAt = performance.now();
  const [first, second, third] = running;
  if (first === undefined || second === undefined || third === undefined) throw new Error("A machine is missing");
  const wanted = [
    { name: "web", on: first },
    { name: "api", on: first },
    { name: "db", on: second },
    { name: "cache", on: third },
  ];
  const pods = await Promise.all(
    wanted.map(async ({ name, on }) => ({ machine: on.node.name, pod: await on.runtime.runPod({ name }) })),
  );
  note(`up after ${Math.round(performance.now() - startedAt)} ms`);
  await Promise.all(pods.map(({ pod }) => startAsking(pod)));
  return pods;
}

async function showReach(pods: readonly DemoPod[]): Promise<void> {
  step(
    "Each reaches each, with its own address",
    "Every pod asks every pod over TCP, itself included: from which address do you see me? One masqueraded on the way would show.",
  );
  const { table, count } = await waitForReach(pods);
  output(table);
  good(`${count} of ${pods.length ** 2} connections work, every one seen with the pod's own address`);
}

/** Until all connections work: a route is approved and delivered within seconds. @throws Error with the table when it never is so */
async function waitForReach(pods: readonly DemoPod[]) {
  let reach = await reachTable(pods);
  await waitUntil(
    "every pod reaches every pod",
    async () => {
      reach = await reachTable(pods);
      return reach.count === pods.length ** 2;
    },
    60_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}\n${reach.table}`);
  });
  return reach;
}

/** Until packets have proved the routes of all machines: pods may talk a few seconds before the node asks a silent one again. */
async function waitForRoutes(node: Node): Promise<void> {
  const areLive = async (): Promise<boolean> => {
    const { stdout, exitCode } = await node.run(["sh", "-c", "headcni mesh -o json"], { env: { PATH: demoPath } });
    if (exitCode !== 0) return false;
    const { nodes }: { readonly nodes: readonly { readonly route: string }[] } = JSON.parse(stdout);
    return nodes.length === 3 && nodes.every(({ route }) => route === "live");
  };
  await waitUntil("the routes are proved", areLive, 30_000);
}

async function showMesh(node: Node): Promise<void> {
  step(
    "How are the nodes joined?",
    "Whether a route is live is asked of no one: a packet from this node's pods' gateway to the other's either comes back or not.",
  );
  await waitForRoutes(node);
  await run(node, "headcni mesh");
}

async function showRepairs(running: readonly RunningMachine[], pods: readonly DemoPod[]): Promise<void> {
  const [first, second] = running;
  if (first === undefined || second === undefined) throw new Error("A machine is missing");
  step("Somebody breaks it", "The daemon hears of what is no longer as it should be, and puts it right.");
  const { node, daemon } = first;
  const wanted = node.read(conflistPath);
  const other = "/etc/cni/net.d/00-other.conflist";
  const isRight = (): boolean => node.exists(conflistPath) && node.read(conflistPath) === wanted;
  await repair(node, daemon, { doing: `rm ${conflistPath}`, isRepaired: isRight });
  note("A file of another network plugin, which the runtime would prefer since its name sorts first:");
  await repair(node, daemon, { doing: `echo '{}' > ${other}`, isRepaired: () => !node.exists(other) });
  note("The rules that keep pods' addresses and their traffic on the tailnet:");
  const rules = async (): Promise<string> =>
    `${await node.must(["ip", "rule"])}${(await node.run(["nft", "list", "table", "inet", "headcni"])).stdout}`;
  const before = await rules();
  await repair(node, daemon, {
    doing: "for n in 5200 5280 5281; do ip rule del pref $n; done; nft delete table inet headcni",
    isRepaired: async () => (await rules()) === before,
  });
  note(`And tailscaled of ${second.node.name} is killed and started again, as systemd would:`);
  command("kill -9 $(pidof tailscaled)");
  const startedAt = performance.now();
  await second.tailscaled?.kill();
  await second.tailscaled?.start();
  await waitForReach(pods);
  good(`every pod reaches every pod again ${((performance.now() - startedAt) / 1000).toFixed(1)} s after the kill`);
}

interface Damage {
  readonly doing: string;
  isRepaired(): boolean | Promise<boolean>;
}

async function repair(node: Node, daemon: NodeProcess, { doing, isRepaired }: Damage): Promise<void> {
  const logged = daemon.output().length;
  command(doing);
  // From before the harm: the daemon can be done with the repair before the shell has ended.
  const startedAt = performance.now();
  await node.must(["sh", "-c", doing]);
  await waitUntil("the daemon repairs it", isRepaired, 10_000);
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
  await waitForRoutes(node);
  await run(node, "headcni status");
}

async function showEnd(running: readonly RunningMachine[], pods: readonly DemoPod[]): Promise<void> {
  step(
    "The end",
    "Pods are removed, daemons and runtimes are stopped, and the machines with all that was on them are gone.",
  );
  await Promise.all(pods.map(({ pod }: { readonly pod: Pod }) => pod.remove()));
  for (const { node, programs, runtime } of running) {
    runtime[Symbol.dispose]();
    // The tailnet's device and rules are the machine's own.
    const { leases, namespaces, savedCalls } = await leftovers(node, ["devices", "rules"]);
    const left = { ...noLeftovers, leases, namespaces, savedCalls };
    if (!Bun.deepEquals(left, noLeftovers))
      throw new Error(`Pods left something on ${node.name}: ${JSON.stringify(left)}`);
    for (const program of programs) await program.stop();
  }
  good("no address or namespace of the pods is left on a machine");
}

const demoPath = `${checkout}/dist:/usr/sbin:/usr/bin`;

/** Shows a command line, runs it in the node's shell and shows what it printed, errors too: some are the point. */
async function run(node: Node, line: string): Promise<void> {
  command(line);
  const { stdout, stderr } = await node.run(["sh", "-c", line], { env: { PATH: demoPath } });
  output(`${stdout}${stderr}`);
}

/** What the daemon logged since, a line an event; the fields below each are for machines. */
function logLines(daemon: NodeProcess, since: number): string {
  const lines = daemon.output().slice(since).split("\n");
  return lines.filter((line) => line.startsWith("[")).join("\n");
}
