// From what was said (document, environment, flags) to a configuration, or to the list of everything wrong with it.

import type { ConfigIssue } from "../sys/errors.ts";
import { type Finding, findContradictions, findRisks } from "./checks.ts";
import type { LoadedConfig } from "./config.ts";
import { inOrder, invalidConfig } from "./invalid.ts";
import { type Layers, mergeLayers, without } from "./layers.ts";
import { place, toFindings } from "./messages.ts";
import { configSchema, toConfig } from "./schema.ts";

export type Evaluated = Pick<LoadedConfig, "config" | "origins" | "warnings">;

/** One round finds all but what a wrong key of the same map hides. */
const maxRounds = 5;

/**
 * @param check finds more faults, which are listed with the others
 * @throws ConfigError HC_CONFIG_INVALID
 */
export function evaluate(layers: Layers, check: (evaluated: Evaluated) => readonly ConfigIssue[]): Evaluated {
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
  if (!parsed.success) throw invalidConfig(inOrder(faults));
  const config = toConfig(parsed.data);
  const placed = (findings: readonly Finding[]): readonly ConfigIssue[] =>
    findings.map((finding) => place(finding, found));
  const evaluated = { config, origins, warnings: [...placed(findRisks(config)), ...warnings] };
  faults.push(...placed(findContradictions(config)), ...check(evaluated));
  if (faults.length > 0) throw invalidConfig(inOrder(faults));
  return evaluated;
}
