// The leaf keys of the configuration, walked out of the schema: what the environment, `config explain` and the reference
// page go by.

import * as z from "zod/mini";
import { configSchema } from "./schema.ts";

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

function variableFor(key: string): string {
  return `HEADCNI_${key.replaceAll(".", "_").toUpperCase()}`;
}

function leaves(schema: z.ZodMiniObject, above: readonly string[]): ConfigKey[] {
  return Object.entries(schema.shape).flatMap(([name, child]) => {
    const path = [...above, name];
    const inner = unwrap(child);
    if (inner instanceof z.ZodMiniObject) return leaves(inner, path);
    const key = path.join(".");
    const { description = "", examples = [] } = z.globalRegistry.get(child) ?? {};
    return [
      { key, path, variable: variableFor(key), kind: kindOf(inner), description, examples: examples as unknown[] },
    ];
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
  const { def } = schema._zod;
  if ("innerType" in def) return unwrap(def.innerType as z.core.$ZodType);
  return schema instanceof z.ZodMiniPipe ? unwrap(schema._zod.def.in) : schema;
}

function kindOf(schema: z.core.$ZodType): ConfigKey["kind"] {
  if (schema instanceof z.ZodMiniNumber) return "number";
  if (schema instanceof z.ZodMiniBoolean) return "boolean";
  return schema instanceof z.ZodMiniString || schema instanceof z.ZodMiniEnum ? "text" : "structure";
}
