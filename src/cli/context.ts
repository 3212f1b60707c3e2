// What every command is given: where to print, and the machine for a given root. Commands set their exit code here and never
// touch `process`.

import { HeadcniError } from "../sys/errors.ts";
import { createFiles } from "../sys/fs/files.ts";
import type { Log } from "../sys/log/log.ts";
import { absolutePath } from "../sys/machine.ts";
import { isTerminal, readLine, writeAll } from "../sys/process/stdio.ts";
import { createSystem, type System } from "../sys/system.ts";
import { createTerminal, type Terminal } from "./terminal/terminal.ts";

export interface CliContext {
  /** Standard output, text with its newlines. */
  print(text: string): void;
  /** Standard error, likewise. */
  warn(text: string): void;
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Asks on the terminal; undefined when standard input is none, so that no script hangs. */
  confirm(question: string): boolean | undefined;
  readonly terminal: Terminal;
  /**
   * The machine, re-rooted when the command has `--root`.
   * @throws HeadcniError HC_USAGE when that is not a directory: under a misspelt root every file would seem absent.
   */
  system(root?: string): System;
  /** Sets the exit code of a command that did not throw. */
  exit(code: number): void;
}

/** The real one. */
export function createCliContext(log: Log, exit: (code: number) => void): CliContext {
  let terminal: Terminal | undefined;
  const write = (fd: 1 | 2, text: string): void => {
    // A line of progress stands where it is to be.
    terminal?.progress(undefined);
    writeAll(fd, text);
  };
  return {
    print: (text) => write(1, text),
    warn: (text) => write(2, text),
    get isTerminal() {
      return isTerminal(1);
    },
    confirm: (question) => {
      if (!isTerminal(0)) return undefined;
      write(2, `${question} [y/N] `);
      return /^y(es)?$/i.test(readLine().trim());
    },
    // Asked for by few commands.
    get terminal() {
      terminal ??= openTerminal();
      return terminal;
    },
    system: (root) => systemAt(root, log),
    exit,
  };
}

function openTerminal(): Terminal {
  const { env, clock } = createSystem();
  return createTerminal(env, clock);
}

/** In a pod HEADCNI_ROOT says where the node's files are, so that `kubectl exec` needs no flag. */
function systemAt(root: string | undefined, log: Log): System {
  const here = createSystem({ log });
  const asked = root ?? here.env.HEADCNI_ROOT;
  if (asked === undefined) return here;
  return createSystem({ root: existingDir(asked, root === undefined ? "HEADCNI_ROOT" : "--root"), log });
}

function existingDir(root: string, namedBy: string): string {
  const path = root === "" ? undefined : absolutePath(root);
  if (path !== undefined && createFiles("/").stat(path)?.kind === "directory") return path;
  throw new HeadcniError("HC_USAGE", `Cannot use ${namedBy} ${JSON.stringify(root)}: it is not a folder`);
}
