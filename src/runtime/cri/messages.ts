// The part of CRI (`runtime.v1` in kubernetes/cri-api) that HeadCNI itself uses: what a runtime says of itself and which pod
// sandboxes it knows. Only the fields that are read or sent.

import { bool, list, message, nested, string } from "./protobuf.ts";

export const VersionRequest = message({});
export const VersionResponse = message({
  runtimeName: string(2),
  runtimeVersion: string(3),
  runtimeApiVersion: string(4),
});

const RuntimeCondition = message({ type: string(1), status: bool(2), reason: string(3), message: string(4) });
const RuntimeStatus = message({ conditions: list(1, RuntimeCondition) });
export const StatusRequest = message({});
export const StatusResponse = message({ status: nested(1, RuntimeStatus) });

const PodSandbox = message({ id: string(1) });
export const ListPodSandboxRequest = message({});
export const ListPodSandboxResponse = message({ items: list(1, PodSandbox) });
