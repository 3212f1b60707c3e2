// What HeadCNI asks a container runtime: who it is, whether its network is ready, which pods it knows.

import type { System } from "../../sys/system.ts";
import {
  ListPodSandboxRequest,
  ListPodSandboxResponse,
  StatusRequest,
  StatusResponse,
  VersionRequest,
  VersionResponse,
} from "./messages.ts";
import { createCriTransport } from "./transport.ts";

/** Where runtimes serve CRI, in the order they are tried: containerd; k3s and RKE2; CRI-O; cri-dockerd; k0s; MicroK8s. */
export const criSocketPaths = [
  "/run/containerd/containerd.sock",
  "/run/k3s/containerd/containerd.sock",
  "/run/crio/crio.sock",
  "/run/cri-dockerd.sock",
  "/run/k0s/containerd.sock",
  "/var/snap/microk8s/common/run/containerd.sock",
] as const;

export interface RuntimeVersion {
  /** e.g. `containerd`. */
  readonly name: string;
  readonly version: string;
  readonly apiVersion: string;
}

export interface RuntimeNetworkStatus {
  /** Whether the runtime found a CNI configuration it can use. */
  readonly networkReady: boolean;
  /** The runtime's own words when it is not ready; empty otherwise. */
  readonly reason: string;
}

/** Every call throws HC_CRI_UNREACHABLE or HC_CRI_FAILED (see `CriTransport`). */
export interface CriClient extends Disposable {
  version(): Promise<RuntimeVersion>;
  status(): Promise<RuntimeNetworkStatus>;
  /**
   * Ids of all pod sandboxes, running or not: what a runtime hands to CNI as the container id.
   * A sandbox whose network is being set up right now is not in containerd's list yet, and containers that were started
   * beside CRI (`ctr run --cni`, podman) never are: whoever frees what is not in it must spare what is young.
   */
  listPodSandboxIds(): Promise<ReadonlySet<string>>;
  close(): void;
}

/**
 * A client for the runtime at `socketPath` (a node path, e.g. one of `criSocketPaths`). Connects on the first call;
 * dispose it, or the process is kept alive.
 */
export function connectCri(system: System, socketPath: string): CriClient {
  const transport = createCriTransport(system.files.hostPath(socketPath), system.clock);
  const Version = { name: "Version", request: VersionRequest, response: VersionResponse };
  const Status = { name: "Status", request: StatusRequest, response: StatusResponse };
  const List = { name: "ListPodSandbox", request: ListPodSandboxRequest, response: ListPodSandboxResponse };
  return {
    version: async () => {
      const { runtimeName, runtimeVersion, runtimeApiVersion } = await transport.call(Version, {});
      return { name: runtimeName, version: runtimeVersion, apiVersion: runtimeApiVersion };
    },
    status: async () => {
      const { status } = await transport.call(Status, {});
      const network = status?.conditions.find(({ type }) => type === "NetworkReady");
      if (network === undefined) return { networkReady: false, reason: "the runtime does not say" };
      const reason = network.message === "" ? network.reason : network.message;
      return { networkReady: network.status, reason: network.status ? "" : reason };
    },
    listPodSandboxIds: async () => new Set((await transport.call(List, {})).items.map(({ id }) => id)),
    close: () => transport.close(),
    [Symbol.dispose]: () => transport.close(),
  };
}
