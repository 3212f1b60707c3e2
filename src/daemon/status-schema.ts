// Checks a document of /status that came over the network against its type. Loads its library with the module.

import * as z from "zod/mini";
import { isJsonObject, type JsonObject } from "../sys/json.ts";
import type { StatusDocument } from "./status.ts";

const reconcile = z.looseObject({
  at: z.string(),
  seconds: z.number(),
  reasons: z.array(z.string()),
  count: z.number(),
});

const agent = z.looseObject({
  lastReconcile: z.nullable(reconcile),
  summary: z.record(z.string(), z.string()),
  status: z.custom<JsonObject>(isJsonObject),
});

const condition = z.looseObject({
  code: z.string(),
  severity: z.string(),
  title: z.string(),
  text: z.string(),
  since: z.string(),
  impactsConnectivity: z.boolean(),
});

/** Keys that another version has beside these stay in the document. */
const document: z.ZodMiniType<StatusDocument> = z.looseObject({
  version: z.string(),
  commit: z.string(),
  pid: z.number(),
  startedAt: z.string(),
  uptimeSeconds: z.number(),
  ready: z.boolean(),
  notReady: z.array(z.string()),
  nodeName: z.nullable(z.string()),
  agents: z.record(z.string(), agent),
  conditions: z.array(condition),
});

/** Undefined for anything else than a status document. */
export function decodeStatus(json: unknown): StatusDocument | undefined {
  const checked = document.safeParse(json);
  return checked.success ? checked.data : undefined;
}
