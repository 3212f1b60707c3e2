// Takes everything of HeadCNI's out of the kernel, whichever daemon left it: the table, the rules, what was put into iptables, and
// a bridge on which no pod hangs.

import { expected, HeadcniError } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";
import { findFirewalls, holdForward } from "./forward/firewall.ts";
import { dropFreeBridge } from "./gateway.ts";
import { readTable, runScript } from "./nft/nft.ts";
import { tableScript } from "./nft/table-listing.ts";
import { holdIpRules } from "./rule-store.ts";

/**
 * What cannot be taken out does not keep the rest. A host without one of the programs never had what that one makes.
 * @throws HeadcniError HC_DATAPLANE naming all that is left
 */
export async function cleanUpDataplane(system: System): Promise<void> {
  const parts: readonly [string, () => Promise<boolean>][] = [
    ["the nftables table", () => dropTable(system)],
    ["the routing rules", () => holdIpRules(system, [])],
    ["the rules in iptables' FORWARD", () => dropForward(system)],
    ["the pod bridge", () => dropFreeBridge(system)],
  ];
  const failures: string[] = [];
  for (const [what, drop] of parts) {
    try {
      if (await drop()) system.log.info(`Removed ${what}`);
    } catch (error) {
      expected(error);
      if (isMissing(error)) system.log.debug(`Did not look for ${what}`, { why: error.message });
      else failures.push(error.message);
    }
  }
  if (failures.length > 0) throw new HeadcniError("HC_DATAPLANE", failures.join(". "));
}

function isMissing({ code, cause }: HeadcniError): boolean {
  return code === "HC_EXEC_FAILED" || (cause instanceof HeadcniError && cause.code === "HC_EXEC_FAILED");
}

async function dropTable(system: System): Promise<boolean> {
  const listing = await readTable(system);
  const script = tableScript(listing, undefined);
  if (script !== undefined) await runScript(system, script);
  return script !== undefined;
}

async function dropForward(system: System): Promise<boolean> {
  const { iptables } = await findFirewalls(system);
  let hasChanged = false;
  for (const chain of iptables) hasChanged = (await holdForward(system, chain, false)).hasChanged || hasChanged;
  return hasChanged;
}
