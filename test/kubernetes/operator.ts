// The shell of an operator: helm and kubectl as the documentation has them, from the folder above a checkout named `headcni`, on the
// first node of a cluster whose nodes have the image and are on the tailnet.

import * as fs from "node:fs";
import type { ExecResult } from "../../src/sys/process/exec.ts";
import { helmProgram } from "../chart/helm.ts";
import { importArchive } from "../harness/containerd.ts";
import { adminConfig } from "../harness/kubernetes/control-plane.ts";
import { installProgram } from "../harness/kubernetes/programs.ts";
import { checkout } from "../harness/node.ts";
import { joinTailnet } from "../harness/tailnet/join.ts";
import type { KubernetesCluster } from "./cluster.ts";

const archive = "/var/lib/headcni-test/headcni-image.tar";
const above = "/srv";

export interface Operator {
  /** A command as it stands in the documentation. A failure is a result. */
  run(command: string): Promise<ExecResult>;
  /** As `run`, giving standard output. @throws Error with the command and what it printed when it fails */
  must(command: string): Promise<string>;
}

/** The image on each node, as on a cluster without a registry. */
export async function importImage({ nodes }: KubernetesCluster): Promise<void> {
  for (const { node } of nodes) {
    node.write(archive, fs.readFileSync(`${checkout}/dist/headcni-image.tar`));
    await importArchive(node, archive);
  }
}

/** Each node on the tailnet, as a node whose tailscaled somebody has logged in. */
export async function joinNodes({ nodes, tailnet }: KubernetesCluster): Promise<void> {
  for (const { node } of nodes) {
    await joinTailnet(node, { headscale: { url: tailnet.controlURL, authKey: () => tailnet.authKey() } });
  }
}

export async function createOperator(
  { plane: { node } }: KubernetesCluster,
  programs: ReadonlyMap<string, string>,
): Promise<Operator> {
  installProgram(node, new Map([["helm", helmProgram()]]), "helm");
  const kubectl = installProgram(node, programs, "kubectl");
  await node.must(["sh", "-ec", `mkdir -p ${above} && ln -s ${checkout} ${above}/headcni`]);
  const env = {
    PATH: `${kubectl.replace(/\/[^/]+$/, "")}:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    KUBECONFIG: adminConfig,
    HOME: "/tmp",
  };
  const run = (command: string): Promise<ExecResult> =>
    node.run(["sh", "-c", `cd ${above}\n${command}`], { env, timeoutMs: 240_000 });
  return {
    run,
    must: async (command) => {
      const { exitCode, stdout, stderr } = await run(command);
      if (exitCode !== 0) throw new Error(`${command} ended with ${exitCode}: ${stderr}${stdout}`);
      return stdout;
    },
  };
}
