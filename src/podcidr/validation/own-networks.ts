// Which of the node's addresses and routes a PodCIDR is held against. What is HeadCNI's own, Tailscale's, every machine's (loopback,
// link-local, multicast, default routes) or of the pods of another CNI is told apart here. Pure.

import type { Addr } from "../../cidr/addr.ts";
import { type Prefix, parsePrefix } from "../../cidr/prefix.ts";
import type { Networks, NodeAddress } from "../../kernel/networks.ts";
import { type Route, usualTables } from "../../kernel/routes.ts";
import { bridgeName } from "../../node-state/names.ts";
import { tailnetRanges } from "../../tailnet/ranges.ts";

/** One thing the node has in its network. */
export type OwnNetwork =
  /** An address on a device, with the network around it. */
  | { readonly kind: "address"; readonly range: Prefix; readonly device: string; readonly address: Prefix }
  /** A network on a device that no address of that device shows. */
  | { readonly kind: "network"; readonly range: Prefix; readonly device: string }
  | {
      readonly kind: "route";
      readonly range: Prefix;
      readonly device: string | undefined;
      readonly via: Addr | undefined;
      /** Whether another CNI made it, to the pods of another node. */
      readonly isOfCni: boolean;
    }
  /** A route that throws packets away. */
  | { readonly kind: "null-route"; readonly range: Prefix }
  /** What a device has that another CNI made for pods. */
  | { readonly kind: "earlier"; readonly range: Prefix; readonly device: string };

/** What files say of the devices. */
export interface DeviceHints {
  /** Bridges that CNI configurations of this node's pods name. */
  readonly podDevices: readonly string[];
  /** What files say is this node's range: a bridge that has just that is its pods'. */
  readonly nodeRanges: readonly Prefix[];
}

/** Devices that flannel, Calico, Cilium, Weave, kube-router, Antrea, OVN, kubenet and the bridge plugin make, one for all pods. */
const podDeviceNames =
  /^(cni\d+|cbr\d+|kube-bridge|flannel.*|cilium_.*|vxlan(-v6)?\.calico|(wireguard|wg-v6)\.cali|tunl\d+|weave|antrea-.*|ovn-k8s-.*|ovn0)$/;

/** Devices of a single pod, as the ptp plugin, kindnet, Calico, Cilium, AWS, GKE and Azure make them: they lead to one address. */
const onePodNames = /^(veth.*|cali[0-9a-f]+|lxc[0-9a-f]{5,}|lxc_health|(eni|gke|azv)[0-9a-f]{5,})$/;

/** Devices of a node on which Calico runs: there BIRD's routes are its own. */
const calicoNames = /^(cali[0-9a-f]{5,}|vxlan(-v6)?\.calico)$/;

/** Bridges of tools, which on some nodes are the pods' (flannel gives docker0 its range). */
const toolBridgeNames =
  /^(docker\d*|docker_gwbridge|br-[0-9a-f]{8,}|cni-podman\d+|podman\d+|nerdctl\d+|virbr\d+|l[xc]dbr\d+|lxcbr\d+)$/;

/** Ranges that are the same on every machine, and Tailscale's. */
const everyones: readonly Prefix[] = [
  ...tailnetRanges,
  ...["127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/10", "224.0.0.0/4", "ff00::/8", "255.255.255.255/32"].map(
    parsePrefix,
  ),
];

/** Routes without a gateway to these lead to a network the node is on; a tunnel's are set up by its program. */
const networkProtocols: ReadonlySet<string> = new Set(["kernel", "ra", "dhcp"]);

/** Types of routes that lead nowhere. */
const nullTypes: ReadonlySet<string> = new Set(["blackhole", "unreachable", "prohibit", "throw"]);

/** In the order of addresses, then routes. What is not known (`ip` is missing) is nothing. */
export function ownNetworks(networks: Networks, hints: DeviceHints): readonly OwnNetwork[] {
  if (networks.kind === "unknown") return [];
  const sorter = new Sorter(networks, hints);
  return [
    ...networks.addresses.flatMap((address) => sorter.address(address)),
    ...networks.routes.flatMap((route) => sorter.route(route)),
  ];
}

type Known = Extract<Networks, { readonly kind: "known" }>;

class Sorter {
  readonly #ports: ReadonlyMap<string, readonly string[]>;
  readonly #addresses: ReadonlySet<string>;
  readonly #byDevice: ReadonlyMap<string, readonly Prefix[]>;
  readonly #hasCalico: boolean;
  /** Devices with a route to one address, which is a pod's where the device is one pod's. */
  readonly #toOne: ReadonlySet<string>;
  readonly #hints: DeviceHints;
  readonly #tailscale: ReadonlySet<string>;
  readonly #seen = new Set<string>();

