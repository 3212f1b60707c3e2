// Pods as a kubelet makes them: the CRI calls that HeadCNI itself has no use for, on its own transport. A pod is a sandbox and
// one container that says its own name to whoever connects, so that who answers can be told.

import { bool, bytes, int, list, message, nested, string, stringMap, strings } from "../../src/cri/protobuf.ts";
import { createCriTransport } from "../../src/cri/transport.ts";
import { realClock } from "../../src/sys/clock.ts";
import { containerdSocket } from "./containerd.ts";
import { testImage } from "./image.ts";
import type { Node } from "./node.ts";

/** Where every pod answers with its name. */
export const podPort = 8080;

const SandboxMetadata = message({ name: string(1), uid: string(2), namespace: string(3), attempt: int(4) });
const PortMapping = message({ protocol: int(1), containerPort: int(2), hostPort: int(3), hostIp: string(4) });
const SandboxConfig = message({
  metadata: nested(1, SandboxMetadata),
  hostname: string(2),
  portMappings: list(5, PortMapping),
  annotations: stringMap(7),
  linux: nested(8, message({ cgroupParent: string(1) })),
});
const ContainerConfig = message({
  metadata: nested(1, message({ name: string(1), attempt: int(2) })),
  image: nested(2, message({ image: string(1) })),
  command: strings(3),
  linux: nested(15, message({ securityContext: nested(2, message({ privileged: bool(2) })) })),
});
const Ip = message({ ip: string(1) });
const NetworkStatus = message({ ip: string(1), additionalIps: list(2, Ip) });
const SandboxStatus = message({ id: string(1), network: nested(5, NetworkStatus) });
const SandboxId = message({ podSandboxId: string(1) });
const ContainerId = message({ containerId: string(1) });
const Nothing = message({});

const RunPodSandbox = {
  name: "RunPodSandbox",
  request: message({ config: nested(1, SandboxConfig) }),
  response: SandboxId,
};
const StopPodSandbox = { name: "StopPodSandbox", request: SandboxId, response: Nothing };
const RemovePodSandbox = { name: "RemovePodSandbox", request: SandboxId, response: Nothing };
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
const StartContainer = { name: "StartContainer", request: ContainerId, response: Nothing };
const ExecSync = {
  name: "ExecSync",
  request: message({ containerId: string(1), cmd: strings(2), timeoutSeconds: int(3) }),
  response: message({ stdout: bytes(1), stderr: bytes(2), exitCode: int(3) }),
};

export interface PodOptions {
  readonly name: string;
  /** TCP ports of the node that lead to ports of the pod. */
  readonly ports?: readonly { readonly host: number; readonly container: number }[] | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
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
  /** A sandbox without a container, by what a kubelet does first. Gives its id. */
  runSandbox(options: PodOptions): Promise<string>;
  /** A sandbox with its container started. @throws HeadcniError HC_CRI_FAILED with the runtime's words. */
  runPod(options: PodOptions): Promise<Pod>;
  /** The addresses of a sandbox, as the runtime reports them. */
  addresses(sandboxId: string): Promise<string[]>;
  removeSandbox(sandboxId: string): Promise<void>;
}

const callTimeoutMs = 60_000;

/** The kubelet's side of the containerd in `node`. */
export function connectPods(node: Node): PodRuntime {
  const transport = createCriTransport(node.path(containerdSocket), realClock);
  const addresses = async (podSandboxId: string): Promise<string[]> => {
    const network = (await transport.call(PodSandboxStatus, { podSandboxId })).status?.network;
    return network === undefined ? [] : [network.ip, ...network.additionalIps.map(({ ip }) => ip)];
  };
  const runSandbox = async (options: PodOptions): Promise<string> => {
    const request = { config: sandboxConfig(node, options) };
    return (await transport.call(RunPodSandbox, request, callTimeoutMs)).podSandboxId;
  };
  const removeSandbox = async (podSandboxId: string): Promise<void> => {
    await transport.call(StopPodSandbox, { podSandboxId }, callTimeoutMs);
    await transport.call(RemovePodSandbox, { podSandboxId }, callTimeoutMs);
  };
  const exec = async (containerId: string, cmd: readonly string[]): Promise<PodExecResult> => {
    const { stdout, stderr, exitCode } = await transport.call(
      ExecSync,
      { containerId, cmd, timeoutSeconds: callTimeoutMs / 1000 },
      callTimeoutMs,
    );
    return { exitCode, stdout: Buffer.from(stdout).toString(), stderr: Buffer.from(stderr).toString() };
  };
  return {
    runSandbox,
    removeSandbox,
    addresses,
    runPod: async (options) => {
      const id = await runSandbox(options);
      const { containerId } = await transport.call(
        CreateContainer,
        { podSandboxId: id, config: containerConfig, sandboxConfig: sandboxConfig(node, options) },
        callTimeoutMs,
      );
      await transport.call(StartContainer, { containerId }, callTimeoutMs);
      return {
        id,
        name: options.name,
        addresses: await addresses(id),
        exec: (argv) => exec(containerId, argv),
        remove: () => removeSandbox(id),
      };
    },
    [Symbol.dispose]: () => transport.close(),
  };
}

const containerConfig = {
  metadata: { name: "main" },
  image: { image: testImage },
  command: ["nc", "-ll", "-p", `${podPort}`, "-e", "hostname"],
};

function sandboxConfig(node: Node, { name, ports = [], annotations = {} }: PodOptions) {
  return {
    metadata: { name, uid: name, namespace: "default", attempt: 0 },
    hostname: name,
    portMappings: ports.map(({ host, container }) => ({ protocol: 0, hostPort: host, containerPort: container })),
    annotations,
    linux: { cgroupParent: node.cgroup },
  };
}
