// Copies on request, and the list of all that is kept.

import { runtimeOrder } from "../../spec/runtime-order.ts";
import { join } from "../../sys/fs/path.ts";
import type { System } from "../../sys/system.ts";
import { addVersion, type DirRecord, isCopied } from "../ledger/manifest.ts";
import { look, lookAt } from "../ledger/seen.ts";
import { type ConflistDirs, lockConflist, openStore } from "../ledger/store.ts";

/** Others' files under a name no runtime reads, and copies of what was replaced or asked for, oldest first. */
export type Backups = Pick<DirRecord, "aside" | "versions"> & {
  readonly confDir: string;
  /** Directory the copies lie in. */
  readonly folder: string;
};

export interface BackupReport {
  /** Names that are kept now, with what they held at this moment. */
  readonly kept: readonly string[];
  /** Names of what cannot be copied: no file, or too large to be a configuration. */
  readonly passedOver: readonly string[];
}

/**
 * Copies every configuration of the directory, ours and others'. Content that is kept already is not kept twice.
 * @throws HeadcniError HC_CONFLIST_BACKUP, HC_CONFLIST_BUSY
 */
export async function backupConflists(system: System, dirs: ConflistDirs): Promise<BackupReport> {
  const { confDir, stateDir } = dirs;
  const names = runtimeOrder(system.files.list(confDir) ?? []);
  if (names.length === 0) return { kept: [], passedOver: [] };
  using _lock = await lockConflist(system, stateDir);
  const store = openStore(system, stateDir, confDir);
  const before = store.read();
  const { files: seen, contents } = store.guard(() => look(system, store, before, names));
  const files = names.flatMap((name) => seen.get(name)?.record ?? []);
  store.write(files.reduce(addVersion, before), contents);
  const [kept, passedOver] = [files.filter(isCopied), files.filter((file) => !isCopied(file))];
  return { kept: kept.map(({ name }) => name), passedOver: passedOver.map(({ name }) => name) };
}

/** All that is kept of every directory HeadCNI has worked in. */
export function listBackups(system: System, stateDir?: string): readonly Backups[] {
  const known = openStore(system, stateDir, "/").knownDirs();
  return known.map((confDir) => {
    const store = openStore(system, stateDir, confDir);
    const { aside, versions } = store.read();
    return { confDir, folder: store.dir, aside, versions };
  });
}

/** Paths of configurations that others wrote and of which there is only a copy here: neither at their name now, nor aside. */
export function soleCopies(system: System, backups: readonly Backups[]): readonly string[] {
  return backups.flatMap(({ confDir, aside, versions }) => {
    const elsewhere = new Set(aside.map(({ sha256 }) => sha256));
    const own = versions.filter(({ writtenBy }) => writtenBy === "other");
    return own
      .filter(
        ({ name, sha256 }) => !elsewhere.has(sha256) && lookAt(system, join(confDir, name))?.record?.sha256 !== sha256,
      )
      .map(({ name }) => join(confDir, name));
  });
}
