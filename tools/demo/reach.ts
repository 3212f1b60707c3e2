// The one question the demo is about, asked by pods of pods: from which address do you see me?

import { renderTable } from "../../src/cli/table.ts";
import type { Pod } from "../../test/harness/cri.ts";

export interface DemoPod {
  /** The machine it runs on. */
  readonly machine: string;
  readonly pod: Pod;
}

const port = 8081;
const server = [
  "mkdir -p /srv/cgi-bin",
  `printf '#!/bin/sh\\nprintf "Content-Type: text/plain\\\\r\\\\n\\\\r\\\\n%%s" "$REMOTE_ADDR"\\n' >/srv/cgi-bin/who`,
  "chmod 755 /srv/cgi-bin/who",
  `httpd -p ${port} -h /srv`,
].join(" && ");

/** Starts a server in the pod that tells each caller its address. */
export async function startAsking(pod: Pod): Promise<void> {
  const { exitCode, stderr } = await pod.exec(["sh", "-c", server]);
  if (exitCode !== 0) throw new Error(`Pod ${pod.name} does not answer: ${stderr}`);
}

/** Who saw whom with which address, and how many saw the pod's own. */
export async function reachTable(
  pods: readonly DemoPod[],
): Promise<{ readonly table: string; readonly count: number }> {
  const seen = await Promise.all(pods.map(({ pod }) => askAll(pod, pods)));
  const rows = pods.map(({ machine, pod }, index) => [
    `${pod.name} on ${machine}`,
    pod.addresses[0] ?? "",
    ...(seen[index] ?? []),
  ]);
  const count = seen.flatMap((answers, index) =>
    answers.filter((answer) => answer === pods[index]?.pod.addresses[0]),
  ).length;
  return { table: renderTable(["pod", "address", ...pods.map(({ pod }) => `seen by ${pod.name}`)], rows), count };
}

async function askAll(pod: Pod, others: readonly DemoPod[]): Promise<string[]> {
  const request = "printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n'";
  const ask = others.map(
    ({ pod: { addresses } }) => `${request} | nc -w 3 ${addresses[0]} ${port} | tail -n 1 | grep . || echo -`,
  );
  const { stdout } = await pod.exec(["sh", "-c", ask.join("; ")]);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/^\[(::ffff:)?|\]$/g, ""));
}
