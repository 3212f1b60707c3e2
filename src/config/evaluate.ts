// From what was said (document, environment, flags) to a configuration, or to the list of everything wrong with it.

import { findContradictions, findRisks } from "./checks.ts";
import type { LoadedConfig } from "./config.ts";
import { inOrder, invalidConfig } from "./invalid.ts";
import { type Layers, mergeLayers } from "./layers.ts";
import { place, toConfigIssues } from "./messages.ts";
import { configSchema, toConfig } from "./schema.ts";

/** @throws ConfigError HC_CONFIG_INVALID */
export function evaluate(layers: Layers): Pick<LoadedConfig, "config" | "origins" | "warnings"> {
  const { input, origins, issues, warnings } = mergeLayers(layers);
  const found = { document: layers.document, file: layers.file, origins };
  const parsed = configSchema.safeParse(input, { reportInput: true });
  if (!parsed.success) throw invalidConfig(inOrder([...issues, ...toConfigIssues(parsed.error.issues, found)]));
  if (issues.length > 0) throw invalidConfig(issues);
  const config = toConfig(parsed.data);
  const contradictions = findContradictions(config).map(({ path, message }) => place(path, message, found));
  if (contradictions.length > 0) throw invalidConfig(inOrder(contradictions));
  const risks = findRisks(config).map(({ path, message }) => place(path, message, found));
  return { config, origins, warnings: [...risks, ...warnings] };
}
