// The configuration file of k3s or RKE2 with its drop-ins, as they read it (k3s, pkg/configfilearg/parser.go, readConfigFile): FILE, then
// the files of FILE.d that end in .yaml or .yml in any case, by name, without those of directories in it. A key replaces what an earlier
// file says, lists too; `key+` adds to it. Of several documents in a file the first counts. A file that is no YAML would keep the program
// from starting: it says nothing here.

import { join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { kindOf, namesIn, textIn } from "./look.ts";
import type { GivenSetting } from "./program-settings.ts";
import { readYamlKeys } from "./yaml-keys.ts";

export interface ConfigFiles {
  /** The files that are there. */
  readonly files: readonly string[];
  /** What cannot be read: those of them that are no YAML, and what stands in the place of one and is no file. */
  readonly unread: readonly string[];
  /** What they say of the keys that are wanted, in the order they are put together. */
  readonly given: readonly GivenSetting[];
}

export function readConfigFiles(system: System, file: string, isWanted: (name: string) => boolean): ConfigFiles {
  // One named by a URL, or relative to a working directory, is not looked at.
  if (!file.startsWith("/")) return { files: [], unread: [file], given: [] };
  const there = [file, ...configDropIns(system, `${file}.d`)].flatMap((path) => {
    const kind = kindOf(system, path);
    return kind === undefined ? [] : [{ path, isFile: kind === "file" }];
  });
  const read = there.map(({ path, isFile }) => ({
    path,
    given: isFile ? readKeys(system, path, isWanted) : undefined,
  }));
  return {
    files: there.flatMap(({ path, isFile }) => (isFile ? [path] : [])),
    unread: read.flatMap(({ path, given }) => (given === undefined ? [path] : [])),
    given: read.flatMap(({ given }) => given ?? []),
  };
}

/** The drop-ins in a directory, in their order. */
export function configDropIns(system: System, dir: string): readonly string[] {
  return namesIn(system, dir)
    .filter((name) => /\.ya?ml$/i.test(name))
    .map((name) => join(dir, name))
    .filter((path) => kindOf(system, path) !== "directory");
}

/** The values of some keys of one file, `+` at the end of a key being no part of its name; undefined when it is no YAML map. */
export function readKeys(
  system: System,
  path: string,
  isWanted: (name: string) => boolean,
): readonly GivenSetting[] | undefined {
  const text = textIn(system, path);
  const keys = text === undefined ? undefined : readYamlKeys(text, (key) => isWanted(key.replace(/\+$/, "")));
  return keys?.map(({ key, values }) => ({
    name: key.replace(/\+$/, ""),
    values: values.map(({ text: value, line }) => ({ value, file: path, line })),
    onto: key.endsWith("+") ? "add" : "replace",
  }));
}
