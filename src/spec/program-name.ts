// What can be the name of a plugin's program. Pure; on the plugin's start-up path.

import type { JsonValue } from "../sys/json.ts";

/** Why a value cannot be the name of a plugin, as the end of a sentence; undefined when it can. */
export function programNameProblem(type: JsonValue): string | undefined {
  if (typeof type !== "string" || type === "") return "is not the name of a plugin";
  return type.includes("/") || type === "." || type === ".." ? `is "${type}": a plugin's name has no slash` : undefined;
}
