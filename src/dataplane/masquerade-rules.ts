// Puts the masquerade rules into the kernel through `nft`, keeps them there, and takes them out again.

import { describeError, HeadcniError } from "../sys/errors.ts";
import type { ExecResult } from "../sys/process/exec.ts";
import type { System } from "../sys/system.ts";
import { holdsMasquerade, type MasqueradePlan, masqueradeTable, renderMasquerade } from "./masquerade.ts";

const timeoutMs = 5000;

/**
 * Makes the kernel hold the rules of `plan`; touches nothing when it does.
 * @throws HeadcniError HC_DATAPLANE when nft is missing or refuses, saying what it said.
 */
export async function applyMasquerade(system: System, plan: MasqueradePlan): Promise<"unchanged" | "applied"> {
  const rules = renderMasquerade(plan);
  const listing = await listTable(system);
  if (listing !== undefined && holdsMasquerade(listing, rules)) return "unchanged";
  const { exitCode, stderr } = await nft(system, ["-f", "-"], rules.script);
  if (exitCode !== 0) throw failed("write the masquerade rules", stderr);
  return "applied";
}

/**
 * Removes what `applyMasquerade` put there. A host without nft never had it.
 * @throws HeadcniError HC_DATAPLANE when the table is there and nft refuses to delete it.
 */
export async function cleanUpMasquerade(system: System): Promise<"absent" | "removed"> {
  let listing: string | undefined;
  try {
    listing = await listTable(system);
  } catch (error) {
    system.log.debug("Did not look for masquerade rules to remove", { why: describeError(error) });
    return "absent";
  }
  if (listing === undefined) return "absent";
  const { exitCode, stderr } = await nft(system, ["delete", "table", ...masqueradeTable.split(" ")]);
  if (exitCode !== 0) throw failed("remove the masquerade rules", stderr);
  return "removed";
}

/** The table as nft prints it, or undefined when there is none. */
async function listTable(system: System): Promise<string | undefined> {
  const { exitCode, stdout, stderr } = await nft(system, ["list", "table", ...masqueradeTable.split(" ")]);
  if (exitCode === 0) return stdout;
  if (/no such file or directory/i.test(stderr)) return undefined;
  throw failed("list the masquerade rules", stderr);
}

async function nft(system: System, args: readonly string[], stdin?: string): Promise<ExecResult> {
  try {
    return await system.exec.run(["nft", ...args], { timeoutMs, stdin });
  } catch (error) {
    throw new HeadcniError("HC_DATAPLANE", "Cannot run nft: it is not installed, or not on PATH", {
      cause: error,
      hint: "Install the nftables package, or set network.masquerade to bridge",
    });
  }
}

function failed(what: string, stderr: string): HeadcniError {
  const said = stderr.trim().split("\n", 1)[0] || "nft gave no message";
  return new HeadcniError("HC_DATAPLANE", `Cannot ${what} in the table ${masqueradeTable}: ${said}`);
}
