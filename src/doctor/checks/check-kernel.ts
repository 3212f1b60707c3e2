// What the kernel has for pods: the bridge, forwarding, filters, rules, routes and MTU.

import { missingGateways } from "../../dataplane/gateway.ts";
import { findTailnetDevice } from "../../dataplane/kernel-checks.ts";
import { ipRuleChanges } from "../../dataplane/rule-store.ts";
import { askIp, parseList } from "../../kernel/ip.ts";
import { bridgeName } from "../../node-state/names.ts";
import { HeadcniError } from "../../sys/errors.ts";
import { type Check, type Fault, type Finding, faultsOr, notChecked, well } from "../check.ts";
import { faultsOf } from "../evidence.ts";
import type { Examination } from "../examination.ts";

const bridgeCodes = ["BridgeAddressConflict", "BridgeUnknown", "BridgeNotMade"] as const;

export const kernelChecks: readonly Check[] = [
  {
    id: "bridge",
    title: `The bridge ${bridgeName} has this node's gateway address`,
    codes: bridgeCodes,
    look: lookAtBridge,
  },
  {
    id: "forwarding",
    title: "The kernel forwards packets",
    codes: ["ForwardingOff"],
    look: async (node) => {
      const { conditions, sysctls } = await node.dataplane();
      const faults = faultsOf(conditions, ["ForwardingOff"]);
      const isOff = sysctls["net.ipv4.ip_forward"] === "0";
      return faultsOr(faults, isOff ? "off, and no pod is there yet: the bridge plugin turns it on" : "it does");
    },
  },
  {
    id: "bridge-netfilter",
    title: "Packets between pods of this node pass iptables (br_netfilter)",
    codes: ["BridgeNetfilterOff"],
    look: async (node) => {
      const { conditions, bridge } = await node.dataplane();
      if (bridge.kind !== "present" || bridge.bridge.ports.length === 0) return notChecked("no pod is on this node");
      return faultsOr(faultsOf(conditions, ["BridgeNetfilterOff"]), "they do");
    },
  },
  {
    id: "reverse-path",
    title: "What other nodes' pods send passes the reverse path filter (rp_filter)",
    codes: ["ReversePathStrict"],
    look: lookAtReversePath,
  },
  {
    id: "pod-mtu",
    title: "Pods' MTU fits through the tailnet",
    codes: ["PodMtuTooLarge"],
    look: async (node) => {
      const [{ conditions, devices }, { config }] = await Promise.all([node.dataplane(), node.config()]);
      const device = findTailnetDevice(devices);
      if (device === undefined) return notChecked("there is no tailscale0");
      const evidence = `pods get ${config.network.bridge.mtuBytes}, ${device.name} takes ${device.mtuBytes}`;
      return faultsOr(faultsOf(conditions, ["PodMtuTooLarge"]), evidence);
    },
  },
  {
    id: "cluster-closed",
    title: "Traffic between pods never leaves outside the tailnet",
    codes: ["ClusterNotClosed"],
    look: async (node) => {
      const { conditions, hasTailnet } = await node.dataplane();
      if (!hasTailnet) return notChecked("there is no tailnet");
      return faultsOr(faultsOf(conditions, ["ClusterNotClosed"]), "no Service has an address in the cluster's range");
    },
  },
  {
    id: "routing-rules",
    title: "HeadCNI's routing rules are in place",
    codes: ["RoutingRulesNotApplied"],
    look: async (node) => {
      const { plan, hasTailnet } = await node.dataplane();
      if (!hasTailnet) return notChecked("there is no tailnet");
      const changes = await ipRuleChanges(node.system, plan.ipRules);
      const evidence = `the daemon would run: ${changes.map((args) => `ip ${args.join(" ")}`).join("; ")}`;
      const remedy = changes.map((args) => `ip ${args.join(" ")}`).join(" && ");
      const faults: Fault[] = changes.length === 0 ? [] : [{ code: "RoutingRulesNotApplied", evidence, remedy }];
      return faultsOr(faults, `all ${plan.ipRules.length} are`);
    },
  },
  {
    id: "tailscale-rules",
    title: "tailscaled's routing rules are in place (table 52)",
    codes: ["TailscaleRulesMissing"],
    look: lookAtTailscaleRules,
  },
];

