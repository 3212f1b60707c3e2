// The answer to "what does the cluster call this node, and who says so", its JSON form and its sentences. Pure.

import type { JsonObject } from "../sys/json.ts";

/** Who believes a place: the operator wrote it for HeadCNI, the cluster goes by it, or the host has it when nothing else is set. */
export type Believer = "operator" | "cluster" | "host";

export interface NodeNameTrace {
  /** The place in words a person knows: `--node-name`, `certificate of the kubelet`. */
  readonly source: string;
  readonly by: Believer;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  /** `same` and `other` say a name too, the one that was taken or another. `invalid`: what it says is no node's name. */
  readonly outcome: "used" | "same" | "other" | "absent" | "skipped" | "invalid";
  /** What it says, normalized and clipped; of an invalid one too. */
  readonly name?: string | undefined;
  readonly reason?: string | undefined;
}

export interface NodeNameAnswer {
  readonly name: string;
  /** The place that said it. */
  readonly from: NodeNameTrace;
  /** Every place, in order. */
  readonly trace: readonly NodeNameTrace[];
  /** Places the cluster may go by that say another name. */
  readonly disagreements: readonly NodeNameTrace[];
  /** Places that would count before the one that said it, and that cannot be used. */
  readonly doubts: readonly NodeNameTrace[];
  /** Files that were asked, also those that are not there: what to watch. */
  readonly files: readonly string[];
}

/** The documented JSON: `node` of `headcni podcidr -o json` and of /status. */
export function encodeNodeName({ name, from, trace, disagreements }: NodeNameAnswer): JsonObject {
  return {
    name,
    from: from.source,
    file: from.file ?? null,
    line: from.line ?? null,
    trace: trace.map(encodeTrace),
    disagreements: disagreements.map(encodeTrace),
  };
}

function encodeTrace({ source, file, line, outcome, name, reason }: NodeNameTrace): JsonObject {
  return { source, file, line, outcome, name, reason };
}

/** `certificate of the kubelet (/var/lib/kubelet/pki/kubelet-client-current.pem)` */
export function placeWords({ source, file, line }: Pick<NodeNameTrace, "source" | "file" | "line">): string {
  return file === undefined || file === source ? source : `${source} (${placeOf({ file, line })})`;
}

/** `file`, `file:line` */
export function placeOf({ file, line }: { readonly file: string; readonly line?: number | undefined }): string {
  return line === undefined ? file : `${file}:${line}`;
}

/** The line of the log: `Node name worker-1 from …`. */
export function nodeNameSentence({ name, from }: NodeNameAnswer): string {
  return `Node name ${name} from ${placeWords(from)}`;
}

/** What is wrong between the places and what to do, without a final period; undefined when they agree. */
export function disputeSentence({ name, from, disagreements }: NodeNameAnswer): string | undefined {
  if (disagreements.length === 0) return undefined;
  const others = disagreements.map((other) => `${placeWords(other)} says "${other.name}"`).join(", ");
  const both = `"${name}" of ${placeWords(from)} is taken as this node's name, but ${others}`;
  switch (from.by) {
    case "operator":
      return `${both}. Write the name that kubectl get nodes shows for this node, or take it out: the cluster's own is found without it`;
    case "cluster":
      return `${both}. Correct or remove the one that is not what kubectl get nodes shows, or set nodeName to that`;
    case "host":
      return `${both}, and after the next boot that one counts. Set both alike with hostnamectl set-hostname, or set nodeName`;
  }
}

/** Why the name is not certain, without a final period; undefined when it is. */
export function doubtSentence({ name, from, doubts }: NodeNameAnswer): string | undefined {
  if (doubts.length === 0) return undefined;
  const why = doubts
    .map(
      (place) =>
        `${placeWords(place)} ${place.name === undefined ? "" : `says "${place.name}", which `}${place.reason}`,
    )
    .join("; ");
  return `${why}. "${name}" of ${placeWords(from)} is taken instead. Set nodeName to the name that kubectl get nodes shows`;
}
