// The judgement of a PodCIDR: a range and what says it, held against everything it could be instead of this node's own. Pure; the reasons
// and what each means are in `reasons.ts`.

import { aggregate } from "../../cidr/aggregate.ts";
import { shortestBits } from "../../cidr/breadth.ts";
import { type Prefix, parsePrefix } from "../../cidr/prefix.ts";
import { type Candidate, type Verdict, verdict } from "./reasons.ts";
import { nothingAround, type Surroundings, type UsedRange, usedRanges } from "./surroundings.ts";

/** What a guess chooses from: one family's share. */
export interface GuessBase {
  /** The cluster's range, without host bits. */
  readonly base: Prefix;
  /** Prefix length of one node's block. */
  readonly bits: number;
}

export interface ValidateOptions {
  /** For a guess: all it could be, of which each block is as good. */
  readonly bases?: readonly GuessBase[];
  /** Whether it is said of every node that has the configuration. @default false */
  readonly isForEveryNode?: boolean;
}

/** Surroundings made ready for many ranges. */
export interface Validator {
  /** Every reason that means something for a candidate: those of the range itself first, then what it is held against. */
  verdictsOn(candidate: Candidate, options?: ValidateOptions): readonly Verdict[];
  /**
   * As few ranges as tell what a guess passes over.
   * @param spared of what other nodes of the tailnet have, what is not passed over: that of nodes long gone, or all
   */
  takenFor(bases: readonly GuessBase[], spared?: readonly UsedRange["tailnet"][]): readonly Prefix[];
}

export function createValidator(around: Surroundings): Validator {
  const used = usedRanges(around);
  return {
    verdictsOn: (candidate, { bases = [], isForEveryNode = false } = {}) => {
      const others = used.flatMap((other) => {
        if (!other.range.overlaps(candidate.range) || isBorne(other, bases)) return [];
        return other.verdictOn(candidate) ?? [];
      });
      const shared = isForEveryNode ? ofEveryNode(candidate, around) : [];
      const all = [
        ...ofItself(candidate),
        ...others,
        ...outsideCluster(candidate, around),
        ...oddities(candidate, around),
        ...shared,
      ];
      return all.filter(({ code, effect }) => effect !== "-" && (candidate.range.bits > 0 || code === "all-addresses"));
    },
    takenFor: (bases, spared = []) => {
      const others = used.filter(({ tailnet }) => tailnet === undefined || !spared.includes(tailnet));
      return aggregate(others.filter((other) => isPassedOver(other, bases)).map(({ range }) => range));
    },
  };
}

/** Why a range can be no node's, given the service ranges; undefined when it can, as far as is seen from afar. */
export function whyRefused(candidate: Candidate, serviceCIDRs: readonly Prefix[]): string | undefined {
  const verdicts = createValidator({ ...nothingAround, serviceCIDRs }).verdictsOn(candidate);
  return verdicts.find(({ effect }) => effect === "refused")?.text;
}

/** What is wrong with a range whatever is around it. */
function ofItself(candidate: Candidate): readonly Verdict[] {
  const { range } = candidate;
  const found: Verdict[] = [];
  if (range.bits === 0) found.push(verdict("all-addresses", candidate, {}));
  if (range.hasHostBits) found.push(verdict("host-bits", candidate, { network: range.masked() }));
  if (range.bits > longestBits[range.family]) found.push(verdict("too-small", candidate, { bits: range.bits }));
  const shortest = shortestBits[range.family];
  if (range.bits < shortest) found.push(verdict("too-large", candidate, { shortest }));
  return found;
}

/** A block that is longer has no address for a pod beside the gateway's. */
export const longestBits = { ipv4: 30, ipv6: 126 } as const;

/** Wider than what a whole cluster usually has. */
const usualBits = { ipv4: 16, ipv6: 48 } as const;

const docker = parsePrefix("172.17.0.0/16");

/** What is odd, and may be meant: a cluster of one node has all of its range. */
function oddities(candidate: Candidate, { clusterCIDRs }: Surroundings): readonly Verdict[] {
  const { range, by } = candidate;
  if (by === "cluster" || by === "guess") return [];
  const whole = clusterCIDRs.find((cluster) => range.contains(cluster));
  if (whole !== undefined) return [verdict("cluster-range", candidate, { other: whole })];
  const bits = usualBits[range.family];
  if (range.bits < bits) return [verdict("unusually-large", candidate, { bits })];
  return range.overlaps(docker) ? [verdict("docker-range", candidate, { other: docker })] : [];
}

/** Each family is judged by itself: of one whose cluster's range nothing says nothing is known. */
function outsideCluster(candidate: Candidate, { saidClusters }: Surroundings): readonly Verdict[] {
  const { range } = candidate;
  const said = saidClusters.filter(({ range: cluster }) => cluster.family === range.family);
  const [first] = said;
  if (first === undefined || said.some(({ range: cluster }) => cluster.overlaps(range))) return [];
  return [verdict("outside-cluster", candidate, { other: first.range, by: first.by })];
}

/** One value for every node, where there is more than one. */
function ofEveryNode(candidate: Candidate, { otherNodes }: Surroundings): readonly Verdict[] {
  const other = otherNodes.find(({ isPerhapsThis }) => !isPerhapsThis);
  return other === undefined ? [] : [verdict("every-node", candidate, { node: other.name, by: other.by })];
}

function isPassedOver(used: UsedRange, bases: readonly GuessBase[]): boolean {
  if (isBorne(used, bases)) return false;
  return used.verdictOn({ range: used.range, by: "guess" })?.effect === "passed over";
}

/** Whether it is around all that could be guessed and tells no block from another. */
function isBorne({ isBearable, range }: UsedRange, bases: readonly GuessBase[]): boolean {
  return isBearable && bases.some(({ base, bits }) => range.contains(base) && range.bits < bits);
}
