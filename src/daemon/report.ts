// What one pass of the daemon found and did: the one value status, metrics and log are made from.

import type { LoadedConfig } from "../config/config.ts";
import type { MovedFile } from "../conflist/install/install.ts";
import type { InstallReason } from "../conflist/install/install-diff.ts";
import type { BridgeReading } from "../dataplane/bridge.ts";
import type { PodCIDRAnswer } from "../podcidr/answer.ts";
import type { HeldPodCIDR, PodCount } from "./settle.ts";

/** What became of our conflist in this pass. */
export interface ConflistResult {
  /** Our file. */
  readonly path: string;
  /** Whether the runtime reads ours, and it says what it should. */
  readonly isInForce: boolean;
  /** SHA-256 of the content that should be there. */
  readonly sha256: string;
  /** Why it was written; undefined when it was left as it was. */
  readonly written: InstallReason | undefined;
  readonly movedAside: readonly MovedFile[];
}

export type MasqueradeState = "bridge" | "none" | "applied" | "failed";

export interface PassReport {
  /** What made the pass happen: `start`, `timer`, a folder that changed. */
  readonly reasons: readonly string[];
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly config: LoadedConfig;
  readonly answer: PodCIDRAnswer;
  /** The PodCIDR this node lives by after the pass. */
  readonly inForce: HeldPodCIDR;
  readonly bridge: BridgeReading;
  readonly pods: PodCount;
  readonly conflist: ConflistResult;
  readonly masquerade: MasqueradeState;
}
