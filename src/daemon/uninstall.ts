// Takes HeadCNI out of a node: what its agents put into other programs and the kernel, the conflist and the plugin, and last what it
// remembers. Each part is looked for where it lies, so that a second run finishes what the first one began.

import { type CleanedUp, type CleanUpOptions, leftAlone, notRemoved, removed } from "../agent/cleaned-up.ts";
import { leftMasquerade, masqueradePrograms, removeMasquerade } from "../attachments/masquerade-leftovers.ts";
import type { Config } from "../config/config.ts";
import { listBackups, soleCopies } from "../conflist/backups/backup.ts";
import {
  describeRestore,
  planRestore,
  type RestoreAction,
  type RestoreReport,
  restoreConflist,
} from "../conflist/backups/restore.ts";
import { describeConfig, givesNetwork, otherConfig, otherConfigs } from "../conflist/foreign-configs.ts";
import { countLivingCalls, countLivingLeases } from "../ipam/attachment-count.ts";
import { leaseDir } from "../ipam/lease.ts";
import { hasAttachmentNotes, namespaceEvidence } from "../ipam/namespace-evidence.ts";
import { conflistFileName, networkName, stateDir } from "../node-state/names.ts";
import { removePlugins } from "../plugin-install/remove-plugins.ts";
import { runtimeOrder } from "../spec/runtime-order.ts";
import { expected } from "../sys/errors.ts";
import type { Files } from "../sys/fs/files.ts";
import { dirname, join } from "../sys/fs/path.ts";
import { processId } from "../sys/process/process.ts";
import type { System } from "../sys/system.ts";
import { createAgents } from "./agents.ts";
import { claimNode } from "./claim.ts";
import { keepDaemonOut, lockFile } from "./instance-lock.ts";

export interface UninstallOptions extends CleanUpOptions {
  /** Its folders. */
  readonly cni: Pick<Config["cni"], "confDir" | "binDir">;
  /** Keeps the directory of backups and of what HeadCNI remembers. */
  readonly keepsState: boolean;
  /** Host path of this executable; undefined when it is none. */
  readonly executable: string | undefined;
}

/**
 * What was taken out and what had to stay, in the order it happened.
 * @throws HeadcniError HC_DAEMON_RUNNING while a daemon runs: it would put everything back
 */
export async function uninstall(system: System, options: UninstallOptions): Promise<readonly CleanedUp[]> {
  if (options.isDryRun) return takeOut(system, options);
  using _lock = keepDaemonOut(system, "Cannot uninstall");
  using _claim = claimNode(system, "Cannot uninstall");
  const done = await takeOut(system, options);
  for (const { kind, what } of done) system.log.info(kind === "removed" ? "TakenOut" : "LeftInPlace", what);
  return done;
}

async function takeOut(system: System, options: UninstallOptions): Promise<readonly CleanedUp[]> {
  const parts: readonly (() => CleanedUps | Promise<CleanedUps>)[] = [
    // The tailnet before the kernel: other nodes stop sending before this one stops taking.
    ...agentsOf(system).map((agent) => () => agent.cleanUp(options)),
    () => restoreAll(system, options),
    () => removeCopiedPlugins(system, options),
    () => removeMasquerading(system, options),
    () => removeLeases(system, options),
  ];
  const done: CleanedUp[] = [];
  for (const part of parts) {
    try {
      done.push(...(await part()));
    } catch (error) {
      // The rest goes all the same; what is left is named, and so is why.
      expected(error);
      done.push(notRemoved(error.message));
    }
  }
  const isComplete = done.every(({ kind }) => kind === "removed");
  return [...done, ...removeState(system, options, isComplete)];
}

type CleanedUps = readonly CleanedUp[];

function agentsOf(system: System) {
  const { list } = createAgents(system, {
    flags: {},
    configureLog: async () => undefined,
    executable: undefined,
    process: { pid: processId, startedAtMs: system.clock.now() },
  });
  return list.toReversed();
}

async function restoreAll(system: System, options: UninstallOptions): Promise<CleanedUps> {
  const done: CleanedUp[] = [];
  for (const confDir of confDirsOf(system, options)) {
    const planned = planRestore(system, { confDir });
    const pods = countLivingLeases(system.files);
    if (pods > 0 && isOurs(planned) && !hasOther(system, planned)) {
      const many = pods === 1 ? "1 pod of this node is" : `${pods} pods of this node are`;
      done.push(
        leftAlone(
          `${join(confDir, conflistFileName)}, by which ${many} taken down: no other CNI's configuration comes back, and without one ` +
            "they would hang in Terminating. Drain the node or install the next CNI, then run this again",
        ),
      );
      continue;
    }
    const report = options.isDryRun ? planned : await restoreConflist(system, { confDir });
    done.push(...report.actions.map((action) => restored(report, action, options)));
  }
  return done;
}

/** That of the configuration, and those where HeadCNI has been. */
function confDirsOf(system: System, { cni }: UninstallOptions): ReadonlySet<string> {
  return new Set([cni.confDir, ...listBackups(system).map(({ confDir }) => confDir)]);
}

function isOurs({ actions }: RestoreReport): boolean {
  return actions.some(({ kind }) => kind === "remove-ours");
}

