// What an installation takes and gives back: the vocabulary shared by the code that installs, the daemon and the
// command-line tool.

import type { OtherConfigs } from "../config/config.ts";
import type { ConflistProblem } from "../spec/problem.ts";

/**
 * The steps of an installation in the order they happen; each is reported once it has happened. An installation that
 * changes nothing stops after `compared`. `moved-aside` comes once a file, after ours is in place: a node keeps the
 * configuration it had until the new one is in force.
 */
export const installSteps = [
  "rendered",
  "compared",
  "backed-up",
  "validated",
  "temporary-written",
  "temporary-synced",
  "renamed",
  "folder-synced",
  "moved-aside",
  "recorded",
] as const;
export type InstallStep = (typeof installSteps)[number];

/** Why our file is, or is not, written: the label of `headcni_conflist_writes_total`. */
export type InstallReason = "same" | "absent" | "content" | "mode" | "owner" | "not-a-file";

export interface InstallOptions {
  /** Folder the runtime reads. */
  readonly confDir: string;
  /** Backups and the lock live under here. @default /var/lib/headcni */
  readonly stateDir?: string | undefined;
  readonly otherConfigs: OtherConfigs;
  /** Asked before anything in `confDir` changes; any problem ends the installation. */
  readonly validate: (text: string) => Promise<readonly ConflistProblem[]>;
  readonly onStep?: ((step: InstallStep, detail: string) => void) | undefined;
}

/** A file of another CNI under the name no runtime reads. */
export interface MovedFile {
  readonly name: string;
  /** Its name now, in the same folder. */
  readonly aside: string;
}

export interface InstallReport {
  readonly outcome: "unchanged" | "created" | "replaced";
  readonly reason: InstallReason;
  /** Our file. */
  readonly path: string;
  /** Also when `outcome` is "unchanged": another CNI's file may have come back while ours stayed as it was. */
  readonly movedAside: readonly MovedFile[];
  /** Names of others' files the runtime prefers to ours and that stay, because `otherConfigs` is "keep". */
  readonly keptOthers: readonly string[];
}
