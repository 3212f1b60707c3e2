// Why a range may not be this node's PodCIDR: one table of all reasons, with what each says and what it means for a range by the source
// that says it. docs/reference/podcidr-reasons.md is generated from it. Pure.

import type { Addr } from "../../cidr/addr.ts";
import type { Prefix } from "../../cidr/prefix.ts";

/** What says a range: an operator (configuration, environment), a file, a guess (hash, default); or the range is the whole cluster's. */
export type CandidateOrigin = "operator" | "file" | "guess" | "cluster";

/**
 * What a reason does to a range. `refused`: it is an error, or a file is passed over with a warning. `questioned`: it counts, and a
 * condition says what is odd. `passed over`: the next file or block is asked. `-`: nothing.
 */
export type Effect = "refused" | "questioned" | "passed over" | "-";

export interface Reason<Args> {
  /** For the table of the docs: what the range is or does. */
  readonly when: string;
  readonly because: string;
  readonly effects: Readonly<Record<CandidateOrigin, Effect>>;
  /** The end of a sentence that begins with the range. */
  readonly says: (args: Args) => string;
}

/** A reason of each effect, in the order operator, file, guess, cluster. */
function effects(
  operator: Effect,
  file: Effect,
  guess: Effect,
  cluster: Effect,
): Readonly<Record<CandidateOrigin, Effect>> {
  return { operator, file, guess, cluster };
}

const reason = <Args>(declared: Reason<Args>): Reason<Args> => declared;

interface Around {
  /** The range that is judged. */
  readonly range: Prefix;
  /** The one it is held against. */
  readonly other: Prefix;
}

/** `lies in X`, `contains X`, `is X` */
function relation({ range, other }: Around): string {
  if (range.equals(other)) return `is ${other}`;
  return `${other.contains(range) ? "lies in" : "contains"} ${other}`;
}

/** `lies in X, which …`, `is what …` */
function relative(around: Around, clause: string): string {
  return around.range.equals(around.other) ? `is what ${clause}` : `${relation(around)}, which ${clause}`;
}

