// The leaf keys of the configuration, walked out of the schema: what the environment, `config explain` and the reference
// page go by.

import * as z from "zod";
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
}

/** Every leaf, in the order of the schema. */
export const configKeys: readonly ConfigKey[] = leaves(configSchema, []);

/** Paths of the sections, in the order of the schema, the root (an empty path) first. */
export const configSections: readonly (readonly string[])[] = [[], ...sections(configSchema, [])];

export function variableFor(key: string): string {
  return `HEADCNI_${key.replaceAll(".", "_").toUpperCase()}`;
}

function leaves(schema: z.ZodObject, above: readonly string[]): ConfigKey[] {
  return Object.entries(schema.shape).flatMap(([name, child]) => {
    const path = [...above, name];
    const inner = unwrap(child);
    if (inner instanceof z.ZodObject) return leaves(inner, path);
    const key = path.join(".");
    const description = z.globalRegistry.get(child)?.description ?? "";
    return [{ key, path, variable: variableFor(key), kind: kindOf(inner), description }];
  });
}

function sections(schema: z.ZodObject, above: readonly string[]): string[][] {
  return Object.entries(schema.shape).flatMap(([name, child]) => {
    const path = [...above, name];
    const inner = unwrap(child);
    return inner instanceof z.ZodObject ? [path, ...sections(inner, path)] : [];
  });
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.unwrap());
  }
  return schema instanceof z.ZodPipe ? unwrap(schema.in) : schema;
}

function kindOf(schema: z.core.$ZodType): ConfigKey["kind"] {
  if (schema instanceof z.ZodNumber) return "number";
  if (schema instanceof z.ZodBoolean) return "boolean";
  return schema instanceof z.ZodString || schema instanceof z.ZodEnum ? "text" : "structure";
}
