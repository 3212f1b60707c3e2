// What packets say of one peer, in each family that both have.

import type { TryConnect } from "../../sys/net/connect.ts";
import { askPeer } from "./answers.ts";
import type { ProofTarget } from "./proof-targets.ts";
import { joinFamilies, type PeerVerdict, verdictOf } from "./verdict.ts";

/** A tunnel that sleeps takes a round trip over a relay to wake. */
const timeoutMs = 3000;

export interface ProveTargetOptions {
  readonly target: Pick<ProofTarget, "paths">;
  /** One on which nothing need listen. */
  readonly port: number;
}

/** Undefined for a peer without a path. What is called off says nothing that counts. */
export async function proveTarget(
  tryConnect: TryConnect,
  { target, port }: ProveTargetOptions,
  signal: AbortSignal,
): Promise<PeerVerdict | undefined> {
  const ask = async (path: ProofTarget["paths"][number]): Promise<PeerVerdict> =>
    verdictOf(await askPeer(tryConnect, { path, port, timeoutMs }, signal));
  return joinFamilies(await Promise.all(target.paths.map(ask)));
}
