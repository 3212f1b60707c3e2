// Whether a runtime could make pods with a conflist: its form, its fields, and the programs it calls.

import { parseConflist, pluginEntries, structureProblems } from "../../spec/conflist.ts";
import type { ConflistProblem } from "../../spec/problem.ts";
import { cniVersions } from "../../spec/versions.ts";
import type { System } from "../../sys/system.ts";
import { fieldProblems } from "./fields.ts";
import { neededPrograms, programProblems } from "./programs.ts";

export interface ValidateConflistOptions {
  /** Folder the runtime takes plugins from. */
  readonly binDir: string;
}

/** Everything wrong with a conflist's text, in the order of the document; programs come last. Empty when it is good. */
export async function validateConflist(
  system: System,
  text: string,
  options: ValidateConflistOptions,
): Promise<readonly ConflistProblem[]> {
  const conflist = parseConflist(text);
  if (conflist.kind === "problem") return [conflist.problem];
  const plugins = pluginEntries(conflist.json);
  const cniVersion = cniVersions.find((version) => version === conflist.json.cniVersion);
  const fromText = [...structureProblems(conflist.json), ...fieldProblems(plugins)];
  const fromPrograms = await programProblems(system, neededPrograms(plugins), { binDir: options.binDir, cniVersion });
  return [...fromText, ...fromPrograms];
}
