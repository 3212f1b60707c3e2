// Which PodCIDR the node adopts: the proposed one, which is the chain's answer, or the current one, which its pods have. A change
// under live pods cuts them off, and a source that vanished (a reboot empties /run/flannel) is no reason to move. Pure.

import type { Condition } from "../agent/conditions.ts";
import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import { type Assignment, isGuess, type PodCIDRAnswer, type PodCIDRSource } from "../podcidr/answer.ts";
import { dirname } from "../sys/fs/path.ts";
import type { ClaimEffects } from "../tailnet/claims-view.ts";
import { condition } from "./conditions.ts";

/** What the node agent publishes: the PodCIDRs the conflist and the kernel's rules shall have, and what goes with them. */
export interface NodeAssignment extends Assignment {
  readonly nodeName: string;
  /** Whether nothing assigned the adopted ones, so that another node may have them. */
  readonly isGuess: boolean;
  /** At most one of a family; empty when nothing says them. */
  readonly clusterCIDRs: PodCIDRAnswer["clusterCIDRs"];
  /**
   * The one in force, another than the adopted one until conflist and bridge have followed. Undefined on a node HeadCNI has never
   * seen, until they have.
   */
  readonly current: Assignment | undefined;
}

/** How many pods live on this node, as far as can be told. */
export interface PodCount {
  /** Devices on the bridge; undefined when it cannot be looked at. */
  readonly bridgePorts: number | undefined;
  /** Attachments with a lease from since the machine started. */
  readonly leases: number;
}

export interface AdoptionInput {
  /** What the chain says. */
  readonly answer: PodCIDRAnswer;
  /** The one in force; undefined on a node HeadCNI has never seen. */
  readonly current: Assignment | undefined;
  readonly pods: PodCount;
  /** The claim to guessed PodCIDRs, where there is one. @default none */
  readonly claim?: ClaimEffects | undefined;
  /** Where CNI configurations lie. A source in there was another CNI's, and goes when it is moved aside. */
  readonly confDir: string;
}

export interface Adoption {
  /** What shall be in force from now on, and where it comes from. */
  readonly effective: Assignment;
  readonly conditions: readonly Condition[];
}

/** What each level is worth: an assignment, a computed guess, and what every node would take. */
const worth: Readonly<Record<PodCIDRSource, number>> = { config: 2, env: 2, file: 2, hash: 1, default: 0 };

export function adoptPodCIDR(input: AdoptionInput): Adoption {
  const { effective, conditions } = decide(input);
  const { source, podCIDRs } = effective;
  const isWon = input.claim?.isWon === true && input.claim.podCIDRs.equals(podCIDRs);
  const guessed =
    isGuess(source) && !isWon
      ? [condition("PodCIDRNotAuthoritative", { podCIDRs, source: sourceWords(effective) })]
      : [];
  return { effective, conditions: [...conditions, ...clashing(input, effective), ...guessed] };
}

/** What stands against the PodCIDRs in force, where they stay. */
function clashing({ answer: { clashes = [] }, current }: AdoptionInput, effective: Assignment): readonly Condition[] {
  if (clashes.length === 0 || current?.podCIDRs.equals(effective.podCIDRs) !== true) return [];
  return [condition("PodCIDRClash", { clashes, source: sourceWords(effective), isGuess: isGuess(effective.source) })];
}

function decide({ answer, current, pods, confDir }: AdoptionInput): Adoption {
  const { podCIDRs, source, file, line } = answer;
  const proposed: Adoption = { effective: { podCIDRs, source, file, line }, conditions: [] };
  if (current === undefined) return proposed;
  const keep = (...conditions: readonly Condition[]): Adoption => ({ effective: current, conditions });
  if (answer.refusal !== undefined)
    return keep(condition("PodCIDRRefused", { kept: current.podCIDRs, error: answer.refusal }));

  const isWorthLess = current.source !== undefined && worth[source] < worth[current.source];
  if (current.podCIDRs.equals(podCIDRs)) return isWorthLess ? keep() : proposed;
  if (isWorthLess) {
    const wasMovedAside = current.file !== undefined && dirname(current.file) === confDir;
    if (wasMovedAside) return keep();
    const now = `${podCIDRs} (${sourceWords(answer)})`;
    return keep(condition("PodCIDRSourceLost", { kept: current.podCIDRs, from: sourceWords(current), now }));
  }
  const isFree = pods.bridgePorts === 0 && pods.leases === 0;
  if (isFree || fitsBeside(current.podCIDRs, podCIDRs)) return proposed;
  const blocked = { old: current.podCIDRs, wanted: podCIDRs, from: sourceWords(answer), pods: podWords(pods) };
  return keep(condition("PodCIDRChangeBlocked", blocked));
}

/** A family that comes or goes beside one that stays leaves running pods what they have. */
function fitsBeside(current: PodCIDRs, proposed: PodCIDRs): boolean {
  const shared = proposed.list.filter(({ family }) => current.of(family) !== undefined);
  return shared.length > 0 && shared.every((prefix) => current.of(prefix.family)?.equals(prefix));
}

/** Where a PodCIDR comes from, in words: `file /run/flannel/subnet.env, line 2`. */
export function sourceWords({ source, file, line }: Pick<Assignment, "source" | "file" | "line">): string {
  if (source === "hash")
    return `a hash of the node name${file === undefined ? "" : ` over the cluster CIDR of ${file}`}`;
  if (source === "default") return "the built-in default";
  if (source === "env") return "the environment variable NODE_POD_CIDR";
  const where = file === undefined ? "" : ` ${file}${line === undefined ? "" : `, line ${line}`}`;
  return source === undefined ? "what this node already had" : `${source}${where}`;
}

/** What holds the old PodCIDR, in words: `3 pods (2 devices on headcni0, 3 host-local leases)`. */
export function podWords({ bridgePorts, leases }: PodCount): string {
  if (bridgePorts === undefined)
    return `an unknown number of pods (${leases} host-local leases; headcni0 cannot be looked at)`;
  const count = Math.max(bridgePorts, leases);
  return `${count} pod${count === 1 ? "" : "s"} (${bridgePorts} on headcni0, ${leases} with a host-local lease)`;
}
