// `headcni mesh`: the cluster's nodes as the daemon of this node sees them, and how it reaches them.

import type { Command } from "commander";
import type { StatusDocument } from "../daemon/status.ts";
import type { ConflictDocument, MeshDocument } from "../mesh/document.ts";
import { HeadcniError } from "../sys/errors.ts";
import { printJson } from "../sys/json.ts";
import type { CliContext } from "./context.ts";
import { addExamples, configOption, outputOption, rootOption } from "./options.ts";
import { renderTable } from "./table.ts";
import type { Terminal } from "./terminal/terminal.ts";

interface MeshFlags {
  readonly output: string;
  readonly address?: string;
  readonly config?: string;
  readonly root?: string;
}

export function addMeshCommand(program: Command, context: CliContext): void {
  const mesh = program
    .command("mesh")
    .description("show the cluster's nodes on the tailnet, and how this one reaches them")
    .option("--address <host:port>", "where the daemon listens (default: monitoring.listen of the configuration)")
    .addOption(configOption())
    .addOption(outputOption(["table", "json", "dot", "mermaid"]))
    .addOption(rootOption())
    .action((flags: MeshFlags) => meshCommand(context, flags));
  addExamples(mesh, "headcni mesh", "headcni mesh -o json", "headcni mesh -o dot | dot -Tsvg > mesh.svg");
}

async function meshCommand(context: CliContext, flags: MeshFlags): Promise<void> {
  const { nodeStatus } = await import("../daemon/status-client.ts");
  const status = await nodeStatus(context.system(flags.root), flags);
  const mesh = await meshOf(status);
  const { output } = flags;
  context.print(output === "table" ? await meshTables(mesh, status, context.terminal) : await render(mesh, output));
}

/** @throws HeadcniError HC_DAEMON_NOT_RUNNING for a daemon of another version, which shows no mesh, or shows it otherwise */
async function meshOf(status: StatusDocument): Promise<MeshDocument> {
  const { decodeMesh } = await import("../mesh/document-schema.ts");
  const mesh = decodeMesh(status.agents.mesh?.status);
  if (mesh !== undefined) return mesh;
  throw new HeadcniError(
    "HC_DAEMON_NOT_RUNNING",
    `Cannot show the mesh: the daemon, ${status.version}, does not tell of one`,
    {
      hint: "run a headcni of the daemon's version, or restart the daemon with this one",
    },
  );
}

async function render(mesh: MeshDocument, format: string): Promise<string> {
  if (format === "json") return printJson(mesh);
  const { toDot, toMermaid } = await import("../mesh/graph.ts");
  return format === "mermaid" ? toMermaid(mesh) : toDot(mesh);
}

/** The mesh for a person: the nodes, then what clashes. */
export async function meshTables(
  { nodes, conflicts }: MeshDocument,
  status: Pick<StatusDocument, "agents">,
  terminal?: Terminal,
): Promise<string> {
  const { pathWords, rttWords } = await import("../mesh/graph.ts");
  const { staleBecause } = status.agents.mesh?.status ?? {};
  const why = typeof staleBecause === "string" ? staleBecause : undefined;
  if (nodes.length === 0) return `No node is known yet: ${why ?? "the daemon has not seen a tailnet"}\n`;
  const rows = nodes.map((node) => [
    node.name,
    node.podCIDRs.join(",") || "-",
    node.tailnetAddresses[0] ?? "-",
    node.self ? "this node" : pathWords(node),
    rttWords(node),
    node.route,
    node.since,
  ]);
  const table = renderTable(["node", "podCIDRs", "address", "path", "rtt", "route", "since"], rows, terminal);
  const stale = why === undefined ? "" : `This is what was known last: ${why}\n\n`;
  return `${stale}${table}${conflictTable(conflicts, terminal)}`;
}

function conflictTable(conflicts: readonly ConflictDocument[], terminal?: Terminal): string {
  if (conflicts.length === 0) return "";
  const rows = conflicts.map(({ kind, node, podCIDR, route, servedBy }) => {
    return [kind, podCIDR, node, route, servedBy ?? "-"];
  });
  return `\n${renderTable(["conflict", "podCIDR", "of node", "route", "served by"], rows, terminal)}`;
}
