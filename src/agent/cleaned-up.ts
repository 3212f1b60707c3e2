// What an agent takes out of the node when HeadCNI is removed, and what it has to leave.

export interface CleanUpOptions {
  /** Only says what would be taken out. */
  readonly isDryRun: boolean;
}

/** One thing of ours. */
export interface CleanedUp {
  /** `left`: it stays, and `what` says why. `failed`: likewise, and it may go the next time. */
  readonly kind: "removed" | "left" | "failed";
  /** A whole sentence without its full stop: `Removed the nftables table inet headcni`. */
  readonly what: string;
}

export function removed(what: string, { isDryRun }: CleanUpOptions): CleanedUp {
  return { kind: "removed", what: `${isDryRun ? "Would remove" : "Removed"} ${what}` };
}

/** @param why a sentence's end: `/opt/cni/bin/headcni is another program's` */
export function leftAlone(why: string): CleanedUp {
  return { kind: "left", what: `Left alone: ${why}` };
}

/** @param why what the node's programs or files refused: a sentence without its full stop */
export function notRemoved(why: string): CleanedUp {
  return { kind: "failed", what: `Left alone: ${why}` };
}
