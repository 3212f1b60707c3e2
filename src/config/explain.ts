// Where each value of a configuration came from: the answer of `headcni config explain`.

import type { JsonObject, JsonValue } from "../sys/json.ts";
import type { ConfigOrigin, LoadedConfig } from "./config.ts";
import { configKeys } from "./keys.ts";
import { toInput, valueAt } from "./print.ts";

/** Where a value came from that nobody wrote and that is not the default either: what was found on the node. */
export interface Detection {
  readonly source: "node";
  /** In words: `/etc/containerd/config.toml:7`, `found on this node`. */
  readonly by: string;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
}

type Origin = ConfigOrigin | Detection | undefined;

export interface ExplainedKey {
  readonly key: string;
  /** As it would be written; undefined when it is unset and has no default. */
  readonly value: JsonValue | undefined;
  /** Undefined for the default. */
  readonly origin: Origin;
}

/**
 * Every key, in the order of the schema.
 * @param detected of values that are in force on this node although nobody wrote them, by key
 */
export function explainConfig(
  { config, origins }: LoadedConfig,
  detected: ReadonlyMap<string, Detection> = new Map(),
): readonly ExplainedKey[] {
  const input = toInput(config);
  return configKeys.map(({ key, path }) => {
    const value = valueAt(input, path);
    const isEmpty = value === "" || (Array.isArray(value) && value.length === 0);
    return { key, value: isEmpty ? undefined : value, origin: origins.get(key) ?? detected.get(key) };
  });
}

/** `file:line`, `env NAME`, `flag --name`, what was found on the node, or `default`. */
export function describeOrigin(origin: Origin): string {
  switch (origin?.source) {
    case undefined:
      return "default";
    case "file":
      return `${origin.file}:${origin.line}`;
    case "env":
      return `env ${origin.variable}`;
    case "flag":
      return `flag ${origin.flag}`;
    case "node":
      return origin.by;
  }
}

/** For `-o json`: one object a key with `source` and its place. */
export function explainAsJson(loaded: LoadedConfig, detected?: ReadonlyMap<string, Detection>): JsonObject {
  return {
    file: loaded.file ?? null,
    values: explainConfig(loaded, detected).map(({ key, value, origin }) => {
      return { key, value: value ?? null, ...(origin ?? { source: "default" }) };
    }),
    warnings: loaded.warnings.map((warning): JsonObject => ({ ...warning })),
  };
}
