// Puts our conflist in force. The order is the point: nothing changes before what it replaces is backed up and what it
// brings is found valid, ours is in place before another CNI's file leaves, and each change is one rename. A node keeps a
// configuration it can use whatever instant ends us.

import { conflistFileName, stateDir as defaultStateDir } from "../../node-state/names.ts";
import { compareNames } from "../../spec/runtime-order.ts";
import { describeError } from "../../sys/errors.ts";
import { sha256Hex } from "../../sys/fs/hash.ts";
import { join } from "../../sys/fs/path.ts";
import type { System } from "../../sys/system.ts";
import { hashOf } from "../backups/file-record.ts";
import type { AsideRecord } from "../backups/manifest.ts";
import { recreateAside } from "../backups/rebuild.ts";
import { recoverLocked } from "../backups/recover.ts";
import { openStore, type Store } from "../backups/store.ts";
import type { InstallOptions, InstallReport } from "../report.ts";
import { attempt, ConflistInvalidError } from "./failure.ts";
import { type Comparison, compareFolder, conflistMode, isSettled } from "./install-diff.ts";
import { type BackupPlan, planBackup } from "./install-plan.ts";
import { lockConflist } from "./lock.ts";

/**
 * Makes `text` the conflist in force in `confDir`. Content and mode as wanted, and nothing preferred to it: then nothing
 * is touched, not even looked at twice.
 * @throws ConflistInvalidError when `validate` finds problems: everything is as it was before.
 * @throws HeadcniError HC_CONFLIST_WRITE, HC_CONFLIST_BACKUP, HC_CONFLIST_BUSY. The old file is in force, or ours is.
 */
export async function installConflist(system: System, text: string, options: InstallOptions): Promise<InstallReport> {
  const bytes = new TextEncoder().encode(text);
  const step = options.onStep ?? (() => undefined);
  step("rendered", `${bytes.length} bytes`);
  const first = compareFolder(system, bytes, options);
  step("compared", first.reason);
  if (isSettled(first)) return reportOf(first, options, []);

  const stateDir = options.stateDir ?? defaultStateDir;
  using _lock = await lockConflist(system, stateDir);
  const store = openStore(system, stateDir, options.confDir);
  recoverLocked(system, store, options);
  // Another process may have done it all while this one waited for the lock.
  const comparison = compareFolder(system, bytes, options);
  if (isSettled(comparison)) return reportOf(comparison, options, []);
  const plan = await prepare(system, store, { text, bytes, comparison, options });
  if (comparison.reason !== "same") replaceOurs(system, store, { bytes, plan, options });
  const moved = moveOthers(system, plan, options);
  if (plan.replaced !== undefined || moved.length > 0) record(system, store, { plan, moved, options });
  if (moved.length > 0) step("recorded", join(store.folder, "manifest.json"));
  return reportOf(comparison, options, moved);
}

interface Preparation {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly comparison: Comparison;
  readonly options: InstallOptions;
}

/** Backs up and validates. A text that is refused leaves the manifest as it was, too. */
async function prepare(system: System, store: Store, preparation: Preparation): Promise<BackupPlan> {
  const { comparison, options } = preparation;
  const { confDir } = options;
  const before = store.read();
  const plan = attempt("HC_CONFLIST_BACKUP", `Cannot back up the configurations of ${confDir}`, () => {
    const planned = planBackup(system, store, { confDir, before, comparison, sha256: sha256Hex(preparation.bytes) });
    store.write(planned.record);
    return planned;
  });
  options.onStep?.("backed-up", store.folder);
  const problems = await options.validate(preparation.text);
  if (problems.length > 0) {
    store.write(plan.before);
    throw new ConflistInvalidError(join(confDir, conflistFileName), problems);
  }
  options.onStep?.("validated", "");
  return plan;
}

interface Replacement {
  readonly bytes: Uint8Array;
  readonly plan: BackupPlan;
  readonly options: InstallOptions;
}

