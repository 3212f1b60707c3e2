// A container runtime that knows what a test tells it: real gRPC on a unix socket, so that a compiled headcni can be pointed
// at it too. Encoded by the same tables as the client; that those are right is shown against containerd in test/runtime.

import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import { ListPodSandboxRequest, ListPodSandboxResponse } from "./pod-sandbox-list.ts";
import type { Message } from "./protobuf.ts";
import { StatusRequest, StatusResponse } from "./runtime-status.ts";

export interface FakeRuntimeState {
  /** Ids of the pod sandboxes it knows. */
  sandboxIds: readonly string[];
  /** What stands in the way of its pods' network, as it says; undefined: it is ready. */
  networkFault?: string | undefined;
  /** The directory it says it reads. */
  confDir?: string | undefined;
  /** Every call fails with this message when set. */
  failure?: string | undefined;
  /** Serves gRPC without CRI, as containerd does with `disabled_plugins = ["cri"]`. */
  hasNoCri?: boolean | undefined;
  /** Calls are taken and never answered. */
  isHanging?: boolean | undefined;
}

export interface FakeRuntime extends Disposable {
  /** Change it to change the answers. */
  readonly state: FakeRuntimeState;
}

/** Serves CRI at `hostSocketPath` until it is disposed. */
export async function serveFakeRuntime(hostSocketPath: string, state: FakeRuntimeState): Promise<FakeRuntime> {
  const server = new Server();
  server.addService(
    {
      ListPodSandbox: definition("ListPodSandbox", ListPodSandboxRequest, ListPodSandboxResponse),
      Status: definition("Status", StatusRequest, StatusResponse),
    },
    {
      ListPodSandbox: answer(state, () => ({ items: state.sandboxIds.map((id) => ({ id })) })),
      Status: answer(state, () => statusOf(state)),
    },
  );
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.bindAsync(`unix:${hostSocketPath}`, ServerCredentials.createInsecure(), (error) =>
    error === null ? resolve() : reject(error),
  );
  await promise;
  return { state, [Symbol.dispose]: () => server.forceShutdown() };
}

function statusOf({ networkFault, confDir }: FakeRuntimeState) {
  const network = { type: "NetworkReady", status: networkFault === undefined, reason: "", message: networkFault ?? "" };
  const info = [
    { key: "cniconfig", value: JSON.stringify({ PluginDirs: ["/opt/cni/bin"], PluginConfDir: confDir ?? "" }) },
    { key: "lastCNILoadStatus", value: networkFault === undefined ? "OK" : networkFault },
  ];
  return { status: { conditions: [{ type: "RuntimeReady", status: true }, network] }, info };
}

function definition<Read, Write>(name: string, request: Message<unknown, unknown>, response: Message<Read, Write>) {
  return {
    path: `/runtime.v1.RuntimeService/${name}`,
    requestStream: false as const,
    responseStream: false as const,
    requestSerialize: (value: unknown) => Buffer.from(request.encode(value)),
    requestDeserialize: (bytes: Buffer) => request.decode(bytes),
    responseSerialize: (value: Write) => Buffer.from(response.encode(value)),
    responseDeserialize: (bytes: Buffer) => response.decode(bytes),
  };
}

type Reply<T> = (error: { code: number; details: string } | null, value?: T) => void;

function answer<T>(state: FakeRuntimeState, value: () => T) {
  return (_call: unknown, reply: Reply<T>): void => {
    if (state.isHanging === true) return;
    if (state.hasNoCri === true)
      reply({ code: status.UNIMPLEMENTED, details: "unknown service runtime.v1.RuntimeService" });
    else if (state.failure !== undefined) reply({ code: status.INTERNAL, details: state.failure });
    else reply(null, value());
  };
}
