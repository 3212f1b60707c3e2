// The forms our conflist can take. Whatever a runtime must be able to do, it must be able to do with each of them.

import { kubeadmFiles } from "../harness/kubeadm.ts";

export interface ConflistKind {
  readonly name: string;
  /** /etc/headcni/config.yaml; the defaults without one. */
  readonly config?: string | undefined;
  /** Whether a DEL that names no namespace leaves the pod's masquerade rules in iptables. */
  readonly leavesRules: boolean;
}

export const podCIDR = "10.244.1.0/24";

export const conflistKinds: readonly ConflistKind[] = [
  { name: "the default conflist", leavesRules: true },
  { name: "masquerading by the daemon", config: "network:\n  masquerade: daemon\n", leavesRules: false },
  { name: "our own plugin in front", config: "cni:\n  type: headcni\n", leavesRules: false },
];

/** The disk of a node that is to get a conflist of this kind. */
export function nodeFiles(kind: ConflistKind): Record<string, string> {
  const config = kind.config === undefined ? {} : { "/etc/headcni/config.yaml": kind.config };
  return { ...kubeadmFiles({ podCIDR }), ...config };
}

/** Values of `cni.type`. */
export const cniTypes = ["bridge", "headcni"] as const;

/** The disk of a node whose conflist is to be of this type and otherwise the default. */
export function nodeOfType(type: (typeof cniTypes)[number], more: readonly string[] = []): Record<string, string> {
  const config = ["cni:", `  type: ${type}`, ...more.map((line) => `  ${line}`), ""].join("\n");
  return nodeFiles({ name: type, leavesRules: type === "bridge", config });
}
