// The part of a kubelet that runs a pod of the chart: its volumes, its init containers one after the other, its containers, over CRI and
// with exactly the security context and mounts of the object that Helm rendered.

import { bool, bytes, int, list, message, nested, string, strings } from "../../src/runtime/cri/protobuf.ts";
import { createCriTransport } from "../../src/runtime/cri/transport.ts";
import { realClock } from "../../src/sys/clock.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../src/sys/json.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { containerdSocket } from "../harness/containerd.ts";
import type { PodExecResult } from "../harness/cri.ts";
import type { Node } from "../harness/node.ts";

// Field numbers: runtime.v1 in kubernetes/cri-api.
const NamespaceOptions = message({ network: int(1), pid: int(2), ipc: int(3) });
const SecurityProfile = message({ profileType: int(1) });
const SandboxConfig = message({
  metadata: nested(1, message({ name: string(1), uid: string(2), namespace: string(3), attempt: int(4) })),
  logDirectory: string(3),
  linux: nested(
    8,
    message({
      cgroupParent: string(1),
      securityContext: nested(
        2,
        message({ namespaceOptions: nested(1, NamespaceOptions), seccomp: nested(9, SecurityProfile) }),
      ),
    }),
  ),
});
const SecurityContext = message({
  capabilities: nested(1, message({ add: strings(1), drop: strings(2) })),
  privileged: bool(2),
  namespaceOptions: nested(3, NamespaceOptions),
  runAsUser: nested(5, message({ value: int(1) })),
  readonlyRootfs: bool(7),
  noNewPrivs: bool(11),
  maskedPaths: strings(13),
  readonlyPaths: strings(14),
  seccomp: nested(15, SecurityProfile),
});
const ContainerConfig = message({
  metadata: nested(1, message({ name: string(1), attempt: int(2) })),
  image: nested(2, message({ image: string(1) })),
  command: strings(3),
  args: strings(4),
  envs: list(6, message({ key: string(1), value: string(2) })),
  mounts: list(7, message({ containerPath: string(1), hostPath: string(2), readonly: bool(3), propagation: int(5) })),
  logPath: string(11),
  linux: nested(15, message({ securityContext: nested(2, SecurityContext) })),
});
const SandboxId = message({ podSandboxId: string(1) });
const ContainerId = message({ containerId: string(1) });
const Nothing = message({});
const methods = {
  run: { name: "RunPodSandbox", request: message({ config: nested(1, SandboxConfig) }), response: SandboxId },
  stop: { name: "StopPodSandbox", request: SandboxId, response: Nothing },
  remove: { name: "RemovePodSandbox", request: SandboxId, response: Nothing },
  create: {
    name: "CreateContainer",
    request: message({
      podSandboxId: string(1),
      config: nested(2, ContainerConfig),
      sandboxConfig: nested(3, SandboxConfig),
    }),
    response: ContainerId,
  },
  start: { name: "StartContainer", request: ContainerId, response: Nothing },
  stopContainer: {
    name: "StopContainer",
    request: message({ containerId: string(1), timeout: int(2) }),
    response: Nothing,
  },
  status: {
    name: "ContainerStatus",
    request: ContainerId,
    response: message({ status: nested(1, message({ state: int(3), exitCode: int(7) })) }),
  },
  exec: {
    name: "ExecSync",
    request: message({ containerId: string(1), cmd: strings(2), timeoutSeconds: int(3) }),
    response: message({ stdout: bytes(1), stderr: bytes(2), exitCode: int(3) }),
  },
} as const;

/** NamespaceMode: the host's. */
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
/** Where it keeps volumes; no part of what an installation changes. */
const kubeletDir = "/var/lib/headcni-test/kubelet";

export interface RunPodOptions {
  readonly name: string;
  /** `spec.template.spec` of a DaemonSet. */
  readonly spec: JsonObject;
  /** `data` of each ConfigMap. */
  readonly configMaps: Readonly<Record<string, JsonObject>>;
}

export interface ChartPod extends AsyncDisposable {
  /** Exit code of each init container; the first that is not 0 is the last. */
  readonly initExits: readonly number[];
  /** What a container printed. */
  log(container: string): string;
  exec(argv: readonly string[]): Promise<PodExecResult>;
  /** Stops and removes it, as a DaemonSet that is deleted. */
  remove(): Promise<void>;
}