  constructor({ devices, addresses, routes }: Known, hints: DeviceHints) {
    const ports = new Map<string, string[]>();
    for (const { name, master } of devices) {
      if (master !== undefined) ports.set(master, [...(ports.get(master) ?? []), name]);
    }
    this.#ports = ports;
    this.#addresses = new Set(addresses.map(({ address }) => String(address.addr)));
    this.#hasCalico = devices.some(({ name }) => calicoNames.test(name));
    this.#toOne = new Set(routes.flatMap((route) => (this.#isToOnePod(route) ? [route.device] : [])));
    this.#hints = hints;
    const byDevice = new Map<string, Prefix[]>();
    for (const { device, address } of addresses.filter(({ address: { addr } }) => !linkLocal.containsAddr(addr))) {
      byDevice.set(device, [...(byDevice.get(device) ?? []), address]);
    }
    this.#byDevice = byDevice;
    this.#tailscale = new Set([...byDevice].flatMap(([device, all]) => (all.every(isTailscale) ? [device] : [])));
  }

  address({ device, address }: NodeAddress): readonly OwnNetwork[] {
    const range = address.masked();
    if (this.#isOurs(device) || isEveryones(address)) return [];
    if (this.#isOfPods(device, range)) return this.#once({ kind: "earlier", range, device });
    this.#seen.add(`${device} ${range}`);
    return [{ kind: "address", range, device, address }];
  }

  route({ destination, device, via, table, protocol, type }: Route): readonly OwnNetwork[] {
    const range = destination.masked();
    if (!usualTables.has(table) || range.bits === 0 || isEveryones(range)) return [];
    if (nullTypes.has(type)) return [{ kind: "null-route", range }];
    if (type !== "unicast" || (device !== undefined && this.#isOurs(device))) return [];
    const isNear = via === undefined || this.#addresses.has(String(via));
    if (device !== undefined && isNear && this.#leadsToOwn(device, range) && this.#isOfPods(device, range)) {
      return this.#once({ kind: "earlier", range, device });
    }
    if (device !== undefined && via === undefined && networkProtocols.has(protocol ?? "")) {
      return this.#once({ kind: "network", range, device });
    }
    const isOfCni = device !== undefined && (podDeviceNames.test(device) || (protocol === "bird" && this.#hasCalico));
    return [{ kind: "route", range, device, via, isOfCni }];
  }

  /** A route to an address of the node's own shows no pod. */
  #isToOnePod(route: Route): route is Route & { readonly device: string } {
    const { destination, device, via, table, type } = route;
    if (destination.size !== 1n || this.#addresses.has(String(destination.addr))) return false;
    return via === undefined && type === "unicast" && device !== undefined && usualTables.has(table);
  }

  /** Of what both an address and its route show only the first. */
  #once(own: Extract<OwnNetwork, { readonly device: string }>): readonly OwnNetwork[] {
    const key = `${own.device} ${own.range}`;
    if (this.#seen.has(key)) return [];
    this.#seen.add(key);
    return [own];
  }

  #isOurs(device: string): boolean {
    return device === bridgeName || device.startsWith("tailscale") || this.#tailscale.has(device);
  }

  /** Whether a route of another CNI's device is to this node's pods: to those of another node the device has no address in common. */
  #leadsToOwn(device: string, range: Prefix): boolean {
    if (range.size === 1n && onePodNames.test(device)) return true;
    const own = (this.#byDevice.get(device) ?? []).filter(({ family }) => family === range.family);
    return own.length === 0 || own.some(({ addr }) => range.containsAddr(addr));
  }

  #isOfPods(device: string, range: Prefix): boolean {
    if (podDeviceNames.test(device)) return true;
    if (range.size === 1n && onePodNames.test(device) && this.#toOne.has(device)) return true;
    const ports = this.#ports.get(device) ?? [];
    // A bridge with a network card on it is the machine's own.
    if (!ports.every((port) => onePodNames.test(port))) return false;
    if (this.#hints.podDevices.includes(device)) return true;
    const isBridge = ports.length > 0 || toolBridgeNames.test(device);
    return isBridge && this.#hints.nodeRanges.some((said) => said.equals(range));
  }
}

const linkLocal = parsePrefix("fe80::/10");

/** An address as Tailscale gives its device: a host's own, in its ranges. A provider's network can be in 100.64.0.0/10 too. */
function isTailscale(address: Prefix): boolean {
  return address.size === 1n && tailnetRanges.some((range) => range.contains(address));
}

function isEveryones(range: Prefix): boolean {
  return everyones.some((other) => other.contains(range));
}
