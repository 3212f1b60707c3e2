// What this build is. The values are put in at build time (`tools/build.ts`); a run from source says so.

declare const HEADCNI_VERSION: string | undefined;
declare const HEADCNI_COMMIT: string | undefined;

export const version = typeof HEADCNI_VERSION === "string" ? HEADCNI_VERSION : "0.0.0-source";
export const commit = typeof HEADCNI_COMMIT === "string" ? HEADCNI_COMMIT : "unknown";

/** What `headcni version -o json` prints. */
interface BuildFacts {
  readonly version: string;
  readonly commit: string;
  /** `bun 1.2.3` */
  readonly runtime: string;
  /** `linux/x64`: the operating system and the processor, as Node names them. */
  readonly platform: string;
}

export function buildFacts(): BuildFacts {
  return { version, commit, runtime: `bun ${Bun.version}`, platform: `${process.platform}/${process.arch}` };
}

/** One line: version, commit, runtime, platform. */
export function versionLine(): string {
  const { runtime, platform } = buildFacts();
  return `headcni ${version} (commit ${commit}, ${runtime}, ${platform})`;
}