export const reasons = {
  "all-addresses": reason<object>({
    when: "is every address there is (`0.0.0.0/0`, `::/0`)",
    because: "it is nobody's: what is cut out of it would be public addresses",
    effects: effects("refused", "refused", "-", "refused"),
    says: () => "is every address there is",
  }),
  "host-bits": reason<{ readonly network: Prefix }>({
    when: "has host bits set (`10.244.3.9/24`)",
    because:
      "which network was meant is unclear; the message says the one around it. In `FLANNEL_SUBNET` they are normal and cleared",
    effects: effects("refused", "refused", "-", "-"),
    says: ({ network }) => `has host bits set: the network is ${network}`,
  }),
  "too-small": reason<{ readonly bits: number }>({
    when: "is a /31, /32, /127 or /128",
    because: "there is no address left for a pod",
    effects: effects("refused", "refused", "-", "refused"),
    says: ({ bits }) => `is a /${bits}, which leaves no address for a pod`,
  }),
  "tailscale-range": reason<Around>({
    when: "lies in or contains 100.64.0.0/10 or fd7a:115c:a1e0::/48",
    because: "Tailscale gives its nodes addresses from there",
    effects: effects("refused", "refused", "passed over", "refused"),
    says: (around) => `${relation(around)}, which Tailscale gives its nodes addresses from`,
  }),
  "reserved-range": reason<Around & { readonly what: string }>({
    when: "lies in or contains the loopback, link-local or multicast range, 0.0.0.0/8 or 240.0.0.0/4",
    because: "no host can have such an address",
    effects: effects("refused", "refused", "passed over", "refused"),
    says: ({ range, other, what }) => `${other.contains(range) ? "lies in" : "contains"} ${what}`,
  }),
  "too-large": reason<{ readonly shortest: number }>({
    when: "is larger than an IPv4 /8 or an IPv6 /7",
    because: "no private range is",
    effects: effects("refused", "refused", "-", "refused"),
    says: ({ shortest }) => `is larger than any private range (/${shortest})`,
  }),
  "service-range": reason<{ readonly other: Prefix; readonly isAllOfIt: boolean }>({
    when: "overlaps the service CIDR",
    because: "a Service could have a pod's address",
    effects: effects("refused", "refused", "passed over", "refused"),
    says: ({ other, isAllOfIt }) => `${isAllOfIt ? "lies in" : "overlaps"} the service CIDR ${other}`,
  }),
  "own-address": reason<{ readonly address: Prefix; readonly device: string }>({
    when: "holds an address of this node, on any device but those of pods",
    because:
      "a pod, or headcni0 itself, could get the node's own address, and the node would look for its neighbours among its pods",
    effects: effects("refused", "passed over", "passed over", "questioned"),
    says: ({ address, device }) => `holds this node's own address ${address} on ${device}`,
  }),
  "own-network": reason<Around & { readonly device: string; readonly address: Prefix | undefined }>({
    when: "lies in or contains the network of one of this node's devices: that of an address, or a route of the kernel, of DHCP or of a router advertisement without a gateway",
    because: "other machines have addresses there, the gateway perhaps, and the node could no longer reach them",
    effects: effects("refused", "passed over", "passed over", "questioned"),
    says: ({ device, address, range, other }) =>
      `${range.equals(other) ? "is" : `${relation({ range, other })},`} the network this node is on with ${device}${address === undefined ? "" : ` (${address})`}`,
  }),
  "own-route": reason<Around & Hop>({
    when: "is or contains the destination of one of this node's routes (table main), through a gateway or a tunnel; also flannel's route to the block of another node",
    because: "something else has these addresses, and the route takes the pods' packets away",
    effects: effects("refused", "passed over", "passed over", "-"),
    says: ({ range, other, ...hop }) => relative({ range, other }, `this node has a route to${hopWords(hop)}`),
  }),
  "earlier-route": reason<Around & Hop>({
    when: "contains the destination of a route that another CNI made to pods of another node (through `flannel.1`, `vxlan.calico`, `tunl0` …, or BIRD's beside Calico)",
    because:
      "Calico gives nodes blocks that no PodCIDR tells of: while it is there, pods in that part are out of reach. The very range of such a route is another node's (`own-route`)",
    effects: effects("questioned", "questioned", "passed over", "-"),
    says: ({ range, other, ...hop }) => relative({ range, other }, `another CNI has a route to${hopWords(hop)}`),
  }),
  "wider-route": reason<Around & Hop>({
    when: "lies in the destination of such a route, which is wider (`10.0.0.0/8` of a VPN)",
    because:
      "the more specific route counts, so that the node's pods are reached. A guess takes a block beside it, unless it is around the whole of the cluster's range",
    effects: effects("-", "-", "passed over", "-"),
    says: ({ range, other, ...hop }) => relative({ range, other }, `this node has a route to${hopWords(hop)}`),
  }),
  "null-route": reason<Around>({
    when: "is or contains the destination of a route that throws packets away (`blackhole`, `unreachable`), as Calico's routes to blocks of its own are",
    because: "pods in it are out of reach until that route is gone",
    effects: effects("questioned", "questioned", "passed over", "-"),
    says: (around) => relative(around, "a route of this node throws away"),
  }),
  "earlier-network": reason<Around & { readonly device: string }>({
    when: "overlaps, and is not just, what a device of another CNI has (`cni0`, `cbr0`, `flannel.1`, `cilium_host`, `weave`, a pod's `veth` …)",
    because: "its pods may still run. That both are the same is what a migration looks like, and no fault",
    effects: effects("questioned", "-", "passed over", "-"),
    says: ({ device, ...around }) => relative(around, `${device}, a device of another CNI, has`),
  }),
  "wire-network": reason<Around & Place & { readonly why: string }>({
    when: "overlaps the range of a network that another CNI configuration attaches pods to (`macvlan`, `ipvlan`, `vlan`, `host-device`, `sriov` …)",
    because: "it is the range of the network outside, where other machines have addresses",
    effects: effects("refused", "passed over", "passed over", "questioned"),
    says: ({ range, other, why, ...place }) => `overlaps ${other}, which ${why} (${placeWords(place)})`,
  }),
  "tool-network": reason<Around & Place & { readonly why: string }>({
    when: "overlaps the network of podman, nerdctl, Docker or a like tool, as its CNI configuration says",
    because: "the tool's bridge takes the pods' packets once it runs a container",
    effects: effects("questioned", "questioned", "passed over", "-"),
    says: ({ range, other, why, ...place }) => `overlaps ${other}, which ${why} (${placeWords(place)})`,
  }),
  "other-node": reason<{ readonly other: Prefix; readonly node: string; readonly by: string }>({
    when: "overlaps what is another node's: its entry in `network.podCIDR.nodeLocal`, or its Node object in a local file",
    because:
      "two nodes would have the same pod addresses. One that can be this node by its short name or its FQDN counts for guesses alone",
    effects: effects("questioned", "passed over", "passed over", "-"),
    says: ({ other, node, by }) => `overlaps ${other}, which is node ${node}'s by ${by}`,
  }),
  "tailnet-node": reason<{ readonly other: Prefix; readonly node: string }>({
    when: "overlaps what another node of the tailnet serves or offers, approved or not, or had when it was last there",
    because: "two nodes would have the same pod addresses; one that is assigned its range says so in a condition",
    effects: effects("-", "-", "passed over", "-"),
    says: ({ other, node }) => `overlaps ${other}, which node ${node} has on the tailnet`,
  }),
  "every-node": reason<{ readonly node: string; readonly by: string }>({
    when: "is one value of `network.podCIDR.nodeLocal` for every node that reads the configuration, and another node is known",
    because: "it can be right for one of them only",
    effects: effects("questioned", "-", "-", "-"),
    says: ({ node, by }) =>
      `is for every node that reads this configuration, and there is a node ${node} (${by}): give each node an entry of its own by name`,
  }),
  "cluster-range": reason<{ readonly other: Prefix }>({
    when: "holds the cluster's range",
    because:
      "it is right for a single node only. In a file it is taken as the cluster's, unless the API server assigned it",
    effects: effects("questioned", "-", "-", "-"),
    says: ({ other }) => `holds the whole cluster CIDR ${other}: right for a single node only`,
  }),
  "outside-cluster": reason<{ readonly other: Prefix; readonly by: string }>({
    when: "lies outside of the cluster's range, where the configuration or a file says one of its family",
    because:
      "a node's PodCIDRs are its routes inside of that range: no other node counts this one. Which of the two is wrong is not known (the file of a former cluster, a base that was forgotten), so it counts",
    effects: effects("questioned", "questioned", "-", "-"),
    says: ({ other, by }) =>
      `is outside of the cluster CIDR ${other} (${by}), so that no other node counts it as this node's`,
  }),
  "unusually-large": reason<{ readonly bits: number }>({
    when: "is larger than an IPv4 /16 or an IPv6 /48, for one node",
    because: "every other host in it is out of its pods' reach",
    effects: effects("questioned", "-", "-", "-"),
    says: ({ bits }) => `is larger than a /${bits}, for one node: every other host in it is out of its pods' reach`,
  }),
  "docker-range": reason<{ readonly other: Prefix }>({
    when: "overlaps 172.17.0.0/16",
    because: "Docker puts its own bridge there on every machine",
    effects: effects("questioned", "-", "-", "-"),
    says: ({ other }) => `overlaps ${other}, where Docker puts its own bridge on every machine`,
  }),
} as const;

