// What Kubernetes' own programs on this node were told that pods' network depends on.

import { type Addr, tryParseAddr } from "../../cidr/addr.ts";
import type { Networks } from "../../kernel/networks.ts";
import { kubeletSettings } from "../../programs/kubelet-settings.ts";
import { k3sSettings, rke2Settings } from "../../programs/rancher-settings.ts";
import { tailnetRanges } from "../../tailnet/ranges.ts";
import { type Check, type Finding, faultsOr, notChecked, well } from "../check.ts";
import type { Examination } from "../examination.ts";

export const kubernetesChecks: readonly Check[] = [
  {
    id: "node-address",
    title: "The kubelet has an address that other nodes reach (InternalIP)",
    codes: ["NodeAddressNotOnTailnet"],
    look: lookAtAddress,
  },
];

/** Only where another node is known to be outside of this node's own networks does the address matter. */
async function lookAtAddress(node: Examination): Promise<Finding> {
  const { system } = node;
  const kubelet = [k3sSettings(system), rke2Settings(system), kubeletSettings(system)].find(({ isGiven }) => isGiven);
  if (kubelet === undefined) return notChecked("neither a kubelet nor k3s or RKE2 is known on this node");
  const [{ networks }, { mesh }] = await Promise.all([node.kernel(), node.mesh()]);
  const written = kubelet.settings.one("node-ip");
  const address = tryParseAddr(written?.value.split(",")[0] ?? "") ?? mainAddress(networks);
  if (address === undefined) return notChecked("no --node-ip is given, and no address of this node is known");
  const place = written === undefined ? "by the default route" : `(--node-ip, ${written.file}:${written.line})`;
  if (tailnetRanges.some((range) => range.containsAddr(address))) return well(`${address} is on the tailnet`);
  const far = mesh.nodes.flatMap(({ name, path }) => {
    const endpoint =
      path.kind === "direct" ? tryParseAddr(path.endpoint.replace(/:\d+$/, "").replace(/^\[|\]$/g, "")) : undefined;
    const isFar = path.kind === "relay" || (endpoint !== undefined && !isOnOwnNetwork(networks, endpoint));
    return isFar ? [name] : [];
  });
  const evidence = `the kubelet's address is ${address} ${place}, and ${far.join(", ")} is on another network: kubectl logs and exec, and pods on the host's network, do not work between them`;
  return faultsOr(
    far.length === 0 ? [] : [{ code: "NodeAddressNotOnTailnet", evidence }],
    `${address}; every other node is on the same network`,
  );
}

/** The address of the device that the default route leads out of: what a kubelet without `--node-ip` takes. */
function mainAddress(networks: Networks): Addr | undefined {
  if (networks.kind === "unknown") return undefined;
  const route = networks.routes.find(({ destination, table }) => destination.bits === 0 && table === "main");
  return networks.addresses.find(({ device, scope }) => device === route?.device && scope === "global")?.address.addr;
}

function isOnOwnNetwork(networks: Networks, addr: Addr): boolean {
  return networks.kind === "known" && networks.addresses.some(({ address }) => address.masked().containsAddr(addr));
}
