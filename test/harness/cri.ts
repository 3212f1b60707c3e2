// Pods as a kubelet makes them: the CRI calls that HeadCNI itself has no use for, on its own transport. A pod is a sandbox and
// one container that says its own name to whoever connects, so that who answers can be told.

import { bool, int, list, message, nested, string, strings } from "../../src/runtime/cri/protobuf.ts";
import { createCriTransport, type Method } from "../../src/runtime/cri/transport.ts";
import { realClock } from "../../src/sys/clock.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { containerdSocket } from "./containerd.ts";
import { ContainerId, ExecSync, RemovePodSandbox, SandboxId, StartContainer, StopPodSandbox } from "./cri-calls.ts";
import { testImage } from "./image.ts";
import type { Node } from "./node.ts";

/** Where every pod answers with its name. */
export const podPort = 8080;

const SandboxMetadata = message({ name: string(1), uid: string(2), namespace: string(3) });
// TCP is the protocol when none is named.
const PortMapping = message({ containerPort: int(2), hostPort: int(3) });
const SandboxConfig = message({
  metadata: nested(1, SandboxMetadata),
  hostname: string(2),
  portMappings: list(5, PortMapping),
  linux: nested(8, message({ cgroupParent: string(1) })),
});
const ContainerConfig = message({
  metadata: nested(1, message({ name: string(1) })),
  image: nested(2, message({ image: string(1) })),
  command: strings(3),
});
const Ip = message({ ip: string(1) });
const NetworkStatus = message({ ip: string(1), additionalIps: list(2, Ip) });
const SandboxStatus = message({ id: string(1), network: nested(5, NetworkStatus) });
const Nothing = message({});

const Version = {
  name: "Version",
  request: Nothing,
  response: message({ runtimeName: string(2), runtimeVersion: string(3) }),
};
const RuntimeCondition = message({ type: string(1), status: bool(2), message: string(4) });
const Status = {
  name: "Status",
  request: Nothing,
  response: message({ status: nested(1, message({ conditions: list(1, RuntimeCondition) })) }),
};
const RunPodSandbox = {
  name: "RunPodSandbox",
  request: message({ config: nested(1, SandboxConfig) }),
  response: SandboxId,
};
const PodSandboxStatus = {
  name: "PodSandboxStatus",
  request: SandboxId,
  response: message({ status: nested(1, SandboxStatus) }),
};
const CreateContainer = {
  name: "CreateContainer",
  request: message({
    podSandboxId: string(1),
    config: nested(2, ContainerConfig),
    sandboxConfig: nested(3, SandboxConfig),
  }),
  response: ContainerId,
};

const NetworkConfig = message({ podCidr: string(1) });
const RuntimeConfig = message({ networkConfig: nested(1, NetworkConfig) });
const UpdateRuntimeConfig = {
  name: "UpdateRuntimeConfig",
  request: message({ runtimeConfig: nested(1, RuntimeConfig) }),
  response: Nothing,
};

export interface PodOptions {
  readonly name: string;
  /** TCP ports of the node that lead to ports of the pod. */
  readonly ports?: readonly { readonly host: number; readonly container: number }[] | undefined;
}

export interface PodExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Pod {
  /** The sandbox's id: CNI_CONTAINERID. */
  readonly id: string;
  readonly name: string;
  /** As the runtime reports them, IPv4 first when there are both. */
  readonly addresses: readonly string[];
  exec(argv: readonly string[]): Promise<PodExecResult>;
  /** StopPodSandbox and RemovePodSandbox. */
  remove(): Promise<void>;
}

export interface PodRuntime extends Disposable {
  /** A sandbox with its container started. @throws HeadcniError HC_CRI_FAILED with the runtime's words. */
  runPod(options: PodOptions): Promise<Pod>;
  /** Tells it the node's PodCIDRs, as a kubelet does that has them from the API server: with a comma between two. */
  setPodCIDR(podCIDR: string): Promise<void>;
  /** The runtime's name and version: `containerd v2.1.4`. */
  version(): Promise<string>;
  /** Whether the runtime found a CNI configuration it can use; its own words when it did not. */
  network(): Promise<{ readonly isReady: boolean; readonly message: string }>;
}

const callTimeoutMs = 60_000;

/** The kubelet's side of the containerd in `node`. */
export function connectPods(node: Node, socket = containerdSocket): PodRuntime {
  const transport = createCriTransport(node.path(socket), realClock);
  const call: Call = (method, request) => transport.call(method, request, callTimeoutMs);
  return {
    runPod: (options) => runPod(call, node.cgroup, options),
    setPodCIDR: async (podCidr) => {
      await call(UpdateRuntimeConfig, { runtimeConfig: { networkConfig: { podCidr } } });
    },
    version: async () => {
      const { runtimeName, runtimeVersion } = await call(Version, {});
      return `${runtimeName} ${runtimeVersion}`;
    },
    network: async () => {
      const { status } = await call(Status, {});
      const ready = status?.conditions.find(({ type }) => type === "NetworkReady");
      return { isReady: ready?.status === true, message: ready?.message ?? "" };
    },
    [Symbol.dispose]: () => transport.close(),
  };
}

/** A line of /proc/net/tcp for a socket that listens (state 0A) on the port, whatever its address. */
const listeningPattern = `:${podPort.toString(16).toUpperCase().padStart(4, "0")} [0-9A-F:]+ 0A`;

type Call = <Request, Response>(method: Method<Request, Response>, request: Request) => Promise<Response>;

async function runPod(call: Call, cgroupParent: string, { name, ports = [] }: PodOptions): Promise<Pod> {
  const sandboxConfig = {
    metadata: { name, uid: name, namespace: "default" },
    hostname: name,
    portMappings: ports.map(({ host, container }) => ({ hostPort: host, containerPort: container })),
    linux: { cgroupParent },
  };
  const config = {
    metadata: { name: "main" },
    image: { image: testImage },
    command: ["nc", "-ll", "-p", `${podPort}`, "-e", "hostname"],
  };
  const { podSandboxId } = await call(RunPodSandbox, { config: sandboxConfig });
  const { containerId } = await call(CreateContainer, { podSandboxId, config, sandboxConfig });
  await call(StartContainer, { containerId });
  await waitUntil(`pod ${name} serves port ${podPort}`, async () => {
    const cmd = ["grep", "-qE", listeningPattern, "/proc/net/tcp", "/proc/net/tcp6"];
    return (await call(ExecSync, { containerId, cmd, timeoutSeconds: 5 })).exitCode === 0;
  });
  const { status } = await call(PodSandboxStatus, { podSandboxId });
  const { ip = "", additionalIps = [] } = status?.network ?? {};
  return {
    id: podSandboxId,
    name,
    addresses: [ip, ...additionalIps.map((additional) => additional.ip)],
    exec: async (cmd) => {
      const result = await call(ExecSync, { containerId, cmd, timeoutSeconds: callTimeoutMs / 1000 });
      const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
      return { exitCode: result.exitCode, stdout: text(result.stdout), stderr: text(result.stderr) };
    },
    remove: async () => {
      await call(StopPodSandbox, { podSandboxId });
      await call(RemovePodSandbox, { podSandboxId });
    },
  };
}
