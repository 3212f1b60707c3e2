// What HeadCNI asks a container runtime: which pods it knows, and whether it is ready for more.

import type { System } from "../../sys/system.ts";
import { ListPodSandboxRequest, ListPodSandboxResponse } from "./pod-sandbox-list.ts";
import { type RuntimeStatus, StatusRequest, StatusResponse, toRuntimeStatus } from "./runtime-status.ts";
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

export interface CriClient extends Disposable {
  /**
   * Ids of all pod sandboxes, running or not: what a runtime hands to CNI as the container id.
   * A sandbox whose network is being set up right now is not in containerd's list yet, and containers that were started
   * beside CRI (`ctr run --cni`, podman) never are: code that frees what is not in it must spare what is young.
   * @throws HeadcniError HC_CRI_UNREACHABLE, HC_CRI_FAILED (see `CriTransport`)
   */
  listPodSandboxIds(): Promise<ReadonlySet<string>>;
  /** @throws HeadcniError as `listPodSandboxIds` */
  status(): Promise<RuntimeStatus>;
}

/**
 * A client for the runtime at `socketPath` (a node path, e.g. one of `criSocketPaths`). Connects on the first call;
 * dispose it, or the process is kept alive.
 */
export function connectCri(system: System, socketPath: string): CriClient {
  const transport = createCriTransport(system.files.hostPath(socketPath), system.clock);
  const List = { name: "ListPodSandbox", request: ListPodSandboxRequest, response: ListPodSandboxResponse };
  const Status = { name: "Status", request: StatusRequest, response: StatusResponse };
  return {
    status: async () => toRuntimeStatus(await transport.call(Status, { verbose: true })),
    listPodSandboxIds: async () => new Set((await transport.call(List, {})).items.map(({ id }) => id)),
    [Symbol.dispose]: () => transport.close(),
  };
}
