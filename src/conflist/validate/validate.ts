// Whether a runtime could make pods with a conflist: its form, its fields, and the programs it calls.

import { askVersions as askEachTime } from "../../spec/ask-versions.ts";
import { parseConflist, pluginEntries, structureProblems } from "../../spec/conflist.ts";
import type { ConflistProblem } from "../../spec/problem.ts";
import type { AskVersions } from "../../spec/remember-versions.ts";
import { cniVersions } from "../../spec/versions.ts";
import { redactText } from "../../sys/redact.ts";
import type { System } from "../../sys/system.ts";
import { fieldProblems } from "./fields.ts";
import { neededPrograms, programProblems } from "./programs.ts";

export interface ValidateConflistOptions {
  /** Folder the runtime takes plugins from. */
  readonly binDir: string;
  /** How a plugin is asked. @default each time */
  readonly askVersions?: AskVersions;
}

/**
 * Everything wrong with a conflist's text, in the order of the document; programs come last. Empty when it is good. What looks like
 * a key or token is left out of the sentences, for it may have been written in the wrong place.
 */
export async function validateConflist(
  system: System,
  text: string,
  options: ValidateConflistOptions,
): Promise<readonly ConflistProblem[]> {
  return [...formProblems(text), ...(await pluginProblems(system, text, options))];
}

/** As `validateConflist`, of the text alone: its form and its fields. */
export function formProblems(text: string): readonly ConflistProblem[] {
  const conflist = parseConflist(text);
  if (conflist.kind === "problem") return [conflist.problem].map(redacted);
  return [...structureProblems(conflist.json), ...fieldProblems(pluginEntries(conflist.json))].map(redacted);
}

/** As `validateConflist`, of the programs that the text calls; none when it cannot be read. */
export async function pluginProblems(
  system: System,
  text: string,
  { binDir, askVersions = askEachTime }: ValidateConflistOptions,
): Promise<readonly ConflistProblem[]> {
  const conflist = parseConflist(text);
  if (conflist.kind === "problem") return [];
  const cniVersion = cniVersions.find((version) => version === conflist.json.cniVersion);
  const programs = neededPrograms(pluginEntries(conflist.json));
  return (await programProblems(system, programs, { binDir, cniVersion, askVersions })).map(redacted);
}

function redacted({ path, message, hint }: ConflistProblem): ConflistProblem {
  return {
    path: redactText(path),
    message: redactText(message),
    hint: hint === undefined ? undefined : redactText(hint),
  };
}
