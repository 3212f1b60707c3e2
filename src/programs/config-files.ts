// The configuration file of k3s or RKE2 with its drop-ins, as they read it (k3s, pkg/configfilearg/parser.go, readConfigFile): FILE, then
// the files of FILE.d that end in .yaml or .yml in any case, by name, without those of directories in it. A key replaces what an earlier
// file says, lists too; `key+` adds to it. A file that is no YAML would keep the program from starting: it says nothing here.

import { join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { kindOf, namesIn, textIn } from "./look.ts";
import type { Told } from "./program-settings.ts";
import { readYamlKeys } from "./yaml-keys.ts";

/** What the files say of the keys that are wanted, in the order they are put together, and the files that are there. */
export function readConfigFiles(system: System, file: string, isWanted: (name: string) => boolean) {
  // One named by a URL, or relative to a working directory, is not looked at.
  const paths = file.startsWith("/") ? [file, ...dropIns(system, `${file}.d`)] : [];
  const files = paths.filter((path) => kindOf(system, path) === "file");
  const told = files.flatMap((path) => readKeys(system, path, isWanted));
  return { files, told };
}

function dropIns(system: System, dir: string): readonly string[] {
  return namesIn(system, dir)
    .filter((name) => /\.ya?ml$/i.test(name))
    .map((name) => join(dir, name));
}

/** The values of some keys of one file. `+` at the end of a key is no part of its name. */
export function readKeys(system: System, path: string, isWanted: (name: string) => boolean): readonly Told[] {
  const text = textIn(system, path) ?? "";
  const keys = readYamlKeys(text, (key) => isWanted(key.replace(/\+$/, ""))) ?? [];
  return keys.map(({ key, values }) => ({
    name: key.replace(/\+$/, ""),
    values: values.map(({ text: value, line }) => ({ value, file: path, line })),
    onto: key.endsWith("+") ? "add" : "replace",
  }));
}
