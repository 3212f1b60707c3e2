// `make bench`: measures inside a node of its own and prints the tables of docs/benchmarks.md.
//   bun bench/run.ts [--quick] [--json] [node] [dataplane] [plugin]      default: all parts

import { mkdirSync } from "node:fs";
import { cpus, release } from "node:os";
import { dirname } from "node:path";
import { checkout, createNode } from "../test/harness/node.ts";
import { compileFlags } from "../tools/compile-flags.ts";
import { benchDataplane } from "./dataplane.ts";
import { benchNode } from "./node.ts";
import { benchPlugin, emptyProgram } from "./plugin.ts";
import { type Table, toMarkdown } from "./report.ts";

const parts = ["node", "dataplane", "plugin"] as const;
const args = process.argv.slice(2);
const unknown = args.find((arg) => !["--quick", "--json", "--inside", ...parts].includes(arg));
if (unknown !== undefined) throw new Error(`Unknown argument "${unknown}": use --quick, --json, ${parts.join(", ")}`);
const isQuick = args.includes("--quick");
const asked = parts.filter((part) => args.includes(part));

if (args.includes("--inside")) {
  console.log(JSON.stringify(await measure(asked.length > 0 ? asked : parts)));
} else {
  compileEmpty();
  await using node = await createNode({ name: "bench" });
  const inside = [process.execPath, `${checkout}/bench/run.ts`, "--inside", ...args];
  const tables: Table[] = JSON.parse(await node.must(inside, { timeoutMs: 20 * 60_000 }));
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}, Linux ${release()}, Bun ${Bun.version}`;
  console.log(
    args.includes("--json") ? JSON.stringify({ machine, tables }, null, 2) : `${machine}\n\n${toMarkdown(tables)}`,
  );
}

/** Builds the program without any code, to tell what a start costs in any case. */
function compileEmpty(): void {
  mkdirSync(dirname(emptyProgram), { recursive: true });
  const build = [process.execPath, "build", `${checkout}/bench/empty.ts`, ...compileFlags, "--outfile", emptyProgram];
  const { exitCode, stderr } = Bun.spawnSync(build);
  if (exitCode !== 0) throw new Error(`Building ${emptyProgram} failed: ${stderr}`);
}

async function measure(which: readonly (typeof parts)[number][]): Promise<Table[]> {
  const tables: Table[] = [];
  if (which.includes("node"))
    tables.push(...(await benchNode(isQuick ? { rounds: 10, idleMs: 10_000 } : { rounds: 40, idleMs: 60_000 })));
  if (which.includes("dataplane"))
    tables.push(...(await benchDataplane(isQuick ? { rounds: 10, restMs: 30_000 } : { rounds: 40, restMs: 240_000 })));
  if (which.includes("plugin")) tables.push(...(await benchPlugin({ rounds: isQuick ? 20 : 100 })));
  return tables;
}
