// `headcni config explain | schema | validate`.

import type { Command } from "commander";
import type { LoadedConfig } from "../config/config.ts";
import type { Detection } from "../config/explain.ts";
import { ConfigError, type ConfigIssue, expected } from "../sys/errors.ts";
import { type JsonObject, printJson } from "../sys/json.ts";
import type { System } from "../sys/system.ts";
import type { CliContext } from "./context.ts";
import { exitCodes, issueLine } from "./exit.ts";
import { addExamples, configOption, nodeNameOption, outputOption, rootOption } from "./options.ts";
import { renderTable } from "./table.ts";

interface ExplainFlags {
  readonly config?: string;
  readonly root?: string;
  readonly nodeName?: string;
  readonly output: string;
}

interface ValidateFlags {
  readonly root?: string;
  readonly output: string;
}

export function addConfigCommands(program: Command, context: CliContext): void {
  const config = program.command("config").helpCommand(false).description("look at the configuration");
  const explain = config
    .command("explain")
    .description("show each value and where it came from: file and line, environment, flag or default")
    .addOption(configOption())
    .addOption(nodeNameOption())
    .addOption(outputOption())
    .addOption(rootOption())
    .action((flags: ExplainFlags) => explainConfiguration(context, flags));
  addExamples(explain, "headcni config explain", "HEADCNI_NETWORK_MTU=1400 headcni config explain -o json");
  const validate = config
    .command("validate")
    .description("check a configuration file and list everything that is wrong with it")
    .argument("[file]", "the file (default: the one the daemon would read)")
    .addOption(outputOption())
    .addOption(rootOption())
    .action((file: string | undefined, flags: ValidateFlags) => validateConfiguration(context, file, flags));
  addExamples(validate, "headcni config validate", "headcni config validate ./config.yaml");
  const schema = config
    .command("schema")
    .description("print the JSON Schema of the configuration file")
    .action(async () => {
      const { configJsonSchema } = await import("../config/keys.ts");
      context.print(printJson(configJsonSchema()));
    });
  addExamples(schema, "headcni config schema > config.schema.json");
}

async function explainConfiguration(context: CliContext, flags: ExplainFlags): Promise<void> {
  const [{ loadConfig }, { describeOrigin, explainAsJson, explainConfig }] = await Promise.all([
    import("../config/load.ts"),
    import("../config/explain.ts"),
  ]);
  const { config: path, nodeName } = flags;
  const system = context.system(flags.root);
  const written = await loadConfig(system, { path, flags: { nodeName } });
  const { loaded, detected, notes } = await withDetectedDirs(system, written);
  for (const warning of loaded.warnings) context.warn(`warning: ${issueLine(warning)}\n`);
  if (flags.output === "json") {
    context.print(printJson(explainAsJson(loaded, { detected, notes })));
    return;
  }
  const rows = explainConfig(loaded, detected).map(({ key, value, origin }) => {
    const shown = value === undefined ? "-" : typeof value === "string" ? value : JSON.stringify(value);
    return [key, shown, describeOrigin(origin)];
  });
  context.print(renderTable(["key", "value", "from"], rows, context.terminal));
  for (const note of notes) context.warn(`note: ${note}\n`);
}

/** The configuration in force on this node: with the directories of its runtime where the operator set none. */
async function withDetectedDirs(system: System, written: LoadedConfig) {
  const { describeDirSource, detectRuntimeDirs, withRuntimeDirs } = await import("../config/runtime-dirs.ts");
  const dirs = detectRuntimeDirs(system, written);
  const detected = new Map<string, Detection>();
  for (const [key, from] of [
    ["cni.confDir", dirs.confDirFrom],
    ["cni.binDir", dirs.binDirFrom],
  ] as const) {
    if (from.kind === "config") continue;
    const { file, line } = from.kind === "runtime" ? from : {};
    detected.set(key, {
      source: from.kind === "default" ? "default" : "node",
      by: describeDirSource(from),
      file,
      line,
    });
  }
  return { loaded: withRuntimeDirs(written, dirs), detected, notes: dirs.notes };
}

async function validateConfiguration(
  context: CliContext,
  path: string | undefined,
  flags: ValidateFlags,
): Promise<void> {
  try {
    const { file, warnings } = await checkConfiguration(context.system(flags.root), path);
    if (flags.output === "json") {
      context.print(printJson(verdict(file, [], warnings)));
      return;
    }
    for (const warning of warnings) context.warn(`warning: ${issueLine(warning)}\n`);
    const isThere = file !== undefined;
    context.print(isThere ? `${file} is valid\n` : "There is no configuration file: every key has its default\n");
  } catch (error) {
    if (!(error instanceof ConfigError) || flags.output !== "json") throw error;
    const issues = error.issues.length > 0 ? error.issues : [{ path: "", message: error.message }];
    context.print(printJson(verdict(path, issues, [])));
    context.exit(exitCodes.config.code);
  }
}

/**
 * Loads the configuration and looks at what else the daemon of any node would refuse.
 * @throws ConfigError
 */
async function checkConfiguration(system: System, path: string | undefined): Promise<LoadedConfig> {
  const [{ loadConfig }, runtimeDirs, { findConfigFaults }, { nodeFacts, observeKernel }, { resolveNodeName }] =
    await Promise.all([
      import("../config/load.ts"),
      import("../config/runtime-dirs.ts"),
      import("../podcidr/operator/config-faults.ts"),
      import("../node/observe.ts"),
      import("../node-name/resolve.ts"),
    ]);
  const observed = await observeKernel(system);
  const doubts: ConfigIssue[] = [];
  const check = (loaded: LoadedConfig): readonly ConfigIssue[] => {
    const config = runtimeDirs.withRuntimeDirs(loaded, runtimeDirs.detectRuntimeDirs(system, loaded));
    const { cni } = config.config;
    const nodeName = orUndefined(() => resolveNodeName(system, { flag: undefined, loaded: config }).name);
    const node = nodeFacts(system, cni.confDir, observed);
    const verdict = findConfigFaults(system, { config, nodeName, node });
    doubts.push(...verdict.doubts);
    return verdict.faults;
  };
  const loaded = await loadConfig(system, { path, namedBy: "the command line", check });
  return { ...loaded, warnings: [...loaded.warnings, ...doubts] };
}

/** A machine's name that no node can have is no fault of the file. */
function orUndefined<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch (error) {
    expected(error);
    return undefined;
  }
}

function verdict(
  file: string | undefined,
  issues: readonly ConfigIssue[],
  warnings: readonly ConfigIssue[],
): JsonObject {
  return {
    file: file ?? null,
    valid: issues.length === 0,
    issues: issues.map((issue) => ({ ...issue })),
    warnings: warnings.map((warning) => ({ ...warning })),
  };
}
