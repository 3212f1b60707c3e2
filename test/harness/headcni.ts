// The compiled product in a node: where it is, and the daemon run once or for as long as a test needs it.

import { waitUntil } from "../../src/sys/testing.ts";
import { checkout, type Node, type NodeProcess } from "./node.ts";

export const headcni = `${checkout}/dist/headcni`;
export const headcniDaemon = `${checkout}/dist/headcni-daemon`;
export const conflistPath = "/etc/cni/net.d/10-headcni.conflist";

/** Runs the daemon with `--once`, giving what it logged. @throws Error with the log when it fails. */
export async function runDaemonOnce(node: Node): Promise<string> {
  const { exitCode, stderr, stdout } = await node.run([headcniDaemon, "--once", "--log-format", "json"]);
  if (exitCode !== 0) throw new Error(`headcni-daemon --once ended with ${exitCode}:\n${stderr}${stdout}`);
  return stderr;
}

/** Starts the daemon and waits until `headcni status` says that the node is ready. */
export async function startDaemon(node: Node): Promise<NodeProcess> {
  const daemon = await node.spawn([headcniDaemon, "--log-format", "json"]);
  let exitCode: number | undefined;
  void daemon.exited.then((code) => {
    exitCode = code;
  });
  await waitUntil(
    "the daemon says the node is ready",
    async () => {
      if (exitCode !== undefined) throw new Error(`headcni-daemon ended with ${exitCode}:\n${daemon.output()}`);
      return (await node.run([headcni, "status"])).exitCode === 0;
    },
    10_000,
  );
  return daemon;
}
