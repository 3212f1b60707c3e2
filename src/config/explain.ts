// Where each value of a configuration came from: the answer of `headcni config explain`.

import type { JsonObject, JsonValue } from "../conflist/json.ts";
import type { ConfigOrigin, LoadedConfig } from "./config.ts";
import { configKeys } from "./keys.ts";
import { toInput, valueAt } from "./print.ts";

export interface ExplainedKey {
  readonly key: string;
  /** As it would be written; undefined when it is unset and has no default. */
  readonly value: JsonValue | undefined;
  /** Undefined for the default. */
  readonly origin: ConfigOrigin | undefined;
}

/** Every key, in the order of the schema. */
export function explainConfig({ config, origins }: LoadedConfig): readonly ExplainedKey[] {
  const input = toInput(config);
  return configKeys.map(({ key, path }) => {
    const value = valueAt(input, path);
    const isEmpty = value === "" || (Array.isArray(value) && value.length === 0);
    return { key, value: isEmpty ? undefined : value, origin: origins.get(key) };
  });
}

/** `file:line`, `env NAME`, `flag --name` or `default`. */
export function describeOrigin(origin: ConfigOrigin | undefined): string {
  switch (origin?.source) {
    case undefined:
      return "default";
    case "file":
      return `${origin.file}:${origin.line}`;
    case "env":
      return `env ${origin.variable}`;
    case "flag":
      return `flag ${origin.flag}`;
  }
}

/** For `-o json`: one object a key with `source` and its place. */
export function explainAsJson(loaded: LoadedConfig): JsonObject {
  return {
    file: loaded.file ?? null,
    values: explainConfig(loaded).map(({ key, value, origin }) => {
      return { key, value: value ?? null, ...(origin ?? { source: "default" }) };
    }),
    warnings: loaded.warnings.map((warning): JsonObject => ({ ...warning })),
  };
}
