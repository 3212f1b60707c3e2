// `make bench`: measures inside a node of its own and prints the tables of docs/benchmarks.md.
//   bun bench/run.ts [--quick] [--json] [node] [dataplane] [plugin] [repair] [claims] [controller]
//     [peers] [tailnet] [join]      default: all parts

import { mkdirSync } from "node:fs";
import { cpus, release } from "node:os";
import { dirname } from "node:path";
import { checkout, createNode } from "../test/harness/node.ts";
import { findTailnetPrograms, type TailnetPrograms } from "../test/harness/tailnet/programs.ts";
import { compileFlags } from "../tools/compile-flags.ts";
import { benchClaims } from "./claims.ts";
import { benchController } from "./controller.ts";
import { benchDataplane } from "./dataplane.ts";
import { benchNode } from "./node.ts";
import { benchPeers } from "./peers.ts";
import { benchPlugin, emptyProgram } from "./plugin.ts";
import { benchRepair } from "./repair.ts";
import { type Table, toMarkdown } from "./report.ts";

/** Those of one node, measured inside it, and those that make nodes of their own. */
const insideParts = ["node", "dataplane", "plugin"] as const;
const parts = [...insideParts, "repair", "claims", "controller", "peers", "tailnet", "join"] as const;
const args = process.argv.slice(2);
const unknown = args.find((arg) => !["--quick", "--json", "--inside", ...parts].includes(arg));
if (unknown !== undefined) throw new Error(`Unknown argument "${unknown}": use --quick, --json, ${parts.join(", ")}`);
const isQuick = args.includes("--quick");
const named = parts.filter((part) => args.includes(part));
const asked: readonly string[] = named.length > 0 ? named : parts;

if (args.includes("--inside")) {
  console.log(JSON.stringify(await measureInside()));
} else {
  const tables = [...(await measureInNode()), ...(await measureAround())];
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}, Linux ${release()}, Bun ${Bun.version}`;
  console.log(
    args.includes("--json") ? JSON.stringify({ machine, tables }, null, 2) : `${machine}\n\n${toMarkdown(tables)}`,
  );
}

async function measureInNode(): Promise<Table[]> {
  if (!insideParts.some((part) => asked.includes(part))) return [];
  compileEmpty();
  await using node = await createNode({ name: "bench" });
  const inside = [process.execPath, `${checkout}/bench/run.ts`, "--inside", ...args];
  return JSON.parse(await node.must(inside, { timeoutMs: 20 * 60_000 }));
}

/** Builds the program without any code, to tell what a start costs in any case. */
function compileEmpty(): void {
  mkdirSync(dirname(emptyProgram), { recursive: true });
  const build = [process.execPath, "build", `${checkout}/bench/empty.ts`, ...compileFlags, "--outfile", emptyProgram];
  const { exitCode, stderr } = Bun.spawnSync(build);
  if (exitCode !== 0) throw new Error(`Building ${emptyProgram} failed: ${stderr}`);
}

async function measureInside(): Promise<Table[]> {
  const tables: Table[] = [];
  if (asked.includes("node"))
    tables.push(...(await benchNode(isQuick ? { rounds: 10, idleMs: 10_000 } : { rounds: 40, idleMs: 60_000 })));
  if (asked.includes("dataplane"))
    tables.push(...(await benchDataplane(isQuick ? { rounds: 10, restMs: 30_000 } : { rounds: 40, restMs: 240_000 })));
  if (asked.includes("plugin")) tables.push(...(await benchPlugin({ rounds: isQuick ? 20 : 100 })));
  return tables;
}

async function measureAround(): Promise<Table[]> {
  const tables: Table[] = [];
  if (asked.includes("repair")) tables.push(...(await benchRepair(isQuick ? 2 : 10)));
  if (asked.includes("claims")) tables.push(benchClaims({ counts: [10, 50, 200], rounds: isQuick ? 2 : 7 }));
  if (asked.includes("controller")) {
    const counts = [10, 100, 300];
    const options = isQuick ? { counts, restMs: 30_000, joins: 3 } : { counts, restMs: 60_000, joins: 9 };
    tables.push(await benchController(options));
  }
  if (asked.includes("peers")) {
    const counts = [3, 100, 1000];
    tables.push(
      await benchPeers(isQuick ? { counts, restMs: 15_000, changes: 20 } : { counts, restMs: 60_000, changes: 100 }),
    );
  }
  if (asked.includes("tailnet") || asked.includes("join")) {
    const programs = findTailnetPrograms();
    if (typeof programs === "string") console.error(`Not measured, a real tailnet: ${programs}`);
    else tables.push(...(await measureTailnet(programs)));
  }
  return tables;
}

async function measureTailnet(programs: TailnetPrograms): Promise<Table[]> {
  const tables: Table[] = [];
  // They say at once that they lack the programs.
  const [{ benchJoin }, { benchTailnet }] = await Promise.all([import("./join.ts"), import("./tailnet.ts")]);
  if (asked.includes("tailnet")) {
    const options = isQuick ? { rounds: 2, seconds: 2, restarts: 1 } : { rounds: 7, seconds: 5, restarts: 3 };
    tables.push(...(await benchTailnet({ programs, ...options })));
  }
  if (asked.includes("join")) tables.push(...(await benchJoin(programs, isQuick ? 2 : 5)));
  return tables;
}
