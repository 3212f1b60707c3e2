// The command line that systemd would give a service: its unit with drop-ins, its variables put in, each word with the place it
// stands in (systemd.unit(5), systemd.exec(5), systemd.service(5)). Left out: specifiers but the unit's name in EnvironmentFile, patterns
// there, and what only a running systemd knows, as generated units.

import { expected } from "../sys/errors.ts";
import { dirname, join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";

/** A word and its place. */
export interface Word {
  readonly text: string;
  readonly file: string;
  readonly line: number;
}

export interface ServiceCommand {
  readonly words: readonly Word[];
  readonly env: ReadonlyMap<string, Word>;
}

/** Strongest first; a unit or drop-in hides those of the same name in the directories after its own. */
const unitDirs: readonly string[] = [
  "/etc/systemd/system",
  "/run/systemd/system",
  "/usr/local/lib/systemd/system",
  "/usr/lib/systemd/system",
  "/lib/systemd/system",
];
const maxUnitBytes = 1 << 18;

/** The command of a unit, such as `crio.service`: without words where there is no such unit. */
export type Services = (unit: string) => ServiceCommand;

/** Reads a unit when it is asked for. */
export function createServices(system: System): Services {
  return (unit) => readServiceCommand(system, unit, unitFiles(system, unit));
}

function readServiceCommand(system: System, unit: string, files: readonly string[]): ServiceCommand {
  const assignments = files.flatMap((file) => serviceAssignments(system, file));
  const inForce = (key: string): readonly Word[] => {
    const values = assignments.filter((assignment) => assignment.key === key);
    // An empty one takes back those before it.
    return values.slice(values.findLastIndex(({ words }) => words.length === 0) + 1).flatMap(({ words }) => words);
  };
  const env = new Map<string, Word>();
  for (const word of inForce("Environment")) assign(env, word);
  for (const { text } of inForce("EnvironmentFile")) {
    const path = text
      .replace(/^-/, "")
      .replaceAll("%n", unit)
      .replaceAll(/%[Np]/g, unit.replace(/\.service$/, ""));
    for (const [name, value] of readEnvironmentFile(system, path)) env.set(name, value);
  }
  return { words: inForce("ExecStart").flatMap((word) => expand(word, env)), env };
}

/** The last value of a flag, written `--flag=value` or `--flag value`, under any of its names. */
export function flagValue(words: readonly Word[], ...names: readonly string[]): Word | undefined {
  return flagValues(words, ...names).at(-1);
}

/** All values of a flag that may be repeated. */
export function flagValues(words: readonly Word[], ...names: readonly string[]): readonly Word[] {
  return words.flatMap((word, at) => {
    const name = names.find((candidate) => word.text === candidate || word.text.startsWith(`${candidate}=`));
    if (name === undefined) return [];
    if (word.text !== name) return [{ ...word, text: word.text.slice(name.length + 1) }];
    return words[at + 1] ?? [];
  });
}

/** The variables of an environment file, by name; none when it cannot be read. */
export function readEnvironmentFile(system: System, file: string): ReadonlyMap<string, Word> {
  const env = new Map<string, Word>();
  for (const { text, line } of logicalLines(readLines(system, file))) {
    const [, name, value] = /^\s*(?:export\s+)?(\w+)=(.*)$/s.exec(text) ?? [];
    if (name !== undefined && value !== undefined) env.set(name, { text: unquote(value.trim()), file, line });
  }
  return env;
}

/** The words of a text, quotes taken away, as systemd and a shell split them. */
export function splitWords({ text, file, line }: Word): readonly Word[] {
  const words = text.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/gs) ?? [];
  return words.map((word) => ({ text: unquote(word), file, line }));
}

