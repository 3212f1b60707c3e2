// Calls to a container runtime: CRI's gRPC over the runtime's unix socket. What goes wrong there is put in words once, here.

import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import type { Clock } from "../../sys/clock.ts";
import { HeadcniError } from "../../sys/errors.ts";
import type { Message } from "./protobuf.ts";

/** A method of `runtime.v1.RuntimeService` with what it takes and gives. */
export interface Method<Request, Response> {
  readonly name: string;
  readonly request: Message<unknown, Request>;
  readonly response: Message<Response, unknown>;
}

export interface CriTransport {
  /**
   * One call with a deadline.
   * @throws HeadcniError HC_CRI_UNREACHABLE when nothing answers at the socket in time, HC_CRI_FAILED when the runtime
   *   answers with an error; `details.grpcCode` has its number, and `details.isDeserted` says whether no process
   *   serves the socket.
   */
  call<Request, Response>(method: Method<Request, Response>, request: Request, timeoutMs?: number): Promise<Response>;
  close(): void;
}

/** As containerd and the kubelet: a node's list of sandboxes can be long. */
const maxMessageBytes = 16 << 20;
const defaultTimeoutMs = 10_000;

/**
 * Opens nothing yet: the first call connects.
 * @param hostSocketPath where the socket lies on this machine.
 */
export function createCriTransport(hostSocketPath: string, clock: Clock): CriTransport {
  const client = new Client(`unix:${hostSocketPath}`, credentials.createInsecure(), {
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.enable_http_proxy": 0,
    "grpc.service_config_disable_resolution": 1,
  });
  return {
    call: (method, request, timeoutMs = defaultTimeoutMs) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          `/runtime.v1.RuntimeService/${method.name}`,
          (value: typeof request) => Buffer.from(method.request.encode(value)),
          (bytes: Buffer) => method.response.decode(bytes),
          request,
          { deadline: clock.now() + timeoutMs },
          (error, response) => {
            if (error !== null) reject(toError(error, method.name, hostSocketPath));
            else if (response === undefined) reject(new Error(`CRI ${method.name} ended without an answer`));
            else resolve(response);
          },
        );
      }),
    close: () => client.close(),
  };
}

function toError(error: ServiceError, method: string, socket: string): HeadcniError {
  const options = { cause: error, details: { socket, method, grpcCode: error.code, isDeserted: isDeserted(error) } };
  const cannot = `Cannot ask the container runtime at ${socket}`;
  switch (error.code) {
    case status.UNAVAILABLE:
      return new HeadcniError("HC_CRI_UNREACHABLE", `${cannot}: nothing answers there`, {
        ...options,
        hint: "check that containerd or CRI-O runs on this node",
      });
    case status.DEADLINE_EXCEEDED:
      return new HeadcniError("HC_CRI_UNREACHABLE", `${cannot}: ${method} was not answered in time`, options);
    case status.UNIMPLEMENTED:
      return new HeadcniError("HC_CRI_FAILED", `${cannot}: it does not serve CRI v1`, {
        ...options,
        hint: 'containerd serves it from 1.6 on, unless "cri" stands under disabled_plugins in its config.toml',
      });
    default:
      return new HeadcniError("HC_CRI_FAILED", `The container runtime refused ${method}: ${error.details}`, options);
  }
}

/** UNAVAILABLE is as well what a process gives that listens and drops the connection, or is another user's. */
function isDeserted({ code, details }: ServiceError): boolean {
  return code === status.UNAVAILABLE && details.includes("ECONNREFUSED");
}
