// `headcni status`: asks the daemon of this node how it is.

import type { Command } from "commander";
import { isJsonObject, type JsonObject, type JsonValue, printJson } from "../sys/json.ts";
import type { CliContext } from "./context.ts";
import { exitCodes } from "./exit.ts";
import { addExamples, configOption, outputOption, rootOption } from "./options.ts";
import { renderTable } from "./table.ts";

interface StatusFlags {
  readonly output: string;
  readonly address?: string;
  readonly config?: string;
  readonly root?: string;
}

export function addStatusCommand(program: Command, context: CliContext): void {
  const status = program
    .command("status")
    .description("ask the daemon of this node how it is; ends with 1 when the node is not ready")
    .option("--address <host:port>", "where the daemon listens (default: monitoring.listen of the configuration)")
    .addOption(configOption())
    .addOption(outputOption())
    .addOption(rootOption())
    .action((flags: StatusFlags) => statusCommand(context, flags));
  addExamples(status, "headcni status", "headcni status -o json", "headcni status --address 127.0.0.1:9465");
}

async function statusCommand(context: CliContext, flags: StatusFlags): Promise<void> {
  const { fetchStatus, statusAddress } = await import("../daemon/status-client.ts");
  const system = context.system(flags.root);
  const status = await fetchStatus(system, await statusAddress(system, flags));
  context.print(flags.output === "json" ? printJson(status) : statusTables(status));
  if (status.ready !== true) context.exit(exitCodes.negative.code);
}

/** The document of /status for a person: what the node is, then what is wrong with it. */
export function statusTables(status: JsonObject): string {
  const { inForce, conflist, pods, bridge } = status;
  const facts: [string, string][] = [
    ["node", text(status.nodeName)],
    ["ready", status.ready === true ? "yes" : "no"],
    ["podCIDR", list(field(inForce, "podCIDRs"))],
    ["from", source(inForce)],
    [
      "conflist",
      `${text(field(conflist, "path"))} (${field(conflist, "inForce") === true ? "in force" : "not in force"})`,
    ],
    ["bridge", bridgeText(bridge)],
    ["pods", text(field(pods, "count"))],
    ["masquerade", text(status.masquerade)],
    ["daemon", `${text(status.version)}, process ${text(status.pid)}, up ${duration(Number(status.uptimeSeconds))}`],
  ];
  const conditions = Array.isArray(status.conditions) ? status.conditions.filter(isJsonObject) : [];
  const rows = conditions.map((held) => [held.severity, held.code, held.since, held.text].map((cell) => text(cell)));
  const table =
    rows.length === 0 ? "No conditions: all is well\n" : renderTable(["severity", "code", "since", "text"], rows);
  return `${renderTable([], facts)}\n${table}`;
}

function field(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isJsonObject(value) ? value[key] : undefined;
}

function text(value: JsonValue | undefined): string {
  return value === undefined || value === null ? "-" : String(value);
}

function list(value: JsonValue | undefined): string {
  return Array.isArray(value) && value.length > 0 ? value.join(", ") : "-";
}

function source(inForce: JsonValue | undefined): string {
  const file = field(inForce, "file");
  const line = field(inForce, "line");
  const where = typeof file === "string" ? ` ${file}${typeof line === "number" ? `:${line}` : ""}` : "";
  return `${text(field(inForce, "source"))}${where}`;
}

function bridgeText(bridge: JsonValue | undefined): string {
  const name = text(field(bridge, "name"));
  const state = field(bridge, "state");
  if (state === "present") return `${name} ${list(field(bridge, "addresses"))}`;
  return state === "absent" ? `${name}: made with the first pod` : `${name}: ${text(field(bridge, "reason") ?? state)}`;
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
