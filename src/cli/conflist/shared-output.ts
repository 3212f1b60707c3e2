// What more than one command under `headcni conflist` prints.

import { type ConflistProblem, problemSentence } from "../../spec/problem.ts";
import type { JsonObject } from "../../sys/json.ts";
import { printable } from "../../sys/log/printable.ts";
import { renderTable } from "../table.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** A line for each file of others that stays in front of ours. */
export function keptLines(names: readonly string[]): readonly string[] {
  return names.map((name) => `${printable(name)} stays and is preferred to ours (cni.otherConfigs is keep)`);
}

/** Every problem of a conflist: its place, what is wrong, the remedy. */
export function problemTable(problems: readonly ConflistProblem[], terminal?: Terminal): string {
  return renderTable(
    ["where", "what", "remedy"],
    problems.map(({ path, message, hint }) => [path === "" ? "-" : path, message, hint ?? "-"]),
    terminal,
  );
}

export function encodeProblem({ path, message, hint }: ConflistProblem): JsonObject {
  return { path, message, hint: hint ?? null, text: problemSentence({ path, message }) };
}
