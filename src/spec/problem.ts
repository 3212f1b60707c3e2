// One thing wrong with a conflist, and its sentence. Pure.

/** One thing wrong with a conflist; `path` is where in the document (`plugins[0].ipam.subnet`), "" for the whole. */
export interface ConflistProblem {
  readonly path: string;
  readonly message: string;
  /** What the operator can do about it. */
  readonly hint?: string | undefined;
}

/** A problem as a sentence: its place, then what is wrong there. */
export function problemSentence({ path, message }: ConflistProblem): string {
  return path === "" ? `the conflist ${message}` : `${path} ${message}`;
}
