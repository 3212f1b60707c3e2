// Turns the document, the environment and the flags into a configuration, or into the list of everything wrong with them.

import type { ConfigIssue } from "../sys/errors.ts";
import { findContradictions, findRangeConflicts, findRisks, type KeyFinding } from "./checks.ts";
import { invalidConfig, type LoadedConfig } from "./config.ts";
import { type Layers, mergeLayers, without } from "./layers.ts";
import { place, strayVariables, toFindings } from "./messages.ts";
import { configSchema, toConfig } from "./schema.ts";

export type Evaluated = Pick<LoadedConfig, "config" | "origins" | "warnings" | "conflict">;

export interface EvaluateOptions {
  /** Finds more faults, which are listed with the others. */
  readonly check: (evaluated: Evaluated) => readonly ConfigIssue[];
  /** Whether ranges that conflict are handed over instead of thrown. */
  readonly toleratesConflicts: boolean;
}

/** One round finds every fault but those that a wrong key of the same map hides. */
const maxRounds = 5;

/** @throws ConfigError HC_CONFIG_INVALID */
export function evaluate(layers: Layers, { check, toleratesConflicts }: EvaluateOptions): Evaluated {
  const { input, origins, issues } = mergeLayers(layers);
  const sources = { document: layers.document, file: layers.file, origins };
  const faults = [...issues];
  let rest = input;
  let parsed = configSchema.safeParse(rest, { reportInput: true });
  // Each round leaves out the wrong values, so that one reading finds everything.
  for (let round = 0; !parsed.success && round < maxRounds; round++) {
    const findings = toFindings(parsed.error.issues);
    faults.push(...findings.map((finding) => place(finding, sources)));
    rest = without(
      rest,
      findings.map(({ path }) => path),
    );
    parsed = configSchema.safeParse(rest, { reportInput: true });
  }
  if (!parsed.success) throw invalidConfig(faults);
  const config = toConfig(parsed.data);
  const placed = (findings: readonly KeyFinding[]): readonly ConfigIssue[] =>
    findings.map((finding) => place(finding, sources));
  const evaluated = { config, origins, warnings: [...placed(findRisks(config)), ...strayVariables(layers.env)] };
  faults.push(...placed(findContradictions(config)), ...check(evaluated));
  const conflicts = placed(findRangeConflicts(config));
  if (faults.length > 0 || (conflicts.length > 0 && !toleratesConflicts))
    throw invalidConfig([...faults, ...conflicts]);
  return conflicts.length === 0 ? evaluated : { ...evaluated, conflict: invalidConfig(conflicts) };
}
