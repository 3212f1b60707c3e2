// What bridge's and ptp's `ipMasq` leave in iptables when a namespace vanishes before its DEL: they find the rules by the addresses in the
// namespace, so without it they find none, and the next pod with such an address meets them. They are known by the comment those plugins
// put on their rules, `name: "<network>" id: "<container>"`.

import { describeError, HeadcniError } from "../sys/errors.ts";
import type { Machine } from "../sys/machine.ts";

/** One a family. */
export const masqueradePrograms = ["iptables", "ip6tables"] as const;
const timeoutMs = 10_000;
/** As `iptables -S` prints the jump: containernetworking/plugins, pkg/ip/ipmasq_iptables_linux.go and pkg/utils. */
const jumpPattern = /^-A (POSTROUTING .*--comment "name: \\"([^"\\]+)\\" id: \\"([^"\\]+)\\"" -j (CNI-[0-9a-f]{24}))$/;

export interface MasqueradeSweep {
  readonly network: string;
  /** Whether a container has no interface on the network any more. */
  readonly isGone: (containerId: string) => boolean;
}

/** One rule that jumps to a container's chain. */
interface Jump {
  /** The rule's words after `-A` or `-D`. */
  readonly rule: readonly string[];
  readonly containerId: string;
  readonly chain: string;
}

type Jumps = readonly Jump[];
type Program = (typeof masqueradePrograms)[number];
type IptablesSystem = Pick<Machine, "exec" | "env">;

interface SweepSystem extends IptablesSystem {
  /** Text for people, with its newline. */
  warn(text: string): void;
}

/** Removes the rules and chains of containers that are gone. What cannot be removed is a line for people, not a failure. */
export async function sweepMasquerade(system: SweepSystem, sweep: MasqueradeSweep): Promise<void> {
  for (const program of masqueradePrograms) {
    try {
      await removeMasquerade(system, program, await leftMasquerade(system, program, sweep));
    } catch (error) {
      system.warn(`headcni: cannot clean up masquerading rules: ${describeError(error)}\n`);
    }
  }
}

/** Those of containers that are gone, in one family. @throws HeadcniError HC_EXEC_FAILED without the program, HC_DATAPLANE */
export async function leftMasquerade(system: IptablesSystem, program: Program, sweep: MasqueradeSweep): Promise<Jumps> {
  const jumps = parseJumps(await run(system, [program, "-S", "POSTROUTING"]), sweep.network);
  return jumps.filter(({ containerId }) => sweep.isGone(containerId));
}

/** The rules, and their chains. @throws HeadcniError as `leftMasquerade` */
export async function removeMasquerade(system: IptablesSystem, program: Program, jumps: Jumps): Promise<void> {
  for (const { rule } of jumps) await run(system, [program, "-D", ...rule]);
  for (const chain of new Set(jumps.map(({ chain }) => chain))) {
    await run(system, [program, "-F", chain]);
    await run(system, [program, "-X", chain]);
  }
}

/** The jumps to chains of one network in a listing of POSTROUTING. Pure. */
export function parseJumps(listing: string, network: string): readonly Jump[] {
  return listing.split("\n").flatMap((line) => {
    const [, rule, name, containerId, chain] = jumpPattern.exec(line) ?? [];
    if (rule === undefined || containerId === undefined || chain === undefined || name !== network) return [];
    return [{ rule: splitWords(rule), containerId, chain }];
  });
}

/** The words of a rule as iptables-save quotes them. */
function splitWords(rule: string): readonly string[] {
  return Array.from(rule.matchAll(/"((?:[^"\\]|\\.)*)"|\S+/g), ([word, quoted]) =>
    quoted === undefined ? word : quoted.replace(/\\(.)/g, "$1"),
  );
}

async function run(system: IptablesSystem, [program = "", ...args]: readonly string[]): Promise<string> {
  const argv = [program, "-w", "5", "-t", "nat", ...args];
  const env = Object.fromEntries(
    ["PATH", "XTABLES_LOCKFILE"].flatMap((name) => {
      const value = system.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const { exitCode, stdout, stderr } = await system.exec.run(argv, { env, timeoutMs });
  if (exitCode === 0) return stdout;
  throw new HeadcniError("HC_DATAPLANE", `${argv.join(" ")} failed: ${stderr.trim()}`);
}
