// What can be wrong with the node's PodCIDR, conflist, plugin and bridge. Pure.

import { asSentence, conditionsOf, type Failure, kind } from "../agent/conditions.ts";
import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";
import type { LostPlugins } from "../conflist/replaced-network.ts";
import { typeOfPlugin } from "../spec/config-file.ts";
import { type ConflistProblem, problemSentence } from "../spec/problem.ts";
import type { ConfigError } from "../sys/errors.ts";
import type { LostDir } from "../sys/fs/mounts.ts";
import { redactValue } from "../sys/redact.ts";

/** Why the headcni plugin at a path cannot be used. */
export interface PluginFault extends Failure {
  readonly path: string;
}

export const nodeConditions = {
  PodCIDRNotAuthoritative: kind<{ readonly podCIDRs: PodCIDRs; readonly source: string }>({
    severity: "warning",
    title: "Nobody assigned this node its PodCIDR",
    impactsConnectivity: false,
    text: ({ podCIDRs, source }) =>
      `${podCIDRs} comes from ${source}, so another node can have the same. ` +
      "Set network.podCIDR.nodeLocal (one value a node name) or NODE_POD_CIDR; `headcni podcidr` shows what was asked",
  }),
  NodeNotListed: kind<{ readonly nodeName: string; readonly nearest: readonly string[] }>({
    severity: "warning",
    title: "The configuration names other nodes and not this one",
    impactsConnectivity: false,
    text: ({ nodeName, nearest }) =>
      `network.podCIDR.nodeLocal has no entry for node "${nodeName}"; the nearest in it: ${nearest.map((name) => `"${name}"`).join(", ")}. ` +
      "Add one: the key is the name that kubectl get nodes shows, in full",
  }),
  PodCIDRQuestionable: kind<{ readonly doubts: readonly string[] }>({
    severity: "warning",
    title: "The PodCIDR this node was given is questionable",
    impactsConnectivity: false,
    text: ({ doubts }) =>
      `${doubts.join("; ")}. It counts all the same: write the range that only this node's pods have, for example a /24, ` +
      "if that is not what was meant",
  }),
  PodCIDRRefused: kind<{ readonly kept: PodCIDRs; readonly error: ConfigError }>({
    severity: "warning",
    title: "The PodCIDR that was written for this node cannot be used",
    impactsConnectivity: false,
    text: ({ kept, error }) =>
      `${kept} stays in force. ${refusalWords(error)}. ${asSentence(error.hint ?? "Correct it")}`,
  }),
  PodCIDRClash: kind<{ readonly clashes: readonly string[]; readonly source: string; readonly isGuess: boolean }>({
    severity: "warning",
    title: "The PodCIDR in force overlaps what is somebody else's",
    impactsConnectivity: true,
    text: ({ clashes, source, isGuess }) =>
      `${clashes.join("; ")}. It came from ${source} and stays in force, so pods and these addresses get in each other's way. ` +
      (isGuess
        ? "Without pods another block is taken by itself: drain the node (kubectl drain), or set network.podCIDR.nodeLocal to a range that is free"
        : "Take the address or route away, or give this node a range that is free in its place and drain it (kubectl drain)"),
  }),
  ClusterCIDROverlaps: kind<{ readonly doubts: readonly string[] }>({
    severity: "warning",
    title: "The cluster's range overlaps a network of this node",
    impactsConnectivity: false,
    dependsOn: ["PodCIDRClash"],
    text: ({ doubts }) =>
      `${doubts.join("; ")}. Another node's pods can have these addresses, and then this node reaches the one or the other: ` +
      "choose a range for the cluster that no node's network is in",
  }),
  NetworksUnknown: kind<{ readonly why: string }>({
    severity: "warning",
    title: "This node's networks cannot be looked at",
    impactsConnectivity: false,
    text: ({ why }) =>
      `Whether the PodCIDR overlaps an address or route of this node is unknown: ${why}. Install iproute2 4.13 or later`,
  }),
  NodeObjectDiffers: kind<{ readonly inForce: PodCIDRs; readonly source: string; readonly nodeObject: PodCIDRs }>({
    severity: "warning",
    title: "The Node object has another PodCIDR than this node's pods",
    impactsConnectivity: false,
    dependsOn: ["PodCIDRChangeBlocked"],
    text: ({ inForce, source, nodeObject }) =>
      `This node's pods have ${inForce}, from ${source}; its Node object says ${nodeObject}. Pods reach each other all the same, but ` +
      "kube-proxy with --detect-local-mode=NodeCIDR hides pods' addresses from Services, and routes that a cloud makes from Node objects " +
      `lead to the wrong node. Give this node ${nodeObject}, or, where neither is used, turn network.podCIDR.nodeObject off`,
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
    isAwaited: true,
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
      asSentence(hint ?? "Set cni.type to bridge if it shall stay so"),
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
      `${path} is not in place: ${why}. ${asSentence(hint ?? "make the folder writable")}; it is tried again by itself`,
  }),
  MountedFolderGone: kind<{ readonly dirs: readonly LostDir[] }>({
    severity: "error",
    title: "A folder of the node that is mounted here is no longer the node's",
    impactsConnectivity: true,
    text: ({ dirs }) =>
      `${dirs.map(({ path, why }) => `${path}: ${why}`).join("; ")}. The runtime reads the folder that has the name now. Only a new ` +
      "container gets that one: restart the daemon's (kubectl delete pod), as /healthz, which now says 503, has the kubelet do",
  }),
  BackupsNotWritten: kind<Failure & { readonly path: string }>({
    severity: "warning",
    title: "The backups of CNI configurations cannot be written",
    impactsConnectivity: false,
    isAwaited: true,
    text: ({ path, why, hint }) =>
      `${path} is in force, but not recorded: ${why}. ${hint === undefined ? "" : `${asSentence(hint)}. `}` +
      "Until then nothing is replaced that has to be backed up first, and `headcni conflist restore` may leave the file",
  }),
  ConflistContested: kind<{ readonly path: string; readonly repairs: number }>({
    severity: "error",
    title: "Something else keeps changing the CNI configuration",
    impactsConnectivity: true,
    text: ({ path, repairs }) =>
      `${path} was put right ${repairs} times within a minute, so it is now done more slowly, at most every 32 s. ` +
      "Find the other agent that writes to this folder (another CNI's DaemonSet?) and stop it, or give cni.confDir a folder of its own",
  }),
  OtherConfigPreferred: kind<{
    readonly confDir: string;
    readonly names: readonly string[];
    /** The network that the first file, a meta-plugin's, calls. */
    readonly delegate: string | undefined;
  }>({
    severity: "error",
    title: "The runtime uses another CNI's configuration",
    impactsConnectivity: false,
    text: ({ confDir, names, delegate }) =>
      delegate === undefined
        ? `${names.join(", ")} in ${confDir} comes before ours by name and cni.otherConfigs is keep. ` +
          "Set cni.otherConfigs to moveAside, or remove the file"
        : `${names[0]} in ${confDir} is a meta-plugin's and calls ${delegate}, so pods do not get our network. ` +
          "Let it call headcni (Multus: clusterNetwork), and remove what it shall not call",
  }),
  MetaPluginUnclear: kind<{ readonly confDir: string; readonly name: string }>({
    severity: "warning",
    title: "A meta-plugin in front does not say which network it calls",
    impactsConnectivity: false,
    text: ({ confDir, name }) =>
      `${name} in ${confDir} stays before ours since cni.otherConfigs is keep, and it does not say that pods get the network ` +
      "headcni. Set its clusterNetwork to headcni (Multus), so that it can be seen",
  }),
  ChainedPluginsLost: kind<{ readonly lost: readonly LostPlugins[] }>({
    severity: "warning",
    title: "The network before this one called plugins that this one does not",
    impactsConnectivity: true,
    text: ({ lost }) => lost.map(lostWords).join("; "),
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
      `headcni0 has ${addresses.join(", ")} but the PodCIDR is ${podCIDRs}, so no pod can be added; it is ` +
      `still used by ${pods}. Drain the node (kubectl drain) and stop DaemonSet pods that are not on the host's network: ` +
      "without pods the bridge is replaced by itself",
  }),
  BridgeNotReplaced: kind<Failure>({
    severity: "error",
    title: "The bridge of an old PodCIDR cannot be removed",
    impactsConnectivity: true,
    text: ({ why, hint }) => `${why}. ${asSentence(hint ?? "remove it by hand: ip link del headcni0")}`,
  }),
  BridgeUnknown: kind<Failure>({
    severity: "warning",
    title: "The pod bridge cannot be looked at",
    impactsConnectivity: false,
    text: ({ why }) =>
      `Whether pods hang on headcni0 is unknown, so a new PodCIDR would not be applied: ${why}. Install iproute2`,
  }),
} as const;

