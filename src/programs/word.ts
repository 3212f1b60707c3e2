// A word of a command line, an environment or a configuration, with its place; the words of a shell's text, its variables put in as far as
// they are known: nothing is run, and what is not known stays as it is written, so that it can be told from what says something. Pure.

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
export function splitWords(word: Word): readonly Word[] {
  const pieces = piecesOf(word, /(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/gs);
  return pieces.map((piece) => ({ ...piece, text: unquote(piece.text) }));
}

/** The parts of a text that a pattern finds, each with its own line. */
export function piecesOf({ text, file, line }: Word, pattern: RegExp): readonly Word[] {
  return [...text.matchAll(pattern)].map(({ 0: piece, index }) => {
    const before = text.slice(0, index).split("\n").length - 1;
    return { text: piece, file, line: line === undefined ? undefined : line + before };
  });
}

/** Whether a value still has something in it that a shell or systemd puts in when it runs: then it cannot be read here. */
export function isLeftOpen(text: string): boolean {
  return /[$`]|%[A-Za-z]/.test(text);
}

/** A text without the quotes and escapes of systemd and a shell. */
export function unquote(text: string): string {
  return text.replace(
    /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/gs,
    (_, double: string | undefined, single: string | undefined, escaped: string | undefined) =>
      double?.replace(/\\(.)/gs, "$1") ?? single ?? escaped ?? "",
  );
}

/** The words that a variable stands for; undefined for one that is not known. */
export type Variables = (name: string) => readonly Word[] | undefined;

/** Those of a service's environment. */
export function variablesIn(env: ReadonlyMap<string, Word>): Variables {
  return (name) => {
    const value = env.get(name);
    return value === undefined ? undefined : splitWords(value);
  };
}

/** `$X`, `${X}`, `${X:-what stands for an empty one}`. */
const variable = String.raw`\$(?:(\w+)|\{(\w+)(?::?-((?:[^{}]|\{[^{}]*\})*))?\})`;
const variables = new RegExp(variable, "g");
const aloneVariable = new RegExp(`^${variable}$`);
/** As `splitWords` has words; what is to be put in is one piece with the spaces in it. */
const shellWord = /(?:"(?:\\.|[^"\\])*"|'[^']*'|\$\([^)]*\)|\$\{(?:[^{}]|\{[^{}]*\})*\}|`[^`]*`|\\.|[^\s"'\\])+/gs;

export interface ShellWordsOptions {
  readonly known: Variables;
  /** Whether the whole text stands in double quotes, in which single ones keep nothing from being put in. @default false */
  readonly isQuoted?: boolean;
}

/** The words of a shell's text. Those of a variable that stands by itself have the place of its value. */
export function readShellWords(text: Word, options: ShellWordsOptions): readonly Word[] {
  return piecesOf(text, shellWord).flatMap((piece): readonly Word[] => {
    const [, plain, braced = "", otherwise] = aloneVariable.exec(piece.text) ?? [];
    const name = plain ?? braced;
    if (name === "") return [{ ...piece, text: unquoted(piece.text, options) }];
    const value = options.known(name);
    if (value !== undefined && value.length > 0) return value;
    if (otherwise !== undefined) return readShellWords({ ...piece, text: otherwise }, options);
    return value ?? [piece];
  });
}

function unquoted(word: string, { known, isQuoted = false }: ShellWordsOptions): string {
  const quoted = /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)|([^"'\\]+)/gs;
  return word.replace(quoted, (_, double?: string, single?: string, escaped?: string, bare = "") => {
    if (double !== undefined) {
      return double.replace(/\\(.)|([^\\]+)/gs, (_all, kept?: string, open = "") => kept ?? putIn(open, known));
    }
    if (single !== undefined) return isQuoted ? putIn(single, known) : single;
    return escaped ?? putIn(bare, known);
  });
}

function putIn(text: string, known: Variables): string {
  return text.replace(variables, (written: string, plain?: string, braced = "", otherwise?: string) => {
    const value = known(plain ?? braced)
      ?.map((word) => word.text)
      .join(" ");
    if (value !== undefined && value !== "") return value;
    return otherwise === undefined ? (value ?? written) : putIn(otherwise, known);
  });
}
