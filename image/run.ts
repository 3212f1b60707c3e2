// Programs the image is made with.

export interface RunOptions {
  readonly cwd?: string | undefined;
  /** Added to this process's own environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** Standard output. @throws Error with the command and what it said when it is missing or fails */
export function run(argv: readonly string[], { cwd, env = {} }: RunOptions = {}): string {
  const [program = ""] = argv;
  if (Bun.which(program) === null) throw new Error(`${program} is not on PATH`);
  const { exitCode, stdout, stderr } = Bun.spawnSync([...argv], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    stderr: "pipe",
  });
  if (exitCode === 0) return stdout.toString();
  throw new Error(`${argv.join(" ")} ended with ${exitCode}: ${stderr.toString().trim()}`);
}
