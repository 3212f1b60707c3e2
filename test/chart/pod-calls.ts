// The CRI calls by which a kubelet runs a pod of the chart: only the fields that it sets.

import { bool, int, list, message, nested, string, strings } from "../../src/runtime/cri/protobuf.ts";
import {
  ContainerId,
  ExecSync,
  RemovePodSandbox,
  SandboxId,
  StartContainer,
  StopPodSandbox,
} from "../harness/cri-calls.ts";

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

export const podCalls = {
  run: { name: "RunPodSandbox", request: message({ config: nested(1, SandboxConfig) }), response: SandboxId },
  stop: StopPodSandbox,
  remove: RemovePodSandbox,
  create: {
    name: "CreateContainer",
    request: message({
      podSandboxId: string(1),
      config: nested(2, ContainerConfig),
      sandboxConfig: nested(3, SandboxConfig),
    }),
    response: ContainerId,
  },
  start: StartContainer,
  stopContainer: {
    name: "StopContainer",
    request: message({ containerId: string(1), timeout: int(2) }),
    response: message({}),
  },
  status: {
    name: "ContainerStatus",
    request: ContainerId,
    response: message({ status: nested(1, message({ state: int(3), exitCode: int(7) })) }),
  },
  exec: ExecSync,
} as const;
