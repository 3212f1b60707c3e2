// The repository as the policy tests see it: files by git, imports and code without comments by Bun's own parser.

import { readFileSync } from "node:fs";
import { posix } from "node:path";

export const checkout = new URL("../..", import.meta.url).pathname;

/** Paths under git's care, and new ones it does not ignore, relative to the checkout. */
export const repositoryFiles: readonly string[] = listFiles();

/** TypeScript of a folder, e.g. `src`; without tests and what serves only tests when `kind` is "product". */
export function sourceFiles(folder: string, kind: "all" | "product" = "all"): readonly string[] {
  const files = repositoryFiles.filter((path) => path.startsWith(`${folder}/`) && path.endsWith(".ts"));
  return kind === "all" ? files : files.filter((path) => !isTestFile(path));
}

/** A test, a fake or a fixture: `x.test.ts`, `testing.ts`, `x.fixture.ts`. */
export function isTestFile(path: string): boolean {
  return /(\.test|\.fixture|\/testing)\.ts$|\/fixtures\//.test(path);
}

const texts = new Map<string, string>();

/** A file's text, read once: some rules ask a hundred questions of every file. */
export function textOf(path: string): string {
  const text = texts.get(path) ?? readFileSync(`${checkout}${path}`, "utf8");
  texts.set(path, text);
  return text;
}

const codes = new Map<string, string>();

/** The code of a file without comments and types, made once. */
export function codeOf(path: string): string {
  const code = codes.get(path) ?? new Bun.Transpiler({ loader: "ts", target: "bun" }).transformSync(textOf(path));
  codes.set(path, code);
  return code;
}

export interface Import {
  /** As written: `../sys/files.ts`, `node:fs`, `yaml`. */
  readonly specifier: string;
  /** The file in the checkout it leads to; undefined for modules of the runtime and packages. */
  readonly file: string | undefined;
  /** `type` vanishes when compiled; `dynamic` loads when the code runs. */
  readonly kind: "static" | "dynamic" | "type";
}

const imports = new Map<string, readonly Import[]>();

/** What a file imports, types included. */
export function importsOf(path: string): readonly Import[] {
  const found = imports.get(path) ?? scanImports(path);
  imports.set(path, found);
  return found;
}

function scanImports(path: string): readonly Import[] {
  const found = new Bun.Transpiler({ loader: "ts", target: "bun" }).scanImports(textOf(path));
  const real = found.map(({ path: specifier, kind }) => {
    return {
      specifier,
      file: resolve(path, specifier),
      kind: kind === "dynamic-import" ? ("dynamic" as const) : ("static" as const),
    };
  });
  const types = [...textOf(path).matchAll(/^(?:import|export) type [^;]*? from "([^"]+)"/gm)].map(
    ([, specifier = ""]) => {
      return { specifier, file: resolve(path, specifier), kind: "type" as const };
    },
  );
  return [...real, ...types];
}

/** `src/config/load.ts` → `config`; a file right in src stands for itself. */
export function folderOf(path: string): string {
  const [, folder = "", file] = path.split("/");
  return file === undefined ? path : folder;
}

/** The name to install for an import of a package: `pino`, `@grpc/grpc-js`; undefined for the runtime's and our own. */
export function packageOf({ specifier, file }: Import): string | undefined {
  if (file !== undefined || /^(node|bun):/.test(specifier) || specifier === "bun") return undefined;
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function resolve(from: string, specifier: string): string | undefined {
  return specifier.startsWith(".") ? posix.join(posix.dirname(from), specifier) : undefined;
}

function listFiles(): string[] {
  const git = Bun.spawnSync(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], { cwd: checkout });
  if (git.exitCode !== 0) throw new Error(`Cannot list the repository's files: ${git.stderr}`);
  const names = new Set(
    git.stdout
      .toString()
      .split("\0")
      .filter((name) => name !== ""),
  );
  // A file deleted but not yet committed is still listed.
  return [...names].filter((name) => Bun.file(`${checkout}${name}`).size > 0).toSorted();
}
