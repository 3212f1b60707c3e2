// `headcni ipam list | gc`: the leases of this node, and those of containers that are gone.

import type { Command } from "commander";
import type { ClassifiedLease } from "../ipam/plan-sweep.ts";
import type { NodeRuntime } from "../runtime/ask-runtimes.ts";
import type { JsonObject } from "../sys/json.ts";
import { printJson } from "../sys/json.ts";
import type { System } from "../sys/system.ts";
import type { CliContext } from "./context.ts";
import { addExamples, outputOption, rootOption } from "./options.ts";
import { renderTable } from "./table.ts";

interface IpamFlags {
  readonly output: string;
  readonly root?: string;
}

export function addIpamCommands(program: Command, context: CliContext): void {
  const ipam = program.command("ipam").description("addresses that host-local has given to pods");
  const list = ipam
    .command("list")
    .description(
      "every lease: address, container, interface, age, and whether the container runtime knows the container",
    )
    .addOption(outputOption())
    .addOption(rootOption())
    .action((flags: IpamFlags) => listCommand(context, flags));
  addExamples(list, "headcni ipam list", "headcni ipam list -o json");
  const gc = ipam
    .command("gc")
    .description("free the addresses of containers the runtime does not know; frees nothing when it cannot be asked")
    .option("--dry-run", "say what would be done, and do nothing")
    .addOption(outputOption())
    .addOption(rootOption())
    .action((flags: IpamFlags & { readonly dryRun?: boolean }) => gcCommand(context, flags));
  addExamples(gc, "headcni ipam gc --dry-run", "headcni ipam gc");
}

async function listCommand(context: CliContext, flags: IpamFlags): Promise<void> {
  const { listLeases } = await import("../ipam/node-sweep.ts");
  const system = context.system(flags.root);
  const { leases, runtimes } = await listLeases(system, await findRuntimes(system));
  if (runtimes.kind === "unanswered") context.warn(`warning: whether containers live is unknown: ${runtimes.why}\n`);
  const rows = leases.map(({ lease, isKnown }) => ({
    address: String(lease.addr),
    containerId: lease.owner?.containerId ?? null,
    ifname: lease.owner?.ifname ?? null,
    ageSeconds: ageSeconds(system, lease.givenAtMs),
    known: isKnown === undefined ? "unknown" : isKnown ? "yes" : "no",
  }));
  if (flags.output === "json") {
    context.print(printJson(rows));
    return;
  }
  const cells = rows.map((row) => [
    row.address,
    row.containerId ?? "(empty or torn file)",
    row.ifname ?? "-",
    ageWords(row.ageSeconds),
    row.known,
  ]);
  const header = ["address", "container", "interface", "age", "known"];
  context.print(rows.length === 0 ? "No address is given out\n" : renderTable(header, cells, context.terminal));
}

async function gcCommand(context: CliContext, flags: IpamFlags & { readonly dryRun?: boolean }): Promise<void> {
  const { sweepNode } = await import("../ipam/node-sweep.ts");
  const system = context.system(flags.root);
  const isDryRun = flags.dryRun === true;
  const report = await sweepNode(system, { runtimes: await findRuntimes(system), isDryRun });
  const { free, keep, removedCalls, asked } = report;
  if (flags.output === "json") {
    const leases = (list: readonly ClassifiedLease[]): JsonObject[] => list.map(encode);
    context.print(printJson({ dryRun: isDryRun, asked, freed: leases(free), kept: leases(keep), removedCalls }));
    return;
  }
  const verb = isDryRun ? "Would free" : "Freed";
  const lines = free.map(({ lease, verdict }) => {
    const whose = lease.owner === undefined ? "an empty or torn file" : `container ${lease.owner.containerId}`;
    return `${verb} ${lease.addr}: ${whose}, ${reasonWords[verdict]}`;
  });
  const young = keep.filter(({ verdict }) => verdict === "young").length;
  lines.push(`${verb} ${free.length} of ${free.length + keep.length} addresses`);
  if (young > 0) lines.push(`Kept ${young} that no runtime knows yet: given out within the last 10 minutes`);
  if (removedCalls.length > 0) lines.push(`Removed ${removedCalls.length} saved delegate configs`);
  context.print(`${lines.join("\n")}\n`);
}

const reasonWords: Readonly<Record<ClassifiedLease["verdict"], string>> = {
  held: "held",
  young: "given out just now",
  abandoned: "which no runtime knows",
  torn: "which a power loss left",
};

function encode({ lease, verdict }: ClassifiedLease): JsonObject {
  const { addr, owner } = lease;
  return { address: String(addr), containerId: owner?.containerId ?? null, ifname: owner?.ifname ?? null, verdict };
}

async function findRuntimes(system: System): Promise<readonly NodeRuntime[]> {
  const { nodeRuntimes } = await import("../runtime/node-runtimes.ts");
  return nodeRuntimes(system);
}

function ageSeconds({ clock }: System, givenAtMs: number): number {
  return Math.max(0, Math.round((clock.now() - givenAtMs) / 1000));
}

/** The two largest units are precise enough: `3d4h`, `5m12s`. */
function ageWords(seconds: number): string {
  const units: readonly (readonly [string, number])[] = [
    ["d", 86_400],
    ["h", 3600],
    ["m", 60],
    ["s", 1],
  ];
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return "0s";
  let left = seconds;
  return units
    .slice(first, first + 2)
    .map(([unit, size]) => {
      const count = Math.floor(left / size);
      left -= count * size;
      return count > 0 ? `${count}${unit}` : "";
    })
    .join("");
}
