// Puts our conflist in force. The order is the point: nothing changes before what it replaces is backed up and what it
// brings is found valid, ours is in place before another CNI's file leaves, and each change is one rename. A node keeps a
// configuration it can use whatever instant ends us.

import type { OtherConfigs } from "../../config/config.ts";
import { conflistFileName } from "../../node-state/names.ts";
import { type ConflistProblem, problemSentence } from "../../spec/problem.ts";
import { expected, HeadcniError } from "../../sys/errors.ts";
import { atomicWriteSteps } from "../../sys/fs/atomic-file.ts";
import { compareNames } from "../../sys/fs/file-name.ts";
import { join } from "../../sys/fs/path.ts";
import { sha256Hex } from "../../sys/fs/sha256.ts";
import type { System } from "../../sys/system.ts";
import { type AsideRecord, withHash } from "../ledger/manifest.ts";
import { act, perform } from "../ledger/perform.ts";
import { recoverLocked, removeTemporaries } from "../ledger/recover.ts";
import type { Action } from "../ledger/step.ts";
import { type ConflistDirs, lockConflist, openStore, type Store } from "../ledger/store.ts";
import { diffInstall, type InstallDiff, type InstallReason, isInstalled } from "./install-diff.ts";
import { isRecorded, planUnrecorded } from "./install-unrecorded.ts";

/**
 * The steps of an installation in the order they happen; each is reported once it has happened. An installation that
 * changes nothing stops after `compared`. `moved-aside` comes once a file, after ours is in place: a node keeps the
 * configuration it had until the new one is in force.
 */
export const installSteps = [
  ...(["rendered", "compared", "backed-up", "validated"] as const),
  ...atomicWriteSteps,
  ...(["moved-aside", "recorded"] as const),
];
export type InstallStep = (typeof installSteps)[number];

export interface InstallConflistOptions extends ConflistDirs {
  readonly otherConfigs: OtherConfigs;
  /** Asked before anything in `confDir` changes; any problem ends the installation. */
  readonly validate: (text: string) => Promise<readonly ConflistProblem[]>;
  /**
   * Whether the backups shall know the file as HeadCNI's own also where it is as wanted: one that was written while they could not
   * be. @default false
   */
  readonly seesToRecord?: boolean | undefined;
  readonly onStep?: ((step: InstallStep, detail: string) => void) | undefined;
}

/** A file of another CNI under the name no runtime reads. */
export type MovedFile = Pick<AsideRecord, "name" | "aside">;

export interface InstallReport {
  readonly outcome: "unchanged" | "created" | "replaced";
  readonly reason: InstallReason;
  /** Our file. */
  readonly path: string;
  /** Also when `outcome` is "unchanged": another CNI's file may have come back while ours stayed as it was. */
  readonly movedAside: readonly MovedFile[];
  /** Names of others' files the runtime prefers to ours and that stay, because `otherConfigs` is "keep". */
  readonly keptOthers: readonly string[];
  /** Why the backups do not know our file as it is now; undefined when they do. */
  readonly unrecorded: HeadcniError | undefined;
}

/** A conflist that must not be put in force. Carries every problem, for callers that list them. */
export class ConflistInvalidError extends HeadcniError {
  override readonly name = "ConflistInvalidError";
  override readonly issues: readonly ConflistProblem[];

  /** @param problems at least one */
  constructor(path: string, problems: readonly ConflistProblem[]) {
    const [first] = problems;
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
    const what = first === undefined ? "it is not valid" : `${problemSentence(first)}${more}`;
    super("HC_CONFLIST_INVALID", `Cannot put ${path} in force: ${what}`, { hint: first?.hint, details: { problems } });
    this.issues = problems;
  }
}

/**
 * Makes `text` the conflist in force in `confDir`. Content and mode as wanted, and nothing preferred to it: then nothing
 * is touched, not even looked at twice. Where the backups cannot be written, what needs none of them is done all the same.
 * @throws ConflistInvalidError when `validate` finds problems: everything is as it was before.
 * @throws HeadcniError HC_CONFLIST_WRITE, HC_CONFLIST_BACKUP, HC_CONFLIST_BUSY. The old file is in force, or ours is.
 */
