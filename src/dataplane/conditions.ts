// What can be wrong with the kernel's rules. Pure.

import { asSentence, conditionsOf, type Failure, kind } from "../agent/conditions.ts";
import type { Prefix } from "../cidr/prefix.ts";
import { bridgeName } from "../node-state/names.ts";
import type { BaseChain } from "./forward/base-chains.ts";

const failure = ({ why, hint }: Failure): string => `${why}. ${asSentence(hint ?? "it is tried again by itself")}`;

const nftablesMode =
  "tailscaled is in its nftables mode (TS_DEBUG_FIREWALL_MODE, or there is no iptables where it runs, as in an image without), and iptables " +
  "does not know its rules. Have it use iptables (install that beside it, TS_DEBUG_FIREWALL_MODE=iptables, restart it)";

export const dataplaneConditions = {
  MasqueradeNotApplied: kind<Failure>({
    severity: "error",
    title: "The masquerade rules are not as configured",
    impactsConnectivity: true,
    text: ({ why, hint }) =>
      failure({ why, hint: hint === undefined ? hint : `${hint}, or set network.masquerade to bridge` }),
  }),
  SourcesNotKept: kind<Failure>({
    severity: "error",
    title: "Pods of other nodes do not see the addresses of this node's pods",
    impactsConnectivity: true,
    text: failure,
  }),
  RoutingRulesNotApplied: kind<Failure>({
    severity: "error",
    title: "The routing rules for pods are not in place",
    impactsConnectivity: true,
    text: failure,
  }),
  BridgeCannotMasquerade: kind<{ readonly why: string }>({
    severity: "error",
    title: "No new pod can be started: the bridge plugin cannot masquerade",
    impactsConnectivity: true,
    text: ({ why }) =>
      `${why}. The bridge plugin masquerades by iptables, and gives up. ${nftablesMode}, or set network.masquerade to daemon`,
  }),
  HostPortsNotMapped: kind<{ readonly why: string }>({
    severity: "warning",
    title: "No new pod with a hostPort can be started: portmap cannot map it",
    impactsConnectivity: true,
    isAwaited: true,
    text: ({ why }) =>
      `${why}. portmap (cni.plugins) maps hostPorts by iptables, those of k3s' ServiceLB and Traefik too, and gives up. ${nftablesMode}`,
  }),
  ForwardNotOpened: kind<Failure>({
    severity: "error",
    title: "iptables drops what pods send, and cannot be changed",
    impactsConnectivity: true,
    text: failure,
  }),
  ForwardRefused: kind<{ readonly chains: readonly BaseChain[] }>({
    severity: "warning",
    title: "Another firewall refuses what pods send",
    impactsConnectivity: true,
    isAwaited: true,
    text: ({ chains }) => chains.map(refusalText).join(". "),
  }),
  BridgeNotMade: kind<Failure>({
    severity: "warning",
    title: "The pod bridge cannot be made before the first pod",
    impactsConnectivity: false,
    isAwaited: true,
    text: ({ why, hint }) =>
      `${failure({ why, hint })}. Until then other nodes cannot tell whether this one's route works`,
  }),
  ForwardingOff: kind<{ readonly keys: readonly string[] }>({
    severity: "error",
    title: "The kernel forwards no packets",
    impactsConnectivity: true,
    text: ({ keys }) =>
      `${keys.join(" and ")} ${keys.length === 1 ? "is" : "are"} 0, so pods reach nothing outside this node: the bridge plugin turned ` +
      "it on with the first pod, and something turned it off since. Run " +
      `${keys.map((key) => `sysctl -w ${key}=1`).join(" && ")}, and look through /etc/sysctl.conf and /etc/sysctl.d for what sets it to 0`,
  }),
  BridgeNetfilterOff: kind<{ readonly keys: readonly string[] }>({
    severity: "warning",
    title: "Pods may not reach Services with a pod on their own node",
    impactsConnectivity: true,
    isAwaited: true,
    text: ({ keys }) =>
      `${keys.join(" and ")} ${keys.length === 1 ? "is" : "are"} not 1, so the answer of a Service's pod does not pass iptables on its way ` +
      `to a pod of the same node. Run modprobe br_netfilter && ${keys.map((key) => `sysctl -w ${key}=1`).join(" && ")}, and put both into ` +
      "/etc/modules-load.d and /etc/sysctl.d. A cluster without kube-proxy's iptables mode need not care",
  }),
  PodMtuTooLarge: kind<{ readonly podMtuBytes: number; readonly device: string; readonly deviceMtuBytes: number }>({
    severity: "warning",
    title: "Pods' MTU is larger than the tailnet's",
    impactsConnectivity: true,
    isAwaited: true,
    text: ({ podMtuBytes, device, deviceMtuBytes }) =>
      `Pods get an MTU of ${podMtuBytes}, and ${device} takes ${deviceMtuBytes}: connections between nodes stall wherever the kernel's ` +
      `"fragmentation needed" does not reach the pod. Set network.mtu to ${deviceMtuBytes}, then restart the pods: those that run keep theirs`,
  }),
  ClusterNotClosed: kind<{ readonly clusterCIDRs: readonly Prefix[] }>({
    severity: "warning",
    title: "Traffic between nodes' pods may leave outside the tailnet",
    impactsConnectivity: false,
    text: ({ clusterCIDRs }) =>
      `${clusterCIDRs.join(", ")} holds addresses of Services too (network.serviceCIDR), so while the tailnet or a peer is down, what ` +
      "pods send there takes the default route in clear instead of being dropped. Give Services a range outside the cluster's CIDR",
  }),
  TailnetNotRemembered: kind<Failure>({
    severity: "warning",
    title: "A reboot would leave traffic between nodes' pods open",
    impactsConnectivity: false,
    isAwaited: true,
    text: ({ why, hint }) =>
      `${failure({ why, hint })}. Until then, after a reboot, what pods send to other nodes' takes the default route in clear until ` +
      "tailscaled has its network map again",
  }),
  RulesContested: kind<{ readonly what: string; readonly repairs: number }>({
    severity: "warning",
    title: "Something keeps changing the rules for pods",
    impactsConnectivity: true,
    text: ({ what, repairs }) =>
      `${what} had to be put right ${repairs} times within a minute, and is looked at less often until that ends. Find what changes it ` +
      "(nft monitor, ip monitor rule): another network agent, or a script that flushes the firewall",
  }),
} as const;

export const condition = conditionsOf(dataplaneConditions);

function refusalText({ family, table, name }: BaseChain): string {
  const what = `The nftables chain ${name} of the table ${family} ${table} refuses forwarded packets, and names ${bridgeName} nowhere; no rule elsewhere undoes that`;
  if (table === "firewalld") {
    const command = `firewall-cmd --permanent --zone=trusted --add-interface=${bridgeName} && firewall-cmd --reload`;
    return `${what}. Run ${command}`;
  }
  const rules = ["iifname", "oifname"].map(
    (way) => `nft insert rule ${family} ${table} ${name} ${way} ${bridgeName} accept`,
  );
  return `${what}. Run ${rules.join(" && ")}, and put the rules into that firewall's configuration`;
}
