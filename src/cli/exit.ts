// Exit codes of the command-line tool and the daemon, and the one place that turns an exception into one.
// `docs/reference/exit-codes.md` is generated from this table.

import type { ErrorCode } from "../sys/error-codes.ts";
import { ConfigError, type ConfigIssue, HeadcniError } from "../sys/errors.ts";
import { printable } from "../sys/log/printable.ts";

export const exitCodes = {
  ok: { code: 0, meaning: "Done, or the answer is yes" },
  negative: {
    code: 1,
    meaning: "The question was answered with no: files differ, a check found problems, the node is not ready",
  },
  usage: { code: 2, meaning: "The command line is wrong" },
  config: { code: 3, meaning: "The configuration, or a value an operator set, is wrong" },
  failed: { code: 4, meaning: "The operation failed: a file, a program or the network refused" },
  busy: { code: 5, meaning: "Another daemon already runs on this node" },
  internal: { code: 70, meaning: "A fault in HeadCNI itself" },
} as const;

/** What to do about a wrong command line, and about a fault of ours. */
export const usageHint = "run with --help for commands and flags";
export const internalHint = "this is a fault in HeadCNI, please report it with the lines above";

type ExitReason = keyof typeof exitCodes;

const reasonByCode: Partial<Record<ErrorCode, ExitReason>> = {
  HC_USAGE: "usage",
  HC_DAEMON_RUNNING: "busy",
  HC_DAEMON_NOT_RUNNING: "negative",
};

/** The exit code for anything thrown. */
export function exitCodeFor(error: unknown): number {
  if (error instanceof ConfigError) return exitCodes.config.code;
  if (error instanceof HeadcniError) return exitCodes[reasonByCode[error.code] ?? "failed"].code;
  return exitCodes.internal.code;
}

/** The lines for standard error: the sentence, each config issue on a line, then the remedy. */
export function errorLines(error: unknown): readonly string[] {
  if (!(error instanceof HeadcniError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return [`error: ${text}`, `hint: ${internalHint}`];
  }
  // Messages quote what files and programs hold: none of it may drive the terminal.
  const lines = [`error: ${printable(error.message)}`];
  if (error instanceof ConfigError) {
    for (const issue of error.issues) lines.push(`  ${issueLine(issue)}`);
  }
  if (error.hint !== undefined) lines.push(`hint: ${printable(error.hint)}`);
  return lines;
}

/** `file:line: key.path: sentence`, with the parts there are. */
export function issueLine({ file, line, path, message }: ConfigIssue): string {
  const where = file === undefined ? "" : `${file}${line === undefined ? "" : `:${line}`}: `;
  return printable(`${where}${path === "" ? "" : `${path}: `}${message}`);
}
