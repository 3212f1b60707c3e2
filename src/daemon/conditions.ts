// Every bad state that can last, declared once: its code, how bad it is, and the sentence a person reads. Log, /status, /metrics,
// `headcni status` and the state file for the CNI plugin all show what is made here, so they never disagree. Pure.
// Codes are an interface: metrics and alerts name them.

import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";
import { type ConflistProblem, problemSentence } from "../spec/problem.ts";

/** `error`: the node is not ready. `warning`: it works, and somebody should look. */
export type Severity = "error" | "warning";

/** A bad state as it stands; `since` is kept by the store. */
export interface Condition {
  readonly code: ConditionCode;
  readonly severity: Severity;
  readonly title: string;
  /** The state found and what to do about it, with the values of this node. */
  readonly text: string;
  /** Whether pods that start now, or run, lack network because of it. */
  readonly impactsConnectivity: boolean;
}

interface ConditionKind<Args> {
  readonly severity: Severity;
  readonly title: string;
  readonly impactsConnectivity: boolean;
  readonly text: (args: Args) => string;
}

const kind = <Args>(declared: ConditionKind<Args>): ConditionKind<Args> => declared;

/** Why something failed, as the error says it, and its remedy if it has one. */
export interface Failure {
  readonly why: string;
  readonly hint?: string | undefined;
}

/** Why the headcni plugin at a path cannot be used. */
export interface PluginFault extends Failure {
  readonly path: string;
}