async function lookAtBridge(node: Examination): Promise<Finding> {
  const [{ plan }, { plan: kernel, bridge }] = await Promise.all([node.node(), node.dataplane()]);
  const faults = faultsOf(plan.conditions, bridgeCodes);
  if (faults.length > 0) return { kind: "faults", faults };
  const missing = kernel.bridge === undefined ? [] : missingGateways(bridge, kernel.bridge.podCIDRs);
  const evidence = `${bridgeName} lacks ${missing.join(", ")}, so other nodes cannot tell whether this one's route works`;
  if (missing.length > 0) return { kind: "faults", faults: [{ code: "BridgeNotMade", evidence }] };
  if (bridge.kind !== "present")
    return notChecked(`there is no ${bridgeName} yet: it is made with the first pod, or on a tailnet`);
  const { addresses, ports, mtuBytes } = bridge.bridge;
  return well(`${addresses.join(", ")}, MTU ${mtuBytes}, ${ports.length} pods`);
}

/** A strict filter takes a packet only where the way back leads out of the device it came in by. */
async function lookAtReversePath(node: Examination): Promise<Finding> {
  const [{ devices }, { mesh }, { networks }] = await Promise.all([node.dataplane(), node.mesh(), node.kernel()]);
  const device = findTailnetDevice(devices)?.name;
  if (device === undefined || networks.kind === "unknown") return notChecked("there is no tailscale0");
  const values = ["all", device].map((name) => readSysctl(node, `/proc/sys/net/ipv4/conf/${name}/rp_filter`));
  const isStrict = Math.max(...values) === 1;
  const unrouted = mesh.podCIDRs.filter(
    (podCIDR) =>
      podCIDR.family === "ipv4" &&
      !networks.routes.some((route) => route.device === device && route.destination.contains(podCIDR)),
  );
  if (!isStrict) return well(`rp_filter is ${Math.max(...values)} on ${device}`);
  const evidence = `rp_filter is 1 on ${device}, and no route leads to ${unrouted.join(", ")} by it: what comes from there is dropped`;
  const remedy = `sysctl -w net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.${device}.rp_filter=2`;
  return faultsOr(
    unrouted.length === 0 ? [] : [{ code: "ReversePathStrict", evidence, remedy }],
    `rp_filter is 1 on ${device}, and the routes of all other nodes lead out of it`,
  );
}

function readSysctl({ system }: Examination, path: string): number {
  const bytes = system.files.readIfPresent(path, 64);
  return bytes === undefined ? 0 : Number(new TextDecoder().decode(bytes).trim());
}

/** tailscaled has it from its start on; a rule before it that looks into main takes pods' routes away. */
async function lookAtTailscaleRules(node: Examination): Promise<Finding> {
  const { status } = await node.tailnet();
  if (status.hasTun === false) return notChecked("tailscaled has no device");
  const asked = await askIp(node.system, "-4 rule show");
  const listed = asked.kind === "fault" ? asked : parseList(asked.value, "rule show");
  if (listed.kind === "fault") throw new HeadcniError("HC_DOCTOR_SKIPPED", listed.why);
  const rules = listed.value;
  const own = rules.findIndex(({ table, fwmark }) => String(table) === "52" && fwmark === undefined);
  const main = rules.findIndex(({ table, dst, src, fwmark, suppress_prefixlen: suppress }) => {
    const isForAll = dst === undefined && (src === undefined || src === "all");
    return table === "main" && isForAll && fwmark === undefined && suppress === undefined;
  });
  if (own < 0) {
    const evidence = "no rule looks into table 52, where the routes to other nodes are";
    return { kind: "faults", faults: [{ code: "TailscaleRulesMissing", evidence }] };
  }
  if (main >= 0 && main < own) {
    const { priority } = rules[main] ?? {};
    const evidence = `the rule ${priority} looks into main before table 52 is asked, so its default route takes pods' packets`;
    return {
      kind: "faults",
      faults: [{ code: "TailscaleRulesMissing", evidence, remedy: `ip rule del priority ${priority}` }],
    };
  }
  return well(`table 52 is asked by rule ${rules[own]?.priority}`);
}
