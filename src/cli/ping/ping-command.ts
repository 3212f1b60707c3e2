// `headcni ping`: which way packets take to a node, directly or by a relay, and how long.

import { type Command, InvalidArgumentError } from "commander";
import type { PingDocument, PingLine } from "../../doctor/ping-node.ts";
import { printJson } from "../../sys/json.ts";
import { printable } from "../../sys/log/printable.ts";
import type { CliContext } from "../context.ts";
import { exitCodes } from "../exit.ts";
import { addExamples, configOption, outputOption, rootOption } from "../options.ts";

interface PingFlags {
  readonly output: string;
  readonly count: number;
  readonly config?: string;
  readonly root?: string;
}

export function addPingCommand(program: Command, context: CliContext): void {
  const ping = program
    .command("ping")
    .description("say which way packets take to another node, and how long; ends with 1 when it does not answer")
    .argument("<target>", "a node's name, its tailnet address, or the address of one of its pods")
    .option("-c, --count <number>", "pings at most, until one comes directly", readCount, 5)
    .addOption(configOption())
    .addOption(outputOption(["text", "json"]))
    .addOption(rootOption())
    .action((target: string, flags: PingFlags) => pingCommand(context, target, flags));
  addExamples(ping, "headcni ping node-2", "headcni ping 10.244.2.7", "headcni ping node-2 -o json");
}

function readCount(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It is a number from 1 to 9999.");
}

async function pingCommand(context: CliContext, target: string, flags: PingFlags): Promise<void> {
  const [{ examine }, { pingNode }] = await Promise.all([
    import("../../doctor/examination.ts"),
    import("../../doctor/ping-node.ts"),
  ]);
  const { output, count, config, root } = flags;
  const isJson = output === "json";
  const node = examine(context.system(root), { config }, new AbortController().signal);
  const onPing = (line: PingLine): void => {
    if (!isJson) context.print(`${pingWords(line)}\n`);
  };
  const report = await pingNode(node, { target, count, onPing });
  context.print(isJson ? printJson(report) : podsWords(report));
  const isReached = report.pings.some(({ path }) => path !== "silent") && report.pods.answered;
  if (!isReached) context.exit(exitCodes.negative.code);
}

function pingWords({ path, by, rttSeconds, why }: PingLine): string {
  if (path === "silent") return printable(`no answer: ${why}`);
  return printable(
    `${path}${by === null ? "" : ` ${path === "direct" ? "at" : "by"} ${by}`}, ${milliseconds(rttSeconds)}`,
  );
}

function podsWords({ node, address, podCIDRs, pods }: PingDocument): string {
  const { to, answered, rttSeconds, why } = pods;
  const way = answered
    ? `${to} answers this node's pods, ${milliseconds(rttSeconds)}`
    : `${to} does not answer this node's pods: ${why}`;
  return printable(`${node}, ${address}, pods ${podCIDRs.join(", ") || "-"}: ${way}`).concat("\n");
}

function milliseconds(seconds: number | null): string {
  return seconds === null ? "-" : `${(seconds * 1000).toFixed(1)} ms`;
}
