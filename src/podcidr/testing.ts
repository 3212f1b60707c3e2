// What tests of the readers share: a text's answer in a shape that can be compared at a glance.

import { describe, expect, test } from "bun:test";
import type { ClassifiedFile } from "./classify.ts";
import { inspectBytes } from "./inspect/inspect.ts";

/**
 * Runs `work`, which must not take more than `limitMs` of processor time: time on the wall would also count what else the
 * machine does.
 */
export function withinCpuTime<T>(limitMs: number, work: () => T): T {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(limitMs);
  return result;
}

/** What a text says, CIDRs as strings; keys that say nothing are left out. */
export interface Said {
  readonly node?: readonly string[];
  readonly cluster?: readonly string[];
  readonly service?: readonly string[];
  readonly mask?: Readonly<Record<string, number>>;
}

export function inspectText(text: string | Uint8Array, nodeName?: string): ClassifiedFile {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  return inspectBytes("file", bytes, nodeName);
}

export function said(text: string | Uint8Array, nodeName?: string): Said {
  const { nodeCIDRs, clusterCIDRs, serviceCIDRs, nodeMask } = inspectText(text, nodeName);
  return {
    ...(nodeCIDRs.length > 0 && { node: nodeCIDRs.map(String) }),
    ...(clusterCIDRs.length > 0 && { cluster: clusterCIDRs.map(String) }),
    ...(serviceCIDRs.length > 0 && { service: serviceCIDRs.map(String) }),
    ...(Object.keys(nodeMask).length > 0 && { mask: nodeMask }),
  };
}

/** The findings as `line meaning value`. */
export function findings(text: string | Uint8Array, nodeName?: string): readonly string[] {
  return inspectText(text, nodeName).findings.map(({ line, meaning, value }) => `${line} ${meaning} ${value}`);
}

/** The warnings as `line value: reason`, `-` for what is not there. */
export function warnings(text: string | Uint8Array, nodeName?: string): readonly string[] {
  return inspectText(text, nodeName).warnings.map(
    ({ line, value, reason }) => `${line ?? "-"} ${value ?? "-"}: ${reason}`,
  );
}

/** A document and what has to be read in it. */
export interface Row {
  readonly name: string;
  readonly text: string;
  readonly says: Said;
  readonly kind: string;
  readonly nodeName?: string;
}

/** A test a row. */
export function rows(title: string, table: readonly Row[]): void {
  describe(title, () => {
    test.each(table)("$name", ({ text, says, kind, nodeName }) => {
      expect(said(text, nodeName)).toEqual(says);
      expect(inspectText(text, nodeName).kind).toBe(kind);
    });
  });
}