/** The unit and its drop-ins in the order they are applied. */
function unitFiles(system: System, unit: string): readonly string[] {
  const main = unitDirs.map((dir) => join(dir, unit)).find((path) => system.files.lstat(path) !== undefined);
  const dropIns = new Map<string, string>();
  for (const own of unitDirs.map((dir) => join(dir, `${unit}.d`))) {
    for (const name of namesIn(system, own)) {
      if (name.endsWith(".conf") && !dropIns.has(name)) dropIns.set(name, join(own, name));
    }
  }
  const sorted = [...dropIns.keys()].toSorted().flatMap((name) => dropIns.get(name) ?? []);
  return [main ?? [], sorted].flat().filter((path) => isFile(system, path));
}

/** Not a masked unit, which is a link to a device. */
function isFile({ files }: System, path: string): boolean {
  return files.stat(path)?.kind === "file";
}

function namesIn({ files }: System, dir: string): readonly string[] {
  return files.stat(dir)?.kind === "directory" ? (files.list(dir) ?? []) : [];
}

interface Assignment {
  readonly key: string;
  readonly words: readonly Word[];
}

/** The assignments of the section `[Service]`. A value that goes on over lines keeps the line of each word. */
function serviceAssignments(system: System, file: string): readonly Assignment[] {
  const assignments: { readonly key: string; readonly words: Word[] }[] = [];
  let isService = false;
  let open: Word[] | undefined;
  for (const { text, line } of readLines(system, file)) {
    if (/^\s*[#;]/.test(text)) continue;
    const section = /^\s*\[(.*)\]\s*$/.exec(text)?.[1];
    const [, key, value] = (open === undefined && /^\s*(\w+)\s*=\s*(.*)$/.exec(text)) || [];
    if (open === undefined && section !== undefined) isService = section === "Service";
    if (open === undefined && key !== undefined && isService) {
      open = [];
      assignments.push({ key, words: open });
    }
    open?.push(...splitWords({ text: (value ?? text).replace(/\\$/, ""), file, line }));
    if (!text.endsWith("\\")) open = undefined;
  }
  return assignments;
}

interface Line {
  readonly text: string;
  readonly line: number;
}

/** None for a file that cannot be read: what stands in it is then not known to anything here. */
function readLines({ files, log }: System, file: string): readonly Line[] {
  try {
    const bytes = files.readIfPresent(file, maxUnitBytes);
    if (bytes === undefined) return [];
    return new TextDecoder()
      .decode(bytes)
      .split("\n")
      .map((text, at) => ({ text: text.replace(/\r$/, ""), line: at + 1 }));
  } catch (error) {
    expected(error);
    log.warn(`Passed over a service's configuration in ${dirname(file)}: ${error.message}`);
    return [];
  }
}

/** Lines that end in a backslash joined with the next, comments left out. */
function logicalLines(lines: readonly Line[]): readonly Line[] {
  const joined: Line[] = [];
  let open: Line | undefined;
  for (const { text, line } of lines) {
    if (open === undefined && /^\s*[#;]/.test(text)) continue;
    const whole: Line = open === undefined ? { text, line } : { text: open.text + text, line: open.line };
    open = whole.text.endsWith("\\") ? { ...whole, text: whole.text.slice(0, -1) } : undefined;
    if (open === undefined) joined.push(whole);
  }
  return open === undefined ? joined : [...joined, open];
}

function assign(env: Map<string, Word>, word: Word): void {
  const at = word.text.indexOf("=");
  if (at > 0) env.set(word.text.slice(0, at), { ...word, text: word.text.slice(at + 1) });
}

/** `$NAME` alone becomes the words of its value, `${NAME}` its value in the midst of a word. */
function expand(word: Word, env: ReadonlyMap<string, Word>): readonly Word[] {
  const alone = /^\$(\w+)$/.exec(word.text)?.[1];
  if (alone !== undefined) {
    const value = env.get(alone);
    return value === undefined ? [] : splitWords(value);
  }
  return [{ ...word, text: word.text.replace(/\$\{(\w+)\}/g, (_, name: string) => env.get(name)?.text ?? "") }];
}

function unquote(text: string): string {
  return text.replace(
    /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/gs,
    (_, double: string | undefined, single: string | undefined, escaped: string | undefined) =>
      double?.replace(/\\(.)/gs, "$1") ?? single ?? escaped ?? "",
  );
}
