// One file, looked at by itself: what it is, which CIDRs it says and what each means. Also how the chain reads its files.

import { HeadcniError } from "../../sys/errors.ts";
import type { JsonObject } from "../../sys/json.ts";
import { absolutePath } from "../../sys/machine.ts";
import type { System } from "../../sys/system.ts";
import { decodeText } from "../text/decode.ts";
import { type Judgement, judge } from "./classify.ts";
import { type Reading, readText } from "./read-text.ts";
import { Claims } from "./statements.ts";

export interface Inspection extends Judgement {
  readonly file: string;
  readonly kind: string;
}

/** Larger files are no configuration; a cluster's node list of a thousand nodes has about this size. */
export const maxSourceBytes = 16 << 20;

/** Reads bytes of any kind into claims. Never throws. */
export function readBytes(bytes: Uint8Array, nodeName: string | undefined): Reading {
  const { text, isBinary, repairs } = decodeText(bytes);
  if (isBinary) {
    const claims = new Claims();
    claims.remark("is not text");
    return { kind: "binary", claims };
  }
  const reading = readText(text, nodeName);
  for (const repair of repairs) reading.claims.remark(repair);
  return reading;
}

/** Inspects what a file holds. */
export function inspectBytes(file: string, bytes: Uint8Array, nodeName: string | undefined): Inspection {
  const { kind, claims } = readBytes(bytes, nodeName);
  return { file, kind, ...judge(claims) };
}

/**
 * Inspects one file. One that cannot be read is an answer too, of kind `unreadable`.
 * @param path as the caller names it: relative to the working directory unless absolute.
 * @param nodeName tells this node's object from others'; without it a single Node object counts.
 */
export function inspectFile(system: System, path: string, nodeName: string | undefined): Inspection {
  try {
    return inspectBytes(path, system.files.read(absolutePath(path), maxSourceBytes), nodeName);
  } catch (error) {
    const claims = new Claims();
    claims.remark(error instanceof HeadcniError ? error.message : "cannot be read");
    return { file: path, kind: "unreadable", ...judge(claims) };
  }
}

/** The documented JSON of `headcni podcidr inspect -o json`. */
export function encodeInspection(inspection: Inspection): JsonObject {
  return {
    file: inspection.file,
    kind: inspection.kind,
    nodeCIDRs: inspection.nodeCIDRs.map(String),
    clusterCIDRs: inspection.clusterCIDRs.map(String),
    serviceCIDRs: inspection.serviceCIDRs.map(String),
    nodeMask: { ipv4: inspection.nodeMask.ipv4 ?? null, ipv6: inspection.nodeMask.ipv6 ?? null },
    findings: inspection.findings.map(({ line, key, value, meaning }) => ({ line, key, value, meaning })),
    warnings: inspection.warnings.map(({ line, value, reason }) => ({ line, value, reason })),
  };
}
