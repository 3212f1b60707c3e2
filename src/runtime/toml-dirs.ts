// Directories that a runtime's TOML file names, each with its line. Pure but for `readTomlFile`.

import type { Place } from "../programs/word.ts";
import { expected } from "../sys/errors.ts";
import type { JsonObject } from "../sys/json.ts";
import type { System } from "../sys/system.ts";
import { lineOfToml, parseToml, tomlAt } from "../sys/toml.ts";

/** A value and the line it stands in, from 1. */
export interface Found {
  readonly value: string;
  readonly line: number;
}

/** A value and its place. */
export interface FoundDir extends Place {
  readonly value: string;
}

export interface TomlFile {
  readonly text: string;
  readonly document: JsonObject;
}

const maxConfigBytes = 1 << 20;

/**
 * A file of `program`'s configuration. Undefined for one that does not exist, and, with a warning in the log, for one that cannot be
 * used.
 */
export function readTomlFile({ files, log }: System, path: string, program: string): TomlFile | undefined {
  const warn = (why: string): void =>
    log.warn("ProgramConfigSkipped", `Passed over a ${program} configuration: ${why}`);
  try {
    const bytes = files.readIfPresent(path, maxConfigBytes);
    if (bytes === undefined) return undefined;
    const text = new TextDecoder().decode(bytes);
    const parsed = parseToml(text);
    if (parsed.kind === "ok") return { text, document: parsed.value };
    warn(`${path} ${parsed.why}`);
  } catch (error) {
    expected(error);
    warn(error.message);
  }
  return undefined;
}

/** The absolute paths that the value at `path`, a text or a list, names; none for a key that is not there. */
export function tomlDirs({ text, document }: TomlFile, path: readonly string[]): readonly Found[] {
  const dirs = tomlTexts(tomlAt(document, path)).filter((dir) => dir.startsWith("/"));
  return dirs.length === 0 ? [] : withLines(text, path, dirs);
}

/** A list may go on over lines, so each of its items is looked for from the line of the one before it on. */
function withLines(text: string, path: readonly string[], dirs: readonly string[]): readonly Found[] {
  const lines = text.split("\n");
  let last = lineOfToml(text, path) - 1;
  return dirs.map((value) => {
    const holds = (line: string): boolean => line.includes(`"${value}"`) || line.includes(`'${value}'`);
    const at = lines.findIndex((line, index) => index >= last && holds(line));
    // One that is written with escapes stands where the one before it does, at the worst.
    last = Math.max(at, last);
    return { value, line: last + 1 };
  });
}

/** The texts of a value that is a text or a list. */
export function tomlTexts(value: unknown): readonly string[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  return items.filter((item) => typeof item === "string");
}
