// Why a program in the plugin directory does not start, in words that say more than the kernel's: "does not exist" of a file that
// is there means the program that was to run it.

import { describeError, errnoOf, expected, HeadcniError } from "../sys/errors.ts";
import { dirname } from "../sys/fs/path.ts";
import { elfHeadBytes, interpreterOf } from "../sys/process/elf.ts";
import type { System } from "../sys/system.ts";

export interface StartFailure {
  /** Ends a sentence that begins with the program's path. */
  readonly why: string;
  /** A sentence of its own. */
  readonly remedy: string | undefined;
  readonly lacksInterpreter: boolean;
}

/** @param error what starting the program at `path` (a node path) threw */
export function startFailure(system: System, path: string, error: unknown): StartFailure {
  const cause = error instanceof HeadcniError ? (error.cause ?? error) : error;
  const failure = (why: string, remedy?: string): StartFailure => ({ why, remedy, lacksInterpreter: false });
  switch (errnoOf(cause)) {
    case "ENOENT":
      return withoutInterpreter(system, path);
    case "EACCES":
    case "EPERM":
      return failure(
        "may not be executed: the file system it lies on is mounted noexec, or a security policy forbids it",
        `remount it with exec, or name another folder as cni.binDir (findmnt -T ${dirname(path)} shows the mount)`,
      );
    case "ENOEXEC":
      return failure(
        "is not a program this machine can run: built for another processor, or damaged",
        "install the build for this node's architecture",
      );
    default:
      return failure(`cannot be started: ${describeError(cause)}`);
  }
}

/** The failure of a program whose interpreter is not there. */
export function withoutInterpreter(system: System, path: string): StartFailure {
  const head = headOf(system, path);
  const script = /^#!\s*(\S+)/.exec(new TextDecoder().decode(head.subarray(0, 256)))?.[1];
  const interpreter =
    script === undefined ? `dynamic loader ${interpreterOf(head) ?? "it needs"}` : `interpreter ${script}`;
  return {
    why: `cannot start on this host: its ${interpreter} does not exist`,
    remedy: "install what it is run by, or a build of the plugin that needs nothing (the CNI project's are static)",
    lacksInterpreter: true,
  };
}

/** Empty when the file has gone since, or may be run but not read. */
function headOf({ files }: System, path: string): Uint8Array {
  try {
    return files.readHead(path, elfHeadBytes);
  } catch (error) {
    expected(error);
    return new Uint8Array();
  }
}

/** How to see for oneself what a plugin answers. */
export function tryByHand(path: string): string {
  return `run it by hand to see more: CNI_COMMAND=VERSION ${path} < /dev/null`;
}
