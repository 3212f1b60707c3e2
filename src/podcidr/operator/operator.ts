// Levels 1 and 2: what the operator wrote by hand, in the configuration or the environment. What cannot be used there is never passed
// over for a guess.

import { clip } from "../../cidr/addr.ts";
import { type PodCIDRs, toPodCIDRs } from "../../cidr/pod-cidrs.ts";
import { type Prefix, parsePrefix } from "../../cidr/prefix.ts";
import { issueAt, type LoadedConfig, nodeLocalKey, placeOf } from "../../config/config.ts";
import { ConfigError, expected } from "../../sys/errors.ts";
import type { System } from "../../sys/system.ts";

/** What an operator's source says, not yet judged. */
export type OperatorValue =
  | {
      readonly kind: "value";
      readonly podCIDRs: PodCIDRs;
      readonly file: string | undefined;
      readonly line: number | undefined;
      /** Whether it is one value for every node that has the configuration. */
      readonly isForEveryNode: boolean;
      /** The error for reasons that refuse it; each names the range. */
      readonly refuse: (whys: readonly string[]) => ConfigError;
    }
  | { readonly kind: "none"; readonly reason: string }
  | { readonly kind: "fault"; readonly error: ConfigError };

const podCIDRVariable = "NODE_POD_CIDR";

/** Level 1, `network.podCIDR.nodeLocal`. */
export function configValue(loaded: LoadedConfig, nodeName: string): OperatorValue {
  const { nodeLocal } = loaded.config.network.podCIDR;
  if (nodeLocal === undefined) return { kind: "none", reason: `${nodeLocalKey} is not set` };
  const isForEveryNode = nodeLocal.kind === "any";
  const podCIDRs = isForEveryNode ? nodeLocal.podCIDRs : nodeLocal.podCIDRs.get(nodeName);
  if (podCIDRs === undefined) {
    return { kind: "none", reason: `${nodeLocalKey} has no entry for node "${nodeName}"` };
  }
  const path = isForEveryNode ? nodeLocalKey : `${nodeLocalKey}.${nodeName}`;
  const refuse = (whys: readonly string[]): ConfigError =>
    new ConfigError(
      "HC_PODCIDR_CONFIG",
      `Cannot use ${path} as this node's PodCIDR`,
      whys.map((why) => issueAt(loaded, path, why)),
      { hint: `write the range only this node has, for example ${path}: 10.244.1.0/24` },
    );
  const { file, line } = placeOf(loaded, path);
  return { kind: "value", podCIDRs, file, line, isForEveryNode, refuse };
}

/** Level 2, the environment variable NODE_POD_CIDR; unset and empty both mean that it says nothing. */
export function envValue(system: System): OperatorValue {
  const text = system.env[podCIDRVariable];
  if (text === undefined) return { kind: "none", reason: `${podCIDRVariable} is not set` };
  if (text.trim() === "") return { kind: "none", reason: `${podCIDRVariable} is set but empty` };
  const refuse = (whys: readonly string[]): ConfigError => envError(text, whys.join("; "));
  try {
    const ranges = text.split(",").map((piece) => readEnvPiece(piece.trim(), text));
    const made = toPodCIDRs(ranges.toSorted((a, b) => a.compare(b)));
    if (made.kind === "fault")
      return { kind: "fault", error: refuse([`${ranges.join(", ")} are more than one CIDR of a family`]) };
    return {
      kind: "value",
      podCIDRs: made.value,
      file: undefined,
      line: undefined,
      isForEveryNode: false,
      refuse,
    };
  } catch (error) {
    if (error instanceof ConfigError) return { kind: "fault", error };
    throw error;
  }
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
