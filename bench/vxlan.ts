// What people run today: flannel's VXLAN with tailscale0 beneath it, made by hand as flannel makes it, with a pod of its own on each node.

import type { Node } from "../test/harness/node.ts";

export interface VxlanEnd {
  readonly node: Node;
  /** On the tailnet. */
  readonly address: string;
  readonly index: number;
}

/** Name of the pod's network namespace on each node. */
export const vxlanPod = "vxpod";
export const vxlanPodAddress = (index: number): string => `10.245.${index}.2`;

/** A tunnel's MTU is 50 bytes under that of the device it goes over. */
const mtu = "1230";

/** Wires two nodes. */
export async function wireVxlan(ends: readonly [VxlanEnd, VxlanEnd]): Promise<void> {
  const [one, two] = ends;
  for (const [own, peer] of [
    [one, two],
    [two, one],
  ] as const) {
    const script = `
ip link add flannel.1 address ${macOf(own)} mtu ${mtu} type vxlan id 1 local ${own.address} dev tailscale0 dstport 8472 nolearning
ip addr add 10.245.${own.index}.0/32 dev flannel.1
ip link set flannel.1 up
ip neigh add 10.245.${peer.index}.0 lladdr ${macOf(peer)} dev flannel.1 nud permanent
bridge fdb append ${macOf(peer)} dev flannel.1 dst ${peer.address}
ip route add 10.245.${peer.index}.0/24 via 10.245.${peer.index}.0 dev flannel.1 onlink
ip link add cni0 mtu ${mtu} type bridge
ip addr add 10.245.${own.index}.1/24 dev cni0
ip link set cni0 up
ip netns add ${vxlanPod}
ip link add vx0 mtu ${mtu} type veth peer name eth0 mtu ${mtu} netns ${vxlanPod}
ip link set vx0 master cni0 up
ip -n ${vxlanPod} addr add ${vxlanPodAddress(own.index)}/24 dev eth0
ip -n ${vxlanPod} link set eth0 up
ip -n ${vxlanPod} route add default via 10.245.${own.index}.1`;
    await own.node.must(["sh", "-ec", script]);
  }
}

function macOf({ index }: VxlanEnd): string {
  return `02:f1:00:00:00:0${index}`;
}
