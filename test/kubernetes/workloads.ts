// Pods, Deployments and Services of the tests: each pod answers who it is and which address it saw of the one who asks.

import { waitUntil } from "../../src/sys/testing.ts";
import { testImage } from "../harness/image.ts";
import type { ControlPlane } from "../harness/kubernetes/control-plane.ts";
import { type KubernetesCluster, type KubernetesNode, patienceMs } from "./cluster.ts";

const base = "/api/v1/namespaces/default";
const apps = "/apis/apps/v1/namespaces/default";
export const port = 8080;

const page = `#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\n%s %s' "$NAME" "$REMOTE_ADDR"
`;
const serve = `mkdir -p /www/cgi-bin && printf %s "$PAGE" >/www/cgi-bin/who && chmod 755 /www/cgi-bin/who && exec httpd -f -p ${port} -h /www`;

const container = {
  name: "who",
  image: testImage,
  imagePullPolicy: "Never",
  command: ["sh", "-c", serve],
  env: [
    { name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    { name: "PAGE", value: page },
  ],
};

interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly nodeName: string };
  readonly status: { readonly podIP?: string; readonly phase: string };
}

interface Node {
  readonly metadata: { readonly name: string };
  readonly spec: object;
}

export interface RunningPod {
  readonly name: string;
  readonly node: string;
  readonly address: string;
}

const podSpec = {
  containers: [container],
  // With 0 the pod's object goes at once, before its node has taken the pod down.
  terminationGracePeriodSeconds: 1,
  automountServiceAccountToken: false,
};

/** A Deployment with pods on all nodes. @param onNode all of them on this one */
export async function deploy({ api }: ControlPlane, name: string, replicas: number, onNode?: string): Promise<void> {
  const labels = { app: name };
  const spread = {
    maxSkew: 1,
    topologyKey: "kubernetes.io/hostname",
    whenUnsatisfiable: "DoNotSchedule",
    labelSelector: { matchLabels: labels },
  };
  await api("POST", `${apps}/deployments`, {
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          ...podSpec,
          ...(onNode === undefined
            ? { topologySpreadConstraints: [spread] }
            : { nodeSelector: { "kubernetes.io/hostname": onNode } }),
        },
      },
    },
  });
}

/** A DaemonSet: a pod on each node. */
export async function deployOnEachNode({ api }: ControlPlane, name: string): Promise<void> {
  const labels = { app: name };
  await api("POST", `${apps}/daemonsets`, {
    metadata: { name },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec } },
  });
}

/** Takes the Deployment and its pods away. */
export async function remove({ api }: ControlPlane, name: string): Promise<void> {
  await api("DELETE", `${apps}/deployments/${name}`);
  await waitUntil(
    `${name} is gone`,
    async () =>
      (await api<{ items: readonly Pod[] }>("GET", `${base}/pods?labelSelector=app%3D${name}`)).items.length === 0,
    patienceMs,
  );
}

/** A Service over the pods, with port 80 for who they are and those of `more` as they are. @returns its address */
export async function expose({ api }: ControlPlane, name: string, more: readonly number[] = []): Promise<string> {
  const ports = [{ port: 80, targetPort: port }, ...more.map((each) => ({ port: each, targetPort: each }))];
  const service = await api<{ spec: { clusterIP: string } }>("POST", `${base}/services`, {
    metadata: { name },
    spec: { selector: { app: name }, ports: ports.map((each) => ({ ...each, name: `port-${each.port}` })) },
  });
  return service.spec.clusterIP;
}

/** Takes the Service away. */
export async function conceal({ api }: ControlPlane, name: string): Promise<void> {
  await api("DELETE", `${base}/services/${name}`);
}

/** As soon as all of them run. */
export async function runningPods({ api }: ControlPlane, app: string, count: number): Promise<readonly RunningPod[]> {
  let found: readonly Pod[] = [];
  await waitUntil(
    `${count} pods of ${app} run`,
    async () => {
      const { items } = await api<{ items: readonly Pod[] }>("GET", `${base}/pods?labelSelector=app%3D${app}`);
      found = items;
      return (
        items.length === count && items.every(({ status }) => status.phase === "Running" && status.podIP !== undefined)
      );
    },
    patienceMs,
  ).catch(async (error: Error) => {
    throw new Error(`${error.message}:\n${(await explain(api, found)).join("\n")}`);
  });
  return found.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    node: spec.nodeName,
    address: status.podIP ?? "",
  }));
}

