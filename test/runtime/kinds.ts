// The forms our conflist can take. Whatever a runtime must be able to do, it must be able to do with each of them.

import { kubeadmFiles } from "../harness/kubeadm.ts";

export interface ConflistKind {
  readonly name: string;
  /** /etc/headcni/config.yaml; the defaults without one. */
  readonly config?: string | undefined;
  /** Whether the bridge plugin puts masquerade rules into iptables for each pod. */
  readonly bridgeMasquerades: boolean;
}

export const podCIDR = "10.244.1.0/24";

export const conflistKinds: readonly ConflistKind[] = [
  { name: "the default conflist", bridgeMasquerades: true },
  { name: "masquerading by the daemon", config: "network:\n  masquerade: daemon\n", bridgeMasquerades: false },
  { name: "our own plugin in front", config: "cni:\n  type: headcni\n", bridgeMasquerades: true },
];

/** The disk of a node that is to get a conflist of this kind. */
export function nodeFiles(kind: ConflistKind): Record<string, string> {
  const config = kind.config === undefined ? {} : { "/etc/headcni/config.yaml": kind.config };
  return { ...kubeadmFiles({ podCIDR }), ...config };
}