export const conditionTable = {
  ConfigInvalid: kind<Failure & { readonly file: string }>({
    severity: "warning",
    title: "The configuration cannot be used",
    impactsConnectivity: false,
    text: ({ file, why }) =>
      `${file} is wrong, so the last good configuration stays in force: ${why}. Correct it; it is read again by itself`,
  }),
  RuntimeFolderDiffers: kind<{ readonly folders: readonly string[] }>({
    severity: "warning",
    title: "The configuration names a folder the container runtime does not use",
    impactsConnectivity: false,
    text: ({ folders }) =>
      `${folders.join("; ")}: unless another runtime makes this node's pods, they get no network. ` +
      "Remove the key, or name the same folder in both configurations and restart containerd",
  }),
  PodCIDRNotAuthoritative: kind<{ readonly podCIDRs: PodCIDRs; readonly source: string }>({
    severity: "warning",
    title: "Nobody assigned this node its PodCIDR",
    impactsConnectivity: false,
    text: ({ podCIDRs, source }) =>
      `${podCIDRs} comes from ${source}, so another node can have the same. ` +
      "Set network.podCIDR.nodeLocal (one value a node name) or NODE_POD_CIDR; `headcni podcidr` shows what was asked",
  }),
  PodCIDRSourceLost: kind<{ readonly kept: PodCIDRs; readonly from: string; readonly now: string }>({
    severity: "warning",
    title: "What assigned this node its PodCIDR is gone",
    impactsConnectivity: false,
    text: ({ kept, from, now }) =>
      `${kept} is kept, it came from ${from}; what is left would say ${now}. Bring the source back, or set ` +
      `network.podCIDR.nodeLocal or NODE_POD_CIDR to the value you want`,
  }),
  PodCIDRChangeBlocked: kind<{
    readonly old: PodCIDRs;
    readonly wanted: PodCIDRs;
    readonly from: string;
    readonly pods: string;
  }>({
    severity: "warning",
    title: "A new PodCIDR waits for the pods of the old one",
    impactsConnectivity: false,
    text: ({ old, wanted, from, pods }) =>
      `${old} stays in force: the PodCIDR is now ${wanted} (${from}), but ` +
      `the old one is still used by ${pods}. Drain the node (kubectl drain) and stop what stays, DaemonSet pods that are not on the ` +
      "host's network, and the change happens by itself; or set the old value again",
  }),
  SourceFilesSkipped: kind<{ readonly files: readonly string[] }>({
    severity: "warning",
    title: "Files that may say the PodCIDR were passed over",
    impactsConnectivity: false,
    text: ({ files }) => `${files.join("; ")}. Correct or remove them; \`headcni podcidr\` shows the whole chain`,
  }),
  PluginUnusable: kind<PluginFault & { readonly isReplaced: boolean }>({
    severity: "warning",
    title: "The headcni plugin cannot be used on this host",
    impactsConnectivity: false,
    text: ({ path, why, hint, isReplaced }) =>
      (isReplaced
        ? `${path} is not used and the conflist calls bridge directly, which pods do not notice: ${why}. `
        : `${path} cannot be used: ${why}. A conflist that calls bridge directly is not in force either. `) +
      sentence(hint ?? "Set cni.type to bridge if it shall stay so"),
  }),
  ConflistInvalid: kind<{ readonly path: string; readonly problems: readonly ConflistProblem[] }>({
    severity: "error",
    title: "The CNI configuration would not work",
    impactsConnectivity: true,
    text: ({ path, problems }) =>
      `No pod can be made with ${path}: ${problems.map(problemText).join("; ")}. It is looked at again by itself`,
  }),
  ConflistNotWritten: kind<Failure & { readonly path: string }>({
    severity: "error",
    title: "The CNI configuration cannot be written",
    impactsConnectivity: true,
    text: ({ path, why, hint }) =>
      `${path} is not in place: ${why}. ${sentence(hint ?? "make the folder writable")}; it is tried again by itself`,
  }),
  ConflistContested: kind<{ readonly path: string; readonly repairs: number }>({
    severity: "error",
    title: "Something else keeps changing the CNI configuration",
    impactsConnectivity: true,
    text: ({ path, repairs }) =>
      `${path} was put right ${repairs} times within a minute, so it is now done more slowly, at most every 32 s. ` +
      "Find the other agent that writes to this folder (another CNI's DaemonSet?) and stop it, or give cni.confDir a folder of its own",
  }),
  OtherConfigPreferred: kind<{ readonly confDir: string; readonly names: readonly string[] }>({
    severity: "error",
    title: "The runtime uses another CNI's configuration",
    impactsConnectivity: false,
    text: ({ confDir, names }) =>
      `${names.join(", ")} in ${confDir} comes before ours by name and cni.otherConfigs is keep. ` +
      "Set cni.otherConfigs to moveAside, or remove the file",
  }),
  BridgeAddressConflict: kind<{
    readonly addresses: readonly Prefix[];
    readonly podCIDRs: PodCIDRs;
    readonly pods: string;
  }>({
    severity: "error",
    title: "The bridge has an address of another PodCIDR",
    impactsConnectivity: true,
    text: ({ addresses, podCIDRs, pods }) =>
      `headcni0 has ${list(addresses)} but the PodCIDR is ${podCIDRs}, so no pod can be added; it is ` +
      `still used by ${pods}. Drain the node (kubectl drain) and stop DaemonSet pods that are not on the host's network: ` +
      "without pods the bridge is replaced by itself",
  }),
  BridgeNotReplaced: kind<Failure>({
    severity: "error",
    title: "The bridge of an old PodCIDR cannot be removed",
    impactsConnectivity: true,
    text: ({ why, hint }) => `${why}. ${sentence(hint ?? "remove it by hand: ip link del headcni0")}`,
  }),
  BridgeUnknown: kind<Failure>({
    severity: "warning",
    title: "The pod bridge cannot be looked at",
    impactsConnectivity: false,
    text: ({ why }) =>
      `Whether pods hang on headcni0 is unknown, so a new PodCIDR would not be applied: ${why}. Install iproute2`,
  }),
  MasqueradeNotApplied: kind<Failure>({
    severity: "error",
    title: "The masquerade rules are not as configured",
    impactsConnectivity: true,
    text: ({ why, hint }) => `${why}. ${sentence(hint ?? "it is tried again by itself")}`,
  }),
  NodeStateNotWritten: kind<Failure>({
    severity: "warning",
    title: "What the node must remember cannot be written",
    impactsConnectivity: false,
    text: ({ why, hint }) =>
      `${why}, so the PodCIDR may be chosen anew after a reboot. ${sentence(hint ?? "make /var/lib/headcni and /run/headcni writable")}`,
  }),
  StatusServerNotListening: kind<Failure & { readonly listen: string }>({
    severity: "warning",
    title: "Status and metrics are not served",
    impactsConnectivity: false,
    text: ({ listen, why }) =>
      `Nothing answers on ${listen}: ${why}. Free the address or set monitoring.listen; it is tried again by itself`,
  }),
} as const;

export type ConditionCode = keyof typeof conditionTable;
/** What the sentence of a code needs. */
export type ConditionArgs<Code extends ConditionCode> = Parameters<(typeof conditionTable)[Code]["text"]>[0];

/** Every code, in the order of the table. */
export const conditionCodes = Object.keys(conditionTable) as readonly ConditionCode[];

/** The condition of `code` with this node's values in its sentence. */
export function condition<Code extends ConditionCode>(code: Code, args: ConditionArgs<Code>): Condition {
  // The table's type loses the tie between a code and its arguments once indexed by a type parameter; the signature keeps it.
  const { severity, title, impactsConnectivity, text } = conditionTable[code] as ConditionKind<ConditionArgs<Code>>;
  return { code, severity, title, text: text(args), impactsConnectivity };
}

/** A hint as a sentence of its own. */
function sentence(hint: string): string {
  return hint.charAt(0).toUpperCase() + hint.slice(1);
}

function list(prefixes: readonly Prefix[]): string {
  return prefixes.join(", ");
}

function problemText(problem: ConflistProblem): string {
  return `${problemSentence(problem)}${problem.hint === undefined ? "" : ` (${problem.hint})`}`;
}
