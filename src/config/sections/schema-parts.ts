// What the schema of the configuration is made of: documented keys, sections, readers as schemas, and the values that many keys take.

import * as z from "zod/mini";
import type { JsonValue } from "../../sys/json.ts";
import type { Result } from "../../sys/result.ts";
import { notAbsolute, readDir } from "../values.ts";

interface Documentation {
  readonly title?: string;
  readonly description: string;
  /** Values as they may be written. */
  readonly examples?: readonly unknown[];
}

/** What the JSON Schema and the reference page say of each key and section. */
export const documentation = z.registry<Documentation>();

/** A key with its documentation: what it means, and how it is written. */
export function key<Schema extends z.ZodMiniType>(
  schema: Schema,
  description: string,
  ...examples: readonly JsonValue[]
): Schema {
  documentation.add(schema, { description, examples });
  return schema;
}

/** A section: these keys and no others. */
export function section<Shape extends z.core.$ZodLooseShape>(
  description: string,
  shape: Shape,
): z.ZodMiniObject<Shape, z.core.$strict> {
  const schema = z.strictObject(shape, { error: noMap });
  documentation.add(schema, { description });
  return schema;
}

/** The message of a section that is not a map; an unknown key of a map is an issue of its own. */
export function noMap({ code }: z.core.$ZodRawIssue): string | undefined {
  return code === "invalid_type" ? "stands where a map of keys belongs" : undefined;
}

/** A reader of `values.ts` behind a schema: its fault becomes the key's issue. */
export function read<Schema extends z.core.$ZodType, Out>(
  schema: Schema,
  reader: (value: z.output<Schema>) => Result<Out>,
): z.ZodMiniPipe<Schema, z.ZodMiniTransform<Out, z.output<Schema>>> {
  return z.pipe(
    schema,
    z.transform((value: z.output<Schema>, context) => {
      const result = reader(value);
      if (result.kind === "ok") return result.value;
      context.issues.push({ code: "custom", message: result.why, path: [], input: value });
      return z.NEVER;
    }),
  );
}

export const text = z.string({ error: "is not text; put it in quotes" });
export const textOrList = z.union([text, z.array(text)], { error: "is neither a CIDR nor a list of CIDRs" });
export const yesOrNo = z.boolean({ error: "is neither true nor false" });
export const dir = read(text.check(z.startsWith("/", { error: notAbsolute })), readDir);