export async function installConflist(
  system: System,
  text: string,
  options: InstallConflistOptions,
): Promise<InstallReport> {
  const { confDir, stateDir, seesToRecord = false } = options;
  const content = new TextEncoder().encode(text);
  const sha256 = sha256Hex(content);
  options.onStep?.("rendered", `${content.length} bytes`);
  const diff = diffInstall(system, content, options);
  options.onStep?.("compared", diff.reason);
  const store = openStore(system, stateDir, confDir);
  if (isInstalled(diff) && (!seesToRecord || isRecorded(store, sha256))) return reportOf(confDir, diff);
  const work = { store, content, sha256, options, validate: () => validateOrThrow(text, options) };
  try {
    return await installRecorded(system, work);
  } catch (error) {
    const why = backupsFailure(error);
    const unrecorded = await installUnrecorded(system, work, why);
    return { ...reportOf(confDir, unrecorded), unrecorded: isRecorded(store, sha256) ? undefined : why };
  }
}

/** Lets the failure to write, or to understand, the backups through. @throws `error` itself when it is another */
export function backupsFailure(error: unknown): HeadcniError {
  expected(error);
  if (error.code !== "HC_CONFLIST_BACKUP") throw error;
  return error;
}

interface Work {
  readonly store: Store;
  readonly content: Uint8Array;
  readonly sha256: string;
  readonly options: InstallConflistOptions;
  readonly validate: () => Promise<void>;
}

/** @throws ConflistInvalidError */
async function validateOrThrow(text: string, { confDir, validate, onStep }: InstallConflistOptions): Promise<void> {
  const problems = await validate(text);
  if (problems.length > 0) throw new ConflistInvalidError(join(confDir, conflistFileName), problems);
  onStep?.("validated", "");
}

async function installRecorded(system: System, work: Work): Promise<InstallReport> {
  const { store, content, sha256, options, validate } = work;
  const { stateDir, confDir, onStep } = options;
  using _lock = await lockConflist(system, stateDir);
  await recoverLocked(system, store, options.otherConfigs);
  // Another process may have done it all while this one waited for the lock.
  const diff = diffInstall(system, content, options);
  const { reason, toMoveAside } = diff;
  if (isInstalled(diff)) {
    if (options.seesToRecord === true) store.write(withHash(store.read(), sha256));
    return reportOf(confDir, diff);
  }
  const intent = { kind: "install", content: reason === "same" ? undefined : content, toMoveAside } as const;
  try {
    const done = await perform(system, store, { intent, confirm: validate, onStep });
    const report = reportOf(confDir, diff, done);
    if (report.movedAside.length > 0) onStep?.("recorded", join(store.dir, "manifest.json"));
    return report;
  } catch (error) {
    await takeBack(system, store);
    throw error;
  }
}

/** An installation that failed is one that was cut short: what had the name before has it again, unless ours has it by now. */
async function takeBack(system: System, store: Store): Promise<void> {
  try {
    await recoverLocked(system, store, "keep");
  } catch (error) {
    expected(error);
    // The disk that refused the file may refuse this as well; the next start does the same.
    system.log.debug("Left an installation that failed to the next start", { why: error.message });
  }
}

/** @throws HeadcniError `why` itself when something has to be backed up first: that is then as it was; or HC_CONFLIST_WRITE. */
async function installUnrecorded(system: System, work: Work, why: HeadcniError): Promise<InstallDiff> {
  const { store, content, options, validate } = work;
  const diff = diffInstall(system, content, options);
  // What an interrupted write left may be what fills the disk.
  removeTemporaries(system, store);
  if (diff.reason !== "same") {
    const actions = planUnrecorded(system, store, diff);
    if (actions === undefined) throw why;
    await validate();
    const write = { kind: "write-ours", name: conflistFileName, content } as const;
    for (const action of [...actions, write])
      act(system, store, { action, intent: { kind: "install" }, onStep: options.onStep });
  }
  if (diff.toMoveAside.length > 0) throw why;
  return diff;
}

function reportOf(confDir: string, { reason, keptOthers }: InstallDiff, done: readonly Action[] = []): InstallReport {
  const moved = done.flatMap(({ kind, name, entry }) => (kind === "set-aside" ? [{ name, aside: entry.aside }] : []));
  return {
    outcome: reason === "same" ? "unchanged" : reason === "absent" ? "created" : "replaced",
    reason,
    path: join(confDir, conflistFileName),
    movedAside: moved.toSorted((a, b) => compareNames(a.name, b.name)),
    keptOthers,
    unrecorded: undefined,
  };
}
