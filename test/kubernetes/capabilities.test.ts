// What the daemon and the uninstall cannot do without each of their capabilities, one after the other: the reasons in docs/kubernetes.md.

import { describe, expect, test } from "bun:test";
import { exitCodes } from "../../src/cli/exit.ts";
import { isJsonObject, type JsonObject } from "../../src/sys/json.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { conditionsIn, createChartNode, podOf } from "../chart/chart-node.ts";
import { helmTemplate } from "../chart/helm.ts";
import { type ChartPod, type ChartPodOptions, runChartPod } from "../chart/kubelet.ts";
import { objectsOf } from "../chart/volumes.ts";
import { clusterPrograms } from "../harness/kubernetes/programs.ts";
import type { Node } from "../harness/node.ts";
import { wantedPrograms } from "./programs-found.ts";

const confDir = "/etc/cni/net.d";
/** Another user's, which its owner alone may read: one before ours, one that has our name. */
const names = ["05-other.conflist", "10-headcni.conflist"];
const paths = names.map((name) => `${confDir}/${name}`);
const given = "600 1000:1000 1000000000\n".repeat(names.length);
const text = '{"cniVersion":"0.4.0","name":"other","plugins":[{"type":"ptp"}]}';
const copy = "/var/lib/headcni-test/installed";

/** Which are raised when the daemon lacks it. */
const conditions: readonly (readonly [string, readonly string[]])[] = [
  ["NET_ADMIN", ["BridgeNotMade", "RoutingRulesNotApplied", "SourcesNotKept"]],
  ["NET_RAW", ["ForwardNotOpened"]],
  ["DAC_OVERRIDE", ["ConflistNotWritten"]],
];
/** What the uninstall says then. In this order: each leaves what the next one looks at. */
const refusals = [
  ["NET_ADMIN", "the table inet headcni"],
  ["NET_RAW", "iptables-legacy"],
  ["DAC_OVERRIDE", "permission denied"],
  ["CHOWN", `Cannot restore ${confDir}/05-other.conflist`],
  ["FOWNER", `Cannot restore ${confDir}/05-other.conflist`],
] as const;

// It needs no cluster, and takes too long for every run of the tests.
describe.each(wantedPrograms(clusterPrograms))("in containerd", () => {
  test("each capability of the chart's pods is needed", eachIsNeeded, 300_000);
});

async function eachIsNeeded(): Promise<void> {
  await using chartNode = await createChartNode();
  const { node } = chartNode;
  const rendered = await helmTemplate([
    "config.network.podCIDR.nodeLocal=10.244.1.0/24",
    "config.network.podCIDR.nodeObject.enabled=false",
    "config.network.podCIDR.base=10.244.0.0/16",
    "config.tailscale.enabled=true",
    "singleNode=true",
  ]);
  // A firewall in the way, and a directory of plugins as an archive of them makes it.
  await node.must(["sh", "-c", "iptables-legacy -P FORWARD DROP && chown 1001:1001 /opt/cni/bin"]);
  const daemonPod = podOf(rendered, "DaemonSet", "headcni-daemon");
  expect(capabilitiesOf(daemonPod)).toEqual(conditions.map(([name]) => name).toSorted());
  for (const [capability, codes] of conditions) {
    if (capability === "DAC_OVERRIDE") await giveOthers(node);
    const daemon = await runChartPod(node, without(daemonPod, capability));
    await hasConditions(daemon, codes);
    await daemon.remove();
  }
  const daemon = await runChartPod(node, daemonPod);
  const isOpen = async (): Promise<boolean> =>
    (await node.must(["iptables-legacy", "-S", "FORWARD"])).includes("-i headcni0");
  await waitUntil("the node's firewall is open", isOpen, 20_000);
  const lacking = conditions.flatMap(([, codes]) => codes);
  const isWell = async (): Promise<boolean> => {
    const { stdout } = await daemon.exec(["headcni", "status", "-o", "json"]);
    return stdout.includes('"conditions"') && !lacking.some((code) => stdout.includes(`"${code}"`));
  };
  await waitUntil("the daemon lacks nothing", isWell, 20_000);
  await daemon.remove();
  // Somebody has tidied up: what was moved aside comes back from its copy.
  await node.must(["sh", "-c", `rm ${confDir}/*.headcni-aside && cp -a /var/lib/headcni ${copy}`]);

  const uninstall = podOf(rendered, "DaemonSet", "headcni-uninstall");
  expect(capabilitiesOf(uninstall)).toEqual(refusals.map(([name]) => name).toSorted());
  for (const [capability, said] of refusals) {
    const crippled = await runChartPod(node, without(uninstall, capability));
    expect([capability, crippled.initExits, crippled.log("uninstall")]).toEqual([
      capability,
      [exitCodes.failed.code],
      expect.stringContaining(said),
    ]);
    await crippled.remove();
    await node.must(["sh", "-c", `rm -rf ${paths.join(" ")}; cp -a ${copy}/. /var/lib/headcni/`]);
  }
  const done = await runChartPod(node, uninstall);
  expect([done.initExits, done.log("uninstall")]).toEqual([[0], expect.not.stringContaining("Left alone")]);
  await done.remove();
  expect(await node.must(["stat", "-c", "%a %u:%g %Y", ...paths])).toBe(given);
}

/** Others' configurations, as on a node that HeadCNI comes to. */
async function giveOthers(node: Node): Promise<void> {
  await node.must(["sh", "-c", `rm -rf /var/lib/headcni ${confDir}/* /opt/cni/bin/*`]);
  for (const path of paths) {
    node.write(path, text);
    await node.must(["sh", "-c", `chown 1000:1000 ${path} && chmod 600 ${path} && touch -d @1000000000 ${path}`]);
  }
}

function securityOf(container: JsonObject): JsonObject {
  return isJsonObject(container.securityContext) ? container.securityContext : {};
}

function addedTo(container: JsonObject): readonly string[] {
  const { capabilities } = securityOf(container);
  return isJsonObject(capabilities) && Array.isArray(capabilities.add) ? capabilities.add.map(String) : [];
}

/** Of all its containers, sorted. */
function capabilitiesOf({ spec }: ChartPodOptions): readonly string[] {
  const containers = [...objectsOf(spec.initContainers), ...objectsOf(spec.containers)];
  return [...new Set(containers.flatMap(addedTo))].toSorted();
}

/** The pod with the capability taken out of its container; of the uninstall's it is the init container that works. */
function without(pod: ChartPodOptions, capability: string): ChartPodOptions {
  const dropped = (container: JsonObject): JsonObject => {
    const add = addedTo(container).filter((name) => name !== capability);
    return { ...container, securityContext: { ...securityOf(container), capabilities: { drop: ["ALL"], add } } };
  };
  const works = capabilitiesOf({ ...pod, spec: { containers: pod.spec.containers ?? [] } }).length > 0;
  const changed = works ? "containers" : "initContainers";
  return { ...pod, spec: { ...pod.spec, [changed]: objectsOf(pod.spec[changed]).map(dropped) } };
}

async function hasConditions(daemon: ChartPod, wanted: readonly string[]): Promise<void> {
  let codes: readonly string[] = [];
  const areThere = async (): Promise<boolean> => {
    codes = await conditionsIn(daemon);
    return wanted.every((code) => codes.includes(code));
  };
  await waitUntil(`the conditions ${wanted}`, areThere, 30_000).catch((error: Error) => {
    throw new Error(`${error.message}: ${codes} ${daemon.log("headcni-daemon").slice(-2000)}`);
  });
}
