// Looks at files of a program that may not be there, or not for us: what cannot be looked at says nothing, and a line in the log says why.

import { expected } from "../sys/errors.ts";
import type { FileKind } from "../sys/fs/files.ts";
import type { System } from "../sys/system.ts";

const maxFileBytes = 1 << 20;

/** The text of a file; undefined without one. */
export function textIn(system: System, path: string): string | undefined {
  return look(system, () => {
    const bytes = system.files.readIfPresent(path, maxFileBytes);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  });
}

/** The names in a directory; none without one. */
export function namesIn(system: System, dir: string): readonly string[] {
  return look(system, () => (kindOf(system, dir) === "directory" ? system.files.list(dir) : undefined)) ?? [];
}

/** What is at a path, links followed; undefined where nothing is. */
export function kindOf(system: System, path: string): FileKind | undefined {
  return look(system, () => system.files.stat(path)?.kind);
}

function look<T>({ log }: System, read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch (error) {
    expected(error);
    log.warn("ProgramConfigSkipped", `Passed over the configuration of one of the node's programs: ${error.message}`);
    return undefined;
  }
}
