// A node as Headscale knows it, the same for every generation of its API. Pure types.

export interface HeadscaleNode {
  /** Headscale's own number of it, as text. */
  readonly id: string;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly tags: readonly string[];
  readonly isOnline: boolean;
  /** Milliseconds since the epoch; undefined when Headscale does not say. */
  readonly lastSeenMs: number | undefined;
  /** What it advertises, as Headscale writes it. */
  readonly available: readonly string[];
  /** What is approved, advertised or not, as Headscale writes it: text that cannot be read here must survive, too. */
  readonly approved: readonly string[];
  /** What it serves to others. Known of a node of the list alone: Headscale leaves it empty where it is asked for one node. */
  readonly serving: readonly string[];
}
