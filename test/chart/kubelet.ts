// The part of a kubelet that runs a pod of the chart: its volumes, its init containers one after the other, its containers, over CRI and
// with exactly the security context and mounts of the object that Helm rendered.

import { createCriTransport } from "../../src/runtime/cri/transport.ts";
import { realClock } from "../../src/sys/clock.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../src/sys/json.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { containerdSocket } from "../harness/containerd.ts";
import type { PodExecResult } from "../harness/cri.ts";
import type { Node } from "../harness/node.ts";
import { podCalls } from "./pod-calls.ts";
import { type Entries, makeVolumes, objectsOf, textOf } from "./volumes.ts";

/** NamespaceMode: of the pod, of the container, the host's. */
const podNamespace = 0;
const ownNamespace = 1;
const hostNamespace = 2;
const exitedState = 2;
const propagations: Readonly<Record<string, number>> = { HostToContainer: 1, Bidirectional: 2 };
/** What a kubelet hides and protects of /proc in every container that is not privileged. */
const maskedPaths = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
];
const readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];
const timeoutMs = 60_000;

export interface ChartPodOptions {
  readonly name: string;
  /** `spec.template.spec` of a DaemonSet, a Deployment or a Job. */
  readonly spec: JsonObject;
  /** `data` of each ConfigMap. */
  readonly configMaps: Entries;
  /** `data` of each Secret, in clear. */
  readonly secrets?: Entries;
  /** An init container that still runs after so long is killed, as with its node. */
  readonly killInitAfterMs?: number;
}

export interface ChartPod extends AsyncDisposable {
  /** Exit code of each init container; the first that is not 0 is the last. */
  readonly initExits: readonly number[];
  /** What a container printed. */
  log(container: string): string;
  exec(argv: readonly string[]): Promise<PodExecResult>;
  /** Exit code of its container, once that has ended. @throws Error when it goes on for longer than `limitMs` */
  ended(limitMs?: number): Promise<number>;
  /** Stops and removes it, as a DaemonSet that is deleted. */
  remove(): Promise<void>;
}

/** Runs the pod: its containers are started when it resolves, unless an init container failed. */
export async function runChartPod(node: Node, options: ChartPodOptions): Promise<ChartPod> {
  const { name, spec, configMaps, secrets = {} } = options;
  const transport = createCriTransport(node.path(containerdSocket), realClock);
  const uid = `${name}-${crypto.randomUUID()}`;
  const logDirectory = `/var/log/pods/${uid}`;
  const volumes = await makeVolumes(node, { uid, spec, configMaps, secrets });
  const network = spec.hostNetwork === true ? hostNamespace : podNamespace;
  const namespaceOptions = { network, pid: ownNamespace };
  const sandboxConfig = {
    metadata: { name, uid, namespace: "kube-system" },
    logDirectory,
    linux: { cgroupParent: node.cgroup, securityContext: { namespaceOptions, seccomp: { profileType: 0 } } },
  };
  const { podSandboxId } = await transport.call(podCalls.run, { config: sandboxConfig }, timeoutMs);
  const start = async (container: JsonObject): Promise<string> => {
    const config = containerConfig(node, container, { volumes, network });
    const { containerId } = await transport.call(podCalls.create, { podSandboxId, config, sandboxConfig }, timeoutMs);
    await transport.call(podCalls.start, { containerId }, timeoutMs);
    return containerId;
  };
  const exitOf = async (containerId: string): Promise<number | undefined> => {
    const { status } = await transport.call(podCalls.status, { containerId }, timeoutMs);
    return status?.state === exitedState ? status.exitCode : undefined;
  };
  const stopContainer = (containerId: string, timeout: number) =>
    transport.call(podCalls.stopContainer, { containerId, timeout }, timeoutMs);
  const exits: number[] = [];
  for (const container of objectsOf(spec.initContainers)) {
    const containerId = await start(container);
    if (options.killInitAfterMs !== undefined) {
      await realClock.sleep(options.killInitAfterMs);
      await stopContainer(containerId, 0);
    }
    exits.push(await untilValue(`the init container ${textOf(container.name)} ends`, () => exitOf(containerId)));
    if (exits.at(-1) !== 0) break;
  }
  const [main] = objectsOf(spec.containers);
  const isWell = exits.every((code) => code === 0) && main !== undefined;
  const mainId = isWell ? await start(main) : undefined;
  const running = (): string => {
    if (mainId === undefined) throw new Error(`The pod ${name} has no container that runs`);
    return mainId;
  };
  const remove = async (): Promise<void> => {
    if (mainId !== undefined) await stopContainer(mainId, 5);
    await transport.call(podCalls.stop, { podSandboxId }, timeoutMs);
    await transport.call(podCalls.remove, { podSandboxId }, timeoutMs);
    transport.close();
  };
  return {
    initExits: exits,
    log: (container) =>
      node.exists(`${logDirectory}/${container}.log`) ? node.read(`${logDirectory}/${container}.log`) : "",
    exec: async (cmd) => {
      const request = { containerId: running(), cmd, timeoutSeconds: 60 };
      const { exitCode, stdout, stderr } = await transport.call(podCalls.exec, request, timeoutMs);
      return { exitCode, stdout: Buffer.from(stdout).toString(), stderr: Buffer.from(stderr).toString() };
    },
    ended: (limitMs) => untilValue(`the container of ${name} ends`, () => exitOf(running()), limitMs),
    remove,
    [Symbol.asyncDispose]: () => remove().catch(() => undefined),
  };
}

