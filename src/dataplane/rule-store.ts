// Reads and changes HeadCNI's routing policy rules through `ip`.

import type { Family } from "../cidr/addr.ts";
import { HeadcniError } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";
import { type IpRule, ipRuleCommands, parseIpRules } from "./ip-rules.ts";

const timeoutMs = 5000;

/**
 * Makes the rules of ours exactly these.
 * @returns whether something had to be changed
 * @throws HeadcniError HC_DATAPLANE when `ip` refuses, saying what it said; HC_EXEC_FAILED when there is no `ip`
 */
export async function holdIpRules(system: System, wanted: readonly IpRule[]): Promise<boolean> {
  const commands = await ipRuleChanges(system, wanted);
  for (const command of commands) await changeIpRule(system, command);
  return commands.length > 0;
}

/** What would have to be asked of `ip` for that. @throws HeadcniError as `holdIpRules` */
export async function ipRuleChanges(
  system: System,
  wanted: readonly IpRule[],
): Promise<readonly (readonly string[])[]> {
  const listed = await Promise.all([listRules(system, "ipv4"), listRules(system, "ipv6")]);
  return ipRuleCommands(listed.flat(), wanted);
}

async function listRules(system: System, family: Family): Promise<readonly IpRule[]> {
  const argv = ["ip", family === "ipv4" ? "-4" : "-6", "-j", "rule", "show"];
  const { exitCode, stdout, stderr } = await system.exec.run(argv, { timeoutMs });
  // A kernel without IPv6 has no rules of it.
  if (exitCode !== 0 && family === "ipv6" && /not supported/i.test(stderr)) return [];
  if (exitCode !== 0) throw failed(argv, stderr);
  const parsed = parseIpRules(stdout, family);
  if (parsed.kind === "fault") throw failed(argv, parsed.why);
  return parsed.value;
}

/** A rule that is there, or gone, meanwhile is as wanted. */
export async function changeIpRule(system: System, args: readonly string[]): Promise<void> {
  const argv = ["ip", ...args];
  const { exitCode, stderr } = await system.exec.run(argv, { timeoutMs });
  if (exitCode !== 0 && !/File exists|No such file or directory/i.test(stderr)) throw failed(argv, stderr);
}

function failed(argv: readonly string[], said: string): HeadcniError {
  const line = said.trim().split("\n", 1)[0] || "it gave no message";
  return new HeadcniError("HC_DATAPLANE", `Cannot hold the routing rules for pods: ${argv.join(" ")} failed: ${line}`);
}