interface Hop {
  readonly device: string | undefined;
  readonly via: Addr | undefined;
}

function hopWords({ device, via }: Hop): string {
  return `${via === undefined ? "" : ` via ${via}`}${device === undefined ? "" : ` on ${device}`}`;
}

interface Place {
  readonly file: string;
  readonly line: number | undefined;
}

function placeWords({ file, line }: Place): string {
  return `${file}${line === undefined ? "" : `:${line}`}`;
}

export type ReasonCode = keyof typeof reasons;

/** What one reason makes of a range. */
export interface Verdict {
  readonly code: ReasonCode;
  readonly range: Prefix;
  readonly effect: Effect;
  /** The end of a sentence that begins with the range. */
  readonly text: string;
}

/** A range, and what says it. */
export interface Candidate {
  readonly range: Prefix;
  readonly by: CandidateOrigin;
}

/** The verdict of one reason on a range. */
export const verdict = verdictsOf(reasons);

/** Ties the facts of a reason's sentence to its entry in the table. */
function verdictsOf<Args extends object>(
  table: {
    readonly [Code in keyof Args]: Reason<Args[Code]>;
  },
): <Code extends keyof Args & ReasonCode>(code: Code, candidate: Candidate, args: Args[Code]) => Verdict {
  return (code, { range, by }, args) => {
    const { effects: effectOf, says } = table[code];
    return { code, range, effect: effectOf[by], text: says(args) };
  };
}
