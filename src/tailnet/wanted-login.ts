// Whether the configuration asks for a tailnet, and for a login to it: asked by the agent that logs in, and by those that get the node
// ready for it meanwhile. Pure.

export interface TailnetSettings {
  /** Undefined: where there is a tailscaled. */
  readonly enabled: boolean | undefined;
  readonly login: {
    readonly server: string | undefined;
    readonly authKeyFile: string | undefined;
    readonly hostname: string | undefined;
  };
}

/** A login that the configuration asks for. */
export interface WantedLogin {
  readonly server: string;
  readonly authKeyFile: string;
  readonly hostname: string | undefined;
}

/** Undefined when the configuration leaves the login to the operator. */
export function wantedLogin({ login }: TailnetSettings): WantedLogin | undefined {
  const { server, authKeyFile, hostname } = login;
  return server === undefined || authKeyFile === undefined ? undefined : { server, authKeyFile, hostname };
}

/** Whether the node shall be on a tailnet, whatever there is of one now. */
export function isTailnetAsked(settings: TailnetSettings): boolean {
  return settings.enabled ?? wantedLogin(settings) !== undefined;
}

/** Whether the node is got ready for the tailnet before it is on one: a guess may be another node's, which only the tailnet tells. */
export function isTailnetExpected(settings: TailnetSettings, { isGuess }: { readonly isGuess: boolean }): boolean {
  return isTailnetAsked(settings) && !isGuess;
}
