// Copies on request, and the list of all that is kept.

import { stateDir as defaultStateDir } from "../../node-state/names.ts";
import { runtimeOrder } from "../../spec/runtime-order.ts";
import type { System } from "../../sys/system.ts";
import { attempt } from "../install/failure.ts";
import { lockConflist } from "../install/lock.ts";
import { addVersion, isCopied } from "./kept-versions.ts";
import type { AsideRecord, FolderRecord, VersionRecord } from "./manifest.ts";
import { openStore } from "./store.ts";

export interface BackupOptions {
  readonly confDir: string;
  /** @default /var/lib/headcni */
  readonly stateDir?: string | undefined;
}

export interface Backups {
  /** Where the copies lie. */
  readonly folder: string;
  readonly confDir: string;
  /** Others' files under a name no runtime reads. */
  readonly aside: readonly AsideRecord[];
  /** Copies of what was replaced or asked for, oldest first. */
  readonly versions: readonly VersionRecord[];
}

export interface BackupReport {
  /** Names that are kept now, with what they held at this moment. */
  readonly kept: readonly string[];
  /** Names of what cannot be copied: no file, or too large to be a configuration. */
  readonly passedOver: readonly string[];
}

/**
 * Copies every configuration of the folder, ours and others'. Content that is kept already is not kept twice.
 * @throws HeadcniError HC_CONFLIST_BACKUP, HC_CONFLIST_BUSY
 */
export async function backupConflists(system: System, options: BackupOptions): Promise<BackupReport> {
  const { confDir } = options;
  const stateDir = options.stateDir ?? defaultStateDir;
  const names = runtimeOrder(system.files.list(confDir) ?? []);
  if (names.length === 0) return { kept: [], passedOver: [] };
  using _lock = await lockConflist(system, stateDir);
  const store = openStore(system, stateDir, confDir);
  return attempt("HC_CONFLIST_BACKUP", `Cannot back up the configurations of ${confDir}`, () => {
    const records = names.flatMap((name) => store.keep(name) ?? []);
    const kept = records.filter(isCopied);
    store.write(kept.reduce<FolderRecord>(addVersion, store.read()));
    const passedOver = records.filter((record) => !isCopied(record));
    return { kept: kept.map(({ name }) => name), passedOver: passedOver.map(({ name }) => name) };
  });
}

/** All that is kept of every folder HeadCNI has worked in. */
export function listBackups(system: System, stateDir: string = defaultStateDir): readonly Backups[] {
  const known = openStore(system, stateDir, "/").knownFolders();
  return known.map((confDir) => {
    const store = openStore(system, stateDir, confDir);
    const { aside, versions } = store.read();
    return { folder: store.folder, confDir, aside, versions };
  });
}
