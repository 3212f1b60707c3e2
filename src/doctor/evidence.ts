// The daemon's conditions and the errors of the domains as faults of a check. Pure.

import type { Condition } from "../agent/conditions.ts";
import type { HeadcniError } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";
import type { Fault } from "./check.ts";
import { type FaultCode, isFaultCode } from "./faults.ts";

/** Those conditions that are of these codes. */
export function faultsOf(conditions: readonly Condition[], codes: readonly FaultCode[]): readonly Fault[] {
  return conditions.flatMap(({ code, text }) =>
    isFaultCode(code) && codes.includes(code) ? [{ code, evidence: text }] : [],
  );
}

/** An error as one sentence: each thing that is wrong with its place, and the hint. */
export function errorWords({ message, issues, hint }: HeadcniError): string {
  const list = issues.map((issue) => {
    const { path, message: what } = issue;
    const { file, line } = issue as { readonly file?: string; readonly line?: number };
    const place = file === undefined ? "" : `${file}${line === undefined ? "" : `:${line}`}: `;
    return `${place}${path === "" ? "" : `${path}: `}${what}`;
  });
  const words = list.length === 0 ? message : list.join("; ");
  return hint === undefined ? words : `${words} (${hint})`;
}

/** Whether a refusal is of the user that asks, and says nothing of the daemon, which is root. @param why the end of a sentence */
export function isForbidden({ files }: System, why: string): boolean {
  return files.owner.uid !== 0 && why.endsWith("permission denied");
}

/** `3 nodes`, `1 node` */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
