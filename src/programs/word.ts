// A word of a command line, an environment or a configuration, with its place. Pure.

export interface Place {
  /** A file of the node; `/proc/PID/cmdline` for what a running process was started with. */
  readonly file: string;
  /** From 1; undefined where the file has no lines. */
  readonly line: number | undefined;
}

/** A text and where it stands. */
export interface Word extends Place {
  readonly text: string;
}

/** For messages: `/etc/default/kubelet:3`. */
export function describePlace({ file, line }: Place): string {
  return line === undefined ? file : `${file}:${line}`;
}

/** The last value of a flag, written `--flag=value` or `--flag value`, under any of its names. */
export function flagValue(words: readonly Word[], ...names: readonly string[]): Word | undefined {
  return flagValues(words, ...names).at(-1);
}

/** All values of a flag that may be repeated. */
export function flagValues(words: readonly Word[], ...names: readonly string[]): readonly Word[] {
  return words.flatMap((word, at) => {
    const name = names.find((candidate) => word.text === candidate || word.text.startsWith(`${candidate}=`));
    if (name === undefined) return [];
    if (word.text !== name) return [{ ...word, text: word.text.slice(name.length + 1) }];
    return words[at + 1] ?? [];
  });
}

/** The words of a text, quotes taken away, as systemd and a shell split them; of a text over lines each has its own line. */
export function splitWords({ text, file, line }: Word): readonly Word[] {
  const words = text.matchAll(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/gs);
  return [...words].map(({ 0: word, index }) => ({ text: unquote(word), file, line: lineAt({ text, line }, index) }));
}

/** The line of what stands at that place of a text. */
function lineAt({ text, line }: Pick<Word, "text" | "line">, index: number): number | undefined {
  return line === undefined ? undefined : line + text.slice(0, index).split("\n").length - 1;
}

/** A text without the quotes and escapes of systemd and a shell. */
export function unquote(text: string): string {
  return text.replace(
    /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/gs,
    (_, double: string | undefined, single: string | undefined, escaped: string | undefined) =>
      double?.replace(/\\(.)/gs, "$1") ?? single ?? escaped ?? "",
  );
}