export const condition = conditionsOf(nodeConditions);

/** Each thing that is wrong, with its place. */
function refusalWords({ message, issues }: ConfigError): string {
  if (issues.length === 0) return message;
  const place = (file?: string, line?: number): string =>
    file === undefined ? "" : `${file}${line === undefined ? "" : `:${line}`}: `;
  return issues.map((issue) => `${place(issue.file, issue.line)}${issue.path}: ${issue.message}`).join("; ");
}

function problemText(problem: ConflistProblem): string {
  return `${problemSentence(problem)}${problem.hint === undefined ? "" : ` (${problem.hint})`}`;
}

/** What pods lack without a plugin of the CNI project. One of another project may be a part of that network and no use in ours. */
const lack: Readonly<Record<string, string | undefined>> = {
  portmap: "no hostPort reaches a pod, so k3s' ServiceLB and Traefik do not answer either",
  bandwidth: "the annotations kubernetes.io/ingress-bandwidth and egress-bandwidth do nothing",
  tuning: "pods lack the sysctls it sets",
  firewall: "the host's firewall does not know of pods",
  sbr: "pods with several addresses answer by the wrong one",
  vrf: "pods' interfaces are in no VRF",
};

function lostWords({ path, plugins }: LostPlugins): string {
  const known = plugins.filter((plugin) => lack[typeOfPlugin(plugin)] !== undefined);
  const others = plugins.filter((plugin) => !known.includes(plugin)).map(typeOfPlugin);
  const lacks = known.map((plugin) => `without ${typeOfPlugin(plugin)} ${lack[typeOfPlugin(plugin)]}`);
  const lines = known.map((plugin) => `- ${JSON.stringify(redactValue(plugin))}`);
  return [
    `${path} called ${plugins.map(typeOfPlugin).join(", ")} for each pod, and ours does not`,
    lacks.length === 0 ? "" : `: ${lacks.join("; ")}`,
    lines.length === 0 ? "" : `. Add to cni.plugins ${lines.join(" and ")}`,
    others.length === 0 ? "" : `. Add ${others.join(", ")} only if that is no part of the other network`,
    ". A pod gets it once it is made anew. Remove that file if nothing of it is missed",
  ].join("");
}
