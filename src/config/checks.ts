// Checks across keys: whether values that are right by themselves fit together. Pure.

import { whyTooBroad } from "../cidr/breadth.ts";
import { firstOverlaps } from "../cidr/overlaps.ts";
import type { Prefix } from "../cidr/prefix.ts";
import type { Config } from "./config.ts";
import { familyName, isLoopback, readListen } from "./values.ts";

/** A fault or warning at a key; it continues no sentence, unlike the readers'. */
export interface KeyFinding {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

const keys = {
  nodeLocal: ["network", "podCIDR", "nodeLocal"],
  base: ["network", "podCIDR", "base"],
  serviceCIDR: ["network", "serviceCIDR"],
  perNode: ["network", "podCIDR", "perNode"],
  mtu: ["network", "mtu"],
  login: ["tailscale", "login"],
  listen: ["monitoring", "listen"],
  approval: ["headscale", "approval"],
} as const;

/** Contradictions in a configuration of valid values, but for those between ranges. */
export function findContradictions(config: Config): readonly KeyFinding[] {
  return [...perNodeAgainstBase(config), ...mtuAgainstIpv6(config), ...halfLogin(config), ...keylessNode(config)];
}

/** Ranges that are nobody's, and ranges of two that overlap: what must never come into force, and must not end a daemon whose node has one. */
export function findRangeConflicts(config: Config): readonly KeyFinding[] {
  return [...rangesOfNobody(config), ...rangesAgainstServices(config), ...nodesAgainstEachOther(config)];
}

/** A key goes to the server it is for: to none by default. */
function* halfLogin({ tailscale: { login } }: Config): Iterable<KeyFinding> {
  if (login.server === undefined && login.authKeyFile !== undefined) {
    yield {
      path: [...keys.login, "authKeyFile"],
      message:
        "needs tailscale.login.server, the control server the key is for; write for example https://headscale.example.com",
    };
  }
  if (login.server !== undefined && login.authKeyFile === undefined) {
    yield {
      path: [...keys.login, "server"],
      message: "needs tailscale.login.authKeyFile, the file with a key for it",
    };
  }
}

/** A node that is to approve its own route. */
function* keylessNode({ headscale }: Config): Iterable<KeyFinding> {
  if (headscale.approval !== "node") return;
  for (const key of ["url", "apiKeyFile"] as const) {
    if (headscale[key] !== undefined) continue;
    yield {
      path: keys.approval,
      message: `node needs headscale.${key}; write both url and apiKeyFile, or leave it to policy`,
    };
  }
}

/** Settings that are valid but deserve a warning. */
export function findRisks({ monitoring }: Config): readonly KeyFinding[] {
  const listen = readListen(monitoring.listen);
  if (!monitoring.enabled || listen.kind === "fault" || isLoopback(listen.value.host)) return [];
  return [
    {
      path: keys.listen,
      message: `the status server listens on ${monitoring.listen}, not on loopback: others on the network can read this node's status`,
    },
  ];
}

/** The PodCIDRs written for nodes, each with the path of its value and the name of its node. */
function written({ network }: Config): { path: readonly string[]; node: string; prefix: Prefix }[] {
  const { nodeLocal } = network.podCIDR;
  if (nodeLocal === undefined) return [];
  if (nodeLocal.kind === "any")
    return nodeLocal.podCIDRs.list.map((prefix) => ({ path: keys.nodeLocal, node: "", prefix }));
  return [...nodeLocal.podCIDRs].flatMap(([node, podCIDRs]) =>
    podCIDRs.list.map((prefix) => ({ path: [...keys.nodeLocal, node], node, prefix })),
  );
}

/** A range that is nobody's is refused at each key, also where another source answers. */
function* rangesOfNobody(config: Config): Iterable<KeyFinding> {
  const { serviceCIDR, podCIDR } = config.network;
  const ranges = [
    ...(podCIDR.base?.list ?? []).map((prefix) => ({ path: keys.base, prefix })),
    ...serviceCIDR.map((prefix) => ({ path: keys.serviceCIDR, prefix })),
    ...written(config),
  ];
  for (const { path, prefix } of ranges) {
    const why = whyTooBroad(prefix);
    if (why !== undefined) yield { path, message: `${prefix} ${why}; write the range that is meant` };
  }
}

function* perNodeAgainstBase({ network }: Config): Iterable<KeyFinding> {
  const { base, perNode } = network.podCIDR;
  for (const prefix of base ?? []) {
    const bits = perNode[prefix.family];
    if (bits !== undefined && bits < prefix.bits) {
      yield {
        path: keys.perNode,
        message: `/${bits} is a larger block than network.podCIDR.base ${prefix}; write /${prefix.bits} or a longer length`,
      };
    }
  }
  for (const family of ["ipv4", "ipv6"] as const) {
    if (perNode[family] === undefined || base === undefined || base.of(family) !== undefined) continue;
    yield {
      path: keys.perNode,
      message: `/${perNode[family]} is a length for ${familyName(family)}, which network.podCIDR.base ${base.list.join(",")} does not have; write {${family === "ipv4" ? "ipv6" : "ipv4"}: …} or extend base`,
    };
  }
}

function* rangesAgainstServices(config: Config): Iterable<KeyFinding> {
  const { serviceCIDR, podCIDR } = config.network;
  const ranges = [...(podCIDR.base?.list ?? []).map((prefix) => ({ path: keys.base, prefix })), ...written(config)];
  for (const { path, prefix } of ranges) {
    const service = serviceCIDR.find((other) => other.overlaps(prefix));
    if (service === undefined) continue;
    yield {
      path,
      message: `${prefix} overlaps network.serviceCIDR ${service}; pods and services need ranges of their own`,
    };
  }
}

/** Two nodes with the same addresses is the one thing HeadCNI must never let pass. */
function* nodesAgainstEachOther(config: Config): Iterable<KeyFinding> {
  const all = written(config);
  // One node's CIDRs are of different families: whatever overlaps is another node's.
  const overlaps = firstOverlaps(all.map(({ prefix }) => prefix));
  for (const [index, { path, prefix }] of all.entries()) {
    const other = all[overlaps[index] ?? -1];
    if (other !== undefined)
      yield { path, message: `${prefix} overlaps ${other.prefix} of node ${other.node}; give each node its own` };
  }
}

function* mtuAgainstIpv6(config: Config): Iterable<KeyFinding> {
  const { bridge, podCIDR } = config.network;
  const ipv6 = [...(podCIDR.base ?? []), ...written(config).map(({ prefix }) => prefix)].find(
    ({ family }) => family === "ipv6",
  );
  if (bridge.mtuBytes < 1280 && ipv6 !== undefined) {
    yield {
      path: keys.mtu,
      message: `${bridge.mtuBytes} is less than 1280, which IPv6 (${ipv6}) needs; write 1280 or more`,
    };
  }
}
