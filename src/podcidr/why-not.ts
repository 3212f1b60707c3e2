// Why a file that was read is no answer, and its warnings, in words. Pure.

import type { TraceEntry } from "./answer.ts";
import type { ClassifiedFile, Warning } from "./classify.ts";

/** Why a file that was read is no answer. */
export function whyNot(found: ClassifiedFile): Pick<TraceEntry, "outcome" | "reason"> {
  const { kind, findings, passedOver, refused, warnings, overridden = [] } = found;
  if (passedOver !== undefined) return { outcome: "skipped", reason: warningText(passedOver) };
  if (refused.includes("node")) {
    const last = warnings.findLast(({ line }) => line !== undefined);
    return { outcome: "invalid", reason: last === undefined ? "its PodCIDR cannot be used" : warningText(last) };
  }
  const isBroken = kind === "invalid-yaml" || kind === "binary";
  const cluster = findings.find(({ meaning }) => meaning === "cluster");
  if (cluster !== undefined && !isBroken) {
    return { outcome: "absent", reason: `says the cluster's CIDR only: ${cluster.value} in line ${cluster.line}` };
  }
  const [remark] = [...overridden, ...warnings];
  const reason = remark === undefined ? "says no PodCIDR" : warningText(remark);
  return { outcome: isBroken ? "invalid" : "absent", reason };
}

function warningText({ line, value, reason }: Warning): string {
  return `${line === undefined ? "" : `line ${line}: `}${value === undefined ? "" : `${value}: `}${reason}`;
}

/** `FILE:LINE: VALUE: why` */
export function warningLine(file: string, { line, value, reason }: Warning): string {
  return `${file}${line === undefined ? "" : `:${line}`}: ${value === undefined ? "" : `${value}: `}${reason}`;
}
