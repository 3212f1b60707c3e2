// Reads our nftables table and writes it, through `nft`.

import { HeadcniError } from "../../sys/errors.ts";
import type { ExecResult } from "../../sys/process/exec.ts";
import type { System } from "../../sys/system.ts";
import { tableName } from "./nft-table.ts";
import { parseTable, type TableListing } from "./table-listing.ts";

const timeoutMs = 5000;
/** Ten thousand peers, and as many chains of a kube-proxy. */
const maxOutputBytes = 16 << 20;

/**
 * The table as it is; undefined when there is none.
 * @throws HeadcniError HC_DATAPLANE when nft is missing or refuses, saying what it said.
 */
export async function readTable(system: System): Promise<TableListing | undefined> {
  const { exitCode, stdout, stderr } = await runNft(system, ["-j", "list", "table", ...tableName.split(" ")]);
  if (exitCode !== 0) {
    if (/no such file or directory/i.test(stderr)) return undefined;
    throw failed(`list the table ${tableName}`, stderr);
  }
  const listing = parseTable(stdout);
  if (listing === undefined)
    throw failed(`list the table ${tableName}`, "nft printed no JSON: it is too old, or built without it");
  return listing;
}

/** Carries a script out in one transaction. @throws HeadcniError HC_DATAPLANE as `readTable` */
export async function runScript(system: System, script: string): Promise<void> {
  const { exitCode, stderr } = await runNft(system, ["-f", "-"], script);
  if (exitCode !== 0) throw failed(`change the table ${tableName}`, stderr);
}

/** @throws HeadcniError HC_DATAPLANE when there is no nft */
export async function runNft(system: System, args: readonly string[], stdin?: string): Promise<ExecResult> {
  try {
    return await system.exec.run(["nft", ...args], { timeoutMs, maxOutputBytes, stdin });
  } catch (error) {
    throw new HeadcniError("HC_DATAPLANE", "Cannot run nft: it is not installed, or not on PATH", {
      cause: error,
      hint: "Install the nftables package",
    });
  }
}

function failed(what: string, stderr: string): HeadcniError {
  return new HeadcniError(
    "HC_DATAPLANE",
    `Cannot ${what}: ${stderr.trim().split("\n", 1)[0] || "nft gave no message"}`,
  );
}
