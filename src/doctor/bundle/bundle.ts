// What a bug report needs, in one file: the doctor's report, the daemon's status, configurations, what the kernel has, logs. Keys and
// tokens are taken out of all of it; environments of processes and files that hold keys are not read at all.

import { detectDirsWithoutConfig } from "../../config/runtime-dirs.ts";
import { encodeAnswer } from "../../podcidr/answer.ts";
import { tarGz } from "../../sys/archive.ts";
import { expected } from "../../sys/errors.ts";
import { basename, join } from "../../sys/fs/path.ts";
import { type JsonObject, printJson } from "../../sys/json.ts";
import { redactDocument, redactValue } from "../../sys/redact.ts";
import type { System } from "../../sys/system.ts";
import { buildFacts } from "../../version.ts";
import type { Examination } from "../examination.ts";
import type { DoctorDocument } from "../run-checks.ts";
import { bundledCommands } from "./bundled-commands.ts";

/** Larger ones are logs of another program, or no configuration. */
const maxBytes = 4 << 20;
const timeoutMs = 10_000;

/** The bytes of the archive, and the names in it. */
export interface Bundle {
  readonly bytes: Uint8Array;
  readonly names: readonly string[];
}

/** Looks at everything once more and packs it. Nothing that is missing or refuses ends it: the archive says why. */
export async function packBundle(node: Examination, report: DoctorDocument): Promise<Bundle> {
  const files = new Map<string, string>();
  const add = (name: string, text: string): void => void files.set(`headcni-bundle/${name}`, redactDocument(text));
  const json = (name: string, value: JsonObject): void => {
    const clean = redactValue(JSON.parse(JSON.stringify(value)));
    files.set(`headcni-bundle/${name}`, redactDocument(printJson(clean as JsonObject)));
  };
  json("doctor.json", { ...report } as unknown as JsonObject);
  json("version.json", { ...buildFacts() });
  await Promise.all([
    tell(add, "podcidr", async () => json("podcidr.json", encodeAnswer((await node.node()).answer))),
    tell(add, "status", async () => json("status.json", (await node.daemon()) as unknown as JsonObject)),
    tell(add, "tailscale", async () => {
      const { status, prefs } = await node.tailnet();
      json("tailscale.json", { status: status as unknown as JsonObject, prefs: prefs.raw });
    }),
    tell(add, "config", async () => {
      const { text } = await node.configFile();
      if (text !== undefined) add("config.yaml", text);
    }),
    tell(add, "cni", async () => {
      const confDir = await findConfDir(node);
      for (const name of node.system.files.list(confDir) ?? []) {
        await tell(add, `cni/${name}`, async () => add(`cni/${name}`, readText(node.system, join(confDir, name))));
      }
    }),
    ...stateFiles.map((path) =>
      tell(add, basename(path), async () => {
        if (node.system.files.stat(path) !== undefined) add(`state${path}`, readText(node.system, path));
      }),
    ),
    ...bundledCommands.map(async (argv) => add(`commands/${fileName(argv)}`, await output(node.system, argv))),
  ]);
  return { bytes: await tarGz(files), names: [...files.keys()].toSorted() };
}

/** With a configuration that is wrong it is the runtime's: what lies there is what a report of that needs. */
async function findConfDir(node: Examination): Promise<string> {
  try {
    return (await node.dirs()).confDir;
  } catch (error) {
    expected(error);
    return detectDirsWithoutConfig(node.system).confDir;
  }
}

const stateFiles = [
  "/var/lib/headcni/node.json",
  "/run/headcni/node.json",
  "/var/lib/headcni/backups/manifest.json",
  "/etc/os-release",
  "/proc/version",
] as const;

/** Runs one part; why it has nothing to give is a file of its own. */
async function tell(add: (name: string, text: string) => void, name: string, part: () => Promise<void>): Promise<void> {
  try {
    await part();
  } catch (error) {
    expected(error);
    add(`${name}.missing.txt`, `${error.message}\n`);
  }
}

function readText({ files }: System, path: string): string {
  return new TextDecoder().decode(files.read(path, maxBytes));
}

async function output({ exec }: System, argv: readonly string[]): Promise<string> {
  const line = `$ ${argv.join(" ")}\n`;
  try {
    const { stdout, stderr, exitCode } = await exec.run(argv, { timeoutMs, maxOutputBytes: maxBytes });
    return `${line}${stdout}${stderr}${exitCode === 0 ? "" : `(exit code ${exitCode})\n`}`;
  } catch (error) {
    expected(error);
    return `${line}${error.message}\n`;
  }
}

function fileName(argv: readonly string[]): string {
  return `${argv.join("_").replaceAll(/[^\w.-]+/g, "_")}.txt`;
}
