// The CRI calls that are the same for every pod of a test, whatever its sandbox and container are made with.

import { bytes, int, message, string, strings } from "../../src/runtime/cri/protobuf.ts";

// Field numbers: runtime.v1 in kubernetes/cri-api.
const Nothing = message({});
export const SandboxId = message({ podSandboxId: string(1) });
export const ContainerId = message({ containerId: string(1) });

export const StopPodSandbox = { name: "StopPodSandbox", request: SandboxId, response: Nothing };
export const RemovePodSandbox = { name: "RemovePodSandbox", request: SandboxId, response: Nothing };
export const StartContainer = { name: "StartContainer", request: ContainerId, response: Nothing };
export const ExecSync = {
  name: "ExecSync",
  request: message({ containerId: string(1), cmd: strings(2), timeoutSeconds: int(3) }),
  response: message({ stdout: bytes(1), stderr: bytes(2), exitCode: int(3) }),
};
