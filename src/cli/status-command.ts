// `headcni status`: asks the daemon of this node how it is.

import type { Command } from "commander";
import type { StatusDocument } from "../daemon/status.ts";
import { expected } from "../sys/errors.ts";
import { printJson } from "../sys/json.ts";
import type { System } from "../sys/system.ts";
import type { CliContext } from "./context.ts";
import { exitCodes } from "./exit.ts";
import { addExamples, configOption, outputOption, readSeconds, rootOption } from "./options.ts";
import { renderTable } from "./table.ts";
import type { Terminal } from "./terminal/terminal.ts";

interface StatusFlags {
  readonly output: string;
  readonly address?: string;
  readonly config?: string;
  readonly root?: string;
  /** Seconds. */
  readonly wait?: number;
}

/** Between two questions to a daemon that is waited for. */
const askAgainMs = 250;

export function addStatusCommand(program: Command, context: CliContext): void {
  const status = program
    .command("status")
    .description("ask the daemon of this node how it is; ends with 1 when the node is not ready")
    .option("--address <host:port>", "where the daemon listens (default: monitoring.listen of the configuration)")
    .option("--wait <seconds>", "ask until the node is ready, for so long at most (default: ask once)", readSeconds)
    .addOption(configOption())
    .addOption(outputOption())
    .addOption(rootOption())
    .action((flags: StatusFlags) => statusCommand(context, flags));
  addExamples(
    status,
    "headcni status",
    "headcni status -o json",
    "headcni status --wait 30",
    "headcni status --address 127.0.0.1:9465",
  );
}

async function statusCommand(context: CliContext, flags: StatusFlags): Promise<void> {
  const { nodeStatus } = await import("../daemon/status-client.ts");
  const system = context.system(flags.root);
  const ask = (): Promise<StatusDocument> => nodeStatus(system, flags);
  const status = flags.wait === undefined ? await ask() : await askUntilReady(system, ask, flags.wait);
  context.print(flags.output === "json" ? printJson(status) : statusTables(status, context.terminal));
  if (!status.ready) context.exit(exitCodes.negative.code);
}

/**
 * The first answer of a node that is ready, or the last of one that is not.
 * @throws HeadcniError what `ask` throws, once `seconds` have gone by
 */
export async function askUntilReady(
  { clock }: Pick<System, "clock">,
  ask: () => Promise<StatusDocument>,
  seconds: number,
): Promise<StatusDocument> {
  const endMs = clock.monotonicMs() + seconds * 1000;
  for (;;) {
    const isLast = clock.monotonicMs() >= endMs;
    try {
      const status = await ask();
      if (status.ready || isLast) return status;
    } catch (error) {
      expected(error);
      // A daemon that starts serves no status yet.
      if (isLast) throw error;
    }
    await clock.sleep(askAgainMs);
  }
}

/** The document of /status for a person: what the node is, then what is wrong with it. */
export function statusTables(status: StatusDocument, terminal?: Terminal): string {
  const { version, pid, conditions } = status;
  const facts: [string, string][] = [
    ["node", status.nodeName ?? "-"],
    ["ready", status.ready ? "yes" : "no"],
    ...Object.values(status.agents).flatMap(({ summary }) => Object.entries(summary)),
    ["daemon", `${version}, process ${pid}, up ${duration(status.uptimeSeconds)}`],
  ];
  const rows = conditions.map(({ severity, code, since, text }) => [severity, code, since, text]);
  const table =
    rows.length === 0
      ? "No conditions: all is well\n"
      : renderTable(["severity", "code", "since", "text"], rows, terminal);
  return `${renderTable([], facts, terminal)}\n${table}`;
}

/** Seconds as people say them: `3d 4h`, `5m 12s`. */
function duration(seconds: number): string {
  const units = [
    ["d", Math.floor(seconds / 86_400)],
    ["h", Math.floor(seconds / 3600) % 24],
    ["m", Math.floor(seconds / 60) % 60],
    ["s", Math.floor(seconds) % 60],
  ] as const;
  const from = units.findIndex(([, count]) => count > 0);
  const shown = from < 0 ? units.slice(-1) : units.slice(from, from + 2);
  return shown.map(([unit, count]) => `${count}${unit}`).join(" ");
}
