// A bare node with containerd and HeadCNI's image, for the pods that Helm renders.

import { isJsonObject, type JsonObject, tryParseJsonObject } from "../../src/sys/json.ts";
import { importArchive, startContainerd } from "../harness/containerd.ts";
import { checkout, createNode, type Node, type NodeProcess } from "../harness/node.ts";
import type { Rendered } from "./helm.ts";
import type { ChartPod, ChartPodOptions } from "./kubelet.ts";
import { objectsOf } from "./volumes.ts";

const archive = `${checkout}/dist/headcni-image.tar`;

/** Writes the archive of this machine's architecture. @throws Error with what the build said */
export async function buildImage(): Promise<void> {
  const argv = [process.execPath, "image/build.ts", "host"];
  const build = Bun.spawn(argv, { cwd: checkout, env: process.env, stdout: "pipe", stderr: "pipe" });
  if ((await build.exited) !== 0) throw new Error(`The image cannot be built: ${await build.stderr.text()}`);
}

export interface ChartRuntime extends AsyncDisposable {
  /** Ends containerd and starts it anew. */
  restart(): Promise<void>;
}

/** A containerd that has HeadCNI's image, in a node that is there. */
export async function startChartRuntime(node: Node): Promise<ChartRuntime> {
  // As systemd has it: what is mounted later is seen in pods.
  await node.must(["mount", "--make-rshared", "/"]);
  let containerd: NodeProcess = await startContainerd(node);
  await importArchive(node, archive);
  return {
    restart: async () => {
      const exitCode = await containerd.stop();
      if (exitCode !== 0) throw new Error(`containerd ended with ${exitCode}`);
      containerd = await startContainerd(node);
    },
    [Symbol.asyncDispose]: async () => {
      await containerd.stop();
    },
  };
}

export interface ChartNode extends AsyncDisposable {
  readonly node: Node;
  readonly runtime: ChartRuntime;
}

/** One that has no plugin. */
export async function createChartNode(): Promise<ChartNode> {
  const node = await createNode();
  try {
    await node.must(["sh", "-c", "rm -f /opt/cni/bin/* && mount -t tmpfs none /usr/local"]);
    const runtime = await startChartRuntime(node);
    return {
      node,
      runtime,
      [Symbol.asyncDispose]: async () => {
        await runtime[Symbol.asyncDispose]();
        await node[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await node[Symbol.asyncDispose]();
    throw error;
  }
}

/** The pod of a workload, with all ConfigMaps of the chart. */
export function podOf(rendered: Rendered, kind: "DaemonSet" | "Deployment" | "Job", name: string): ChartPodOptions {
  const { spec } = rendered.one(kind, name);
  const template = isJsonObject(spec) && isJsonObject(spec.template) ? spec.template.spec : undefined;
  const maps = rendered.objects.filter((object) => object.kind === "ConfigMap");
  return {
    name,
    spec: isJsonObject(template) ? template : {},
    configMaps: Object.fromEntries(
      maps.map(({ metadata, data }) => [nameOf(metadata), isJsonObject(data) ? data : {}]),
    ),
  };
}

function nameOf(metadata: JsonObject[string] | undefined): string {
  return isJsonObject(metadata) ? String(metadata.name) : "";
}

/** Codes of the daemon's conditions; none while it serves no status. */
export async function conditionsIn(daemon: ChartPod): Promise<readonly string[]> {
  const { stdout } = await daemon.exec(["headcni", "status", "-o", "json"]);
  const conditions = tryParseJsonObject(stdout)?.conditions;
  return objectsOf(conditions).map(({ code }) => String(code));
}
