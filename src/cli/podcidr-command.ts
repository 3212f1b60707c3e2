// `headcni podcidr` and `headcni podcidr inspect`: what this node's PodCIDR is and its source; what a file says.

import type { Command } from "commander";
import type { NodeNameAnswer } from "../node-name/node-name-answer.ts";
import type { PodCIDRAnswer } from "../podcidr/answer.ts";
import type { ClassifiedFile } from "../podcidr/classify.ts";
import { printJson } from "../sys/json.ts";
import { printable } from "../sys/log/printable.ts";
import type { CliContext } from "./context.ts";
import { issueLine } from "./exit.ts";
import { addExamples, configOption, nodeNameOption, outputOption, rootOption } from "./options.ts";
import { renderTable } from "./table.ts";
import type { Terminal } from "./terminal/terminal.ts";

interface PodCIDRFlags {
  readonly config?: string;
  readonly root?: string;
  readonly nodeName?: string;
  readonly output: string;
}

interface InspectFlags {
  readonly nodeName?: string;
  readonly output: string;
}

export function addPodCIDRCommands(program: Command, context: CliContext): void {
  const podcidr = program
    .command("podcidr")
    .helpCommand(false)
    // Both commands have -o and --node-name: those after `inspect` are its own.
    .enablePositionalOptions()
    .description("show this node's PodCIDR, who says so, and every source that was asked before")
    .addOption(configOption())
    .addOption(nodeNameOption())
    .addOption(outputOption())
    .addOption(rootOption())
    .action((flags: PodCIDRFlags) => showAnswer(context, flags));
  addExamples(podcidr, "headcni podcidr", "headcni podcidr --node-name worker-3 --root ./node -o json");
  const inspect = podcidr
    .command("inspect")
    .description("show which CIDRs files say, at which line, and what each means")
    .argument("<file...>", 'files of any kind; "-" is standard input')
    .addOption(nodeNameOption())
    .addOption(outputOption())
    .action((files: readonly string[], flags: InspectFlags) => inspectFiles(context, files, flags));
  addExamples(
    inspect,
    "headcni podcidr inspect /etc/kubernetes/manifests/*.yaml",
    "kubectl get nodes -o yaml | headcni podcidr inspect - --node-name worker-3",
  );
}

async function showAnswer(context: CliContext, flags: PodCIDRFlags): Promise<void> {
  const [
    { loadConfig },
    { choosePodCIDR },
    { resolveNodeName },
    names,
    { encodeAnswer },
    { nodeFacts, observeKernel },
    runtimeDirs,
  ] = await Promise.all([
    import("../config/load.ts"),
    import("../podcidr/chain.ts"),
    import("../node-name/resolve.ts"),
    import("../node-name/node-name-answer.ts"),
    import("../podcidr/answer.ts"),
    import("../node/observe.ts"),
    import("../config/runtime-dirs.ts"),
  ]);
  const system = context.system(flags.root);
  const written = await loadConfig(system, { path: flags.config });
  const config = runtimeDirs.withRuntimeDirs(written, runtimeDirs.detectRuntimeDirs(system, written));
  for (const warning of config.warnings) context.warn(`warning: ${issueLine(warning)}\n`);
  const name = resolveNodeName(system, { flag: flags.nodeName, loaded: config });
  const node = nodeFacts(system, config.config.cni.confDir, await observeKernel(system));
  const answer = choosePodCIDR(system, { nodeName: name.name, config }, node);
  const unsure = [names.disputeSentence(name), names.doubtSentence(name)].flatMap((sentence) => sentence ?? []);
  for (const warning of [...unsure, ...answer.warnings, ...standing(answer)])
    context.warn(`warning: ${printable(warning)}\n`);
  context.print(
    flags.output === "json"
      ? printJson({ ...encodeAnswer(answer), node: names.encodeNodeName(name) })
      : `${answerTable(answer, context.terminal)}\n${nodeNameTable(name, context.terminal)}`,
  );
}

/** What is wrong with what is in force, and what was not taken because something is. */
function standing({ clashes = [], refusal, podCIDRs }: PodCIDRAnswer): readonly string[] {
  const refused = refusal === undefined ? [] : [`${podCIDRs} stays in force. ${refusal.message}`];
  const issues = (refusal?.issues ?? []).map(issueLine);
  return [...clashes.map((clash) => `${clash}: it is in force and stays`), ...refused, ...issues];
}

/** The answer for a person: what, from where, how sure, then the trace. */
function answerTable(answer: PodCIDRAnswer, terminal: Terminal): string {
  const { podCIDRs, source, file, line, authoritative, clusterCIDRs } = answer;
  const place = file === undefined ? "" : `${file}${line === undefined ? "" : `:${line}`}`;
  const sure = authoritative
    ? "yes"
    : "no: nobody assigned it to this node, another node can have the same; set network.podCIDR.nodeLocal or NODE_POD_CIDR";
  const facts = [
    ["PodCIDR", podCIDRs.toString()],
    ["Node", answer.nodeName],
    ["From", place === "" ? source : `${source}, ${place}`],
    ["Authoritative", sure],
    ["Cluster CIDR", clusterCIDRs.length === 0 ? "not known" : clusterCIDRs.join(", ")],
  ];
  const steps = answer.trace.map((entry) => [
    entry.source,
    entry.outcome,
    entry.file === undefined ? "-" : `${entry.file}${entry.line === undefined ? "" : `:${entry.line}`}`,
    entry.reason ?? "",
  ]);
  return `${renderTable([], facts, terminal)}\n${renderTable(["asked", "outcome", "file", "why"], steps, terminal)}`;
}

/** Each place that may say the node's name, in the order they are believed. */
function nodeNameTable({ trace }: NodeNameAnswer, terminal: Terminal): string {
  const rows = trace.map(({ source, outcome, name = "-", file, line, reason = "" }) => [
    source,
    outcome,
    name,
    file === undefined ? "-" : `${file}${line === undefined ? "" : `:${line}`}`,
    reason,
  ]);
  return renderTable(["node name", "outcome", "says", "file", "why"], rows, terminal);
}

async function inspectFiles(context: CliContext, files: readonly string[], flags: InspectFlags): Promise<void> {
  const [{ encodeInspection, inspectBytes, inspectFile }, { maxSourceBytes }, { readStandardInput }] =
    await Promise.all([
      import("../podcidr/inspect/inspect.ts"),
      import("../podcidr/read-text.ts"),
      import("../sys/process/stdio.ts"),
    ]);
  const system = context.system();
  const inspections = files.map((file) =>
    file === "-"
      ? inspectBytes(file, readStandardInput(maxSourceBytes), flags.nodeName)
      : inspectFile(system, file, flags.nodeName),
  );
  context.print(
    flags.output === "json"
      ? printJson(inspections.map(encodeInspection))
      : inspections.map((one) => inspectionTable(one, context.terminal)).join("\n"),
  );
}

/** One file for a person: its findings, then what was passed over and why. */
function inspectionTable({ file, kind, findings, warnings }: ClassifiedFile, terminal: Terminal): string {
  const rows = [
    ...findings.map(({ line, key, value, meaning }) => [String(line), meaning, value, key]),
    ...warnings.map(({ line, value, reason }) => [
      line === undefined ? "-" : String(line),
      "warning",
      value ?? "-",
      reason,
    ]),
  ];
  const body =
    rows.length === 0 ? "no CIDR in it\n" : renderTable(["line", "meaning", "value", "key or reason"], rows, terminal);
  return `${renderTable([], [[`${file} (${kind})`]], terminal)}${body}`;
}
