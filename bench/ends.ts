// The ends of a path that is measured, each a namespace of a node: what floods and answers there, and what asks all the time.

import { waitUntil } from "../src/sys/testing.ts";
import { checkout, type Node } from "../test/harness/node.ts";

/** One end of a path: where a program runs, and how it is reached. */
export interface End {
  readonly node: Node;
  /** Network namespace; undefined for the node's own. */
  readonly pod?: string;
  readonly address: string;
}

const traffic = [process.execPath, `${checkout}/bench/traffic.ts`];

export function inside({ pod }: End): string[] {
  return pod === undefined ? traffic : ["ip", "netns", "exec", pod, ...traffic];
}

export async function serve(end: End): Promise<void> {
  const server = await end.node.spawn([...inside(end), "serve"], { log: `/var/log/serve-${end.address}.log` });
  await waitUntil("the other end serves", () => server.output().includes("ready"), 20_000);
}

/** The times at which answers came, in order, milliseconds since the epoch. */
export async function withProbe<T>(
  end: End,
  address: string,
  act: (answers: () => number[]) => Promise<T>,
): Promise<T> {
  const log = `/var/log/probe-${end.address}-${address}.log`;
  end.node.write(log, "");
  const prober = await end.node.spawn([...inside(end), "probe", address, end.address], { log });
  const answers = () =>
    prober
      .output()
      .trim()
      .split("\n")
      .filter((line) => /^\d+$/.test(line))
      .map(Number);
  try {
    return await act(answers);
  } finally {
    await prober.stop();
  }
}
