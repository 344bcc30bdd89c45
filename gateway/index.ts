export { DEFAULT_EGRESS_LIMITS, type EgressLimits } from './egress/egress-limits.ts';
export type { Network } from './egress/network.ts';
export { createGateway, type Gateway, type GatewayListener } from './gateway.ts';
export type { GatewayDeps } from './gateway-deps.ts';
export { DEFAULT_GATEWAY_LIMITS, type GatewayLimits } from './limits.ts';
export { chooseModels, type ModelChoice, type ModelDescriptor, type ModelSettings } from './model-choice.ts';
export type { SecretFill, SecretFiller } from './secret-filler.ts';
