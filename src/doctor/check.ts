// What a check of `headcni doctor` is: a question about the node, as data, with the faults it can find. Pure types.

import type { Examination } from "./examination.ts";
import type { FaultCode } from "./faults.ts";

/** In the order they are shown. */
export const groups = {
  configuration: "Configuration",
  podcidr: "PodCIDR",
  conflist: "Conflist",
  runtime: "Runtime",
  plugins: "Plugins",
  leases: "Leases",
  kernel: "Kernel",
  firewall: "Firewall",
  tailscaled: "tailscaled",
  headscale: "Headscale",
  mesh: "Mesh",
  kubernetes: "Kubernetes",
  daemon: "Daemon",
} as const;

export type Group = keyof typeof groups;

/** One thing that is wrong. */
export interface Fault {
  readonly code: FaultCode;
  /** What was found on this node. */
  readonly evidence: string;
  /** The command with this node's values. @default the one of the table of faults */
  readonly remedy?: string | undefined;
}

export type Finding =
  /** `evidence` is a sentence without a period. */
  | { readonly kind: "ok"; readonly evidence: string }
  | { readonly kind: "faults"; readonly faults: readonly Fault[] }
  | { readonly kind: "not-checked"; readonly why: string };

export interface Check {
  /** Stable: documents and scripts name it. */
  readonly id: string;
  /** What it asks, for a person. */
  readonly title: string;
  /** The faults it can find. */
  readonly codes: readonly FaultCode[];
  /**
   * Looks, and changes nothing.
   * @throws HeadcniError when what it has to look at cannot be had: then it is not checked
   */
  look(node: Examination): Promise<Finding>;
}

export function well(evidence: string): Finding {
  return { kind: "ok", evidence };
}

export function notChecked(why: string): Finding {
  return { kind: "not-checked", why };
}

/** The faults, or that all is well when there is none. */
export function faultsOr(faults: readonly Fault[], evidence: string): Finding {
  return faults.length === 0 ? well(evidence) : { kind: "faults", faults };
}
