// What is derived from the schema: the leaf keys of the configuration, which the environment, `config explain` and the
// reference page are built on, and the JSON Schema.

import * as z from "zod/mini";
import type { JsonObject } from "../sys/json.ts";
import { configSchema } from "./schema.ts";
import { documentation } from "./sections/schema-parts.ts";

export interface ConfigKey {
  /** As written in YAML: `network.podCIDR.base`. */
  readonly key: string;
  readonly path: readonly string[];
  /** The environment variable that sets it: `HEADCNI_NETWORK_PODCIDR_BASE`. */
  readonly variable: string;
  /** How text from the environment becomes a value. */
  readonly kind: "number" | "boolean" | "text" | "structure";
  readonly description: string;
  /** Values as they may be written. */
  readonly examples: readonly unknown[];
}

/** Every leaf, in the order of the schema. */
export const configKeys: readonly ConfigKey[] = leaves(configSchema, []);

/** Paths of the sections, in the order of the schema, the root (an empty path) first. */
export const configSections: readonly (readonly string[])[] = [[], ...sections(configSchema, [])];

/** The JSON Schema (draft-7) of the configuration file: for editors, for the chart's `values.schema.json`. */
export function configJsonSchema(): JsonObject {
  const options = { target: "draft-7", io: "input", unrepresentable: "throw", metadata: documentation } as const;
  const json: JsonObject = JSON.parse(JSON.stringify(z.toJSONSchema(configSchema, options)));
  return json;
}

function variableFor(key: string): string {
  return `HEADCNI_${key.replaceAll(".", "_").toUpperCase()}`;
}

function leaves(schema: z.ZodMiniObject, above: readonly string[]): ConfigKey[] {
  return Object.entries(schema.shape).flatMap(([name, child]) => {
    const path = [...above, name];
    const inner = unwrap(child);
    if (inner instanceof z.ZodMiniObject) return leaves(inner, path);
    const key = path.join(".");
    const { description = "", examples = [] } = documentation.get(child) ?? {};
    return [{ key, path, variable: variableFor(key), kind: kindOf(inner), description, examples }];
  });
}

function sections(schema: z.ZodMiniObject, above: readonly string[]): string[][] {
  return Object.entries(schema.shape).flatMap(([name, child]) => {
    const path = [...above, name];
    const inner = unwrap(child);
    return inner instanceof z.ZodMiniObject ? [path, ...sections(inner, path)] : [];
  });
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const isWrapped =
    schema instanceof z.ZodMiniOptional || schema instanceof z.ZodMiniDefault || schema instanceof z.ZodMiniPrefault;
  if (isWrapped) return unwrap(schema._zod.def.innerType);
  return schema instanceof z.ZodMiniPipe ? unwrap(schema._zod.def.in) : schema;
}

function kindOf(schema: z.core.$ZodType): ConfigKey["kind"] {
  if (schema instanceof z.ZodMiniNumber) return "number";
  if (schema instanceof z.ZodMiniBoolean) return "boolean";
  return schema instanceof z.ZodMiniString || schema instanceof z.ZodMiniEnum ? "text" : "structure";
}
