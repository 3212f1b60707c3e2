// The schema of `headcni doctor -o json`, for programs that read it: docs/reference/doctor.schema.json is made from it, and the tests
// hold every report to it. Loads its library with the module.

import * as z from "zod/mini";
import type { JsonObject } from "../sys/json.ts";
import { type Group, groups } from "./check.ts";
import type { DoctorDocument } from "./run-checks.ts";

const status = z.enum(["ok", "warning", "failed", "not-checked"]);

const fault = z.object({
  code: z.string(),
  status: z.enum(["warning", "failed"]),
  evidence: z.string(),
  remedy: z.string(),
});

const check = z.object({
  id: z.string(),
  group: z.enum(Object.keys(groups) as [Group, ...Group[]]),
  title: z.string(),
  status,
  evidence: z.nullable(z.string()),
  faults: z.array(fault),
});

const counts = z.object({ ok: z.number(), warning: z.number(), failed: z.number(), "not-checked": z.number() });

const document: z.ZodMiniType<DoctorDocument> = z.object({
  version: z.string(),
  at: z.string(),
  nodeName: z.nullable(z.string()),
  healthy: z.boolean(),
  counts,
  checks: z.array(check),
});

/** JSON Schema (draft-7). Keys may be added, so others are let pass. */
export function doctorJsonSchema(): JsonObject {
  const json: JsonObject = JSON.parse(JSON.stringify(z.toJSONSchema(document, { target: "draft-7", io: "input" })));
  return { title: "headcni doctor -o json", ...json };
}

/** @throws ZodError for what is no report. @public for the tests, which hold every report to it */
export function checkDoctorDocument(json: unknown): DoctorDocument {
  return document.parse(json);
}