interface Event {
  readonly message: string;
  readonly reason: string;
  readonly lastTimestamp: string | null;
  readonly eventTime: string | null;
  readonly involvedObject: { readonly name: string };
}

/** Why pods do not run, in lines: their states, and what was said of them, in the order of time. */
async function explain(api: ControlPlane["api"], pods: readonly Pod[]): Promise<readonly string[]> {
  const { items } = await api<{ items: readonly Event[] }>("GET", `${base}/events`);
  const at = ({ eventTime, lastTimestamp }: Event): string => lastTimestamp ?? eventTime ?? "";
  const names = new Set(pods.map(({ metadata }) => metadata.name));
  const events = items
    .filter(({ involvedObject }) => names.has(involvedObject.name))
    .toSorted((a, b) => (at(a) < at(b) ? -1 : 1))
    .map((event) => `${at(event)} ${event.involvedObject.name}: ${event.reason}: ${event.message}`);
  const nodes = await api<{ items: readonly Node[] }>("GET", "/api/v1/nodes");
  return [
    ...pods.map(({ metadata, spec, status }) => `${metadata.name} on ${spec.nodeName}: ${JSON.stringify(status)}`),
    ...nodes.items.map(({ metadata, spec }) => `${metadata.name}: ${JSON.stringify(spec)}`),
    ...events.slice(-20),
  ];
}

/** What `address` answers to a pod: the name of the pod that answered, and the address it saw; "" for nothing. */
export async function asks(cluster: KubernetesCluster, pod: RunningPod, address: string, to = port): Promise<string> {
  const { node } = workerOf(cluster, pod);
  const inside = await netnsOf(cluster, pod);
  const argv = ["nsenter", `--net=${inside}`, "--", "busybox", "nc", "-w", "3", address, String(to)];
  const { stdout } = await node.run(argv, { stdin: "GET /cgi-bin/who HTTP/1.0\r\n\r\n", timeoutMs: 5000 });
  return (stdout.split("\r\n\r\n")[1] ?? "").trim();
}

/** The node that a pod runs on. */
export function workerOf({ nodes }: KubernetesCluster, pod: Pick<RunningPod, "node">): KubernetesNode {
  const worker = nodes.find(({ name }) => name === pod.node);
  if (worker === undefined) throw new Error(`No node ${pod.node}`);
  return worker;
}

/** The network namespace that has the pod's address. */
export async function netnsOf(cluster: KubernetesCluster, pod: RunningPod): Promise<string> {
  const { name, address } = pod;
  const { node } = workerOf(cluster, pod);
  for (const file of node.list("/run/netns")) {
    const { stdout } = await node.run(["nsenter", `--net=/run/netns/${file}`, "--", "ip", "-4", "-brief", "addr"]);
    if (stdout.includes(`${address}/`)) return `/run/netns/${file}`;
  }
  throw new Error(`No network namespace of ${name} (${address}) on ${node.name}`);
}

/** Every pod asks every pod; those that did not see its own address, as `from → to: answer`. */
export async function wrongPairs(cluster: KubernetesCluster, pods: readonly RunningPod[]): Promise<readonly string[]> {
  const pairs = pods.flatMap((from) => pods.map((to) => ({ from, to })));
  const told = await Promise.all(
    pairs.map(async ({ from, to }) => ({ from, to, said: await asks(cluster, from, to.address) })),
  );
  return told
    .filter(
      ({ from, to, said }) => said !== `${to.name} ${from.address}` && said !== `${to.name} [::ffff:${from.address}]`,
    )
    .map(({ from, to, said }) => `${from.name} → ${to.name}: ${said || "-"}`);
}

/** Waits until all pods of a Deployment reach each other, and gives them as they are then: a pod that was made anew has another address. */
export async function allReach(cluster: KubernetesCluster, app: string, count: number): Promise<readonly RunningPod[]> {
  let wrong: readonly string[] = [];
  let pods: readonly RunningPod[] = [];
  await waitUntil(
    "every pod is seen by every pod with its own address",
    async () => {
      pods = await runningPods(cluster.plane, app, count);
      wrong = await wrongPairs(cluster, pods).catch((error: Error) => [error.message]);
      return wrong.length === 0;
    },
    patienceMs,
  ).catch((error: Error) => {
    throw new Error(`${error.message}:\n${wrong.join("\n")}`);
  });
  return pods;
}
