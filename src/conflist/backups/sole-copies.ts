// Copies of configurations that others wrote and that lie nowhere else: what must not go with the directory of backups.

import type { Files } from "../../sys/fs/files.ts";
import { join } from "../../sys/fs/path.ts";
import { sha256Hex } from "../../sys/fs/sha256.ts";
import type { Backups } from "./backup.ts";

/** Names of those, by path: neither at their name now, nor aside. */
export function soleCopies(files: Files, backups: readonly Backups[]): readonly string[] {
  return backups.flatMap(({ confDir, aside, versions }) => {
    const elsewhere = new Set(aside.map(({ sha256 }) => sha256));
    const own = versions.filter(({ writtenBy }) => writtenBy === "other");
    return own
      .filter(({ name, sha256 }) => !elsewhere.has(sha256) && digestOf(files, join(confDir, name)) !== sha256)
      .map(({ name }) => join(confDir, name));
  });
}

function digestOf(files: Files, path: string): string | undefined {
  const bytes = files.readIfPresent(path);
  return bytes === undefined ? undefined : sha256Hex(bytes);
}
