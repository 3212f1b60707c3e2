// Firewalls: HeadCNI's own table, the FORWARD chains of iptables in both backends, other firewalls, tailscaled's chains.

import { forwardChanges, type IptablesChain } from "../../dataplane/forward/firewall.ts";
import { natPlugin, whyNatUnreadable } from "../../dataplane/forward/nat-table.ts";
import { readTable } from "../../dataplane/nft/nft.ts";
import { tableName } from "../../dataplane/nft/nft-table.ts";
import { tableScript } from "../../dataplane/nft/table-listing.ts";
import { condition } from "../../tailscale/conditions.ts";
import { type Check, type Fault, type Finding, faultsOr, notChecked, well } from "../check.ts";
import { faultsOf } from "../evidence.ts";
import type { Examination } from "../examination.ts";

export const firewallChecks: readonly Check[] = [
  {
    id: "sources-kept",
    title: "HeadCNI's nftables table is as it should be",
    codes: ["SourcesNotKept", "MasqueradeNotApplied"],
    look: lookAtTable,
  },
  {
    id: "bridge-masquerade",
    title: "Plugins can masquerade and map hostPorts (iptables' table nat)",
    codes: ["BridgeCannotMasquerade", "HostPortsNotMapped"],
    look: lookAtNat,
  },
  {
    id: "forward",
    title: "The host's firewall lets pods' packets pass",
    codes: ["ForwardNotOpened", "ForwardRefused"],
    look: lookAtForward,
  },
  {
    id: "firewall-backends",
    title: "Rules are in one backend of iptables",
    codes: ["FirewallBackendsMixed"],
    look: async (node) => {
      const { firewalls } = await node.dataplane();
      const backends = [...new Set(firewalls.iptables.map(({ backend }) => backend))];
      const evidence =
        "both iptables-nft and iptables-legacy have a table filter: each sees its own rules alone, and a packet passes both";
      return faultsOr(
        backends.length > 1 ? [{ code: "FirewallBackendsMixed", evidence }] : [],
        backends.length === 0 ? "iptables is not used" : `all are in ${backends[0]}`,
      );
    },
  },
  {
    id: "tailscale-chains",
    title: "tailscaled's chains are in the firewall (ts-forward)",
    codes: ["TailscaledDamaged"],
    look: lookAtChains,
  },
];

async function lookAtTable(node: Examination): Promise<Finding> {
  const { plan, hasTailnet } = await node.dataplane();
  if (plan.table === undefined && !hasTailnet)
    return notChecked("there is no tailnet, and network.masquerade is not daemon");
  const listing = await readTable(node.system);
  if (tableScript(listing, plan.table) === undefined)
    return well(plan.table === undefined ? "none is wanted" : tableName);
  const isMasquerading = plan.table?.chains.some(({ name }) => name === "postrouting") === true;
  const evidence =
    listing === undefined
      ? `there is no table ${tableName}, so pods of other nodes see another address than the pod's`
      : `the table ${tableName} is not what this node and the other nodes' PodCIDRs ask for`;
  const faults: Fault[] = [
    ...(hasTailnet ? [{ code: "SourcesNotKept", evidence } as const] : []),
    ...(isMasquerading ? [{ code: "MasqueradeNotApplied", evidence } as const] : []),
  ];
  return faultsOr(faults, tableName);
}

/** The whole table is listed, as the plugin does it: tailscaled is not alone in writing rules that iptables does not know. */
async function lookAtNat(node: Examination): Promise<Finding> {
  const [{ config }, { plan }] = await Promise.all([node.config(), node.dataplane()]);
  const plugin = natPlugin(config);
  if (plugin === undefined)
    return notChecked(`network.masquerade is ${config.network.masquerade}: no plugin asks iptables`);
  const why = await whyNatUnreadable(node.system, plan.families);
  return faultsOr(
    why === undefined
      ? []
      : plugin === "bridge"
        ? [{ code: "BridgeCannotMasquerade", evidence: `${why}, so every new pod fails` }]
        : [{ code: "HostPortsNotMapped", evidence: `${why}, so every new pod with a hostPort fails` }],
    "nothing in it keeps iptables from listing it",
  );
}

async function lookAtForward(node: Examination): Promise<Finding> {
  const { plan, firewalls, conditions, hasTailnet } = await node.dataplane();
  const changes = await Promise.all(firewalls.iptables.map((chain) => forwardChanges(node.system, chain, true)));
  const commands = changes.flatMap((change) => change.commands).map((argv) => argv.join(" "));
  const faults: Fault[] =
    commands.length === 0
      ? []
      : [
          {
            code: "ForwardNotOpened",
            evidence: `FORWARD refuses what no rule accepts, and none accepts what pods send: ${commands.length} rules are missing`,
            remedy: commands.join(" && "),
          },
        ];
  const refused = faultsOf(conditions, ["ForwardRefused"]).map((fault): Fault => {
    const command = /Run ([^.]+?)(, and put|\.|$)/.exec(fault.evidence)?.[1];
    return { ...fault, remedy: command };
  });
  const shown = firewalls.iptables.map(({ backend, family }) => `${backend} ${family}`).join(", ");
  const all = [...faults, ...refused];
  if (all.length === 0 && !hasTailnet && plan.table === undefined && shown === "")
    return well("no firewall refuses them");
  return faultsOr(all, shown === "" ? "iptables is not used" : `FORWARD of ${shown} lets them`);
}

/** tailscaled that keeps its hands off (NetfilterMode 0) has none, and needs none. */
async function lookAtChains(node: Examination): Promise<Finding> {
  const [{ prefs }, { firewalls }] = await Promise.all([node.tailnet(), node.dataplane()]);
  await node.mesh();
  if (prefs.raw.NetfilterMode !== 2)
    return notChecked("tailscaled is told to leave the firewall alone (netfilter-mode)");
  if (firewalls.iptables.length === 0) return notChecked("iptables is not used");
  const listing = async (chain: IptablesChain): Promise<string> =>
    (await forwardChanges(node.system, chain, true)).listing;
  const listings = await Promise.all(firewalls.iptables.map(listing));
  if (listings.every((text) => text === "")) return notChecked("iptables cannot list what another program wrote");
  if (listings.some((text) => text.includes("ts-forward"))) return well("FORWARD calls ts-forward");
  const raised = condition("TailscaledDamaged", { hasLostChains: true, lostRoutes: [], lostAddresses: [] });
  return { kind: "faults", faults: [...faultsOf([raised], ["TailscaledDamaged"])] };
}
