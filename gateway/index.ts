export { DEFAULT_EGRESS_LIMITS, type EgressLimits } from './egress/egress-limits.ts';
export type { Network } from './egress/network.ts';
export { createGateway, type Gateway, type GatewayListener } from './gateway.ts';
export type { GatewayDeps } from './gateway-deps.ts';
export { createGitCredentials, type GitCredentials } from './git/git-credentials.ts';
export { DEFAULT_GIT_LIMITS, type GitLimits } from './git/git-limits.ts';
export { DEFAULT_GATEWAY_LIMITS, type GatewayLimits } from './limits.ts';
export { chooseModels, type ModelChoice, type ModelDescriptor, type ModelSettings } from './model-choice.ts';
export type { ModelSet, NamedModel } from './model-line.ts';
export {
  chooseSearch,
  SEARCH_PROVIDERS,
  type SearchChoice,
  type SearchSettings,
} from './search/search-choice.ts';
export type { SecretFill, SecretFiller } from './secret-filler.ts';
export { createSecretFiller } from './secrets/keyed-filler.ts';
export { createSecretDesk } from './secrets/secret-desk.ts';
export type { SecretKeys } from './secrets/secret-keys.ts';
export {
  chooseSpeech,
  HEARING_FORMS,
  SPEAKING_FORMS,
  type SpeechChoice,
  type SpeechSettings,
} from './speech/speech-choice.ts';
export { createTrialSpeech } from './speech/trial-speech.ts';
