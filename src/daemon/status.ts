// The answer of GET /status, which `headcni status` shows too: a documented, stable shape. Pure.

import { bridgeName } from "../node-state/names.ts";
import { encodeAnswer } from "../podcidr/answer.ts";
import type { JsonObject, JsonValue } from "../sys/json.ts";
import { commit, version } from "../version.ts";
import type { LastingCondition } from "./condition-store.ts";
import type { PassReport } from "./report.ts";

/** All that is known when somebody asks. */
export interface DaemonFacts {
  readonly pid: number;
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly conditions: readonly LastingCondition[];
  /** Undefined until the first pass has ended. */
  readonly last: PassReport | undefined;
  readonly passes: number;
  /** The last time our conflist was written by this daemon. */
  readonly lastWrite: { readonly atMs: number; readonly reason: string } | undefined;
  readonly writes: number;
}

/** Whether the node can take pods, and if not, why: one sentence each. */
export function readiness({ last, conditions }: Pick<DaemonFacts, "last" | "conditions">): readonly string[] {
  if (last === undefined) return ["the daemon has only just started"];
  const errors = conditions.filter(({ severity }) => severity === "error").map(({ code, text }) => `${code}: ${text}`);
  if (errors.length > 0 || last.conflist.isInForce) return errors;
  return [`${last.conflist.path} is not in force yet`];
}

/** The JSON of /status. Times are RFC 3339 in UTC; what is not known yet is null. */
export function encodeStatus(facts: DaemonFacts): JsonObject {
  const { last } = facts;
  const reasons = readiness(facts);
  return {
    version,
    commit,
    pid: facts.pid,
    startedAt: time(facts.startedAtMs),
    uptimeSeconds: Math.round((facts.nowMs - facts.startedAtMs) / 1000),
    ready: reasons.length === 0,
    notReady: [...reasons],
    nodeName: last?.answer.nodeName ?? null,
    inForce: last === undefined ? null : encodeInForce(last),
    podCIDR: last === undefined ? null : encodeAnswer(last.answer),
    conflist: last === undefined ? null : encodeConflist(facts, last),
    pods: last === undefined ? null : encodePods(last),
    bridge: last === undefined ? null : encodeBridge(last),
    masquerade: last?.masquerade ?? null,
    config: last === undefined ? null : { file: last.config.file ?? null },
    lastPass:
      last === undefined
        ? null
        : {
            at: time(last.startedAtMs),
            seconds: Math.round(last.durationMs) / 1000,
            reasons: [...last.reasons],
            count: facts.passes,
          },
    conditions: facts.conditions.map(encodeCondition),
  };
}

function encodeConflist({ lastWrite, writes }: DaemonFacts, { conflist }: PassReport): JsonObject {
  return {
    path: conflist.path,
    inForce: conflist.isInForce,
    sha256: conflist.sha256,
    writes,
    lastWrite: lastWrite === undefined ? null : { at: time(lastWrite.atMs), reason: lastWrite.reason },
  };
}

/** The PodCIDR pods get, and who said it; not always what the chain answers now (`podCIDR`). */
function encodeInForce({ inForce: { podCIDRs, source, file, line } }: PassReport): JsonObject {
  return { podCIDRs: podCIDRs.toJSON(), source: source ?? null, file: file ?? null, line: line ?? null };
}

function encodePods({ pods }: PassReport): JsonObject {
  return { count: podCount(pods), bridgePorts: pods.bridgePorts ?? null, leases: pods.leases };
}

/** The pods there may be: whichever of bridge and leases shows more. */
export function podCount({ bridgePorts, leases }: PassReport["pods"]): number {
  return Math.max(bridgePorts ?? 0, leases);
}

function encodeBridge({ bridge }: PassReport): JsonObject {
  const found: { readonly [key: string]: JsonValue } =
    bridge.kind === "present"
      ? { addresses: bridge.bridge.addresses.map(String), mtu: bridge.bridge.mtuBytes, ports: [...bridge.bridge.ports] }
      : bridge.kind === "unknown"
        ? { reason: bridge.why }
        : {};
  return { name: bridgeName, state: bridge.kind, ...found };
}

function encodeCondition({ code, severity, title, text, sinceMs, impactsConnectivity }: LastingCondition): JsonObject {
  return { code, severity, title, text, since: time(sinceMs), impactsConnectivity };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
