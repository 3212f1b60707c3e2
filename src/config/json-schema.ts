// The JSON Schema (draft-7) of the configuration file: for editors, for the chart's `values.schema.json`.

import * as z from "zod/mini";
import type { JsonObject } from "../sys/json.ts";
import { configSchema } from "./schema.ts";

export function configJsonSchema(): JsonObject {
  const schema = z.toJSONSchema(configSchema, { target: "draft-7", io: "input", unrepresentable: "throw" });
  return JSON.parse(JSON.stringify(schema)) as JsonObject;
}
