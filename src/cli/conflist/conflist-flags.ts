// The flags that commands under `headcni conflist` share.

/** Flags that say whose conflist is meant. */
export interface NodeFlags {
  readonly config?: string;
  readonly root?: string;
  readonly nodeName?: string;
}

export interface OutputFlags {
  readonly output: string;
}

export interface DryRunFlags {
  readonly dryRun?: boolean;
}
