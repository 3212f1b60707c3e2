// The part of CRI (`runtime.v1` in kubernetes/cri-api) that HeadCNI itself uses: which pod sandboxes a runtime knows. Only the fields
// that are read or sent.

import { list, message, string } from "./protobuf.ts";

const PodSandbox = message({ id: string(1) });
export const ListPodSandboxRequest = message({});
export const ListPodSandboxResponse = message({ items: list(1, PodSandbox) });
