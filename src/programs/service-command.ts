// The command line that systemd would give a service: its unit with drop-ins, its variables put in, each word with the place it
// stands in (systemd.unit(5), systemd.exec(5), systemd.service(5)). Left out: specifiers but the unit's and the host's name, patterns in
// EnvironmentFile, and what only a running systemd knows, as generated units.

import { join } from "../sys/fs/path.ts";
import { hostnameFile, machineHostname, readHostname } from "../sys/hostname.ts";
import type { System } from "../sys/system.ts";
import { readEnvironmentFile, readLines } from "./environment-file.ts";
import { keepRead } from "./kept-read.ts";
import { kindOf, namesIn, textIn } from "./look.ts";
import { splitWords, type Word } from "./word.ts";

export interface ServiceCommand {
  readonly words: readonly Word[];
  readonly env: ReadonlyMap<string, Word>;
  /** The unit, its drop-ins and its files of variables, there or not. */
  readonly files: readonly string[];
}

/** Strongest first; a unit or drop-in hides those of the same name in the directories after its own. */
const unitDirs: readonly string[] = [
  "/etc/systemd/system",
  "/run/systemd/system",
  "/usr/local/lib/systemd/system",
  "/usr/lib/systemd/system",
  "/lib/systemd/system",
];

/** The command of a unit, such as `crio.service`: without words where there is no such unit. */
export function readService(system: System, unit: string): ServiceCommand {
  return keepRead(system, {
    key: `service ${unit}`,
    read: (node) => readCommand(node, unit, unitFiles(node, unit)),
  });
}

/** Names of units of the operator's own that begin so, such as those k3s' installer makes. */
export function operatorUnits(system: System, prefix: string): readonly string[] {
  const names = namesIn(system, "/etc/systemd/system");
  return names.filter((name) => name.startsWith(prefix) && name.endsWith(".service"));
}

const noService: ServiceCommand = { words: [], env: new Map(), files: [] };

function readCommand(system: System, unit: string, files: readonly string[]): ServiceCommand {
  if (files.length === 0) return noService;
  const assignments = files.flatMap((file) => serviceAssignments(system, file));
  const inForce = (key: string): readonly Word[] => {
    const values = assignments.filter((assignment) => assignment.key === key);
    // An empty one takes back those before it.
    const counting = values.slice(values.findLastIndex(({ words }) => words.length === 0) + 1);
    return counting.flatMap(({ words }) => words).map((word) => withSpecifiers(system, word, unit));
  };
  const env = new Map<string, Word>();
  for (const word of inForce("Environment")) assign(env, word);
  const variableFiles = inForce("EnvironmentFile").map(({ text }) => text.replace(/^-/, ""));
  for (const path of variableFiles) {
    if (path.startsWith("/")) for (const [name, value] of readEnvironmentFile(system, path)) env.set(name, value);
  }
  const words = inForce("ExecStart").flatMap((word) => expand(word, env));
  return { words, env, files: [...files, ...variableFiles] };
}

/** With the names of the unit and the host put in (systemd.unit(5), SPECIFIERS); others stay as they are written. */
function withSpecifiers(system: System, word: Word, unit: string): Word {
  const put = (written: string, letter: string): string => {
    switch (letter) {
      case "%":
        return "%";
      case "n":
        return unit;
      case "H":
        return hostName(system) ?? written;
      case "l":
        return hostName(system)?.replace(/\..*$/, "") ?? written;
      default:
        return unit.replace(/\.service$/, "");
    }
  };
  return word.text.includes("%") ? { ...word, text: word.text.replace(/%([%nNpHl])/g, put) } : word;
}

/** The kernel's; of a node that is a directory the kernel of this machine knows nothing. */
function hostName(system: System): string | undefined {
  const kernels = system.files.root === "/" ? machineHostname() : undefined;
  return kernels ?? readHostname(textIn(system, hostnameFile) ?? "")?.name ?? machineHostname();
}

