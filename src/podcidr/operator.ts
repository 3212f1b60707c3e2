// Levels 1 and 2: what the operator wrote by hand, in the configuration or the environment. A bad value there is an error: it
// is never passed over for a guess.

import { clip } from "../cidr/addr.ts";
import { type PodCIDRs, toPodCIDRs } from "../cidr/pod-cidrs.ts";
import { type Prefix, parsePrefix } from "../cidr/prefix.ts";
import type { ConfigOrigin, LoadedConfig } from "../config/config.ts";
import { ConfigError, type ConfigIssue, expected } from "../sys/errors.ts";
import { fault, type Result } from "../sys/result.ts";
import type { System } from "../sys/system.ts";
import { whyUnusable } from "./usable.ts";

/** A usable value, or why there is none. */
export type OperatorValue =
  | {
      readonly kind: "value";
      readonly podCIDRs: PodCIDRs;
      readonly file: string | undefined;
      readonly line: number | undefined;
    }
  | { readonly kind: "none"; readonly reason: string };

export const nodeLocalKey = "network.podCIDR.nodeLocal";
export const podCIDRVariable = "NODE_POD_CIDR";

/**
 * Level 1, `network.podCIDR.nodeLocal`.
 * @throws ConfigError HC_PODCIDR_CONFIG
 */
export function configValue(loaded: LoadedConfig, nodeName: string, serviceCIDRs: readonly Prefix[]): OperatorValue {
  const { nodeLocal } = loaded.config.network.podCIDR;
  if (nodeLocal === undefined) return { kind: "none", reason: `${nodeLocalKey} is not set` };
  const podCIDRs = nodeLocal.kind === "any" ? nodeLocal.podCIDRs : nodeLocal.podCIDRs.get(nodeName);
  if (podCIDRs === undefined) {
    return { kind: "none", reason: `${nodeLocalKey} has no entry for node "${nodeName}"` };
  }
  const path = nodeLocal.kind === "any" ? nodeLocalKey : `${nodeLocalKey}.${nodeName}`;
  const checked = checkPodCIDRs(podCIDRs.list, serviceCIDRs);
  if (checked.kind === "fault") {
    throw new ConfigError(
      "HC_PODCIDR_CONFIG",
      `Cannot use ${path} as this node's PodCIDR`,
      [issueAt(loaded, path, checked.why)],
      {
        hint: `write the range only this node has, for example ${path}: 10.244.1.0/24`,
      },
    );
  }
  const { file, line } = placeOf(loaded, path);
  return { kind: "value", podCIDRs: checked.value, file, line };
}

/** What is wrong with the PodCIDRs the configuration gives to any node, not only to this one: for checking a file. */
export function nodeLocalFaults(loaded: LoadedConfig, serviceCIDRs: readonly Prefix[]): readonly ConfigIssue[] {
  const { nodeLocal } = loaded.config.network.podCIDR;
  if (nodeLocal === undefined) return [];
  const entries: readonly (readonly [string, PodCIDRs])[] =
    nodeLocal.kind === "any"
      ? [[nodeLocalKey, nodeLocal.podCIDRs]]
      : [...nodeLocal.podCIDRs].map(([node, podCIDRs]) => [`${nodeLocalKey}.${node}`, podCIDRs]);
  return entries.flatMap(([path, podCIDRs]) => {
    const checked = checkPodCIDRs(podCIDRs.list, serviceCIDRs);
    return checked.kind === "ok" ? [] : [issueAt(loaded, path, checked.why)];
  });
}

/**
 * Level 2, the environment variable NODE_POD_CIDR; unset and empty both mean that it says nothing.
 * @throws ConfigError HC_PODCIDR_ENV
 */
export function envValue(system: System, serviceCIDRs: readonly Prefix[]): OperatorValue {
  const text = system.env[podCIDRVariable];
  if (text === undefined) return { kind: "none", reason: `${podCIDRVariable} is not set` };
  if (text.trim() === "") return { kind: "none", reason: `${podCIDRVariable} is set but empty` };
  const pieces = text.split(",").map((piece) => readEnvPiece(piece.trim(), text));
  const checked = checkPodCIDRs(pieces, serviceCIDRs);
  if (checked.kind === "fault") throw envError(text, checked.why);
  return { kind: "value", podCIDRs: checked.value, file: undefined, line: undefined };
}

function readEnvPiece(piece: string, text: string): Prefix {
  try {
    return parsePrefix(piece);
  } catch (error) {
    expected(error);
    throw envError(text, `${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`);
  }
}

function envError(text: string, why: string): ConfigError {
  const message = `Cannot use environment ${podCIDRVariable}="${clip(text)}" as this node's PodCIDR: ${why}`;
  return new ConfigError("HC_PODCIDR_ENV", message, [], {
    hint: `set ${podCIDRVariable} to the range only this node has, for example 10.244.1.0/24, or unset it`,
  });
}

/** The CIDRs, IPv4 first, or a sentence that says what is wrong with them and names the value. */
function checkPodCIDRs(prefixes: readonly Prefix[], serviceCIDRs: readonly Prefix[]): Result<PodCIDRs> {
  for (const prefix of prefixes) {
    const why = whyUnusable(prefix, serviceCIDRs);
    if (why !== undefined) return fault(`${prefix} ${why}`);
  }
  const made = toPodCIDRs(prefixes.toSorted((a, b) => a.compare(b)));
  return made.kind === "ok" ? made : fault(`${prefixes.join(", ")} are more than one CIDR of a family`);
}

/** What is wrong with a value of the configuration, with its place: file and line, or the variable that brought it. */
export function issueAt(loaded: LoadedConfig, path: string, message: string): ConfigIssue {
  const origin = originOf(loaded, path);
  if (origin?.source === "env") return { path, message: `${origin.variable}: ${message}` };
  return { path, message, ...placeOf(loaded, path) };
}

/** File and line of a configuration key, or of an entry of the map it holds, where it came from a file. */
export function placeOf(loaded: LoadedConfig, path: string): { readonly file?: string; readonly line?: number } {
  const origin = originOf(loaded, path);
  return origin?.source === "file" ? { file: origin.file, line: origin.line } : {};
}

function originOf({ origins }: LoadedConfig, path: string): ConfigOrigin | undefined {
  return origins.get(path) ?? (path.startsWith(`${nodeLocalKey}.`) ? origins.get(nodeLocalKey) : undefined);
}