async function untilValue<T>(what: string, ask: () => Promise<T | undefined>, limitMs = timeoutMs): Promise<T> {
  let value: T | undefined;
  await waitUntil(
    what,
    async () => {
      value = await ask();
      return value !== undefined;
    },
    limitMs,
  );
  if (value === undefined) throw new Error(`Not so: ${what}`);
  return value;
}

interface Surroundings {
  readonly volumes: ReadonlyMap<string, string>;
  /** NamespaceMode. */
  readonly network: number;
}

function containerConfig(node: Node, container: JsonObject, { volumes, network }: Surroundings) {
  const security = isJsonObject(container.securityContext) ? container.securityContext : {};
  const capabilities = isJsonObject(security.capabilities) ? security.capabilities : {};
  const envs = environment(node, objectsOf(container.env));
  return {
    metadata: { name: textOf(container.name) },
    image: { image: textOf(container.image) },
    command: textsOf(container.command),
    args: textsOf(container.args).map((text) => expand(text, envs)),
    envs: [...envs].map(([key, value]) => ({ key, value })),
    mounts: objectsOf(container.volumeMounts).map((mount) => ({
      containerPath: textOf(mount.mountPath),
      hostPath: volumes.get(textOf(mount.name)) ?? "",
      readonly: mount.readOnly === true,
      propagation: propagations[textOf(mount.mountPropagation)] ?? 0,
    })),
    logPath: `${textOf(container.name)}.log`,
    linux: {
      securityContext: {
        capabilities: { add: textsOf(capabilities.add), drop: textsOf(capabilities.drop) },
        privileged: security.privileged === true,
        namespaceOptions: { network, pid: ownNamespace },
        ...(typeof security.runAsUser === "number" ? { runAsUser: { value: security.runAsUser } } : {}),
        readonlyRootfs: security.readOnlyRootFilesystem === true,
        noNewPrivs: security.allowPrivilegeEscalation === false,
        maskedPaths,
        readonlyPaths,
        seccomp: { profileType: 0 },
      },
    },
  };
}

/** Values that name others above them, and what the downward API says. */
function environment(node: Node, env: readonly JsonObject[]): ReadonlyMap<string, string> {
  const fields: Readonly<Record<string, string>> = { "spec.nodeName": node.name, "status.hostIP": "127.0.0.1" };
  const known = new Map<string, string>();
  for (const { name, value, valueFrom } of env) {
    const field =
      isJsonObject(valueFrom) && isJsonObject(valueFrom.fieldRef) ? valueFrom.fieldRef.fieldPath : undefined;
    known.set(textOf(name), field === undefined ? expand(textOf(value), known) : (fields[textOf(field)] ?? ""));
  }
  return known;
}

/** `$(NAME)`, as Kubernetes does in values, commands and arguments. */
function expand(text: string, envs: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$\((\w+)\)/g, (whole, name: string) => envs.get(name) ?? whole);
}

function textsOf(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.map(textOf) : [];
}
