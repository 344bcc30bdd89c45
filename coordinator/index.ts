export { type Coordinator, type CoordinatorDeps, createCoordinator } from './coordinator.ts';
export { LOCAL_OWNER, localRoleOf, type Role } from './people.ts';
export { type CoordinatorSettings, DEFAULT_COORDINATOR_SETTINGS } from './settings.ts';