/** The unit and its drop-ins in the order they are applied. */
function unitFiles(system: System, unit: string): readonly string[] {
  const dirs = existingDirs(system);
  const inDirs = (name: string): readonly string[] =>
    dirs.filter(({ names }) => names.has(name)).map(({ path }) => join(path, name));
  const main = inDirs(unit).find((path) => kindOf(system, path) !== undefined);
  const dropIns = new Map<string, string>();
  for (const own of inDirs(`${unit}.d`)) {
    for (const name of namesIn(system, own)) {
      if (name.endsWith(".conf") && !dropIns.has(name)) dropIns.set(name, join(own, name));
    }
  }
  const sorted = [...dropIns.keys()].toSorted().flatMap((name) => dropIns.get(name) ?? []);
  // Not a masked unit, which is a link to a device.
  return [main ?? [], sorted].flat().filter((path) => kindOf(system, path) === "file");
}

interface UnitDir {
  readonly path: string;
  /** What is in it, so that most units, which are in none, take no look of their own. */
  readonly names: ReadonlySet<string>;
}

/** The directories of units that are there, each once: with a merged /usr the last two are one. */
function existingDirs(system: System): readonly UnitDir[] {
  return keepRead(system, {
    key: "directories of units",
    read: (node) => {
      const seen = new Set<number>();
      const dirs = unitDirs.filter((dir) => {
        const info = node.files.stat(dir);
        if (info?.kind !== "directory" || seen.has(info.inode)) return false;
        seen.add(info.inode);
        return true;
      });
      return dirs.map((path) => ({ path, names: new Set(namesIn(node, path)) }));
    },
  });
}

interface Assignment {
  readonly key: string;
  readonly words: readonly Word[];
}

/**
 * The assignments of the section `[Service]`. As systemd does, lines that go on are joined before anything is unquoted; with line breaks,
 * which part words as spaces do, so that each word keeps its line, also one within quotes.
 */
function serviceAssignments(system: System, file: string): readonly Assignment[] {
  const assignments: { readonly key: string; text: string; readonly line: number }[] = [];
  let isService = false;
  let open: { text: string } | undefined;
  for (const { text, line } of readLines(system, file)) {
    const isComment = /^\s*[#;]/.test(text);
    const [, section] = /^\s*\[(.*)\]\s*$/.exec(text) ?? [];
    const [, key, value = ""] = /^\s*(\w+)\s*=\s*(.*)$/.exec(text) ?? [];
    if (open !== undefined) open.text += isComment ? "\n" : `\n${withoutBackslash(text)}`;
    else if (isComment) continue;
    else if (section !== undefined) isService = section === "Service";
    else if (key !== undefined) {
      const assignment = { key, text: withoutBackslash(value), line };
      if (isService) assignments.push(assignment);
      open = assignment;
    }
    if (!isComment && !text.endsWith("\\")) open = undefined;
  }
  return assignments.map(({ key, text, line }) => ({ key, words: splitWords({ text, file, line }) }));
}

function withoutBackslash(text: string): string {
  return text.replace(/\\$/, "");
}

function assign(env: Map<string, Word>, word: Word): void {
  const at = word.text.indexOf("=");
  if (at > 0) env.set(word.text.slice(0, at), { ...word, text: word.text.slice(at + 1) });
}

/** `$NAME` alone becomes the words of its value, `${NAME}` its value in the midst of a word, `$$` a dollar. */
function expand(word: Word, env: ReadonlyMap<string, Word>): readonly Word[] {
  const alone = /^\$(\w+)$/.exec(word.text)?.[1];
  if (alone !== undefined) {
    const value = env.get(alone);
    return value === undefined ? [] : splitWords(value);
  }
  const put = (_: string, name?: string): string => (name === undefined ? "$" : (env.get(name)?.text ?? ""));
  return [{ ...word, text: word.text.replace(/\$\$|\$\{(\w+)\}/g, put) }];
}