function replaceOurs(system: System, store: Store, replacement: Replacement): void {
  const { bytes, plan, options } = replacement;
  const { confDir } = options;
  const path = join(confDir, conflistFileName);
  try {
    attempt("HC_CONFLIST_WRITE", `Cannot write the conflist ${path}`, () => {
      system.files.makeFolder(confDir);
      if (plan.replaced !== undefined) giveSecondName(system, store, { confDir, entry: plan.replaced });
      system.files.writeAtomic(path, bytes, {
        mode: conflistMode,
        owner: system.files.owner,
        onStep: (done) => options.onStep?.(done, path),
      });
    });
  } catch (error) {
    takeBack(system, store, replacement);
    throw error;
  }
}

/** Takes back what was prepared for a file that could not be written: the one that was there before still is. */
function takeBack(system: System, store: Store, { bytes, plan, options: { confDir } }: Replacement): void {
  const { files } = system;
  const path = join(confDir, conflistFileName);
  try {
    // Renamed, and then the folder could not be made durable: ours is in place, and what it replaced must be kept.
    if (hashOf(system, path) === sha256Hex(bytes)) return;
    const secondName = plan.replaced === undefined ? undefined : join(confDir, plan.replaced.aside);
    if (secondName !== undefined && files.lstat(path) === undefined) files.rename(secondName, path);
    else if (secondName !== undefined) files.remove(secondName);
    store.write(plan.before);
  } catch (error) {
    // The disk that refused the file may refuse this as well; the next start finds a planned move and does the same.
    system.log.debug("Left a planned installation to the next start", { why: describeError(error) });
  }
}

/** Saves the file at our name from the rename that will replace it, without a moment in which the name is gone. */
function giveSecondName(
  system: System,
  store: Store,
  target: { readonly confDir: string; readonly entry: AsideRecord },
): void {
  const { confDir, entry } = target;
  const [path, aside] = [join(confDir, entry.name), join(confDir, entry.aside)];
  try {
    system.files.link(path, aside);
  } catch {
    // No hard links here (some file systems, fs.protected_hardlinks): the copy has the same content and times. What has no
    // copy is no configuration, and is missed by no runtime between this rename and that of ours.
    if (!recreateAside(system, store, target)) system.files.rename(path, aside);
  }
}

/**
 * The last of them goes first: the one the runtime takes now stays in force until ours takes over from it, and none that
 * stood behind it (a broken one, a CNI long gone) ever comes to the front.
 */
function moveOthers(system: System, plan: BackupPlan, options: InstallOptions): readonly AsideRecord[] {
  const { confDir } = options;
  return plan.moves.toReversed().filter((entry) => {
    const path = join(confDir, entry.name);
    // Its owner may have removed it since it was planned.
    if (system.files.lstat(path) === undefined) return false;
    attempt("HC_CONFLIST_WRITE", `Cannot move ${path} aside, which the runtime prefers to ours`, () =>
      system.files.rename(path, join(confDir, entry.aside)),
    );
    options.onStep?.("moved-aside", `${path} as ${entry.aside}`);
    return true;
  });
}

interface Done {
  readonly plan: BackupPlan;
  readonly moved: readonly AsideRecord[];
  readonly options: InstallOptions;
}

/** Notes in the manifest that what was planned is done, and lets go of what need not be kept any longer. */
function record(system: System, store: Store, { plan, moved, options: { confDir } }: Done): void {
  const { record: planned, moves, surplus } = plan;
  const aside = planned.aside
    .filter((entry) => !surplus.includes(entry) && (!moves.includes(entry) || moved.includes(entry)))
    .map((entry) => (entry.state === "planned" ? { ...entry, state: "aside" as const } : entry));
  attempt("HC_CONFLIST_BACKUP", `Cannot bring the backups in ${store.folder} up to date`, () => {
    // Before the manifest: what a crash in between leaves is still on record, and goes the next time.
    for (const entry of surplus) system.files.remove(join(confDir, entry.aside));
    store.write({ ...planned, aside });
  });
}

function reportOf(
  { reason, keptOthers }: Comparison,
  { confDir }: InstallOptions,
  moved: readonly AsideRecord[],
): InstallReport {
  return {
    outcome: reason === "same" ? "unchanged" : reason === "absent" ? "created" : "replaced",
    reason,
    path: join(confDir, conflistFileName),
    movedAside: moved.map(({ name, aside }) => ({ name, aside })).sort((a, b) => compareNames(a.name, b.name)),
    keptOthers,
  };
}
