import packageJson from './package.json' with { type: 'json' };

/** The version that `reeve --version` and the API tell. */
export const VERSION: string = packageJson.version;
