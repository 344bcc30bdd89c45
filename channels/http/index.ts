export { settingListSchema } from './config-routes.ts';
export { type ApiEvent, apiEventSchema } from './events.ts';
export { createHttpChannel, type HttpChannel, type HttpChannelOptions } from './http-channel.ts';
export type { PageReader } from './pages.ts';
export { rekeyedSchema, secretListSchema, secretViewSchema } from './secret-routes.ts';
export * from './views.ts';
