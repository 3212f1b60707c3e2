// `headcni connectivity test`: a pod of this node reaches every other node, or the table says what does not.

import type { Command } from "commander";
import type { ConnectivityDocument, PeerDocument } from "../../doctor/connectivity/connectivity.ts";
import type { TestResult } from "../../doctor/connectivity/test-result.ts";
import { printJson } from "../../sys/json.ts";
import { onSignals } from "../../sys/process/process.ts";
import type { CliContext } from "../context.ts";
import { exitCodes } from "../exit.ts";
import { addExamples, configOption, outputOption, readSeconds, rootOption } from "../options.ts";
import { renderTable } from "../table.ts";
import type { Terminal } from "../terminal/terminal.ts";

interface ConnectivityFlags {
  readonly output: string;
  readonly perf?: boolean;
  readonly wait?: number;
  readonly allowAlone?: boolean;
  readonly config?: string;
  readonly root?: string;
}

export function addConnectivityCommands(program: Command, context: CliContext): void {
  const connectivity = program.command("connectivity").description("whether packets come through");
  const test = connectivity
    .command("test")
    .description(
      "make a pod on this node, reach every other node from it, take it away; ends with 1 when something failed",
    )
    .option("--perf", "measure the throughput too: a few seconds for each node")
    .option(
      "--wait <seconds>",
      "ask for headcni connectivity serve on every other node, so long at most; one without has failed",
      readSeconds,
    )
    .option("--allow-alone", "end with 0 when no other node is on the tailnet, once a pod was made")
    .addOption(configOption())
    .addOption(outputOption())
    .addOption(rootOption())
    .action((flags: ConnectivityFlags) => testCommand(context, flags));
  addExamples(
    test,
    "headcni connectivity test",
    "headcni connectivity test --wait 60",
    "headcni connectivity test --perf -o json",
  );
  const serve = connectivity
    .command("serve")
    .description(
      "make a pod on this node that answers what other nodes test, and take it away on Ctrl-C or after a while",
    )
    .option("--for <seconds>", "how long", readSeconds, 600)
    .addOption(configOption())
    .addOption(rootOption())
    .action((flags: ServeFlags) => serveCommand(context, flags));
  addExamples(serve, "headcni connectivity serve", "headcni connectivity serve --for 3600");
}

interface ServeFlags {
  readonly for: number;
  readonly config?: string;
  readonly root?: string;
}

async function serveCommand(context: CliContext, { for: seconds, config, root }: ServeFlags): Promise<void> {
  const [{ examine }, { serveConnectivity }] = await Promise.all([
    import("../../doctor/examination.ts"),
    import("../../doctor/connectivity/responder.ts"),
  ]);
  const stop = new AbortController();
  const end = new AbortController();
  onSignals(["SIGINT", "SIGTERM"], () => stop.abort(), end.signal);
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(seconds * 1000)]);
  try {
    await serveConnectivity(examine(context.system(root), { config }, signal), {
      onReady: ({ node, addresses }) => {
        context.print(
          `A pod on ${node} answers, ${addresses.join(", ")}. On the other nodes: headcni connectivity test\n`,
        );
      },
      onConnection: (from) => context.print(`tested from ${from}\n`),
    });
  } finally {
    end.abort();
  }
}

async function testCommand(context: CliContext, flags: ConnectivityFlags): Promise<void> {
  const { output, perf = false, wait, allowAlone = false, config, root } = flags;
  const [{ examine }, { testConnectivity }] = await Promise.all([
    import("../../doctor/examination.ts"),
    import("../../doctor/connectivity/connectivity.ts"),
  ]);
  const { terminal } = context;
  const stop = new AbortController();
  const end = new AbortController();
  // The pod is taken away all the same.
  onSignals(["SIGINT", "SIGTERM"], () => stop.abort(), end.signal);
  try {
    const node = examine(context.system(root), { config }, stop.signal);
    const report = await testConnectivity(node, {
      isPerf: perf,
      waitMs: wait === undefined ? undefined : wait * 1000,
      allowsAlone: allowAlone,
      onProgress: terminal.progress,
    });
    terminal.progress(undefined);
    context.print(output === "json" ? printJson(report) : connectivityTables(report, terminal));
    if (!report.passed) context.exit(exitCodes.negative.code);
  } finally {
    terminal.progress(undefined);
    end.abort();
  }
}

const columns = {
  gateway: "reached",
  tailnetAddress: "tailnet",
  source: "source",
  back: "back",
  mtu: "mtu",
  transfer: "transfer",
  latency: "latency",
  throughput: "throughput",
} as const;
type Column = keyof typeof columns;
const columnNames = Object.keys(columns) as readonly Column[];
/** Of these the figure is shown, not that it is well. */
const figures: readonly Column[] = ["latency", "throughput"];
/** What is not asked for, or said once below. */
const quiet: readonly Column[] = ["back", "transfer", "throughput"];

/** A line for each node, then what did not work and what was not tested. */
export function connectivityTables(
  report: ConnectivityDocument,
  terminal?: Pick<Terminal, "columns" | "paint">,
): string {
  const { node, podAddresses, peers, notTested, passed } = report;
  const rows = peers.map((peer) => [
    peer.node,
    peer.gateway ?? "-",
    peer.path,
    ...columnNames.map((column) => (peer.results === null ? "-" : cell(column, peer.results[column]))),
  ]);
  const header = ["node", "gateway", "path", ...Object.values(columns)];
  const from = `From a pod on ${node}, ${podAddresses.join(", ")}:`;
  const notes = peers.flatMap(noteLines);
  const left = notTested.map((what) => `not tested: ${what}`);
  const verdict = passed ? "Nothing failed" : "Something failed: headcni doctor says what mends it";
  const table = rows.length === 0 ? "" : `${renderTable(header, rows, terminal)}\n`;
  return `${from}\n\n${table}${[...notes, ...left, verdict].join("\n")}\n`;
}

function cell(column: Column, { outcome, detail }: TestResult): string {
  if (outcome === "not-checked") return "-";
  return outcome === "ok" && figures.includes(column) ? detail : outcome;
}

function noteLines({ node, results, why }: PeerDocument): readonly string[] {
  if (results === null) return [`${node}: not tested: ${why}`];
  return columnNames.flatMap((column) => {
    const { outcome, detail } = results[column];
    const isAsked = outcome === "failed" || (outcome === "not-checked" && !quiet.includes(column));
    return isAsked ? [`${node}: ${columns[column]}: ${outcome === "failed" ? "" : "not checked: "}${detail}`] : [];
  });
}