/** Whether the runtime has a configuration by which it can take pods down once ours has gone. */
function hasOther(system: System, { confDir, actions }: RestoreReport): boolean {
  if (otherConfigs(system, confDir).some(givesNetwork)) return true;
  const comesBack = runtimeOrder(actions.filter(({ kind }) => kind === "put-back").map(({ name }) => name));
  const backups = listBackups(system).filter((one) => one.confDir === confDir);
  return backups.some(({ folder, aside }) =>
    aside
      .filter(({ name, role }) => role === "original" && comesBack.includes(name))
      .some(({ name, aside, copy }) =>
        [join(confDir, aside), ...(copy === undefined ? [] : [join(folder, copy)])].some((path) =>
          givesNetwork(describeConfig(system, path, name)),
        ),
      ),
  );
}

function restored({ confDir }: RestoreReport, action: RestoreAction, options: UninstallOptions): CleanedUp {
  const isLeft = action.kind === "leave" || action.kind === "set-aside";
  return { kind: isLeft ? "left" : "removed", what: describeRestore(confDir, action, options) };
}

/** Our own and those that an image brought; what a configuration calls has to stay, ours for pods or another CNI's. */
function removeCopiedPlugins(system: System, options: UninstallOptions): CleanedUps {
  const dirs = [...confDirsOf(system, options)];
  const left = dirs.filter((confDir) => staysIn(system, confDir, options));
  const [ours] = left.map((confDir) => join(confDir, conflistFileName));
  const others = dirs.flatMap((confDir) => {
    // What has our name once ours has gone is another's.
    const isGone = !options.isDryRun && !left.includes(confDir);
    const ofOurName = isGone ? otherConfig(system, confDir, conflistFileName) : undefined;
    return [...otherConfigs(system, confDir), ...(ofOurName === undefined ? [] : [ofOurName])].map((other) => ({
      ...other,
      confDir,
    }));
  });
  const caller = (name: string): string | undefined => {
    if (ours !== undefined) return `${ours} needs`;
    const other = others.find(({ pluginTypes }) => pluginTypes.includes(name));
    return other === undefined ? undefined : `${join(other.confDir, other.name)} calls`;
  };
  const { isDryRun, cni, executable } = options;
  const attachments = countLivingCalls(system.files);
  return removePlugins(system, { binDir: cni.binDir, source: executable, isDryRun, caller, attachments });
}

/** Whether our conflist is still there, or would be. */
function staysIn(system: System, confDir: string, { isDryRun }: UninstallOptions): boolean {
  const planned = planRestore(system, { confDir });
  return isDryRun ? countLivingLeases(system.files) > 0 && !hasOther(system, planned) : isOurs(planned);
}

/** bridge's rules for pods that another CNI has taken down: the next pod with such an address would meet them. */
async function removeMasquerading(system: System, options: UninstallOptions): Promise<CleanedUps> {
  // Without a note nothing is known to be gone, and no program need be asked.
  if (!hasAttachmentNotes(system.files, networkName)) return [];
  const { isLost } = namespaceEvidence(system.files, networkName);
  const isGone = (containerId: string): boolean => isLost({ containerId, ifname: undefined });
  const done: CleanedUp[] = [];
  for (const program of masqueradePrograms) {
    try {
      const jumps = await leftMasquerade(system, program, { network: networkName, isGone });
      if (!options.isDryRun) await removeMasquerade(system, program, jumps);
      if (jumps.length > 0)
        done.push(removed(`what ${program} masquerades for pods that are gone (${jumps.length})`, options));
    } catch (error) {
      expected(error);
      if (error.code !== "HC_EXEC_FAILED") throw error;
      system.log.debug("Did not look for masquerading rules", { why: error.message });
    }
  }
  return done;
}

/** host-local's directory of our network: of no use without pods, and host-local's own business with them. */
function removeLeases({ files }: System, options: UninstallOptions): CleanedUps {
  const isThere = files.list(leaseDir) !== undefined;
  const pods = isThere ? countLivingLeases(files) : 0;
  if (pods > 0)
    return [leftAlone(`${leaseDir}, where ${pods} pod${pods === 1 ? " has its" : "s have their"} addresses`)];
  if (!options.isDryRun) {
    if (isThere) removeTree(files, leaseDir);
    // host-local makes it for its first network; also where an uninstall before this one came no further.
    files.removeEmptyDir(dirname(leaseDir));
  }
  return isThere ? [removed(leaseDir, options)] : [];
}

function removeState(system: System, options: UninstallOptions, isComplete: boolean): CleanedUps {
  const { files } = system;
  const dirs = [dirname(lockFile), ...(options.keepsState ? [] : [stateDir])];
  return dirs.flatMap((dir): CleanedUps => {
    if (files.lstat(dir) === undefined) return [];
    // Backups, and what was changed in tailscaled, are still needed.
    if (!isComplete) return [leftAlone(`${dir}, until the rest is gone: run this again then`)];
    const copies = dir === stateDir ? soleCopies(system, listBackups(system)) : [];
    if (copies.length > 0) return [leftAlone(`${dir}, which has the only copies of ${copies.join(", ")}`)];
    if (!options.isDryRun) removeTree(files, dir);
    return [removed(dir, options)];
  });
}

/** Links are removed and not followed. */
function removeTree(files: Files, dir: string): void {
  for (const name of files.list(dir) ?? []) {
    const path = join(dir, name);
    if (files.lstat(path)?.kind === "directory") removeTree(files, path);
    else files.remove(path);
  }
  files.removeEmptyDir(dir);
}
