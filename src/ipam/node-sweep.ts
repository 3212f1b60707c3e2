// The leases of this node, and the sweep for runtimes that never send GC: an address is freed only when every runtime was asked, all
// answered, none knows its container, and no namespace of it may be there.

import { busyAttachments, sweepSavedCalls } from "../attachments/saved-call-sweep.ts";
import { networkName, savedCallsDir } from "../node-state/names.ts";
import { askRuntimes, type NodeRuntime, type RuntimeAnswer } from "../runtime/ask-runtimes.ts";
import { HeadcniError } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";
import type { LeasesSeen } from "./first-seen.ts";
import { type Lease, leaseDir, readLeases } from "./lease.ts";
import { namespaceEvidence } from "./namespace-evidence.ts";
import type { ClassifiedLease, SweepFacts } from "./plan-sweep.ts";
import { sweepLeases } from "./sweep.ts";

/**
 * A sandbox that is being set up has its address before its runtime lists it. Kubelet gives up on one after 4 minutes
 * (`--runtime-request-timeout` doubled); this is well past that.
 */
export const youngMs = 10 * 60_000;
const lockTimeoutMs = 10_000;
const saved = { dataDir: savedCallsDir, network: networkName } as const;

/** A lease as `headcni ipam list` shows it. */
export interface KnownLease {
  readonly lease: Lease;
  /** Whether a runtime lists its container; undefined when the runtimes could not be asked. */
  readonly isKnown: boolean | undefined;
}

export interface LeaseList {
  readonly leases: readonly KnownLease[];
  readonly runtimes: RuntimeAnswer;
}

/** Every lease of HeadCNI's network, and whether its container is known. */
export async function listLeases({ files }: System, runtimes: readonly NodeRuntime[]): Promise<LeaseList> {
  const leases = readLeases(files, leaseDir);
  const answer = await askRuntimes(runtimes);
  const isKnown = ({ owner }: Lease): boolean | undefined =>
    answer.kind === "answered" ? owner !== undefined && answer.ids.has(owner.containerId) : undefined;
  return { leases: leases.map((lease) => ({ lease, isKnown: isKnown(lease) })), runtimes: answer };
}

export interface NodeSweepOptions {
  readonly runtimes: readonly NodeRuntime[];
  /** Frees and removes nothing. */
  readonly isDryRun: boolean;
  /** What a process that stays has seen of the leases. */
  readonly seen?: LeasesSeen;
}

export interface NodeSweepReport {
  readonly free: readonly ClassifiedLease[];
  readonly keep: readonly ClassifiedLease[];
  /** Files of saved calls whose attachment is gone. Not looked for in a dry run. */
  readonly removedCalls: readonly string[];
  /** The runtimes that were asked. */
  readonly asked: readonly string[];
}

/**
 * Frees what no attachment holds.
 * @throws HeadcniError HC_RUNTIME_UNASKED when a runtime cannot be asked: then nothing is freed; HC_LEASES_LOCKED.
 */
export async function sweepNode(
  system: System,
  { runtimes, isDryRun, seen }: NodeSweepOptions,
): Promise<NodeSweepReport> {
  const { files, clock } = system;
  const keepSinceMs = clock.now() - youngMs;
  const answer = await askRuntimes(runtimes);
  if (answer.kind === "unanswered") {
    throw new HeadcniError("HC_RUNTIME_UNASKED", `No lease is freed: ${answer.why}`, {
      hint: `only the runtime knows which containers live: ${unaskedRemedy(answer)}; then run this again`,
      details: { runtime: answer.runtime, why: answer.why, isDeserted: answer.isDeserted },
    });
  }
  const { keep, free } = await sweepLeases(system, {
    leaseDir,
    lockTimeoutMs,
    facts: (leases) => factsOf(system, { leases, ids: answer.ids, keepSinceMs, seen }),
    isDryRun,
  });
  const { mayHave } = namespaceEvidence(files, networkName);
  const removedCalls = isDryRun
    ? []
    : sweepSavedCalls(files, {
        ...saved,
        isHeld: (attachment) => answer.ids.has(attachment.containerId) || mayHave(attachment),
        keepSinceMs,
      });
  return { keep, free, removedCalls, asked: answer.asked };
}

/** A socket that a process serves is another program's: taken away, that one is broken. */
function unaskedRemedy({ runtime, isDeserted }: Extract<RuntimeAnswer, { kind: "unanswered" }>): string {
  if (runtime === undefined) return "start it";
  if (!isDeserted) return "its log says why it does not answer";
  return `start it, or, if it is gone for good and all its pods with it, remove ${runtime}`;
}

interface Known {
  readonly leases: readonly Lease[];
  readonly ids: ReadonlySet<string>;
  readonly keepSinceMs: number;
  readonly seen: LeasesSeen | undefined;
}

function factsOf({ files }: System, { leases, ids, keepSinceMs, seen }: Known): SweepFacts {
  const seenForMs = seen?.note(leases);
  const { mayHave } = namespaceEvidence(files, networkName);
  const owners = leases.flatMap(({ owner }) => owner ?? []);
  return {
    keepSinceMs,
    isKnownOld: (lease) => (seenForMs?.(lease) ?? 0) >= youngMs,
    holders: [
      ...[...ids].map((containerId) => ({ containerId, ifname: undefined })),
      ...busyAttachments(files, saved),
      ...owners.filter(mayHave),
    ],
  };
}
