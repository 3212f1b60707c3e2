// Whether the bridge plugin can masquerade. It does so by iptables, for each pod, and lists the whole table nat first: a rule of another
// program that iptables does not know makes it give up, and every new pod fails. tailscaled writes such a rule in its nftables mode.

import type { Family } from "../../cidr/addr.ts";
import { expected } from "../../sys/errors.ts";
import type { ExecResult } from "../../sys/process/exec.ts";
import type { System } from "../../sys/system.ts";
import { tailscaleNatChain } from "./base-chains.ts";
import { iptablesPrograms } from "./firewall.ts";

const timeoutMs = 5000;

export interface NatTableOptions {
  /** In whose tables tailscaled has its chain, where that alone shall be listed: it takes no time beside those of a kube-proxy. */
  readonly tailscaleNat?: readonly Family[];
}

/**
 * Why iptables cannot list the table nat, of the first family for which that is so; undefined where it can. Of the older backend nothing is
 * asked: it sees no rules of nftables, and listing a table makes it.
 */
export async function whyNatUnreadable(
  system: System,
  families: readonly Family[],
  { tailscaleNat }: NatTableOptions = {},
): Promise<string | undefined> {
  const all = await Promise.all(
    families.map((family) => {
      const program = iptablesPrograms[family];
      if (tailscaleNat === undefined) return whyUnreadable(system, program, []);
      // A chain that is not there is called incompatible, too.
      return tailscaleNat.includes(family)
        ? whyUnreadable(system, program, [tailscaleNatChain])
        : whyMissing(system, program);
    }),
  );
  return all.find((why) => why !== undefined);
}

async function whyMissing(system: System, program: string): Promise<string | undefined> {
  return (await versionOf(system, program)) === undefined ? notInstalled(program) : undefined;
}

async function whyUnreadable(system: System, program: string, chain: readonly string[]): Promise<string | undefined> {
  const version = await versionOf(system, program);
  if (version === undefined) return notInstalled(program);
  if (!version.stdout.includes("nf_tables")) return undefined;
  const argv = [program, "-w", "5", "-t", "nat", "-S", ...chain];
  const { stderr } = await system.exec.run(argv, { timeoutMs });
  const said = stderr.split("\n").find((line) => line.includes("is incompatible"));
  return said === undefined ? undefined : `${argv.join(" ")}: ${said.trim().replace(/\.$/, "")}`;
}

async function versionOf({ exec }: System, program: string): Promise<ExecResult | undefined> {
  try {
    return await exec.run([program, "-V"], { timeoutMs });
  } catch (error) {
    expected(error);
    return undefined;
  }
}

function notInstalled(program: string): string {
  return `Cannot run ${program}: it is not installed, or not on PATH`;
}
