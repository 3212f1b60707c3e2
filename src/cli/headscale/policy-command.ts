// `headcni headscale policy`: what the tailnet's policy must say for this cluster, and whether one says it.

import { checkPolicy, type PolicyFinding } from "../../headscale/policy/check-policy.ts";
import { printPolicy } from "../../headscale/policy/cluster-policy.ts";
import { HeadcniError } from "../../sys/errors.ts";
import { printJson } from "../../sys/json.ts";
import { absolutePath } from "../../sys/machine.ts";
import { readStandardInput } from "../../sys/process/stdio.ts";
import type { System } from "../../sys/system.ts";
import type { CliContext } from "../context.ts";
import { exitCodes } from "../exit.ts";
import { renderTable } from "../table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { type Cluster, type ClusterFlags, readCluster } from "./cluster-rules.ts";

export interface PolicyFlags extends ClusterFlags {
  readonly check?: string;
  readonly live?: boolean;
  readonly owner: string;
  readonly output: string;
}

/** A policy of thousands of rules. */
const maxBytes = 4 << 20;

export async function policyCommand(context: CliContext, flags: PolicyFlags): Promise<void> {
  const cluster = await readCluster(context, flags);
  const { clusterCIDRs, nodeTags = [] } = cluster.rules;
  const wanted = { clusterCIDRs: clusterCIDRs.list, nodeTags };
  if (flags.check === undefined && flags.live !== true) {
    const text = printPolicy(wanted, flags.owner);
    context.print(flags.output === "json" ? printJson({ policy: text }) : text);
    return;
  }
  const [name, text] = await readPolicy(cluster, flags);
  const findings = checkPolicy(text, wanted);
  if (findings.kind === "fault") throw new HeadcniError("HC_USAGE", `Cannot check ${name}: ${findings.why}`);
  if (findings.value.length > 0) context.exit(exitCodes.negative.code);
  const items = findings.value.map(({ path, what, remedy }) => ({ path, what, remedy }));
  context.print(
    flags.output === "json" ? printJson({ findings: items }) : findingTable(name, findings.value, context.terminal),
  );
}

function findingTable(name: string, findings: readonly PolicyFinding[], terminal: Terminal): string {
  if (findings.length === 0) return `${name} has what this cluster needs\n`;
  return renderTable(
    ["key", "what is missing", "write"],
    findings.map(({ path, what, remedy }) => [path, what, remedy]),
    terminal,
  );
}

/** What it is called, and its text. */
async function readPolicy(
  { system, loaded }: Cluster,
  { check, live }: PolicyFlags,
): Promise<readonly [string, string]> {
  if (check !== undefined && live === true) {
    throw new HeadcniError("HC_USAGE", "Cannot check two policies at once", { hint: "give --check or --live" });
  }
  if (check !== undefined) return [check === "-" ? "the policy" : check, readFile(system, check)];
  const { connectByConfig } = await import("../../headscale/connect-by-config.ts");
  using api = await connectByConfig(system, loaded.config.headscale);
  const policy = await api.policy(new AbortController().signal);
  if (policy.kind === "ok") return ["Headscale's policy", policy.value];
  throw new HeadcniError("HC_HEADSCALE_FAILED", `Cannot check Headscale's policy: it shows none (${policy.why})`, {
    hint: "check the file that its configuration names under policy.path: headcni headscale policy --check FILE",
  });
}

function readFile({ files }: System, path: string): string {
  const bytes = path === "-" ? readStandardInput(maxBytes) : files.read(absolutePath(path), maxBytes);
  return new TextDecoder().decode(bytes);
}
