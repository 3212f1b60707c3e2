// Which PodCIDR this node lives by: the chain's answer, or the one its pods already have. The answer is a proposal; a change
// under live pods cuts them off, and a source that vanished (a reboot empties /run/flannel) is no reason to move. Pure.

import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { PodCIDRAnswer, PodCIDRSource } from "../podcidr/answer.ts";
import { dirname } from "../sys/fs/path.ts";
import { type Condition, condition } from "./conditions.ts";

/** The PodCIDR a node has been living by. */
export interface HeldPodCIDR {
  readonly podCIDRs: PodCIDRs;
  /** Undefined when only the conflist or the bridge shows it, which do not say who assigned it. */
  readonly source: PodCIDRSource | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;
}

/** How many pods live on this node, as far as can be told. */
export interface PodCount {
  /** Devices on the bridge; undefined when it cannot be looked at. */
  readonly bridgePorts: number | undefined;
  /** Attachments with a lease from since the machine started. */
  readonly leases: number;
}

export interface SettleInput {
  readonly answer: PodCIDRAnswer;
  readonly held: HeldPodCIDR | undefined;
  readonly pods: PodCount;
  /** Where CNI configurations lie. A source in there was another CNI's, and goes when it is moved aside. */
  readonly confDir: string;
}

/**
 * `steady`: as held. `new`: nothing was held, or what was held fits into what comes. `replace`: the old one goes, no pod has it.
 * `kept`: the answer is worth less than what is held. `blocked`: live pods hold the old one.
 */
export type SettleKind = "steady" | "new" | "replace" | "kept" | "blocked";

export interface Settled {
  readonly kind: SettleKind;
  /** What is in force from now on, and who said it. */
  readonly inForce: HeldPodCIDR;
  readonly conditions: readonly Condition[];
}

/** What each level is worth: an assignment, a computed guess, and what every node would take. */
const worth: Readonly<Record<PodCIDRSource, number>> = { config: 2, env: 2, file: 2, hash: 1, default: 0 };

export function settlePodCIDR(input: SettleInput): Settled {
  const settled = decide(input);
  const { source, podCIDRs } = settled.inForce;
  const isGuess = source === "hash" || source === "default";
  const guessed = isGuess
    ? [condition("PodCIDRNotAuthoritative", { podCIDRs, source: sourceWords(settled.inForce) })]
    : [];
  return { ...settled, conditions: [...settled.conditions, ...guessed] };
}

function decide({ answer, held, pods, confDir }: SettleInput): Settled {
  const proposed: HeldPodCIDR = answer;
  const taken = (kind: SettleKind): Settled => ({ kind, inForce: pick(proposed), conditions: [] });
  if (held === undefined) return taken("new");

  const heldWorth = held.source === undefined ? undefined : worth[held.source];
  const isWorthLess = heldWorth !== undefined && worth[answer.source] < heldWorth;
  if (held.podCIDRs.equals(answer.podCIDRs)) {
    return isWorthLess ? { kind: "steady", inForce: held, conditions: [] } : taken("steady");
  }
  if (isWorthLess) {
    const wasMovedAside = held.file !== undefined && dirname(held.file) === confDir;
    const lost = {
      kept: held.podCIDRs,
      from: sourceWords(held),
      now: `${answer.podCIDRs} (${sourceWords(answer)})`,
    };
    return { kind: "kept", inForce: held, conditions: wasMovedAside ? [] : [condition("PodCIDRSourceLost", lost)] };
  }
  if (fitsBeside(held.podCIDRs, answer.podCIDRs)) return taken("new");
  if (pods.bridgePorts === 0 && pods.leases === 0) return taken("replace");
  const blocked = { old: held.podCIDRs, wanted: answer.podCIDRs, from: sourceWords(answer), pods: podWords(pods) };
  return { kind: "blocked", inForce: held, conditions: [condition("PodCIDRChangeBlocked", blocked)] };
}

function pick({ podCIDRs, source, file, line }: HeldPodCIDR): HeldPodCIDR {
  return { podCIDRs, source, file, line };
}

/** A family that comes or goes beside one that stays leaves running pods what they have. */
function fitsBeside(held: PodCIDRs, wanted: PodCIDRs): boolean {
  const shared = wanted.list.filter(({ family }) => held.of(family) !== undefined);
  return shared.length > 0 && shared.every((prefix) => held.of(prefix.family)?.equals(prefix));
}

/** Where a PodCIDR comes from, in words: `file /run/flannel/subnet.env, line 2`. */
export function sourceWords({ source, file, line }: Pick<HeldPodCIDR, "source" | "file" | "line">): string {
  if (source === "hash")
    return `a hash of the node name${file === undefined ? "" : ` over the cluster CIDR of ${file}`}`;
  if (source === "default") return "the built-in default";
  if (source === "env") return "the environment variable NODE_POD_CIDR";
  const where = file === undefined ? "" : ` ${file}${line === undefined ? "" : `, line ${line}`}`;
  return source === undefined ? "what this node already had" : `${source}${where}`;
}

/** Who holds on to the old PodCIDR, in words: `3 pods (2 devices on headcni0, 3 host-local leases)`. */
export function podWords({ bridgePorts, leases }: PodCount): string {
  if (bridgePorts === undefined)
    return `an unknown number of pods (${leases} host-local leases; headcni0 cannot be looked at)`;
  const count = Math.max(bridgePorts, leases);
  return `${count} pod${count === 1 ? "" : "s"} (${bridgePorts} on headcni0, ${leases} with a host-local lease)`;
}
