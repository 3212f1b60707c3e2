// The one exception for a configuration whose text was read but cannot be used.

import { ConfigError, type ConfigIssue } from "../sys/errors.ts";

export function invalidConfig(issues: readonly ConfigIssue[]): ConfigError {
  const count = issues.length === 1 ? "it has one problem" : `it has ${issues.length} problems`;
  const hint = "`headcni config schema` and docs/reference/config.md list every key";
  return new ConfigError("HC_CONFIG_INVALID", `Cannot use the configuration: ${count}`, issues, { hint });
}

/** Down the file, then what came from elsewhere. */
export function inOrder(issues: readonly ConfigIssue[]): readonly ConfigIssue[] {
  return issues.toSorted((a, b) => (a.line ?? Number.MAX_SAFE_INTEGER) - (b.line ?? Number.MAX_SAFE_INTEGER));
}
