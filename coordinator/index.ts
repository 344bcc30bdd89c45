export { checkAudit } from './audit-checkpoints.ts';
export { commandMenu } from './command-menu.ts';
export { type Coordinator, createCoordinator } from './coordinator.ts';
export type { CoordinatorDeps } from './coordinator-deps.ts';
export { createPeople, type People } from './people.ts';
export {
  type CoordinatorSettings,
  DEFAULT_COORDINATOR_SETTINGS,
  DEFAULT_LIVE_SETTINGS,
  type LiveSettings,
} from './settings.ts';
export { createSettingsDesk, type FixedLayers, type SettingsDesk } from './settings-desk.ts';
