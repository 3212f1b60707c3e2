// How far the pods of the DaemonSet headcni-uninstall are, one on each node: from what an API server says of it and of them. Pure.

import { isJsonObject, type JsonObject, type JsonValue } from "../sys/json.ts";

export interface UninstallProgress {
  /** Nodes where everything has been taken out. */
  readonly done: readonly string[];
  /** Nodes where something had to stay, with what `headcni uninstall` said. */
  readonly left: readonly NodeReport[];
  /** Nodes that have not answered, or where a program or file refused and it is tried again, with what is known of their pod. */
  readonly pending: readonly NodeReport[];
  /** How many nodes there are; undefined until the controller has looked. */
  readonly nodes: number | undefined;
}

export interface NodeReport {
  readonly node: string;
  readonly why: string;
}

/** The exit code of `headcni uninstall` where something had to stay. */
const leftCode = 1;

/** @param daemonSet and `pods` as the API server lists them */
export function uninstallProgress(daemonSet: JsonValue | undefined, pods: readonly JsonValue[]): UninstallProgress {
  const done: string[] = [];
  const left: NodeReport[] = [];
  const pending: NodeReport[] = [];
  for (const pod of pods) {
    const node = textAt(pod, "spec", "nodeName") || "a node not known yet";
    const end = lastEnd(pod);
    if (end?.exitCode === 0) done.push(node);
    else if (end?.exitCode === leftCode) left.push({ node, why: messageOf(end) });
    else pending.push({ node, why: end === undefined ? waitingWhy(pod) : messageOf(end) });
  }
  return { done, left, pending, nodes: wantedNodes(daemonSet) };
}

/** Whether every node has answered. */
export function isFinished({ done, left, pending, nodes }: UninstallProgress): boolean {
  return nodes !== undefined && pending.length === 0 && done.length + left.length >= nodes;
}

function wantedNodes(daemonSet: JsonValue | undefined): number | undefined {
  const generation = at(daemonSet, "metadata", "generation");
  const observed = at(daemonSet, "status", "observedGeneration");
  const wanted = at(daemonSet, "status", "desiredNumberScheduled");
  const isObserved = typeof observed === "number" && observed >= (typeof generation === "number" ? generation : 1);
  return isObserved && typeof wanted === "number" ? wanted : undefined;
}

/** How its init container ended last; undefined while it runs for the first time, or has not begun. */
function lastEnd(pod: JsonValue): JsonObject | undefined {
  const statuses = at(pod, "status", "initContainerStatuses");
  const [status] = Array.isArray(statuses) ? statuses : [];
  const ends = [at(status, "state", "terminated"), at(status, "lastState", "terminated")];
  return ends.find((end) => isJsonObject(end)) as JsonObject | undefined;
}

function messageOf(end: JsonObject): string {
  const message = typeof end.message === "string" ? end.message.trim() : "";
  return message === "" ? `headcni uninstall ended with ${end.exitCode}` : message;
}

function waitingWhy(pod: JsonValue): string {
  const statuses = at(pod, "status", "initContainerStatuses");
  const [status] = Array.isArray(statuses) ? statuses : [];
  const reason = textAt(status, "state", "waiting", "reason");
  const phase = textAt(pod, "status", "phase") || "unknown";
  return `its pod is ${phase}${reason === "" ? "" : ` (${reason})`}: is the node reachable?`;
}

function textAt(value: JsonValue | undefined, ...path: readonly string[]): string {
  const found = at(value, ...path);
  return typeof found === "string" ? found : "";
}

function at(value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((inner, name) => (isJsonObject(inner) ? inner[name] : undefined), value);
}