/** Runs the pod: its containers are started when it resolves, unless an init container failed. */
export async function runChartPod(node: Node, { name, spec, configMaps }: RunPodOptions): Promise<ChartPod> {
  const transport = createCriTransport(node.path(containerdSocket), realClock);
  const uid = `${name}-${crypto.randomUUID()}`;
  const logDirectory = `/var/log/pods/${uid}`;
  const volumes = await makeVolumes(node, { uid, spec, configMaps });
  const namespaceOptions = { network: hostNamespace, pid: 1 };
  const sandboxConfig = {
    metadata: { name, uid, namespace: "kube-system" },
    logDirectory,
    linux: { cgroupParent: node.cgroup, securityContext: { namespaceOptions, seccomp: { profileType: 0 } } },
  };
  const { podSandboxId } = await transport.call(methods.run, { config: sandboxConfig }, timeoutMs);
  const start = async (container: JsonObject): Promise<string> => {
    const config = containerConfig(node, container, volumes);
    const { containerId } = await transport.call(methods.create, { podSandboxId, config, sandboxConfig }, timeoutMs);
    await transport.call(methods.start, { containerId }, timeoutMs);
    return containerId;
  };
  const exits: number[] = [];
  for (const container of objectsOf(spec.initContainers)) {
    const containerId = await start(container);
    let exitCode = 0;
    await waitUntil(
      `the init container ${textOf(container.name)} ends`,
      async () => {
        const { status } = await transport.call(methods.status, { containerId }, timeoutMs);
        exitCode = status?.exitCode ?? 0;
        return status?.state === exitedState;
      },
      timeoutMs,
    );
    exits.push(exitCode);
    if (exitCode !== 0) break;
  }
  const [main] = objectsOf(spec.containers);
  const isWell = exits.every((code) => code === 0) && main !== undefined;
  const mainId = isWell ? await start(main) : undefined;
  const remove = async (): Promise<void> => {
    if (mainId !== undefined)
      await transport.call(methods.stopContainer, { containerId: mainId, timeout: 5 }, timeoutMs);
    await transport.call(methods.stop, { podSandboxId }, timeoutMs);
    await transport.call(methods.remove, { podSandboxId }, timeoutMs);
    transport.close();
  };
  return {
    initExits: exits,
    log: (container) =>
      node.exists(`${logDirectory}/${container}.log`) ? node.read(`${logDirectory}/${container}.log`) : "",
    exec: async (cmd) => {
      if (mainId === undefined) throw new Error(`The pod ${name} has no container that runs`);
      const request = { containerId: mainId, cmd, timeoutSeconds: 60 };
      const { exitCode, stdout, stderr } = await transport.call(methods.exec, request, timeoutMs);
      return { exitCode, stdout: Buffer.from(stdout).toString(), stderr: Buffer.from(stderr).toString() };
    },
    remove,
    [Symbol.asyncDispose]: () => remove().catch(() => undefined),
  };
}

/** Path on the node of each volume. */
async function makeVolumes(
  node: Node,
  { uid, spec, configMaps }: Omit<RunPodOptions, "name"> & { readonly uid: string },
): Promise<ReadonlyMap<string, string>> {
  const volumes = new Map<string, string>();
  for (const volume of objectsOf(spec.volumes)) {
    const name = textOf(volume.name);
    const { hostPath, configMap } = volume;
    if (isJsonObject(hostPath)) {
      const path = textOf(hostPath.path);
      if (hostPath.type === "DirectoryOrCreate") await node.must(["mkdir", "-p", path]);
      if (hostPath.type === "FileOrCreate" && !node.exists(path)) node.write(path, "");
      volumes.set(name, path);
    } else if (isJsonObject(configMap)) {
      const path = `${kubeletDir}/${uid}/${name}`;
      for (const [file, text] of Object.entries(configMaps[textOf(configMap.name)] ?? {})) {
        node.write(`${path}/${file}`, textOf(text));
      }
      volumes.set(name, path);
    } else throw new Error(`A volume this kubelet does not know: ${JSON.stringify(volume)}`);
  }
  return volumes;
}

function containerConfig(node: Node, container: JsonObject, volumes: ReadonlyMap<string, string>) {
  const security = isJsonObject(container.securityContext) ? container.securityContext : {};
  const capabilities = isJsonObject(security.capabilities) ? security.capabilities : {};
  return {
    metadata: { name: textOf(container.name) },
    image: { image: textOf(container.image) },
    command: textsOf(container.command),
    args: textsOf(container.args),
    envs: objectsOf(container.env).map((env) => ({
      key: textOf(env.name),
      // The one field the chart asks the downward API for without a PodMonitor.
      value: isJsonObject(env.valueFrom) ? node.name : textOf(env.value),
    })),
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
        namespaceOptions: { network: hostNamespace, pid: 1 },
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

function objectsOf(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function textsOf(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.map(textOf) : [];
}
