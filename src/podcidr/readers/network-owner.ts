// Whose the range of a CNI plugin's network is: this node's own, from which it gives its pods addresses, or somebody else's. Only the
// first answers the chain. What the plugins do with a range is in their pages at https://www.cni.dev/plugins/current/main/.

import type { Foreign } from "../statements.ts";
import { child, entriesOf, has, itemsOf, type Tree, textAt } from "../text/tree.ts";

/** Plugins that route between the node and its pods, so that no other host has the addresses of their range. */
const routed: ReadonlySet<string> = new Set(
  "ptp flannel calico cilium-cni antrea kube-router cni-kindnet headcni azure-vnet weave-net".split(" "),
);

/**
 * Bridges and networks of tools that run beside Kubernetes and use the same directory: of each the first network a machine makes has the
 * same range as on any other machine. nerdctl and Docker name the bridge of a network that was made by hand after its ID.
 */
const toolNames =
  /^(cni-podman|podman|nerdctl|docker|buildkit|buildkitdns|nomad|virbr|lxdbr|lxcbr|openfaas|ignite|fc-br|fcnet)\d*$/;
const toolBridges = /^(docker_gwbridge|br-[0-9a-f]{8,64})$/;
/** Makes the device of a Firecracker microVM, which is no pod. */
const microVMPlugin = "tc-redirect-tap";

/** The parts of a CNI configuration that say whose a range in it is. */
export interface NetworkPlugin {
  /** The configuration the plugin stands in. */
  readonly config: Tree;
  readonly plugin: Tree;
  /** The part that flannel's plugin hands on to another, bridge by default, where the range stands there. */
  readonly delegate: Tree | undefined;
  /** The `ipam` with the range. */
  readonly ipam: Tree;
}

/** Whose the range is when it is not this node's own; undefined when it is. */
export function foreignOwner(network: NetworkPlugin): Foreign | undefined {
  if (isOfTool(network))
    return { whose: "tool", why: "is the private network of podman, nerdctl, Docker or a like tool" };
  const { plugin, delegate } = network;
  const type = (delegate === undefined ? textAt(plugin, "type") : (textAt(delegate, "type") ?? "bridge")) ?? "";
  if (routed.has(type)) return undefined;
  if (type !== "bridge") {
    // A type is a program's name; whatever else stands there is not shown.
    const name = /^[\w.-]{1,40}$/.test(type) ? type : "its plugin";
    return { whose: "wire", why: `is of the network that ${name} attaches pods to, not this node's own` };
  }
  if (isGateway(network)) return undefined;
  return { whose: "wire", why: "is of the network behind a bridge that is not its gateway, not this node's own" };
}

function isOfTool({ config, plugin, delegate }: NetworkPlugin): boolean {
  const isTools = (name: string | undefined): boolean =>
    name !== undefined && (toolNames.test(name) || toolBridges.test(name));
  // nerdctl and podman mark what they make: `nerdctlID`, `nerdctlLabels`; `podman_labels` in `args`.
  const isMarked = (keys: Tree | undefined): boolean =>
    entriesOf(keys).some(({ key }) => /^(nerdctl|podman)/.test(key));
  if (isMarked(config) || isMarked(child(config, "args")) || isMarked(child(plugin, "args"))) return true;
  if (itemsOf(child(config, "plugins")).some((each) => textAt(each, "type") === microVMPlugin)) return true;
  return isTools(textAt(config, "name")) || [plugin, delegate].some((part) => isTools(textAt(part, "bridge")));
}

/**
 * Whether the node routes for a bridge's pods. Without a word on that the bridge is taken for the node's, unless the rest only makes sense
 * on a network with other hosts: another gateway, a share of the range, a VLAN. flannel makes its bridge the gateway by itself.
 */
function isGateway({ plugin, delegate, ipam }: NetworkPlugin): boolean {
  const bridge = delegate ?? plugin;
  const flags = ["isGateway", "isDefaultGateway"].map((key) => textAt(bridge, key));
  if (flags.includes("true")) return true;
  if (flags.includes("false")) return false;
  if (delegate !== undefined) return true;
  const ranges = itemsOf(child(ipam, "ranges")).flatMap((set) => (set.kind === "map" ? [set] : itemsOf(set)));
  const isShared = [ipam, ...ranges].some((range) =>
    ["gateway", "rangeStart", "rangeEnd"].some((key) => has(range, key)),
  );
  const hasVlan = has(bridge, "vlan") || has(bridge, "vlanTrunk");
  return !isShared && !hasVlan && !itemsOf(child(ipam, "routes")).some((route) => has(route, "gw"));
}
