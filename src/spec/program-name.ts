// What can be the name of a plugin's program. Pure; on the plugin's start-up path.

import type { JsonValue } from "../sys/json.ts";

/** Whether a value names a program that a runtime can look up in its directory of plugins. */
export function isProgramName(value: JsonValue | undefined): value is string {
  return typeof value === "string" && value !== "" && isOneName(value);
}

/** Why a value is no such name, as the end of a sentence; undefined when it is one. */
export function programNameProblem(value: JsonValue): string | undefined {
  if (typeof value !== "string" || value === "") return "is not the name of a plugin";
  return isOneName(value) ? undefined : `is "${value}": a plugin's name has no slash`;
}

function isOneName(name: string): boolean {
  return !name.includes("/") && name !== "." && name !== "..";
}
