// Runs the checks side by side and gives the report: what `headcni doctor` prints, as a document. An interface.

import { describeError, HeadcniError } from "../sys/errors.ts";
import { redactText } from "../sys/redact.ts";
import { version } from "../version.ts";
import { type Check, type Finding, type Group, groups } from "./check.ts";
import { allChecks } from "./checks/all-checks.ts";
import type { Examination } from "./examination.ts";
import { faultOf } from "./faults.ts";

export type CheckStatus = "ok" | "warning" | "failed" | "not-checked";

/** `headcni doctor -o json`. What is not there is null. */
export type DoctorDocument = {
  readonly version: string;
  /** RFC 3339. */
  readonly at: string;
  readonly nodeName: string | null;
  /** Whether no check failed. */
  readonly healthy: boolean;
  readonly counts: Readonly<Record<CheckStatus, number>>;
  readonly checks: readonly CheckDocument[];
};

export type CheckDocument = {
  readonly id: string;
  readonly group: Group;
  readonly title: string;
  readonly status: CheckStatus;
  /** What was found, or why it was not checked; null where there are faults. */
  readonly evidence: string | null;
  readonly faults: readonly FaultDocument[];
};

export type FaultDocument = {
  readonly code: string;
  readonly status: "warning" | "failed";
  readonly evidence: string;
  readonly remedy: string;
};

export interface RunChecksOptions {
  /** Called with each check as it ends. */
  readonly onProgress?: ((done: number, all: number) => void) | undefined;
}

export async function runChecks(node: Examination, { onProgress }: RunChecksOptions = {}): Promise<DoctorDocument> {
  const list = Object.keys(groups).flatMap((group) => {
    const known = group as Group;
    return allChecks[known].map((check) => ({ group: known, check }));
  });
  let done = 0;
  const checks = await Promise.all(
    list.map(async ({ group, check }): Promise<CheckDocument> => {
      const finding = await lookSafely(check, node);
      done += 1;
      onProgress?.(done, list.length);
      return toDocument(group, check, finding);
    }),
  );
  const shown = withoutRepeats(checks);
  const counts = { ok: 0, warning: 0, failed: 0, "not-checked": 0 };
  for (const { status } of shown) counts[status] += 1;
  return {
    version,
    at: new Date(node.system.clock.now()).toISOString(),
    nodeName: await node.nodeName().then(
      ({ name }) => name,
      () => null,
    ),
    healthy: counts.failed === 0,
    counts,
    checks: shown,
  };
}

async function lookSafely(check: Check, node: Examination): Promise<Finding> {
  try {
    return await check.look(node);
  } catch (error) {
    // A check that itself has a fault must not take the others' answers away.
    const why = error instanceof HeadcniError ? error.message : `a fault in HeadCNI itself: ${describeError(error)}`;
    return { kind: "not-checked", why };
  }
}

function toDocument(group: Group, { id, title }: Check, finding: Finding): CheckDocument {
  const base = { id, group, title };
  if (finding.kind === "ok") return { ...base, status: "ok", evidence: redactText(finding.evidence), faults: [] };
  if (finding.kind === "not-checked") {
    return { ...base, status: "not-checked", evidence: redactText(finding.why), faults: [] };
  }
  const faults = finding.faults.map(({ code, evidence, remedy }): FaultDocument => {
    const row = faultOf(code);
    return { code, status: row.status, evidence: redactText(evidence), remedy: redactText(remedy ?? row.remedy) };
  });
  return { ...base, status: worst(faults), evidence: null, faults };
}

function worst(faults: readonly FaultDocument[]): CheckStatus {
  return faults.some(({ status }) => status === "failed") ? "failed" : "warning";
}

/** What the daemon says and another check has found, too, is shown once. */
function withoutRepeats(checks: readonly CheckDocument[]): readonly CheckDocument[] {
  const last = checks.at(-1);
  if (last === undefined) return checks;
  const found = new Set(checks.slice(0, -1).flatMap(({ faults }) => faults.map(({ code }) => code)));
  const faults = last.faults.filter(({ code }) => !found.has(code));
  if (faults.length === last.faults.length) return checks;
  const evidence = faults.length === 0 ? "all it says is above" : null;
  return [...checks.slice(0, -1), { ...last, faults, evidence, status: faults.length === 0 ? "ok" : worst(faults) }];
}
