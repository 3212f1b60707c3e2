// From what was said (document, environment, flags) to a configuration, or to the list of everything wrong with it.

import type { ConfigIssue } from "../sys/errors.ts";
import { findContradictions, findRisks } from "./checks.ts";
import type { LoadedConfig } from "./config.ts";
import { inOrder, invalidConfig } from "./invalid.ts";
import { type Layers, mergeLayers, without } from "./layers.ts";
import { place, toFindings } from "./messages.ts";
import { configSchema, toConfig } from "./schema.ts";

type Evaluated = Pick<LoadedConfig, "config" | "origins" | "warnings">;

/** Looks for faults that need more than the configuration to be seen. */
export type ConfigCheck = (evaluated: Pick<LoadedConfig, "config" | "origins">) => readonly ConfigIssue[];

/** One round finds all but what a wrong key of the same map hides. */
const maxRounds = 5;

/**
 * @param check finds more faults, which are listed with the others
 * @throws ConfigError HC_CONFIG_INVALID
 */
export function evaluate(layers: Layers, check: ConfigCheck = () => []): Evaluated {
  const { input, origins, issues, warnings } = mergeLayers(layers);
  const found = { document: layers.document, file: layers.file, origins };
  const faults = [...issues];
  let rest = input;
  let parsed = configSchema.safeParse(rest, { reportInput: true });
  // Values that are right are looked at further as if the wrong ones were not there: one reading finds everything.
  for (let round = 0; !parsed.success && round < maxRounds; round++) {
    const findings = toFindings(parsed.error.issues);
    faults.push(...findings.map((finding) => place(finding, found)));
    rest = without(
      rest,
      findings.map(({ path }) => path),
    );
    parsed = configSchema.safeParse(rest, { reportInput: true });
  }
  const config = parsed.success ? toConfig(parsed.data) : undefined;
  if (config !== undefined) {
    faults.push(...findContradictions(config).map((finding) => place(finding, found)));
    faults.push(...check({ config, origins }));
  }
  if (config === undefined || faults.length > 0) throw invalidConfig(inOrder(faults));
  return { config, origins, warnings: [...findRisks(config).map((finding) => place(finding, found)), ...warnings] };
}
