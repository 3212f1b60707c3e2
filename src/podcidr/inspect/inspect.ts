// One file, looked at by itself, whatever it is: what it is, which CIDRs it says and what each means. It knows every reader of the
// chain, and guesses at what none of those knows; nothing of the chain may import it.

import { HeadcniError } from "../../sys/errors.ts";
import type { JsonObject } from "../../sys/json.ts";
import { absolutePath } from "../../sys/machine.ts";
import type { System } from "../../sys/system.ts";
import { type ClassifiedFile, classify } from "../classify.ts";
import { maxSourceBytes, readText } from "../read-text.ts";
import { cniConfig } from "../readers/cni-config.ts";
import { netConf } from "../readers/flannel.ts";
import { kubeconfig } from "../readers/objects.ts";
import type { Reader } from "../readers/reader.ts";
import { settings } from "../readers/settings.ts";
import { chainReaders } from "../sources.ts";
import { Statements } from "../statements.ts";
import { decodeText } from "../text/decode.ts";
import { anyDocument } from "./any-document.ts";
import { assignments } from "./assignments.ts";
import { clusterSpecs } from "./cluster-specs.ts";
import { describedNodes } from "./described-nodes.ts";
import { flannelText } from "./flannel-text.ts";

/**
 * All of the chain's; first those that tell a document by more than one key, last the one that takes any, bare keys included. Those
 * behind it read text only.
 */
const readers: readonly Reader[] = [
  ...new Set([kubeconfig, netConf, cniConfig, clusterSpecs, ...chainReaders().filter((each) => each !== settings)]),
  anyDocument,
  describedNodes,
  assignments,
  flannelText,
];

/** Inspects what a file holds. Never throws. */
export function inspectBytes(file: string, bytes: Uint8Array, nodeName: string | undefined): ClassifiedFile {
  const { kind, statements } = readText(decodeText(bytes), { readers, nodeName });
  return { file, kind, ...classify(statements) };
}

/**
 * Inspects one file. One that cannot be read is an answer too, of kind `unreadable`.
 * @param path as the caller names it: relative to the working directory unless absolute.
 * @param nodeName tells this node's object from others'; without it a single Node object counts.
 */
export function inspectFile(system: System, path: string, nodeName: string | undefined): ClassifiedFile {
  try {
    return inspectBytes(path, system.files.read(absolutePath(path), maxSourceBytes), nodeName);
  } catch (error) {
    const statements = new Statements();
    statements.remark(error instanceof HeadcniError ? error.message : "cannot be read");
    return { file: path, kind: "unreadable", ...classify(statements) };
  }
}

/** The documented JSON of `headcni podcidr inspect -o json`. */
export function encodeInspection(inspection: ClassifiedFile): JsonObject {
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
